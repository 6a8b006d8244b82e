package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"waypost/api/wire"
)

const secret = "Zebedee-7731" // stands for what a person would not want repeated

// Each bad input gets a problem with a stable code, which repeats nothing, and nothing is recorded.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	referral := w.refer(episode)
	noConsent := w.episode(w.patient())
	admin := w.as("administrator")
	closedService := admin.post("/organisations/"+w.org+"/services", `{"name":"Closed group"}`).made()
	admin.put("/services/"+closedService+"/capacity", `{"capacity":"closed"}`).want(200)
	closed := w.episode(patient)
	lw.post("/episodes/"+closed+"/closure", fmt.Sprintf(`{"closed_on":%q,"reason":"plan_completed"}`, w.today())).
		want(200)
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	followUp := lw.get("/follow-ups?episode_id=" + episode).text("items.0.id")
	before := w.counted()

	person := func(more string) string {
		return fmt.Sprintf(`{"given_name":%q,"family_name":"B","birth_date":"1950-01-01"%s}`, secret, more)
	}
	assessment := func(timepoint, responses string) string {
		return fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4","timepoint":%q,"completed_on":%q,
			"mode":"telephone","respondent":"self","responses":{%s}}`, episode, timepoint, w.today(), responses)
	}
	refer := func(episode, more string) string {
		return fmt.Sprintf(`{"episode_id":%q,"need":"food","reason":%q%s}`, episode, secret, more)
	}
	completion := func(on, more string) string {
		return fmt.Sprintf(`{"completed_on":%q,"mode":"telephone","respondent":"self",
			"how_have_you_been":"better","benefit":"some","narrative":%q%s}`, on, secret, more)
	}
	for _, c := range []struct {
		what, path, body string
		status           int
		code             string
	}{
		{"NHS number with a wrong check digit", "/patients", person(`,"nhs_number":"9434765918"`), 422, "invalid"},
		{"NHS number with the reserved remainder", "/patients", person(`,"nhs_number":"9990000000"`), 422, "invalid"},
		{"NHS number of letters", "/patients", person(`,"nhs_number":"943476591X"`), 422, "invalid"},
		{"birth date in the future", "/patients", fmt.Sprintf(`{"given_name":%q,"family_name":"B",
			"birth_date":"2999-01-01"}`, secret), 422, "invalid"},
		{
			"birth date that is none", "/patients",
			`{"given_name":"` + secret + `","family_name":"B","birth_date":"1950-02-30"}`, 422, "invalid",
		},
		{"unknown code", "/patients", person(`,"gender":"` + secret + `"`), 422, "invalid"},
		{"unknown field", "/patients", person(`,"` + secret + `":1`), 422, "invalid"},
		{"a known field in capitals", "/patients", person(`,"GENDER":"female"`), 422, "invalid"},
		{"no name", "/patients", `{"given_name":"  ","birth_date":"1950-01-01"}`, 422, "invalid"},
		{"a required field is missing", "/patients", `{"given_name":"` + secret + `"}`, 422, "invalid"},
		{"a postcode that is none", "/patients", person(`,"postcode":"` + secret + `"`), 422, "invalid"},
		{"an item out of 0 to 10", "/assessments", assessment("review", `"anxiety":11`), 422, "invalid"},
		{"an item of half a point", "/assessments", assessment("review", `"anxiety":3.5`), 422, "invalid"},
		{"an item the instrument has not got", "/assessments", assessment("review", `"`+secret+`":1`), 422, "invalid"},
		{"an unknown missing code", "/assessments", assessment("review", `"anxiety":{"missing":"`+secret+`"}`), 422, "invalid"},
		{"a second baseline", "/assessments", assessment("baseline", `"anxiety":1`), 409, "conflict"},
		{"a timepoint outside the schedule", "/assessments", assessment("m99", `"anxiety":1`), 422, "invalid"},
		{
			"an attendance before the referral was sent", "/referrals/" + referral + "/attendances",
			fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(21)), 422,
			"invalid",
		},
		{"an attendance in the future", "/referrals/" + referral + "/attendances", fmt.Sprintf(`{"on":%q,
			"attended":true,"reported_by":"organisation"}`, w.daysAgo(-2)), 422, "invalid"},
		{
			"a follow-up completed before its episode began", "/follow-ups/" + followUp + "/completion",
			completion(w.daysAgo(31), ""), 422, "invalid",
		},
		{
			"a completion that names a referral of nobody", "/follow-ups/" + followUp + "/completion",
			completion(w.today(), `,"services":[{"referral_id":"`+nobody()+`","used":"not_yet"}]`), 422,
			"invalid",
		},
		{
			"a completion with a wrong item", "/follow-ups/" + followUp + "/completion",
			completion(w.today(), `,"assessments":[{"instrument":"ons4","responses":{"anxiety":12}}]`), 422,
			"invalid",
		},
		{"a move the table forbids", "/referrals/" + referral + "/moves", `{"to":"sent"}`, 409, "move_not_allowed"},
		{"a move only the system makes", "/referrals/" + referral + "/moves", `{"to":"expired"}`, 409, "move_not_allowed"},
		{"the move is checked before its reason", "/referrals/" + referral + "/moves", `{"to":"sent",
			"reason":"nonsense"}`, 409, "move_not_allowed"},
		{"declined without a reason", "/referrals/" + referral + "/moves", `{"to":"declined"}`, 422, "invalid"},
		{"declined with a reason of another list", "/referrals/" + referral + "/moves", `{"to":"declined",
			"reason":"sent_in_error"}`, 422, "invalid"},
		{"waitlisted without a wait", "/referrals/" + referral + "/moves", `{"to":"waitlisted"}`, 422, "invalid"},
		{"a move before it was sent", "/referrals/" + referral + "/moves", fmt.Sprintf(`{"to":"accepted",
			"occurred_at":%q}`, w.db.Clock.Now().AddDate(0, 0, -40).Format(time.RFC3339)), 422, "invalid"},
		{"undo of nothing", "/referrals/" + referral + "/undo", `{}`, 409, "conflict"},
		{"a referral to a closed service", "/referrals", refer(episode, `,"service_id":"`+closedService+`"`), 409, "conflict"},
		{"a referral without consent to share", "/referrals", refer(noConsent, `,"organisation_id":"`+w.org+`"`), 422, "consent_required"},
		{"a new referral on a closed episode", "/referrals", refer(closed, `,"organisation_id":"`+w.org+`"`), 409, "conflict"},
		{"a referral to nowhere", "/referrals", refer(episode, ""), 422, "invalid"},
		{
			"a referral sent before the episode was received", "/referrals",
			refer(episode, fmt.Sprintf(`,"organisation_id":%q,"sent_at":"2001-01-01T00:00:00Z"`, w.org)), 422,
			"invalid",
		},
		{
			"a referral sent in the future", "/referrals",
			refer(episode, fmt.Sprintf(`,"organisation_id":%q,"sent_at":"2999-01-01T00:00:00Z"`, w.org)), 422,
			"invalid",
		},
		{"a contact after closure", "/episodes/" + closed + "/contacts", fmt.Sprintf(`{"on":%q,
			"mode":"telephone","kind":"support","outcome":"spoke"}`, w.daysAgo(-1)), 409, "conflict"},
		{
			"closing twice", "/episodes/" + closed + "/closure",
			fmt.Sprintf(`{"closed_on":%q,"reason":"other"}`, w.today()), 409, "move_not_allowed",
		},
		{"resuming what is not paused", "/episodes/" + episode + "/resume", fmt.Sprintf(`{"on":%q}`, w.today()), 409, "move_not_allowed"},
		{"a search in two ways", "/patients/search", `{"q":"ma","nhs_number":"9434765919"}`, 422, "invalid"},
		{"broken JSON", "/patients", `{"given_name":"` + secret, 400, "invalid"},
		{"two JSON values", "/patients", person("") + `{}`, 400, "invalid"},
		{"duplicate names", "/patients", person(`,"given_name":"B"`), 400, "invalid"},
		{"duplicate names further in", "/patients", person(`,"external_ids":[{"system":"a","system":"b","value":"c"}]`), 400, "invalid"},
		{"invalid UTF-8", "/patients", person(",\"phone\":\"\xff\xfe\""), 400, "invalid"},
		{"a NUL byte", "/patients", person(",\"phone\":\"a\x00b\""), 400, "invalid"},
		{"an escaped NUL", "/patients", person(`,"phone":"a\u0000b"`), 400, "invalid"},
		{"nested too deeply", "/patients", person(`,"phone":` + strings.Repeat("[", 100) + strings.Repeat("]", 100)), 400, "invalid"},
		{"no body", "/patients", "", 400, "invalid"},
		{"an array for an object", "/patients", `["` + secret + `"]`, 422, "invalid"},
		{"a 5 MB body", "/patients", `{"given_name":"` + secret + strings.Repeat("x", 5<<20) + `"}`, 413, "too_large"},
	} {
		a := lw.post(c.path, c.body)
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d: %.300s", c.what, a.status, c.status, a.body)
			continue
		}
		a.problem(c.status, c.code, secret, strings.ToLower(secret))
	}
	if blank := w.as("administrator").
		post("/organisations", `{"name":" "}`); blank.text(
		"errors.0.message",
	) != "expected string to be text that is not blank" {
		t.Errorf("a blank name: %s", blank.body)
	}
	lw.with("Content-Type", "text/plain").post("/patients", person("")).problem(415, "invalid", secret)
	lw.with("Content-Type", "").post("/patients", person("")).problem(415, "invalid", secret)
	if after := w.counted(); after != before {
		t.Errorf("something was recorded all the same: before %s, after %s", before, after)
	}
}

