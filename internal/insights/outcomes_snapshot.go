package insights

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

// outcomesTables are paired change in a snapshot.
type outcomesTables struct{}

func (outcomesTables) name() string          { return outcomes.ID }
func (outcomesTables) columnNames() []string { return nil }

// build works the tables out, by site and by each dimension of people, and keeps what may not change yet.
//
// A mean over 8 people today and over 9 tomorrow would give the ninth away. So a table's rows are worked
// out anew only when since the last time nobody, or at least as many as the threshold, have come into each
// of them or gone; and all of its rows together, with the row of all together. Until then they stay as they
// were.
func (outcomesTables) build(tx *db.Tx, next snapshot) (list []figure, err error) {
	before, cohorts, err := linesBefore(tx)
	if err != nil {
		return nil, err
	}
	dimensions := slices.Concat(outcomes.Dimensions, []Dimension{ByPopulation})
	seen, err := observe(
		tx,
		map[string]any{"from": earliest, "until": latest, "sites": next.Sites, "cohorts": cohorts},
		dimensions...)
	if err != nil {
		return nil, err
	}
	scales, err := scalesAt(tx)
	if err != nil {
		return nil, err
	}
	moved := map[string]bool{} // scales whose row of all together is new
	for _, by := range dimensions {
		places, err := next.places(tx, by)
		if err != nil {
			return nil, err
		}
		for _, o := range sortOutcomes(scales, seen, by, places) {
			t := outcomesTable{o, by, next, disclosure.NHSEngland(next.Threshold), before, cohorts}
			if by == BySite {
				list = append(list, t.together(moved))
			}
			list = append(list, t.rows(moved[o.Scale.key()])...)
		}
	}
	first, last, err := baselineMonths(tx, next)
	for i := range list {
		list[i].Position = i
		list[i].Periods.V = line{{From: first, Until: last, Counts: []*int{}}}
	}
	return list, err
}

// places are the rows of a table by a dimension.
func (s snapshot) places(tx *db.Tx, by Dimension) (list []Divider, err error) {
	if by == BySite {
		return bySite(s.Sites), nil
	}
	values, err := by.rows(tx)
	for _, value := range values {
		list = append(list, divided(by, value))
	}
	return list, err
}

func bySite(sites db.IDs) (list []Divider) {
	for _, id := range sites {
		list = append(list, divided(BySite, id.String()))
	}
	return list
}

// baselineMonths are those of the baselines there are.
func baselineMonths(tx *db.Tx, next snapshot) (first, last int, err error) {
	err = tx.Raw(`select coalesce(month_number(min(completed_on)), 0), coalesce(month_number(max(completed_on)) + 1, 0)
		from counted_scores where site_id = any(?::uuid[]) and timepoint = 'baseline'`, next.Sites).Row().Scan(&first, &last)
	return first, last, err
}

type lineKey struct {
	dimension     Dimension
	row, subgroup string
}

// linesBefore are those that partners have read until now, and when they were worked out, the earliest first.
func linesBefore(tx *db.Tx) (lines map[lineKey]figure, cohorts db.Texts, err error) {
	have, err := current(tx)
	if err != nil || have == nil {
		return nil, nil, err
	}
	var found []figure
	err = tx.Where("snapshot_id = ? and metric = 'outcomes'", have.ID).Find(&found).Error
	lines = map[lineKey]figure{}
	for _, f := range found {
		k := lineKey{f.Dimension, f.Value, f.Subgroup}
		if f.SiteID != nil {
			k.row = f.SiteID.String()
		}
		lines[k] = f
		if v := instant(*f.Since); !slices.Contains(cohorts, v) {
			cohorts = append(cohorts, v)
		}
	}
	slices.Sort(cohorts)
	return lines, cohorts, err
}

func instant(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}

// outcomesTable is the rows of one scale by one dimension.
type outcomesTable struct {
	Outcome
	by      Dimension
	next    snapshot
	profile disclosure.Profile
	before  map[lineKey]figure

	cohorts db.Texts
}

