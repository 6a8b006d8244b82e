// Package gpmessage makes the message back to the general practice: as a document, and as text to paste into a record.
package gpmessage

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/people"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Message is the message back to the general practice, in the shape of the Social Prescribing Information
// Standard ("Message back to GP and referrer"): what is asked of the practice first, outcomes with the
// first scores and every later one, all that was tried, risks, and nothing that is empty. How much of it
// there is follows from the person's consent.
type Message struct {
	// What is asked of the practice. From the level summary on.
	Plan *Plan `json:"plan_and_requested_actions,omitempty"`
	// The episode it is about.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// The day it was made, at the site: it says how things stood then.
	MadeOn day.Date `json:"made_on" format:"date"`
	// Who it is about: what the practice needs to file it.
	Person Person `json:"person"`
	// What it rests on.
	Consent Consent `json:"consent"`
	// When support began and ended.
	Dates Dates `json:"dates"`
	// What the record holds that has a verified SNOMED CT code of exactly that meaning.
	Codes []Code `json:"codes"`
	// Whom to ask. From the level summary on.
	Sender *Sender `json:"sender,omitempty"`
	// What it was about and what came of it. From the level summary on.
	Summary *Summary `json:"summary,omitempty"`
	// Every score that stands, the first and the later ones. From the level summary on.
	Scores []Score `json:"scores,omitempty"`
	// What the scores cannot show; to be shown with them.
	ScoresNote string `json:"scores_note,omitempty"`
	// Every referral and signpost, those that did not work too, oldest first. From the level summary
	// on.
	Interventions []Intervention `json:"interventions,omitempty"`
	// From the level summary on.
	Risks *Risks `json:"safeguarding_and_risks,omitempty"`
}

// Plan is what is asked of the practice, and what goes on.
type Plan struct {
	// Whether the practice is asked to do anything.
	ActionRequested bool `json:"action_requested"`
	// What it is asked to do. Where nothing is, it says so in words.
	RequestedActions string `json:"requested_actions" example:"No action is requested of the practice."`
	// Whether support goes on (episode_statuses).
	Support Term `json:"support"`
	// When the person will next be asked how they are, where that is planned.
	NextFollowUp *NextFollowUp `json:"next_follow_up,omitempty"`
}

// NextFollowUp is a follow-up that is still to come.
type NextFollowUp struct {
	// The code of the follow-up.
	Code string `json:"code" example:"m9_12"`
	// The first day on which the person is asked.
	OpensOn day.Date `json:"opens_on" format:"date"`
	// The last day on which the person is asked.
	ClosesOn day.Date `json:"closes_on" format:"date"`
}

// Person is who the message is about.
type Person struct {
	// First name; null where the person has none.
	GivenName *string `json:"given_name" example:"Mary"`
	// Family name; null where the person has none.
	FamilyName *string `json:"family_name" example:"Example"`
	// Date of birth: the day, the month or the year, as far as it is known; null: it is not known.
	BirthDate *day.Partial `json:"birth_date" format:"partial-date" example:"1950-04-01"`
	// NHS number, where it is known and in a range that is issued.
	NHSNumber *string `json:"nhs_number,omitempty" example:"9991000003"`
	// ODS code of the practice, where it is known.
	GPPracticeCode *string `json:"gp_practice_code,omitempty" example:"Y00001"`
}

// Consent is the decision that permits the message.
type Consent struct {
	// How much it tells. codes_only: who it is about, dates, and SNOMED CT codes. summary: also
	// requested actions, needs, outcomes, scores, interventions and whether risks are known, all in
	// coded words. full: also free text: what matters to the person, the risks, why they were
	// referred on, the note of the closure, and what they said at a follow-up in their own words,
	// unless a researcher wrote it down.
	Level string `json:"level" enum:"codes_only,summary,full"`
	// What was decided. best_interests means that it was decided for a person who lacks capacity.
	Decision string `json:"decision" enum:"given,best_interests"`
	// The day of the decision.
	DecidedOn day.Date `json:"decided_on" format:"date"`
}

