package directory

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Address is the e-mail address that somebody confirms.
type Address struct {
	// The address as it stands, so that none is confirmed unseen; null: that there is none.
	Email *string `json:"email" nullable:"true" maxLength:"254" example:"hello@lunch.example.org"`
}

// ConfirmOrganisationEmail vouches for an organisation's e-mail address, which an administrator changed: notices of
// all referrals go there from now on. It is a change of the organisation. Faults: not_found, conflict (another address
// stands there, or it waits for nobody), forbidden (the caller's key comes from the administrator who changed it).
func (s *Store) ConfirmOrganisationEmail(ctx context.Context, id uuid.UUID, a Address) (o Organisation, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if o, err = lockOrganisation(tx, id); err != nil {
			return err
		}
		if err := a.confirm(tx, "organisations", id, o.Email, &o.Entry); err != nil {
			return err
		}
		return o.save(tx, events.OrganisationEmailConfirmed)
	})
	return o, err
}

// ConfirmServiceEmail does so for a service's e-mail address.
func (s *Store) ConfirmServiceEmail(ctx context.Context, id uuid.UUID, a Address) (v Service, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if v, err = lockService(tx, id); err != nil {
			return err
		}
		if err := a.confirm(tx, "services", id, v.Email, &v.Entry); err != nil {
			return err
		}
		return v.save(tx, events.ServiceEmailConfirmed)
	})
	return v, err
}

// confirm checks that somebody else changed the address, and that it is the one that stands. From then on it waits for
// nobody.
func (a Address) confirm(tx *db.Tx, table string, id uuid.UUID, stands *string, e *Entry) error {
	switch {
	case e.EmailPendingSince == nil:
		return fault.New(fault.Conflict, "The address waits for no confirmation.")
	case orEmpty(stands) != orEmpty(a.Email):
		return fault.New(fault.Conflict, "Another address stands there: read it again.")
	}
	if err := tx.SecondPerson(e.EmailChangedBy, "changed the address"); err != nil {
		return err
	}
	e.EmailPendingSince = nil
	return tx.Table(table).Where("id = ?", id).Update("email_pending_since", nil).Error
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
