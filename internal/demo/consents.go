package demo

import (
	"time"

	"waypost/internal/people"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

var (
	sharing    = mix{{"given", 94}, {"declined", 4}, {"not_asked", 2}}
	beingAsked = mix{{"given", 94}, {"not_asked", 6}} // the plots settle who says no
	reporting  = mix{{"given", 84}, {"declined", 8}, {"not_obtained", 3}, {"not_asked", 5}}
	research   = mix{{"given", 50}, {"declined", 26}, {"not_asked", 24}}
	more       = mix{{"given", 62}, {"declined", 38}} // asked of those who agreed to research
	levels     = mix{{"codes_only", 20}, {"summary", 60}, {"full", 20}}
)

const wording = "demo-1" // version of the words that people were read

// agree records what the person agrees to when they are first met, and what some of them take back later.
func (s *spell) agree(at time.Time, on day.Date) {
	share := s.of(sharing)
	if s.e.Needs.Primary == "memory_dementia" && s.chance(0.2) {
		share = "best_interests"
	}
	s.share = share == "given" || share == "best_interests"
	s.consentAt(at, people.ShareWithOrganisations, share, on)
	s.consentAt(at, "report_to_gp", s.of(reporting), on)
	s.agreeToFollowUp(at, on)
	agreed := s.of(research)
	s.consentAt(at, people.Research, agreed, on)
	if agreed != "given" {
		return
	}
	s.consentAt(at, "recontact", s.of(more), on)
	s.consentAt(at, "share_my_words", s.of(more), on)
	if after := on.AddDays(45); s.chance(0.08) && after.Before(s.end) {
		s.consent(people.Research, "withdrawn", s.day(after, s.end))
	}
}

// agreeToFollowUp: of those whose follow-up is on hold, some died, some said no, and some said so later.
func (s *spell) agreeToFollowUp(at time.Time, on day.Date) {
	hold := s.plot.state == "paused" && s.person.DiedOn == nil
	switch {
	case hold && s.twist%4 == 1:
		s.consentAt(at, people.FollowUpContact, "declined", on)
	case hold:
		s.consentAt(at, people.FollowUpContact, "given", on)
		s.consent(people.FollowUpContact, "withdrawn", s.day(on.AddDays(20), s.end))
	default:
		s.consentAt(at, people.FollowUpContact, s.of(beingAsked), on)
	}
}

// takeBack withdraws consent to share, after all that was shared with it.
func (s *spell) takeBack() {
	if from := s.baseline.AddDays(lastReferral + 1); s.share && from.Before(s.end) && s.chance(0.03) {
		s.consent(people.ShareWithOrganisations, "withdrawn", s.day(from, s.end))
	}
}

func (s *spell) consent(purpose, decision string, on day.Date) {
	s.consentAt(s.moment(s.dice, on), purpose, decision, on)
}

func (s *spell) consentAt(at time.Time, purpose, decision string, on day.Date) {
	c := people.Consent{ID: db.IDAt(at), SiteID: s.site.ID, PatientID: s.person.ID, CreatedAt: at, UpdatedAt: at,
		NewConsent: people.NewConsent{Purpose: purpose, Decision: decision, DecidedOn: on}}
	switch {
	case decision == "not_obtained":
		c.Reason = new(pick(s.dice, phrases.NotObtained))
	case decision == "given" || decision == "declined":
		c.Method, c.WordingVersion = new("telephone"), new(wording)
	case purpose == people.Research && decision == "withdrawn":
		c.Withdrawal = new(pick(s.dice, []string{"stop_contact_keep_data", "stop_contact_keep_data", "remove_my_data"}))
	}
	if purpose == "report_to_gp" && decision == "given" {
		c.Level = new(s.of(levels))
	}
	s.consents = append(s.consents, c)
	about := s.about()
	about.ID = c.ID
	s.note(s.worker, at, events.ConsentDecided(decision), about, events.Data{"purpose": purpose}, &on)
}
