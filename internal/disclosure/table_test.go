package disclosure

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// rowOf draws a row of one to three parts' worth of people, often near the threshold.
func rowOf(parts int) *rapid.Generator[Row] {
	count := rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(0, 200))
	return rapid.Custom(func(t *rapid.T) Row {
		r := Row{Others: count.Draw(t, "others"), Parts: rapid.SliceOfN(count, parts, parts).Draw(t, "parts")}
		for _, n := range r.Parts {
			r.People += n
		}
		return r
	})
}

func rowsOf(t *rapid.T) []Row {
	parts := rapid.IntRange(1, 4).Draw(t, "number of parts")
	return rapid.SliceOfN(rowOf(parts), 0, 9).Draw(t, "rows")
}

// counts lists a line's published counts, -1 for a withheld one.
func (l Line) counts() []int {
	all := []int{shown(l.People), shown(l.Base)}
	for _, n := range slices.Concat(l.Parts, l.Left) {
		all = append(all, shown(n))
	}
	return all
}

func TestLine(t *testing.T) {
	for _, c := range []struct {
		name    string
		row     Row
		want    []int // people, base, parts
		percent float64
	}{
		{"all is safe", Row{38, 22, []int{20, 10, 8}}, []int{40, 60, 20, 10, 10}, 66.7},
		{"too few people", Row{7, 40, []int{7, 0, 0}}, []int{-1, -1, -1, -1, -1}, -1},
		{"nobody yet", Row{0, 30, []int{0, 0, 0}}, []int{0, 30, 0, 0, 0}, 0},
		{"few without a pair", Row{12, 3, []int{12, 0, 0}}, []int{10, -1, 10, 0, 0}, -1},
		{"everybody has a pair", Row{12, 0, []int{12, 0, 0}}, []int{10, 10, 10, 0, 0}, 100},
		{"first part small", Row{30, 30, []int{3, 15, 12}}, []int{30, 60, -1, -1, -1}, 50},
		{"last part small", Row{30, 30, []int{15, 12, 3}}, []int{30, 60, 15, -1, -1}, 50},
		{"small after the first", Row{30, 30, []int{25, 5, 0}}, []int{30, 60, -1, -1, -1}, 50},
	} {
		got := NHSEngland(0).Line(c.row)
		if counts := got.counts()[:5]; !reflect.DeepEqual(counts, c.want) {
			t.Errorf("%s: %v, want %v", c.name, counts, c.want)
		}
		if percent := got.Percent; percent == nil && c.percent != -1 || percent != nil && *percent != c.percent {
			t.Errorf("%s: percent %v, want %v", c.name, percent, c.percent)
		}
	}
}

func TestARowAloneIsNeverWithheldAlone(t *testing.T) {
	_, lines := NHSEngland(0).Table(Halves(4), []Row{{People: 60}, {People: 3}, {People: 45}, {People: 80}})
	want := []bool{true, true, false, false}
	for i, l := range lines {
		if l.Suppressed != want[i] {
			t.Errorf("row %d: suppressed %v", i, l.Suppressed)
		}
	}
}

func TestEmptyTable(t *testing.T) {
	total, lines := NHSEngland(0).Table(Halves(0), nil)
	if len(lines) != 0 || total.Suppressed || shown(total.People) != 0 {
		t.Errorf("%+v %+v", total, lines)
	}
}

func TestPublishedCountsAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, rows := NHSEngland(rapid.IntRange(0, 20).Draw(t, "threshold")), rowsOf(t)
		total, lines := p.Table(Halves(len(rows)), rows)
		for i, l := range append(lines, total) {
			for _, n := range l.counts() {
				if n > 0 && (n < p.Threshold() || n%p.Rounding() != 0) {
					t.Fatalf("line %d publishes %d", i, n)
				}
			}
			if l.Suppressed &&
				!reflect.DeepEqual(
					l,
					Line{Suppressed: true, Parts: make([]*int, len(l.Parts)), Left: make([]*int, len(l.Parts))},
				) {
				t.Fatalf("line %d is suppressed and shows %+v", i, l)
			}
			if l.Percent != nil && (*l.Percent < 0 || *l.Percent > 100) {
				t.Fatalf("line %d: %v %%", i, *l.Percent)
			}
		}
	})
}

// What the total and the shown rows leave over is a mean's base as well: it is nobody, or enough people.
func TestWhatIsLeftOverIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, rows := NHSEngland(rapid.IntRange(0, 20).Draw(t, "threshold")), rowsOf(t)
		total, lines := p.Table(Halves(len(rows)), rows)
		if total.Suppressed {
			return
		}
		left := 0
		for i, l := range lines {
			if rows[i].People > 0 && rows[i].People < p.Threshold() && !l.Suppressed {
				t.Fatalf("row %d of %d people may yield a mean", i, rows[i].People)
			}
			if l.Suppressed {
				left += rows[i].People
			}
		}
		if left != 0 && left < p.Threshold() {
			t.Fatalf("%d people are left over", left)
		}
	})
}

func TestAHigherThresholdShowsNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, low := rowsOf(t), rapid.IntRange(8, 20).Draw(t, "low")
		total, lines := NHSEngland(low).Table(Halves(len(rows)), rows)
		stricterTotal, stricter := NHSEngland(low+rapid.IntRange(0, 20).Draw(t, "more")).Table(Halves(len(rows)), rows)
		lines, stricter = append(lines, total), append(stricter, stricterTotal)
		for i := range lines {
			before := lines[i].counts()
			for j, n := range stricter[i].counts() {
				if n >= 0 && before[j] < 0 {
					t.Fatalf("line %d, count %d appears", i, j)
				}
			}
		}
	})
}

func TestTableIsDeterministicAndLeavesItsRowsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rowsOf(t)
		total, lines := NHSEngland(0).Table(Halves(len(rows)), rows)
		again, linesAgain := NHSEngland(0).Table(Halves(len(rows)), rows)
		if !reflect.DeepEqual(total, again) || !reflect.DeepEqual(lines, linesAgain) {
			t.Fatal("two answers for one table")
		}
		if alone := NHSEngland(0).Line(sum(rows)); !reflect.DeepEqual(alone, total) {
			t.Fatalf("the total is %+v beside its rows and %+v alone", total, alone)
		}
	})
}
