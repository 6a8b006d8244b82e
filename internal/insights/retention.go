package insights

import (
	"math"
	"slices"

	"waypost/internal/platform/db"
)

// RetentionRow is what became of the follow-ups of one timepoint.
//
// Every follow-up of somebody who lived until its window closed, or who answered before they died, is in
// exactly one of followed_up, not_yet_due, still_open, missed, lost and said_no_to_contact; together they are
// eligible. A null was withheld, because it or what it leaves over rests on few people.
type RetentionRow struct {
	Divider
	// Code of the follow-up.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// Follow-ups planned, without those of people who died before the window closed, and had not
	// answered.
	Eligible *int `json:"eligible" example:"400"`
	// The person died before the window closed, and had not answered. These count in nothing else here.
	Died *int `json:"died" example:"10"`
	// Of eligible: the window has not opened.
	NotYetDue *int `json:"not_yet_due" example:"90"`
	// Of eligible: the window is open, and there is no answer yet.
	StillOpen *int `json:"still_open" example:"40"`
	// Of eligible: the person answered the follow-up.
	FollowedUp *int `json:"followed_up" example:"150"`
	// Of followed_up: the answer came between the days on which the contact window opens and closes.
	FollowedUpInWindow *int `json:"followed_up_in_window" example:"130"`
	// Of followed_up: the answer came after the window closed.
	FollowedUpLate *int `json:"followed_up_late" example:"10"`
	// Of followed_up: the answer came before the window opened.
	FollowedUpEarly *int `json:"followed_up_early" example:"10"`
	// Of eligible: the window closed, and neither an answer nor a reason for none is recorded. That
	// is about the site, not about the person.
	Missed *int `json:"missed" example:"60"`
	// Of eligible: somebody recorded why there will be no answer.
	Lost *int `json:"lost" example:"45"`
	// Of lost: the person could not be contacted.
	LostCouldNotContact *int `json:"lost_could_not_contact" example:"20"`
	// Of lost: the person declined.
	LostDeclined *int `json:"lost_declined" example:"15"`
	// Of lost: the person withdrew.
	LostWithdrew *int `json:"lost_withdrew" example:"10"`
	// Of lost: the person moved away.
	LostMoved *int `json:"lost_moved" example:"10"`
	// Of lost: the person was too unwell.
	LostTooUnwell *int `json:"lost_too_unwell" example:"10"`
	// Of lost: the person lacks the capacity to answer.
	LostLacksCapacity *int `json:"lost_lacks_capacity" example:"10"`
	// Of lost: nobody tried.
	LostNotAttempted *int `json:"lost_not_attempted" example:"10"`
	// Of lost: there was another reason.
	LostOther *int `json:"lost_other" example:"10"`
	// Of eligible: the person said no to being contacted, so nobody asks.
	SaidNoToContact *int `json:"said_no_to_contact" example:"15"`
	// Of eligible: nobody waits for an answer any more, since the follow-up is followed_up, missed, lost or
	// said_no_to_contact.
	Ended *int `json:"ended" example:"270"`
	// Percent of ended that are followed_up, 0 to 100, from the two as published. Null while none has
	// ended.
	RetentionPercent *float64 `json:"retention_percent" example:"55.6"`
	// Of eligible: at least one attempt is recorded.
	Attempted *int `json:"attempted" example:"210"`
	// Of still_open and missed: nobody has tried to reach the person.
	NotInvited *int `json:"not_invited" example:"50"`
	Withheld
}

const retentionDefinition = "What became of each follow-up that was planned, on the site's day. The months are those of the day that " +
	"its windows count from (the baseline, unless the schedule says otherwise). " +
	"eligible = not_yet_due + still_open + followed_up + missed + lost + said_no_to_contact; people who died " +
	"before the window closed, and had not answered, are left out of it and stated apart. " +
	"retention_percent = followed_up / ended, where ended = followed_up + missed + lost + said_no_to_contact: " +
	"a late answer counts as followed_up, and nobody whose window is still open counts at all. " +
	"missed means that the window closed with neither an answer nor a reason for none; lost, that somebody " +
	"recorded the reason."

// retention is what became of follow-ups. What readers need most first is who answered, who did not, and who
// still can. With still_open, missed and attempted, not_invited gives away all four kinds that it is sorted into.
var retention = declare(counts[RetentionRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "retention",
			Title:      "Who was followed up",
			Definition: retentionDefinition,
			Formula:    "retention_percent = 100 × followed_up / (followed_up + missed + lost + said_no_to_contact)",
			Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople),
			Version:    2,
		},
		Operation: Operation{
			ID:      "get-retention",
			Summary: "Who was followed up",
			About: "Returns what became of the follow-ups that were planned: how many are not due yet, still open, " +
				"answered in their window or late, missed with nothing recorded, lost with the reason, or ended " +
				"since the person said no to being contacted; and how many were attempted. People who died are apart.",
			By: ofPeopleNote,
		},
	},
	sql:  "retention.sql.tmpl",
	sums: map[string]string{"ended": "followed_up + missed + lost + said_no_to_contact"},
	partitions: []partition{
		{of: "eligible", parts: []string{"followed_up", "missed + lost + said_no_to_contact", "not_yet_due + still_open"}},
		{of: "followed_up", parts: []string{"followed_up_in_window", "followed_up_late", "followed_up_early"}},
		{of: "missed + lost + said_no_to_contact", parts: []string{"missed", "lost", "said_no_to_contact"}},
		{of: "lost", parts: []string{
			"lost_could_not_contact", "lost_declined", "lost_withdrew", "lost_moved", "lost_too_unwell",
			"lost_lacks_capacity", "lost_not_attempted", "lost_other",
		}},
		{of: "not_yet_due + still_open", parts: []string{"not_yet_due", "still_open"}},
		{of: "eligible", parts: []string{"attempted", rest}},
		{
			of: "eligible",
			parts: []string{
				"not_invited", "still_open + missed - not_invited", "attempted - still_open - missed + not_invited", rest,
			},
			allOrNone: true,
		},
	},
	shares:    []share{{"retention_percent", "followed_up", "ended"}},
	subgroups: timepoints,
	row: func(at Divider, timepoint string, w Withheld) RetentionRow {
		return RetentionRow{Divider: at, Timepoint: timepoint, Withheld: w}
	},
})

// timepoints are the codes of the schedules of the actor's sites, by when they are.
func timepoints(tx *db.Tx) (codes []string, err error) {
	return codes, tx.Raw(`select code from schedules where site_id = any(?::uuid[])
		group by code order by min(analysis_from), code`, db.IDs(tx.Actor.Sites)).Scan(&codes).Error
}

// percent is what percentage of published counts a part is, 0 to 100 with one decimal. Nil where one was
// withheld, or of nobody.
func percent(part, whole *int) *float64 {
	if part == nil || whole == nil || *whole == 0 {
		return nil
	}
	return new(min(100, math.Round(1000*float64(*part)/float64(*whole))/10))
}
