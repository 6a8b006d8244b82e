package api_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// TestPeriodsSubtractedGiveNothingAway asks, as a partner, for every period of ten months by site, and subtracts the shown
// counts from one another as if each was exact. Two shown periods that start or end in the same month give the count of
// the months between. Each count found in that way must be 0 or at least 8, for each site and for all sites less those
// that are shown.
func TestPeriodsSubtractedGiveNothingAway(t *testing.T) {
	w := newWorld(t)
	dice := rand.New(rand.NewPCG(7, 7))
	first := dated(w.today()).AddDate(0, -12, 0)
	first = time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, time.UTC)
	w.keys["other_site_manager"] = w.key("site_manager", fmt.Sprintf(`"site_ids":[%q]`, w.other))
	const months = 10
	for who, often := range map[string]int{"link_worker": 40, "other_site_link_worker": 24} {
		for m := range months {
			for range dice.IntN(often) {
				w.enrolled(who, first.AddDate(0, m, 10))
			}
		}
	}
	truth := map[string]map[[2]int]map[string]float64{
		w.site:  w.everyPeriod("site_manager", first, months)[w.site],
		w.other: w.everyPeriod("other_site_manager", first, months)[w.other],
	}
	seen := w.everyPeriod("dashboard", first, months)
	tried := 0
	for site, periods := range truth {
		for _, column := range []string{"eligible", "missed", "still_open", "not_yet_due", "not_invited", "ended"} {
			tried += checkDerived(t, site+" "+column, months, func(p [2]int) (float64, bool) {
				_, shown := seen[site][p][column]
				return periods[p][column], shown
			})
		}
	}
	tried += checkDerived(t, "all sites less those that are shown", months, func(p [2]int) (left float64, shown bool) {
		_, shown = seen[""][p]["eligible"]
		for site := range truth {
			if _, is := seen[site][p]["eligible"]; !is {
				left += truth[site][p]["eligible"]
			}
		}
		return left, shown
	})
	if tried < 50 {
		t.Errorf("only %d subtractions were tried: too little is shown", tried)
	}
}

func (w *world) enrolled(who string, on time.Time) {
	c := w.as(who)
	patient := c.post("/patients", `{"given_name":"P","family_name":"Counted","birth_date":"1950-04-01"}`).made()
	episode := c.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"food"}}`, patient, iso(on))).made()
	c.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4","timepoint":"baseline",
		"completed_on":%q,"mode":"paper","respondent":"self","responses":{"anxiety":4}}`, episode, iso(on))).want(201)
}

// everyPeriod returns the counts that somebody is shown of every period, by site ("" is all sites together). A period is
// the numbers of its first month and of the month after its last.
func (w *world) everyPeriod(who string, first time.Time, months int) map[string]map[[2]int]map[string]float64 {
	found := map[string]map[[2]int]map[string]float64{}
	for from := range months {
		for until := from + 1; until <= months; until++ {
			a := w.as(who).
				get(
					fmt.Sprintf(
						"/insights/retention?by=site&from=%s&to=%s",
						first.AddDate(0, from, 0).Format("2006-01"),
						first.AddDate(0, until-1, 0).Format("2006-01"),
					),
				).want(200)
			for _, r := range a.at("rows").([]any) {
				row := r.(map[string]any)
				site, _ := row["site_id"].(string)
				if found[site] == nil {
					found[site] = map[[2]int]map[string]float64{}
				}
				counts := map[string]float64{}
				for name, v := range row {
					if n, is := v.(float64); is {
						counts[name] = n
					}
				}
				found[site][[2]int{from, until}] = counts
			}
		}
	}
	return found
}

