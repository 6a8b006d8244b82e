package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/leaktest"
	"waypost/internal/platform/outward"
)

// feed reads a role's whole feed, a small page after the other.
func (c client) feed(query string) (items []map[string]any, next string) {
	c.w.t.Helper()
	for {
		a := c.get("/events?limit=7" + query + "&cursor=" + next).want(200)
		var page struct {
			Items      []map[string]any
			NextCursor *string `json:"next_cursor"`
			More       bool
		}
		if err := json.Unmarshal(a.body, &page); err != nil || page.NextCursor == nil {
			c.w.t.Fatalf("%v: %s", err, a.body)
		}
		if len(page.Items) == 0 && next != "" && *page.NextCursor != next && query == "" {
			c.w.t.Fatalf("nothing was new, and the cursor moved: %s", a.body)
		}
		items, next = append(items, page.Items...), *page.NextCursor
		if !page.More {
			return items, next
		}
	}
}

func typesOf(items []map[string]any) (list []string) {
	for _, i := range items {
		list = append(list, i["type"].(string))
	}
	return list
}

// Each role reads of its own and of nothing else, in one order, and nothing of a person.
func TestWhoReadsWhichEvents(t *testing.T) {
	w := newWorld(t)
	things := w.oneOfEach()
	referral := things["referrals"]
	w.as("organisation").post("/referrals/"+referral+"/moves", `{"to":"accepted"}`).want(200)
	w.as("organisation").post("/referrals/"+referral+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,
		"reported_by":"organisation"}`, w.today())).want(201)
	draft := w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,
		"kind":"referral","need":"food","draft":true}`, things["episodes"], w.svc)).made()
	w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":"signpost",
		"need":"food"}`, things["episodes"], w.svc)).made()
	w.as("other_site_link_worker").post("/patients", `{"given_name":"Otto","family_name":"Elsewhere",
		"birth_date":"1950-04-01"}`).made()

	own, cursor := w.as("link_worker").feed("")
	for _, role := range []string{"integration", "site_manager"} {
		if same, _ := w.as(role).feed(""); fmt.Sprint(same) != fmt.Sprint(own) {
			t.Errorf("%s reads %v, a link worker %v", role, typesOf(same), typesOf(own))
		}
	}
	for _, want := range []string{
		"patient.recorded", "consent.given", "episode.opened", "referral.sent", "referral.accepted",
		"attendance.attended", "referral.in_progress", "referral.drafted", "signpost.given",
	} {
		if !slices.Contains(typesOf(own), want) {
			t.Errorf("no %s in %v", want, typesOf(own))
		}
	}
	theirs, _ := w.as("organisation").feed("")
	if got := fmt.Sprint(
		typesOf(theirs),
	); got != "[referral.sent referral.accepted attendance.attended referral.in_progress]" {
		t.Errorf("the organisation reads %s", got)
	}
	leaktest.Hidden(t, "the organisation's feed", fmt.Sprint(theirs), draft, things["patients"])
	all, _ := w.as("administrator").feed("")
	other, _ := w.as("other_site_link_worker").feed("")
	if len(all) <= len(own)+len(other) || !slices.Contains(typesOf(all), "api_key.added") || len(other) != 2+1 ||
		strings.Contains(fmt.Sprint(other), w.site) {
		t.Errorf("of %d events, %d are the first site's and these the other's: %v", len(all), len(own), other)
	}
	w.as("other_site_link_worker").get("/events?cursor="+cursor).problem(422, "invalid", cursor)
	w.as("integration").get("/events?cursor="+cursor).problem(422, "invalid", cursor)
	for _, list := range [][]map[string]any{own, theirs, all} {
		leaktest.Hidden(
			t,
			"the feed",
			fmt.Sprint(list),
			"Marigold",
			"Walked",
			"1950-04-01",
			"07700 900001",
			"+447700900001",
			"Lives alone",
			"9434765919",
		)
	}
}

// An event has the shape that was promised, and links that its reader can follow.
func TestTheShapeOfAnEvent(t *testing.T) {
	w := newWorld(t)
	things := w.oneOfEach()
	for _, role := range []string{"link_worker", "organisation", "administrator"} {
		list, _ := w.as(role).feed("")
		linked := 0
		for _, e := range list {
			if got := strings.Join(
				slices.Sorted(maps.Keys(e)),
				" ",
			); got != "id links occurred_at recorded_at site_id subject type" {
				t.Fatalf("%s: its fields are %s", role, got)
			}
			if got := strings.Join(slices.Sorted(maps.Keys(e["subject"].(map[string]any))), " "); got != "id type" {
				t.Fatalf("its subject has %s", got)
			}
			for _, path := range e["links"].(map[string]any) {
				w.as(role).get(path.(string)).want(200)
				linked++
			}
		}
		if linked < 2 {
			t.Errorf("%s: %d links", role, linked)
		}
	}
	only, _ := w.as("link_worker").feed("&types=referral.*,episode.opened")
	if got := fmt.Sprint(typesOf(only)); got != "[episode.opened episode.opened referral.sent]" {
		t.Errorf("of the types that were asked for: %s", got)
	}
	if only[2]["subject"].(map[string]any)["id"] != things["referrals"] ||
		only[2]["links"].(map[string]any)["subject"] != "/v1/referrals/"+things["referrals"] {
		t.Errorf("%v", only[2])
	}
}

func TestBadQueriesOfTheFeed(t *testing.T) {
	w := newWorld(t)
	_, cursor := w.as("link_worker").feed("")
	for _, bad := range []string{"nonsense", cursor[:len(cursor)-3], cursor + "A", "%00"} {
		if a := w.as("link_worker").get("/events?cursor=" + bad); a.status != 422 && a.status != 400 {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
	for _, bad := range []string{
		"types=REFERRAL.*", "types=referral.sent,", "types='", "types=*.*", "types=refferal.*",
		"types=referral.sended", "types=referral.sent,episode.open", "types=webhook.test", "limit=0",
		"limit=201", "since=1",
	} {
		if a := w.as("link_worker").get("/events?" + bad); a.status != 422 && a.status != 400 {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
}

func TestWebhooksOverTheWire(t *testing.T) {
	w := newWorld(t)
	c := w.as("integration")
	made := c.with("Idempotency-Key", "one").post("/webhooks", `{"url":"http://127.0.0.1:9/waypost",
		"events":["referral.*"]}`).want(201)
	id, secret := made.text("id"), made.text("secret")
	if !strings.HasPrefix(secret, "whsec_") || made.at("enabled") != true {
		t.Errorf("%s", made.body)
	}
	again := c.with("Idempotency-Key", "one").post("/webhooks", `{"url":"http://127.0.0.1:9/waypost",
		"events":["referral.*"]}`).want(201)
	for _, a := range []answer{again, c.get("/webhooks/" + id), c.get("/webhooks"), w.as("administrator").get("/webhooks")} {
		if strings.Contains(string(a.body), "whsec_") || !strings.Contains(string(a.body), id) {
			t.Errorf("%s: %s", a.call, a.body)
		}
	}
	changed := c.patch("/webhooks/"+id, `"1"`, `{"events":["*"],"enabled":false,"description":"ours"}`).want(200)
	if changed.text("disabled_reason") != "by_hand" || changed.text("description") != "ours" ||
		changed.text("url") != "http://127.0.0.1:9/waypost" {
		t.Errorf("%s", changed.body)
	}
	c.patch("/webhooks/"+id, `"1"`, `{"enabled":true}`).problem(412, "stale")
	c.post("/webhooks/"+id+"/test", "").problem(409, "conflict")
	if on := c.patch("/webhooks/"+id, changed.header.Get("ETag"), `{"enabled":true}`).
		want(200); on.at("disabled_reason") != nil ||
		on.text("events.0") != "*" {
		t.Errorf("%s", on.body)
	}
	test := c.post("/webhooks/"+id+"/test", "").want(201)
	if at := test.header.Get(
		"Location",
	); at != "/v1/webhooks/"+id+"/deliveries/"+test.text("id") ||
		c.get(at).want(200).text("state") != "pending" {
		t.Errorf("the test is at %s", at)
	}
	if n := len(c.get("/webhooks/" + id + "/deliveries?state=pending").want(200).items()); n != 1 {
		t.Errorf("%d deliveries", n)
	}
	c.post("/webhooks/"+id+"/deliveries/"+test.text("id")+"/retry", "").want(200)
	if renewed := c.post("/webhooks/"+id+"/secret", "").want(200).text("secret"); renewed == secret {
		t.Error("the secret is the old one")
	}
	_, cursor := c.feed("")
	c.post("/webhooks/"+id+"/replay", fmt.Sprintf(`{"cursor":%q}`, cursor)).want(200)
	for _, none := range []string{`{"cursor":""}`, `{}`, `{"cursor":null}`} { // would be everything there ever was
		c.post("/webhooks/"+id+"/replay", none).problem(422, "invalid")
	}
	c.post("/webhooks/"+id+"/replay", "").problem(400, "invalid")
	_, foreign := w.as("link_worker").feed("")
	c.post("/webhooks/"+id+"/replay", fmt.Sprintf(`{"cursor":%q}`, foreign)).problem(422, "invalid", foreign)
	w.keys["twin"] = w.key("integration", fmt.Sprintf(`"site_ids":[%q]`, w.site))
	w.as("twin").get("/webhooks/"+id).problem(404, "not_found")
	w.as("twin").do("DELETE", "/webhooks/"+id, "").problem(404, "not_found")
	c.do("DELETE", "/webhooks/"+id, "").want(204)
	c.get("/webhooks/"+id).problem(404, "not_found")
	c.get("/webhooks/"+id+"/deliveries").problem(404, "not_found")
}

// Without leave for private addresses, a URL must lead to the internet, over TLS.
func TestURLsThatLeadInside(t *testing.T) {
	t.Parallel()
	config := on(dbtest.New(t))
	config.Stores.Partners.Target = outward.New(outward.Config{})
	w := serving(t, config)
	for _, url := range []string{
		"http://partner.example/x", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x",
		"https://[::ffff:10.0.0.1]/x", "https://169.254.169.254/x", "https://10.0.0.1/x",
		"https://user:word@8.8.8.8/x", "nonsense", "javascript:alert(1)",
	} {
		w.as("integration").
			post("/webhooks", fmt.Sprintf(`{"url":%q,"events":["*"]}`, url)).
			problem(422, "invalid", url)
	}
	for _, types := range []string{
		`["Referral.*"]`, `["referral"]`, `[]`, `["*.sent"]`, `[""]`, `["refferal.*"]`,
		`["referral.*","referral.sended"]`,
	} {
		w.as("integration").
			post("/webhooks", fmt.Sprintf(`{"url":"https://8.8.8.8/x","events":%s}`, types)).
			problem(422, "invalid")
	}
	w.as("integration").post("/webhooks", `{"url":"https://8.8.8.8/x","events":["*"]}`).want(201)
	for range 99 {
		w.as("integration").post("/webhooks", `{"url":"https://8.8.8.8/x","events":["*"],"enabled":false}`).want(201)
	}
	w.as("integration").post("/webhooks", `{"url":"https://8.8.8.8/x","events":["*"]}`).problem(409, "conflict")
}

// A key is replaced by another of the same reach, which goes on where it was.
func TestAKeyIsReplaced(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	_, cursor := w.as("integration").feed("")
	var old string
	for _, k := range admin.get("/api-keys?limit=200").want(200).items() {
		if key := k.(map[string]any); key["role"] == "integration" {
			old = key["id"].(string)
		}
	}
	made := admin.post("/api-keys", fmt.Sprintf(`{"role":"integration","label":"new","site_ids":[%q],"replaces":%q}`, w.site, old)).
		want(201)
	if made.text("partner_id") != old || made.text("replaces") != old {
		t.Errorf("%s", made.body)
	}
	w.keys["new"] = made.text("key")
	w.as("new").get("/events?cursor=" + cursor).want(200)
	admin.do("DELETE", "/api-keys/"+old, "").want(204)
	w.as("integration").get("/events?cursor="+cursor).problem(401, "unauthenticated")
	w.as("new").get("/events?cursor=" + cursor).want(200)
	admin.post("/api-keys", fmt.Sprintf(`{"role":"integration","label":"x","site_ids":[%q],"replaces":%q}`, w.other, old)).
		problem(422, "invalid", old)
	admin.post("/api-keys", fmt.Sprintf(`{"role":"integration","label":"x","site_ids":[%q],"replaces":%q}`, w.site, nobody())).
		problem(422, "invalid")
}

// Whoever runs Waypost sees how far behind the feed is, and what becomes of deliveries.
func TestMetricsOfTheFeed(t *testing.T) {
	w := newWorld(t)
	w.patient()
	lag := func() string {
		for line := range strings.Lines(w.scrape()) {
			if value, is := strings.CutPrefix(line, "waypost_feed_lag_seconds "); is {
				return strings.TrimSpace(value)
			}
		}
		return ""
	}
	if before := lag(); before == "0" || before == "" {
		t.Errorf("with events that wait the lag is %q", before)
	}
	w.as("link_worker").feed("")
	if after := lag(); after != "0" {
		t.Errorf("with none it is %q", after)
	}
}
