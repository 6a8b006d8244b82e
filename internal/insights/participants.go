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
	// Of enrolled: they were asked how they are at the start.
	Baseline *int `json:"baseline" example:"110"`
	// Of enrolled: the window of the follow-up has opened, or they answered before. Whoever died
	// before it closed, and had not answered, is left out.
	Due *int `json:"due" example:"60"`
	// Of due: they answered.
	FollowedUp *int `json:"followed_up" example:"40"`
	// Percent of due that are followed up, 0 to 100, from the two as published.
	FollowedUpPercent *float64 `json:"followed_up_percent" example:"66.7"`
	// Of due: the window closed, and neither an answer nor a reason for none is recorded.
	Missed *int `json:"missed" example:"0"`
	// Of due: no answer yet, and the window is open.
	StillOpen *int `json:"still_open" example:"10"`
	// Of due: given up, with a reason; or they said no to being contacted, so nobody asks.
	Lost *int `json:"lost" example:"10"`
	// Of due: one attempt is recorded.
	TriedOnce *int `json:"tried_once" example:"30"`
	// Of due: more than one.
	TriedMore *int `json:"tried_more" example:"20"`
	// Of due: none.
	NeverTried *int `json:"never_tried" example:"10"`
	// Of followed_up: they say they have been better, or much better.
	Better *int `json:"better" example:"20"`
	// Of followed_up: worse, or much worse.
	Worse *int `json:"worse" example:"10"`
	// Of followed_up: the same, or they did not say. Few do not say: these two are told together, so
	// that the others can be told.
	SameOrNotSaid *int `json:"same_or_not_said" example:"10"`
	// Of followed_up: they used at least one thing they were connected to, or another that they name.
	Used *int `json:"used" example:"30"`
	// Of followed_up: they used none, or did not say.
	NotUsed *int `json:"not_used" example:"10"`
	// Of used: at least one of them helped, a lot, somewhat or a little.
	Helped *int `json:"helped" example:"20"`
	// Of used: everybody else.
	NotHelped *int `json:"not_helped" example:"10"`
	// Of not_helped: at least one made things worse.
	MadeWorse *int `json:"made_worse" example:"0"`
	// Of followed_up: meeting a link worker helped, a lot, somewhat or a little.
	MeetingHelped *int `json:"meeting_helped" example:"30"`
	// Of followed_up: everybody else.
	MeetingNotHelped *int `json:"meeting_not_helped" example:"10"`
	// Of meeting_not_helped: it made things worse.
	MeetingMadeWorse *int `json:"meeting_made_worse" example:"0"`
	// Of followed_up: they answered every question of the scales.
	AllAnswers *int `json:"all_answers" example:"30"`
	// Of followed_up: they left some out, or all.
	NotAllAnswers *int `json:"not_all_answers" example:"10"`
	Withheld
}

const participantsDefinition = "People whose consent to research stands now, by the month in which they first gave it: how many were " +
	"asked how they are at the start, whose turn for a follow-up has come, who answered, and what they said. " +
	"A person counts once, however many spells of support they had. due = followed_up + missed + still_open + lost."

// participants is how far those came who take part in research. What readers need most first is who answered,
// then whose turn has come too. Those who used something are sorted by whether it helped; made_worse is apart
// from the rest where both are enough.
var participants = declare(counts[ParticipantRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "participants",
			Title:      "How far those came who take part in research, and what they said",
			Definition: participantsDefinition,
			Dimensions: []Dimension{BySite, ByMonth},
			Version:    1,
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
		"due":                "followed_up + missed + still_open + lost",
		"tried_more":         "due - tried_once - never_tried",
		"used":               "helped + not_helped",
		"not_used":           "followed_up - used",
		"meeting_not_helped": "followed_up - meeting_helped",
		"not_all_answers":    "followed_up - all_answers",
	},
	partitions: []partition{
		{of: "enrolled", parts: []string{"followed_up", "due - followed_up", "later"}},
		{of: "enrolled", parts: []string{"baseline", rest}},
		{of: "due - followed_up", parts: []string{"missed", "still_open", "lost"}},
		{of: "due", parts: []string{"tried_once", "tried_more", "never_tried"}},
		{of: "followed_up", parts: []string{"better", "worse", "same_or_not_said"}},
		{of: "followed_up", parts: []string{"used", "not_used"}},
		{of: "used", parts: []string{"helped", "not_helped"}},
		{of: "not_helped", parts: []string{"made_worse", rest}},
		{of: "followed_up", parts: []string{"meeting_helped", "meeting_not_helped"}},
		{of: "meeting_not_helped", parts: []string{"meeting_made_worse", rest}},
		{of: "followed_up", parts: []string{"all_answers", "not_all_answers"}},
	},
	shares:    []share{{"followed_up_percent", "followed_up", "due"}},
	subgroups: timepoints,
	row: func(at Divider, timepoint string, w Withheld) ParticipantRow {
		return ParticipantRow{Divider: at, Timepoint: timepoint, Withheld: w}
	},
})

// Participants is how far those came who take part in research, and what they said.
func (s *Store) Participants(ctx context.Context, q Query) (Figures[ParticipantRow], error) {
	return ask(ctx, s, participants, q)
}
