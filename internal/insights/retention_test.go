package insights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

var abc = []string{"a", "b", "c"}

// tallies are the counts of one row of a metric's SQL, by name.
type tallies map[string]int

// seenAt is what was counted at a site in a subgroup.
type seenAt struct {
	site, subgroup string
	tallies        tallies
}

// asCells turns what was counted into cells without a dimension, as the metric's SQL gives them.
func (m *counts[R]) asCells(list []seenAt) (cells []cell) {
	for _, s := range list {
		c := cell{place: place{site: s.site, subgroup: s.subgroup, facet: "="}}
		for _, name := range m.names {
			c.counts = append(c.counts, s.tallies[name])
		}
		cells = append(cells, c)
	}
	return cells
}

// tabled makes the rows as a profile publishes them: first all sites together, then each site.
func tabled[R any](m *counts[R], profile disclosure.Profile, sites []string, seen []seenAt, subgroup string) (rows []R) {
	months, axis := disclosure.Calendar(0, 1), disclosure.Halves(len(sites))
	site := func(p place) int { return slices.Index(sites, p.site) }
	cells := cellsOf(m.asCells(seen), Together, subgroup)
	truth := totals(cells, axis, months, len(m.names), site, func(p place) int { return p.month })
	shown := m.reveal(profile, axis, months, truth)
	for position := -1; position < len(sites); position++ {
		i, at := 0, Divider{}
		if position >= 0 {
			i, at = leaves(axis)[position], divided(BySite, sites[position])
		}
		n := m.published(truth[i][0], func(c int) bool { return shown(i, 0, c) })
		question{profile: profile}.round(n)
		rows = append(rows, m.answerRow(at, subgroup, n))
	}
	return rows
}

// draw draws the counts of one site, often near the threshold, and consistent: no part of the metric's partitions is
// negative.
func (m *counts[R]) draw(t *rapid.T) tallies {
	smallCount := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 12), rapid.IntRange(0, 90))
	n := tallies{}
	for _, name := range m.names {
		n[name] = smallCount.Draw(t, name)
	}
	if limit := countLimits[m.ID]; limit != nil {
		limit(n, func(name string, most int) int { return min(most, smallCount.Draw(t, name)) })
	}
	c := m.asCells([]seenAt{{tallies: n}})[0]
	for _, column := range m.columns {
		for _, need := range column.needs {
			if slices.Min(need.counts(c.counts)) < 0 {
				t.Fatalf("the counts drawn for %s, %v, give %s a negative part: %v", m.ID, n, column.name, need.counts(c.counts))
			}
		}
	}
	return n
}

