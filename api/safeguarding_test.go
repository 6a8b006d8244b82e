package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// checkIn gives the site an instrument of its own, two answers of which are a safeguarding concern.
func (w *world) checkIn() {
	w.t.Helper()
	w.as("site_manager").post("/instruments", `{"key":"check_in","title":"Check-in","licence":"Our own",
		"wording_shipped":true,"scores":[],"items":[
		{"code":"feels_unsafe","type":"number","min":0,"max":3,"flag_from":1,"self_only":true,
			"wording":"How often do you feel unsafe?"},
		{"code":"goes_hungry","type":"number","min":0,"max":3,"flag_from":3,"wording":"How often do you go hungry?"}]}`).want(201)
}

// checkedIn is the body of an answer to it.
func (w *world) checkedIn(episode, timepoint, responses string) string {
	return w.taken(episode, "check_in", timepoint, w.today(), "telephone", "self", responses, "")
}

// order is whose follow-ups a list shows, page by page; between runs after the first page.
func (w *world) order(query string, between func()) (episodes []string) {
	w.t.Helper()
	path := "/follow-ups?limit=1" + query
	for {
		page := w.as("link_worker").get(path).want(200)
		for _, f := range page.items() {
			episodes = append(episodes, f.(map[string]any)["episode_id"].(string))
		}
		if page.at("next_cursor") == nil {
			return episodes
		}
		if between != nil {
			between()
			between = nil
		}
		path = "/follow-ups?limit=1" + query + "&cursor=" + page.text("next_cursor")
	}
}

