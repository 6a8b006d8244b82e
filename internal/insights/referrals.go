package insights

import "slices"

// ReferralRow is where referrals stand, and how soon organisations answered. A null was withheld, because
// it or what it leaves over rests on few.
type ReferralRow struct {
	Divider
	// Referrals that were sent. Signposts are not among them.
	Referrals *int `json:"referrals" example:"300"`
	// Of referrals: the loop is closed, since the organisation said how it ended (completed,
	// not_completed or declined).
	LoopClosed *int `json:"loop_closed" example:"160"`
	// Of referrals: the loop is open (in_progress, accepted, waitlisted or sent).
	LoopOpen *int `json:"loop_open" example:"90"`
	// Of referrals: nobody answered in time. A late answer still counts.
	Expired *int `json:"expired" example:"30"`
	// Of referrals: the person or the link worker took the referral back.
	Withdrawn *int `json:"withdrawn" example:"20"`
	// Of loop_closed: the status is completed.
	Completed *int `json:"completed" example:"100"`
	// Of loop_closed: the status is not_completed.
	NotCompleted *int `json:"not_completed" example:"30"`
	// Of loop_closed: the status is declined: the organisation, or the person, said no.
	Declined *int `json:"declined" example:"30"`
	// Of loop_open: the status is in_progress: the person goes there.
	InProgress *int `json:"in_progress" example:"40"`
	// Of loop_open: the status is accepted: the organisation took the person, who has not started.
	Accepted *int `json:"accepted" example:"20"`
	// Of loop_open: the status is waitlisted.
	Waitlisted *int `json:"waitlisted" example:"20"`
	// Of loop_open: the status is sent: nobody has answered yet.
	Sent *int `json:"sent" example:"10"`
	// Of referrals: the first answer came within 7 days of sending.
	AnsweredWithin7Days *int `json:"answered_within_7_days" example:"150"`
	// Of referrals: the first answer came within 14 days of sending.
	AnsweredWithin14Days *int `json:"answered_within_14_days" example:"210"`
	// Of referrals: the first answer came within 28 days of sending.
	AnsweredWithin28Days *int `json:"answered_within_28_days" example:"240"`
	// Of referrals: the first answer came 8 to 14 days after sending.
	AnsweredIn8To14Days *int `json:"answered_in_8_to_14_days" example:"60"`
	// Of referrals: the first answer came 15 to 28 days after sending.
	AnsweredIn15To28Days *int `json:"answered_in_15_to_28_days" example:"30"`
	// Of referrals: the first answer came more than 28 days after sending.
	AnsweredAfter28Days *int `json:"answered_after_28_days" example:"20"`
	// Percent of referrals that are loop_closed, 0 to 100, from the two as published.
	LoopClosurePercent *float64 `json:"loop_closure_percent" example:"53.3"`
	// Signposts given. The person was told of something, and nothing was sent.
	Signposts *int `json:"signposts" example:"90"`
	Withheld
}

const referralsDefinition = "Referrals sent in the period, and where they stand at the end of the day of the figures. The loop is " +
	"closed when the organisation (or a link worker for it) has said how the referral ended: completed, not " +
	"completed, or declined. " +
	"A silent organisation makes a referral expired, never declined; a late answer still counts. Time to " +
	"answer is days from sending to the organisation's first answer: answered_within_14_days holds those of " +
	"answered_within_7_days too, while answered_in_8_to_14_days stands for its own days alone."

// referrals is where referrals stand.
var referrals = declare(counts[ReferralRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "referrals",
			Title:      "Where referrals stand",
			Definition: referralsDefinition,
			Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople, []Dimension{ByOrganisation}),
			Version:    2,
		},
		Operation: Operation{
			ID:      "get-referral-figures",
			Summary: "Where referrals stand",
			About: "Returns where referrals stand, how often the loop was closed, and how soon organisations " +
				"answered. Signposts are apart.",
			By: allTimeNote,
		},
	},
	sql: "referrals.sql.tmpl",
	sums: map[string]string{
		"answered_within_14_days": "answered_within_7_days + answered_in_8_to_14_days",
		"answered_within_28_days": "answered_within_14_days + answered_in_15_to_28_days",
	},
	partitions: []partition{
		{of: "referrals", parts: []string{"loop_closed", "loop_open", "expired", "withdrawn"}},
		{of: "loop_closed", parts: []string{"completed", "not_completed", "declined"}},
		{of: "loop_open", parts: []string{"in_progress", "accepted", "waitlisted", "sent"}},
		{of: "referrals", parts: []string{
			"answered_within_7_days", "answered_in_8_to_14_days", "answered_in_15_to_28_days",
			"answered_after_28_days", rest,
		}},
	},
	shares: []share{{"loop_closure_percent", "loop_closed", "referrals"}},
	row:    func(at Divider, _ string, w Withheld) ReferralRow { return ReferralRow{Divider: at, Withheld: w} },
})
