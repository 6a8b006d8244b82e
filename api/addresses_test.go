package api_test

import (
	"fmt"
	"strings"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/leaktest"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/mail/mailtest"
	"waypost/internal/platform/outbox"
)

// An administrator who changes where notices go is not sent the links of people who were referred before:
// those wait, for the link worker to hand on, until somebody else has confirmed the address.
func TestAChangedAddressWaitsForASecondPerson(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	lw, admin := w.as("link_worker"), w.as("administrator")
	w.sentNow("club@example.org")
	c.run()
	smtp.Mail()
	w.advance("P1D")
	w.sentTo("elsewhere@example.org")
	w.advance("P4D") // the day to chase
	c.runTwice()
	smtp.NoMail()
	if n := c.notices(); n.text("items.1.state") != "waiting" || n.text("items.1.channel") != "by_hand" ||
		n.text("items.1.why") != "address_unconfirmed" {
		t.Errorf("%s", n.body)
	}
	org := lw.get("/organisations/" + w.org).want(200)
	if org.text("email") != "elsewhere@example.org" || org.at("email_pending_since") == nil {
		t.Errorf("%s", org.body)
	}
	confirm := "/organisations/" + w.org + "/email/confirmation"
	const body = `{"email":"elsewhere@example.org"}`
	admin.post(confirm, body).problem(403, "forbidden")
	w.as("organisation").post(confirm, body).problem(403, "forbidden")
	lw.post(confirm, `{"email":"club@example.org"}`).problem(409, "conflict")
	lw.post(confirm, `{"email":null}`).problem(409, "conflict")
	lw.post("/organisations/"+nobody()+"/email/confirmation", body).problem(404, "not_found")
	if done := lw.post(confirm, body).want(200); done.at("email_pending_since") != nil {
		t.Errorf("%s", done.body)
	}
	if again := lw.get("/organisations/" + w.org).want(200); again.at("email_pending_since") != nil {
		t.Errorf("%s", again.body)
	}
	admin.patch("/organisations/"+w.org, org.header.Get("ETag"), `{"url":null}`).problem(412, "stale")
	lw.post(confirm, body).problem(409, "conflict")
	c.runTwice()
	w.linkIn(smtp.Mail())
	smtp.NoMail()
}

// A notice that waits for the link worker's hand, since nobody knew an address, goes by mail once there is one that
// waits for nobody: once, and not where the link was handed on or the referral answered meanwhile.
func TestANoticeGoesToAnAddressThatIsAddedLater(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	lw := w.as("link_worker")
	_, asked := w.sentNow("")
	_, copied := w.sentNow("")
	_, answered := w.sentNow("")
	c.run()
	if n := c.notices(); len(n.items()) != 3 || n.text("items.0.channel") != "by_hand" ||
		n.text("items.0.why") != "by_hand" {
		t.Fatalf("%s", n.body)
	}
	lw.post("/referrals/"+copied+"/reply-link", "").want(201)
	lw.post("/referrals/"+answered+"/moves", `{"to":"accepted","reported_by":"organisation"}`).want(200)
	w.advance("P1D")
	w.sentTo("club@example.org")
	c.runTwice()
	smtp.NoMail()
	if n := c.notices(); n.text("items.0.channel") != "by_hand" || n.text("items.0.why") != "address_unconfirmed" {
		t.Errorf("%s", n.body)
	}
	lw.post("/organisations/"+w.org+"/email/confirmation", `{"email":"club@example.org"}`).want(200)
	c.runTwice()
	m := smtp.Mail()
	w.linkIn(m)
	if !strings.Contains(strings.ReplaceAll(m.Text, "=\r\n", ""), asked) {
		t.Errorf("%s", m.Text)
	}
	c.run()
	smtp.NoMail()
	if n := c.notices(); n.text("items.0.state") != "sent" || n.text("items.1.why") != "link_copied" ||
		n.text("items.2.why") != "answered" {
		t.Errorf("%s", n.body)
	}
}

// An address that is taken away leaves its notices to the link worker's hand, and what was held stays held.
func TestAnAddressComesAndGoes(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(nil)
	set := func(email string) { // on the server, so that it waits for nobody
		t.Helper()
		ownSQL(w, "update organisations set email = nullif(?, '') where id = ?", email, w.org)
	}
	notice := func(channel, why string) {
		t.Helper()
		c.runTwice()
		smtp.NoMail()
		if n := c.notices(); n.text("items.0.state") != "waiting" || n.text("items.0.channel") != channel ||
			n.text("items.0.why") != why {
			t.Errorf("not %s, %s: %s", channel, why, n.body)
		}
	}
	w.sentNow("")
	notice("by_hand", "by_hand")
	set("club@example.org")
	notice("email", "no_smtp")
	set("")
	notice("by_hand", "by_hand")
	sender, err := mail.New(fmt.Sprintf("smtp://127.0.0.1:%d?tls=none", smtp.Port), "Waypost <followup@example.org>")
	if err != nil {
		t.Fatal(err)
	}
	c.sender = sender
	notice("by_hand", "by_hand")
	set("club@example.org") // of before mail was on
	notice("email", "held")
	set("")
	if n, err := (&outbox.Store{DB: w.db}).Release(
		actor.With(t.Context(), actor.Named("test")),
		"",
	); n != 1 ||
		err != nil {
		t.Errorf("%d %v", n, err)
	}
	notice("by_hand", "by_hand")
	set("club@example.org")
	c.run()
	w.linkIn(smtp.Mail())
	smtp.NoMail()
}

