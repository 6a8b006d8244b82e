package api_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// walked is a person with a baseline and, where after is not negative, a response ten months later.
type walked struct{ before, after int }

// walk records people at a site, moves the clock, and completes the follow-ups of those who answer.
func (w *world) walk(role string, people []walked) {
	w.t.Helper()
	c := w.as(role)
	var followUps []string
	for i, p := range people {
		patient := c.post("/patients", fmt.Sprintf(`{"given_name":"P","family_name":"Walk%d","birth_date":"1950-04-01"}`, i)).
			made()
		episode := c.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
			"needs":{"primary":"food"}}`, patient, w.today())).made()
		c.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4","timepoint":"baseline",
			"completed_on":%q,"mode":"telephone","respondent":"self","responses":{"life_satisfaction":%d,"anxiety":%d}}`,
			episode, w.today(), p.before, 10-p.before)).want(201)
		followUps = append(followUps, c.get("/follow-ups?episode_id="+episode).text("items.0.id"))
	}
	w.advance("P10M")
	for i, p := range people {
		if p.after >= 0 {
			c.post("/follow-ups/"+followUps[i]+"/completion", fmt.Sprintf(`{"completed_on":%q,
				"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some",
				"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":%d,"anxiety":%d}}]}`,
				w.today(), p.after, 10-p.after)).want(201)
		}
	}
}

func TestFiguresArePairedAndProtected(t *testing.T) {
	w := newWorld(t)
	people := make([]walked, 0, 30)
	for i := range 20 {
		people = append(people, walked{3 + i%3, 5 + i%3}) // each up by two
	}
	for range 10 {
		people = append(people, walked{10, -1}) // never asked again: no part of any change
	}
	w.walk("link_worker", people)
	shown := w.as("dashboard").get("/insights/outcomes").want(200)
	if shown.number("disclosure.threshold") != 8 || shown.number("disclosure.rounding") != 5 {
		t.Errorf("the rule: %s", shown.body)
	}
	life, anxiety := row(t, shown, "life_satisfaction"), row(t, shown, "anxiety")
	if life["paired_n"] != 20.0 || life["baseline_n"] != 30.0 ||
		life["completion_percent"] != 66.7 && life["completion_percent"] != 66.67 ||
		life["mean_change"] != 2.0 ||
		life["improved"] != 20.0 {
		t.Errorf("life satisfaction: %v", life)
	}
	if anxiety["mean_change"] != -2.0 || anxiety["improved"] != 20.0 {
		t.Errorf("anxiety falls, which is better: %v", anxiety)
	}
	if row(t, shown, "happiness")["paired_n"] != 0.0 {
		t.Errorf("nobody answered happiness: %v", row(t, shown, "happiness"))
	}
	csv := w.as("dashboard").get("/insights/outcomes?format=csv").want(200)
	if kind := csv.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") {
		t.Errorf("CSV as %s", kind)
	}
	if upper := w.as("dashboard").
		with("Accept", "TEXT/CSV").
		get("/insights/outcomes").
		want(200); string(
		upper.body,
	) != string(
		csv.body,
	) {
		t.Errorf("names of forms are the same in capitals: %s", upper.body)
	}
	if same := w.as("dashboard").
		with("Accept", "text/csv").
		get("/insights/outcomes").
		want(200); string(same.body) != string(csv.body) ||
		!strings.HasPrefix(
			string(csv.body),
			"site_id,site_name,month,need_group,deprivation,ethnic_group,gender,age_band,"+
				"organisation_id,organisation_name,service_id,service_name,population,instrument,score,timepoint,better,paired_n",
		) {
		t.Errorf("CSV: %s", csv.body)
	}
	basic := client{
		w: w,
	}.with("Authorization", "Basic "+basicAuth("any", w.keys["dashboard"])).
		get("/insights/outcomes").
		want(200)
	if len(basic.at("rows").([]any)) != 4 {
		t.Errorf("with Basic: %s", basic.body)
	}
	client{
		w: w,
	}.with("Authorization", "Basic "+basicAuth("any", w.keys["link_worker"])).
		get("/me").
		problem(401, "unauthenticated")
	if none := row(
		t,
		w.as("dashboard").get("/insights/outcomes?to=2001-01").want(200),
		"anxiety",
	); none["baseline_n"] != 0.0 {
		t.Errorf("before anybody came: %v", none)
	}
}

