package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Who changed which field from what to what is read by the site's staff; former names by the manager alone, with a reason.
func TestHistoryHasTheValues(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	lw := w.as("link_worker")
	change := func(c client, at, body string) {
		t.Helper()
		c.patch(at, c.get(at).want(200).header.Get("ETag"), body).want(200)
	}
	change(lw, "/patients/"+patient, `{"given_name":"Mary","postcode":"ZZ99 3WZ"}`)
	change(w.as("integration").with("Waypost-On-Behalf-Of", w.worker), "/patients/"+patient, `{"postcode":null}`)
	at := "/patients/" + patient + "/history"
	find := func(a answer, field string) (found []map[string]any) {
		t.Helper()
		for _, i := range a.want(200).items() {
			if c := i.(map[string]any); c["field"] == field {
				found = append(found, c)
			}
		}
		return found
	}
	by := func(c map[string]any) map[string]any { return c["changed_by"].(map[string]any) }
	postcodes := find(lw.get(at), "postcode")
	if len(postcodes) != 2 || postcodes[0]["from"] != nil || postcodes[0]["to"] != "ZZ99 3WZ" ||
		by(postcodes[0])["role"] != "link_worker" || by(postcodes[0])["link_worker_id"] != w.worker ||
		by(postcodes[0])["on_behalf"] != false || postcodes[1]["to"] != nil ||
		by(postcodes[1])["role"] != "integration" || by(postcodes[1])["link_worker_id"] != w.worker ||
		by(postcodes[1])["on_behalf"] != true {
		t.Errorf("%v", postcodes)
	}
	for _, c := range []client{lw, w.as("site_manager"), w.as("integration")} {
		query := "?reason=" + secret
		if c.bearer == w.keys["site_manager"] {
			query = ""
		}
		a := c.get(at + query).want(200)
		if names := find(a.hides("Marigold"), "given_name"); len(names) != 1 || names[0]["withheld"] != true || names[0]["from"] != nil {
			t.Errorf("%s", a.body)
		}
	}
	for _, blank := range []string{"%20", "%09%20", "%C2%A0"} {
		if a := w.as("site_manager").get(at + "?reason=" + blank).hides("Marigold"); a.status != 200 && a.status != 422 {
			t.Errorf("%s", a.body)
		}
	}
	names := find(w.as("site_manager").get(at+"?reason=complaint"), "given_name")
	if len(names) != 1 || names[0]["from"] != "Marigold" || names[0]["to"] != "Mary" || names[0]["withheld"] != false {
		t.Errorf("%v", names)
	}
	if why := w.value("select reason from access_log where operation = 'patient_history' and reason is not null " +
		"and actor_role = 'site_manager'"); why != "complaint" {
		t.Errorf("the log says %q", why)
	}
	w.as("other_site_link_worker").get(at).problem(404, "not_found")
	for _, role := range []string{"organisation", "dashboard", "administrator", "data_steward"} {
		w.as(role).get(at).problem(403, "forbidden")
	}

	// of other things, page by page; a mistake and its undo are in it
	change(lw, "/episodes/"+episode, `{"needs":{"primary":"food","others":[]}}`)
	contact := lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(
		`{"on":%q,"mode":"telephone","kind":"first_contact","outcome":"spoke","note":"Rang"}`, w.daysAgo(26))).made()
	change(lw, "/contacts/"+contact, fmt.Sprintf(`{"on":%q,"note":"Rang twice"}`, w.daysAgo(25)))
	lw.post("/contacts/"+contact+"/entered-in-error", `{"reason":"It was somebody else"}`).want(200)
	lw.post("/contacts/"+contact+"/entered-in-error/undo", `{"reason":"It was not"}`).want(200)
	var fields []string
	for next := "/contacts/" + contact + "/history?limit=1"; next != ""; {
		page := lw.get(next).want(200)
		for _, i := range page.items() {
			fields = append(fields, i.(map[string]any)["field"].(string))
		}
		if next = ""; page.at("next_cursor") != nil {
			next = "/contacts/" + contact + "/history?limit=1&cursor=" + page.text("next_cursor")
		}
	}
	if got := fmt.Sprint(fields); got != "[note on entered_in_error entered_in_error]" &&
		got != "[on note entered_in_error entered_in_error]" {
		t.Errorf("%v", fields)
	}
	marks := find(lw.get("/contacts/"+contact+"/history"), "entered_in_error")
	if marks[0]["from"] != nil || marks[0]["to"].(map[string]any)["reason"] != "It was somebody else" || marks[1]["to"] != nil {
		t.Errorf("%v", marks)
	}
	if c := find(lw.get("/episodes/"+episode+"/history"), "needs.primary"); len(c) != 1 ||
		c[0]["from"] != "loneliness_isolation" || c[0]["to"] != "food" {
		t.Errorf("%v", c)
	}
	referral := w.refer(episode)
	change(lw, "/referrals/"+referral, `{"reason":"Lives with a dog"}`)
	if c := find(lw.get("/referrals/"+referral+"/history"), "reason"); len(c) != 1 || c[0]["from"] != "Lives alone" {
		t.Errorf("%v", c)
	}
	w.as("organisation").get("/referrals/"+referral+"/history").problem(403, "forbidden", "Lives alone")
}

