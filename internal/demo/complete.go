package demo

import (
	"slices"
	"time"

	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/referrals"
)

// complete is the follow-up that was answered.
func (s *spell) complete() {
	on := s.answered()
	s.attempts(s.between(0, 2), on.AddDays(-1))
	now := s.mood.later(s.dice, 1)
	change := now["life_satisfaction"] - s.mood["life_satisfaction"]
	at := s.moment(s.dice, on)
	c := outcomes.Completion{
		CompletedOn: on,
		Mode:        s.of(askedBy),
		Respondent:  s.of(respondents),
		CollectedBy: s.of(collectors),
		Language:    s.person.Language,
		CompletionAnswers: outcomes.CompletionAnswers{
			HowHaveYouBeen: s.been(change),
			Benefit:        s.benefit(change),
			Services:       s.usedAll(at, change),
		},
	}
	c.Helper = s.helper(c.Respondent)
	if c.Mode == "online" {
		c.CollectedBy = "patient_link"
	}
	if s.chance(0.5) {
		c.Narrative = new(s.narrative(change))
	}
	s.outcomes.Completed = append(
		s.outcomes.Completed,
		outcomes.RecordedCompletion{
			ID:         db.IDAt(at),
			SiteID:     s.site.ID,
			FollowUpID: s.asked.ID,
			Completion: c,
			CreatedAt:  at,
			UpdatedAt:  at,
		},
	)
	for _, u := range c.Services {
		s.reported(at, u, on)
	}
	if s.chance(0.95) { // some answer the questions about services, and no more
		answers := outcomes.Answers{
			CompletedOn: on,
			Mode:        c.Mode,
			Respondent:  c.Respondent,
			Helper:      c.Helper,
			CollectedBy: c.CollectedBy,
			Language:    c.Language,
			Responses:   now.answers(s.dice),
		}
		if c.Respondent != "proxy" { // who may not answer ONS4 for the person
			s.assess(at, s.asked.Code, answers, &s.asked.ID)
		}
	}
	s.asked.CompletedOn = &on
	s.recorded(at, events.FollowUpCompleted, events.Data{"code": s.asked.Code}, on)
}

// helper is who helped: an interpreter those who speak another language.
func (s *spell) helper(respondent string) *string {
	switch {
	case respondent == "self":
		return nil
	case respondent == "proxy":
		return new("carer")
	case *s.person.Language != "en":
		return new("interpreter")
	default:
		return new("family_friend")
	}
}

// answered is when: mostly in the window, sometimes early or late.
func (s *spell) answered() day.Date {
	switch {
	case s.chance(0.04):
		return s.day(s.baseline.AddDays(245), s.asked.OpensOn.AddDays(-1))
	case s.chance(0.07) && s.asked.ClosesOn.AddDays(3).Before(s.yesterday):
		return s.day(s.asked.ClosesOn.AddDays(1), earlier(s.yesterday, s.asked.ClosesOn.AddDays(60)))
	default:
		return s.day(s.asked.OpensOn, earlier(s.yesterday, s.asked.ClosesOn))
	}
}

func (s *spell) been(change float64) string {
	switch felt := change + s.normal(0, 1); {
	case s.chance(0.02):
		return "prefer_not_to_say"
	case felt > 2.6:
		return "much_better"
	case felt > 0.7:
		return "better"
	case felt > -0.9:
		return "same"
	case felt > -2.8:
		return "worse"
	default:
		return "much_worse"
	}
}

// benefit is likelier where things went well.
func (s *spell) benefit(change float64) string {
	if change+s.normal(0, 1.5) > -0.5 {
		return s.of(helped)
	}
	return s.of(hardlyHelped)
}

func (s *spell) narrative(change float64) string {
	words := phrases.Same
	switch {
	case change > 0.8:
		words = phrases.Better
	case change < -0.8:
		words = phrases.Worse
	}
	text := pick(s.dice, words)
	if s.chance(0.4) {
		text += " " + pick(s.dice, phrases.Closing)
	}
	return text
}

// usedAll is what the person says of everything they were connected to.
func (s *spell) usedAll(at time.Time, change float64) (list []outcomes.Used) {
	for _, h := range s.made {
		if h.SentAt == nil || h.Status == referrals.EnteredInError || h.SentAt.After(at) {
			continue
		}
		list = append(list, s.used(h, day.Of(at), change))
	}
	if s.chance(0.12) {
		name := pick(s.dice, phrases.OtherServices)
		list = append(list, outcomes.Used{Name: &name, Used: "still_using", Benefit: s.of(helped)})
	}
	return list
}

func (s *spell) used(h *referrals.History, on day.Date, change float64) outcomes.Used {
	u := outcomes.Used{ReferralID: &h.ID, Used: s.uses(h, on), Benefit: "not_applicable"}
	switch u.Used {
	case "still_using":
		u.Benefit = s.benefit(change)
	case "used_stopped":
		u.Benefit, u.Reason = s.benefit(change), new(s.of(stops))
	case "not_yet":
		u.Reason = new("on_waiting_list")
	case "tried_could_not", "did_not_use":
		u.Reason = s.whyNot(h)
	}
	return u
}

// uses is what the person says, which one in ten times is not what the organisation says.
func (s *spell) uses(h *referrals.History, on day.Date) string {
	came := h.FirstAttendedOn != nil && h.FirstAttendedOn.Before(on)
	if s.chance(0.1) {
		came = !came
	}
	switch {
	case h.Kind == "signpost":
		return s.of(signpostUses)
	case came && h.Status == referrals.InProgress:
		return pick(s.dice, []string{"still_using", "still_using", "still_using", "used_stopped"})
	case came:
		return pick(s.dice, []string{"still_using", "used_stopped", "used_stopped"})
	case h.Status == referrals.Waitlisted:
		return "not_yet"
	default:
		return pick(s.dice, []string{"did_not_use", "did_not_use", "did_not_use", "tried_could_not", "do_not_remember"})
	}
}

func (s *spell) whyNot(h *referrals.History) *string {
	silent := []referrals.Status{referrals.Sent, referrals.Expired}
	if slices.Contains(silent, h.Status) {
		return new("never_heard_back")
	}
	return new(s.of(obstacles))
}

// reported puts what the person says of a referral onto its timeline, as their own account.
func (s *spell) reported(at time.Time, u outcomes.Used, on day.Date) {
	if u.ReferralID == nil {
		return
	}
	about := s.about()
	about.ID, about.ReferralID = *u.ReferralID, *u.ReferralID
	data := events.Data{"used": u.Used, "benefit": u.Benefit}
	if u.Reason != nil {
		data["reason"] = *u.Reason
	}
	s.note(s.worker, at, events.ReferralPatientReported, about, data, &on, events.From(actor.SidePatient))
}