// countLimits makes the drawn counts n of a metric consistent where one count includes another, as a step includes
// everybody who reached the next one. count draws a count of most at the most; name tells the draws apart.
var countLimits = map[string]func(n tallies, count func(name string, most int) int){
	"flow": func(n tallies, count func(string, int) int) {
		reached := 0 // a step and all later ones
		for _, step := range slices.Backward(flow.columnNames()) {
			reached += n[step]
			n[step] = reached
		}
	},
	"services": func(n tallies, count func(string, int) int) {
		n["attended"] += n["completed"]
		n["ever_accepted"] += n["attended"]
		n["referrals"] += n["ever_accepted"]
		n["came_within_14_days"] = count("soon", n["attended"])
		n["came_in_15_to_42_days"], n["came_after_42_days"] = 0, n["attended"]-n["came_within_14_days"]
	},
	"referrals": func(n tallies, count func(string, int) int) {
		n["answered_within_7_days"] = count("in 7 days", n["completed"])
		n["answered_in_8_to_14_days"] = count("in 14 days", n["not_completed"])
		n["answered_in_15_to_28_days"] = count("in 28 days", n["declined"])
		n["answered_after_28_days"] = 0
	},
	"uptake": func(n tallies, count func(string, int) int) {
		came := n["both_say_used"] + n["organisation_alone_says_used"]
		stayed := n["neither_says_used"] + n["person_alone_says_used"]
		asked := came + stayed + n["person_does_not_say"]
		n["organisation_says_attended"] = came + count("others who came", n["person_does_not_say"]+n["referrals"])
		n["completed"] = count("completed", n["organisation_says_attended"])
		n["ever_accepted"] = n["organisation_says_attended"] + count("ever_accepted", stayed)
		n["referrals"] = max(asked, n["ever_accepted"]+stayed) + n["referrals"]
		n["benefited"] = count("benefited", asked)
		n["not_benefited"] = count("not benefited", asked-n["benefited"])
		n["made_worse"] = count("made worse", asked-n["benefited"]-n["not_benefited"])
	},
	"retention": func(n tallies, count func(string, int) int) {
		waiting := n["still_open"] + n["missed"]
		n["not_invited"] = count("never tried", waiting)
		n["attempted"] = waiting - n["not_invited"] + count("others tried", n["followed_up_in_window"])
	},
	"participants": func(n tallies, count func(string, int) int) {
		answered := n["been_better"] + n["been_worse"] + n["been_same_or_not_said"]
		due := answered + n["missed"] + n["still_open"] + n["lost_or_said_no"]
		n["helped"] = count("helped", answered)
		n["not_helped"] = count("not helped", answered-n["helped"])
		n["services_made_worse"] = count("made worse", n["not_helped"])
		n["meeting_helped"] = count("meeting helped", answered)
		n["meeting_made_worse"] = count("meeting made worse", answered-n["meeting_helped"])
		n["all_answers"] = count("all answers", answered)
		n["never_tried"] = count("never tried", due)
		n["tried_once"] = count("tried once", due-n["never_tried"])
		n["with_baseline"] = count("with_baseline", due+n["later"])
	},
}

func drawSites[R any](t *rapid.T, m *counts[R], subgroup string) (seen []seenAt) {
	for _, site := range abc {
		seen = append(seen, seenAt{site, subgroup, m.draw(t)})
	}
	return seen
}

func TestRetentionByHand(t *testing.T) {
	seen := []seenAt{
		{"a", "m9_12", tallies{
			"died": 1, "not_yet_due": 2, "still_open": 3, "said_no_to_contact": 4, "missed": 5, "followed_up_in_window": 6,
			"followed_up_late": 7, "followed_up_early": 8, "lost_could_not_contact": 9, "lost_declined": 10,
			"lost_withdrew": 11, "lost_moved": 12, "lost_too_unwell": 13, "lost_lacks_capacity": 14,
			"lost_not_attempted": 15, "lost_other": 16, "attempted": 60, "not_invited": 6,
		}},
		{"b", "m9_12", tallies{"followed_up_in_window": 100}},
		{"a", "m3", tallies{"followed_up_in_window": 1000}},
	}
	rows := tabled(retention, disclosure.None(), abc, seen, "m9_12")
	want := `{"site_id":"a","timepoint":"m9_12","eligible":135,"died":1,"not_yet_due":2,"still_open":3,"followed_up":21,
		"followed_up_in_window":6,"followed_up_late":7,"followed_up_early":8,` +
		`"missed":5,"lost":100,"lost_could_not_contact":9,"lost_declined":10,"lost_withdrew":11,"lost_moved":12,
			"lost_too_unwell":13,"lost_lacks_capacity":14,"lost_not_attempted":15,"lost_other":16,` +
		`"said_no_to_contact":4,"ended":130,"retention_percent":16.2,"attempted":60,"not_invited":6,"suppressed":false}`
	if got := asJSON(t, rows[1]); got != compact(t, want) {
		t.Errorf("a:\n%s\nwant\n%s", got, want)
	}
	if all := rows[0]; all.SiteID != nil || *all.Eligible != 235 || *all.FollowedUp != 121 ||
		*all.RetentionPercent != 52.6 {
		t.Errorf("all: %s", asJSON(t, all))
	}
	if none := rows[3]; *none.Eligible != 0 || none.RetentionPercent != nil || none.Suppressed {
		t.Errorf("nobody: %s", asJSON(t, none))
	}
}

