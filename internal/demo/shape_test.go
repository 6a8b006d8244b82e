package demo

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/casework"
	"waypost/internal/directory"
	"waypost/internal/episodes"
	"waypost/internal/instruments"
	"waypost/internal/keys"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/patch"
	"waypost/internal/referrals"
	"waypost/internal/sites"
	"waypost/internal/stores"
)

// shapes lists what kinds of event are about, on whose timelines they lie, and what their data says.
const shapes = `select distinct concat_ws(' ', type, subject_type, site_id is not null, patient_id is not null,
	referral_id is not null, k)
	from events left join jsonb_object_keys(data) k on true where (actor_key_id is not null) = ? and type <>
		'api_key.added'`

// TestEventsAreAsTheStores records by the stores whatever a demo tells of, and compares the events: a demo's, which no
// key recorded, have no kind, subject or data that the stores' have not.
func TestEventsAreAsTheStores(t *testing.T) {
	d, k, _ := load(t, small, 25)
	s := newRecorder(t, d, k)
	s.administer()
	s.complete(s.support())
	s.lose(s.support())
	recorded := rows(t, d, shapes, true)
	for _, told := range rows(t, d, shapes, false) {
		// by the system, which has no key
		if !slices.Contains(recorded, told) && !strings.HasPrefix(told, "referral.expired ") {
			t.Errorf("no store records an event like %q", told)
		}
	}
}

// recorder records as a link worker would over the API.
type recorder struct {
	*testing.T
	*casework.Store
	*db.DB
	ctx, admin context.Context
	service    *directory.Service
}

func newRecorder(t *testing.T, d *db.DB, k Keys) *recorder {
	s := &recorder{T: t, Store: stores.New(d).Casework, DB: d}
	s.ctx, s.admin = actor.With(
		t.Context(),
		behind(t, d, k.LinkWorker),
	), actor.With(
		t.Context(),
		behind(t, d, k.Administrator),
	)
	return s
}

// behind is the actor behind a key.
func behind(t *testing.T, d *db.DB, key string) actor.Actor {
	t.Helper()
	ctx, leave, err := (&keys.Store{DB: d}).Authenticate(t.Context(), key, nil)
	defer leave()
	if err != nil {
		t.Fatal(err)
	}
	return actor.From(ctx)
}

func (s *recorder) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *recorder) administer() {
	site, err := (&sites.Store{DB: s.DB}).Add(s.admin, sites.New{Name: "Example", Code: "example"})
	s.must(err)
	_, err = (&sites.Store{DB: s.DB}).AddLinkWorker(
		s.admin,
		sites.NewLinkWorker{
			SiteID:            &site.ID,
			LinkWorkerDetails: sites.LinkWorkerDetails{Name: "Sam Example", Email: "sam@example.org"},
		},
	)
	s.must(err)
	o, err := (&directory.Store{DB: s.DB}).AddOrganisation(s.admin, directory.NewOrganisation{Name: "Example"})
	s.must(err)
	v, err := (&directory.Store{DB: s.DB}).AddService(s.admin, o.ID, directory.NewService{Name: "Example"})
	s.must(err)
	s.service = &v
}

// support tells of a person from being referred in to the end of support, and returns the follow-up and
// what they attended.
func (s *recorder) support() (outcomes.FollowUp, uuid.UUID) {
	today := day.Of(time.Now().UTC()).AddDays(-1)
	p, err := (&people.Store{DB: s.DB}).Record(
		s.ctx,
		people.Recording{New: people.New{Details: people.Details{
			GivenName: new("A"), FamilyName: new("B"), BirthDate: new(monday.Whole()),
		}}},
		"api",
	)
	s.must(err)
	for _, decision := range []string{"given", "declined", "not_asked", "not_obtained", "withdrawn", "best_interests"} {
		n := people.NewConsent{
			Purpose:   people.ShareWithOrganisations,
			Decision:  decision,
			DecidedOn: today.AddDays(-1),
			Reason:    new("why"),
		}
		if decision == "best_interests" { // of one day the refusals would stand
			n.DecidedOn = today
		}
		_, err := (&people.Store{DB: s.DB}).RecordConsent(s.ctx, p.ID, n)
		s.must(err)
	}
	e, err := s.OpenEpisode(
		s.ctx,
		episodes.New{
			PatientID: p.ID,
			Details:   episodes.Details{Source: "gp", ReceivedOn: today, Needs: episodes.Needs{Primary: "food"}},
		},
		"api",
	)
	s.must(err)
	_, err = s.RecordContact(
		s.ctx,
		e.ID,
		episodes.NewContact{
			ContactDetails: episodes.ContactDetails{
				On:      today,
				Mode:    "telephone",
				Kind:    "first_contact",
				Outcome: "spoke",
			},
		},
		"api",
	)
	s.must(err)
	_, err = s.Outcomes.Record(
		s.ctx,
		outcomes.New{
			EpisodeID:  e.ID,
			Instrument: "ons4",
			Timepoint:  "baseline",
			Answers:    outcomes.Answers{CompletedOn: today, Mode: "paper", Respondent: "self", Responses: calm},
		},
		"api",
	)
	s.must(err)
	attended := s.refer(e, today)
	s.end(e, p.Patient, today)
	list, _, err := s.Outcomes.FollowUps(
		s.ctx,
		outcomes.FollowUpFilter{EpisodeID: &e.ID},
		db.Page[outcomes.FollowUpPosition]{Limit: 1},
	)
	s.must(err)
	return list[0], attended
}

