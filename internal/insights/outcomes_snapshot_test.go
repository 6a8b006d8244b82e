package insights

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

// nightly keeps the lines of a table from night to night.
type nightly struct {
	before map[lineKey]figure
	nights []string
}

var fifths = []string{"1", "2", "3", "4", "5"}

// draw draws the table of a night from how many people are in each row, and how many of these came since
// the night before.
func (n *nightly) draw(people, came []int) map[string]figure {
	at := time.Date(2026, 1, 1+len(n.nights), 0, 0, 0, 0, time.UTC)
	o := Outcome{Scale: lifeSatisfaction}
	for i, count := range people {
		s := Sample{At: divided(ByDeprivation, fifths[i]), BaselineN: 1000}
		for p := range count {
			old := len(n.nights) // came after all nights so far
			if p < count-came[i] {
				old = 0
			}
			s.Pairs, s.cohorts = append(s.Pairs, Pair{4, float64(4 + p%3)}), append(s.cohorts, old)
		}
		s.members = int64(count*1000 + came[i]) // others were there before
		if came[i] == 0 {
			s.members = int64(count)
		}
		o.Samples = append(o.Samples, s)
	}
	t := outcomesTable{o, ByDeprivation, snapshot{now: at}, disclosure.NHSEngland(0), n.before, slices.Clone(n.nights)}
	moved := map[string]bool{}
	lines := append([]figure{t.together(moved)}, t.rows(moved[o.Scale.key()])...)
	n.before, n.nights = map[lineKey]figure{}, append(n.nights, instant(at))
	rows := map[string]figure{}
	for _, l := range lines {
		n.before[lineKey{l.Dimension, l.Value, l.Subgroup}] = l
		rows[l.Value] = l
	}
	return rows
}

// Five of the first row and twenty of the second are withheld, and known together. Eight more come into the
// first, and now both could be shown: but the second are the same as the night before, and so would be what
// the five said.
func TestARowOnceWithheldStaysSo(t *testing.T) {
	n := nightly{}
	suppressed := func(rows map[string]figure) (list []bool) {
		for _, value := range fifths[:4] {
			list = append(list, rows[value].Means.V.Suppressed)
		}
		return list
	}
	want := []bool{true, true, false, false}
	if first := suppressed(n.draw([]int{5, 20, 30, 30}, []int{0, 0, 0, 0})); !slices.Equal(first, want) {
		t.Fatalf("the first night: %v", first)
	}
	next := n.draw([]int{13, 20, 30, 40}, []int{8, 0, 0, 10})
	if *next[""].Means.V.PairedN != 105 || *next["4"].Means.V.PairedN != 40 {
		t.Error("the second night's figures are not there")
	}
	if !slices.Equal(suppressed(next), want) {
		t.Errorf("the second night: %v", suppressed(next))
	}
}

// What a reader of two nights works out about means: the row of all less rows that are shown on either
// night and changed in nobody.
func TestTwoNightsGiveNoMeanAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, n := disclosure.NHSEngland(0), rapid.IntRange(2, 5).Draw(t, "rows")
		had := rapid.IntRange(n-1, n).Draw(t, "had")
		var first, second, came []int
		for i := range n {
			count := rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(8, 30)).Draw(t, "people")
			more := rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 12), rapid.IntRange(8, 20)).Draw(t, "more")
			if i >= had { // a row that was not there
				count = 0
			}
			first, second, came = append(first, count), append(second, count+more), append(came, more)
		}
		night := nightly{}
		before := night.draw(first[:had], make([]int, had))
		after := night.draw(second, came)
		shown := func(rows map[string]figure, value string) bool {
			f, is := rows[value]
			return is && !f.Means.V.Suppressed
		}
		fresh := func(value string) bool { f, is := after[value]; return is && f.Since.Day() == 2 }
		leftOver := func(all bool, counts []int, known func(i int, value string) bool) {
			left, only := 0, 0
			for i, n := range counts {
				if !known(i, fifths[i]) {
					left, only = left+1, n
				}
			}
			if all && left == 1 && !p.Safe(only) {
				t.Fatalf(
					"%v and then %v, of whom %v came: one row of %d is all that is left over",
					first,
					second,
					came,
					only,
				)
			}
		}
		same := func(i int) bool { return came[i] == 0 && first[i] == second[i] }
		leftOver(shown(before, ""), first[:had], func(i int, value string) bool {
			return shown(before, value) || same(i) && fresh(value) && shown(after, value)
		})
		leftOver(shown(after, "") && fresh(""), second, func(i int, value string) bool {
			return fresh(value) && shown(after, value) || same(i) && shown(before, value)
		})
	})
}
