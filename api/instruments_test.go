package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
)

type object = map[string]any

// allotment is the document's own example of an instrument: three items from 0 to 4, one of them turned round, of which
// one may be missing.
func allotment(t *testing.T) object {
	t.Helper()
	_, all := operations(t)
	for _, o := range all {
		if o.OperationID == "add-instrument" {
			return asSent(t, o.RequestBody.Content["application/json"].Example).(object)
		}
	}
	t.Fatal("no operation adds an instrument")
	return nil
}

func inJSON(t *testing.T, o object) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestASitesOwnInstrument(t *testing.T) {
	w := newWorld(t)
	manager, own := w.as("site_manager"), allotment(t)
	w.keys["other_manager"] = w.key("site_manager", fmt.Sprintf(`"site_ids":[%q]`, w.other))
	w.keys["manager_of_both"] = w.key("site_manager", fmt.Sprintf(`"site_ids":[%q,%q]`, w.site, w.other))

	added := manager.post("/instruments", inJSON(t, own)).want(201)
	if added.number("version") != 1 || added.text("site_id") != w.site ||
		added.header.Get("Location") != "/v1/instruments/allotment_confidence" {
		t.Errorf("added: %s, at %s", added.body, added.header.Get("Location"))
	}
	manager.post("/instruments", inJSON(t, own)).problem(409, "conflict")
	own["title"] = "Confidence at the allotment, revised"
	if v := manager.post("/instruments", inJSON(t, own)).want(201).number("version"); v != 2 {
		t.Errorf("the second version is %g", v)
	}
	path := "/instruments/allotment_confidence"
	for _, role := range []string{"link_worker", "site_manager", "integration", "administrator", "data_steward"} {
		if got := w.as(role).get(path).want(200); got.text("title") != own["title"] || got.number("version") != 2 {
			t.Errorf("%s: %s", role, got.body)
		}
	}
	if got := manager.get(path + "?version=1").want(200); got.text("title") != "Confidence at the allotment" {
		t.Errorf("version 1: %s", got.body)
	}
	manager.get(path+"?version=3").problem(404, "not_found")
	manager.get("/instruments/ons4?version=2").problem(404, "not_found")
	if shipped := manager.get("/instruments/ons4?version=1").want(200); shipped.at("site_id") != nil {
		t.Errorf("whose is ons4? %s", shipped.body)
	}

	// Another site does not see it, and may not have its key either, without being told whose it is.
	stranger := w.as("other_manager")
	for _, role := range []string{"other_manager", "other_site_link_worker", "organisation", "researcher"} {
		w.as(role).get(path).problem(404, "not_found")
		if list := w.as(role).
			get("/instruments?limit=200").
			want(200); strings.Contains(string(list.body), "allotment") ||
			len(list.items()) < 7 {
			t.Errorf("%s: %s", role, list.body)
		}
	}
	stranger.post("/instruments", inJSON(t, own)).problem(409, "conflict", w.site, "First site")
	stranger.put(path+"/wording", `{"licence":"ours","items":[{"code":"plan","wording":"Mine"}]}`).
		problem(404, "not_found")

	// Whose it becomes, where that is not clear.
	own["key"] = "second_scale"
	w.as("manager_of_both").post("/instruments", inJSON(t, own)).problem(422, "invalid")
	w.as("data_steward").post("/instruments", inJSON(t, own)).problem(422, "invalid")
	own["site_id"] = nobody()
	for _, role := range []string{"administrator", "manager_of_both", "site_manager"} {
		w.as(role).post("/instruments", inJSON(t, own)).problem(404, "not_found")
	}
	own["site_id"] = w.other
	manager.post("/instruments", inJSON(t, own)).problem(404, "not_found")
	if made := w.as("administrator").post("/instruments", inJSON(t, own)).want(201); made.text("site_id") != w.other {
		t.Errorf("by an administrator: %s", made.body)
	}
	stranger.get("/instruments/second_scale").want(200)
	own["key"] = "ons4"
	w.as("administrator").post("/instruments", inJSON(t, own)).problem(409, "conflict")
	for _, role := range []string{"link_worker", "integration", "organisation", "dashboard", "researcher"} {
		w.as(role).post("/instruments", inJSON(t, own)).problem(403, "forbidden")
		w.as(role).put("/instruments/mycaw/wording", "{}").problem(403, "forbidden")
	}
}

