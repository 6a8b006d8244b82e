package casework

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

// GPMessage is the message back to the general practice, in the shape of the Social Prescribing Information
// Standard ("Message back to GP and referrer"): what is asked of the practice first, outcomes with the
// first scores and every later one, all that was tried, risks, and nothing that is empty. How much of it
// there is follows from the person's consent.
type GPMessage struct {
	Plan          *GPPlan          `json:"plan_and_requested_actions,omitempty" doc:"What is asked of the practice. From the level summary on."`
	EpisodeID     uuid.UUID        `json:"episode_id" format:"uuid" doc:"The episode it is about."`
	MadeOn        day.Date         `json:"made_on" format:"date" doc:"The day it was made, at the site: it says how things stood then."`
	Person        GPPerson         `json:"person" doc:"Who it is about: what the practice needs to file it."`
	Consent       GPConsent        `json:"consent" doc:"What it rests on."`
	Dates         GPDates          `json:"dates" doc:"When support began and ended."`
	Codes         []GPCode         `json:"codes" doc:"What the record holds that has a verified SNOMED CT code of exactly that meaning."`
	Sender        *GPSender        `json:"sender,omitempty" doc:"Whom to ask. From the level summary on."`
	Summary       *GPSummary       `json:"summary,omitempty" doc:"What it was about and what came of it. From the level summary on."`
	Scores        []GPScore        `json:"scores,omitempty" doc:"Every score that stands, the first and the later ones. From the level summary on."`
	ScoresNote    string           `json:"scores_note,omitempty" doc:"What the scores cannot show; to be shown with them."`
	Interventions []GPIntervention `json:"interventions,omitempty" doc:"Every referral and signpost, those that did not work too, oldest first. From the level summary on."`
	Risks         *GPRisks         `json:"safeguarding_and_risks,omitempty" doc:"From the level summary on."`
}

// GPPlan is what is asked of the practice, and what goes on.
type GPPlan struct {
	ActionRequested  bool            `json:"action_requested" doc:"Whether the practice is asked to do anything."`
	RequestedActions string          `json:"requested_actions" doc:"What it is asked to do. Where nothing is, it says so in words." example:"No action is requested of the practice."`
	Support          GPTerm          `json:"support" doc:"Whether support goes on (episode_statuses)."`
	NextFollowUp     *GPNextFollowUp `json:"next_follow_up,omitempty" doc:"When the person will next be asked how they are, where that is planned."`
}

// GPNextFollowUp is a follow-up that is still to come.
type GPNextFollowUp struct {
	Code     string   `json:"code" doc:"The code of the follow-up." example:"m9_12"`
	OpensOn  day.Date `json:"opens_on" format:"date" doc:"The first day on which the person is asked."`
	ClosesOn day.Date `json:"closes_on" format:"date" doc:"The last day on which the person is asked."`
}

// GPPerson is who the message is about.
type GPPerson struct {
	GivenName      *string  `json:"given_name" doc:"First name; null where the person has none." example:"Mary"`
	FamilyName     *string  `json:"family_name" doc:"Family name; null where the person has none." example:"Example"`
	BirthDate      day.Date `json:"birth_date" format:"date" doc:"Date of birth." example:"1950-04-01"`
	NHSNumber      *string  `json:"nhs_number,omitempty" doc:"NHS number, where it is known and in a range that is issued." example:"9991000003"`
	GPPracticeCode *string  `json:"gp_practice_code,omitempty" doc:"ODS code of the practice, where it is known." example:"Y00001"`
}

// GPConsent is the decision that permits the message.
type GPConsent struct {
	Level     string   `json:"level" enum:"codes_only,summary,full" doc:"How much it tells. codes_only: who it is about, dates, and SNOMED CT codes. summary: also requested actions, needs, outcomes, scores, interventions and whether risks are known, all in coded words. full: also free text: what matters to the person, the risks, why they were referred on, the note of the closure, and what they said at a follow-up in their own words, unless a researcher wrote it down."`
	Decision  string   `json:"decision" enum:"given,best_interests" doc:"What was decided. best_interests means that it was decided for a person who lacks capacity."`
	DecidedOn day.Date `json:"decided_on" format:"date" doc:"The day of the decision."`
}

// GPDates are the days of the episode.
type GPDates struct {
	ReceivedOn     day.Date  `json:"received_on" format:"date" doc:"The referral in was received."`
	FirstContactOn *day.Date `json:"first_contact_on,omitempty" format:"date" doc:"The person was first reached."`
	ClosedOn       *day.Date `json:"closed_on,omitempty" format:"date" doc:"Support ended."`
}

// GPCode is one code of another system.
type GPCode struct {
	System  string   `json:"system" format:"uri" doc:"The system." example:"http://snomed.info/sct"`
	Code    string   `json:"code" doc:"The concept." example:"871731000000106"`
	Display string   `json:"display" doc:"Its name." example:"Referral to social prescribing service (procedure)"`
	On      day.Date `json:"on" format:"date" doc:"The day it was true."`
}

// GPSender is whom the practice can ask.
type GPSender struct {
	LinkWorker string `json:"link_worker" doc:"Who supports the person."`
	Email      string `json:"email" doc:"How to reach them."`
	Site       string `json:"site" doc:"Where they work."`
}

// GPRisks says of the risks what the level lets it.
type GPRisks struct {
	Status string `json:"status" enum:"none_known,recorded,not_recorded" doc:"Whether risks are known. If it is recorded and there is no text, the person agreed to a summary only: ask the link worker."`
	Text   string `json:"text,omitempty" doc:"The risks. With the level full."`
	Unseen int    `json:"unseen_concerns,omitempty" doc:"How many of the person's answers are a safeguarding concern that nobody has marked as seen; left out where there is none." example:"1"`
}

const (
	codesOnly = "codes_only"
	full      = "full"
	noAction  = "No action is requested of the practice."
	notAgreed = "No report to the practice has been agreed to: record the consent report_to_gp first."
)

// GPMessage makes the message back to the practice from what is recorded now. Faults: not_found, consent_required.
func (s *Store) GPMessage(ctx context.Context, episode uuid.UUID) (m GPMessage, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		e, err := db.Find[episodes.Episode](tx, "episode", episode)
		if err != nil {
			return err
		}
		p, err := db.Find[people.Patient](tx, "patient", e.PatientID)
		if err != nil {
			return err
		}
		agreed, err := people.Standing(tx, p, people.ReportToGP)
		if err != nil {
			return err
		}
		if agreed == nil {
			return fault.New(fault.ConsentRequired, notAgreed)
		}
		if m, err = fileable(tx, p, e, *agreed); err != nil {
			return err
		}
		if m.Consent.Level != codesOnly {
			if err := m.tell(tx, e); err != nil {
				return err
			}
		}
		return events.Read(tx, "gp_message", e.SiteID, p.ID)
	})
	return m, err
}

// fileable is what every level has: who, when, and codes.
func fileable(tx *db.Tx, p people.Patient, e episodes.Episode, agreed people.Consent) (GPMessage, error) {
	today, err := tx.Today(e.SiteID)
	m := GPMessage{
		EpisodeID: e.ID, MadeOn: today,
		Person:  GPPerson{p.GivenName, p.FamilyName, p.BirthDate, p.NHSNumber, p.GPPracticeCode},
		Consent: GPConsent{Level: codesOnly, Decision: agreed.Decision, DecidedOn: agreed.DecidedOn},
		Dates:   GPDates{e.ReceivedOn, e.FirstContactOn, e.ClosedOn},
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