// An answer that is a concern leads the lists and stands on the episode until somebody has seen it; then it
// stays in the record.
func TestAConcernLeadsUntilSomebodyHasSeenIt(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	lw := w.as("link_worker")
	patient, episode := w.supported()
	_, calmer := w.supported()
	w.ons4(calmer, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	w.ons4(episode, "baseline", w.daysAgo(15), 4, 5, 3, 8).want(201) // its target day is later
	if got := w.order("", nil); !slices.Equal(got, []string{calmer, episode}) {
		t.Fatalf("to begin with: %v", got)
	}
	open := func() []any {
		return lw.get("/episodes/" + episode).want(200).at("safeguarding").([]any)
	}
	lw.post("/assessments", w.checkedIn(episode, "review", `"feels_unsafe":0,"goes_hungry":2`)).want(201)
	if len(open()) != 0 {
		t.Errorf("an answer below the limit is flagged: %v", open())
	}
	answer := lw.post("/assessments", w.checkedIn(episode, "review", `"feels_unsafe":1,"goes_hungry":2`)).want(201)
	flags := open()
	if len(flags) != 1 || flags[0].(map[string]any)["item"] != "feels_unsafe" ||
		flags[0].(map[string]any)["instrument"] != "check_in" ||
		flags[0].(map[string]any)["assessment_id"] != answer.text("id") {
		t.Fatalf("flags: %v", flags)
	}
	for _, query := range []string{"", "&state=upcoming", "&link_worker_id=" + w.worker} {
		if got := w.order(query, nil); !slices.Equal(got, []string{episode, calmer}) {
			t.Errorf("%s: %v", query, got)
		}
	}
	list := lw.get("/follow-ups").want(200)
	if list.at("items.0.safeguarding") != true || list.at("items.1.safeguarding") != false ||
		lw.get("/follow-ups/"+list.text("items.0.id")).at("safeguarding") != true {
		t.Errorf("follow-ups: %s", list.body)
	}

	corrected := lw.post("/assessments/"+answer.text("id")+"/correction", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","responses":{"feels_unsafe":0,"goes_hungry":2}}`, w.today())).made()
	if len(open()) != 1 {
		t.Error("a correction closed a flag: a person must look")
	}
	path := "/episodes/" + episode + "/safeguarding/" + flags[0].(map[string]any)["id"].(string) + "/seen"
	lw.post("/episodes/"+calmer+strings.TrimPrefix(path, "/episodes/"+episode), `{}`).
		problem(404, "not_found")
		// it is of another episode
	lw.post(path, `{"note":"`+strings.Repeat("x", 100_000)+`"}`).problem(422, "invalid", strings.Repeat("x", 50))
	seen := lw.post(path, `{"note":"Rang her: `+secret+`"}`).want(200)
	if seen.text("seen_at") == "" || seen.text("seen_by_role") != "link_worker" ||
		seen.text("seen_by_link_worker_id") != w.worker ||
		!strings.Contains(seen.text("note"), secret) {
		t.Errorf("seen: %s", seen.body)
	}
	lw.post(path, "").problem(409, "conflict")
	if got := w.order("", nil); !slices.Equal(got, []string{calmer, episode}) || len(open()) != 0 {
		t.Errorf("it leads still: %v, %v", got, open())
	}
	if kept := lw.get("/episodes/" + episode + "/safeguarding").
		want(200); len(kept.items()) != 1 ||
		!strings.Contains(kept.text("items.0.note"), secret) {
		t.Errorf("kept: %s", kept.body)
	}
	timeline := string(lw.get("/patients/" + patient + "/timeline?limit=200").want(200).body)
	if strings.Count(timeline, `"safeguarding.raised"`) != 1 || strings.Count(timeline, `"safeguarding.seen"`) != 1 ||
		strings.Contains(timeline, secret) {
		t.Errorf("timeline: %s", timeline)
	}

	// What a correction says anew is looked at anew; what it repeats is not flagged twice.
	correct := func(responses string) {
		t.Helper()
		corrected = lw.post("/assessments/"+corrected+"/correction", fmt.Sprintf(`{"completed_on":%q,
			"mode":"telephone","respondent":"self","responses":{%s}}`, w.today(), responses)).made()
	}
	correct(`"feels_unsafe":2,"goes_hungry":2`)
	if n := len(open()); n != 1 {
		t.Errorf("said anew: %d flags are open, not 1", n)
	}
	correct(`"feels_unsafe":2,"goes_hungry":1`)
	if n := len(open()); n != 1 {
		t.Errorf("repeated: %d flags are open, not 1", n)
	}
}

// While somebody pages, a flag that is raised or seen to moves nothing: each follow-up is shown once.
func TestAListOfFollowUpsIsOneList(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	lw := w.as("link_worker")
	var episodes []string
	for n := range 4 {
		_, e := w.supported()
		w.ons4(e, "baseline", w.daysAgo(25-n), 4, 5, 3, 8).want(201)
		episodes = append(episodes, e)
	}
	for _, e := range episodes[2:] {
		lw.post("/assessments", w.checkedIn(e, "review", `"feels_unsafe":3`)).want(201)
	}
	want := []string{episodes[2], episodes[3], episodes[0], episodes[1]}
	if got := w.order("", nil); !slices.Equal(got, want) {
		t.Errorf("flagged first: %v, want %v", got, want)
	}
	got := w.order("", func() {
		flag := lw.get("/episodes/" + episodes[3]).text("safeguarding.0.id")
		lw.post("/episodes/"+episodes[3]+"/safeguarding/"+flag+"/seen", "").want(200)
		lw.post("/assessments", w.checkedIn(episodes[1], "review", `"feels_unsafe":3`)).want(201)
	})
	if !slices.Equal(got, want) {
		t.Errorf("while flags changed: %v, want %v", got, want)
	}
	if got, now := w.order(
		"",
		nil,
	), []string{
		episodes[1],
		episodes[2],
		episodes[0],
		episodes[3],
	}; !slices.Equal(
		got,
		now,
	) {
		t.Errorf("afterwards: %v, want %v", got, now)
	}
}

// A concern in a completion is flagged, by a link worker's hand or through the person's own link, which
// shows nothing of it.
func TestAFollowUpsOwnAnswerIsFlagged(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	lw, admin := w.as("link_worker"), w.as("administrator")
	admin.patch(
		"/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"),
		`{"schedules":[{"code":"m9_12","anchor":"baseline","opens_after":"P9M","target_after":"P10M15D",
			"closes_after":"P12M","analysis_from":240,"analysis_to":400,"instruments":["check_in"]}]}`,
	).want(200)
	followUps := []string{}
	for range 2 {
		_, e := w.supported()
		w.ons4(e, "baseline", w.daysAgo(5), 4, 5, 3, 8).want(201)
		followUps = append(followUps, lw.get("/follow-ups?episode_id="+e).text("items.0.id"))
	}
	w.advance("P10M")
	proxy := `{"completed_on":%q,"mode":"telephone","respondent":"proxy","how_have_you_been":"worse",
		"benefit":"some","assessments":[{"instrument":"check_in","responses":{"feels_unsafe":2}}]}`
	refused := lw.post("/follow-ups/"+followUps[0]+"/completion", fmt.Sprintf(proxy, w.today())).problem(422, "invalid")
	if refused.text("errors.0.location") != "body.assessments[0].responses.feels_unsafe" {
		t.Errorf("refused: %s", refused.body)
	}
	done := lw.post("/follow-ups/"+followUps[0]+"/completion", fmt.Sprintf(strings.Replace(proxy, `"proxy"`, `"self"`, 1), w.today())).
		want(201)
	if done.at("safeguarding") != true {
		t.Errorf("completed: %s", done.body)
	}

	p := w.link(followUps[1])
	page := p.open("/respondent")
	for _, answer := range []string{"self", "worse", "3", "3", "some", ""} {
		page = p.answer(page, answer)
	}
	sent := p.call("POST", "/check", nil)
	if sent.at != "/thanks" || strings.Contains(strings.ToLower(sent.html), "safeguarding") {
		t.Fatalf("sent: %s %s", sent.at, sent.html)
	}
	f := lw.get("/follow-ups/" + followUps[1]).want(200)
	if f.text("state") != "completed" || f.at("safeguarding") != true {
		t.Errorf("through the link: %s", f.body)
	}
	if flags := lw.get("/episodes/" + f.text("episode_id")).at("safeguarding").([]any); len(flags) != 2 {
		t.Errorf("flags: %v", flags)
	}
}

// Whoever may not read the record never sees a flag: neither over HTTP nor, should that fail, in the database.
func TestOnlyTheRecordSeesAFlag(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	_, episode := w.supported()
	w.refer(episode)
	w.as("link_worker").post("/assessments", w.checkedIn(episode, "review", `"feels_unsafe":3`)).want(201)
	flag := w.as("integration").get("/episodes/" + episode).want(200).text("safeguarding.0.id")
	for _, role := range []string{"organisation", "dashboard", "researcher", "data_steward", "administrator"} {
		w.as(role).get("/episodes/"+episode).problem(403, "forbidden", "feels_unsafe")
		w.as(role).get("/episodes/"+episode+"/safeguarding").problem(403, "forbidden", "feels_unsafe")
		w.as(role).post("/episodes/"+episode+"/safeguarding/"+flag+"/seen", "").problem(403, "forbidden")
	}
	w.as("other_site_link_worker").
		post("/episodes/"+episode+"/safeguarding/"+flag+"/seen", "").
		problem(404, "not_found")
	if seen := w.as("organisation").
		get("/referrals").
		want(200); strings.Contains(string(seen.body), "safeguarding") ||
		strings.Contains(string(seen.body), "feels_unsafe") {
		t.Errorf("the organisation sees %s", seen.body)
	}
	sites := []uuid.UUID{uuid.MustParse(w.site), uuid.MustParse(w.other)}
	for role, want := range map[actor.Role]int64{
		actor.LinkWorker: 1, actor.SiteManager: 1, actor.Integration: 1, actor.Dashboard: 0,
		actor.Researcher: 0, actor.Organisation: 0, actor.Patient: 0, actor.DataSteward: 0,
		actor.Administrator: 0,
	} {
		var n int64
		err := w.db.Do(
			actor.With(t.Context(), actor.Actor{Role: role, Sites: sites}),
			func(tx *db.Tx) error { return tx.Table("safeguarding_flags").Count(&n).Error },
		)
		// no right to the table
		refused := role == actor.Organisation && err != nil && strings.Contains(err.Error(), "42501")
		if !refused && (err != nil || n != want) {
			t.Errorf("%s reads %d flags, not %d (%v)", role, n, want, err)
		}
	}
}
