package insights

import (
	"context"
	"math"
	"slices"

	"waypost/internal/platform/db"
)

// RetentionRow is what became of the follow-ups of one timepoint.
//
// Every follow-up of somebody who lived until its window closed, or who answered before they died, is in
// exactly one of completed, not_yet_due, due, missed, lost and paused; together they are eligible. A null
// was withheld, because it or what it leaves over rests on few people.
type RetentionRow struct {
	Divider
	// Code of the follow-up.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// Follow-ups planned, without those of people who died before the window closed, and had not
	// answered.
	Eligible *int `json:"eligible" example:"400"`
	// Follow-ups of people who died before the window closed, and had not answered: they count in
	// nothing else here.
	Died *int `json:"died" example:"10"`
	// Of eligible: the window has not opened.
	NotYetDue *int `json:"not_yet_due" example:"90"`
	// Of eligible: the window is open, and there is no answer yet.
	Due *int `json:"due" example:"40"`
	// Of eligible: the person answered.
	Completed *int `json:"completed" example:"150"`
	// Of completed: between the days that the contact window opens and closes.
	CompletedInWindow *int `json:"completed_in_window" example:"130"`
	// Of completed: after the window closed.
	CompletedLate *int `json:"completed_late" example:"10"`
	// Of completed: before the window opened.
	CompletedEarly *int `json:"completed_early" example:"10"`
	// Of eligible: the window closed, and neither an answer nor a reason for none is recorded. That
	// is about the site, not about the person.
	Missed *int `json:"missed" example:"60"`
	// Of eligible: given up, with a reason.
	Lost *int `json:"lost" example:"45"`
	// Of lost: could not be contacted.
	LostCouldNotContact *int `json:"lost_could_not_contact" example:"20"`
	// Of lost: declined.
	LostDeclined *int `json:"lost_declined" example:"15"`
	// Of lost: withdrew.
	LostWithdrew *int `json:"lost_withdrew" example:"10"`
	// Of lost: moved away.
	LostMoved *int `json:"lost_moved" example:"10"`
	// Of lost: too unwell.
	LostTooUnwell *int `json:"lost_too_unwell" example:"10"`
	// Of lost: lacks the capacity to answer.
	LostLacksCapacity *int `json:"lost_lacks_capacity" example:"10"`
	// Of lost: nobody tried.
	LostNotAttempted *int `json:"lost_not_attempted" example:"10"`
	// Of lost: another reason.
	LostOther *int `json:"lost_other" example:"10"`
	// Of eligible: the person said no to being contacted, so nobody asks.
	Paused *int `json:"paused" example:"15"`
	// People whose turn has come and gone: completed, missed, lost and paused together.
	Ended *int `json:"ended" example:"270"`
	// Percent of ended that are completed, 0 to 100, from the two as published. Null while nobody's
	// turn has come and gone.
	CompletionPercent *float64 `json:"completion_percent" example:"55.6"`
	// Of eligible: at least one attempt is recorded.
	Attempted *int `json:"attempted" example:"210"`
	// Of due and missed: the window has opened and no attempt of any kind is recorded.
	NotInvited *int `json:"not_invited" example:"50"`
	Withheld
}

const retentionDefinition = "What became of each follow-up that was planned, on the site's day. The months are those of the day that " +
	"its windows count from (the baseline, unless the schedule says otherwise). " +
	"eligible = not_yet_due + due + completed + missed + lost + paused; people who died before the window " +
	"closed, and had not answered, are left out of it and stated apart. " +
	"completion_percent = completed / ended, where ended = completed + missed + lost + paused: a late " +
	"answer counts as completed, and nobody whose window is still open counts at all. " +
	"missed means that the window closed with neither an answer nor a reason for none; lost, that somebody " +
	"recorded the reason."

// kept is follow-ups of one place and timepoint, by what became of them.
type kept struct {
	Cell
	Died, NotYetDue, Due, Paused, Missed, InWindow, Late, Early                                          int
	CouldNotContact, Declined, Withdrew, Moved, TooUnwell, LacksCapacity, NotAttempted, Other, Attempted int
	NotInvited                                                                                           int
}

func (k kept) completed() []int { return []int{k.InWindow, k.Late, k.Early} }

func (k kept) lost() []int {
	return []int{
		k.CouldNotContact,
		k.Declined,
		k.Withdrew,
		k.Moved,
		k.TooUnwell,
		k.LacksCapacity,
		k.NotAttempted,
		k.Other,
	}
}

// without is those whose turn has come and gone without an answer.
func (k kept) without() []int { return []int{k.Missed, total(k.lost()), k.Paused} }

// open is those whose turn is still to come, or has come.
func (k kept) open() []int { return []int{k.NotYetDue, k.Due} }

// eligible is what readers need most first: who answered, who did not, and who still can.
func (k kept) eligible() []int {
	return []int{total(k.completed()), total(k.without()), total(k.open())}
}

// tried sorts the same people by whether anybody tried.
func (k kept) tried() []int { return []int{k.Attempted, total(k.eligible()) - k.Attempted} }

