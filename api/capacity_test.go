package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What a service can take decides whether somebody may be referred to it, and a question before tells so,
// asking nothing of a person.
func TestCapacityDecidesWhoIsReferred(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	refer := func(more string) answer {
		return lw.post(
			"/referrals",
			fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food"%s}`, episode, w.svc, more),
		)
	}
	ask := func() answer { return lw.get("/services/" + w.svc + "/capacity").want(200) }
	const because = `,"override_reason":"Agreed with them by telephone"`

	set := w.as("organisation").
		put("/services/"+w.svc+"/capacity", `{"capacity":"waitlist","wait_band":"1_to_3_months"}`).
		want(200)
	if set.text("capacity_set_by") != "organisation" || set.text("wait_band") != "1_to_3_months" ||
		set.at("capacity_as_of") == nil {
		t.Errorf("%s", set.body)
	}
	if a := ask(); a.at("takes_referrals") != true || a.at("needs_override_reason") != false ||
		a.text("warnings.0.code") != "service_waitlist" ||
		a.text("wait_band") != "1_to_3_months" {
		t.Errorf("%s", a.body)
	}
	if a := refer("").want(201); a.text("warnings.0.code") != "service_waitlist" {
		t.Errorf("%s", a.body)
	}

	for _, capacity := range []string{"open", "closed", "not_known"} { // nobody waits
		if a := lw.put("/services/"+w.svc+"/capacity", fmt.Sprintf(`{"capacity":%q,"wait_band":"1_to_3_months"}`, capacity)).
			problem(422, "invalid", "1_to_3_months"); a.text(
			"errors.0.location",
		) != "body.wait_band" {
			t.Errorf("%s: %s", capacity, a.body)
		}
	}
	if a := lw.put("/services/"+w.svc+"/capacity", `{"capacity":"open"}`).want(200); a.at("wait_band") != nil {
		t.Errorf("%s", a.body)
	}
	lw.put("/services/"+w.svc+"/capacity", `{"capacity":"full","wait_band":"over_3_months"}`).want(200)
	if a := ask(); a.at("takes_referrals") != true || a.at("needs_override_reason") != true ||
		a.text("capacity_set_by") != "link_worker" {
		t.Errorf("%s", a.body)
	}
	if a := refer("").problem(422, "invalid"); a.text("errors.0.location") != "body.override_reason" {
		t.Errorf("%s", a.body)
	}
	for _, blank := range []string{``, ` `, `\u200b`, `\u2060\ufeff \u00ad`, `\u3164`, `\u2800`, `\ufe0f`} { // seen by nobody
		refer(`,"override_reason":"`+blank+`"`).problem(422, "invalid")
	}
	full := refer(because).want(201)
	if full.text("override_reason") != "Agreed with them by telephone" ||
		full.text("warnings.0.code") != "service_full" && full.text("warnings.1.code") != "service_full" {
		t.Errorf("%s", full.body)
	}
	if a := w.as("organisation").
		get("/referrals/" + full.text("id")); strings.Contains(
		string(a.body),
		"by telephone",
	) {
		t.Errorf("the organisation is told why: %s", a.body)
	}
	refer(`,"kind":"signpost"`).want(201)
	draft := refer(`,"draft":true`).want(201)
	lw.post("/referrals/"+draft.text("id")+"/moves", `{"to":"sent"}`).problem(422, "invalid")
	lw.patch("/referrals/"+draft.text("id"), draft.header.Get("ETag"), `{"override_reason":"They know her"}`).want(200)
	lw.post("/referrals/"+draft.text("id")+"/moves", `{"to":"sent"}`).want(200)

	lw.put("/services/"+w.svc+"/capacity", `{"capacity":"closed"}`).want(200)
	if a := ask(); a.at("takes_referrals") != false || a.text("why_not") != "The service is closed to referrals." {
		t.Errorf("%s", a.body)
	}
	refer(because).problem(409, "conflict")
	if a := lw.get("/services?capacity=closed").want(200); len(a.items()) != 1 {
		t.Errorf("%s", a.body)
	}
	if a := lw.get("/services?capacity=open").want(200); len(a.items()) != 0 {
		t.Errorf("%s", a.body)
	}
}

