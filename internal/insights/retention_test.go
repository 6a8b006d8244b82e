package insights

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

var abc = []string{"a", "b", "c"}

// faceless are cells of no dimension, as hand-made ones are.
func faceless[C counted[C]](cells []C) []C {
	list := slices.Clone(cells)
	for i := range list {
		reflect.ValueOf(&list[i]).Elem().FieldByName("Facet").SetString("=")
	}
	return list
}

// tabled makes the rows that a profile lets be shown of cells: all together, and each site.
func tabled[C counted[C], R any](
	m metric[C, R],
	profile disclosure.Profile,
	sites []string,
	cells []C,
	sub string,
) (rows []R) {
	f := frame[C, R]{metric: m, profile: profile, cells: of(faceless(cells), Together, sub)}
	months := disclosure.Calendar(0, 1)
	site := func(c Cell) int { return slices.Index(sites, c.SiteID) }
	truth := sums(f.cells, disclosure.Halves(len(sites)), months, site, func(c Cell) int { return c.Month })
	shown := m.reveal(profile, disclosure.Halves(len(sites)), months, truth)
	for place := -1; place < len(sites); place++ {
		i, at := 0, Divider{}
		if place >= 0 {
			i, at = leaves(disclosure.Halves(len(sites)))[place], divided(BySite, sites[place])
		}
		n := m.counts(truth[i][0], func(c int) bool { return shown(i, 0, c) })
		for c := range n {
			if n[c] != nil {
				n[c] = profile.Count(*n[c])
			}
		}
		rows = append(rows, m.row(at, sub, n, n[0] == nil))
	}
	return rows
}

func TestRetentionByHand(t *testing.T) {
	seen := []kept{
		{
			Cell:            Cell{SiteID: "a", Sub: "m9_12"},
			Died:            1,
			NotYetDue:       2,
			Due:             3,
			Paused:          4,
			Missed:          5,
			InWindow:        6,
			Late:            7,
			Early:           8,
			CouldNotContact: 9,
			Declined:        10,
			Withdrew:        11,
			Moved:           12,
			TooUnwell:       13,
			LacksCapacity:   14,
			NotAttempted:    15,
			Other:           16,
			Attempted:       60,
			NotInvited:      6,
		},
		{Cell: Cell{SiteID: "b", Sub: "m9_12"}, InWindow: 100},
		{Cell: Cell{SiteID: "a", Sub: "m3"}, InWindow: 1000},
	}
	rows := tabled(retention, disclosure.None(), abc, seen, "m9_12")
	want := `{"site_id":"a","timepoint":"m9_12","eligible":135,"died":1,"not_yet_due":2,"due":3,"completed":21,
		"completed_in_window":6,"completed_late":7,"completed_early":8,` +
		`"missed":5,"lost":100,"lost_could_not_contact":9,"lost_declined":10,"lost_withdrew":11,"lost_moved":12,"lost_too_unwell":13,"lost_lacks_capacity":14,"lost_not_attempted":15,"lost_other":16,` +
		`"paused":4,"ended":130,"completion_percent":16.2,"attempted":60,"not_invited":6,"suppressed":false}`
	if got := asJSON(t, rows[1]); got != want {
		t.Errorf("a:\n%s\nwant\n%s", got, want)
	}
	if all := rows[0]; all.SiteID != nil || *all.Eligible != 235 || *all.Completed != 121 ||
		*all.CompletionPercent != 52.6 {
		t.Errorf("all: %s", asJSON(t, all))
	}
	if none := rows[3]; *none.Eligible != 0 || none.CompletionPercent != nil || none.Suppressed {
		t.Errorf("nobody: %s", asJSON(t, none))
	}
}

func TestRetentionProtected(t *testing.T) {
	seen := []kept{
		{
			Cell:            Cell{SiteID: "a", Sub: "m"},
			NotYetDue:       20,
			Due:             20,
			Missed:          12,
			InWindow:        33,
			Late:            2,
			CouldNotContact: 9,
			Moved:           3,
			Attempted:       50,
			NotInvited:      10,
		},
	}
	got := asJSON(t, tabled(retention, disclosure.NHSEngland(8), abc[:1], seen, "m")[0])
	want := `{"timepoint":"m","eligible":100,"died":0,"not_yet_due":20,"due":20,"completed":35,
		"completed_in_window":null,"completed_late":null,"completed_early":null,` +
		`"missed":10,"lost":10,"lost_could_not_contact":null,"lost_declined":null,"lost_withdrew":null,"lost_moved":null,"lost_too_unwell":null,"lost_lacks_capacity":null,"lost_not_attempted":null,"lost_other":null,` +
		`"paused":0,"ended":60,"completion_percent":58.3,"attempted":50,"not_invited":10,"suppressed":false}`
	if got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

func keptOf(site string) *rapid.Generator[kept] {
	count := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 12), rapid.IntRange(0, 90))
	return rapid.Custom(func(t *rapid.T) kept {
		k := kept{Cell: Cell{SiteID: site, Sub: "m"}}
		for i, v := 0, reflect.ValueOf(&k).Elem(); i < v.NumField(); i++ {
			if f := v.Field(i); f.Kind() == reflect.Int {
				f.SetInt(int64(count.Draw(t, v.Type().Field(i).Name)))
			}
		}
		k.NotInvited = rapid.IntRange(0, k.Due+k.Missed).Draw(t, "never tried")
		k.Attempted = rapid.IntRange(k.Due+k.Missed-k.NotInvited, total(k.eligible())-k.NotInvited).Draw(t, "tried")
		return k
	})
}

