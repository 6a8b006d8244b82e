package demo

import (
	"time"

	"github.com/google/uuid"

	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

// measureBaseline asks how the person is, which plans the follow-up.
func (s *spell) measureBaseline(first day.Date, met time.Time) {
	s.mood = s.feel()
	at := met.Add(20 * time.Minute) // at the first meeting
	if s.baseline.After(first) {
		at = s.meeting(s.dice, s.baseline)
	}
	answers := outcomes.Answers{
		CompletedOn: s.baseline,
		Mode:        s.of(firstModes),
		Respondent:  s.of(respondents),
		CollectedBy: "link_worker",
		Language:    s.person.Language,
		Responses:   s.mood.answers(s.dice),
	}
	if answers.Respondent == "proxy" { // ONS4 is answered by the person, with help
		answers.Respondent = "self_with_help"
	}
	answers.Helper = s.helper(answers.Respondent)
	s.assess(at, "baseline", answers, nil)
	s.e.BaselineOn = &s.baseline
	s.changed(at, events.EpisodeBaselineTaken, nil, s.baseline)
	s.plan(at)
}

// review asks some people again on the way.
func (s *spell) review() {
	if on := s.baseline.AddDays(s.between(80, 110)); s.chance(0.2) && on.Before(s.active()) {
		answers := outcomes.Answers{
			CompletedOn: on,
			Mode:        "telephone",
			Respondent:  "self",
			CollectedBy: "link_worker",
			Language:    s.person.Language,
			Responses:   s.mood.later(s.dice, 0.5).answers(s.dice),
		}
		s.assess(s.moment(s.dice, on), "review", answers, nil)
	}
}

// assess scores and keeps an assessment.
func (s *spell) assess(at time.Time, timepoint string, answers outcomes.Answers, followUp *uuid.UUID) {
	s.fail(s.ons4.Check("responses", answers.Responses))
	a := outcomes.Assessment{
		ID:                db.IDAt(at),
		SiteID:            s.site.ID,
		EpisodeID:         s.e.ID,
		Instrument:        s.ons4.Key,
		InstrumentVersion: s.ons4.Version,
		Timepoint:         timepoint,
		Answers:           answers,
		Scores:            s.ons4.Compute(answers.Responses),
		FollowUpID:        followUp,
		RecordedVia:       "demo",
		CreatedAt:         at,
		UpdatedAt:         at,
	}
	s.outcomes.Assessments = append(s.outcomes.Assessments, a)
	about := s.about()
	about.ID = a.ID
	s.note(
		s.worker,
		at,
		events.AssessmentRecorded,
		about,
		events.Data{"instrument": a.Instrument, "timepoint": timepoint},
		&answers.CompletedOn,
	)
}

// plan plans the follow-up.
func (s *spell) plan(at time.Time) {
	f, err := outcomes.Planned(s.schedule(), s.baseline)
	s.fail(err)
	f.ID, f.SiteID, f.EpisodeID, f.PatientID, f.CreatedAt, f.UpdatedAt = db.IDAt(
		at,
	), s.site.ID, s.e.ID, s.person.ID, at, at
	s.asked = f
	s.note(
		s.worker,
		at,
		events.FollowUpPlanned,
		s.aboutFollowUp(),
		events.Data{"code": f.Code, "opens_on": f.OpensOn.String()},
		nil,
	)
}

func (s *spell) aboutFollowUp() events.Subject {
	about := s.about()
	about.ID = s.asked.ID
	return about
}

// lookBack tells what became of the follow-up: the plot says so.
func (s *spell) lookBack() {
	switch s.plot.state {
	case "completed":
		s.complete()
	case "lost":
		s.lose()
	case "missed":
		s.attempts(s.between(0, 2)*s.between(0, 1), s.asked.ClosesOn)
	case "overdue":
		s.attempts(s.between(0, 2), s.yesterday)
	case "due":
		s.attempts(s.between(0, 1)*s.between(0, 1), s.yesterday)
	}
	s.outcomes.FollowUps = append(s.outcomes.FollowUps, s.asked)
}

// attempts are tries at reaching the person between the window's opening and a day.
func (s *spell) attempts(n int, until day.Date) {
	on := s.asked.OpensOn
	for range n {
		on = s.day(on, earlier(until, on.AddDays(20)))
		if on.After(until) {
			return
		}
		s.attempt(on, s.of(tries))
		on = on.AddDays(2)
	}
}

func (s *spell) attempt(on day.Date, result string) {
	at := s.moment(s.dice, on)
	a := outcomes.Attempt{
		ID:         db.IDAt(at),
		SiteID:     s.site.ID,
		FollowUpID: s.asked.ID,
		At:         at,
		Channel:    s.channel(result),
		Result:     result,
		CreatedAt:  at,
		UpdatedAt:  at,
	}
	s.outcomes.Attempts = append(s.outcomes.Attempts, a)
	s.note(
		s.worker,
		at,
		events.FollowUpAttempted,
		s.aboutFollowUp(),
		events.Data{"channel": a.Channel, "result": result},
		&on,
	)
}

// channel is how somebody was tried: an invitation is written, to who has an address by email.
func (s *spell) channel(result string) string {
	switch {
	case result != "invitation_sent":
		return s.of(channels)
	case s.person.Email != nil:
		return "email"
	default:
		return s.of(writing)
	}
}

// loss is why and when a follow-up was given up.
type loss struct {
	reason string
	on     day.Date
}

// foreseeLoss settles it before the story is told, since somebody may have died.
func (s *spell) foreseeLoss() loss {
	opens := s.baseline.AddDays(276)
	l := loss{s.of(losses), s.day(opens.AddDays(12), earlier(s.yesterday, opens.AddDays(105)))}
	if l.reason == "died" {
		s.die(s.day(s.baseline.AddDays(60), l.on.AddDays(-3)))
	}
	return l
}

func (s *spell) lose() {
	switch s.lost.reason {
	case "could_not_contact":
		s.attempts(3, s.lost.on)
	case "declined", "withdrew":
		s.attempt(s.lost.on, "declined")
	case "moved":
		s.attempt(s.lost.on, "wrong_details")
	}
	if s.lost.reason == "withdrew" {
		s.consent(people.FollowUpContact, "withdrawn", s.lost.on)
	}
	at := s.moment(s.dice, s.lost.on).Add(time.Minute)
	s.asked.LostOn, s.asked.LossReason = &s.lost.on, &s.lost.reason
	s.recorded(at, events.FollowUpLost, events.Data{"reason": s.lost.reason}, s.lost.on)
}

func (s *spell) recorded(at time.Time, kind events.Kind, data events.Data, on day.Date) {
	s.asked.Version, s.asked.UpdatedAt = s.asked.Version+1, at
	s.note(s.worker, at, kind, s.aboutFollowUp(), data, &on)
}
