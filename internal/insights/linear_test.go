package insights

import (
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

// The attack by linear constraints: everything that a dashboard's key is answered about a few small sites
// (each column of a metric, of every period of whole months, by site, by month and by a characteristic, and
// of all sites together) is an equation over the true counts of each site's months and of each site's
// values. Whatever was withheld and is small must still have more than one possible value among whole
// counts of people that are not negative.

// looks are what is taken as known.
type looks struct {
	name  string
	naive bool // each count stands for itself: what the rule is there against
	exact bool // shown counts are known exactly, not as they are rounded
	alone bool // of one column, and nothing of the others
}

var (
	asAnswered = looks{name: "answers"}
	oneColumn  = looks{name: "one column, known exactly", exact: true, alone: true}
	noRule     = looks{name: "no rule", naive: true, exact: true}
)

const attackedSites, attackedMonths, attackedValues = 2, 4, 3

// knowledge is what an attacker knows, as GLPK reads it: sums of counts, which are whole and not negative.
type knowledge struct {
	lines []string
	n     int // variables
}

func terms(row map[int]float64) string {
	var b strings.Builder
	for _, i := range slices.Sorted(maps.Keys(row)) {
		fmt.Fprintf(&b, " %+g x%d\n", row[i], i)
	}
	return b.String()
}

// is makes known what a sum of variables is, or that it is not negative (relation: = or >=).
func (k *knowledge) is(row map[int]float64, relation string, sum int) {
	if len(row) > 0 {
		k.lines = append(k.lines, fmt.Sprintf(" c%d: %s %s %d\n", len(k.lines), terms(row), relation, sum))
	}
}

// bounds are the least and the greatest whole number that a sum of variables can be.
func (k *knowledge) bounds(t testing.TB, dir string, row map[int]float64) (low, high float64) {
	var b strings.Builder
	b.WriteString(" obj:" + terms(row) + "Subject To\n" + strings.Join(k.lines, "") + "General\n")
	for i := range k.n {
		fmt.Fprintf(&b, " x%d\n", i)
	}
	b.WriteString("End\n")
	solve := func(sense string) float64 {
		in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		if err := os.WriteFile(in, []byte(sense+"\n"+b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command("glpsol", "--lp", in, "--tmlim", "20", "-w", out).CombinedOutput(); err != nil {
			t.Fatalf("glpsol: %v %s", err, said)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m)^s mip \d+ \d+ (\w) (\S+)$`).FindStringSubmatch(string(text))
		switch {
		case found == nil:
			t.Fatalf("glpsol wrote %s", text)
		case found[1] == "u" && sense == "Maximize": // there is no end to it
			return math.Inf(1)
		case found[1] != "o":
			t.Fatalf("glpsol came to no end: %s", found[0])
		}
		v, _ := strconv.ParseFloat(found[2], 64)
		return v
	}
	return solve("Minimize"), solve("Maximize")
}

// attacked is one metric under attack.
type attacked[R any] struct {
	*counts[R]
	sortings []*sorting
	byMonth  [attackedSites][attackedMonths]cell
	byValue  [attackedSites][attackedValues]cell
}

func under[R any](m *counts[R]) attacked[R] {
	x := attacked[R]{counts: m}
	for _, c := range m.columns {
		for _, need := range c.needs {
			if !slices.Contains(x.sortings, need.sorting) {
				x.sortings = append(x.sortings, need.sorting)
			}
		}
	}
	return x
}

// variable is the place of a field among the variables.
func (x *attacked[R]) variable(site, at, field int) int {
	return (site*(attackedMonths+attackedValues)+at)*len(x.names) + field
}

// sum is the coefficients of a sum of counts over places.
func (x *attacked[R]) sum(of []term, sites, at []int) map[int]float64 {
	row := map[int]float64{}
	for _, t := range of {
		for _, s := range sites {
			for _, p := range at {
				row[x.variable(s, p, t.position)] += float64(t.factor)
			}
		}
	}
	return row
}

func between(from, until int) (list []int) {
	for i := from; i < until; i++ {
		list = append(list, i)
	}
	return list
}

// lines are what a snapshot holds, by the code that draws it; naive leaves out all but the rule for one count.
func (x *attacked[R]) lines(naive bool) (months, values []figure) {
	var cells []cell
	put := func(c cell, site, month int, facet string) {
		cells = append(cells, cell{place{site: fmt.Sprint(site), month: month, facet: facet}, c.counts})
	}
	for s := range attackedSites {
		for i, c := range x.byMonth[s] {
			put(c, s, i, "=")
		}
		for i, c := range x.byValue[s] {
			put(c, s, 0, "deprivation="+fmt.Sprint(i))
		}
	}
	sites, calendar := disclosure.Halves(attackedSites), disclosure.Calendar(0, attackedMonths)
	site := func(p place) int { return int(p.site[0] - '0') }
	t := countTable[R]{counts: x.counts, profile: disclosure.NHSEngland(8), cells: cellsOf(cells, Together, "")}
	for i := range attackedSites {
		t.next.Sites = append(t.next.Sites, uuid.UUID{15: byte(i)})
	}
	months = t.byMonth(sites, site, calendar)
	t.figure.Dimension, t.cells = ByDeprivation, cellsOf(cells, ByDeprivation, "")
	values = t.bySite([]string{"0", "1", "2"}, sites, site, calendar[0])
	if naive {
		for _, line := range append(slices.Clone(months), values...) {
			x.alone(t.profile, line)
		}
	}
	return months, values
}

// alone shows each count that is no small one itself.
func (x *attacked[R]) alone(p disclosure.Profile, f figure) {
	sites := between(0, attackedSites)
	if f.SiteID != nil {
		sites = []int{int(f.SiteID[15])}
	}
	for i, period := range f.Periods.V {
		at := between(period.From, min(period.Until, attackedMonths))
		if f.Value != "" {
			at = []int{attackedMonths + int(f.Value[0]-'0')}
		}
		for c := range period.Counts {
			if n := x.truth(c, sites, at); p.Safe(n) {
				f.Periods.V[i].Counts[c] = &n
			}
		}
	}
}

// truth is the count of a column over places.
func (x *attacked[R]) truth(column int, sites, at []int) (n int) {
	for _, s := range sites {
		for _, p := range at {
			n += add(x.columns[column].of, x.at(s, p).counts)
		}
	}
	return n
}

// target is a small count that was withheld.
type target struct {
	row   map[int]float64
	truth int
	what  string
}

// look asks everything, and returns what is known and what was withheld and is small.
func (x *attacked[R]) look(by looks, only int) (known knowledge, hidden []target) {
	months, values := x.lines(by.naive)
	known.n = attackedSites * (attackedMonths + attackedValues) * len(x.names)
	seen := map[string]bool{}
	everywhere := between(0, attackedSites)
	answer := func(f figure, from, until int, at []int, name string) {
		sites := everywhere
		if f.SiteID != nil {
			sites = []int{int(f.SiteID[15])}
		}
		for c, n := range f.Periods.V.over(from, until, between(0, len(x.columns))) {
			if by.alone && c != only {
				continue
			}
			row, truth := x.sum(x.columns[c].of, sites, at), x.truth(c, sites, at)
			switch key := fmt.Sprint(c, row); {
			case seen[key]:
			case n != nil:
				seen[key] = true
				if shown := *disclosure.NHSEngland(8).Count(*n); by.exact || shown == 0 {
					known.is(row, "=", *n)
				} else {
					known.is(row, ">=", max(8, shown-2))
					known.is(row, "<=", shown+2)
				}
			case truth > 0 && truth < 8:
				seen[key] = true
				hidden = append(hidden, target{row, truth, fmt.Sprintf("column %d of sites %v, %s", c, sites, name)})
			}
		}
	}
	for _, f := range months {
		for from := range attackedMonths {
			for until := from + 1; until <= attackedMonths; until++ {
				answer(f, from, until, between(from, until), fmt.Sprintf("months %d to %d", from, until))
			}
		}
	}
	for _, f := range values {
		answer(f, 0, 1<<20, []int{attackedMonths + int(f.Value[0]-'0')}, "value "+f.Value)
	}
	for s := range attackedSites { // a site's months and its values are the same people
		for field := range x.names {
			row := map[int]float64{}
			for p := range attackedMonths {
				row[x.variable(s, p, field)] = 1
			}
			for p := range attackedValues {
				row[x.variable(s, attackedMonths+p, field)] = -1
			}
			known.is(row, "=", 0)
		}
	}
	for s := range attackedSites { // no kind of people is fewer than nobody
		for p := range attackedMonths + attackedValues {
			for _, sorting := range x.sortings {
				for _, kind := range sorting.kinds {
					known.is(x.sum(kind, []int{s}, []int{p}), ">=", 0)
				}
			}
		}
	}
	return known, hidden
}

// answers are the lines as a reader has them, for whoever looks into what was found.
func (x *attacked[R]) answers(naive bool) string {
	var b strings.Builder
	months, values := x.lines(naive)
	for _, f := range append(months, values...) {
		site := "all"
		if f.SiteID != nil {
			site = strconv.Itoa(int(f.SiteID[15]))
		}
		for _, s := range f.Periods.V {
			fmt.Fprintf(&b, "site %s, value %q, months %d to %d:", site, f.Value, s.From, s.Until)
			for _, n := range s.Counts {
				if n == nil {
					b.WriteString(" -")
				} else {
					fmt.Fprintf(&b, " %d", *n)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func (x *attacked[R]) at(site, place int) cell {
	if place < attackedMonths {
		return x.byMonth[site][place]
	}
	return x.byValue[site][place-attackedMonths]
}

// found are those of some withheld counts that can have one value alone.
func (x *attacked[R]) found(t testing.TB, by looks, most int, pick func(n int) int) (found []string, tried int) {
	known, hidden := x.look(by, pick(len(x.columns)))
	dir := t.TempDir()
	for range min(most, len(hidden)) {
		i := pick(len(hidden))
		h := hidden[i]
		hidden = slices.Delete(hidden, i, i+1)
		if low, high := known.bounds(t, dir, h.row); low == high {
			found = append(found, fmt.Sprintf("%s is %d; shown:\n%s", h.what, h.truth, x.answers(by.naive)))
		}
		tried++
	}
	return found, tried
}

// attack draws the counts of some small sites, and attacks them.
func (m *counts[R]) attack(tb testing.TB, t *rapid.T, by looks) ([]string, int) {
	x := under(m)
	x.grow(t)
	most := 4
	if by.naive {
		most = 40
	}
	return x.found(tb, by, most, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "target") })
}

// grow draws people of each month, and puts them to a value.
func (x *attacked[R]) grow(t *rapid.T) {
	for s := range attackedSites {
		for i := range attackedMonths {
			came := x.asCells([]seenAt{{tallies: x.draw(t)}})[0]
			at := rapid.IntRange(0, attackedValues-1).Draw(t, "value") // of a month's people
			x.byMonth[s][i] = bothOf(x.byMonth[s][i], came)
			x.byValue[s][at] = bothOf(x.byValue[s][at], came)
		}
		for i := range attackedValues {
			x.byValue[s][i] = bothOf(x.byValue[s][i], cell{counts: make([]int, len(x.names))})
		}
	}
}

// bothOf is a new cell of the people of both.
func bothOf(a, b cell) (c cell) {
	c.plus(b)
	c.plus(a)
	return c
}

func TestLinearConstraintsRecoverNothing(t *testing.T) {
	if _, err := exec.LookPath("glpsol"); err != nil {
		t.Skip("no GLPK here (make test installs it by apt): nothing was attacked")
	}
	const most = 20 // tables of each metric: a solver takes its time
	for _, m := range contents {
		x, counts := m.(interface {
			attack(tb testing.TB, t *rapid.T, by looks) ([]string, int)
		})
		if !counts {
			continue
		}
		t.Run(m.name(), func(t *testing.T) {
			t.Parallel()
			checks, tried, plain := 0, 0, 0
			rapid.Check(t, func(r *rapid.T) {
				if checks++; checks > most {
					return
				}
				for _, by := range []looks{asAnswered, oneColumn} {
					found, n := x.attack(t, r, by)
					if tried += n; len(found) > 0 {
						r.Fatalf("%s: %s", by.name, found[0])
					}
				}
				if plain == 0 { // the same attack, were each count to stand for itself
					found, _ := x.attack(t, r, noRule)
					plain += len(found)
				}
			})
			t.Logf("%d withheld counts attacked", tried)
			if plain == 0 || tried < 20 {
				t.Errorf("an attack that cannot fail: %d tried, %d found without the rule", tried, plain)
			}
		})
	}
}

// shifted is knowledge of other variables: those from n on.
func (k knowledge) shifted(n int) (lines []string) {
	for i, line := range k.lines {
		line = regexp.MustCompile(`x(\d+)`).ReplaceAllStringFunc(line, func(x string) string {
			at, _ := strconv.Atoi(x[1:])
			return fmt.Sprintf("x%d", at+n)
		})
		lines = append(lines, strings.Replace(line, fmt.Sprintf(" c%d:", i), fmt.Sprintf(" d%d:", i), 1))
	}
	return lines
}

// mayFall are the counts of participants that may become fewer with time.
var mayFall = []string{"still_open", "later", "missed", "lost_or_said_no", "never_tried", "tried_once"}

// TestUpdatesOfSeveralMonthsRecoverNothing takes everything that is published of a study at two times
// together: what an update tells, and all that a dashboard's key is answered beside it, each as it is
// rounded; and that whoever answered once has answered. No small count that was withheld at either time
// follows.
func TestUpdatesOfSeveralMonthsRecoverNothing(t *testing.T) {
	if _, err := exec.LookPath("glpsol"); err != nil {
		t.Skip("no GLPK here (make test installs it by apt): nothing was attacked")
	}
	t.Parallel()
	checks, tried, plain := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		if checks++; checks > 12 {
			return
		}
		first := under(participants)
		first.grow(r)
		second := first // some time after: people joined, and more of them answered
		second.grow(r)
		for _, by := range []looks{asAnswered, noRule} {
			if by.naive && plain > 0 {
				continue
			}
			one, hidden := first.look(by, 0)
			two, also := second.look(by, 0)
			known := knowledge{lines: append(one.lines, two.shifted(one.n)...), n: one.n + two.n}
			for field := range first.names {
				if slices.Contains(mayFall, first.names[field]) {
					continue
				}
				for s := range attackedSites {
					for p := range attackedMonths {
						i := first.variable(s, p, field)
						known.is(map[int]float64{i: -1, i + one.n: 1}, ">=", 0)
					}
				}
			}
			for _, h := range also {
				row := map[int]float64{}
				for i, f := range h.row {
					row[i+one.n] = f
				}
				hidden = append(hidden, target{row, h.truth, h.what + ", later"})
			}
			dir := t.TempDir()
			for range min(3, len(hidden)) {
				h := hidden[rapid.IntRange(0, len(hidden)-1).Draw(r, "target")]
				low, high := known.bounds(t, dir, h.row)
				switch {
				case by.naive && low == high:
					plain++
				case by.naive:
				case low == high:
					r.Fatalf("%s is %d", h.what, h.truth)
				default:
					tried++
				}
			}
		}
	})
	t.Logf("%d withheld counts attacked", tried)
	if plain == 0 || tried < 20 {
		t.Errorf("an attack that cannot fail: %d tried, %d found without the rule", tried, plain)
	}
}
