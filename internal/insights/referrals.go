package insights

import (
	"context"
	"slices"
)

// ReferralRow is where referrals stand, and how soon organisations answered. A null was withheld, because
// it or what it leaves over rests on few.
type ReferralRow struct {
	Divider
	// Referrals that were sent. Signposts are no referrals.
	All *int `json:"all" example:"300"`
	// Of all: the loop is closed, since the organisation said how it ended (completed, not_completed,
	// declined).
	Closed *int `json:"closed" example:"160"`
	// Of all: sent, accepted, waitlisted or in_progress.
	Open *int `json:"open" example:"90"`
	// Of all: nobody answered in time. That is no no.
	Expired *int `json:"expired" example:"30"`
	// Of all: taken back by the person or the link worker.
	Withdrawn *int `json:"withdrawn" example:"20"`
	// Of closed: finished as meant.
	Completed *int `json:"completed" example:"100"`
	// Of closed: ended without.
	NotCompleted *int `json:"not_completed" example:"30"`
	// Of closed: the organisation, or the person, said no.
	Declined *int `json:"declined" example:"30"`
	// Of open: the person goes there.
	InProgress *int `json:"in_progress" example:"40"`
	// Of open: taken, and not begun.
	Accepted *int `json:"accepted" example:"20"`
	// Of open: on a waiting list.
	Waitlisted *int `json:"waitlisted" example:"20"`
	// Of open: not answered yet.
	Sent *int `json:"sent" example:"10"`
	// Of all: the first answer came within 7 days.
	AnsweredIn7Days *int `json:"answered_in_7_days" example:"150"`
	// Of all: after 8 to 14 days.
	AnsweredIn14Days *int `json:"answered_in_14_days" example:"60"`
	// Of all: after 15 to 28 days.
	AnsweredIn28Days *int `json:"answered_in_28_days" example:"30"`
	// Of all: after more.
	AnsweredLater *int `json:"answered_later" example:"20"`
	// Percent of all that are closed, 0 to 100, from the two as published.
	LoopClosurePercent *float64 `json:"loop_closure_percent" example:"53.3"`
	// People were told of something and nothing was sent: they count in nothing else here.
	Signposts *int `json:"signposts" example:"90"`
	Withheld
}

const referralsDefinition = "Referrals sent in the period, and where they stand at the end of the day of the figures. The loop is " +
	"closed when the organisation (or a link worker for it) has said how the referral ended: completed, not " +
	"completed, or declined. " +
	"A silent organisation makes a referral expired, never declined; a late answer still counts. Time to " +
	"answer is days from sending to the organisation's first answer."

// standing is referrals of one place by where they stand.
type standing struct {
	Cell
	Signposts, Sent, Accepted, Waitlisted, InProgress, Completed, NotCompleted, Declined, Withdrawn, Expired int
	Within7, Within14, Within28, Later                                                                       int
}

func (s standing) closed() []int { return []int{s.Completed, s.NotCompleted, s.Declined} }

func (s standing) open() []int { return []int{s.InProgress, s.Accepted, s.Waitlisted, s.Sent} }

func (s standing) all() []int {
	return []int{total(s.closed()), total(s.open()), s.Expired, s.Withdrawn}
}

func (s standing) answered() []int {
	soon := []int{s.Within7, s.Within14, s.Within28, s.Later}
	return append(soon, total(s.all())-total(soon))
}

func (s standing) plus(o standing) standing {
	s.Signposts, s.Sent, s.Accepted, s.Waitlisted, s.InProgress = s.Signposts+o.Signposts, s.Sent+o.Sent, s.Accepted+o.Accepted, s.Waitlisted+o.Waitlisted, s.InProgress+o.InProgress
	s.Completed, s.NotCompleted, s.Declined, s.Withdrawn, s.Expired = s.Completed+o.Completed, s.NotCompleted+o.NotCompleted, s.Declined+o.Declined, s.Withdrawn+o.Withdrawn, s.Expired+o.Expired
	s.Within7, s.Within14, s.Within28, s.Later = s.Within7+o.Within7, s.Within14+o.Within14, s.Within28+o.Within28, s.Later+o.Later
	return s
}

// referrals is where referrals stand. Its columns are in the order of ReferralRow's fields.
var referrals = metric[standing, ReferralRow]{
	Entry: Entry{
		ID:         "referrals",
		Title:      "Where referrals stand",
		Definition: referralsDefinition,
		Formula:    "loop_closure_percent = 100 × closed / all",
		Dimensions: slices.Concat(
			[]Dimension{BySite, ByMonth, ByOrganisation},
			ofPeople,
		),
		Filters: countFilters,
		Version: 1,
	},
	sql:     "referrals.sql.tmpl",
	columns: referralColumns(),
	subs:    one,
	row:     referralRow,
}

func referralColumns() []column[standing] {
	all, closed, open, answered := sorted(
		standing.all,
	), sorted(
		standing.closed,
	), sorted(
		standing.open,
	), sorted(
		standing.answered,
	)
	list := []column[standing]{all.whole(), all.kind(0), all.kind(1), all.kind(2), all.kind(3)}
	for kind := range (standing{}).closed() {
		list = append(list, closed.kind(kind, all.kind(0)))
	}
	for kind := range (standing{}).open() {
		list = append(list, open.kind(kind, all.kind(1)))
	}
	for kind := range 4 {
		list = append(list, answered.kind(kind, all.whole()))
	}
	return append(list, sorted(func(s standing) []int { return []int{s.Signposts} }).whole().and(all.whole()))
}

func referralRow(at Divider, _ string, n []*int, suppressed bool) ReferralRow {
	r := ReferralRow{Divider: at, Withheld: withheld(suppressed)}
	fill(
		n,
		&r.All,
		&r.Closed,
		&r.Open,
		&r.Expired,
		&r.Withdrawn,
		&r.Completed,
		&r.NotCompleted,
		&r.Declined,
		&r.InProgress,
		&r.Accepted,
		&r.Waitlisted,
		&r.Sent,
		&r.AnsweredIn7Days,
		&r.AnsweredIn14Days,
		&r.AnsweredIn28Days,
		&r.AnsweredLater,
		&r.Signposts,
	)
	r.LoopClosurePercent = percent(r.Closed, r.All)
	return r
}

// Referrals is where referrals stand.
func (s *Store) Referrals(ctx context.Context, q Query) (Figures[ReferralRow], error) {
	return ask(ctx, s, referrals, q)
}
