package episodes

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/voids"
)

// ContactInError says that a contact should not have been recorded, and updates the episode's first contact; it returns
// the void and the episode too, for what counts from the first contact. An attendance that was recorded with the contact
// is a report of its own and stays. Fault: conflict (it is in error already).
func (s *Store) ContactInError(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (c Contact, e Episode, void voids.Void, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, e, err = lockContact(tx, id); err != nil {
			return err
		}
		if c.EnteredInError != nil {
			return voids.ErrInError
		}
		if void, err = voids.Enter(tx, c.voidSubject(e), &why.Reason, "contacts_all", "id = ?", c.ID); err != nil {
			return err
		}
		c.EnteredInError, c.Version, c.UpdatedAt = void.InError(), c.Version+1, tx.Now
		if err := c.recordEvent(tx, e, events.ContactEnteredInError); err != nil {
			return err
		}
		return e.updateFirstContact(tx, c.ContactDetails, ContactDetails{})
	})
	return c, e, void, err
}

// RestoreContact says that a contact that was entered in error was made after all. Fault: conflict (it stands, or fell
// with its episode).
func (s *Store) RestoreContact(
	ctx context.Context,
	id uuid.UUID,
	why voids.InErrorReason,
) (c Contact, e Episode, void voids.Void, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, e, err = lockContact(tx, id); err != nil {
			return err
		}
		if void, err = voids.TakeBack(tx, c.voidSubject(e), why.Reason, "contacts_all"); err != nil {
			return err
		}
		c.EnteredInError, c.Version, c.UpdatedAt = nil, c.Version+1, tx.Now
		if err := c.recordEvent(tx, e, events.ContactRestored); err != nil {
			return err
		}
		return e.setFirstContact(tx, c.ContactDetails)
	})
	return c, e, void, err
}

// lockContact reads a contact, which may be in error, and locks its episode, which may not.
func lockContact(tx *db.Tx, id uuid.UUID) (c Contact, e Episode, err error) {
	if c, err = db.FindRecorded[Contact](tx, "contact", id); err != nil {
		return c, e, err
	}
	if e, err = db.FindForUpdate[Episode](tx, "episode", c.EpisodeID); err != nil {
		return c, e, err
	}
	c, err = db.FindRecorded[Contact](tx, "contact", id)
	return c, e, err
}

func (c *Contact) voidSubject(e Episode) voids.Subject {
	return voids.Subject{Type: "contact", SiteID: c.SiteID, ID: c.ID, PatientID: e.PatientID}
}

// MarkInError lets the episode, which is locked, fall with a void. What belongs to it is for the caller.
func (e *Episode) MarkInError(tx *db.Tx, void voids.Void) error {
	if err := void.Mark(tx, "episodes_all", "id = ?", e.ID); err != nil {
		return err
	}
	e.EnteredInError, e.Version, e.UpdatedAt = void.InError(), e.Version+1, tx.Now
	return events.Record(tx, events.EpisodeEnteredInError, e.subject(), nil)
}

// RecordRestored notes that an episode that fell with a void is back.
func (e *Episode) RecordRestored(tx *db.Tx) error {
	e.EnteredInError, e.Version, e.UpdatedAt = nil, e.Version+1, tx.Now
	return events.Record(tx, events.EpisodeRestored, e.subject(), nil)
}

// VoidSubject is the episode as a subject of a void.
func (e *Episode) VoidSubject() voids.Subject {
	return voids.Subject{Type: "episode", SiteID: e.SiteID, ID: e.ID, PatientID: e.PatientID}
}
