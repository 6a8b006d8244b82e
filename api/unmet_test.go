package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// Whoever is referred on or signposted before anybody has met them goes on waiting; reaching them, or a
// baseline, ends that.
func TestAnUnmetPersonIsNotSupported(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	status := func(episode string) string { return lw.get("/episodes/" + episode).text("status") }
	send := func(episode, kind string) answer {
		return lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":%q,"need":"food"}`, episode, w.svc, kind)).
			want(201)
	}
	warned := func(a answer) bool { return strings.Contains(string(a.body), `"not_met_yet"`) }

	_, episode := w.supported()
	for _, kind := range []string{"signpost", "referral"} {
		if a := send(episode, kind); !warned(a) || status(episode) != "waiting" {
			t.Errorf("after a %s the episode is %s: %s", kind, status(episode), a.at("warnings"))
		}
	}
	draft := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food","draft":true}`, episode, w.svc)).
		want(201)
	if a := lw.post("/referrals/"+draft.text("id")+"/moves", `{"to":"sent"}`).
		want(200); warned(draft) || !warned(a) ||
		status(episode) != "waiting" {
		t.Errorf("a draft warns: %v; once it is sent: %s", warned(draft), a.body)
	}
	w.contact(episode, "first_contact", "no_answer", "")
	if why := w.row("caseload", episode)["why"].(string); status(episode) != "waiting" ||
		strings.Contains(why, "Supported since") ||
		!strings.Contains(why, "2 open referrals") {
		t.Errorf("%s: %s", status(episode), why)
	}
	if n := lw.get("/me/summary").number("caseload.waiting"); n != 1 {
		t.Errorf("%v people wait", n)
	}
	w.contact(episode, "first_contact", "spoke", "")
	if why := w.row("caseload", episode)["why"].(string); status(episode) != "active" ||
		!strings.Contains(why, "Supported since "+w.today()) {
		t.Errorf("%s: %s", status(episode), why)
	}
	if a := send(episode, "referral"); warned(a) {
		t.Errorf("somebody was met: %s", a.body)
	}
	before := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":"signpost",
		"need":"food","sent_at":%q}`, episode, w.svc, w.at(5))).want(201)
	if !warned(before) {
		t.Errorf("sent before somebody was met: %s", before.body)
	}

	_, other := w.supported()
	w.ons4(other, "baseline", w.today(), 4, 5, 3, 8).want(201)
	if a := send(other, "referral"); warned(a) || status(other) != "active" {
		t.Errorf("after a baseline the episode is %s: %s", status(other), a.body)
	}
}

// A pause, or a contact that was put right, makes nobody met either.
func TestWhoWasNeverMetWaitsAgain(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	lw.post("/episodes/"+episode+"/pause", `{}`).want(200)
	if a := lw.post("/episodes/"+episode+"/resume", `{}`).want(200); a.text("status") != "waiting" {
		t.Errorf("taken up again it is %s", a.text("status"))
	}
	contact := lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone",
		"kind":"first_contact","outcome":"spoke"}`, w.today())).made()
	lw.patch("/contacts/"+contact, lw.get("/contacts/"+contact).header.Get("ETag"), `{"outcome":"no_answer"}`).want(200)
	if e := lw.get("/episodes/" + episode); e.text("status") != "waiting" || e.at("first_contact_on") != nil {
		t.Errorf("%s", e.body)
	}
}

// What is done on somebody's behalf meets somebody else: it supports nobody, and is no contact with the person.
func TestWhatIsDoneOnBehalfReachesNobody(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	w.contact(episode, "on_behalf", "spoke", "")
	e := w.as("link_worker").get("/episodes/" + episode).want(200)
	if e.text("status") != "waiting" || e.at("first_contact_on") != nil {
		t.Errorf("%s", e.body)
	}
	if why := w.row("caseload", episode)["why"].(string); strings.Contains(why, "reached") ||
		strings.Contains(why, "Supported since") {
		t.Errorf("%s", why)
	}
}
