package api_test

import (
	"fmt"
	"strings"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/mail/mailtest"
	"waypost/internal/platform/outbox"
	"waypost/internal/referrals"
)

// A key ends with who it is for, at once, and works again with them; none is made for somebody who is not active.
func TestAKeyEndsWithWhoItIsFor(t *testing.T) {
	w := newWorld(t)
	admin, named := w.as("administrator"), fmt.Sprintf(`"site_ids":[%q],"link_worker_id":%q`, w.site, w.worker)
	w.keys["working manager"] = w.key("site_manager", named)
	patient, episode := w.supported()
	w.refer(episode)
	w.keys["kept"] = w.ask("administrator", "link_worker", named).text("key")
	set := func(path, body string) answer {
		return admin.patch(path, admin.get(path).want(200).header.Get("ETag"), body).want(200)
	}
	worker, club := "/link-workers/"+w.worker, "/organisations/"+w.org
	if a := set(worker, `{"name":"Samira"}`); a.at("still_theirs") != nil {
		t.Errorf("one who is active: %s", a.body)
	}
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
	told := set(worker, `{"active":false}`)
	if told.number("still_theirs.episodes") != 1 || told.number("still_theirs.referrals") != 1 ||
		told.number("still_theirs.follow_ups") != 0 {
		t.Errorf("%s", told.body)
	}
	for _, role := range []string{"link_worker", "working manager", "kept"} {
		w.as(role).get("/patients/"+patient).problem(401, "unauthenticated", w.keys[role])
		w.as(role).
			post("/patients", `{"given_name":"A","family_name":"B","birth_date":"1950-01-01"}`).
			problem(401, "unauthenticated")
	}
	w.as("site_manager").get("/patients/" + patient).want(200)
	for _, role := range []string{"link_worker", "site_manager"} {
		admin.post("/api-keys", fmt.Sprintf(`{"role":%q,"label":"x",%s}`, role, named)).
			problem(422, "invalid", w.worker)
	}
	w.advance("P10M")
	if a := admin.get(worker).want(200); a.number("still_theirs.follow_ups") != 1 {
		t.Errorf("%s", a.body)
	}
	if n := len(admin.get("/api-keys?state=inactive").want(200).items()); n != 3 {
		t.Errorf("%d keys are inactive", n)
	}
	set(worker, `{"active":true}`)
	w.as("link_worker").get("/patients/" + patient).want(200)

	set(club, `{"status":"inactive"}`)
	w.as("organisation").get("/referrals").problem(401, "unauthenticated")
	admin.post("/api-keys", fmt.Sprintf(`{"role":"organisation","label":"x","organisation_id":%q}`, w.org)).
		problem(422, "invalid", w.org)
	set(club, `{"status":"unverified"}`)
	w.as("organisation").get("/referrals").want(200)
}