// Five who stay at 5 and are followed up, and five at 2 who are lost: the means of all rise by 1.5, and
// nobody has changed.
func TestTheLostAreNoChange(t *testing.T) {
	w := newWorld(t)
	w.walk("link_worker", []walked{{5, 5}, {5, 5}, {5, 5}, {5, 5}, {5, 5}, {2, -1}, {2, -1}, {2, -1}, {2, -1}, {2, -1}})
	if r := row(
		t,
		w.as("site_manager").get("/insights/outcomes").want(200),
		"life_satisfaction",
	); r["mean_change"] != 0.0 || r["paired_n"] != 5.0 || r["baseline_n"] != 10.0 ||
		r["baseline_mean"] != 5.0 {
		t.Errorf("%v", r)
	}
	if r := row(
		t,
		w.as("dashboard").get("/insights/outcomes").want(200),
		"life_satisfaction",
	); r["suppressed"] != true ||
		r["mean_change"] != nil {
		t.Errorf("to a partner: %v", r)
	}
}

func TestFewPeopleAreNotShown(t *testing.T) {
	w := newWorld(t)
	w.walk("link_worker", []walked{{3, 5}, {4, 5}, {5, 6}, {3, 7}, {2, 5}, {4, 4}, {5, 9}})
	shown := w.as("dashboard").get("/insights/outcomes?by=site").want(200)
	for _, r := range shown.at("rows").([]any) {
		r := r.(map[string]any)
		if r["score"] == "life_satisfaction" &&
			(r["paired_n"] != nil || r["mean_change"] != nil || r["suppressed"] != true) {
			t.Errorf("seven people are shown: %v", r)
		}
	}
	asked := w.as("dashboard").get("/insights/outcomes?site_id=" + w.site).want(200)
	if r := row(t, asked, "life_satisfaction"); r["suppressed"] != true {
		t.Errorf("asking for the site shows more than asking by site: %v", r)
	}
	own := w.as("site_manager").get("/insights/outcomes").want(200)
	live := row(t, own, "life_satisfaction")
	if live["paired_n"] != 7.0 || own.text("disclosure.profile") != "internal_none" {
		t.Errorf("a manager's own live figures: %s", own.body)
	}
	// by R's t.test
	for name, want := range map[string]float64{
		"mean_change": 2.14285714285714, "sd_change": 1.57359158493889, "ci_low": 0.687527655937367,
		"ci_high": 3.59818662977692, "p_value": 0.0113272339135395, "hedges_g": 1.18414082478679,
	} {
		if math.Abs(live[name].(float64)-want) > 1e-9 {
			t.Errorf("%s is %v, and %v by R", name, live[name], want)
		}
	}
	w.as("link_worker").get("/insights/outcomes?site_id="+w.other).problem(404, "not_found")
}

func row(t *testing.T, a answer, score string) map[string]any {
	t.Helper()
	for _, r := range a.at("rows").([]any) {
		if r := r.(map[string]any); r["score"] == score {
			return r
		}
	}
	t.Fatalf("no row of %s: %s", score, a.body)
	return nil
}

