package demo

import (
	"slices"
	"time"

	"waypost/internal/episodes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/referrals"
)

// course is what becomes of a referral. Its steps are taken in order of time; those that the story's end cuts off
// are not taken, so that a referral of last week has only begun.
type course struct {
	*spell
	*referrals.History
	service service
	sent    day.Date
	written time.Time // when the latest step was recorded
	cut     bool
}

// run takes the course with the fate, and lets a silent referral expire.
func (c *course) run(fate string) {
	if c.chance(0.006) {
		c.move(c.sent.AddDays(1), referrals.NewMove{To: referrals.EnteredInError}, actor.SideLinkWorker)
		return
	}
	reply := c.replies()
	if fate != "silent" && c.chance(0.03) {
		reply = c.slip(reply)
	}
	switch fate {
	case "silent":
		c.late()
	case "declined":
		c.answer(reply, referrals.NewMove{To: referrals.Declined, Reason: new(c.of(declines))})
	case "refused":
		c.move(reply, referrals.NewMove{To: referrals.Declined, Reason: new(c.of(refusals))}, actor.SidePatient)
	case "withdrawn":
		c.move(reply, referrals.NewMove{To: referrals.Withdrawn, Reason: new(c.of(withdrawals))}, actor.SideLinkWorker)
	case "waitlisted":
		c.wait(reply)
	case "accepted":
		c.accept(reply)
	case "came":
		c.sessions(reply)
	case "never_started":
		c.answer(reply, referrals.NewMove{To: referrals.Accepted})
		c.answer(c.soon(reply, 25, 60), referrals.NewMove{To: referrals.NotCompleted, Reason: new(c.of(failures))})
	}
	c.expire(c.today)
	c.mourn()
}

// replies is the day of the organisation's answer: within days, but some answer late.
func (c *course) replies() day.Date {
	if c.chance(0.1) {
		return c.soon(c.sent, c.site.ExpiryDays+1, 40)
	}
	return c.soon(c.sent, 1, c.site.ExpiryDays-3)
}

// soon is a day so many days after another.
func (c *course) soon(from day.Date, least, most int) day.Date {
	return c.day(from.AddDays(least), from.AddDays(most))
}

// late answers some of the referrals that nobody answered in time.
func (c *course) late() {
	if c.chance(0.3) {
		c.accept(c.soon(c.sent, c.site.ExpiryDays+2, 50))
	}
}

// slip records an answer that was meant for another referral, and undoes it.
func (c *course) slip(on day.Date) day.Date {
	if on.After(c.end) {
		return on
	}
	c.answer(on, referrals.NewMove{To: referrals.Declined, Reason: new("no_capacity")})
	c.step(c.written, func(at time.Time) error {
		_, err := c.Undo(as(c.tx, c.worker, at))
		return err
	})
	return on.AddDays(1)
}

func (c *course) wait(reply day.Date) {
	c.answer(
		reply,
		referrals.NewMove{To: referrals.Waitlisted, Reason: new(c.of(waits)), ExpectedStartOn: c.maybeSoon(reply)},
	)
	start := c.soon(reply, 20, 110)
	switch {
	case c.chance(0.2): // waiting still
	case c.chance(0.2):
		c.answer(start, referrals.NewMove{To: referrals.NotCompleted, Reason: new(c.of(failures))})
	default:
		c.accept(start)
	}
}

func (c *course) accept(reply day.Date) {
	c.answer(reply, referrals.NewMove{To: referrals.Accepted, ExpectedStartOn: c.maybeSoon(reply)})
	c.sessions(c.soon(reply, 3, 16))
}

func (c *course) maybeSoon(from day.Date) *day.Date {
	if c.chance(0.4) {
		return new(c.soon(from, 7, 45))
	}
	return nil
}

