package insights

import (
	"context"
)

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

// taking is people of one place who take part in research, by how far they came and what they said at one follow-up.
type taking struct {
	Cell
	NoBaseline, Later, Open, Missed, Lost, Paused, NeverTried, TriedOnce int
	Better, Same, Worse, BeenNotSaid                                     int
	Helped, MadeWorse, NoHelp, HelpNotSaid                               int
	MetHelped, MetWorse, Whole                                           int
}

func (p taking) plus(o taking) taking {
	p.NoBaseline, p.Later, p.Open, p.Missed, p.Lost = p.NoBaseline+o.NoBaseline, p.Later+o.Later, p.Open+o.Open, p.Missed+o.Missed, p.Lost+o.Lost
	p.Paused, p.NeverTried, p.TriedOnce = p.Paused+o.Paused, p.NeverTried+o.NeverTried, p.TriedOnce+o.TriedOnce
	p.Better, p.Same, p.Worse, p.BeenNotSaid = p.Better+o.Better, p.Same+o.Same, p.Worse+o.Worse, p.BeenNotSaid+o.BeenNotSaid
	p.Helped, p.MadeWorse, p.NoHelp, p.HelpNotSaid = p.Helped+o.Helped, p.MadeWorse+o.MadeWorse, p.NoHelp+o.NoHelp, p.HelpNotSaid+o.HelpNotSaid
	p.MetHelped, p.MetWorse, p.Whole = p.MetHelped+o.MetHelped, p.MetWorse+o.MetWorse, p.Whole+o.Whole
	return p
}

func (p taking) answered() int { return p.Better + p.Worse + p.Same + p.BeenNotSaid }

// been is what those who answered say of how they have been: each says one thing.
func (p taking) been() []int { return []int{p.Better, p.Worse, p.Same + p.BeenNotSaid} }

// unanswered is those whose turn has come, and who did not answer.
func (p taking) unanswered() []int { return []int{p.Missed, p.Open, p.Lost + p.Paused} }

func (p taking) due() int { return p.answered() + total(p.unanswered()) }

// reach is what readers need most first: who answered, whose turn has come too, and everybody else.
func (p taking) reach() []int { return []int{p.answered(), total(p.unanswered()), p.Later} }

func (p taking) start() []int { return []int{p.due() + p.Later - p.NoBaseline, p.NoBaseline} }

func (p taking) tried() []int {
	return []int{p.TriedOnce, p.due() - p.TriedOnce - p.NeverTried, p.NeverTried}
}

func (p taking) used() int { return p.Helped + p.NoHelp + p.MadeWorse + p.HelpNotSaid }

func (p taking) use() []int { return []int{p.used(), p.answered() - p.used()} }

// help is what those say who used something; made worse is apart from the rest where both are enough.
func (p taking) help() []int { return []int{p.Helped, p.used() - p.Helped} }

func (p taking) harm() []int { return []int{p.MadeWorse, p.NoHelp + p.HelpNotSaid} }

func (p taking) meeting() []int { return []int{p.MetHelped, p.answered() - p.MetHelped} }

func (p taking) meetingHarm() []int {
	return []int{p.MetWorse, p.answered() - p.MetHelped - p.MetWorse}
}

func (p taking) scales() []int { return []int{p.Whole, p.answered() - p.Whole} }

// participants is how far those came who take part in research. Its columns are in the order of participantRow.
var participants = metric[taking, ParticipantRow]{
	Entry: Entry{
		ID:         "participants",
		Title:      "How far those came who take part in research, and what they said",
		Definition: participantsDefinition,
		Formula:    "followed_up_percent = 100 × followed_up / due",
		Dimensions: []Dimension{BySite, ByMonth},
		Filters:    countFilters,
		Version:    1,
	},
	sql:     "participants.sql.tmpl",
	columns: participantColumns(),
	subs:    timepoints,
	row:     participantRow,
}

func participantColumns() []column[taking] {
	reach, start, unanswered, tried := sorted(
		taking.reach,
	), sorted(
		taking.start,
	), sorted(
		taking.unanswered,
	), sorted(
		taking.tried,
	)
	been, use, help, harm := sorted(taking.been), sorted(taking.use), sorted(taking.help), sorted(taking.harm)
	meeting, meetingHarm, scales := sorted(taking.meeting), sorted(taking.meetingHarm), sorted(taking.scales)
	enrolled, followed, waiting := reach.whole(), reach.kind(0), reach.kind(1)
	due := column[taking]{taking.due, waiting.in}
	used := use.kind(0, followed)
	notHelped, notMeeting := help.kind(1, used), meeting.kind(1, followed)
	return []column[taking]{
		enrolled, start.kind(0, enrolled), due, followed,
		unanswered.kind(0, waiting), unanswered.kind(1, waiting), unanswered.kind(2, waiting),
		tried.kind(0, due), tried.kind(1, due), tried.kind(2, due),
		been.kind(0, followed), been.kind(1, followed), been.kind(2, followed),
		used, use.kind(1, followed), help.kind(0, used), notHelped, harm.kind(0, notHelped),
		meeting.kind(0, followed), notMeeting, meetingHarm.kind(0, notMeeting),
		scales.kind(0, followed), scales.kind(1, followed),
	}
}

func participantRow(at Divider, timepoint string, n []*int, suppressed bool) ParticipantRow {
	r := ParticipantRow{Divider: at, Timepoint: timepoint, Withheld: withheld(suppressed)}
	fill(
		n,
		&r.Enrolled,
		&r.Baseline,
		&r.Due,
		&r.FollowedUp,
		&r.Missed,
		&r.StillOpen,
		&r.Lost,
		&r.TriedOnce,
		&r.TriedMore,
		&r.NeverTried,
		&r.Better,
		&r.Worse,
		&r.SameOrNotSaid,
		&r.Used,
		&r.NotUsed,
		&r.Helped,
		&r.NotHelped,
		&r.MadeWorse,
		&r.MeetingHelped,
		&r.MeetingNotHelped,
		&r.MeetingMadeWorse,
		&r.AllAnswers,
		&r.NotAllAnswers,
	)
	r.FollowedUpPercent = percent(r.FollowedUp, r.Due)
	return r
}

// Participants is how far those came who take part in research, and what they said.
func (s *Store) Participants(ctx context.Context, q Query) (Figures[ParticipantRow], error) {
	return ask(ctx, s, participants, q)
}
