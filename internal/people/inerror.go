package people

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// Consent returns a decision, also one that was entered in error.
func (s *Store) Consent(ctx context.Context, id uuid.UUID) (c Consent, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, err = db.FindRecorded[Consent](tx, "consent", id); err != nil {
			return err
		}
		return events.Read(tx, "consent", c.SiteID, c.PatientID)
	})
	return c, err
}

// ConsentInError says that a decision should not have been recorded, such as one of somebody else. What was decided before
// stands again, by the ordinary rule. Fault: conflict (it is in error already).
func (s *Store) ConsentInError(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (Consent, error) {
	return s.changeConsent(ctx, id, func(tx *db.Tx, c Consent) (events.Kind, error) {
		if c.EnteredInError != nil {
			return events.Kind{}, voids.ErrInError
		}
		_, err := voids.Enter(tx, c.voidSubject(), &why.Reason, "consents_all", "id = ?", c.ID)
		return events.ConsentEnteredInError, err
	})
}

// RestoreConsent says that a decision that was entered in error was made after all: it is weighed again. Fault: conflict
// (it is not in error).
func (s *Store) RestoreConsent(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (Consent, error) {
	return s.changeConsent(ctx, id, func(tx *db.Tx, c Consent) (events.Kind, error) {
		_, err := voids.TakeBack(tx, c.voidSubject(), why.Reason, "consents_all")
		return events.ConsentRestored, err
	})
}

// changeConsent changes whether a decision counts. The person is locked, so that decisions are weighed one by one.
func (s *Store) changeConsent(
	ctx context.Context,
	id uuid.UUID,
	change func(*db.Tx, Consent) (events.Kind, error),
) (c Consent, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, err = db.FindRecorded[Consent](tx, "consent", id); err != nil {
			return err
		}
		if _, err := LockForChange(tx, c.PatientID); err != nil {
			return err
		}
		if c, err = db.FindRecorded[Consent](tx, "consent", id); err != nil {
			return err
		}
		kind, err := change(tx, c)
		if err != nil {
			return err
		}
		subject := events.Subject{ID: c.ID, SiteID: c.SiteID, PatientID: c.PatientID}
		if err := events.Record(tx, kind, subject, events.Data{"purpose": c.Purpose}); err != nil {
			return err
		}
		c, err = db.FindRecorded[Consent](tx, "consent", id)
		return err
	})
	return c, err
}

func (c *Consent) voidSubject() voids.Subject {
	return voids.Subject{Type: "consent", SiteID: c.SiteID, ID: c.ID, PatientID: c.PatientID}
}

// showInError adds to a person who was entered in error by whom, when and why.
func (p *Patient) showInError(tx *db.Tx) error {
	if p.VoidID == nil {
		return nil
	}
	v, err := db.First[voids.Void](tx.Where("site_id = ? and id = ?", p.SiteID, *p.VoidID), "void")
	p.EnteredInError = v.InError()
	return err
}

// LockForVoid locks a person who is to be entered in error, also against whoever records something of them. Faults:
// not_found, conflict (in error already, merged away, or other records were merged into this one).
func LockForVoid(tx *db.Tx, id uuid.UUID) (p Patient, err error) {
	if err := tx.Exec("select from patients where id = ? for update", id).Error; err != nil {
		return p, err
	}
	if p, err = LockForChange(tx, id); err != nil {
		return p, err
	}
	if len(p.MergedIDs) > 0 {
		return p, fault.New(fault.Conflict, "Other records were merged into this one: undo that first.")
	}
	return p, nil
}

// VoidSubject is the person as a subject of a void.
func (p *Patient) VoidSubject() voids.Subject {
	return voids.Subject{Type: "patient", SiteID: p.SiteID, ID: p.ID, PatientID: p.ID}
}

// SetVoid lets a person, who is locked, fall with a void, or brings them back (nil), and what they are found by.
func (s *Store) SetVoid(tx *db.Tx, p *Patient, void *voids.Void) error {
	kind := events.PatientRestored
	p.VoidID, p.EnteredInError = nil, nil
	if void != nil {
		kind = events.PatientEnteredInError
		p.VoidID, p.EnteredInError = &void.ID, void.InError()
	}
	p.Version, p.UpdatedAt = p.Version+1, tx.Now
	err := db.Save(tx, p.SiteID, p.ID, p)
	if err == nil && void == nil {
		if err = s.keepLookups(tx, *p); err == nil {
			err = s.pairAnew(tx, *p)
		}
	}
	if err != nil {
		return err
	}
	return events.Record(tx, kind, p.subject(), nil)
}

// LockVoided finds a person who was entered in error, with the void, and locks them. Fault: conflict (they stand).
func LockVoided(tx *db.Tx, id uuid.UUID) (p Patient, void voids.Void, err error) {
	if p, err = db.FindForUpdate[Patient](tx, "patient", id); err != nil {
		return p, void, err
	}
	void, err = voids.Standing(tx, p.VoidSubject())
	return p, void, err
}
