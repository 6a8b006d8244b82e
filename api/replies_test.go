package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"waypost/api/wire"
	"waypost/internal/keys"
	"waypost/internal/platform/db"
	"waypost/internal/platform/leaktest"
)

// replyLink is a link to a referral, for a browser that runs no script; its token is what it ends with.
func (w *world) replyLink(referral string) person {
	w.t.Helper()
	return person{w, w.url + w.as("link_worker").post("/referrals/"+referral+"/reply-link", "").want(201).text("url")}
}

func (p person) token() string { return p.link[strings.LastIndexByte(p.link, '/')+1:] }

func TestAnOrganisationAnswersByALink(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	referral := w.refer(episode)
	path := "/replies/" + w.replyLink(referral).token()
	org := w.anybody()
	seen := org.get(path).want(200)
	for at, want := range map[string]string{
		"id": referral, "status": "sent", "person.phone": "+447700900001",
		"person.phone_national": "07700 900001", "person.link_worker_name": "Sam Helper",
		"organisation_name": "Example Lunch Club", "service_name": "Wednesday lunch", "site_name": "First site",
		"need": "loneliness_isolation",
	} {
		if got := seen.text(at); got != want {
			t.Errorf("%s: %s", at, got)
		}
	}
	seen.hides("Lives alone", "1950-04-01", patient, episode, "nhs_number")
	waits := org.post(path, `{"to":"waitlisted","reason":"1_to_3_months"}`).want(200)
	if waits.text("status") != "waitlisted" || waits.text("expected_wait") != "1_to_3_months" {
		t.Errorf("%s", waits.body)
	}
	org.post(path, `{"to":"accepted","from":"waitlisted"}`).want(200)
	came := org.post(path, fmt.Sprintf(`{"attended":true,"on":%q}`, w.today())).want(200)
	if came.text("status") != "in_progress" || came.text("first_attended_on") != w.today() {
		t.Errorf("%s", came.body)
	}
	done := org.post(path, `{"to":"completed","note":"She runs the quiz now"}`).want(200)
	if done.text("status") != "completed" || done.at("person") != nil {
		t.Errorf("%s", done.body)
	}
	lw := w.as("link_worker")
	for _, m := range lw.get("/referrals/" + referral + "/moves").want(200).items() {
		if m := m.(map[string]any); m["side"] != "organisation" || m["recorded_via"] != "link" ||
			m["actor_role"] != "organisation" {
			t.Errorf("a move: %v", m)
		}
	}
	if a := lw.get(
		"/referrals/" + referral + "/attendances",
	); a.text("items.0.recorded_via") != "link" ||
		a.text("items.0.reported_by") != "organisation" {
		t.Errorf("%s", a.body)
	}
	timeline := string(lw.get("/referrals/" + referral + "/timeline?limit=200").body)
	for _, kind := range []string{
		"referral.reply_link_made", "referral.waitlisted", "referral.accepted", "attendance.attended",
		"referral.in_progress", "referral.completed", `"via":"link"`,
	} {
		if !strings.Contains(timeline, kind) {
			t.Errorf("the timeline lacks %s", kind)
		}
	}
	if strings.Contains(timeline, "pub quiz") {
		t.Error("the timeline holds free text")
	}
}

// A link tells nothing once it is cut, forged, replaced, or run out; it works until the end of its last day.
func TestALinkToAnswerThatDoesNotWork(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	old := w.replyLink(referral)
	made := w.as("link_worker").post("/referrals/"+referral+"/reply-link", "").want(201)
	p := person{w, w.url + made.text("url")}
	last, err := time.Parse(time.DateOnly, made.text("expires_on"))
	if err != nil {
		t.Fatal(err)
	}
	org, forged := w.anybody(), strings.Repeat("A", 43)
	dead := func(name, token string) {
		t.Helper()
		first := org.get("/replies/"+token).problem(404, "not_found", token)
		if nobody := org.get("/replies/" + forged); string(first.body) != string(nobody.body) {
			t.Errorf("%s is told from a link that never was: %s", name, first.body)
		}
		org.post("/replies/"+token, `{"to":"accepted"}`).problem(404, "not_found", token)
		page := person{w, w.url + "/r/" + token}
		if shown := page.open(
			"",
		); shown.status != 404 || shown.title() != "This link does not work" ||
			strings.Contains(shown.html, "Marigold") {
			t.Errorf("%s: %d %s", name, shown.status, shown.html)
		}
		if shown := page.reply("accepted", "sent"); shown.status != 404 {
			t.Errorf("%s: %d", name, shown.status)
		}
	}
	dead("a forged one", forged)
	dead("a cut one", p.token()[:40])
	dead("one with more", p.token()+"A")
	dead("one that a newer replaced", old.token())
	dead("an API key", w.keys["organisation"])
	w.as("link_worker").get("/referrals/" + referral + "/moves").want(200)
	days := int(last.Sub(w.db.Clock.Now()).Hours()/24) + 1
	w.advance(fmt.Sprintf("P%dD", days-1))
	org.get("/replies/" + p.token()).want(200)
	w.advance("P1D")
	org.get("/replies/" + p.token()).want(200) // its last day
	w.advance("P1D")
	dead("one that ran out", p.token())
	if n := len(w.as("link_worker").get("/referrals/" + referral + "/moves").items()); n != 0 {
		t.Errorf("%d moves by links that do not work", n)
	}
}