// What a partner reads by what people are like is there, and of one kind of thing at a time.
func TestPartnersReadByCharacteristics(t *testing.T) {
	w := newWorld(t)
	people := make([]walked, 0, 60)
	for i := range 60 {
		people = append(people, walked{3 + i%3, []int{5, -1}[i%2]})
	}
	w.walk("link_worker", people)
	w.advance("P6M") // nobody's window is open any more
	c := w.as("dashboard")
	for _, metric := range []string{"flow", "retention", "missing", "equity"} {
		all := c.get("/insights/" + metric + "?by=need_group")
		if metric == "equity" {
			all = c.get("/insights/" + metric)
		}
		shown := 0
		for _, r := range all.want(200).at("rows").([]any)[1:] {
			if r := r.(map[string]any); r["suppressed"] == false {
				shown++
			}
		}
		if shown == 0 {
			t.Errorf("%s: every row is withheld: %s", metric, all.body)
		}
	}
	compared := map[string]map[string]any{}
	for _, r := range c.get("/insights/completers").want(200).at("rows").([]any) {
		r := r.(map[string]any)
		compared[fmt.Sprint(r["characteristic"], " ", r["characteristic_value"])] = r
	}
	for of, want := range map[string][3]any{
		"<nil> <nil>": {30.0, 30.0, nil}, "need_group money_work": {30.0, 30.0, nil},
		"ons4.life_satisfaction low": {20.0, 20.0, 0.0}, "ons4.life_satisfaction medium": {10.0, 10.0, 0.0},
	} {
		if r := compared[of]; r["followed_up"] != want[0] || r["not_followed_up"] != want[1] || r["smd"] != want[2] {
			t.Errorf("%s: %v", of, r)
		}
	}
	items := map[string]map[string]any{}
	for _, r := range c.get("/insights/missing").want(200).at("rows").([]any) {
		r := r.(map[string]any)
		items[r["field"].(string)] = r
	}
	if r := items["ons4.life_satisfaction"]; r["expected"] != 60.0 || r["known"] != 60.0 || r["best"] != 0.0 ||
		r["missing"] != 0.0 {
		t.Errorf("an item: %v", r)
	}
	if r := items["ons4.happiness"]; r["known"] != 0.0 || r["missing"] != 60.0 || items["baseline"]["best"] != nil {
		t.Errorf("an item that nobody answered: %v", r)
	}
	if r := row(
		t,
		c.get("/insights/outcomes?population=research_consented").want(200),
		"anxiety",
	); r["population"] != "research_consented" ||
		r["baseline_n"] != 0.0 {
		t.Errorf("of those who agreed to research: %v", r)
	}
	if where := c.get("/insights/outcomes?population=research_consented&by=gender").
		problem(422, "invalid").
		text("errors.0.location"); where != "query.population" {
		t.Errorf("what is wrong is said to be %s", where)
	}
	c.get("/insights/outcomes?population=others").problem(422, "invalid")
	none := false
	for _, r := range c.get("/insights/outcomes?by=service").want(200).at("rows").([]any) {
		if r := r.(map[string]any); r["service_name"] == "none" && r["score"] == "life_satisfaction" {
			none = r["paired_n"] == 30.0 && r["service_id"] == nil
		}
	}
	if !none {
		t.Error("nobody came to a service, and no row says so")
	}
	if own := w.as("site_manager").get("/insights/completers").want(200); own.number("rows.0.followed_up") != 30 {
		t.Errorf("live: %s", own.body)
	}
}

// A snapshot's answer is sent once: with its ETag, and nothing at all while it is at hand. Live figures are never kept.
func TestFiguresAtHandAreNotSentAgain(t *testing.T) {
	w := newWorld(t)
	w.walk("link_worker", make([]walked, 10))
	c := w.as("dashboard")
	first := c.get("/insights/flow").want(200)
	tag := first.header.Get("ETag")
	if tag == "" || first.header.Get("Cache-Control") != "private, no-cache" ||
		!strings.Contains(first.header.Get("Vary"), "Authorization") {
		t.Fatalf("%v", first.header)
	}
	if again := c.with("If-None-Match", `"other", `+tag).
		get("/insights/flow").
		want(304); len(again.body) != 0 ||
		again.header.Get("ETag") != tag {
		t.Errorf("%v %s", again.header, again.body)
	}
	for name, other := range map[string]answer{
		"CSV":              c.with("If-None-Match", tag).get("/insights/flow?format=csv"),
		"another question": c.with("If-None-Match", tag).get("/insights/flow?by=site"),
		"another reader":   w.as("other_site_link_worker").with("If-None-Match", tag).get("/insights/flow"),
	} {
		if other.want(200).header.Get("ETag") == tag {
			t.Errorf("%s has the same tag", name)
		}
	}
	w.advance("P2D")
	if c.with("If-None-Match", tag).get("/insights/flow").want(200).header.Get("ETag") == tag {
		t.Error("a new snapshot has the tag of the old one")
	}
	live := w.as("site_manager").get("/insights/flow").want(200)
	if live.header.Get("ETag") != "" || live.header.Get("Cache-Control") != "no-store" {
		t.Errorf("live: %v", live.header)
	}
	challenges := client{
		w: w,
	}.with("Authorization", "Basic "+basicAuth("any", "wp_wrong")).
		get("/insights/flow").
		problem(401, "unauthenticated").
		header.Values(
		"WWW-Authenticate",
	)
	if !strings.Contains(strings.Join(challenges, " "), "Basic ") {
		t.Errorf("a spreadsheet is not told that it may send a password: %q", challenges)
	}
}