func threeSites(t *rapid.T) (seen []kept) {
	for _, site := range abc {
		seen = append(seen, keptOf(site).Draw(t, site))
	}
	return seen
}

// retentionKinds says which count of a row is made of which others.
var retentionKinds = map[string][]string{
	"eligible":  {"completed", "missed", "lost", "paused", "not_yet_due", "due"},
	"completed": {"completed_in_window", "completed_late", "completed_early"},
	"lost": {
		"lost_could_not_contact",
		"lost_declined",
		"lost_withdrew",
		"lost_moved",
		"lost_too_unwell",
		"lost_lacks_capacity",
		"lost_not_attempted",
		"lost_other",
	},
	"ended": {"completed", "missed", "lost", "paused"},
}

func TestRetentionAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := tabled(retention, disclosure.None(), abc, threeSites(t), "m")
		counts := countsOf(rows)
		for whole, parts := range retentionKinds {
			for i, row := range counts {
				if sum := sumOf(row, parts); row[whole] != sum {
					t.Fatalf("row %d: %s is %d, its kinds %d", i, whole, row[whole], sum)
				}
			}
		}
		for name, n := range counts[0] {
			if sum := counts[1][name] + counts[2][name] + counts[3][name]; n != sum {
				t.Fatalf("%s: %d in all, %d at the sites", name, n, sum)
			}
		}
	})
}

func TestRetentionIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen, p := threeSites(t), disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		truth, public := countsOf(
			tabled(retention, disclosure.None(), abc, seen, "m"),
		), tabled(
			retention,
			p,
			abc,
			seen,
			"m",
		)
		shown := countsOf(public)
		safeCounts(t, p, shown)
		subtract(t, p, truth, shown, retentionKinds)
		for i := range shown {
			derive(truth[i], truth[i])
			derive(truth[i], shown[i])
		}
		subtract(
			t,
			p,
			truth,
			shown,
			map[string][]string{"eligible": {"attempted"}, "waiting": {"not_invited"}, "attempted": {"tried_waiting"}},
		)
		subtract(t, p, truth, shown, map[string][]string{"eligible": {"attempted", "not_invited"}})
		for i, r := range public {
			if r.Suppressed && len(shown[i]) > 0 {
				t.Fatalf("suppressed, and shows %v", shown[i])
			}
		}
	})
}

// derive adds what a reader works out from counts that they see: who waits, and how many of these were tried.
func derive(truth, known map[string]int) {
	_, due := known["due"]
	_, missed := known["missed"]
	_, never := known["not_invited"]
	if due && missed {
		known["waiting"] = truth["due"] + truth["missed"]
	}
	if due && missed && never {
		known["tried_waiting"] = truth["due"] + truth["missed"] - truth["not_invited"]
	}
}

// countsOf reads the counts that rows show, by their name on the wire.
func countsOf[R any](rows []R) (list []map[string]int) {
	for _, r := range rows {
		counts, v := map[string]int{}, reflect.ValueOf(r)
		for _, f := range reflect.VisibleFields(v.Type()) {
			if !f.IsExported() {
				continue
			}
			if n, is := v.FieldByIndex(f.Index).Interface().(*int); is && n != nil {
				counts[f.Tag.Get("json")] = *n
			}
		}
		list = append(list, counts)
	}
	return list
}

func sumOf(counts map[string]int, names []string) (sum int) {
	for _, n := range names {
		sum += counts[n]
	}
	return sum
}

// safeCounts: every published count is none, or enough and rounded.
func safeCounts(t *rapid.T, p disclosure.Profile, shown []map[string]int) {
	for i, row := range shown {
		for name, n := range row {
			if n != 0 && n < p.Threshold() || n%p.Rounding() != 0 {
				t.Fatalf("row %d publishes %d as %s", i, n, name)
			}
		}
	}
}

// subtract takes shown counts from one another, with every shown count known exactly: what is left of a
// row's whole, and of the row of all together, is nobody or enough people.
func subtract(t *rapid.T, p disclosure.Profile, truth, shown []map[string]int, kinds map[string][]string) {
	left := func(what string, whole int, parts int) {
		if n := whole - parts; n != 0 && n < p.Threshold() {
			t.Fatalf("%s leaves %d\ntruth %v\nshown %v", what, n, truth, shown)
		}
	}
	for whole, parts := range kinds {
		for i := range shown {
			if _, is := shown[i][whole]; !is {
				continue
			}
			rest := 0
			for _, name := range parts {
				if _, is := shown[i][name]; is {
					rest += truth[i][name]
				}
			}
			left(fmt.Sprintf("row %d, %s", i, whole), truth[i][whole], rest)
		}
	}
	for name := range shown[0] {
		rest := 0
		for i := range shown[1:] {
			if _, is := shown[i+1][name]; is {
				rest += truth[i+1][name]
			}
		}
		left("the sites' "+name, truth[0][name], rest)
	}
}