// counted sums up how many things there are.
func (w *world) counted() string {
	w.t.Helper()
	out := ""
	for _, list := range []string{"/episodes", "/referrals", "/follow-ups"} {
		out += fmt.Sprintf(" %s %d", list, len(w.as("link_worker").get(list).items()))
	}
	return out + fmt.Sprintf(" patients %d", len(w.as("link_worker").post("/patients/search", `{"q":"ze"}`).items()))
}

func TestBadQueriesAndPaths(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for path, status := range map[string]int{
		"/episodes?nonsense=1": 400, "/episodes?limit=201": 422, "/episodes?limit=x": 422,
		"/episodes?status=" + secret: 422, "/episodes?cursor=" + secret: 422, "/patients/" + secret: 422,
		"/services?near=91,0": 422, "/services?near=NaN,NaN": 422, "/services?within_km=5": 422,
		"/services?near=1": 422, "/follow-ups?due_before=x": 422, "/insights/outcomes?from=2026-13": 422,
		"/insights/outcomes?from=2026-05&to=2026-01": 422, "/insights/flow?from=2026-01-05": 422,
		"/insights/flow?by=site,month": 422, "/insights/flow?by=site&by=month": 400,
		"/insights/flow?by=nonsense": 422, "/insights/flow?profile=none": 400,
		"/insights/outcomes?by=month": 422,
	} {
		a := lw.get(path)
		if a.status != status {
			t.Errorf("%s: status %d, want %d: %s", path, a.status, status, a.body)
			continue
		}
		a.problem(status, "invalid", secret)
	}
	lw.get("/nowhere-at-all").problem(404, "not_found")
	lw.get("/insights/nonsense").problem(404, "not_found")
	w.anybody().do("GET", "/nowhere", "").problem(404, "not_found")
	lw.do("DELETE", "/patients/search", "").problem(405, "not_found")
	lw.do("PUT", "/me", "{}").problem(405, "not_found")
	if head := w.anybody().do("HEAD", "/nowhere", ""); head.status != 404 {
		t.Errorf("HEAD: %d", head.status)
	}
}

