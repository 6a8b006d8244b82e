package directory

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
)

// Entry is what organisations and services have in common: where they come from, and which version they are.
type Entry struct {
	// Who wrote it: api, demo, or an import's name.
	Source string `json:"source" example:"api"`
	// Its id in that source.
	SourceRef *string `json:"source_ref"`
	// Since when the e-mail address waits for a second person: an administrator changed it, and
	// nobody else has confirmed it. Referrals sent before are not written to it. null: it waits for
	// nobody.
	EmailPendingSince *time.Time `json:"email_pending_since" gorm:"->"`
	EmailChangedBy    *uuid.UUID `json:"-" gorm:"->"`
	// Rises with each change; also the ETag.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Revision is another after each change.
func (e Entry) Revision() int64 { return int64(e.Version) }

// NewEntry is the first version of what a source says, under its own id there.
func NewEntry(tx *db.Tx, source string, ref *string) Entry {
	return Entry{Source: source, SourceRef: ref, Version: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
}

// returnEmailState reads back what the trigger note_email_change writes.
var returnEmailState = clause.Returning{
	Columns: []clause.Column{{Name: "email_pending_since"}, {Name: "email_changed_by"}},
}

// update writes the whole row of the entry as its next version.
func (e *Entry) update(tx *db.Tx, row any) error {
	e.Version, e.UpdatedAt = e.Version+1, tx.Now
	return tx.Clauses(returnEmailState).Select("*").Updates(row).Error
}