var calm = instruments.Responses{"anxiety": {Number: new(2.0)}}

func (s *recorder) end(e episodes.Episode, p people.Patient, today day.Date) {
	_, err := s.Episodes.Pause(s.ctx, e.ID, episodes.Pause{On: &today})
	s.must(err)
	_, err = s.CloseEpisode(
		s.ctx,
		e.ID,
		casework.Closure{Closure: episodes.Closure{ClosedOn: &today, Reason: "plan_completed"}},
		"api",
	)
	s.must(err)
	died, err := patch.Of[people.Details](`{"died_on": "` + today.String() + `"}`)
	s.must(err)
	_, err = (&people.Store{DB: s.DB}).Change(s.ctx, p.ID, 1, died)
	s.must(err)
}

// refer takes referrals through every status, signposts, and returns one that was attended.
func (s *recorder) refer(e episodes.Episode, today day.Date) uuid.UUID {
	organisation := actor.SideOrganisation
	for _, course := range [][]referrals.NewMove{
		{{To: referrals.Accepted}, {To: referrals.Completed}},
		{{To: referrals.Waitlisted, Reason: new("not_known")}, {To: referrals.NotCompleted, Reason: new("unwell")}},
		{{To: referrals.Declined, Reason: new("no_capacity")}},
		{{To: referrals.Withdrawn, Reason: new("patient_died")}},
		{{To: referrals.EnteredInError}},
	} {
		r := s.record(e, referrals.New{})
		for _, m := range course {
			m.ReportedBy = &organisation
			_, err := s.Referrals.Move(s.ctx, r.ID, m)
			s.must(err)
		}
	}
	s.record(e, referrals.New{Request: referrals.Request{Draft: true}})
	s.record(e, referrals.New{Request: referrals.Request{Kind: "signpost"}})
	came := s.record(e, referrals.New{Request: referrals.Request{SentAt: new(today.In(time.UTC))}})
	// of a day one side is heard once
	for side, attended := range map[actor.Side]bool{actor.SideLinkWorker: false, organisation: true} {
		_, err := s.Referrals.RecordAttendance(
			s.ctx,
			came.ID,
			referrals.NewAttendance{On: today, Attended: attended, ReportedBy: side},
		)
		s.must(err)
	}
	_, err := s.Referrals.Undo(s.ctx, came.ID, referrals.Undo{})
	s.must(err)
	return came.ID
}

func (s *recorder) record(e episodes.Episode, n referrals.New) referrals.Referral {
	n.EpisodeID, n.ServiceID, n.Need = e.ID, &s.service.ID, "food"
	r, err := s.Referrals.Record(s.ctx, n, "api")
	s.must(err)
	return r
}

func (s *recorder) complete(f outcomes.FollowUp, attended uuid.UUID) {
	_, err := s.Outcomes.Complete(s.ctx, f.ID, outcomes.Completion{
		CompletedOn: day.Of(time.Now().UTC()).
			AddDays(-1),
		Mode:       "paper",
		Respondent: "self",
		CompletionAnswers: outcomes.CompletionAnswers{
			HowHaveYouBeen: "same",
			Benefit:        "some",
			Services: []outcomes.Used{
				{ReferralID: &attended, Used: "used_stopped", Reason: new("finished"), Benefit: "some"},
			},
		},
		Assessments: []outcomes.Measure{{Instrument: "ons4", Responses: calm}},
	}, "api")
	s.must(err)
}

func (s *recorder) lose(f outcomes.FollowUp, _ uuid.UUID) {
	_, err := s.Outcomes.Attempt(s.ctx, f.ID, outcomes.NewAttempt{Channel: "telephone", Result: "no_answer"})
	s.must(err)
	_, err = s.Outcomes.RecordLoss(s.ctx, f.ID, outcomes.Loss{Reason: "moved"})
	s.must(err)
}