// checkDerived finds every period whose count follows from shown ones, and checks that it is 0 or at least 8. Think of the
// starts of months as points, and of each shown period as a line from its start to its end: the count between two points
// is known where lines join them, however many. It returns how many periods it checked.
func checkDerived(t *testing.T, what string, months int, count func([2]int) (float64, bool)) (checked int) {
	t.Helper()
	group := make([]int, months+1) // points with the same number are joined
	for i := range group {
		group[i] = i
	}
	for from := range months {
		for until := from + 1; until <= months; until++ {
			if _, shown := count([2]int{from, until}); shown && group[from] != group[until] {
				old, joined := group[until], group[from]
				for i := range group {
					if group[i] == old {
						group[i] = joined
					}
				}
			}
		}
	}
	for from := range months {
		for until := from + 1; until <= months; until++ {
			if group[from] != group[until] {
				continue
			}
			checked++
			if n, _ := count([2]int{from, until}); n != 0 && n < 8 {
				t.Errorf("%s: of months %d to %d it follows that there are %v", what, from, until, n)
			}
		}
	}
	return checked
}

// The same question has the same answer all day, whatever is recorded meanwhile; a site's own manager sees it at once.
func TestPartnersReadOneSnapshotADay(t *testing.T) {
	w := newWorld(t)
	for range 12 {
		w.enrolled("link_worker", dated(w.daysAgo(40)))
	}
	before := w.as("dashboard").get("/insights/retention").want(200)
	for range 10 {
		w.enrolled("link_worker", dated(w.daysAgo(40)))
	}
	if again := w.as("dashboard").get("/insights/retention").want(200); string(again.body) != string(before.body) {
		t.Errorf("%s\nand later that day\n%s", before.body, again.body)
	}
	if live := w.as("site_manager").get("/insights/retention").want(200); live.number("rows.0.eligible") != 22 {
		t.Errorf("live: %s", live.body)
	}
	w.advance("P1D")
	if next := w.as("dashboard").
		get("/insights/retention").
		want(200); next.number("rows.0.eligible") != 20 ||
		next.text("as_of") <= before.text("as_of") {
		t.Errorf("the next day: %s", next.body)
	}
}

// A mean over ten people today and eleven tomorrow would give the eleventh away: it is held until eight more have come.
func TestMeansAreHeldUntilEnoughPeopleChangedThem(t *testing.T) {
	w := newWorld(t)
	var episodes []string
	for range 22 {
		patient := w.patient()
		episode := w.episode(patient)
		w.ons4(episode, "baseline", w.today(), 4, 4, 4, 4).want(201)
		episodes = append(episodes, w.as("link_worker").get("/follow-ups?episode_id="+episode).text("items.0.id"))
	}
	w.advance("P10M")
	mean := func() (change any, fresh bool) {
		all := w.as("dashboard").get("/insights/outcomes").want(200)
		r := row(t, all, "life_satisfaction")
		return r["mean_change"], r["row_as_of"] == all.text("as_of")
	}
	answer := func(n, life int) {
		for range n {
			w.as("link_worker").post("/follow-ups/"+episodes[0]+"/completion", fmt.Sprintf(`{"completed_on":%q,
				"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some",
				"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":%d}}]}`, w.today(), life)).want(201)
			episodes = slices.Delete(episodes, 0, 1)
		}
		w.advance("P1D")
	}
	answer(10, 6)
	for _, c := range []struct {
		more  int
		want  any
		fresh bool
	}{{0, 2.0, true}, {1, 2.0, false}, {6, 2.0, false}, {1, 1.11, true}} {
		answer(c.more, 4)
		if change, fresh := mean(); change != c.want || fresh != c.fresh {
			t.Errorf("after %d more: %v, want %v; said to be of the last day: %v", c.more, change, c.want, fresh)
		}
	}
}

