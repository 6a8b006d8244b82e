package people

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// Purposes of consent that rules of other areas ask about.
const (
	ShareWithOrganisations = "share_with_organisations"
	ReportToGP             = "report_to_gp"
	FollowUpContact        = "follow_up_contact"
	Research               = "research"
	Recontact              = "recontact"
	ShareMyWords           = "share_my_words"
)

// Consent is one decision of a person for one purpose. It is never changed; which of several stands is the
// rule of the database's function standing_consent.
type Consent struct {
	// The decision's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The person.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	NewConsent
	// Whether it is the one that counts for its purpose. Of each purpose at most one does: the latest
	// decision, and of one day a refusal unless a later decision names it in replaces. not_asked and
	// not_obtained replace no decision. After two records of a person were merged, a refusal that stood
	// on either counts until the person has decided anew.
	Stands bool `json:"stands" gorm:"->"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it was recorded, or went over to another record of the same person: a decision is never changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It should never have been recorded, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
	// In the answer to a POST: what is worth knowing. does_not_stand: what was recorded before stands
	// instead.
	Warnings []fault.Warning `json:"warnings,omitempty" gorm:"-"`
}

// Revision is another after each change.
func (c Consent) Revision() int64 { return c.UpdatedAt.UnixMicro() }

// Person is whom it is about.
func (c Consent) Person() (site, patient uuid.UUID) { return c.SiteID, c.PatientID }

// NewConsent is the command to record a decision.
type NewConsent struct {
	// What it is about.
	Purpose string `json:"purpose" format:"code:consent_purposes" example:"share_with_organisations"`
	// What was decided.
	Decision string `json:"decision" format:"code:consent_decisions" example:"given"`
	// The day it was decided; not in the future.
	DecidedOn day.Date `json:"decided_on" format:"date" example:"2026-01-12"`
	// With report_to_gp: how much may be reported; codes_only when left out.
	Level *string `json:"level" required:"false" enum:"codes_only,summary,full"`
	// Why it was not obtained or sought; needed with not_obtained.
	Reason *string `json:"reason" required:"false" format:"prose" maxLength:"1000"`
	// Needed when consent to research is withdrawn: what the person wants done.
	Withdrawal *string `json:"withdrawal" required:"false" enum:"stop_contact_keep_data,remove_my_data"`
	// How the person was asked.
	Method *string `json:"method" required:"false" format:"code:modes"`
	// Which words the person was shown or read.
	WordingVersion *string `json:"wording_version" required:"false" maxLength:"50"`

	// The id of an earlier recorded consent of the same person and purpose, decided on the same day
	// or before, that this decision takes the place of. Needed where a refusal of the same day is not
	// to stand.
	Replaces *uuid.UUID `json:"replaces" required:"false" nullable:"true" format:"uuid"`
}

// StandingConsent returns the consent that permits a purpose, for callers who need its details; nil: none permits it.
func StandingConsent(tx *db.Tx, p Patient, purpose string) (*Consent, error) {
	var found []Consent
	err := tx.Table("standing_consents").
		Where("site_id = ? and patient_id = ? and purpose = ? and permits", p.SiteID, p.ID, purpose).
		Find(&found).
		Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// RecordConsent adds a decision.
func (s *Store) RecordConsent(ctx context.Context, patient uuid.UUID, n NewConsent) (c Consent, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := Find(tx, patient)
		if err != nil {
			return err
		}
		if err := n.check(tx, p); err != nil {
			return err
		}
		if n.Purpose == ReportToGP && n.Level == nil && (n.Decision == "given" || n.Decision == bestInterests) {
			least := "codes_only"
			n.Level = &least
		}
		c = Consent{
			ID:         tx.NewID(),
			SiteID:     p.SiteID,
			PatientID:  p.ID,
			NewConsent: n,
			CreatedAt:  tx.Now,
			UpdatedAt:  tx.Now,
		}
		if err := c.write(tx); err != nil {
			return err
		}
		at, err := tx.Noon(p.SiteID, n.DecidedOn)
		if err != nil {
			return err
		}
		subject := events.Subject{ID: c.ID, SiteID: p.SiteID, PatientID: p.ID}
		return events.Record(tx, events.ConsentDecided(n.Decision), subject, events.Data{"purpose": n.Purpose}, events.At(at))
	})
	return c, err
}

// write stores the consent, and sets whether it stands.
func (c *Consent) write(tx *db.Tx) error {
	if err := tx.Create(c).Error; err != nil {
		return err
	}
	if err := tx.Raw("select stands from consents where site_id = ? and id = ?", c.SiteID, c.ID).
		Scan(&c.Stands).
		Error; err != nil {
		return err
	}
	if !c.Stands {
		c.Warnings = DoesNotStand
	}
	return nil
}

// DoesNotStand warns of a consent that does not count, since another one for its purpose does.
var DoesNotStand = []fault.Warning{{Code: "does_not_stand",
	Detail: "Another decision for this purpose stands: of a later day, or a refusal of the same day that this one " +
		"does not name in replaces."}}

const bestInterests = "best_interests"

// needsTheirOwn are the purposes for which nobody can decide in the person's place: research without capacity needs an approval
// under sections 30 to 34 of the Mental Capacity Act 2005 instead.
var needsTheirOwn = []string{Research, Recontact, ShareMyWords}

func (n NewConsent) check(tx *db.Tx, p Patient) error {
	today, err := tx.Today(p.SiteID)
	if err != nil {
		return err
	}
	var c fault.Checks
	c.Require(!n.DecidedOn.After(today), "decided_on", fault.OutOfRange, "must not lie in the future")
	c.Require(!p.BornAfter(n.DecidedOn), "decided_on", fault.OutOfRange, "lies before the person's birth")
	permits := n.Decision == "given" || n.Decision == bestInterests
	c.Require(
		!permits || p.DiedOn == nil || !n.DecidedOn.After(*p.DiedOn),
		"decided_on",
		fault.OutOfRange,
		"lies after the person's death",
	)
	c.Require(
		n.Decision != "not_obtained" || n.Reason != nil && *n.Reason != "",
		"reason",
		fault.Required,
		"is needed with not_obtained",
	)
	c.Require(
		n.Level == nil || n.Purpose == ReportToGP,
		"level",
		fault.NotAllowed,
		"goes with the purpose report_to_gp only",
	)
	withdrawsResearch := n.Purpose == Research && n.Decision == "withdrawn"
	c.Require(
		withdrawsResearch == (n.Withdrawal != nil),
		"withdrawal",
		fault.Required,
		"is needed when consent to research is withdrawn, and only then",
	)
	c.Require(
		n.Decision != bestInterests || !slices.Contains(needsTheirOwn, n.Purpose),
		"decision",
		fault.NotAllowed,
		"best_interests is not for research, recontact or share_my_words: for want of capacity the Mental "+
			"Capacity Act 2005 asks for research that is approved under its section 30; record not_obtained",
	)
	if err := n.checkReplaces(tx, p, &c); err != nil {
		return err
	}
	return c.Err()
}

// checkReplaces checks that replaces names an earlier consent for the same purpose, and that this one is a decision.
func (n NewConsent) checkReplaces(tx *db.Tx, p Patient, c *fault.Checks) error {
	if n.Replaces == nil {
		return nil
	}
	var found []Consent
	err := tx.Where("site_id = ? and patient_id = ? and purpose = ? and id = ?", p.SiteID, p.ID, n.Purpose, *n.Replaces).
		Find(&found).
		Error
	if err != nil {
		return err
	}
	c.Require(
		n.Decision != "not_asked" && n.Decision != "not_obtained",
		"replaces",
		fault.NotAllowed,
		"goes with a decision: not_asked and not_obtained replace nothing",
	)
	c.Require(len(found) > 0, "replaces", fault.UnknownReference, "names no consent of this person to this purpose")
	c.Require(
		len(found) == 0 || !found[0].DecidedOn.After(n.DecidedOn),
		"replaces",
		fault.UnknownReference,
		"names a consent that was decided on a later day",
	)
	return nil
}

// ConsentPosition is a place in a list of decisions, latest first.
type ConsentPosition struct {
	DecidedOn day.Date  `json:"d"`
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

// Position is the decision's place in the list.
func (c Consent) Position() ConsentPosition { return ConsentPosition{c.DecidedOn, c.CreatedAt, c.ID} }

// Consents lists every decision of a patient, or of whom they were merged into, latest first, after the position given.
func (s *Store) Consents(
	ctx context.Context,
	patient uuid.UUID,
	page db.Page[ConsentPosition],
) (list []Consent, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := kept(tx, patient)
		if err != nil {
			return err
		}
		q := tx.Table("recorded_consents").Where("site_id = ? and patient_id = ?", p.SiteID, p.ID)
		if page.After.ID != uuid.Nil {
			q = q.Where(
				"(decided_on, created_at, id) < (?, ?, ?)",
				page.After.DecidedOn,
				page.After.CreatedAt,
				page.After.ID,
			)
		}
		if err := q.Order("decided_on desc, created_at desc, id desc").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		return events.Read(tx, "patient_consents", p.SiteID, p.ID)
	})
	return list, err
}

// AllConsents lists the consents of the actor's sites in the order in which they changed, after the place given.
func (s *Store) AllConsents(ctx context.Context, page db.Page[db.Changed]) (list []Consent, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if list, err = db.ListChanged[Consent](tx, page); err != nil {
			return err
		}
		return events.ReadAll(
			tx,
			"site_consents",
			list,
			func(c Consent) (site, patient uuid.UUID) { return c.SiteID, c.PatientID },
		)
	})
	return list, err
}
