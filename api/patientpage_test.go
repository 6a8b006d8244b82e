package api_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"waypost/api/wire"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/leaktest"
)

// person is somebody with a link and a browser that runs no script and keeps no cookie.
type person struct {
	w    *world
	link string // the whole URL
}

type shownPage struct {
	status int
	header http.Header
	html   string
	at     string // the path it ended on, without the link's own
}

func (p person) open(path string) shownPage { return p.call("GET", path, nil) }

func (p person) call(method, path string, form url.Values) shownPage {
	p.w.t.Helper()
	req, err := http.NewRequestWithContext(p.w.t.Context(), method, p.link+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.w.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return shownPage{
		res.StatusCode,
		res.Header,
		string(body),
		strings.TrimPrefix("http://"+res.Request.URL.Host+res.Request.URL.Path, p.link),
	}
}

// answer sends the page's own form, as a browser would.
func (p person) answer(page shownPage, answer string) shownPage {
	p.w.t.Helper()
	action := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(page.html)
	if action == nil {
		p.w.t.Fatalf("no form on %s: %s", page.at, page.html)
	}
	return p.call("POST", action[1][strings.LastIndexByte(action[1], '/'):], url.Values{"answer": {answer}})
}

func (s shownPage) title() string {
	title := regexp.MustCompile(`<title>([^<]*)</title>`).FindStringSubmatch(s.html)
	if title == nil {
		return ""
	}
	return html.UnescapeString(title[1])
}

// first is the first answer on offer, or some words where none is.
func (p person) first(page shownPage) string {
	p.w.t.Helper()
	if offer := regexp.MustCompile(`type="radio"[^>]* value="([^"]+)"`).FindStringSubmatch(page.html); offer != nil {
		return offer[1]
	}
	return "Some words"
}

// asked is a world where a person is due to be asked: with a baseline of eleven months ago and a referral.
func asked(t *testing.T) (w *world, patient, episode, followUp string) {
	w = newWorld(t)
	patient, episode = w.supported()
	w.ons4(episode, "baseline", w.today(), 4, 5, 4, 6).want(201)
	w.refer(episode)
	w.advance("P10M")
	return w, patient, episode, w.as("link_worker").get("/follow-ups?episode_id=" + episode).text("items.0.id")
}

func (w *world) link(followUp string) person {
	w.t.Helper()
	made := w.as("link_worker").post("/follow-ups/"+followUp+"/link", "")
	made.want(201)
	return person{w, w.url + made.text("url")}
}

func TestAPersonAnswersByTheirLink(t *testing.T) {
	w, patient, episode, followUp := asked(t)
	p := w.link(followUp)
	start := p.open("")
	if start.status != 200 || !strings.Contains(start.html, "First site") {
		t.Fatalf("%d: %s", start.status, start.html)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow",
	} {
		if got := start.header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if csp := start.header.Get(
		"Content-Security-Policy",
	); !strings.Contains(csp, "default-src 'none'") ||
		!strings.HasSuffix(csp, "; script-src 'self'") {
		t.Errorf("policy: %s", csp)
	}
	page := p.open("/respondent")
	for _, step := range []struct{ title, answer string }{
		{"Who is answering?", "self"}, {"How have you been since we last spoke?", "better"},
		{"Overall, how satisfied are you with your life nowadays?", "7"}, {
			"Overall, to what extent do you feel that the things you do in your life are worthwhile?", "8",
		},
		{"Overall, how happy did you feel yesterday?", "prefer_not_to_say"}, {"Overall, how anxious did you feel yesterday?", "2"},
	} {
		if page.title() != step.title || page.status != 200 {
			t.Fatalf("asked %q (%d), want %q", page.title(), page.status, step.title)
		}
		page = p.answer(page, step.answer)
	}
	// Somebody who stops and comes back goes on where they were, in another window or with another link.
	again := w.link(followUp)
	if start := again.open(""); !strings.Contains(start.html, "Go on where you stopped") {
		t.Errorf("a second visit begins anew: %s", start.html)
	}
	if page.title() != "Did you use Example Lunch Club?" {
		t.Fatalf("then asked %q", page.title())
	}
	page = again.answer(page, "used_stopped")
	if page.title() != "Why did you stop using Example Lunch Club?" {
		t.Fatalf("then asked %q", page.title())
	}
	page = p.answer(page, "transport")
	page = p.answer(page, "a_little")
	page = p.answer(page, "a_lot")
	page = p.answer(page, "The <b>walks</b> were good.\r\nThank you.")
	if page.at != "/check" || !strings.Contains(page.html, "The &lt;b&gt;walks&lt;/b&gt; were good.") ||
		!strings.Contains(page.html, "I would rather not say") {
		t.Fatalf("%s: %s", page.at, page.html)
	}
	leaktest.Hidden(
		t,
		"a page",
		page.html+start.html,
		"Marigold",
		"Example1",
		"Lives alone",
		"07700 900001",
		"+447700900001",
		patient,
		episode,
		followUp,
		"Wednesday lunch",
		"loneliness",
	)
	if page = p.answer(page, ""); page.at != "/thanks" || page.title() != "Thank you" {
		t.Fatalf("%s %s", page.at, page.title())
	}
	f := w.as("link_worker").get("/follow-ups/" + followUp).want(200)
	for path, want := range map[string]string{
		"state": "completed", "completion.how_have_you_been": "better", "completion.benefit": "a_lot",
		"completion.collected_by": "patient_link", "completion.mode": "online", "completion.respondent": "self",
		"completion.services.0.used": "used_stopped", "completion.services.0.reason": "transport",
		"completion.services.0.benefit": "a_little",
		"completion.narrative":          "The <b>walks</b> were good.\nThank you.",
	} {
		if got := f.text(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	rows := w.as("site_manager").get("/insights/outcomes").want(200)
	if rows.number("rows.0.paired_n") != 1 || rows.number("rows.0.mean_change") != 3 {
		t.Errorf("not paired: %s", rows.body)
	}
	list := w.as("link_worker").get("/episodes/" + episode + "/assessments").want(200)
	if list.text("items.1.recorded_via") != "link" ||
		list.text("items.1.responses.happiness.missing") != "prefer_not_to_say" {
		t.Errorf("%s", list.body)
	}
	// The answers are no longer kept apart, and the link shows nothing any more.
	if after := again.open("/check"); after.status != 409 || strings.Contains(after.html, "were good.") {
		t.Errorf("%d: %s", after.status, after.html)
	}
	if timeline := string(
		w.as("link_worker").get("/patients/" + patient + "/timeline?limit=200").body,
	); !strings.Contains(
		timeline,
		`"actor_role":"patient"`,
	) {
		t.Error("the timeline does not say that the person answered")
	}
}

func TestALinkTellsAStrangerNothing(t *testing.T) {
	w, patient, _, followUp := asked(t)
	p := w.link(followUp)
	unknown := person{w, w.url + "/f/" + strings.Repeat("A", 43)}
	nowhere := unknown.open("")
	if nowhere.status != 404 {
		t.Fatalf("%d: %s", nowhere.status, nowhere.html)
	}
	same := func(name string, page shownPage) {
		t.Helper()
		if page.status != 404 || page.html != nowhere.html {
			t.Errorf("%s: %d %s", name, page.status, page.html)
		}
	}
	same("a cut link", person{w, p.link[:len(p.link)-1]}.open(""))
	same("a page of an unknown link", unknown.open("/benefit"))
	same("an answer to an unknown link", unknown.call("POST", "/benefit", url.Values{"answer": {"a_lot"}}))
	w.consent(patient, "follow_up_contact", "withdrawn")
	same("after consent was withdrawn", p.open(""))
	same("an answer after consent was withdrawn", p.call("POST", "/benefit", url.Values{"answer": {"a_lot"}}))
	w.as("link_worker").post("/follow-ups/"+followUp+"/link", "").problem(422, "consent_required")
	w.advance("P1D")
	w.consent(patient, "follow_up_contact", "given")
	if page := p.open(""); page.status != 200 {
		t.Errorf("given again: %d", page.status)
	}
	w.advance("P3M")
	same("after its last day", p.open(""))
	if page := w.link(followUp).open(""); page.status != 200 {
		t.Errorf("a new link to a missed follow-up: %d", page.status)
	}
}

func TestBadAnswersByLink(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.link(followUp)
	p.call("POST", "/how_have_you_been", url.Values{"answer": {"worse"}})
	for _, bad := range []struct {
		question, answer string
		status           int
	}{
		{"ons4.anxiety", "11", 422}, {"ons4.anxiety", "-1", 422}, {"ons4.anxiety", "6.5", 422},
		{"ons4.anxiety", "", 422}, {"how_have_you_been", "SHOUTED", 422}, {"respondent", "the cat", 422},
		{"narrative", strings.Repeat("n", 5001), 422}, {"narrative", strings.Repeat("n", 100_000), 413},
		{"unknown", "yes", 200}, {"benefit", "<script>alert(1)</script>", 422},
	} {
		page := p.call("POST", "/"+bad.question, url.Values{"answer": {bad.answer}})
		if page.status != bad.status {
			t.Errorf("%s=%.20q: status %d, want %d", bad.question, bad.answer, page.status, bad.status)
		}
		if bad.answer != "" && len(bad.answer) > 4 && strings.Contains(page.html, bad.answer) {
			t.Errorf("%s: the page repeats what was sent", bad.question)
		}
	}
	if page := p.call("POST", "/check", nil); page.at == "/thanks" {
		t.Error("sent with questions unanswered")
	}
	if page := p.open("/check"); page.at == "/check" {
		t.Error("to be checked with questions unanswered")
	}
	if f := w.as("link_worker").get("/follow-ups/" + followUp); f.text("state") != "due" {
		t.Errorf("completed by bad answers: %s", f.body)
	}
	if page := p.open("/how_have_you_been"); !regexp.MustCompile(`value="worse"[^>]* checked`).MatchString(page.html) {
		t.Errorf("the answer before was lost: %s", page.html)
	}
	if res, err := http.Get(p.link + "/check%00"); err != nil || res.StatusCode >= 500 {
		t.Errorf("%v %v", res, err)
	}
}

// Two windows of one link, sent at once: one completion, and both are thanked.
func TestALinkOpenedTwice(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.link(followUp)
	page := p.open("/respondent")
	for _, a := range []string{"self", "same", "5", "5", "5", "5", "not_yet", "never_heard_back", "some", ""} {
		page = p.answer(page, a)
	}
	if page.at != "/check" {
		t.Fatalf("at %s: %s", page.at, page.html)
	}
	var wg sync.WaitGroup
	ends := make([]string, 4)
	for i := range ends {
		wg.Go(func() { ends[i] = p.call("POST", "/check", nil).at })
	}
	wg.Wait()
	for _, end := range ends {
		if end != "/thanks" {
			t.Errorf("ended at %s", end)
		}
	}
	var n int64
	if err := ownRows(w, "follow_up_completions", &n); err != nil || n != 1 {
		t.Errorf("%d completions, %v", n, err)
	}
}

// Tokens cannot be tried out: from some failures on, an address must wait.
func TestLinksCannotBeGuessed(t *testing.T) {
	w := newWorld(t)
	for i := range wire.GuessesAtOnce + 5 {
		page := person{w, fmt.Sprintf("%s/f/guess%d", w.url, i)}.open("")
		if page.status == 429 {
			if page.header.Get("Retry-After") == "" {
				t.Errorf("it is not told how long to wait: %v", page.header)
			}
			return
		}
	}
	t.Error("guessing goes on for ever")
}

func TestALinkIsShownOnce(t *testing.T) {
	w, _, _, followUp := asked(t)
	keyed := w.as("link_worker").with("Idempotency-Key", "link-1")
	first := keyed.post("/follow-ups/"+followUp+"/link", "").want(201)
	again := keyed.post("/follow-ups/"+followUp+"/link", "").want(201)
	if again.header.Get("Idempotency-Replayed") != "true" || strings.Contains(string(again.body), "/f/") {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	w.as("other_site_link_worker").post("/follow-ups/"+followUp+"/link", "").problem(404, "not_found")
	w.as("organisation").post("/follow-ups/"+followUp+"/link", "").problem(403, "forbidden")
	w.as("link_worker").post("/follow-ups/"+followUp+"/loss", `{"reason":"declined"}`).want(200)
	w.as("link_worker").post("/follow-ups/"+followUp+"/link", "").problem(409, "conflict")
	if page := (person{w, w.url + first.text("url")}).open(""); page.status != 404 {
		t.Errorf("somebody who declined is asked: %d", page.status)
	}
}

func ownRows(w *world, table string, n *int64) error {
	return w.db.Do(
		actor.With(w.t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Table(table).Count(n).Error },
	)
}

// Whoever is overtaken by their link worker is not told that their answers were sent; these are deleted.
func TestAnswersOvertaken(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.link(followUp)
	page := p.open("/respondent")
	for _, a := range []string{"self", "worse", "1", "1", "1", "9", "dont_know", "some", "Not well at all"} {
		page = p.answer(page, a)
	}
	w.as("link_worker").post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"a_lot"}`, w.today())).want(201)
	for _, page := range []shownPage{p.answer(page, ""), p.open("/thanks"), p.open("")} {
		if page.status != 409 || page.title() != "These questions are answered already" ||
			strings.Contains(page.html, "have been sent") {
			t.Errorf("%d %s: %s", page.status, page.at, page.html)
		}
	}
	if got := w.as("link_worker").
		get("/follow-ups/" + followUp).
		want(200); got.at("answers_kept") != nil ||
		got.text("completion.how_have_you_been") != "better" {
		t.Errorf("%s", got.body)
	}
}

// The page promises no way out of a question that has none: who is answering must be said.
func TestThePageOffersWhatItSays(t *testing.T) {
	w, _, _, followUp := asked(t)
	p := w.link(followUp)
	if page := p.open(""); strings.Contains(page.html, "For every question you can") {
		t.Errorf("the start: %s", page.html)
	}
	page := p.answer(p.open("/respondent"), "")
	for !strings.HasSuffix(page.at, "/narrative") {
		rather := "I would rather not say"
		if said, offered := strings.Contains(
			page.html,
			"You can say that you would rather not",
		), strings.Contains(
			page.html,
			rather,
		); page.status != 422 ||
			said != offered {
			t.Errorf("%s (%d): said %v, offered %v", page.at, page.status, said, offered)
		}
		answer := "prefer_not_to_say"
		if strings.HasSuffix(page.at, "/respondent") {
			answer = "self"
		}
		if page = p.answer(page, answer); !strings.HasSuffix(page.at, "/narrative") {
			page = p.answer(page, "")
		}
	}
}
