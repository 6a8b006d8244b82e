package insights

import (
	"context"
	"slices"

	"waypost/internal/platform/db"
)

// UptakeRow is how far referrals came by the organisations' account, beside what people say of the same
// referrals. A null was withheld, because it or what it leaves over rests on few.
type UptakeRow struct {
	Divider
	// Referrals that were sent. Signposts are no referrals.
	Sent *int `json:"sent" example:"300"`
	// Of sent: an organisation took the person, or they started.
	Accepted *int `json:"accepted" example:"220"`
	// Of sent: the organisation, or a link worker for it, says that the person came or finished.
	Attended *int `json:"attended" example:"180"`
	// Of sent: finished as meant.
	Completed *int `json:"completed" example:"100"`
	// Of sent: the person was asked about it at a follow-up. Who was asked more than once counts
	// once, by the last answer.
	Asked *int `json:"asked" example:"150"`
	// Of asked: the person says they used it, and the organisation that they came.
	BothSayUsed *int `json:"both_say_used" example:"80"`
	// Of asked: the person says they did not use it, and the organisation does not say that they
	// came.
	NeitherSaysUsed *int `json:"neither_says_used" example:"30"`
	// Of asked: the person says they used it, and the organisation does not say that they came.
	PersonAloneSaysUsed *int `json:"person_alone_says_used" example:"20"`
	// Of asked: the organisation says that the person came, and they say they did not use it.
	OrganisationAloneSays *int `json:"organisation_alone_says_used" example:"10"`
	// Of asked: the person does not know or remember, or would rather not say.
	PersonDoesNotSay *int `json:"person_does_not_say" example:"10"`
	// Percent in agreement: both_say_used and neither_says_used among the four in which the person
	// says which, 0 to 100, from the figures as published.
	AgreementPercent *float64 `json:"agreement_percent" example:"78.6"`
	// Of McNemar's test of person_alone_says_used against organisation_alone_says_used, as published:
	// exact below 25 of both, else chi-squared with a correction for continuity. Null where they
	// never differ.
	McNemarP *float64 `json:"mcnemar_p" example:"0.3018"`
	// Of asked: it helped a lot, somewhat, or a little, as the person says.
	Benefited *int `json:"benefited" example:"85"`
	// Of asked: it did not help.
	NotBenefited *int `json:"not_benefited" example:"15"`
	// Of asked: it made things worse.
	MadeWorse *int `json:"made_worse" example:"0"`
	// People were told of something and nothing was sent: no organisation answers, so they count in
	// nothing else here.
	Signposts *int `json:"signposts" example:"90"`
	Withheld
}

const uptakeDefinition = "Referrals that were sent in the period, and what each side says of them. attended is the organisations' " +
	"account: an attendance that the organisation, or a link worker for it, reported, or a referral that it finished. " +
	"What people say comes from the follow-up at which they were last asked about the referral. The two " +
	"are compared, and neither settles the other. " +
	"agreement_percent = (both_say_used + neither_says_used) / (these + person_alone_says_used + " +
	"organisation_alone_says_used). mcnemar_p tells whether one of the two says yes more often. An " +
	"organisation that reported nothing is taken as not saying that the person came."

// sent is referrals of one place, by what each side says of them.
type sent struct {
	Cell
	Signposts, NotAsked, Accepted, Attended, Completed    int
	Both, Neither, PersonOnly, OrganisationOnly, NotKnown int
	Benefited, NotBenefited, MadeWorse                    int
}

// said is what those who were asked say, beside the organisation's account.
func (s sent) said() []int {
	return []int{s.Both, s.Neither, s.PersonOnly, s.OrganisationOnly, s.NotKnown}
}

func (s sent) all() int { return total(s.said()) + s.NotAsked }

// steps sorts referrals by how far they came. What is left after each kind came further: accepted, attended, completed.
func (s sent) steps() []int {
	return []int{s.all() - s.Accepted, s.Accepted - s.Attended, s.Attended - s.Completed, s.Completed}
}

// came sorts those who came by what they say, and stayed those who did not: with attended, what is said
// gives these away.
func (s sent) came() []int {
	return []int{s.Both, s.OrganisationOnly, s.Attended - s.Both - s.OrganisationOnly}
}

func (s sent) stayed() []int {
	return []int{s.Neither, s.PersonOnly, s.all() - s.Attended - s.Neither - s.PersonOnly}
}

