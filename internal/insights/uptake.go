package insights

import "slices"

// UptakeRow is how far referrals came by the organisations' account, beside what people say of the same
// referrals. A null was withheld, because it or what it leaves over rests on few.
type UptakeRow struct {
	Divider
	// Referrals that were sent. Signposts are not among them.
	Referrals *int `json:"referrals" example:"300"`
	// Of referrals: the organisation took the person at some time, or the person came.
	EverAccepted *int `json:"ever_accepted" example:"220"`
	// Of ever_accepted: the organisation, or a link worker for it, says that the person came or finished.
	OrganisationSaysAttended *int `json:"organisation_says_attended" example:"180"`
	// Of organisation_says_attended: the status is completed.
	Completed *int `json:"completed" example:"100"`
	// Of referrals: the person was asked about it at a follow-up. Who was asked more than once counts
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
	// Of asked: it did not help, as the person says.
	NotBenefited *int `json:"not_benefited" example:"15"`
	// Of asked: it made things worse, as the person says.
	MadeWorse *int `json:"made_worse" example:"0"`
	// Signposts given. The person was told of something, and nothing was sent.
	Signposts *int `json:"signposts" example:"90"`
	Withheld
}

const uptakeDefinition = "Referrals that were sent in the period, and what each side says of them. organisation_says_attended is " +
	"the organisations' account: an attendance that the organisation, or a link worker for it, reported, or a referral that it finished. " +
	"What people say comes from the follow-up at which they were last asked about the referral. The two " +
	"are compared, and neither settles the other. " +
	"agreement_percent = (both_say_used + neither_says_used) / (these + person_alone_says_used + " +
	"organisation_alone_says_used). mcnemar_p says whether one of the two says yes more often. An " +
	"organisation that reported nothing is taken as not saying that the person came."

// uptake is what both sides say of referrals. Those who came are sorted by what they say, and so are those
// who did not: with organisation_says_attended, what both say gives these away.
var uptake = declare(counts[UptakeRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "uptake",
			Title:      "Whether people used what they were referred to",
			Definition: uptakeDefinition,
			Formula: "agreement_percent = 100 × (both_say_used + neither_says_used) / (both_say_used + " +
				"neither_says_used + person_alone_says_used + organisation_alone_says_used)",
			Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople),
			Version:    2,
		},
		Operation: Operation{
			ID:      "get-uptake",
			Summary: "Whether people used what they were referred to",
			About: "Returns how far referrals came by the organisations' account, what people say of the same " +
				"referrals, and how far the two agree. Signposts are apart.",
			By: ofPeopleNote,
		},
	},
	sql: "uptake.sql.tmpl",
	partitions: []partition{
		{of: "referrals", parts: []string{"asked", rest}},
		{of: "referrals", parts: []string{
			"referrals - ever_accepted", "ever_accepted - organisation_says_attended",
			"organisation_says_attended - completed", rest,
		}},
		{of: "asked", parts: []string{
			"both_say_used", "neither_says_used", "person_alone_says_used", "organisation_alone_says_used",
			"person_does_not_say",
		}},
		{of: "asked", parts: []string{"benefited", "not_benefited", "made_worse", rest}},
		{of: "organisation_says_attended", parts: []string{"both_say_used", "organisation_alone_says_used", rest}},
		{of: "referrals - organisation_says_attended", parts: []string{
			"neither_says_used", "person_alone_says_used", rest,
		}},
	},
	row:    func(at Divider, _ string, w Withheld) UptakeRow { return UptakeRow{Divider: at, Withheld: w} },
	adjust: compareAccounts,
})

// compareAccounts fills in how far the two sides agree.
func compareAccounts(r *UptakeRow) {
	if agreed := plus(r.BothSayUsed, r.NeitherSaysUsed); agreed != nil {
		r.AgreementPercent = percent(agreed, plus(agreed, r.PersonAloneSaysUsed, r.OrganisationAloneSays))
	}
	if r.PersonAloneSaysUsed != nil && r.OrganisationAloneSays != nil {
		r.McNemarP = probability(McNemar(*r.PersonAloneSaysUsed, *r.OrganisationAloneSays).P)
	}
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
