package directory

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// returnEmailState reads back what the trigger note_email_change writes.
var returnEmailState = clause.Returning{Columns: []clause.Column{{Name: "email_pending_since"}, {Name: "email_changed_by"}}}

// Address is the e-mail address that somebody confirms.
type Address struct {
	Email *string `json:"email" nullable:"true" maxLength:"254" doc:"The address as it stands, so that none is confirmed unseen; null: that there is none." example:"hello@lunch.example.org"`
}

// ConfirmOrganisationEmail vouches for an organisation's e-mail address, which an administrator changed: notices of all referrals go there
// from now on. Faults: not_found, conflict (another address stands there, or it waits for nobody), forbidden (the caller's key comes from
// the administrator who changed it).
func (s *Store) ConfirmOrganisationEmail(ctx context.Context, id uuid.UUID, a Address) (o Organisation, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if o, err = lockOrganisation(tx, id); err != nil {
			return err
		}
		return a.confirm(tx, "organisation.email_confirmed", id, o.Email, o.EmailPendingSince, o.EmailChangedBy)
	})
	o.EmailPendingSince = nil
	return o, err
}

// ConfirmServiceEmail does so for a service's e-mail address.
func (s *Store) ConfirmServiceEmail(ctx context.Context, id uuid.UUID, a Address) (v Service, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if v, err = lockService(tx, id); err != nil {
			return err
		}
		return a.confirm(tx, "service.email_confirmed", id, v.Email, v.EmailPendingSince, v.EmailChangedBy)
	})
	v.EmailPendingSince = nil
	return v, err
}

// confirm checks that somebody else changed the address, and that it is the one that stands. The thing's version stays: nothing of it changed.
func (a Address) confirm(tx *db.Tx, kind string, id uuid.UUID, stands *string, pending *time.Time, by *uuid.UUID) error {
	switch {
	case pending == nil:
		return fault.New(fault.Conflict, "The address waits for no confirmation.")
	case orEmpty(stands) != orEmpty(a.Email):
		return fault.New(fault.Conflict, "Another address stands there: read it again.")
	}
	var sameOrigin bool
	if err := tx.Raw("select coalesce(key_origin(?) = key_origin(?), true)", tx.Actor.KeyID, by).Scan(&sameOrigin).Error; err != nil {
		return err
	}
	if sameOrigin {
		return fault.New(fault.Forbidden,
			"It takes a second person: your own key was made by the administrator who changed the address, and nobody else has confirmed yours.")
	}
	subject, _, _ := strings.Cut(kind, ".")
	if err := tx.Table(subject+"s").Where("id = ?", id).Update("email_pending_since", nil).Error; err != nil {
		return err
	}
	return recorded(tx, kind, subject, id)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
