package episodes

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/voids"
)

// Contact is one time that a link worker met a person, tried to reach them, or did something for them.
type Contact struct {
	// The contact's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	NewContact
	// How the record came in.
	RecordedVia string `json:"recorded_via" enum:"api,link,import,demo"`
	// Rises with each change.
	Version int `json:"version" example:"1"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It should never have been recorded, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
}

// Revision is another after each change.
func (c Contact) Revision() int64 { return int64(c.Version) }

// NewContact is the command to record a contact.
type NewContact struct {
	ContactDetails
	// The referral it was about.
	ReferralID *uuid.UUID `json:"referral_id" required:"false" nullable:"true" format:"uuid"`
	// With a referral_id: whether the person attended that day. The attendance is recorded with the
	// contact.
	Attended *bool `json:"attended" required:"false"`
}

// ContactDetails are the fields of a contact that can be recorded and corrected.
type ContactDetails struct {
	// The day; not in the future, and not before the episode was received.
	On day.Date `json:"on" gorm:"column:contact_on" format:"date" example:"2026-01-20"`
	// How the contact was made.
	Mode string `json:"mode" format:"code:modes" example:"telephone"`
	// What it was; holding with a referral_id says what the person waits for.
	Kind string `json:"kind" format:"code:contact_kinds" example:"first_contact"`
	// The outcome of the contact.
	Outcome string `json:"outcome" format:"code:contact_outcomes" example:"spoke"`
	// How long it took, in minutes.
	Minutes *int `json:"minutes" required:"false" minimum:"0" maximum:"1440" example:"40"`
	// Free text.
	Note *string `json:"note" required:"false" format:"prose" maxLength:"10000"`
	// What other systems call this contact.
	ExternalIDs db.ExternalIDs `json:"external_ids" required:"false" maxItems:"20"`
}

// ContactChanges is a merge patch.
type ContactChanges = patch.Merge[ContactDetails]

// Reached reports whether the link worker met or spoke to the person: work on their behalf does not count. The
// database's function reaches_person says the same.
func (n ContactDetails) Reached() bool {
	return (n.Outcome == "spoke" || n.Outcome == "attended") && n.Kind != "on_behalf"
}

// RecordContact adds a contact. The first time the person is reached sets the episode's first contact. A closed
// episode takes only what was done on days before it closed.
func (s *Store) RecordContact(ctx context.Context, episode uuid.UUID, n NewContact, via string) (c Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.FindForUpdate[Episode](tx, "episode", episode)
		if err != nil {
			return err
		}
		if err := e.checkContact(tx, n); err != nil {
			return err
		}
		c = Contact{
			ID:          tx.NewID(),
			SiteID:      e.SiteID,
			EpisodeID:   e.ID,
			NewContact:  n,
			RecordedVia: via,
			Version:     1,
			CreatedAt:   tx.Now,
			UpdatedAt:   tx.Now,
		}
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		if err := c.recordEvent(tx, e, events.ContactRecorded); err != nil {
			return err
		}
		return e.setFirstContact(tx, n.ContactDetails)
	})
	return c, err
}

func (c *Contact) recordEvent(tx *db.Tx, e Episode, kind events.Kind) error {
	at, err := tx.Noon(e.SiteID, c.On)
	if err != nil {
		return err
	}
	subject := events.Subject{ID: c.ID, SiteID: e.SiteID, PatientID: e.PatientID}
	return events.Record(tx, kind, subject, events.Data{"kind": c.Kind, "outcome": c.Outcome}, events.At(at))
}

func (e *Episode) checkContact(tx *db.Tx, n NewContact) error {
	if err := e.checkContactDay(tx, n.ContactDetails); err != nil {
		return err
	}
	if n.ReferralID == nil {
		return nil
	}
	var mine []uuid.UUID
	err := tx.Raw("select id from referrals where site_id = ? and episode_id = ? and id = ?", e.SiteID, e.ID, *n.ReferralID).
		Scan(&mine).
		Error
	if err == nil && !slices.Contains(mine, *n.ReferralID) {
		return fault.InvalidAt("referral_id", fault.UnknownReference, "is no referral of this episode")
	}
	return err
}

func (e *Episode) checkContactDay(tx *db.Tx, n ContactDetails) error {
	if e.Status == Closed && !n.On.Before(*e.ClosedOn) {
		return fault.New(
			fault.Conflict,
			"The episode is closed: it takes no contacts but those of days before it closed.",
		)
	}
	if n.Reached() {
		var died bool
		if err := tx.Raw("select coalesce((select died_on < ? from patients where site_id = ? and id = ?), false)",
			n.On, e.SiteID, e.PatientID).
			Scan(&died).
			Error; err != nil {
			return err
		}
		if died {
			return fault.InvalidAt("on", fault.OutOfRange, "lies after the person's death: nobody reached them then")
		}
	}
	return e.checkDay(tx, "on", n.On)
}

// setFirstContact sets the first contact, or an earlier one that is recorded late.
func (e *Episode) setFirstContact(tx *db.Tx, n ContactDetails) error {
	if !n.Reached() || e.FirstContactOn != nil && !n.On.Before(*e.FirstContactOn) {
		return nil
	}
	e.FirstContactOn = &n.On
	e.setMet()
	return e.save(tx, events.EpisodeFirstContact, &n.On, nil)
}

// Contact returns a contact.
func (s *Store) Contact(ctx context.Context, id uuid.UUID) (c Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, err = db.FindRecorded[Contact](tx, "contact", id); err != nil {
			return err
		}
		e, err := db.FindRecorded[Episode](tx, "episode", c.EpisodeID)
		if err != nil {
			return err
		}
		return events.Read(tx, "contact", e.SiteID, e.PatientID)
	})
	return c, err
}

// ChangeContact corrects the version of a contact that the caller read, and updates the episode's first contact. An
// attendance that was recorded with the contact is not changed.
func (s *Store) ChangeContact(
	ctx context.Context,
	id uuid.UUID,
	version int,
	changes ContactChanges,
) (c Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if c, err = db.Find[Contact](tx, "contact", id); err != nil {
			return err
		}
		e, err := db.FindForUpdate[Episode](tx, "episode", c.EpisodeID) // and with it every contact of the episode
		if err != nil {
			return err
		}
		if c, err = db.FindForUpdate[Contact](tx, "contact", id); err != nil {
			return err
		}
		if err := db.Match(version, c.Version); err != nil {
			return err
		}
		before := c.ContactDetails
		if c.ContactDetails, err = changes.Apply(before); err != nil {
			return err
		}
		if before.On != c.On {
			if err := e.checkContactDay(tx, c.ContactDetails); err != nil {
				return err
			}
		}
		c.Version, c.UpdatedAt = c.Version+1, tx.Now
		if err := db.Save(tx, c.SiteID, c.ID, &c); err != nil {
			return err
		}
		if err := c.recordEvent(tx, e, events.ContactChanged); err != nil {
			return err
		}
		return e.updateFirstContact(tx, before, c.ContactDetails)
	})
	return c, err
}

// updateFirstContact updates the first contact after a contact was corrected: if that contact had set it, the earliest
// contact that reached the person sets it now. If none has, the episode is waiting again.
func (e *Episode) updateFirstContact(tx *db.Tx, before, after ContactDetails) error {
	set := before.Reached() && e.FirstContactOn != nil && *e.FirstContactOn == before.On
	if !set {
		return e.setFirstContact(tx, after)
	}
	var earliest *day.Date
	err := tx.Raw("select min(contact_on) from contacts where site_id = ? and episode_id = ? "+
		"and reaches_person(kind, outcome)", e.SiteID, e.ID).
		Row().
		Scan(&earliest)
	if err != nil || earliest != nil && *earliest == *e.FirstContactOn {
		return err
	}
	e.FirstContactOn = earliest
	e.setMet()
	return e.save(tx, events.EpisodeFirstContact, earliest, nil)
}

// Contacts lists an episode's contacts by id, after the id given, those entered in error too.
func (s *Store) Contacts(ctx context.Context, episode uuid.UUID, page db.Page[uuid.UUID]) (list []Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.FindRecorded[Episode](tx, "episode", episode)
		if err != nil {
			return err
		}
		if err := tx.Table("recorded_contacts").
			Where("site_id = ? and episode_id = ? and id > ?", e.SiteID, e.ID, page.After).
			Order("id").
			Scopes(page.Cut).
			Find(&list).
			Error; err != nil {
			return err
		}
		return events.Read(tx, "contacts", e.SiteID, e.PatientID)
	})
	return list, err
}

// AllContacts lists the contacts of the actor's sites in the order in which they changed, after the place given.
func (s *Store) AllContacts(ctx context.Context, page db.Page[db.Changed]) (list []Contact, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if list, err = db.ListChanged[Contact](tx, page); err != nil {
			return err
		}
		of := make([]uuid.UUID, len(list))
		for i, c := range list {
			of[i] = c.EpisodeID
		}
		return ReadOf(tx, "site_contacts", of)
	})
	return list, err
}

// ReadOf notes that the actor was shown something of these episodes.
func ReadOf(tx *db.Tx, operation string, episodes []uuid.UUID) error {
	var people []struct{ SiteID, PatientID uuid.UUID }
	if len(episodes) == 0 {
		return nil
	}
	err := tx.InSites().
		Table("recorded_episodes").
		Select("distinct site_id, patient_id").
		Where("id = any(?::uuid[])", db.IDs(episodes)).
		Scan(&people).
		Error
	if err != nil {
		return err
	}
	return events.ReadAll(
		tx,
		operation,
		people,
		func(p struct{ SiteID, PatientID uuid.UUID }) (site, patient uuid.UUID) { return p.SiteID, p.PatientID },
	)
}