// helped is what those who were asked say of its help; the rest do not say.
func (s sent) helped() []int {
	known := []int{s.Benefited, s.NotBenefited, s.MadeWorse}
	return append(known, total(s.said())-total(known))
}

func (s sent) plus(o sent) sent {
	s.Signposts, s.NotAsked, s.Accepted, s.Attended, s.Completed = s.Signposts+o.Signposts, s.NotAsked+o.NotAsked, s.Accepted+o.Accepted, s.Attended+o.Attended, s.Completed+o.Completed
	s.Both, s.Neither, s.PersonOnly, s.OrganisationOnly, s.NotKnown = s.Both+o.Both, s.Neither+o.Neither, s.PersonOnly+o.PersonOnly, s.OrganisationOnly+o.OrganisationOnly, s.NotKnown+o.NotKnown
	s.Benefited, s.NotBenefited, s.MadeWorse = s.Benefited+o.Benefited, s.NotBenefited+o.NotBenefited, s.MadeWorse+o.MadeWorse
	return s
}

// uptake is what both sides say of referrals. Its columns are in the order of UptakeRow's fields.
var uptake = metric[sent, UptakeRow]{
	Entry: Entry{ID: "uptake", Title: "Whether people used what they were referred to", Definition: uptakeDefinition,
		Formula: "agreement_percent = 100 × (both_say_used + neither_says_used) / (both_say_used + " +
			"neither_says_used + person_alone_says_used + organisation_alone_says_used)",
		Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople), Filters: countFilters, Version: 1},
	sql: "uptake.sql.tmpl", columns: uptakeColumns(), subs: one, row: uptakeRow,
}

func uptakeColumns() []column[sent] {
	asked := sorted(func(s sent) []int { return []int{total(s.said()), s.NotAsked} })
	steps, said, helped, came, stayed := sorted(
		sent.steps,
	), sorted(
		sent.said,
	), sorted(
		sent.helped,
	), sorted(
		sent.came,
	), sorted(
		sent.stayed,
	)
	people := asked.kind(0)
	return []column[sent]{
		asked.whole(),
		steps.left(0),
		steps.left(1),
		steps.left(2),
		people,
		said.kind(
			0,
			people,
			came.kind(0),
			steps.left(1),
		),
		said.kind(1, people, stayed.kind(0), steps.left(1)),
		said.kind(2, people, stayed.kind(1), steps.left(1)),
		said.kind(
			3,
			people,
			came.kind(1),
			steps.left(1),
		),
		said.kind(4, people),
		helped.kind(0, people),
		helped.kind(1, people),
		helped.kind(2, people),
		sorted(func(s sent) []int { return []int{s.Signposts} }).whole().and(asked.whole()),
	}
}

func uptakeRow(at Divider, _ string, n []*int, suppressed bool) UptakeRow {
	r := UptakeRow{Divider: at, Withheld: withheld(suppressed)}
	fill(
		n,
		&r.Sent,
		&r.Accepted,
		&r.Attended,
		&r.Completed,
		&r.Asked,
		&r.BothSayUsed,
		&r.NeitherSaysUsed,
		&r.PersonAloneSaysUsed,
		&r.OrganisationAloneSays,
		&r.PersonDoesNotSay,
		&r.Benefited,
		&r.NotBenefited,
		&r.MadeWorse,
		&r.Signposts,
	)
	if agreed := plus(r.BothSayUsed, r.NeitherSaysUsed); agreed != nil {
		r.AgreementPercent = percent(agreed, plus(agreed, r.PersonAloneSaysUsed, r.OrganisationAloneSays))
	}
	if r.PersonAloneSaysUsed != nil && r.OrganisationAloneSays != nil {
		r.McNemarP = probability(McNemar(*r.PersonAloneSaysUsed, *r.OrganisationAloneSays).P)
	}
	return r
}

// plus adds published counts up; nil where one was withheld.
func plus(counts ...*int) *int {
	sum := 0
	for _, n := range counts {
		if n == nil {
			return nil
		}
		sum += *n
	}
	return &sum
}

// one is the rows of a metric that has one for each place.
func one(*db.Tx) ([]string, error) { return []string{""}, nil }

// Uptake is what both sides say of referrals.
func (s *Store) Uptake(ctx context.Context, q Query) (Figures[UptakeRow], error) {
	return ask(ctx, s, uptake, q)
}
