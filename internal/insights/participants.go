package insights

import "context"

// ParticipantRow is how far the people came who agreed to take part in research, and what they said at one
// follow-up. A null was withheld, because it or what it leaves over rests on few.
type ParticipantRow struct {
	Divider
	// Code of the follow-up.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// People whose consent to research stands.
	Enrolled *int `json:"enrolled" example:"120"`
	// Of enrolled: the person has a baseline.
	WithBaseline *int `json:"with_baseline" example:"110"`
	// Of enrolled: the window of the follow-up has opened, or the person answered before. Whoever died
	// before it closed, and had not answered, is left out.
	EverDue *int `json:"ever_due" example:"60"`
	// Of ever_due: the person answered the follow-up.
	FollowedUp *int `json:"followed_up" example:"40"`
	// Percent of ever_due that are followed_up, 0 to 100, from the two as published.
	FollowedUpPercent *float64 `json:"followed_up_percent" example:"66.7"`
	// Of ever_due: the window closed, and neither an answer nor a reason for none is recorded.
	Missed *int `json:"missed" example:"0"`
	// Of ever_due: the window is open, and there is no answer yet.
	StillOpen *int `json:"still_open" example:"10"`
	// Of ever_due: somebody recorded why there will be no answer, or the person said no to being contacted.
	LostOrSaidNo *int `json:"lost_or_said_no" example:"10"`
	// Of ever_due: one attempt is recorded.
	TriedOnce *int `json:"tried_once" example:"30"`
	// Of ever_due: more than one attempt is recorded.
	TriedMore *int `json:"tried_more" example:"20"`
	// Of ever_due: no attempt is recorded.
	NeverTried *int `json:"never_tried" example:"10"`
	// Of followed_up: the person says that they have been better, or much better.
	BeenBetter *int `json:"been_better" example:"20"`
	// Of followed_up: the person says that they have been worse, or much worse.
	BeenWorse *int `json:"been_worse" example:"10"`
	// Of followed_up: the person says that they have been the same, or did not say. Few do not say:
	// these two are told together, so that the others can be told.
	BeenSameOrNotSaid *int `json:"been_same_or_not_said" example:"10"`
	// Of followed_up: the person used at least one thing they were connected to, or another that they name.
	Used *int `json:"used" example:"30"`
	// Of followed_up: the person used none, or did not say.
	NotUsed *int `json:"not_used" example:"10"`
	// Of used: at least one of them helped, a lot, somewhat or a little.
	Helped *int `json:"helped" example:"20"`
	// Of used: none of them helped, or the person did not say.
	NotHelped *int `json:"not_helped" example:"10"`
	// Of not_helped: at least one of them made things worse.
	ServicesMadeWorse *int `json:"services_made_worse" example:"0"`
	// Of followed_up: meeting a link worker helped, a lot, somewhat or a little.
	MeetingHelped *int `json:"meeting_helped" example:"30"`
	// Of followed_up: meeting a link worker did not help, or the person did not say.
	MeetingNotHelped *int `json:"meeting_not_helped" example:"10"`
	// Of meeting_not_helped: meeting a link worker made things worse.
	MeetingMadeWorse *int `json:"meeting_made_worse" example:"0"`
	// Of followed_up: the person answered every question of the scales.
	AllAnswers *int `json:"all_answers" example:"30"`
	// Of followed_up: the person left out some questions of the scales, or all.
	NotAllAnswers *int `json:"not_all_answers" example:"10"`
	Withheld
}

const participantsDefinition = "People whose consent to research stands now, by the month in which they first gave it: how many were " +
	"asked how they are at the start, whose turn for a follow-up has come, who answered, and what they said. " +
	"A person counts once, however many spells of support they had. " +
	"ever_due = followed_up + missed + still_open + lost_or_said_no."

// participants is how far those came who take part in research. What readers need most first is who answered,
// then whose turn has come too. Those who used something are sorted by whether it helped; services_made_worse is apart
// from the rest where both are enough.
var participants = declare(counts[ParticipantRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "participants",
			Title:      "How far those came who take part in research, and what they said",
			Definition: participantsDefinition,
			Dimensions: []Dimension{BySite, ByMonth},
			Version:    2,
		},
		Operation: Operation{
			ID:      "get-participants",
			Summary: "How far those came who take part in research",
			About: "Returns how many people agreed to take part in research, how far they came, and what they said at " +
				"each follow-up: how they have been, whether they used what they were connected to, and whether it helped.",
		},
	},
	sql: "participants.sql.tmpl",
	sums: map[string]string{
		"ever_due":           "followed_up + missed + still_open + lost_or_said_no",
		"tried_more":         "ever_due - tried_once - never_tried",
		"used":               "helped + not_helped",
		"not_used":           "followed_up - used",
		"meeting_not_helped": "followed_up - meeting_helped",
		"not_all_answers":    "followed_up - all_answers",
	},
	partitions: []partition{
		{of: "enrolled", parts: []string{"followed_up", "ever_due - followed_up", "later"}},
		{of: "enrolled", parts: []string{"with_baseline", rest}},
		{of: "ever_due - followed_up", parts: []string{"missed", "still_open", "lost_or_said_no"}},
		{of: "ever_due", parts: []string{"tried_once", "tried_more", "never_tried"}},
		{of: "followed_up", parts: []string{"been_better", "been_worse", "been_same_or_not_said"}},
		{of: "followed_up", parts: []string{"used", "not_used"}},
		{of: "used", parts: []string{"helped", "not_helped"}},
		{of: "not_helped", parts: []string{"services_made_worse", rest}},
		{of: "followed_up", parts: []string{"meeting_helped", "meeting_not_helped"}},
		{of: "meeting_not_helped", parts: []string{"meeting_made_worse", rest}},
		{of: "followed_up", parts: []string{"all_answers", "not_all_answers"}},
	},
	shares:    []share{{"followed_up_percent", "followed_up", "ever_due"}},
	subgroups: timepoints,
	row: func(at Divider, timepoint string, w Withheld) ParticipantRow {
		return ParticipantRow{Divider: at, Timepoint: timepoint, Withheld: w}
	},
})

// Participants is how far those came who take part in research, and what they said.
func (s *Store) Participants(ctx context.Context, q Query) (Figures[ParticipantRow], error) {
	return ask(ctx, s, participants, q)
}
