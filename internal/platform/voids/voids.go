// Package voids marks what was entered in error. It stays in the record, counts in nothing, and can be brought back:
// rows carry the id of the void they fell with, and the views of what stands leave them out (migrations/always).
package voids

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// InError says that something should never have been recorded. It stays to be seen, and counts in nothing.
type InError struct {
	// When it was entered in error, or taken back.
	At time.Time `json:"at"`
	// By whom.
	By actor.By `json:"by"`
	// Why, in free text. Null where an organisation took an attendance back and gave no reason.
	Reason *string `json:"reason"`
}

// GormDataType is that of the views' column.
func (InError) GormDataType() string { return "jsonb" }

// Scan reads what the views recorded_… hold.
func (e *InError) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		return json.Unmarshal(v, e)
	case string:
		return json.Unmarshal([]byte(v), e)
	default:
		return fmt.Errorf("voids: cannot scan a %T as InError", src)
	}
}

// InErrorReason is the command to say that something was entered in error, or to take that back.
type InErrorReason struct {
	// Why, in free text.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"500" example:"It was somebody else of the same name."`
}

// MaxReason is how long a reason may be, in characters.
const MaxReason = 500

// Subject is what was entered in error.
type Subject struct {
	Type      string // contact, attendance, consent, assessment, completion, loss, attempt, episode
	SiteID    uuid.UUID
	ID        uuid.UUID
	PatientID uuid.UUID // whose record it is
}

// Void is that something was entered in error: by whom, when and why.
type Void struct {
	SiteID               uuid.UUID
	ID                   uuid.UUID
	SubjectType          string
	SubjectID            uuid.UUID
	PatientID            uuid.UUID
	Reason               *string
	At                   time.Time
	ByRole               actor.Role
	ByLinkWorkerID       *uuid.UUID
	ByOnBehalf           bool
	Loss                 *db.JSON[Loss]
	UndoneAt             *time.Time
	UndoReason           *string
	UndoneByRole         *actor.Role
	UndoneByLinkWorkerID *uuid.UUID
	UndoneByOnBehalf     *bool
}

// Loss is what a follow-up said of a loss that was entered in error.
type Loss struct {
	LostOn string  `json:"lost_on"`
	Reason string  `json:"reason"`
	Note   *string `json:"note"`
}

// InError is the void as a thing shows it.
func (v Void) InError() *InError {
	return &InError{v.At, actor.By{Role: v.ByRole, LinkWorkerID: v.ByLinkWorkerID, OnBehalf: v.ByOnBehalf}, v.Reason}
}

// Begin records that the subject was entered in error. The caller has locked what the subject belongs to, and marks
// the rows that fall with it. Fault: conflict (it is in error already).
func Begin(tx *db.Tx, s Subject, reason *string, loss *Loss) (Void, error) {
	v := Void{
		SiteID:         s.SiteID,
		ID:             tx.NewID(),
		SubjectType:    s.Type,
		SubjectID:      s.ID,
		PatientID:      s.PatientID,
		Reason:         reason,
		At:             tx.Now,
		ByRole:         tx.Actor.Role,
		ByLinkWorkerID: tx.Actor.LinkWorkerID,
		ByOnBehalf:     tx.Actor.OnBehalf,
	}
	if loss != nil {
		v.Loss = &db.JSON[Loss]{V: *loss}
	}
	return v, tx.Create(&v).Error
}

// Enter is Begin, and marks the rows of a table that fall with the subject.
func Enter(tx *db.Tx, s Subject, reason *string, table, condition string, args ...any) (Void, error) {
	v, err := Begin(tx, s, reason, nil)
	if err != nil {
		return v, err
	}
	return v, v.Mark(tx, table, condition, args...)
}

// TakeBack brings back the rows of tables that fell with the subject. Fault: conflict (it did not fall by itself).
func TakeBack(tx *db.Tx, s Subject, reason string, tables ...string) (Void, error) {
	v, err := Standing(tx, s)
	if err != nil {
		return v, err
	}
	for _, table := range tables {
		if err := v.Restore(tx, table); err != nil {
			return v, err
		}
	}
	return v, v.Undo(tx, reason)
}

// ErrInError refuses what can only be done to what stands; ErrStands what can only be done to a mistake.
var (
	ErrInError = fault.New(fault.Conflict, "It is entered in error already.")
	ErrStands  = fault.New(
		fault.Conflict,
		"It is not entered in error by itself: it stands, or fell with what it belongs to, which is restored instead.",
	)
)

// Standing returns the void that a subject fell with by itself, and holds it, so that of two who take it back one is late.
// Fault: conflict (it is not in error, or fell with what it belongs to).
func Standing(tx *db.Tx, s Subject) (Void, error) {
	v, err := db.First[Void](
		tx.Where("site_id = ? and subject_type = ? and subject_id = ? and undone_at is null", s.SiteID, s.Type, s.ID).
			Clauses(clause.Locking{Strength: "NO KEY UPDATE"}),
		"void")
	if fault.Is(err, fault.NotFound) {
		return v, ErrStands
	}
	return v, err
}

// Undo records that the void no longer counts. The caller brings the rows back.
func (v *Void) Undo(tx *db.Tx, reason string) error {
	v.UndoneAt, v.UndoReason, v.UndoneByRole = &tx.Now, &reason, &tx.Actor.Role
	v.UndoneByLinkWorkerID, v.UndoneByOnBehalf = tx.Actor.LinkWorkerID, &tx.Actor.OnBehalf
	return tx.Model(v).
		Where("site_id = ? and id = ?", v.SiteID, v.ID).
		Select("undone_at", "undo_reason", "undone_by_role", "undone_by_link_worker_id", "undone_by_on_behalf").
		Updates(v).
		Error
}

// Mark marks the rows of a table, such as contacts_all, that the condition finds and that stand.
func (v Void) Mark(tx *db.Tx, table, condition string, args ...any) error {
	return tx.Table(table).
		Where("site_id = ? and void_id is null", v.SiteID).
		Where(condition, args...).
		Updates(marked(v.ID, tx.Now, table)).
		Error
}

// Restore brings back the rows of a table that fell with the void.
func (v Void) Restore(tx *db.Tx, table string) error {
	return tx.Table(table).
		Where("site_id = ? and void_id = ?", v.SiteID, v.ID).
		Updates(marked(nil, tx.Now, table)).
		Error
}

// versioned are the tables whose rows have a version, which another state of a thing raises.
var versioned = []string{"contacts_all", "episodes_all", "follow_ups_all"}

// marked is what changes in a row. What people say of services has no time of its own.
func marked(void any, now time.Time, table string) map[string]any {
	changes := map[string]any{"void_id": void}
	if table != "follow_up_services_all" {
		changes["updated_at"] = now
	}
	if slices.Contains(versioned, table) {
		changes["version"] = gorm.Expr("version + 1")
	}
	return changes
}
