package insights

import (
	"context"
	"slices"
)

// ReferralRow is where referrals stand, and how soon organisations answered. A null was withheld, because
// it or what it leaves over rests on few.
type ReferralRow struct {
	Divider
	All                *int     `json:"all" doc:"Referrals that were sent. Signposts are no referrals." example:"300"`
	Closed             *int     `json:"closed" doc:"Of all: the loop is closed, since the organisation said how it ended (completed, not_completed, declined)." example:"160"`
	Open               *int     `json:"open" doc:"Of all: sent, accepted, waitlisted or in_progress." example:"90"`
	Expired            *int     `json:"expired" doc:"Of all: nobody answered in time. That is no no." example:"30"`
	Withdrawn          *int     `json:"withdrawn" doc:"Of all: taken back by the person or the link worker." example:"20"`
	Completed          *int     `json:"completed" doc:"Of closed: finished as meant." example:"100"`
	NotCompleted       *int     `json:"not_completed" doc:"Of closed: ended without." example:"30"`
	Declined           *int     `json:"declined" doc:"Of closed: the organisation, or the person, said no." example:"30"`
	InProgress         *int     `json:"in_progress" doc:"Of open: the person goes there." example:"40"`
	Accepted           *int     `json:"accepted" doc:"Of open: taken, and not begun." example:"20"`
	Waitlisted         *int     `json:"waitlisted" doc:"Of open: on a waiting list." example:"20"`
	Sent               *int     `json:"sent" doc:"Of open: not answered yet." example:"10"`
	AnsweredIn7Days    *int     `json:"answered_in_7_days" doc:"Of all: the first answer came within 7 days." example:"150"`
	AnsweredIn14Days   *int     `json:"answered_in_14_days" doc:"Of all: after 8 to 14 days." example:"60"`
	AnsweredIn28Days   *int     `json:"answered_in_28_days" doc:"Of all: after 15 to 28 days." example:"30"`
	AnsweredLater      *int     `json:"answered_later" doc:"Of all: after more." example:"20"`
	LoopClosurePercent *float64 `json:"loop_closure_percent" doc:"Percent of all that are closed, 0 to 100, from the two as published." example:"53.3"`
	Signposts          *int     `json:"signposts" doc:"People were told of something and nothing was sent: they count in nothing else here." example:"90"`
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
