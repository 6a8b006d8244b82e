package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// Whatever changes takes a merge patch of the version that was read, and of no other.
func TestEverythingThatChangesCanBePutRight(t *testing.T) {
	w := newWorld(t)
	things := w.oneOfEach()
	lw, admin := w.as("link_worker"), w.as("administrator")
	key := admin.post("/api-keys", fmt.Sprintf(`{"role":"site_manager","label":"A manager","site_ids":[%q]}`, w.site)).
		made()
	for _, one := range []struct {
		by                 client
		path, patch, field string
	}{
		{admin, "/sites/" + w.site, `{"name":"Renamed"}`, "name"},
		{admin, "/link-workers/" + w.worker, `{"name":"Renamed"}`, "name"},
		{admin, "/organisations/" + w.org, `{"name":"Renamed"}`, "name"},
		{admin, "/services/" + w.svc, `{"name":"Renamed"}`, "name"},
		{lw, "/patients/" + things["patients"], `{"preferred_name":"Renamed"}`, "preferred_name"},
		{lw, "/episodes/" + things["episodes"], `{"what_matters":"Renamed"}`, "what_matters"},
		{lw, "/contacts/" + things["contacts"], `{"note":"Renamed"}`, "note"},
		{lw, "/referrals/" + things["referrals"], `{"reason":"Renamed"}`, "reason"},
		{admin, "/api-keys/" + key, `{"label":"Renamed"}`, "label"},
	} {
		read := one.by.get(one.path).want(200).header.Get("ETag")
		one.by.do("PATCH", one.path, one.patch).problem(428, "precondition_required", "Renamed")
		changed := one.by.patch(one.path, read, one.patch).want(200)
		if changed.text(one.field) != "Renamed" || changed.header.Get("ETag") == read {
			t.Errorf("%s: %s", one.path, changed.body)
		}
		one.by.patch(one.path, read, one.patch).problem(412, "stale", "Renamed")
		one.by.patch(one.path, changed.header.Get("ETag"), `{"id":"`+nobody()+`"}`).problem(422, "invalid")
		if now := one.by.get(one.path).want(200); now.header.Get("ETag") != changed.header.Get("ETag") {
			t.Errorf("%s changed by what was refused", one.path)
		}
	}
}

func TestTwoChangesOfOneVersion(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	path := "/referrals/" + w.refer(episode)
	lw := w.as("link_worker")
	etag := lw.get(path).want(200).header.Get("ETag")
	statuses := make(chan int)
	for i := range 6 {
		go func() { statuses <- lw.patch(path, etag, fmt.Sprintf(`{"reason":"Writer %d"}`, i)).status }()
	}
	count := map[int]int{}
	for range 6 {
		count[<-statuses]++
	}
	if count[http.StatusOK] != 1 || count[http.StatusPreconditionFailed] != 5 {
		t.Errorf("six changes of one version answered %v", count)
	}
}

func TestAReferralFollowsOneOfTheSamePerson(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, mine := w.supported()
	_, theirs := w.supported()
	first, other := w.refer(mine), w.refer(theirs)
	body := func(follows string) string {
		return fmt.Sprintf(
			`{"episode_id":%q,"organisation_id":%q,"need":"food","follows_referral_id":%q}`,
			mine,
			w.org,
			follows,
		)
	}
	lw.post("/referrals", body(other)).problem(422, "invalid", other)
	lw.post("/referrals", body(nobody())).problem(422, "invalid")
	second := lw.post("/referrals", body(first)).made()
	etag := lw.get("/referrals/" + second).want(200).header.Get("ETag")
	for _, wrong := range []string{other, second, nobody()} {
		lw.patch("/referrals/"+second, etag, fmt.Sprintf(`{"follows_referral_id":%q}`, wrong)).
			problem(422, "invalid", wrong)
	}
	if lw.patch("/referrals/"+second, etag, `{"follows_referral_id":null}`).want(200).at("follows_referral_id") != nil {
		t.Error("it still follows another")
	}
}

// The episode's first contact follows from what is put right.
func TestAContactIsPutRight(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	contact := func(daysAgo int) string {
		return lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone",
			"kind":"first_contact","outcome":"spoke"}`, w.daysAgo(daysAgo))).made()
	}
	first, second := contact(9), contact(5)
	change := func(id, patch string) answer {
		return lw.patch("/contacts/"+id, lw.get("/contacts/"+id).want(200).header.Get("ETag"), patch)
	}
	expect := func(day any) {
		t.Helper()
		if on := lw.get("/episodes/" + episode).want(200).at("first_contact_on"); on != day {
			t.Errorf("the first contact was on %v, not %v", on, day)
		}
	}
	expect(w.daysAgo(9))
	change(first, `{"outcome":"no_answer"}`).want(200)
	expect(w.daysAgo(5))
	change(second, fmt.Sprintf(`{"on":%q}`, w.daysAgo(6))).want(200)
	expect(w.daysAgo(6))
	change(second, `{"outcome":"message_left"}`).want(200)
	expect(nil)
	change(first, `{"outcome":"spoke"}`).want(200)
	expect(w.daysAgo(9))
	change(first, `{"on":"2999-01-01"}`).problem(422, "invalid", "2999-01-01")
	change(first, `{"minutes":-1}`).problem(422, "invalid")
	change(first, `{"attended":true}`).problem(422, "invalid")
	expect(w.daysAgo(9))
}

// A list is asked for what changed since, so that a partner need not read everything again.
func TestListsOfWhatChangedSince(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	old, changed := w.refer(episode), w.refer(episode)
	since := w.db.Clock.Now()
	lw.post("/referrals/"+changed+"/moves", `{"to":"accepted","reported_by":"organisation"}`).want(200)
	added := w.refer(episode)
	asked := "updated_since=" + url.QueryEscape(since.Format(time.RFC3339Nano))
	for _, by := range []string{"link_worker", "organisation"} {
		list := w.as(by).get("/referrals?" + asked).want(200)
		if got := []any{
			list.at("items.0.id"),
			list.at("items.1.id"),
		}; len(list.items()) != 2 || got[0] != changed ||
			got[1] != added {
			t.Errorf("%s: changed since: %s, not %s", by, list.body, old)
		}
	}
	first := lw.get("/referrals?limit=1&" + asked).want(200)
	lw.get("/referrals?limit=1&" + asked + "&cursor=" + first.text("next_cursor")).want(200)
	lw.get("/referrals?limit=1&cursor="+first.text("next_cursor")).problem(422, "invalid")
	patient := lw.get("/episodes/" + episode).want(200).text("patient_id")
	later := "updated_since=" + url.QueryEscape(w.db.Clock.Now().Add(time.Hour).Format(time.RFC3339))
	for _, path := range []string{
		"/episodes", "/referrals", "/follow-ups", "/services", "/organisations",
		"/organisations/" + w.org + "/services", "/link-workers", "/sites",
		"/episodes/" + episode + "/contacts", "/episodes/" + episode + "/assessments",
		"/patients/" + patient + "/consents", "/referrals/" + changed + "/attendances",
	} {
		if n := len(lw.get(path + "?" + later).want(200).items()); n != 0 {
			t.Errorf("%s: %d items changed in an hour's time", path, n)
		}
		lw.get(path+"?updated_since=yesterday").problem(422, "invalid", "yesterday")
	}
	w.as("administrator").get("/api-keys?" + later).want(200)
	lw.get("/code-lists?"+later).problem(400, "invalid")
}
