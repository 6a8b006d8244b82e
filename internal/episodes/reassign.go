package episodes

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Reassignment is the command to move what was recorded on the wrong episode to the right one.
type Reassignment struct {
	// The episode that it belongs to, of the same site.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// Why, in free text.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"500" example:"It was somebody else of the same name."`
}

// LockForReassignment locks two episodes of one site in the order of their ids, so that two reassignments at once wait for
// each other. Faults: not_found, invalid (the same one, or another site's), conflict (one is entered in error).
func LockForReassignment(tx *db.Tx, from, to uuid.UUID) (old, new Episode, err error) {
	if from == to {
		return old, new, fault.InvalidAt("episode_id", fault.NotAllowed, "is the one that it belongs to already")
	}
	lock := func(id uuid.UUID, e *Episode) error {
		*e, err = db.FindForUpdate[Episode](tx, "episode", id)
		return err
	}
	if from.String() < to.String() {
		if err := lock(from, &old); err != nil {
			return old, new, err
		}
		err = lock(to, &new)
	} else {
		if err := lock(to, &new); err != nil {
			return old, new, err
		}
		err = lock(from, &old)
	}
	if err == nil && old.SiteID != new.SiteID {
		err = fault.InvalidAt("episode_id", fault.NotAllowed, "is of another site: hand the person over to that site instead")
	}
	return old, new, err
}

// ReassignContact moves a contact to the episode that it belongs to, and updates the first contact of both. It names no
// referral any more: that was one of the other person. Faults: those of recording it there, conflict (it is in error).
func (s *Store) ReassignContact(ctx context.Context, id uuid.UUID, to uuid.UUID) (c Contact, old, new Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, err = db.Find[Contact](tx, "contact", id); err != nil {
			return err
		}
		if old, new, err = LockForReassignment(tx, c.EpisodeID, to); err != nil {
			return err
		}
		if c, err = db.FindForUpdate[Contact](tx, "contact", id); err != nil {
			return err
		}
		if err := new.checkContactDay(tx, c.ContactDetails); err != nil {
			return err
		}
		c.EpisodeID, c.ReferralID, c.Attended = new.ID, nil, nil
		c.Version, c.UpdatedAt = c.Version+1, tx.Now
		if err := db.Save(tx, c.SiteID, c.ID, &c); err != nil {
			return err
		}
		if err := RecordReassignment(tx, events.ContactReassigned, c.ID, old, new); err != nil {
			return err
		}
		if err := old.updateFirstContact(tx, c.ContactDetails, ContactDetails{}); err != nil {
			return err
		}
		return new.setFirstContact(tx, c.ContactDetails)
	})
	return c, old, new, err
}

// RecordReassignment puts onto both people's timelines that something moved from the one to the other.
func RecordReassignment(tx *db.Tx, kind events.Kind, id uuid.UUID, old, new Episode) error {
	data := events.Data{"from_episode_id": old.ID.String(), "to_episode_id": new.ID.String()}
	for _, e := range []Episode{old, new} {
		if e.PatientID == new.PatientID && e.ID != new.ID {
			continue // one person: once
		}
		subject := events.Subject{ID: id, SiteID: e.SiteID, PatientID: e.PatientID}
		if err := events.Record(tx, kind, subject, data); err != nil {
			return err
		}
	}
	return nil
}
