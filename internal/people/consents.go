package people

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Purposes of consent that rules of other areas ask about.
const (
	ShareWithOrganisations = "share_with_organisations"
	ReportToGP             = "report_to_gp"
	FollowUpContact        = "follow_up_contact"
	Research               = "research"
)

// Consent is one decision of a person for one purpose. It is never changed: the latest for a purpose stands.
type Consent struct {
	ID        uuid.UUID `json:"id" format:"uuid" doc:"The decision's id."`
	SiteID    uuid.UUID `json:"site_id" format:"uuid" doc:"The site whose record this is."`
	PatientID uuid.UUID `json:"patient_id" format:"uuid" doc:"The person."`
	NewConsent
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false" doc:"When it was recorded."`
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false" doc:"The same: it is never changed."`
}

// NewConsent is the command to record a decision.
type NewConsent struct {
	Purpose        string   `json:"purpose" format:"code:consent_purposes" doc:"What it is about." example:"share_with_organisations"`
	Decision       string   `json:"decision" format:"code:consent_decisions" doc:"What was decided." example:"given"`
	DecidedOn      day.Date `json:"decided_on" format:"date" doc:"The day it was decided; not in the future." example:"2026-01-12"`
	Level          *string  `json:"level" required:"false" enum:"codes_only,summary,full" doc:"With report_to_gp: how much may be reported; codes_only when left out."`
	Reason         *string  `json:"reason" required:"false" maxLength:"1000" doc:"Why it was not obtained or sought; needed with not_obtained."`
	Withdrawal     *string  `json:"withdrawal" required:"false" enum:"stop_contact_keep_data,remove_my_data" doc:"Needed when consent to research is withdrawn: what the person wants done."`
	Method         *string  `json:"method" required:"false" format:"code:modes" doc:"How the person was asked."`
	WordingVersion *string  `json:"wording_version" required:"false" maxLength:"50" doc:"Which words the person was shown or read."`
}

// Stands tells whether the decision permits what it is about, as long as no later one replaces it.
func (c NewConsent) Stands() bool { return c.Decision == "given" || c.Decision == "best_interests" }

// Standing returns the decision that permits a purpose, or nil where none does: the latest stands. The order is that of
// consent_stands, for those who must know more than whether.
func Standing(tx *db.Tx, p Patient, purpose string) (*Consent, error) {
	var latest []Consent
	err := tx.Where("site_id = ? and patient_id = ? and purpose = ?", p.SiteID, p.ID, purpose).Order("decided_on desc, created_at desc, id desc").Limit(1).Find(&latest).Error
	if err != nil || len(latest) == 0 || !latest[0].Stands() {
		return nil, err
	}
	return &latest[0], nil
}

// RecordConsent adds a decision.
func (s *Store) RecordConsent(ctx context.Context, patient uuid.UUID, n NewConsent) (c Consent, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := db.Find[Patient](tx, "patient", patient)
		if err != nil {
			return err
		}
		if err := n.check(tx, p); err != nil {
			return err
		}
		if n.Purpose == ReportToGP && n.Level == nil && n.Stands() {
			least := "codes_only"
			n.Level = &least
		}
		c = Consent{ID: tx.NewID(), SiteID: p.SiteID, PatientID: p.ID, NewConsent: n, CreatedAt: tx.Now, UpdatedAt: tx.Now}
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		at, err := tx.Noon(p.SiteID, n.DecidedOn)
		if err != nil {
			return err
		}
		subject := events.Subject{Type: "consent", ID: c.ID, SiteID: p.SiteID, PatientID: p.ID}
		return events.Record(tx, "consent."+n.Decision, subject, events.Data{"purpose": n.Purpose}, events.At(at))
	})
	return c, err
}

func (n NewConsent) check(tx *db.Tx, p Patient) error {
	today, err := tx.Today(p.SiteID)
	if err != nil {
		return err
	}
	var c fault.Checks
	c.Require(!n.DecidedOn.After(today), "decided_on", "must not lie in the future")
	c.Require(!n.DecidedOn.Before(p.BirthDate), "decided_on", "lies before the person's birth")
	c.Require(n.Decision != "not_obtained" || n.Reason != nil && *n.Reason != "", "reason", "is needed with not_obtained")
	c.Require(n.Level == nil || n.Purpose == ReportToGP, "level", "goes with the purpose report_to_gp only")
	withdrawsResearch := n.Purpose == Research && n.Decision == "withdrawn"
	c.Require(withdrawsResearch == (n.Withdrawal != nil), "withdrawal", "is needed when consent to research is withdrawn, and only then")
	return c.Err()
}

// ConsentPosition is a place in a list of decisions, latest first.
type ConsentPosition struct {
	DecidedOn day.Date  `json:"d"`
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

// Position is where the decision stands in its list.
func (c Consent) Position() ConsentPosition { return ConsentPosition{c.DecidedOn, c.CreatedAt, c.ID} }

// Consents lists every decision of a patient, latest first, after the position given; the first of each purpose stands.
func (s *Store) Consents(ctx context.Context, patient uuid.UUID, page db.Page[ConsentPosition]) (list []Consent, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := db.Find[Patient](tx, "patient", patient)
		if err != nil {
			return err
		}
		q := tx.Where("site_id = ? and patient_id = ?", p.SiteID, p.ID)
		if page.After.ID != uuid.Nil {
			q = q.Where("(decided_on, created_at, id) < (?, ?, ?)", page.After.DecidedOn, page.After.CreatedAt, page.After.ID)
		}
		if err := q.Order("decided_on desc, created_at desc, id desc").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		return events.Read(tx, "patient_consents", p.SiteID, p.ID)
	})
	return list, err
}
