package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// words are made-up ones for every item of an instrument.
func (w *world) words(key string) object {
	w.t.Helper()
	var items []any
	for _, i := range w.as("site_manager").get("/instruments/" + key).want(200).at("items").([]any) {
		items = append(items, object{"code": i.(object)["code"], "wording": "Words of " + i.(object)["code"].(string)})
	}
	return object{"licence": "Registered until 2031", "items": items}
}

func TestASiteLoadsWordsThatItMayUse(t *testing.T) {
	w := newWorld(t)
	manager, pack := w.as("site_manager"), w.words("swemwbs")
	w.keys["manager_of_both"] = w.key("site_manager", fmt.Sprintf(`"site_ids":[%q,%q]`, w.site, w.other))
	w.keys["dashboard_of_site"] = w.key("dashboard", fmt.Sprintf(`"site_ids":[%q]`, w.site))
	var options []any
	for v := 1; v <= 5; v++ {
		options = append(options, object{"value": v, "wording": fmt.Sprintf("Option %d", v)})
	}
	pack["items"].([]any)[0].(object)["options"] = options
	loaded := manager.put("/instruments/swemwbs/wording", inJSON(t, pack)).want(200)
	if loaded.text("items.0.wording") != "Words of item_1" || loaded.text("items.0.options.4.wording") != "Option 5" ||
		loaded.text("wording_licence") != "Registered until 2031" {
		t.Errorf("loaded: %s", loaded.body)
	}
	pack["licence"], pack["items"].([]any)[6].(object)["wording"] = "Registered until 2032", "Other words of item_7"
	manager.put("/instruments/swemwbs/wording", inJSON(t, pack)).want(200)

	shown := func(role, query string) bool {
		one, list := w.as(role).
			get("/instruments/swemwbs"+query).
			want(200),
			w.as(role).
				get("/instruments"+query).
				want(200)
		if strings.Contains(string(one.body), "Other words") != strings.Contains(string(list.body), "Other words") {
			t.Errorf("%s: the list and the instrument differ: %s", role, list.body)
		}
		return strings.Contains(string(one.body), "Other words of item_7") &&
			one.text("wording_licence") == "Registered until 2032" &&
			!strings.Contains(string(one.body), `"Words of item_7"`)
	}
	for role, want := range map[string]bool{
		"link_worker": true, "site_manager": true, "integration": true, "manager_of_both": false,
		"administrator": false, "data_steward": false, "other_site_link_worker": false, "dashboard": false,
		"dashboard_of_site": false, "organisation": false, "researcher": false,
	} {
		if shown(role, "") != want {
			t.Errorf("%s: the words are shown: %v", role, !want)
		}
	}
	if !shown("manager_of_both", "?site_id="+w.site) || shown("manager_of_both", "?site_id="+w.other) ||
		!shown("data_steward", "?site_id="+w.site) {
		t.Error("words of the site that is named are not shown, or those of another")
	}
	w.as("other_site_link_worker").get("/instruments/swemwbs?site_id="+w.site).problem(404, "not_found")
	w.as("manager_of_both").put("/instruments/swemwbs/wording", inJSON(t, pack)).problem(422, "invalid")
	pack["site_id"] = w.other
	manager.put("/instruments/swemwbs/wording", inJSON(t, pack)).problem(404, "not_found")
	w.as("data_steward").put("/instruments/swemwbs/wording", inJSON(t, pack)).want(200)
	if !shown("other_site_link_worker", "") {
		t.Error("the other site has loaded words, and does not see them")
	}
}

func TestWordsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	manager := w.as("site_manager")
	for _, shipped := range []string{"ons4", "ons_loneliness", "waypost_followup"} {
		manager.put("/instruments/"+shipped+"/wording", inJSON(t, w.words(shipped))).problem(409, "conflict")
	}
	manager.put("/instruments/nonsense/wording", inJSON(t, w.words("dejong6"))).problem(404, "not_found")
	item := func(o object, n int) object { return o["items"].([]any)[n].(object) }
	for what, c := range map[string]struct {
		at    string
		spoil func(object)
	}{
		"no terms":              {"body", func(o object) { delete(o, "licence") }},
		"blank terms":           {"body.licence", func(o object) { o["licence"] = " " }},
		"an item without words": {"body.items", func(o object) { o["items"] = o["items"].([]any)[1:] }},
		"an item of another":    {"body.items[0].code", func(o object) { item(o, 0)["code"] = secret }},
		"an item twice":         {"body.items[1].code", func(o object) { item(o, 1)["code"] = "emotional_1" }},
		"blank words":           {"body.items[0].wording", func(o object) { item(o, 0)["wording"] = " " }},
		"a value beyond the range": {
			"body.items[0].options[0].value",
			func(o object) { item(o, 0)["options"] = []any{object{"value": 9, "wording": secret}} },
		},
		"some values without words": {
			"body.items[0].options",
			func(o object) { item(o, 0)["options"] = []any{object{"value": 1, "wording": secret}} },
		},
		"words of 100,000 characters":  {"body.items[0].wording", func(o object) { item(o, 0)["wording"] = strings.Repeat(secret, 8000) }},
		"terms of 100,000 characters":  {"body.licence", func(o object) { o["licence"] = strings.Repeat(secret, 8000) }},
		"a field that nobody knows of": {"body.items[0]", func(o object) { item(o, 0)["zebedee"] = 1 }},
	} {
		pack := w.words("dejong6")
		c.spoil(pack)
		a := manager.put("/instruments/dejong6/wording", inJSON(t, pack)).problem(422, "invalid", secret, "zebedee")
		if !strings.Contains(string(a.body), fmt.Sprintf("%q", c.at)) {
			t.Errorf("%s: is not told at %s: %s", what, c.at, a.body)
		}
	}
	if a := manager.get("/instruments/dejong6").
		want(200); a.at("wording_licence") != nil ||
		strings.Contains(string(a.body), `"wording":`) {
		t.Errorf("something was kept: %s", a.body)
	}
	manager.put("/instruments/dejong6/wording", inJSON(t, w.words("dejong6"))).want(200)
}

