package demo

import (
	"time"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/referrals"
)

// spell is an episode and what happens in it.
type spell struct {
	*life
	e      episodes.Episode
	closes *day.Date // when it will be closed, if so,
	pauses *day.Date // or paused; no contact and no new referral after it
	lost   loss      // when and why its follow-up will be given up, if so
	share  bool      // the person agrees to share with organisations
	mood   mood
	asked  outcomes.FollowUp
	made   []*referrals.History
}

// open opens an episode on the day when the person was referred in.
func (l *life) open() *spell {
	at := l.person.CreatedAt.Add(5 * time.Minute)
	s := &spell{life: l}
	s.e = episodes.Episode{
		ID:          db.IDAt(at),
		SiteID:      l.site.ID,
		PatientID:   l.person.ID,
		Status:      episodes.Waiting,
		RecordedVia: "demo",
		Version:     1,
		CreatedAt:   at,
		UpdatedAt:   at,
		Details: episodes.Details{
			LinkWorkerID: l.worker.LinkWorkerID, Source: l.of(sources), ReceivedOn: l.received, Needs: l.needs(),
			WhatMatters: maybe(l.dice, 0.7, phrases.WhatMatters), Risks: l.risks(),
		},
	}
	l.note(l.worker, at, events.EpisodeOpened, s.subject(), nil, &l.received)
	return s
}

func (l *life) needs() (n episodes.Needs) {
	n.Primary = l.of(needs)
	for range l.between(0, 2) {
		other := l.of(needs)
		if other != n.Primary && (len(n.Others) == 0 || n.Others[0] != other) {
			n.Others = append(n.Others, other)
		}
	}
	return n
}

func (l *life) risks() *string {
	if l.chance(0.75) {
		return new("none_known")
	}
	return maybe(l.dice, 0.5, phrases.Risks)
}

// requested asks something of the practice for one person in five. No throw of the dice settles it: the
// others stay who they are.
func (l *life) requested() *string {
	if l.twist%5 != 1 {
		return nil
	}
	return &phrases.RequestedActions[l.twist/5%len(phrases.RequestedActions)]
}

func (s *spell) subject() events.Subject {
	about := s.about()
	about.ID = s.e.ID
	return about
}

// changed notes what changed the episode, at a time on or after the day.
func (s *spell) changed(at time.Time, kind events.Kind, data events.Data, on day.Date) {
	s.e.Version, s.e.UpdatedAt = s.e.Version+1, at
	s.note(s.worker, at, kind, s.subject(), data, &on)
}

// keepWaiting is the story of somebody whom nobody has reached yet.
func (s *spell) keepWaiting() {
	if s.chance(0.4) {
		s.try(s.day(s.received.AddDays(1), s.end))
	}
	s.keep()
}

// turnAway is the story of somebody who never took part.
func (s *spell) turnAway() {
	reason := s.of(turnedAway)
	on := s.day(s.received.AddDays(7), s.received.AddDays(35))
	switch reason {
	case "could_not_contact":
		for _, after := range []int{2, 5, 6} {
			s.try(s.received.AddDays(after))
		}
	case "declined_service":
		s.contact(
			on,
			episodes.NewContact{
				ContactDetails: episodes.ContactDetails{
					Mode:    "telephone",
					Kind:    "first_contact",
					Outcome: "spoke",
					Minutes: new(s.between(5, 20)),
				},
			},
		)
	}
	s.close(on, reason)
	s.keep()
}

// support is the story of somebody who is supported, asked how they are, and referred on.
func (s *spell) support() {
	s.foresee()
	s.e.RequestedActions = s.requested()
	first := later(s.received.AddDays(1), s.baseline.AddDays(-s.between(0, 6)))
	if tried := s.received.AddDays(1); tried.Before(first) && s.chance(0.4) {
		s.try(s.day(tried, first.AddDays(-1)))
	}
	met := s.meeting(s.dice, first)
	s.contactAt(
		met,
		first,
		episodes.NewContact{
			ContactDetails: episodes.ContactDetails{
				Mode:    s.of(firstModes),
				Kind:    "first_contact",
				Outcome: "spoke",
				Minutes: new(s.between(25, 75)),
				Note:    maybe(s.dice, 0.3, phrases.Notes),
			},
		},
	)
	s.agree(met.Add(10*time.Minute), first)
	s.measureBaseline(first, met)
	s.referOn()
	s.stayInTouch()
	s.review()
	s.conclude()
	s.lookBack()
	s.keep()
}

// foresee settles what ends the story early, and when the episode closes: the older it is, the likelier it has.
func (s *spell) foresee() {
	switch s.plot.state {
	case "lost":
		s.lost = s.foreseeLoss()
	case "paused":
		if s.twist%2 == 0 {
			s.die(s.day(s.baseline.AddDays(30), s.yesterday.AddDays(-10)))
		}
	}
	age := s.today.DaysSince(s.baseline)
	switch {
	case s.person.DiedOn != nil:
		s.closes = new(earlier(s.yesterday, s.end.AddDays(s.between(2, 12))))
	case age > 75 && s.chance(min(0.82, float64(age)/330)):
		s.closes = new(s.day(s.baseline.AddDays(55), earlier(s.yesterday, s.baseline.AddDays(290))))
	case age > 40 && s.chance(0.12):
		s.pauses = new(s.day(s.yesterday.AddDays(-20), s.yesterday))
	}
}

