package insights

import "slices"

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
	AnsweredIn8To14Days *int `json:"answered_in_8_to_14_days" example:"60"`
	// Of all: after 15 to 28 days.
	AnsweredIn15To28Days *int `json:"answered_in_15_to_28_days" example:"30"`
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
	partitions: []partition{
		{of: "all", parts: []string{"closed", "open", "expired", "withdrawn"}},
		{of: "closed", parts: []string{"completed", "not_completed", "declined"}},
		{of: "open", parts: []string{"in_progress", "accepted", "waitlisted", "sent"}},
		{of: "all", parts: []string{
			"answered_in_7_days", "answered_in_8_to_14_days", "answered_in_15_to_28_days", "answered_later", rest,
		}},
	},
	shares: []share{{"loop_closure_percent", "closed", "all"}},
	row:    func(at Divider, _ string, w Withheld) ReferralRow { return ReferralRow{Divider: at, Withheld: w} },
})