func TestRetentionProtected(t *testing.T) {
	seen := []seenAt{{"a", "m", tallies{
		"not_yet_due": 20, "still_open": 20, "missed": 12, "followed_up_in_window": 33, "followed_up_late": 2,
		"lost_could_not_contact": 9, "lost_moved": 3, "attempted": 50, "not_invited": 10,
	}}}
	got := asJSON(t, tabled(retention, disclosure.NHSEngland(8), abc[:1], seen, "m")[0])
	want := `{"timepoint":"m","eligible":100,"died":0,"not_yet_due":20,"still_open":20,"followed_up":35,
		"followed_up_in_window":null,"followed_up_late":null,"followed_up_early":null,` +
		`"missed":10,"lost":10,"lost_could_not_contact":null,"lost_declined":null,"lost_withdrew":null,
			"lost_moved":null,"lost_too_unwell":null,"lost_lacks_capacity":null,"lost_not_attempted":null,"lost_other":null,` +
		`"said_no_to_contact":0,"ended":60,"retention_percent":58.3,"attempted":50,"not_invited":10,"suppressed":false}`
	if got != compact(t, want) {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

// retentionKinds has, for each count that is a sum, the counts that it is the sum of.
var retentionKinds = map[string][]string{
	"eligible":    {"followed_up", "missed", "lost", "said_no_to_contact", "not_yet_due", "still_open"},
	"followed_up": {"followed_up_in_window", "followed_up_late", "followed_up_early"},
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
	"ended": {"followed_up", "missed", "lost", "said_no_to_contact"},
}

func TestRetentionAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := tabled(retention, disclosure.None(), abc, drawSites(t, retention, "m"), "m")
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
		seen, p := drawSites(t, retention, "m"), disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		truth := countsOf(tabled(retention, disclosure.None(), abc, seen, "m"))
		public := tabled(retention, p, abc, seen, "m")
		shown := countsOf(public)
		safeCounts(t, p, shown)
		checkDifferences(t, p, truth, shown, retentionKinds)
		for i := range shown {
			derive(truth[i], truth[i])
			derive(truth[i], shown[i])
		}
		checkDifferences(
			t,
			p,
			truth,
			shown,
			map[string][]string{"eligible": {"attempted"}, "waiting": {"not_invited"}, "attempted": {"tried_waiting"}},
		)
		checkDifferences(t, p, truth, shown, map[string][]string{"eligible": {"attempted", "not_invited"}})
		for i, r := range public {
			if r.Suppressed && len(shown[i]) > 0 {
				t.Fatalf("suppressed, and shows %v", shown[i])
			}
		}
	})
}

// derive adds to the known counts those that follow from them: who waits, and how many of these were tried.
func derive(truth, known map[string]int) {
	_, due := known["still_open"]
	_, missed := known["missed"]
	_, never := known["not_invited"]
	if due && missed {
		known["waiting"] = truth["still_open"] + truth["missed"]
	}
	if due && missed && never {
		known["tried_waiting"] = truth["still_open"] + truth["missed"] - truth["not_invited"]
	}
}

// compact is JSON without the spaces and line ends that make it readable.
func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// countsOf returns the counts that each row shows, by the name of the field in JSON.
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

// safeCounts checks that every published count is 0, or at least the threshold and rounded.
func safeCounts(t *rapid.T, p disclosure.Profile, shown []map[string]int) {
	for i, row := range shown {
		for name, n := range row {
			if n != 0 && n < p.Threshold() || n%p.Rounding() != 0 {
				t.Fatalf("row %d publishes %d as %s", i, n, name)
			}
		}
	}
}

// checkDifferences subtracts as an attacker would who knows every shown count exactly: the shown parts of each whole
// from it, and the sites' counts from the row of all sites together. What is left must be nobody or enough people.
func checkDifferences(t *rapid.T, p disclosure.Profile, truth, shown []map[string]int, kinds map[string][]string) {
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
