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
	// Of contacted: they were asked how they are at the start.
	BaselineTaken *int `json:"baseline_taken" example:"340"`
	// Of baseline_taken: at least one referral was sent.
	ReferralSent *int `json:"referral_sent" example:"300"`
	// Of referral_sent: an organisation took them at some time, or they came.
	ReferralAccepted *int `json:"referral_accepted" example:"220"`
	// Of referral_accepted: they came to a service at least once, whoever says so.
	ReferralAttended *int `json:"referral_attended" example:"190"`
	// Of referral_attended: the window of at least one follow-up has opened, or they answered one before.
	FollowUpDue *int `json:"follow_up_due" example:"120"`
	// Of follow_up_due: they answered at least one follow-up.
	FollowUpAnswered *int `json:"follow_up_answered" example:"70"`
	// Percent of received_in that are follow_up_answered, 0 to 100, from the two as published.
	FollowUpAnsweredPercent *float64 `json:"follow_up_answered_percent" example:"17.5"`
	Withheld
}

const flowDefinition = "How far people who were referred in during the period have come, to the day of the figures. A step counts " +
	"those of the step before who reached it as well, so that each is a part of the one above: " +
	"whoever was never referred on is in no step below baseline_taken, even if they were followed up. Signposts " +
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
			Version:    2,
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
			"follow_up_answered", "referral_attended - follow_up_answered", "referral_sent - referral_attended",
			"contacted - referral_sent", rest,
		}},
		{
			of:              "referral_attended - follow_up_answered",
			parts:           []string{"follow_up_due - follow_up_answered", rest},
			revealedByFirst: []string{"follow_up_due"},
		},
		{
			of:              "referral_sent - referral_attended",
			parts:           []string{"referral_accepted - referral_attended", rest},
			revealedByFirst: []string{"referral_accepted"},
		},
		{
			of:              "contacted - referral_sent",
			parts:           []string{"baseline_taken - referral_sent", rest},
			revealedByFirst: []string{"baseline_taken"},
		},
	},
	shares: []share{{"follow_up_answered_percent", "follow_up_answered", "received_in"}},
	row:    func(at Divider, _ string, w Withheld) FlowRow { return FlowRow{Divider: at, Withheld: w} },
})