func TestInstrumentsArePagedByKey(t *testing.T) {
	w := newWorld(t)
	own := allotment(t)
	for _, key := range []string{"aa_first", "zz_last", "mm_middle", "aa_first"} {
		own["key"], own["title"] = key, "T"+nobody()
		w.as("site_manager").post("/instruments", inJSON(t, own)).want(201)
	}
	var keys []string
	for path := "/instruments?limit=2"; ; {
		page := w.as("link_worker").get(path).want(200)
		for _, i := range page.items() {
			keys = append(keys, i.(object)["key"].(string))
		}
		next, more := page.at("next_cursor").(string)
		if !more {
			break
		}
		path = "/instruments?limit=2&cursor=" + next
	}
	if keys[0] != "aa_first" || keys[len(keys)-1] != "zz_last" ||
		len(keys) != len(w.as("other_site_link_worker").get("/instruments").items())+3 {
		t.Errorf("%v", keys)
	}
	for n := range keys[1:] {
		if keys[n] >= keys[n+1] {
			t.Errorf("%s before %s", keys[n], keys[n+1])
		}
	}
}

// A key is one site's, though two ask for it at once.
func TestTwoSitesRaceForAKey(t *testing.T) {
	w := newWorld(t)
	w.keys["other_manager"] = w.key("site_manager", fmt.Sprintf(`"site_ids":[%q]`, w.other))
	body := inJSON(t, allotment(t))
	var wait sync.WaitGroup
	statuses := make([]int, 8)
	for n := range statuses {
		wait.Go(func() {
			statuses[n] = w.as([]string{"site_manager", "other_manager"}[n%2]).post("/instruments", body).status
		})
	}
	wait.Wait()
	made := 0
	for _, s := range statuses {
		if s == 201 {
			made++
		} else if s != 409 {
			t.Errorf("status %d", s)
		}
	}
	if made != 1 {
		t.Errorf("%d were added: %v", made, statuses)
	}
}

// Each way in which a definition fails to hold together is refused at its place, and nothing of it is kept or repeated.
func TestBadDefinitions(t *testing.T) {
	w := newWorld(t)
	items := func(o object, n int) object { return o["items"].([]any)[n].(object) }
	score := func(o object) object { return o["scores"].([]any)[0].(object) }
	table := func(rows ...int) func(object) {
		return func(o object) {
			list := []any{}
			for _, from := range rows {
				list = append(list, object{"from": from, "to": from})
			}
			o["scores"] = append(
				o["scores"].([]any),
				object{
					"code":       "metric",
					"method":     "table",
					"of":         "plain",
					"table":      list,
					"better":     "higher",
					"min":        0,
					"max":        4,
					"resolution": 1,
				},
			)
			o["scores"].([]any)[0] = object{
				"code":       "plain",
				"method":     "value",
				"items":      []any{"plan"},
				"better":     "higher",
				"min":        0,
				"max":        4,
				"resolution": 1,
			}
		}
	}
	for _, c := range []struct {
		what, at string
		spoil    func(object)
	}{
		{"no items", "body.items", func(o object) { o["items"] = []any{} }},
		{"101 items", "body.items", func(o object) {
			for n := range 101 {
				o["items"] = append(o["items"].([]any), object{"code": fmt.Sprintf("i%d", n), "type": "text", "wording": "W"})
			}
		}},
		{"an item twice", "body.items[1].code", func(o object) { items(o, 1)["code"] = "plan" }},
		{"a code in capitals", "body.items[0].code", func(o object) { items(o, 0)["code"] = secret }},
		{"a key that is none", "body.key", func(o object) { o["key"] = secret }},
		{"an unknown type", "body.items[0].type", func(o object) { items(o, 0)["type"] = secret }},
		{"a number without a range", "body.items[0].min", func(o object) { delete(items(o, 0), "max") }},
		{"a range turned round", "body.items[0].min", func(o object) { items(o, 0)["min"] = 5 }},
		{"a range of half points", "body.items[0].min", func(o object) { items(o, 0)["min"] = 0.5 }},
		{"a range without end", "body.items[0].max", func(o object) { items(o, 0)["max"] = 1e9 }},
		{
			"a choice of nothing", "body.items[0].options",
			func(o object) { o["items"].([]any)[0] = object{"code": "plan", "type": "choice", "wording": "W"} },
		},
		{
			"a value without a name", "body.items[0].options",
			func(o object) { items(o, 0)["options"] = []any{object{"value": 0, "wording": "Not"}} },
		},
		{"no words, which are said to stand there", "body.items[2].wording", func(o object) { delete(items(o, 2), "wording") }},
		{"words, which are said not to", "body.items[0].wording", func(o object) { o["wording_shipped"] = false }},
		{"no licence", "body", func(o object) { delete(o, "licence") }},
		{"a blank licence", "body.licence", func(o object) { o["licence"] = "  " }},
		{"not said whether words stand there", "body", func(o object) { delete(o, "wording_shipped") }},
		{"a text that may not be scored", "body.scores[0].items", func(o object) {
			o["items"].([]any)[0] = object{"code": "plan", "type": "text", "private": true, "wording": "W"}
		}},
		{"a score of an item that is not there", "body.scores[0].items", func(o object) { score(o)["items"] = []any{"plan", secret} }},
		{"turned round, and not in it", "body.scores[0].reverse", func(o object) { score(o)["reverse"] = []any{secret} }},
		{"a method there is not", "body.scores[0].method", func(o object) { score(o)["method"] = secret }},
		{"no direction", "body.scores[0]", func(o object) { delete(score(o), "better") }},
		{"a range that is not its items'", "body.scores[0].min", func(o object) { score(o)["max"] = 11 }},
		{"missing allowed without a rule", "body.scores[0].missing_as", func(o object) { delete(score(o), "missing_as") }},
		{"a rule without how many", "body.scores[0].missing_as", func(o object) { delete(score(o), "missing_allowed") }},
		{"all may be missing", "body.scores[0].missing_allowed", func(o object) { score(o)["missing_allowed"] = 3 }},
		{"prorated over two ranges", "body.scores[0].missing_as", func(o object) { items(o, 0)["max"] = 5 }},
		{"bands with a hole", "body.scores[0].bands", func(o object) { score(o)["bands"].([]any)[1].(object)["from"] = 7 }},
		{"bands that overlap", "body.scores[0].bands[1]", func(o object) { score(o)["bands"].([]any)[1].(object)["from"] = 5 }},
		{"a band turned round", "body.scores[0].bands[1].from", func(o object) { score(o)["bands"].([]any)[1].(object)["from"] = 13 }},
		{"a threshold without a source", "body.scores[0].threshold_source", func(o object) { delete(score(o), "threshold_source") }},
		{"a source without a threshold", "body.scores[0].threshold_source", func(o object) { delete(score(o), "responder_threshold") }},
		{"a step that does not divide", "body.scores[0].resolution", func(o object) { score(o)["resolution"] = 0.7 }},
		{"a table with a hole", "body.scores[1].table", table(0, 1, 3, 4)},
		{"a table with a row twice", "body.scores[1].table[3].from", table(0, 1, 2, 2, 3, 4)},
		{"a table with a row too many", "body.scores[1].table", table(0, 1, 2, 3, 4, 5)},
		{"a count without what counts", "body.scores[0].counts", func(o object) { score(o)["method"] = "count" }},
		{"an unknown field", "body", func(o object) { o["zebedee"] = 1 }},
		{"a title of 100,000 characters", "body.title", func(o object) { o["title"] = strings.Repeat(secret, 8000) }},
	} {
		o := allotment(t)
		c.spoil(o)
		a := w.as("site_manager").post("/instruments", inJSON(t, o))
		if a.status != 422 {
			t.Errorf("%s: %d %.300s", c.what, a.status, a.body)
			continue
		}
		a.problem(422, "invalid", secret, strings.ToLower(secret))
		if !strings.Contains(string(a.body), fmt.Sprintf("%q", c.at)) || len(a.body) > 5000 {
			t.Errorf("%s: is not told at %s: %.500s", c.what, c.at, a.body)
		}
	}
	w.as("site_manager").get("/instruments/allotment_confidence").problem(404, "not_found")
	w.as("site_manager").post("/instruments", inJSON(t, allotment(t))).want(201)
}

