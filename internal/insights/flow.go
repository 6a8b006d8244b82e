package insights

import "slices"

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

// flow is how far people came. What readers need most first is who was followed up, then who came, who was
// referred on and who was contacted; each of these groups is then divided by the step between.
var flow = declare(counts[FlowRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "flow",
			Title:      "How far people came",
			Definition: flowDefinition,
			Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople),
			Version:    1,
		},
		Operation: Operation{
			ID:      "get-flow",
			Summary: "How far people came",
			About: "Returns how many people were referred in, and how many of them were contacted, asked how they " +
				"are, referred on, accepted, came, fell due for a follow-up, and answered it: each step of the one before.",
			By: ofPeopleNote,
		},
	},
	sql: "flow.sql.tmpl",
	partitions: []partition{
		{of: "received_in", parts: []string{
			"followed_up", "attended - followed_up", "referral_sent - attended", "contacted - referral_sent", rest,
		}},
		{
			of:              "attended - followed_up",
			parts:           []string{"follow_up_due - followed_up", rest},
			revealedByFirst: []string{"follow_up_due"},
		},
		{
			of:              "referral_sent - attended",
			parts:           []string{"accepted - attended", rest},
			revealedByFirst: []string{"accepted"},
		},
		{
			of:              "contacted - referral_sent",
			parts:           []string{"baseline - referral_sent", rest},
			revealedByFirst: []string{"baseline"},
		},
	},
	shares: []share{{"followed_up_percent", "followed_up", "received_in"}},
	row:    func(at Divider, _ string, w Withheld) FlowRow { return FlowRow{Divider: at, Withheld: w} },
})