// together is the row of all together.
func (t outcomesTable) together(moved map[string]bool) figure {
	k, all := lineKey{Together, "", t.Scale.key()}, Sample{}
	for _, s := range t.Samples {
		all.Pairs, all.cohorts, all.BaselineN = append(
			all.Pairs,
			s.Pairs...), append(
			all.cohorts,
			s.cohorts...), all.BaselineN+s.BaselineN
		all.members ^= s.members
	}
	old, had := t.before[k]
	if had && !t.mayChange(all, old) {
		old.SnapshotID = t.next.ID
		return old
	}
	moved[t.Scale.key()] = true
	return t.line(k, all, t.protect(t.profile, t.by.axis(len(t.Samples)), Divider{})[0])
}

// rows are the others. Those that were withheld stay so, until enough people came into each of them at
// once: else one that nobody came into would tell now what it was when it was withheld, and so would the
// one beside it.
func (t outcomesTable) rows(moved bool) (list []figure) {
	var kept []figure
	all, known := t.before[lineKey{Together, "", t.Scale.key()}]
	known = known && !all.Means.V.Suppressed
	old := make([]figure, len(t.Samples))
	hidden, enough, came := 0, true, 0
	for i, s := range t.Samples {
		line, had := t.before[t.key(i)]
		if old[i] = line; had {
			line.SnapshotID = t.next.ID
			kept = append(kept, line)
		}
		if !known { // nothing was shown of any
			continue
		}
		moved = moved && t.mayChange(s, old[i])
		if had && line.Means.V.Suppressed && *line.Pairs+len(s.Pairs) > 0 {
			n := t.changed(s, line)
			hidden, came, enough = hidden+1, came+n, enough && n >= t.profile.Threshold()
		}
	}
	if !moved {
		return kept
	}
	lifted := !known || enough && came >= (hidden+1)*t.profile.Threshold()
	for i, row := range t.protect(t.profile, t.by.axis(len(t.Samples)), Divider{})[1:] {
		if !lifted && old[i].Means != nil && old[i].Means.V.Suppressed {
			row = t.Scale.row(Divider{}, nil, disclosure.Line{Suppressed: true})
		}
		list = append(list, t.line(t.key(i), t.Samples[i], row))
	}
	return list
}

func (t outcomesTable) key(i int) lineKey {
	return lineKey{t.by, **t.Samples[i].At.value(t.by), t.Scale.key()}
}

func (t outcomesTable) line(k lineKey, s Sample, row OutcomeRow) figure {
	row.Divider, row.RowAsOf = Divider{}, &t.next.AsOf
	f := figure{
		SnapshotID: t.next.ID,
		Metric:     outcomes.ID,
		Dimension:  k.dimension,
		Value:      k.row,
		Subgroup:   k.subgroup,
		Means:      &db.JSON[OutcomeRow]{V: row},
		Pairs:      new(len(s.Pairs)),
		Members:    &s.members,
		Since:      &t.next.now,
	}
	if k.dimension == BySite {
		f.SiteID, f.Value = new(uuid.MustParse(k.row)), ""
	}
	return f
}

// mayChange reports whether a line can be worked out anew: the sample is the same, or at least the threshold
// came into it since it was worked out, or left, and nobody or at least the threshold are in it. People who
// are in another row now, since what is known of them was put right, show in members alone. A line that
// was not there had nobody.
func (t outcomesTable) mayChange(s Sample, old figure) bool {
	if old.Since == nil {
		return t.profile.Safe(len(s.Pairs))
	}
	changed := t.changed(s, old)
	return changed >= t.profile.Threshold() && t.profile.Safe(len(s.Pairs)) || *old.Members == s.members && changed <= 0
}

// changed is how many came into a line since it was worked out, or left, whichever are more.
func (t outcomesTable) changed(s Sample, old figure) int {
	came, since := 0, slices.Index(t.cohorts, instant(*old.Since))
	for _, v := range s.cohorts {
		if v > since {
			came++
		}
	}
	return max(came, *old.Pairs+came-len(s.Pairs))
}
