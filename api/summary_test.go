package api_test

import (
	"fmt"
	"reflect"
	"testing"
)

// A link worker's own figures are of their own people alone, by the definitions of the insights.
func TestMyOwnFigures(t *testing.T) {
	w := newWorld(t)
	lw, manager := w.as("link_worker"), w.as("site_manager")
	for _, empty := range []string{"outcomes", "missing"} {
		if n := len(lw.get("/me/summary").want(200).at(empty).([]any)); n != 0 {
			t.Errorf("with nobody on the list there are %d rows of %s", n, empty)
		}
	}
	colleague := w.as("administrator").post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Alex",
		"email":"alex@example.org"}`, w.site)).made()
	var episodes []string
	for i := range 4 {
		_, episode := w.supported()
		w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
		episodes = append(episodes, episode)
		if i == 3 { // goes over to a colleague
			lw.patch(
				"/episodes/"+episode, lw.get("/episodes/"+episode).header.Get("ETag"),
				fmt.Sprintf(`{"link_worker_id":%q}`, colleague),
			).want(200)
		}
	}
	w.supported() // never asked anything
	lw.post("/episodes/"+episodes[1]+"/pause", `{}`).want(200)
	w.advance("P10M")
	for _, i := range []int{0, 3} {
		w.followedUp(
			episodes[i],
			fmt.Sprintf(
				`,"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":7,"worthwhile":5,"happiness":2,"anxiety":%d}}]`,
				6-i,
			),
		)
	}
	lw.post("/episodes/"+episodes[0]+"/closure", `{"reason":"plan_completed"}`).want(200)
	a := lw.get("/me/summary").want(200)
	for path, want := range map[string]float64{
		"caseload.open": 3, "caseload.waiting": 1, "caseload.active": 1, "caseload.paused": 1,
		"caseload.closed": 1, "follow_ups.0.eligible": 3, "follow_ups.0.followed_up": 1,
		"follow_ups.0.still_open": 2, "follow_ups.0.not_invited": 2, "outcomes.0.paired_n": 1,
		"outcomes.0.baseline_n": 3, "outcomes.0.mean_change": 3, "outcomes.3.mean_change": -2,
		"outcomes.3.improved": 1,
	} {
		if got := a.number(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if a.text("link_worker_id") != w.worker || a.text("outcomes.3.better") != "lower" ||
		a.text("outcomes.0.timepoint") != "m9_12" {
		t.Errorf("summary: %s", a.body)
	}
	missing := map[string][2]any{}
	for _, r := range a.at("missing").([]any) {
		missing[r.(object)["field"].(string)] = [2]any{r.(object)["expected"], r.(object)["missing"]}
	}
	if missing["baseline"] != [2]any{4.0, 1.0} || missing["ethnic_category"] != [2]any{4.0, 4.0} {
		t.Errorf("missing: %v", missing)
	}
	if _, known := missing["need"]; known {
		t.Error("a need that is known of everybody is said to be missing")
	}

	others := w.as("integration").with("Waypost-On-Behalf-Of", colleague).get("/me/summary").want(200)
	if others.text("link_worker_id") != colleague || others.number("caseload.open") != 1 ||
		others.number("outcomes.0.paired_n") != 1 ||
		others.number("outcomes.3.mean_change") != -5 {
		t.Errorf("the colleague's: %s", others.body)
	}
	for asked, by := range map[string]client{"a manager": manager, "themselves": w.as("link_worker")} {
		of, open := colleague, 1.0
		if asked == "themselves" {
			of, open = w.worker, 3
		}
		named := by.get("/me/summary?link_worker_id=" + of).want(200)
		if named.text("link_worker_id") != of || named.number("caseload.open") != open {
			t.Errorf("by %s: %s", asked, named.body)
		}
	}
	w.as("link_worker").get("/me/summary?link_worker_id="+colleague).problem(403, "forbidden")
	w.as("integration").get("/me/summary?link_worker_id="+colleague).problem(403, "forbidden")
	manager.get("/me/summary?link_worker_id="+w.as("other_site_link_worker").get("/me").text("link_worker_id")).
		problem(404, "not_found")
	whole := manager.get("/me/summary").want(200)
	if whole.at("link_worker_id") != nil || whole.number("caseload.open") != 4 ||
		whole.number("outcomes.3.mean_change") != -3.5 {
		t.Errorf("the manager's: %s", whole.body)
	}
	for path, figures := range map[string]string{"outcomes": "/insights/outcomes", "follow_ups": "/insights/retention"} {
		got, want := whole.at(path), manager.get(figures).at("rows")
		for _, rows := range []any{got, want} {
			for _, row := range rows.([]any) {
				delete(row.(map[string]any), "row_as_of") // asked one after the other
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s of everybody at the site differ from %s: %v and %v", path, figures, got, want)
		}
	}
	if n := w.as("other_site_link_worker").get("/me/summary").want(200).number("caseload.open"); n != 0 {
		t.Errorf("another site's link worker has %v people", n)
	}
	for _, role := range []string{"organisation", "dashboard", "researcher", "data_steward", "administrator"} {
		w.as(role).get("/me/summary").problem(403, "forbidden")
	}
}

// followedUp completes an episode's follow-up today.
func (w *world) followedUp(episode, more string) {
	w.t.Helper()
	followUp := w.as("link_worker").get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	w.as("link_worker").post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some"%s}`, w.today(), more)).want(201)
}