// active is the last day on which a contact is made or somebody is referred on.
func (s *spell) active() day.Date {
	last := s.end
	for _, stop := range []*day.Date{s.closes, s.pauses} {
		if stop != nil {
			last = earlier(last, *stop)
		}
	}
	return last
}

// try is an attempt to reach the person before the first contact.
func (s *spell) try(on day.Date) {
	s.contact(
		earlier(on, s.end),
		episodes.NewContact{
			ContactDetails: episodes.ContactDetails{Mode: "telephone", Kind: "first_contact", Outcome: s.of(unreached)},
		},
	)
}

// stayInTouch makes the contacts between the first and the last, further and further apart.
func (s *spell) stayInTouch() {
	on := *s.e.FirstContactOn
	for gap := 9; gap < 100; gap = gap*3/2 + s.between(0, 6) {
		on = on.AddDays(gap + s.between(-2, 4))
		if on.After(s.active()) {
			return
		}
		s.contact(on, s.supporting(on))
	}
}

func (s *spell) supporting(on day.Date) episodes.NewContact {
	c := episodes.NewContact{
		ContactDetails: episodes.ContactDetails{
			Mode:    s.of(supportModes),
			Kind:    s.of(contactKinds),
			Outcome: s.of(results),
			Note:    maybe(s.dice, 0.35, phrases.Notes),
		},
	}
	switch {
	case c.Kind == "on_behalf":
		c.Outcome = "spoke"
	case c.Kind == "holding":
		c.ReferralID = s.waitedFor(on)
	case c.Outcome == "did_not_attend":
		c.Mode = "face_to_face"
	}
	if c.Outcome == "spoke" {
		c.Minutes = new(5 * s.between(1, 9))
	}
	return c
}

// waitedFor is a referral that the person waits for on a day, if there is one.
func (s *spell) waitedFor(on day.Date) *uuid.UUID {
	for _, h := range s.made {
		sent := h.SentAt != nil && day.Of(*h.SentAt).Before(on)
		started := h.FirstAttendedOn != nil && !on.Before(*h.FirstAttendedOn)
		ended := h.EndedOn != nil && !on.Before(*h.EndedOn)
		if h.Kind == "referral" && sent && !started && !ended {
			return &h.ID
		}
	}
	return nil
}

// contact records a contact, mostly on the same day.
func (s *spell) contact(on day.Date, n episodes.NewContact) {
	s.contactAt(s.moment(s.dice, s.written(on)), on, n)
}

func (s *spell) contactAt(at time.Time, on day.Date, n episodes.NewContact) {
	n.On = on
	c := episodes.Contact{
		ID:          db.IDAt(at),
		SiteID:      s.site.ID,
		EpisodeID:   s.e.ID,
		NewContact:  n,
		RecordedVia: "demo",
		CreatedAt:   at,
		UpdatedAt:   at,
	}
	s.contacts = append(s.contacts, c)
	about := s.about()
	about.ID = c.ID
	s.note(s.worker, at, events.ContactRecorded, about, events.Data{"kind": n.Kind, "outcome": n.Outcome}, &on)
	if n.Reached() && s.e.FirstContactOn == nil {
		s.e.FirstContactOn, s.e.Status = &on, episodes.Active
		s.changed(at, events.EpisodeFirstContact, nil, on)
	}
}

// written is when something of a day was recorded: that day, or some days late.
func (s *spell) written(on day.Date) day.Date {
	if s.chance(0.85) {
		return on
	}
	return earlier(s.yesterday, on.AddDays(s.between(1, 4)))
}

// conclude pauses or closes the episode.
func (s *spell) conclude() {
	switch {
	case s.closes != nil && s.person.DiedOn != nil:
		s.close(*s.closes, "died")
	case s.closes != nil:
		s.close(*s.closes, s.of(closures))
	case s.pauses != nil:
		s.e.Status, s.e.PausedOn, s.e.PauseReason = episodes.Paused, s.pauses, new(pick(s.dice, phrases.PauseReasons))
		s.changed(s.moment(s.dice, *s.pauses), events.EpisodePaused, nil, *s.pauses)
	}
}

func (s *spell) close(on day.Date, reason string) {
	s.e.Status, s.e.ClosedOn, s.e.ClosureReason, s.e.ClosureNote = episodes.Closed, &on, &reason, maybe(
		s.dice,
		0.3,
		phrases.ClosureNotes,
	)
	s.changed(s.moment(s.dice, on), events.EpisodeClosed, events.Data{"reason": reason}, on)
}

// keep puts the episode and its referrals into the book.
func (s *spell) keep() {
	s.episodes = append(s.episodes, s.e)
	for _, h := range s.made {
		s.referrals = append(s.referrals, h.Referral)
		s.moves = append(s.moves, h.Moves...)
		s.attendances = append(s.attendances, h.Attendances...)
	}
}