// answered records answers to a site's own instrument, and is the score that came of it.
func (w *world) answered(episode, timepoint, responses string) answer {
	w.t.Helper()
	return w.as("link_worker").post("/assessments", fmt.Sprintf(`{"episode_id":%q,
		"instrument":"allotment_confidence","timepoint":%q,"completed_on":%q,"mode":"telephone",
		"respondent":"self","responses":%s}`, episode, timepoint, w.today(), responses))
}

// A site's own instrument is scored by its rules, and its pairs are found in the figures, each version by itself.
func TestAnOwnInstrumentIsRecordedScoredAndPaired(t *testing.T) {
	w := newWorld(t)
	own := allotment(t)
	w.as("site_manager").post("/instruments", inJSON(t, own)).want(201)
	type wanted struct {
		value float64
		band  string
	}
	baselines := map[string]wanted{ // worry is turned round
		`{"plan":1,"ask":0,"worry":4}`:                               {1, "low"},
		`{"plan":1,"ask":1}`:                                         {3, "low"}, // (1 + 1) x 3 / 2
		`{"plan":2,"ask":{"missing":"prefer_not_to_say"},"worry":3}`: {4.5, "low"},
		`{"plan":4,"worry":1}`:                                       {10.5, "high"},
		`{"plan":3,"ask":{"missing":"dont_know"},"worry":3}`:         {6, "high"},
		`{"plan":1}`: {-1, ""}, // two are missing: no score
		`{"plan":4,"ask":4,"worry":{"missing":"prefer_not_to_say"}}`:  {12, "high"},
		`{"plan":3,"ask":{"missing":"not_applicable"},"worry":4.0e0}`: {4.5, "low"},
	}
	var episodes, firstOnes []string
	for responses, want := range baselines {
		_, episode := w.supported()
		a := w.answered(episode, "baseline", responses).want(201)
		scores := a.at("scores").([]any)
		if len(scores) == 0 != (want.value < 0) {
			t.Errorf("%s: %s", responses, a.body)
		}
		if len(scores) == 1 {
			if got := scores[0].(object); got["value"] != want.value || got["band"] != want.band ||
				got["better"] != "higher" {
				t.Errorf("%s: %v, want %v", responses, got, want)
			}
			episodes, firstOnes = append(episodes, episode), append(firstOnes, a.text("id"))
		}
	}
	w.answered(episodes[0], "review", `{"plan":5}`).problem(422, "invalid")
	w.answered(episodes[0], "review", `{"plan":1.5}`).problem(422, "invalid")
	w.answered(episodes[0], "review", `{"zebedee":1}`).problem(422, "invalid", "zebedee")
	w.answered(episodes[0], "review", `{"plan":"`+strings.Repeat(secret, 8000)+`"}`).problem(422, "invalid", secret)
	other := w.as("other_site_link_worker")
	patient := other.post("/patients", `{"given_name":"A","family_name":"B","birth_date":"1950-01-01"}`).made()
	elsewhere := other.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
		"needs":{"primary":"food"}}`, patient, w.today())).made()
	other.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"allotment_confidence",
		"timepoint":"review","completed_on":%q,"mode":"telephone","respondent":"self","responses":{"plan":1}}`,
		elsewhere, w.today())).problem(422, "invalid")

	w.advance("P10M")
	for _, episode := range episodes[:5] {
		followUp := w.as("link_worker").get("/follow-ups?episode_id=" + episode).text("items.0.id")
		w.as("link_worker").post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,
			"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some",
			"assessments":[{"instrument":"allotment_confidence","responses":{"plan":4,"ask":4,"worry":0}}]}`, w.today())).want(201)
	}

	// From the second version on, people are compared within it alone; a correction stays with the version it corrects.
	own["items"].([]any)[0].(object)["max"], own["items"].([]any)[1].(object)["max"], own["items"].([]any)[2].(object)["max"] = 6, 6, 6
	score := own["scores"].([]any)[0].(object)
	score["max"], score["better"], score["bands"].([]any)[1].(object)["to"] = 18, "lower", 18
	w.as("site_manager").post("/instruments", inJSON(t, own)).want(201)
	corrected := w.as("link_worker").
		post("/assessments/"+firstOnes[0]+"/correction", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
			"respondent":"self","responses":{"plan":6}}`, w.today()))
	corrected.problem(422, "invalid")
	last := w.answered(episodes[5], "m9_12", `{"plan":6,"ask":6,"worry":0}`).want(201)
	if last.number("instrument_version") != 2 || last.number("scores.0.value") != 18 {
		t.Errorf("by the second version: %s", last.body)
	}
	rows := map[float64]object{}
	for _, r := range w.as("site_manager").get("/insights/outcomes").want(200).at("rows").([]any) {
		if r := r.(object); r["instrument"] == "allotment_confidence" && r["timepoint"] == "m9_12" {
			rows[r["instrument_version"].(float64)] = r
		}
	}
	if r := rows[1]; r["paired_n"] != 5.0 || r["baseline_n"] != float64(len(episodes)) || r["follow_up_mean"] != 12.0 ||
		r["score"] != "confidence" {
		t.Errorf("the first version: %v", r)
	}
	if r := rows[2]; r["paired_n"] != 0.0 || r["baseline_n"] != 0.0 || len(rows) != 2 {
		t.Errorf("the second version: %v", r)
	}
	for _, r := range w.as("other_site_link_worker").get("/insights/outcomes").want(200).at("rows").([]any) {
		if r.(object)["instrument"] == "allotment_confidence" {
			t.Errorf("another site sees %v", r)
		}
	}
}

// The examples of the guide, pasted into a shell, answer what the guide says they do.
func TestTheExamplesOfTheGuide(t *testing.T) {
	w := newWorld(t)
	text, err := os.ReadFile("../docs/instruments.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile(`(?s)(curl .*?)\n# → ([^\n]*)\n`).FindAllStringSubmatch(string(text), -1)
	for _, e := range examples {
		shell := exec.CommandContext(t.Context(), "bash", "-c", e[1])
		shell.Env = append(
			os.Environ(),
			"W="+w.url+"/v1",
			"MANAGER="+w.keys["site_manager"],
			"WORKER="+w.keys["link_worker"],
		)
		if out, err := shell.CombinedOutput(); err != nil || !strings.Contains(string(out), e[2]) {
			t.Errorf("%s\nanswers %s (%v)\nwhich lacks %s", e[1], out, err, e[2])
		}
	}
	if len(examples) < 3 {
		t.Errorf("only %d examples", len(examples))
	}
}
