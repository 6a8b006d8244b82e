package insights

import (
	"context"
	_ "embed"
	"math"
	"slices"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

// RetentionRow is what became of the follow-ups of one timepoint.
//
// Every follow-up of somebody who lives, or who answered before they died, is in exactly one of completed, not_yet_due, due,
// missed, lost and paused; together they are eligible. A null was withheld, because it or what it leaves over rests on few people.
type RetentionRow struct {
	Divider
	Timepoint           string   `json:"timepoint" doc:"Code of the follow-up." example:"m9_12"`
	Eligible            *int     `json:"eligible" doc:"Follow-ups planned, without those of people who died before they could answer." example:"400"`
	Died                *int     `json:"died" doc:"Follow-ups of people who died before they could answer: they count in nothing else here." example:"10"`
	NotYetDue           *int     `json:"not_yet_due" doc:"Of eligible: the window has not opened." example:"90"`
	Due                 *int     `json:"due" doc:"Of eligible: the window is open, and there is no answer yet." example:"40"`
	Completed           *int     `json:"completed" doc:"Of eligible: the person answered." example:"150"`
	CompletedInWindow   *int     `json:"completed_in_window" doc:"Of completed: between the days that the contact window opens and closes." example:"130"`
	CompletedLate       *int     `json:"completed_late" doc:"Of completed: after the window closed." example:"10"`
	CompletedEarly      *int     `json:"completed_early" doc:"Of completed: before the window opened." example:"10"`
	Missed              *int     `json:"missed" doc:"Of eligible: the window closed, and neither an answer nor a reason for none is recorded. That is about the site, not about the person." example:"60"`
	Lost                *int     `json:"lost" doc:"Of eligible: given up, with a reason." example:"45"`
	LostCouldNotContact *int     `json:"lost_could_not_contact" doc:"Of lost: could not be contacted." example:"20"`
	LostDeclined        *int     `json:"lost_declined" doc:"Of lost: declined." example:"15"`
	LostWithdrew        *int     `json:"lost_withdrew" doc:"Of lost: withdrew." example:"10"`
	LostMoved           *int     `json:"lost_moved" doc:"Of lost: moved away." example:"10"`
	LostTooUnwell       *int     `json:"lost_too_unwell" doc:"Of lost: too unwell." example:"10"`
	LostLacksCapacity   *int     `json:"lost_lacks_capacity" doc:"Of lost: lacks the capacity to answer." example:"10"`
	LostNotAttempted    *int     `json:"lost_not_attempted" doc:"Of lost: nobody tried." example:"10"`
	LostOther           *int     `json:"lost_other" doc:"Of lost: another reason." example:"10"`
	Paused              *int     `json:"paused" doc:"Of eligible: the person said no to being contacted, so nobody asks." example:"15"`
	Ended               *int     `json:"ended" doc:"completed, missed, lost and paused together: everybody whose turn has come and gone." example:"270"`
	CompletionPercent   *float64 `json:"completion_percent" doc:"completed in ended, 0 to 100, from the two as published. Null while nobody's turn has come and gone." example:"55.6"`
	Attempted           *int     `json:"attempted" doc:"Of eligible: at least one attempt is recorded." example:"210"`
	NotInvited          *int     `json:"not_invited" doc:"Of due and missed: the window has opened and no attempt of any kind is recorded." example:"50"`
	Suppressed          bool     `json:"suppressed" doc:"The whole row is withheld, because it or a row it could be worked out with rests on too few people."`
}

const retentionDefinition = "What became of each follow-up that was planned, on the site's day. The months are those of the day that its windows count from (the baseline, unless the schedule says otherwise). " +
	"eligible = not_yet_due + due + completed + missed + lost + paused; people who died before they could answer are left out of it and stated apart. " +
	"completion_percent = completed / ended, where ended = completed + missed + lost + paused: a late answer counts as completed, and nobody whose window is still open counts at all. " +
	"missed means that the window closed with neither an answer nor a reason for none; lost, that somebody recorded the reason."

//go:embed retention.sql
var retentionSQL string

// kept is follow-ups of one place and timepoint, by what became of them.
type kept struct {
	Cell
	Timepoint                                                                                            string
	Died, NotYetDue, Due, Paused, Missed, InWindow, Late, Early                                          int
	CouldNotContact, Declined, Withdrew, Moved, TooUnwell, LacksCapacity, NotAttempted, Other, Attempted int
	NotInvited                                                                                           int
}

func (k kept) completed() []int { return []int{k.InWindow, k.Late, k.Early} }

func (k kept) lost() []int {
	return []int{k.CouldNotContact, k.Declined, k.Withdrew, k.Moved, k.TooUnwell, k.LacksCapacity, k.NotAttempted, k.Other}
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

// asked sorts them by that and by whether they wait (due or missed). With due, missed and attempted, not_invited gives all four
// kinds away.
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

func total(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// Retention is what became of follow-ups. Whose figures are protected is as for Outcomes.
func (s *Store) Retention(ctx context.Context, q Query) (out Figures[RetentionRow], err error) {
	err = s.answer(ctx, q, func(tx *db.Tx, profile disclosure.Profile, period map[string]any) error {
		if period["sites"], period["days"], err = today(tx); err != nil {
			return err
		}
		var seen []kept
		if err := tx.Raw(retentionSQL, period).Scan(&seen).Error; err != nil {
			return err
		}
		codes, err := timepoints(tx)
		if err != nil {
			return err
		}
		dividers, err := q.by().dividers(tx)
		if err != nil {
			return err
		}
		rows := []RetentionRow{}
		for _, code := range codes {
			rows = append(rows, protectRetention(profile, code, dividers, seen)...)
		}
		rows = keep(q, rows, func(r RetentionRow) *string { return r.SiteID })
		out = Figures[RetentionRow]{"retention", retentionDefinition, tx.Now, profile.Notice(), rows}
		return nil
	})
	return out, err
}

// today is which day it is at each of the actor's sites.
func today(tx *db.Tx) (sites db.IDs, days db.Texts, err error) {
	for _, site := range tx.Actor.Sites {
		d, err := tx.Today(site)
		if err != nil {
			return nil, nil, err
		}
		sites, days = append(sites, site), append(days, d.String())
	}
	return sites, days, nil
}

// timepoints are the codes of the schedules of the actor's sites, by when they are.
func timepoints(tx *db.Tx) (codes []string, err error) {
	err = tx.Raw("select code from schedules where site_id = any(?::uuid[]) group by code order by min(analysis_from), code", db.IDs(tx.Actor.Sites)).Scan(&codes).Error
	return codes, err
}

// protectRetention makes the rows of one timepoint: of all together, and of each divider.
func protectRetention(profile disclosure.Profile, timepoint string, dividers []Divider, seen []kept) []RetentionRow {
	places := slices.Concat([]Divider{{}}, dividers)
	parts := gather(dividers, seen, func(k kept, d Divider) bool { return k.Timepoint == timepoint && k.in(d) }, kept.plus)
	sorted := func(kinds func(kept) []int) []disclosure.Line {
		return split(profile, parts, func(k kept) disclosure.Row { return disclosure.Row{People: total(kinds(k)), Parts: kinds(k)} })
	}
	eligible, completed, without := sorted(kept.eligible), sorted(kept.completed), sorted(kept.without)
	open, lost, tried, asked := sorted(kept.open), sorted(kept.lost), sorted(kept.tried), sorted(kept.asked)
	died := sorted(func(k kept) []int { return []int{k.Died} })
	rows := make([]RetentionRow, len(places))
	for i, d := range places {
		r := RetentionRow{Divider: d, Timepoint: timepoint, Suppressed: eligible[i].Suppressed}
		if !r.Suppressed {
			r.Eligible, r.Died, r.Attempted = eligible[i].People, died[i].People, tried[i].Parts[0]
			if !slices.Contains(asked[i].Parts, nil) {
				r.NotInvited = asked[i].Parts[0]
			}
			r.sort(eligible[i].Parts, completed[i], without[i], open[i], lost[i])
		}
		rows[i] = r
	}
	return rows
}

// sort fills in the kinds, and kinds of kinds, that may be shown.
func (r *RetentionRow) sort(eligible []*int, completed, without, open, lost disclosure.Line) {
	r.Completed = eligible[0]
	r.Ended, r.CompletionPercent = shares(eligible[0], eligible[1])
	c := within(r.Completed, completed)
	r.CompletedInWindow, r.CompletedLate, r.CompletedEarly = c[0], c[1], c[2]
	w := within(eligible[1], without)
	r.Missed, r.Lost, r.Paused = w[0], w[1], w[2]
	o := within(eligible[2], open)
	r.NotYetDue, r.Due = o[0], o[1]
	l := within(r.Lost, lost)
	r.LostCouldNotContact, r.LostDeclined, r.LostWithdrew, r.LostMoved = l[0], l[1], l[2], l[3]
	r.LostTooUnwell, r.LostLacksCapacity, r.LostNotAttempted, r.LostOther = l[4], l[5], l[6], l[7]
}

// shares adds published counts up, and says what percentage of them the first is. Both are null where one was withheld.
func shares(first *int, others ...*int) (whole *int, percent *float64) {
	sum := 0
	for _, n := range append([]*int{first}, others...) {
		if n == nil {
			return nil, nil
		}
		sum += *n
	}
	if sum == 0 {
		return &sum, nil
	}
	return &sum, new(math.Round(1000*float64(*first)/float64(sum)) / 10)
}