// Each mistake and its undo are in a history with both reasons, and say what was in error.
func TestHistoryHasTheReasonsOfMistakes(t *testing.T) {
	l := wholeLoop(t)
	lw := l.as("link_worker")
	completion := lw.get("/follow-ups/" + l.followUp + "/completion").want(200).text("id")
	followUp := "/follow-ups/" + l.followUp
	for _, c := range []struct{ thing, as, of, kind, id string }{
		{"/contacts/" + l.contact, "link_worker", "/contacts/" + l.contact, "contact", l.contact},
		{"/consents/" + l.consent, "link_worker", "/consents/" + l.consent, "consent", l.consent},
		{"/assessments/" + l.baseline, "link_worker", "/assessments/" + l.baseline, "assessment", l.baseline},
		{"/attendances/" + l.attendance, "organisation", "/attendances/" + l.attendance, "attendance", l.attendance},
		{followUp + "/completion", "link_worker", followUp, "completion", completion},
		{"/attempts/" + l.attempt, "link_worker", followUp, "attempt", l.attempt},
		{followUp + "/loss", "link_worker", followUp, "loss", l.followUp},
		{"/episodes/" + l.episode, "link_worker", "/episodes/" + l.episode, "episode", l.episode},
		{"/patients/" + l.patient, "link_worker", "/patients/" + l.patient, "patient", l.patient},
	} {
		if c.kind == "loss" {
			lw.post(followUp+"/completion/entered-in-error", because).want(200)
			lw.post(followUp+"/loss", `{"reason":"could_not_contact"}`).want(200)
		}
		l.as(c.as).post(c.thing+"/entered-in-error", `{"reason":"Wrong person `+c.kind+`"}`).want(200)
		l.as(c.as).post(c.thing+"/entered-in-error/undo", `{"reason":"Right `+c.kind+`"}`).want(200)
		l.as("other_site_link_worker").get(c.of+"/history").problem(404, "not_found")
		var said []string
		for _, i := range lw.get(c.of + "/history").want(200).items() {
			row := i.(object)
			m, is := row["mistake"].(object)
			if is != (row["field"] == "entered_in_error") {
				t.Errorf("%s: %v", c.thing, row)
			}
			if is && m["type"] == c.kind && m["id"] == c.id && strings.HasSuffix(m["reason"].(string), " "+c.kind) {
				said = append(said, fmt.Sprint(m["reason"], " ", m["undone"], " ", row["changed_by"].(object)["role"]))
			}
		}
		want := []string{"Wrong person " + c.kind + " false " + c.as, "Right " + c.kind + " true " + c.as}
		if !slices.Equal(said, want) {
			t.Errorf("%s: %q, want %q", c.thing, said, want)
		}
	}
}

// What a person said of services before is in the history of the follow-up, also of one that is left out since.
func TestHistoryHasWhatWasSaidOfServices(t *testing.T) {
	l := wholeLoop(t)
	lw := l.as("link_worker")
	at := "/follow-ups/" + l.followUp + "/completion"
	choir := `{"name":"Choir","used":"used_stopped","reason":"transport","benefit":"a_little"}`
	club := fmt.Sprintf(`{"referral_id":%q,"used":"did_not_use","reason":"other","benefit":"not_applicable"}`, l.referral)
	for _, services := range []string{choir + "," + club, club, club} {
		lw.patch(at, lw.get(at).want(200).header.Get("ETag"), `{"services":[`+services+`]}`).want(200)
	}
	var changes []object
	for _, i := range lw.get("/follow-ups/" + l.followUp + "/history").want(200).items() {
		if c := i.(object); c["field"] == "services" {
			changes = append(changes, c)
		}
	}
	if len(changes) != 2 || changes[0]["changed_by"].(object)["link_worker_id"] != l.worker || changes[0]["changed_at"] == nil {
		t.Fatalf("%v", changes)
	}
	first, dropped := changes[0]["from"].([]any), changes[1]["from"].([]any)
	if len(first) != 1 || first[0].(object)["used"] != "still_using" || first[0].(object)["benefit"] != "a_lot" ||
		len(changes[0]["to"].([]any)) != 2 || len(dropped) != 2 || dropped[0].(object)["name"] != "Choir" ||
		dropped[0].(object)["reason"] != "transport" || len(changes[1]["to"].([]any)) != 1 {
		t.Errorf("%v", changes)
	}
	l.as("organisation").get("/follow-ups/"+l.followUp+"/history").problem(403, "forbidden")
}