// Words of a choice go with the options of the definition, which has none itself where its words may not stand there.
func TestWordsOfAnOwnInstrument(t *testing.T) {
	w := newWorld(t)
	manager := w.as("site_manager")
	own := object{
		"key":             "licensed_scale",
		"title":           "A licensed scale",
		"licence":         "Bought",
		"wording_shipped": false,
		"items": []any{
			object{
				"code":    "mood",
				"type":    "choice",
				"options": []any{object{"code": "up"}, object{"code": "down"}},
			},
			object{"code": "note", "type": "text", "private": true},
		},
	}
	manager.post("/instruments", inJSON(t, own)).want(201)
	pack := func(mood ...any) string {
		return inJSON(
			t,
			object{
				"licence": "Bought",
				"items": []any{
					object{"code": "note", "wording": "Anything else?"},
					object{"code": "mood", "wording": "How is it?", "options": mood},
				},
			},
		)
	}
	up, down := object{"code": "up", "wording": "Looking up"}, object{"code": "down", "wording": "Down"}
	for _, bad := range []string{
		pack(), pack(up), pack(up, up), pack(up, object{"code": "sideways", "wording": "So so"}),
		pack(up, object{"code": "down"}),
	} {
		manager.put("/instruments/licensed_scale/wording", bad).problem(422, "invalid")
	}
	manager.put("/instruments/licensed_scale/wording", pack(down, up)).want(200)
	// An administrator has no site of their own, and an own instrument has one whose words it is in.
	if got := w.as("administrator").
		get("/instruments/licensed_scale").
		want(200); got.text(
		"items.0.options.1.wording",
	) != "Looking up" {
		t.Errorf("%s", got.body)
	}
	own["title"] = "A licensed scale, second edition"
	if second := manager.post("/instruments", inJSON(t, own)).want(201); second.at("wording_licence") != nil {
		t.Errorf("the second version: %s", second.body)
	}
	if got := manager.get("/instruments/licensed_scale").want(200); strings.Contains(string(got.body), "Looking up") {
		t.Errorf("words of the first version: %s", got.body)
	}
	if got := manager.get("/instruments/licensed_scale?version=1").
		want(200); !strings.Contains(
		string(got.body),
		"Looking up",
	) {
		t.Errorf("the first version lost its words: %s", got.body)
	}
}

// A person's own link asks an instrument that the site has words for, and a site's own.
func TestALinkAsksInTheSitesWords(t *testing.T) {
	w := newWorld(t)
	w.as("site_manager").put("/instruments/swemwbs/wording", inJSON(t, w.words("swemwbs"))).want(200)
	w.as("site_manager").post("/instruments", inJSON(t, allotment(t))).want(201)
	site := w.as("administrator").get("/sites/" + w.site)
	schedule := site.at("schedules.0").(object)
	schedule["instruments"] = []any{"swemwbs", "allotment_confidence", "mycaw"}
	w.as("administrator").
		patch("/sites/"+w.site, site.header.Get("ETag"), inJSON(t, object{"schedules": []any{schedule}})).
		want(200)
	_, episode := w.supported()
	w.ons4(episode, "baseline", w.today(), 4, 5, 4, 6).want(201)
	w.advance("P10M")
	p := w.link(w.as("link_worker").get("/follow-ups?episode_id=" + episode).text("items.0.id"))
	page, titles := p.answer(p.answer(p.open("/respondent"), "self"), "better"), []string{}
	for range 10 {
		titles = append(titles, page.title())
		page = p.answer(page, "2")
	}
	if titles[0] != "Words of item_1" || titles[6] != "Words of item_7" ||
		titles[7] != "How sure are you that you can plan a bed?" {
		t.Errorf("asked: %q", titles)
	}
	sent := p.answer(p.answer(p.answer(page, "some"), ""), "")
	list := w.as("link_worker").get("/episodes/" + episode + "/assessments").want(200)
	if len(list.items()) != 3 || !strings.Contains(string(list.body), `"metric","value":15.32`) ||
		!strings.Contains(string(list.body), `"confidence","value":6`) {
		t.Errorf("sent (%d): %s", sent.status, list.body)
	}
}
