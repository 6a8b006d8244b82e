package insights

import (
	"context"
	"slices"
)

// FlowRow is how far people came, from being referred in to being followed up. Each step counts those of
// the step before who reached it too. A null was withheld, because it or what it leaves over rests on few.
type FlowRow struct {
	Divider
	// Episodes: people referred in.
	ReceivedIn *int `json:"received_in" example:"400"`
	// Of received_in: a first contact was made.
	Contacted *int `json:"contacted" example:"360"`
	// Of contacted: they were asked how they are.
	Baseline *int `json:"baseline" example:"340"`
	// Of baseline: at least one referral was sent.
	ReferralSent *int `json:"referral_sent" example:"300"`
	// Of referral_sent: an organisation took them, or they started.
	Accepted *int `json:"accepted" example:"220"`
	// Of accepted: they came at least once, whoever says so.
	Attended *int `json:"attended" example:"190"`
	// Of attended: the window of a follow-up has opened.
	FollowUpDue *int `json:"follow_up_due" example:"120"`
	// Of follow_up_due: they answered one.
	FollowedUp *int `json:"followed_up" example:"70"`
	// Percent of received_in that are followed up, 0 to 100, from the two as published.
	FollowedUpPercent *float64 `json:"followed_up_percent" example:"17.5"`
	Withheld
}

const flowDefinition = "How far people who were referred in during the period have come, to the day of the figures. A step counts " +
	"those of the step before who reached it as well, so that each is a part of the one above: " +
	"whoever was never referred on is in no step below baseline, even if they were followed up. Signposts " +
	"are no referrals; referrals entered in error count in nothing."

// reached is episodes of one place by the last step that they reached.
type reached struct {
	Cell
	Step0, Step1, Step2, Step3, Step4, Step5, Step6, Step7 int
}

func (r reached) steps() []int {
	return []int{r.Step0, r.Step1, r.Step2, r.Step3, r.Step4, r.Step5, r.Step6, r.Step7}
}

func (r reached) plus(o reached) reached {
	r.Step0, r.Step1, r.Step2, r.Step3 = r.Step0+o.Step0, r.Step1+o.Step1, r.Step2+o.Step2, r.Step3+o.Step3
	r.Step4, r.Step5, r.Step6, r.Step7 = r.Step4+o.Step4, r.Step5+o.Step5, r.Step6+o.Step6, r.Step7+o.Step7
	return r
}

// flow is how far people came. Its columns are in the order of FlowRow's fields.
var flow = metric[reached, FlowRow]{
	Entry: Entry{
		ID:         "flow",
		Title:      "How far people came",
		Definition: flowDefinition,
		Formula:    "followed_up_percent = 100 × followed_up / received_in",
		Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople),
		Filters:    countFilters,
		Version:    1,
	},
	sql:     "flow.sql.tmpl",
	columns: flowColumns(),
	subs:    one,
	row:     flowRow,
}

// stages are the steps in twos, the furthest first: what readers need most is who was followed up, then who came.
func (r reached) stages() []int {
	return []int{r.Step7, r.Step5 + r.Step6, r.Step3 + r.Step4, r.Step1 + r.Step2, r.Step0}
}

func flowColumns() []column[reached] {
	stages := sorted(reached.stages)
	due := sorted(func(r reached) []int { return []int{r.Step6, r.Step5} })
	accepted := sorted(func(r reached) []int { return []int{r.Step4, r.Step3} })
	baseline := sorted(func(r reached) []int { return []int{r.Step2, r.Step1} })
	step := func(first int, within column[reached], divided ...*sorting[reached]) column[reached] {
		c := column[reached]{func(r reached) int { return total(r.steps()[first:]) }, slices.Clone(within.in)}
		for _, s := range divided {
			c.in = append(c.in, s.kind(0).in...)
		}
		return c
	}
	contacted, sent, attended, followed := stages.kind(3), stages.kind(2), stages.kind(1), stages.kind(0)
	return []column[reached]{
		stages.whole(),
		step(1, contacted),
		step(2, contacted, baseline),
		step(3, sent),
		step(4, sent, accepted),
		step(5, attended),
		step(6, attended, due),
		followed,
	}
}

func flowRow(at Divider, _ string, n []*int, suppressed bool) FlowRow {
	r := FlowRow{Divider: at, Withheld: withheld(suppressed)}
	fill(
		n,
		&r.ReceivedIn,
		&r.Contacted,
		&r.Baseline,
		&r.ReferralSent,
		&r.Accepted,
		&r.Attended,
		&r.FollowUpDue,
		&r.FollowedUp,
	)
	r.FollowedUpPercent = percent(r.FollowedUp, r.ReceivedIn)
	return r
}

// Flow is how far people came.
func (s *Store) Flow(ctx context.Context, q Query) (Figures[FlowRow], error) {
	return ask(ctx, s, flow, q)
}