// Whoever reports what they heard says when; older word does not take the place of newer.
func TestCapacityThatWasHeard(t *testing.T) {
	w := newWorld(t)
	path, now := "/services/"+w.svc+"/capacity", w.db.Clock.Now()
	at := func(hours int) string {
		return now.Add(time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)
	}
	heard := w.as("link_worker").put(path, fmt.Sprintf(`{"capacity":"open","as_of":%q}`, at(-48))).want(200)
	if heard.text("capacity_as_of") != at(-48) || heard.text("capacity_set_by") != "link_worker" {
		t.Errorf("%s", heard.body)
	}
	w.as("organisation").put(path, fmt.Sprintf(`{"capacity":"full","as_of":%q}`, at(-2))).want(200)
	w.as("link_worker").put(path, fmt.Sprintf(`{"capacity":"open","as_of":%q}`, at(-24))).problem(409, "conflict")
	w.as("link_worker").put(path, fmt.Sprintf(`{"capacity":"open","as_of":%q}`, at(1))).problem(422, "invalid")
	if a := w.as("link_worker").get(path); a.text("capacity") != "full" || a.text("capacity_set_by") != "organisation" {
		t.Errorf("%s", a.body)
	}
	w.as("dashboard").get(path).problem(403, "forbidden")
	w.as("link_worker").get("/services/"+nobody()+"/capacity").problem(404, "not_found")
}

// An organisation's own view: every referral sent to it and nothing else, by where it stands and when it
// changed, a name only with consent.
func TestAnOrganisationsOwnView(t *testing.T) {
	w := newWorld(t)
	org := w.as("organisation")
	agreed, episode := w.supported()
	one := w.refer(episode)
	private, other := w.supported()
	two := w.refer(other)
	w.consent(private, "share_with_organisations", "withdrawn")
	elsewhere := w.as("administrator").post("/organisations", `{"name":"Another Club"}`).made()
	w.as("link_worker").
		post("/referrals", fmt.Sprintf(`{"episode_id":%q,"organisation_id":%q,"need":"food"}`, episode, elsewhere)).
		made()
	list := org.get("/referrals").want(200)
	if len(list.items()) != 2 || list.text("items.0.id") != one ||
		list.text("items.0.person.phone") != "+447700900001" ||
		list.text("items.1.id") != two ||
		list.at("items.1.person") != nil {
		t.Errorf("%s", list.body)
	}
	list.hides(agreed, private, episode, other, "Lives alone", "1950-04-01", w.site)
	first := org.get("/referrals?limit=1").want(200)
	if next := org.get("/referrals?limit=1&cursor=" + first.text("next_cursor")).
		want(200); next.text(
		"items.0.id",
	) != two {
		t.Errorf("%s", next.body)
	}
	w.advance("P1D")
	now := w.db.Clock.Now().UTC().Format(time.RFC3339)
	w.anybody().post("/replies/"+w.replyLink(one).token(), `{"to":"accepted"}`).want(200)
	for query, want := range map[string]string{"status=accepted": one, "status=sent": two, "updated_since=" + now: one} {
		if a := org.get("/referrals?" + query).want(200); len(a.items()) != 1 || a.text("items.0.id") != want {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	if n := len(org.get("/referrals?need=food").items()); n != 0 {
		t.Errorf("%d referrals for food", n)
	}
	w.as("link_worker").post("/referrals/"+one+"/moves", `{"to":"withdrawn","reason":"moved"}`).want(200)
	if a := org.get("/referrals/" + one).
		want(200); a.text("status") != "withdrawn" || a.at("person") != nil ||
		a.at("status_reason") != nil {
		t.Errorf("%s", a.body)
	}
	org.get("/outbox").problem(403, "forbidden")
	org.get("/referrals/"+one+"/timeline").problem(403, "forbidden")
}
