package api_test

import (
	"fmt"
	"testing"
	"time"
)

// A system that keeps a copy asks once for what changed of everybody, and gets each change, mistakes too.
func TestListsAcrossPeopleTellWhatChanged(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	var contacts []string
	for range 3 {
		_, episode := w.supported()
		w.ons4(episode, "baseline", w.daysAgo(5), 4, 5, 3, 8).want(201)
		contacts = append(contacts, lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone",
			"kind":"support","outcome":"spoke"}`, w.today())).made())
		lw.post("/referrals/"+w.refer(episode)+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"link_worker"}`,
			w.today())).want(201)
	}
	for _, path := range []string{"/contacts", "/assessments", "/attendances", "/consents"} {
		var seen []any
		for cursor := ""; ; {
			page := lw.get(path + "?limit=2" + cursor).want(200)
			seen = append(seen, page.items()...)
			next, more := page.at("next_cursor").(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if len(seen) != 3 {
			t.Errorf("%s: %d of 3", path, len(seen))
		}
		w.as("site_manager").get(path).want(200)
		w.as("integration").get(path).want(200)
		if n := len(w.as("other_site_link_worker").get(path).want(200).items()); n != 0 {
			t.Errorf("%s: another site sees %d", path, n)
		}
		for _, role := range []string{"organisation", "dashboard", "administrator", "data_steward", "researcher"} {
			w.as(role).get(path).problem(403, "forbidden")
		}
	}
	w.advance("P1D")
	since := w.db.Clock.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	changed := func(path string) []any { return lw.get(path + "?updated_since=" + since).want(200).items() }
	if n := len(changed("/contacts")) + len(changed("/consents")); n != 0 {
		t.Errorf("%d changed overnight", n)
	}
	etag := lw.get("/contacts/" + contacts[1]).header.Get("ETag")
	lw.patch("/contacts/"+contacts[1], etag, `{"minutes":20}`).want(200)
	lw.post("/contacts/"+contacts[0]+"/entered-in-error", `{"reason":"Somebody else"}`).want(200)
	if list := changed("/contacts"); len(list) != 2 || list[0].(object)["id"] != contacts[1] ||
		list[1].(object)["entered_in_error"] == nil {
		t.Errorf("changed: %v", list)
	}
	// a consent that no longer stands has changed
	patient := lw.get("/consents").want(200).text("items.0.patient_id")
	w.consent(patient, "share_with_organisations", "withdrawn")
	if list := changed("/consents"); len(list) != 2 || list[0].(object)["stands"] == list[1].(object)["stands"] {
		t.Errorf("changed: %v", list)
	}
}