// Dates are the days of the episode.
type Dates struct {
	// The referral in was received.
	ReceivedOn day.Date `json:"received_on" format:"date"`
	// The person was first reached.
	FirstContactOn *day.Date `json:"first_contact_on,omitempty" format:"date"`
	// Support ended.
	ClosedOn *day.Date `json:"closed_on,omitempty" format:"date"`
}

// Code is one code of another system.
type Code struct {
	// The system.
	System string `json:"system" format:"uri" example:"http://snomed.info/sct"`
	// The concept.
	Code string `json:"code" example:"871731000000106"`
	// Its name.
	Display string `json:"display" example:"Referral to social prescribing service (procedure)"`
	// The day it was true.
	On day.Date `json:"on" format:"date"`
}

// Sender is whom the practice can ask.
type Sender struct {
	// Who supports the person.
	LinkWorker string `json:"link_worker"`
	// How to reach them.
	Email string `json:"email"`
	// Where they work.
	Site string `json:"site"`
}

// Risks says of the risks what the level lets it.
type Risks struct {
	// Whether risks are known. If it is recorded and there is no text, the person agreed to a summary
	// only: ask the link worker.
	Status string `json:"status" enum:"none_known,recorded,not_recorded"`
	// The risks. With the level full.
	Text string `json:"text,omitempty"`
	// How many of the person's answers are a safeguarding concern that nobody has marked as seen;
	// left out where there is none.
	Unseen int `json:"unseen_concerns,omitempty" example:"1"`
}

const (
	codesOnly = "codes_only"
	full      = "full"
	noAction  = "No action is requested of the practice."
	notAgreed = "No report to the practice has been agreed to: record the consent report_to_gp first."
)

// Store makes messages.
type Store struct{ DB *db.DB }

// Make makes the message back to the practice from what is recorded now. Faults: not_found, consent_required.
func (s *Store) Make(ctx context.Context, episode uuid.UUID) (m Message, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.Find[episodes.Episode](tx, "episode", episode)
		if err != nil {
			return err
		}
		p, err := db.Find[people.Patient](tx, "patient", e.PatientID)
		if err != nil {
			return err
		}
		agreed, err := people.StandingConsent(tx, p, people.ReportToGP)
		if err != nil {
			return err
		}
		if agreed == nil {
			return fault.New(fault.ConsentRequired, notAgreed)
		}
		if m, err = identify(tx, p, e, *agreed); err != nil {
			return err
		}
		if m.Consent.Level != codesOnly {
			if err := m.fillIn(tx, e); err != nil {
				return err
			}
		}
		return events.Read(tx, "gp_message", e.SiteID, p.ID)
	})
	return m, err
}

// identify is what every level has: who, when, and codes.
func identify(tx *db.Tx, p people.Patient, e episodes.Episode, agreed people.Consent) (Message, error) {
	today, err := tx.Today(e.SiteID)
	m := Message{
		EpisodeID: e.ID, MadeOn: today,
		Person:  Person{p.GivenName, p.FamilyName, p.BirthDate, p.NHSNumber, p.GPPracticeCode},
		Consent: Consent{Level: codesOnly, Decision: agreed.Decision, DecidedOn: agreed.DecidedOn},
		Dates:   Dates{e.ReceivedOn, e.FirstContactOn, e.ClosedOn},
		Codes:   coded("event_types", "episode.opened", e.ReceivedOn),
	}
	if p.NHSNumberUnissued {
		m.Person.NHSNumber = nil // a practice files by it
	}
	if agreed.Level != nil {
		m.Consent.Level = *agreed.Level
	}
	if e.ClosedOn != nil {
		m.Codes = append(m.Codes, coded("closure_reasons", *e.ClosureReason, *e.ClosedOn)...)
	}
	return m, err
}