// sessions are the times that the person was expected; most then complete, and some go on for good.
func (c *course) sessions(first day.Date) {
	many, gap := c.between(3, 10), 7
	if c.service.few {
		many, gap = c.between(1, 3), 16
	}
	on := first
	for i := range many {
		c.session(on, i == 0)
		on = on.AddDays(gap)
	}
	switch {
	case c.Status != referrals.InProgress || c.chance(0.25):
	case c.chance(0.87):
		c.answer(c.soon(on, 1, 14), referrals.NewMove{To: referrals.Completed})
	default:
		c.answer(c.soon(on, 1, 20), referrals.NewMove{To: referrals.NotCompleted, Reason: new(c.of(failures))})
	}
}

// session is reported by the organisation, by the person, or by the link worker who went along the first time.
func (c *course) session(on day.Date, first bool) {
	if c.stop(on) {
		return
	}
	n := referrals.NewAttendance{On: on, Attended: c.chance(0.82), ReportedBy: actor.Side(c.of(attendanceBy))}
	if !n.Attended && c.chance(0.7) {
		n.Reason = new(c.of(absences))
	}
	if along := first && c.chance(0.1) && !on.After(c.active()); along {
		n = referrals.NewAttendance{On: on, Attended: true, ReportedBy: actor.SideLinkWorker}
		c.contact(
			on,
			episodes.NewContact{
				ContactDetails: episodes.ContactDetails{
					Mode:    "face_to_face",
					Kind:    "accompanied",
					Outcome: "attended",
					Minutes: new(c.between(60, 120)),
				},
				ReferralID: &c.ID,
				Attended:   new(true),
			},
		)
	}
	c.step(
		c.moment(c.dice, c.spell.written(on)),
		func(at time.Time) error { return c.Attend(as(c.tx, c.by(n.ReportedBy), at), n) },
	)
}

// answer is a move on the organisation's account.
func (c *course) answer(on day.Date, n referrals.NewMove) { c.move(on, n, actor.SideOrganisation) }

// move makes a move on a day, whoever's account it is, unless the story ends before it.
func (c *course) move(on day.Date, n referrals.NewMove, side actor.Side) {
	if c.stop(on) || !slices.Contains(referrals.Allowed(c.Status, c.by(side).Role), n.To) {
		return
	}
	at := c.moment(c.dice, on)
	n.ReportedBy = &side
	n.OccurredAt = new(c.after(at))
	c.step(at, func(at time.Time) error { return c.Move(as(c.tx, c.by(side), at), n) })
}

// stop expires what was not answered before the day, and reports whether the story ends before it.
func (c *course) stop(on day.Date) bool {
	c.cut = c.cut || on.After(c.end)
	if !c.cut {
		c.expire(on)
	}
	return c.cut
}

// expire lets the system note that no answer came in time. That is no "no".
func (c *course) expire(before day.Date) {
	on := c.sent.AddDays(c.site.ExpiryDays)
	if c.Status != referrals.Sent || !on.Before(before) {
		return
	}
	c.step(c.SentAt.AddDate(0, 0, c.site.ExpiryDays), func(at time.Time) error {
		return c.Move(as(c.tx, actor.Named("expiry"), at), referrals.NewMove{To: referrals.Expired})
	})
}

// mourn withdraws the open referral of somebody who died.
func (c *course) mourn() {
	if c.person.DiedOn == nil || !c.Status.Open() || !c.chance(0.8) {
		return
	}
	on := earlier(c.yesterday, c.end.AddDays(c.between(2, 10)))
	at := c.after(c.moment(c.dice, on))
	c.step(at, func(at time.Time) error {
		return c.Move(as(c.tx, c.worker, at), referrals.NewMove{To: referrals.Withdrawn, Reason: new("patient_died")})
	})
}

// step records one step, after the one before it.
func (c *course) step(at time.Time, record func(at time.Time) error) {
	c.written = c.after(at)
	c.fail(record(c.written))
}

// after is the time, or a little after the latest step was recorded.
func (c *course) after(at time.Time) time.Time {
	if least := c.written.Add(2 * time.Minute); at.Before(least) {
		return least
	}
	return at
}

// by is who recorded something: organisations that answer over the API themselves, everything else the link worker.
func (c *course) by(side actor.Side) actor.Actor {
	if side == actor.SideOrganisation && c.service.answers {
		return actor.Actor{Role: actor.Organisation, OrganisationID: &c.OrganisationID}
	}
	return c.worker
}