// asked sorts them by that and by whether they wait (due or missed). With due, missed and attempted,
// not_invited gives all four kinds away.
func (k kept) asked() []int {
	waiting, others := k.Due+k.Missed, total(k.eligible())-k.Due-k.Missed
	triedOthers := k.Attempted - (waiting - k.NotInvited)
	return []int{k.NotInvited, waiting - k.NotInvited, triedOthers, others - triedOthers}
}

func (k kept) plus(o kept) kept {
	k.Died, k.NotYetDue, k.Due, k.Paused, k.Missed = k.Died+o.Died, k.NotYetDue+o.NotYetDue, k.Due+o.Due, k.Paused+o.Paused, k.Missed+o.Missed
	k.InWindow, k.Late, k.Early = k.InWindow+o.InWindow, k.Late+o.Late, k.Early+o.Early
	k.CouldNotContact, k.Declined, k.Withdrew, k.Moved = k.CouldNotContact+o.CouldNotContact, k.Declined+o.Declined, k.Withdrew+o.Withdrew, k.Moved+o.Moved
	k.TooUnwell, k.LacksCapacity, k.NotAttempted, k.Other = k.TooUnwell+o.TooUnwell, k.LacksCapacity+o.LacksCapacity, k.NotAttempted+o.NotAttempted, k.Other+o.Other
	k.Attempted, k.NotInvited = k.Attempted+o.Attempted, k.NotInvited+o.NotInvited
	return k
}

// retention is what became of follow-ups. Its columns are in the order of RetentionRow.fill.
var retention = metric[kept, RetentionRow]{
	Entry: Entry{
		ID:         "retention",
		Title:      "Who was followed up",
		Definition: retentionDefinition,
		Formula:    "completion_percent = 100 × completed / (completed + missed + lost + paused)",
		Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople),
		Filters:    countFilters,
		Version:    1,
	},
	sql:     "retention.sql.tmpl",
	columns: retentionColumns(),
	subs:    timepoints,
	row:     retentionRow,
}

func retentionColumns() []column[kept] {
	eligible, completed, without := sorted(kept.eligible), sorted(kept.completed), sorted(kept.without)
	open, lost, tried, asked := sorted(kept.open), sorted(kept.lost), sorted(kept.tried), sorted(kept.asked)
	answered, ended, still := eligible.kind(0), eligible.kind(1), eligible.kind(2)
	list := []column[kept]{
		eligible.whole(),
		sorted(func(k kept) []int { return []int{k.Died} }).whole().and(eligible.whole()),
		open.kind(0, still),
		open.kind(1, still),
		answered,
		completed.kind(0, answered),
		completed.kind(1, answered),
		completed.kind(2, answered),
		without.kind(0, ended),
		without.kind(1, ended),
	}
	for reason := range (kept{}).lost() {
		list = append(list, lost.kind(reason, without.kind(1, ended)))
	}
	gone := column[kept]{func(k kept) int { return total(k.completed()) + total(k.without()) }, ended.in}
	return append(
		list,
		without.kind(2, ended),
		gone,
		tried.kind(0, eligible.whole()),
		asked.kind(0, eligible.whole(), asked.kind(len((kept{}).asked())-1)),
	)
}

func retentionRow(at Divider, timepoint string, n []*int, suppressed bool) RetentionRow {
	r := RetentionRow{Divider: at, Timepoint: timepoint, Withheld: withheld(suppressed)}
	fill(
		n,
		&r.Eligible,
		&r.Died,
		&r.NotYetDue,
		&r.Due,
		&r.Completed,
		&r.CompletedInWindow,
		&r.CompletedLate,
		&r.CompletedEarly,
		&r.Missed,
		&r.Lost,
		&r.LostCouldNotContact,
		&r.LostDeclined,
		&r.LostWithdrew,
		&r.LostMoved,
		&r.LostTooUnwell,
		&r.LostLacksCapacity,
		&r.LostNotAttempted,
		&r.LostOther,
		&r.Paused,
		&r.Ended,
		&r.Attempted,
		&r.NotInvited,
	)
	r.CompletionPercent = percent(r.Completed, r.Ended)
	return r
}

// Retention is what became of follow-ups.
func (s *Store) Retention(ctx context.Context, q Query) (Figures[RetentionRow], error) {
	return ask(ctx, s, retention, q)
}

// timepoints are the codes of the schedules of the actor's sites, by when they are.
func timepoints(tx *db.Tx) (codes []string, err error) {
	err = tx.Raw("select code from schedules where site_id = any(?::uuid[]) group by code order by min(analysis_from), code", db.IDs(tx.Actor.Sites)).
		Scan(&codes).
		Error
	return codes, err
}

// fill puts published counts into the fields of a row.
func fill(n []*int, fields ...**int) {
	for i, f := range fields {
		*f = n[i]
	}
}

// percent is what percentage of published counts a part is, 0 to 100 with one decimal. Nil where one was
// withheld, or of nobody.
func percent(part, whole *int) *float64 {
	if part == nil || whole == nil || *whole == 0 {
		return nil
	}
	return new(min(100, math.Round(1000*float64(*part)/float64(*whole))/10))
}
