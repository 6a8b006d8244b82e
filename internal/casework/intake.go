package casework

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/referrals"
)

// NewIntake is the command to take somebody on: what a first conversation brings, in one call.
type NewIntake struct {
	// Somebody the site knows already; in place of patient.
	PatientID *uuid.UUID `json:"patient_id,omitempty" nullable:"true" format:"uuid"`
	// Somebody new; in place of patient_id.
	Patient *people.New `json:"patient,omitempty"`
	people.OnDuplicate
	// What the person agreed to, or not; of two for one purpose and day a refusal stands.
	Consents []people.NewConsent `json:"consents,omitempty" maxItems:"20"`
	// The spell of support.
	Episode episodes.Details `json:"episode"`
	// The conversation itself.
	Contact *episodes.ContactDetails `json:"contact,omitempty"`
	// How the person is at the start.
	Assessment *Baseline `json:"assessment,omitempty"`
	// Where the person is referred or signposted to.
	Referrals []referrals.Request `json:"referrals,omitempty" maxItems:"20"`
}

// Baseline is an assessment at the start.
type Baseline struct {
	// It is always baseline, and may be left out.
	Timepoint string `json:"timepoint,omitempty" enum:"baseline"`
	Assessed
}

// Intake is everything that an intake recorded.
type Intake struct {
	// The person.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// The person.
	Patient people.Patient `json:"patient"`
	// People whom the site knows and who may be the same person, as of recording a patient.
	PossibleDuplicates []fault.PossibleDuplicate `json:"possible_duplicates"`
	// The decisions that were recorded.
	Consents []people.Consent `json:"consents"`
	// The episode, as it stands after all of it.
	Episode episodes.Episode `json:"episode"`
	// The contact, where there was one.
	Contact *episodes.Contact `json:"contact" format:"or-null"`
	// The baseline, where there was one.
	Assessment *outcomes.Assessment `json:"assessment" format:"or-null"`
	// The referrals and signposts, in the order in which they were sent.
	Referrals []referrals.Referral `json:"referrals"`
	// What is worth knowing, of every part.
	Warnings []PartWarning `json:"warnings"`
}

// PartWarning is a warning, and which part of the request it is of.
type PartWarning struct {
	// The part of the request.
	Location string `json:"location" example:"body.referrals[0]"`
	fault.Warning
}

// CreateIntake records an intake, all of it or nothing. Each part goes through its own area, whose rules and
// faults hold; a fault says which part it is of. Further fault: invalid (neither or both of patient and
// patient_id).
func (s *Store) CreateIntake(ctx context.Context, n NewIntake, via string) (out Intake, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		out = Intake{
			PossibleDuplicates: []fault.PossibleDuplicate{},
			Consents:           []people.Consent{},
			Referrals:          []referrals.Referral{},
			Warnings:           []PartWarning{},
		}
		for _, part := range []func(*db.Tx, NewIntake, string, *Intake) error{s.createPerson, s.recordConsents,
			s.createEpisode, s.recordContact, s.recordBaseline, s.recordReferrals} {
			if err := part(tx, n, via, &out); err != nil {
				return err
			}
		}
		out.Episode, err = db.Find[episodes.Episode](tx, "episode", out.EpisodeID) // the parts moved it on
		return err
	})
	return out, err
}

func (out *Intake) warn(part string, warnings []fault.Warning) {
	for _, w := range warnings {
		out.Warnings = append(out.Warnings, PartWarning{"body." + part, w})
	}
}

func (s *Store) createPerson(tx *db.Tx, n NewIntake, via string, out *Intake) (err error) {
	switch {
	case n.Patient != nil && n.PatientID != nil:
		return fault.InvalidAt("patient_id", fault.NotAllowed, "does not go with patient: one or the other")
	case n.Patient != nil:
		r, err := s.People.Record(tx.Context(), people.Recording{New: *n.Patient, OnDuplicate: n.OnDuplicate}, via)
		out.Patient, out.PatientID, out.PossibleDuplicates = r.Patient, r.ID, r.PossibleDuplicates
		out.warn("patient", out.Patient.Warnings)
		return fault.Within("patient", err)
	case n.PatientID != nil:
		out.Patient, err = s.existingPerson(tx, *n.PatientID)
		err = fault.Within("patient_id", err)
	default:
		return fault.InvalidAt("patient", fault.Required, "or patient_id is needed")
	}
	out.PatientID = out.Patient.ID
	return err
}

// existingPerson finds a person of the site, and records that the caller was shown them.
func (s *Store) existingPerson(tx *db.Tx, id uuid.UUID) (people.Patient, error) {
	p, err := people.Find(tx, id)
	if err != nil {
		return p, err
	}
	return p, events.Read(tx, "intake", p.SiteID, p.ID)
}

func (s *Store) recordConsents(tx *db.Tx, n NewIntake, _ string, out *Intake) error {
	for i, decision := range n.Consents {
		c, err := s.People.RecordConsent(tx.Context(), out.PatientID, decision)
		if err != nil {
			return fault.Within(fmt.Sprintf("consents[%d]", i), err)
		}
		out.warn(fmt.Sprintf("consents[%d]", i), c.Warnings)
		c.Warnings = nil
		out.Consents = append(out.Consents, c)
	}
	for i := range out.Consents { // one may have taken the place of another
		c := &out.Consents[i]
		stood := c.Stands
		if err := tx.Raw("select stands from consents where site_id = ? and id = ?", c.SiteID, c.ID).
			Scan(&c.Stands).
			Error; err != nil {
			return err
		}
		if stood && !c.Stands {
			out.warn(fmt.Sprintf("consents[%d]", i), people.DoesNotStand)
		}
	}
	return nil
}

func (s *Store) createEpisode(tx *db.Tx, n NewIntake, via string, out *Intake) error {
	e, err := s.OpenEpisode(tx.Context(), episodes.New{PatientID: out.PatientID, Details: n.Episode}, via)
	out.EpisodeID = e.ID
	out.warn("episode", e.Warnings)
	return fault.Within("episode", err)
}

func (s *Store) recordContact(tx *db.Tx, n NewIntake, via string, out *Intake) error {
	if n.Contact == nil {
		return nil
	}
	c, err := s.RecordContact(tx.Context(), out.EpisodeID, episodes.NewContact{ContactDetails: *n.Contact}, via)
	out.Contact = &c
	return fault.Within("contact", err)
}

func (s *Store) recordBaseline(tx *db.Tx, n NewIntake, via string, out *Intake) error {
	if n.Assessment == nil {
		return nil
	}
	a, err := s.Outcomes.Record(tx.Context(), n.Assessment.at(out.EpisodeID, "baseline"), via)
	out.Assessment = &a
	out.warn("assessment", a.Warnings)
	return fault.Within("assessment", err)
}

func (s *Store) recordReferrals(tx *db.Tx, n NewIntake, via string, out *Intake) error {
	for i, request := range n.Referrals {
		part := fmt.Sprintf("referrals[%d]", i)
		r, err := s.Referrals.Record(tx.Context(), referrals.New{EpisodeID: out.EpisodeID, Request: request}, via)
		if err != nil {
			return fault.Within(part, err)
		}
		out.warn(part, r.Warnings)
		out.Referrals = append(out.Referrals, r)
	}
	return nil
}