// Somebody whose key comes from the administrator who changed the address is not a second person.
func TestAnAddressIsConfirmedBySomebodyElse(t *testing.T) {
	w := newWorld(t)
	w.sentTo("elsewhere@example.org")
	older := w.ask("administrator", "link_worker", w.opened()["link_worker"])
	// as one from before keys were confirmed
	ownSQL(w, "update api_keys set confirmed_at = created_at where id = ?", older.text("id"))
	confirm := "/organisations/" + w.org + "/email/confirmation"
	w.bearing(older).post(confirm, `{"email":"elsewhere@example.org"}`).problem(403, "forbidden")
	w.as("data_steward").post(confirm, `{"email":"elsewhere@example.org"}`).want(200)
}

// A service's own address, and the organisation's that stands in for it, wait alike. Whoever refers after
// the change sees where it leads, and is warned.
func TestAServicesAddressWaitsToo(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	lw, admin := w.as("link_worker"), w.as("administrator")
	set := func(email string) {
		t.Helper()
		w.advance("P1D")
		service := admin.get("/services/" + w.svc).want(200)
		admin.patch("/services/"+w.svc, service.header.Get("ETag"), `{"email":`+email+`}`).want(200)
	}
	waits := func(n int) {
		t.Helper()
		c.runTwice()
		smtp.NoMail()
		waiting := 0
		for _, item := range c.notices().items() {
			if m := item.(map[string]any); m["why"] == "address_unconfirmed" && m["state"] == "waiting" {
				waiting++
			}
		}
		if waiting != n {
			t.Errorf("%d wait, not %d: %s", waiting, n, c.notices().body)
		}
	}
	confirm := func(email string) {
		t.Helper()
		before := admin.get("/services/" + w.svc).want(200)
		done := lw.post("/services/"+w.svc+"/email/confirmation", `{"email":`+email+`}`).want(200)
		if done.at("email_pending_since") != nil || done.number("version") != before.number("version")+1 {
			t.Errorf("%s, then %s", before.body, done.body)
		}
		admin.patch("/services/"+w.svc, before.header.Get("ETag"), `{"url":null}`).problem(412, "stale")
	}
	w.sentNow("club@example.org")
	set(`"elsewhere@example.org"`)
	waits(1)
	confirm(`"elsewhere@example.org"`)
	c.runTwice()
	smtp.Mail()
	_, late := w.sentNow("")
	set(`null`) // back to the organisation's address
	waits(1)
	confirm(`null`)
	c.runTwice()
	smtp.Mail()
	lw.post("/referrals/"+late+"/moves", `{"to":"withdrawn","reason":"patient_declined"}`)
	set(`"elsewhere@example.org"`)
	room := lw.get("/services/" + w.svc + "/capacity").want(200)
	_, episode := w.supported()
	referred := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food"}`, episode, w.svc)).
		want(201)
	for _, a := range []answer{room, referred} {
		if !strings.Contains(string(a.body), `"email_unconfirmed"`) {
			t.Errorf("no warning: %s", a.body)
		}
	}
	c.run()
	smtp.Mail()
	smtp.NoMail()
}

// A data steward reads what happened to keys, projects and the directory, and of no person.
func TestAStewardReadsTheLogOfKeysAndTheDirectory(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	w.refer(episode)
	w.sentTo("elsewhere@example.org")
	made := w.ask("administrator", "integration", fmt.Sprintf(`"site_ids":[%q]`, w.site))
	w.as("data_steward").post(confirmation(made), "").want(200)
	var seen []string
	cursor := ""
	for more := true; more; {
		page := w.as("data_steward").get("/events?limit=200" + cursor).want(200)
		leaktest.Hidden(t, "a steward's feed", string(page.body), patient, episode, w.site)
		for _, item := range page.items() {
			e := item.(map[string]any)
			if e["site_id"] != nil {
				t.Fatalf("an event of a site: %v", e)
			}
			subject := e["subject"].(map[string]any)
			if subject["id"] == w.org || subject["id"] == made.text("id") {
				seen = append(seen, e["type"].(string))
				w.as("data_steward").
					get(strings.TrimPrefix(e["links"].(map[string]any)["subject"].(string), "/v1")).
					want(200)
			}
		}
		cursor, more = "&cursor="+page.text("next_cursor"), len(page.items()) > 0
	}
	if got := strings.Join(
		seen,
		" ",
	); got != "organisation.added organisation.changed api_key.added api_key.confirmed" {
		t.Errorf("seen: %s", got)
	}
	w.as("data_steward").
		post("/webhooks", `{"url":"https://example.org/hook","events":["*"]}`).
		problem(403, "forbidden")
}