func TestACursorBelongsToItsList(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for range 3 {
		w.episode(w.patient())
	}
	first := lw.get("/episodes?limit=2").want(200)
	cursor := first.text("next_cursor")
	second := lw.get("/episodes?limit=2&cursor=" + cursor).want(200)
	if len(second.items()) != 1 || second.at("next_cursor") != nil ||
		second.text("items.0.id") == first.text("items.1.id") {
		t.Errorf("the second page: %s", second.body)
	}
	lw.get("/episodes?status=waiting&limit=2&cursor="+cursor).problem(422, "invalid", cursor)
	lw.get("/referrals?limit=2&cursor="+cursor).problem(422, "invalid", cursor)
	lw.get("/follow-ups?cursor="+cursor).problem(422, "invalid", cursor)
}

func TestAChangeNeedsTheVersionThatWasRead(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	path := "/patients/" + w.patient()
	etag := lw.get(path).want(200).header.Get("ETag")
	lw.do("PATCH", path, `{"phone":"07700 900002"}`).problem(428, "precondition_required")
	changed := lw.patch(path, etag, `{"phone":"07700 900002","preferred_name":null}`).want(200)
	if changed.text("phone") != "+447700900002" || changed.header.Get("ETag") == etag {
		t.Errorf("changed: %s", changed.body)
	}
	lw.patch(path, etag, `{"phone":"07700 900003"}`).problem(412, "stale")
	lw.patch(path, "W/nonsense", `{}`).problem(412, "stale")
	lw.patch(path, changed.header.Get("ETag"), `{"birth_date":null}`).problem(422, "invalid")
	lw.patch(path, changed.header.Get("ETag"), `{"nonsense":1}`).problem(422, "invalid")
	lw.patch(path, changed.header.Get("ETag"), `{"birth_date":"2999-01-01"}`).problem(422, "invalid")
	if got := lw.get(path).text("phone"); got != "+447700900002" {
		t.Errorf("after refused changes the phone is %s", got)
	}
}