// An organisation that is not active is shown nobody by the links it has, in plain words, and gets no new one.
func TestALinkEndsWithItsOrganisation(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	_, episode := w.supported()
	referral := w.refer(episode)
	link := w.as("link_worker").post("/referrals/"+referral+"/reply-link", "").want(201).text("url")
	token := link[strings.LastIndex(link, "/")+1:]
	w.anybody().get("/replies/" + token).want(200)
	set := func(status string) {
		etag := admin.get("/organisations/" + w.org).want(200).header.Get("ETag")
		admin.patch("/organisations/"+w.org, etag, fmt.Sprintf(`{"status":%q}`, status)).want(200)
	}
	set("inactive")
	if a := w.anybody().
		get("/replies/"+token).
		problem(404, "not_found", "Marigold", token); !strings.Contains(
		a.text("detail"),
		"no longer active",
	) {
		t.Errorf("%s", a.body)
	}
	w.anybody().post("/replies/"+token, `{"to":"accepted"}`).problem(404, "not_found")
	for _, path := range []string{"/r/" + token, "/r/" + token + "/declined"} {
		if page := w.opens(
			path,
		); page.status != 404 || !strings.Contains(page.html, "Your organisation is no longer active in Waypost") ||
			strings.Contains(page.html, "Marigold") {
			t.Errorf("%s: %d %s", path, page.status, page.html)
		}
	}
	w.as("link_worker").post("/referrals/"+referral+"/reply-link", "").problem(409, "conflict")
	w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"organisation_id":%q,"kind":"referral",
		"need":"food"}`, episode, w.org)).problem(409, "conflict")
	set("active")
	w.anybody().get("/replies/" + token).want(200)
	// By itself a link ends too.
	w.as("other_site_link_worker").do("DELETE", "/referrals/"+referral+"/reply-link", "").problem(404, "not_found")
	for range 2 {
		w.as("link_worker").do("DELETE", "/referrals/"+referral+"/reply-link", "").want(204)
	}
	w.anybody().get("/replies/"+token).problem(404, "not_found")
	w.recordedOnce("referral.reply_link_ended", referral)
}

// No notice goes to an organisation that is not active, also where it was put into the outbox before.
func TestNoNoticeGoesToAnInactiveOrganisation(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c, admin := w.clerk(smtp), w.as("administrator")
	job, loop := db.Background(actor.With(t.Context(), actor.Named("test"))), referrals.Store{DB: w.db}
	set := func(status string) {
		etag := admin.get("/organisations/" + w.org).want(200).header.Get("ETag")
		admin.patch("/organisations/"+w.org, etag, fmt.Sprintf(`{"status":%q}`, status)).want(200)
	}
	ask := func() {
		if err := loop.Ask(job); err != nil {
			t.Fatal(err)
		}
	}
	cancelled := func(n int) {
		t.Helper()
		smtp.NoMail()
		list := c.notices()
		if len(list.items()) != n {
			t.Fatalf("%s", list.body)
		}
		for _, item := range list.items() {
			if m := item.(map[string]any); m["state"] != "cancelled" || m["why"] != "organisation_inactive" {
				t.Errorf("%v", m)
			}
		}
	}
	w.sentNow("club@example.org")
	ask()
	set("inactive")
	box := outbox.Store{DB: w.db}
	// claimed before it was taken back
	if err := box.Send(job, c.sender, outbox.Writers{referrals.Notice: loop.Notifier(w.url)}); err != nil {
		t.Fatal(err)
	}
	cancelled(1)
	set("active")
	w.sentNow("")
	set("inactive")
	c.run()
	cancelled(1)
	set("active")
	w.sentTo("") // what somebody would hand on is taken back too
	ask()
	set("inactive")
	ask()
	cancelled(2)
}

// opens opens a page behind a link.
func (w *world) opens(path string) shownPage { return person{w: w, link: w.url + path}.open("") }

// Every link of a person to a follow-up can be ended at once, and no other with it.
func TestAPersonsLinksAreEnded(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	make := func() (followUp string, paths []string) {
		_, episode := w.supported()
		w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
		followUp = lw.get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
		for range 2 {
			link := lw.post("/follow-ups/"+followUp+"/link", "").want(201).text("url")
			paths = append(paths, link[strings.Index(link, "/f/"):])
		}
		return followUp, paths
	}
	ended, gone := make()
	_, kept := make()
	w.as("other_site_link_worker").do("DELETE", "/follow-ups/"+ended+"/link", "").problem(404, "not_found")
	for _, path := range gone {
		if page := w.opens(path); page.status != 200 {
			t.Fatalf("%d %s", page.status, page.html)
		}
	}
	for range 2 {
		lw.do("DELETE", "/follow-ups/"+ended+"/link", "").want(204)
	}
	for _, path := range gone {
		if page := w.opens(path); page.status != 404 || !strings.Contains(page.html, "This link does not work") {
			t.Errorf("%d %s", page.status, page.html)
		}
	}
	for _, path := range append(kept, lw.post("/follow-ups/"+ended+"/link", "").want(201).text("url")) {
		if page := w.opens(path[strings.Index(path, "/f/"):]); page.status != 200 {
			t.Errorf("%d %s", page.status, page.html)
		}
	}
	w.recordedOnce("follow_up.link_ended", ended)
}