func TestReplyTokensCannotBeGuessed(t *testing.T) {
	w := newWorld(t)
	for i := range wire.GuessesAtOnce + 5 {
		a := w.anybody().get(fmt.Sprintf("/replies/guess%d", i))
		if a.status == 429 {
			a.problem(429, "rate_limited")
			if page := (person{w, w.url + "/r/guess"}).open(
				"",
			); page.status != 429 ||
				page.header.Get("Retry-After") == "" {
				t.Errorf("the page goes on: %d %v", page.status, page.header)
			}
			return
		}
	}
	t.Error("guessing goes on for ever")
}

// What consent allows, and no more; a referral that is over has no name either.
func TestALinkShowsWhatConsentAllows(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	referral := w.refer(episode)
	p := w.replyLink(referral)
	once := w.anybody().with("Idempotency-Key", "once")
	if a := once.post("/replies/"+p.token(), `{"to":"accepted"}`).want(200); a.text("person.name") == "" {
		t.Errorf("%s", a.body)
	}
	w.consent(patient, "share_with_organisations", "withdrawn")
	again := once.post("/replies/"+p.token(), `{"to":"accepted"}`).want(200)
	if again.header.Get("Idempotency-Replayed") != "true" || again.at("person") != nil {
		t.Errorf("a replay: %s", again.body)
	}
	for name, text := range map[string]string{
		"JSON": string(w.anybody().get("/replies/" + p.token()).want(200).body), "the page": p.open("").html,
		"a page for more": p.open("/attended").html,
	} {
		leaktest.Hidden(
			t,
			name,
			text,
			"Marigold",
			"Example1",
			"07700 900001",
			"+447700900001",
			"sam@example.org",
			"Lives alone",
			patient,
		)
	}
	if page := p.open(""); !strings.Contains(page.html, "Name and contact are not shown") {
		t.Errorf("%s", page.html)
	}
	w.as("link_worker").post("/referrals/"+referral+"/reply-link", "").problem(422, "consent_required")
	w.anybody().post("/replies/"+p.token(), `{"to":"not_completed","reason":"could_not_contact"}`).want(200)
}

// A link is for one referral: whoever holds it reaches no other of the organisation, and no key opens it.
func TestALinkReachesOneReferral(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	mine, other := w.refer(episode), w.refer(episode)
	token := w.replyLink(mine).token()
	w.anybody().post("/replies/"+token, `{"to":"accepted"}`).want(200)
	client{w: w, bearer: token}.get("/referrals/"+other).problem(401, "unauthenticated", token)
	client{w: w, bearer: token}.get("/referrals").problem(401, "unauthenticated", token)
	if a := w.as("link_worker").get("/referrals/" + other); a.text("status") != "sent" {
		t.Errorf("%s", a.body)
	}
	signpost := w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,
		"kind":"signpost","need":"food"}`, episode, w.svc)).made()
	draft := w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food",
		"draft":true}`, episode, w.svc)).made()
	for _, unanswerable := range []string{signpost, draft} {
		w.as("link_worker").post("/referrals/"+unanswerable+"/reply-link", "").problem(409, "conflict")
	}
	w.as("other_site_link_worker").post("/referrals/"+mine+"/reply-link", "").problem(404, "not_found")
	w.as("organisation").post("/referrals/"+mine+"/reply-link", "").problem(403, "forbidden")
	keyed := w.as("link_worker").with("Idempotency-Key", "link")
	first, again := keyed.post("/referrals/"+other+"/reply-link", "").
		want(201),
		keyed.post("/referrals/"+other+"/reply-link", "").
			want(201)
	if strings.Contains(string(again.body), "/r/") || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s, then %s", first.body, again.body)
	}
}