func TestFailedKeysAreLimitedAndValidOnesAreNot(t *testing.T) {
	w := newWorld(t)
	limited := false
	for range 2 * wire.GuessesAtOnce {
		a := client{w: w, bearer: "wp_guess"}.get("/me")
		if a.status == http.StatusTooManyRequests {
			a.problem(429, "rate_limited", "wp_guess")
			limited = a.header.Get("Retry-After") != ""
			break
		}
		a.problem(401, "unauthenticated", "wp_guess")
	}
	if !limited {
		t.Error("keys can be tried out without end")
	}
	w.as("link_worker").get("/me").want(200)
}

// A problem says what a field takes in words that somebody can act on.
func TestAProblemSaysWhatIsTaken(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	for _, answer := range []string{`"` + strings.Repeat("x", 100_000) + `"`, `true`, `null`, `{"missing":1}`, `[7]`} {
		got := w.as("link_worker").
			post("/assessments", w.taken(episode, "mycaw", "baseline", w.today(), "telephone", "self", `"concern_1":`+answer, ""))
		got.problem(422, "invalid", strings.Repeat("x", 50))
		if said := got.text(
			"errors.0.message",
		); !strings.Contains(said, "5,000 characters") ||
			strings.Contains(said, "schema") {
			t.Errorf("%.20s: %s", answer, said)
		}
	}
	got := w.as("link_worker").
		post("/assessments", w.taken(episode, "ons4", "baseline", w.today(), "telephone", "proxy", calm, `,"helper":"nobody"`))
	got.problem(422, "invalid", "nobody")
	if said := got.text("errors.0.message"); strings.Contains(said, "nil") || !strings.Contains(said, "interpreter") {
		t.Errorf("%s", said)
	}
}