// However many make the snapshot at once, there is one; and one that was cut off goes on where it was,
// unseen until it is whole.
func TestASnapshotIsMadeOnce(t *testing.T) {
	w := newWorld(t)
	w.walk("link_worker", make([]walked, 12))
	job := actor.With(t.Context(), actor.Named("figures"))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := (&insights.Store{DB: w.db}).MakeSnapshot(job); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	lines := func() (n, different int) {
		t.Helper()
		if err := w.db.Do(job, func(tx *db.Tx) error {
			return tx.Raw("select count(*), count(distinct (snapshot_id, metric, dimension, site_id, value, subgroup)) from figures").
				Row().
				Scan(&n, &different)
		}); err != nil {
			t.Fatal(err)
		}
		return n, different
	}
	n, different := lines()
	if n == 0 || n != different {
		t.Errorf("%d lines, %d of them different", n, different)
	}
	whole := w.as("dashboard").get("/insights/retention").want(200)
	if err := w.db.Do(job, func(tx *db.Tx) error { // as a kill in the middle leaves it
		return tx.Exec("insert into figure_snapshots select gen_random_uuid(), day + 1, as_of, sites, threshold, " +
			"array['flow'], null, columns from figure_snapshots").Error
	}); err != nil {
		t.Fatal(err)
	}
	if again := w.as("dashboard").
		get("/insights/retention").
		want(200); string(again.body) != string(whole.body) ||
		again.header.Get("ETag") != whole.header.Get("ETag") {
		t.Errorf("half a snapshot is read: %s", again.body)
	}
	w.advance("P1D")
	if err := (&insights.Store{DB: w.db}).MakeSnapshot(job); err != nil {
		t.Fatal(err)
	}
	var snapshots, flows int
	if err := w.db.Do(job, func(tx *db.Tx) error {
		return tx.Raw("select count(*), (select count(*) from figures where metric = 'flow') from figure_snapshots where "+
			"built_at is not null").
			Row().
			Scan(&snapshots, &flows)
	}); err != nil || snapshots != 1 || flows != 0 {
		t.Errorf(
			"it did not go on where it was: %d snapshots, %d lines of what was made before (%v)",
			snapshots,
			flows,
			err,
		)
	}
	if after, _ := lines(); after == 0 || after >= n {
		t.Errorf("%d lines after, %d before", after, n)
	}
}

// A snapshot is read by the names of its counts: a column that the version which made it did not know is
// withheld. One that a version made which noted no names is made anew.
func TestASnapshotIsReadByItsNames(t *testing.T) {
	w := newWorld(t)
	w.walk("link_worker", make([]walked, 12))
	type flow struct {
		Rows []struct {
			Contacted *int `json:"contacted"`
			Received  *int `json:"received_in"`
		}
	}
	read := func() (f flow, etag string) {
		t.Helper()
		a := w.as("dashboard").get("/insights/flow").want(200)
		if err := json.Unmarshal(a.body, &f); err != nil {
			t.Fatal(err)
		}
		return f, a.header.Get("ETag")
	}
	change := func(sql string) {
		t.Helper()
		if err := w.db.Do(actor.With(t.Context(), actor.Named("figures")), func(tx *db.Tx) error {
			return tx.Exec(sql).Error
		}); err != nil {
			t.Fatal(err)
		}
	}
	before, first := read()
	if *before.Rows[0].Contacted == *before.Rows[0].Received {
		t.Fatalf("two counts are alike, and cannot be told apart: %+v", before.Rows[0])
	}
	const swap = `update figure_snapshots set columns = replace(replace(replace(columns::text,
		'"contacted"', '"neither"'), '"received_in"', '"contacted"'), '"neither"', '"received_in"')::jsonb`
	change(swap)
	if got, _ := read(); *got.Rows[0].Contacted != *before.Rows[0].Received ||
		*got.Rows[0].Received != *before.Rows[0].Contacted {
		t.Errorf("in another order: %+v", got.Rows[0])
	}
	change(swap)
	change(`update figure_snapshots set columns = replace(columns::text, '"contacted"', '"of_another_version"')::jsonb`)
	if got, _ := read(); got.Rows[0].Contacted != nil || *got.Rows[0].Received != *before.Rows[0].Received {
		t.Errorf("of another version: %+v", got.Rows[0])
	}
	change(`update figure_snapshots set columns = null`)
	if got, second := read(); got.Rows[0].Contacted == nil || *got.Rows[0].Contacted != *before.Rows[0].Contacted ||
		second == first {
		t.Errorf("without names: %+v, %s after %s", got.Rows[0], second, first)
	}
}