// Row-level security alone keeps a transaction that began with a link to its referral, whatever a query asks for.
func TestALinksTransactionSeesOneReferral(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	mine, other := w.refer(episode), w.refer(episode)
	w.as("organisation").post("/referrals/"+other+"/moves", `{"to":"accepted"}`).want(200)
	ctx, leave, err := (&keys.Store{DB: w.db}).AuthenticateReplyLink(t.Context(), w.replyLink(mine).token())
	defer leave()
	if err != nil {
		t.Fatal(err)
	}
	err = w.db.Do(ctx, func(tx *db.Tx) error {
		for sql, want := range map[string]string{
			"select coalesce(string_agg(id::text, ','), '') from referrals":      mine,
			"select count(*)::text from referral_moves":                          "0",
			"select has_table_privilege('patients', 'select')::text":             "false",
			"select has_table_privilege('episodes', 'select')::text":             "false",
			"select count(*)::text from events":                                  "0",
			"select count(*)::text from referred_person('" + other + "', now())": "0",
			"select count(*)::text from referred_person('" + mine + "', now())":  "1",
		} {
			var got string
			if err := tx.Raw(sql).Scan(&got).Error; err != nil || got != want {
				t.Errorf("%s: %s, %v", sql, got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBadAnswersByReplyLink(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p := w.replyLink(referral)
	path := "/replies/" + p.token()
	for body, code := range map[string]int{
		`{}`: 422, `{"to":"declined"}`: 422, `{"to":"declined","reason":"` + secret +
			`"}`: 422, `{"to":"waitlisted","reason":"no_capacity"}`: 422,
		`{"to":"withdrawn","reason":"moved"}`: 409, `{"to":"expired"}`: 409,
		`{"to":"entered_in_error"}`: 409, `{"to":"` + secret + `"}`: 422,
		`{"to":"accepted","attended":true,"on":"2026-01-01"}`: 422, `{"attended":true}`: 422, `{"attended":true,
			"on":"2999-01-01"}`: 422, `{"attended":true,"on":"2001-01-01"}`: 422,
		`{"attended":false,"on":"` + w.today() + `","reason":"` + secret + `"}`: 422, `{"to":"accepted",
			"on":"2026-01-01"}`: 422, `{"to":"accepted","nonsense":1}`: 422,
		`{"to":"accepted","from":"accepted"}`: 409, `{"to":"accepted","to":"accepted"}`: 400,
	} {
		a := w.anybody().post(path, body)
		if a.status != code || strings.Contains(string(a.body), secret) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	for name, page := range map[string]shownPage{
		"no reason": p.reply("declined", "sent"), "an unknown reason": p.reply("declined", "sent", "reason", secret),
		"too many words": p.reply(
			"declined", "sent", "reason", "out_of_area", "note", strings.Repeat("n", 5001),
		),
		"no day": p.reply("attended", "sent", "on", "yesterday"), "a day to come": p.reply("attended", "sent", "on", "2999-01-01"),
	} {
		if page.status != 422 || !strings.HasPrefix(page.title(), "Error: ") || strings.Contains(page.html, secret) {
			t.Errorf("%s: %d %s", name, page.status, page.html)
		}
	}
	for name, page := range map[string]shownPage{
		"nothing": p.reply("", ""), "nonsense": p.reply(secret, secret),
		"what no organisation may": p.reply("withdrawn", "sent"),
	} {
		if page.status != 422 || strings.Contains(page.html, secret) {
			t.Errorf("%s: %d %s", name, page.status, page.html)
		}
	}
	if page := p.reply("declined", "sent", "note", strings.Repeat("n", 100_000)); page.status != 413 {
		t.Errorf("too much: %d", page.status)
	}
	if a := w.as("link_worker").get("/referrals/" + referral); a.text("status") != "sent" {
		t.Errorf("moved by bad answers: %s", a.body)
	}
}

// After a yes of one press a day and a note can still be given. They reach the record like those given with
// the yes; what was given stands until another is given, and the same said twice is recorded once.
func TestMoreIsSaidAfterYes(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p, lw := w.replyLink(referral), w.as("link_worker")
	moves := func() []any { return lw.get("/referrals/" + referral + "/moves").want(200).items() }
	const more = "Say when they can start, or add a note"
	if page := p.open(""); strings.Contains(page.html, more) {
		t.Errorf("offered before the yes: %s", page.html)
	}
	if page := p.reply("accepted", "sent"); page.at != "/thanks" || !strings.Contains(page.html, more) {
		t.Fatalf("%s: %s", page.at, page.html)
	}
	if page := p.open(
		"/added",
	); page.status != 200 || page.title() != "When can they start?" || !strings.Contains(page.html, `name="note"`) ||
		!strings.Contains(page.html, `type="date"`) {
		t.Fatalf("%d: %s", page.status, page.html)
	}
	if page := p.reply(
		"added",
		"accepted",
	); page.status != 422 ||
		!strings.Contains(page.html, "Give a day, or write a note") {
		t.Errorf("nothing said: %d: %s", page.status, page.html)
	}
	if n := len(moves()); n != 1 {
		t.Fatalf("%d moves", n)
	}
	w.advance("P1D")
	for range 2 {
		if page := p.reply(
			"added",
			"accepted",
			"on",
			w.daysAgo(-10),
			"note",
			"Ask for Jo at the door",
		); page.at != "/thanks" ||
			page.status != 200 {
			t.Fatalf("%d: %s", page.status, page.html)
		}
	}
	if page := p.reply("added", "accepted", "note", "Bring shoes"); page.status != 200 {
		t.Fatalf("%d: %s", page.status, page.html)
	}
	if page := p.open("/added"); !strings.Contains(page.html, `value="`+w.daysAgo(-10)+`"`) {
		t.Errorf("the day that stands is not shown: %s", page.html)
	}
	r := lw.get("/referrals/" + referral).want(200)
	if r.text("status") != "accepted" || r.text("expected_start_on") != w.daysAgo(-10) {
		t.Errorf("%s", r.body)
	}
	list := moves()
	if len(list) != 3 {
		t.Fatalf("%d moves: %v", len(list), list)
	}
	for i, note := range []string{"Ask for Jo at the door", "Bring shoes"} {
		m := list[i+1].(map[string]any)
		if m["note"] != note || m["expected_start_on"] != w.daysAgo(-10) || m["from"] != "accepted" ||
			m["to"] != "accepted" ||
			m["side"] != "organisation" ||
			m["recorded_via"] != "link" {
			t.Errorf("%v", m)
		}
	}
	first := list[0].(map[string]any)
	if r.text("responded_at") != first["occurred_at"] {
		t.Errorf("the answer was given %s, not %v", r.text("responded_at"), first["occurred_at"])
	}
	if timeline := string(
		lw.get("/referrals/" + referral + "/timeline?limit=200").body,
	); strings.Count(timeline, `"referral.accepted"`) != 3 ||
		strings.Contains(timeline, "Bring shoes") {
		t.Errorf("%s", timeline)
	}
	// By the API too, and to no other status and by nobody without from.
	org, path := w.anybody(), "/replies/"+p.token()
	org.post(path, `{"to":"accepted","from":"accepted","expected_start_on":"`+w.daysAgo(-12)+`"}`).want(200)
	org.post(path, `{"to":"accepted","note":"Again"}`).problem(409, "move_not_allowed")
	org.post(path, `{"to":"accepted","from":"accepted"}`).problem(409, "move_not_allowed")
	org.post(path, `{"to":"accepted","from":"accepted","note":"x","reason":"no_capacity"}`).problem(422, "invalid")
	org.post(path, fmt.Sprintf(`{"attended":true,"on":%q}`, w.today())).want(200)
	org.post(path, `{"to":"accepted","from":"accepted","note":"Too late"}`).problem(409, "move_not_allowed")
	if page := p.open(""); strings.Contains(page.html, more) {
		t.Errorf("offered after they came: %s", page.html)
	}
}

// reply sends what a page's form would.
func (p person) reply(answer, from string, more ...string) shownPage {
	p.w.t.Helper()
	form := url.Values{"answer": {answer}, "from": {from}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return p.call("POST", "", form)
}
