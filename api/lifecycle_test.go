package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/referrals"
)

// Every move of the table, and every one it forbids, over HTTP.
func TestTheLifecycleTable(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	reason := map[referrals.Status]string{
		"declined":      `,"reason":"no_capacity"`,
		"not_completed": `,"reason":"unwell"`,
		"withdrawn":     `,"reason":"sent_in_error"`,
		"waitlisted":    `,"reason":"under_1_month"`,
	}
	// How to get somewhere, from sent.
	way := map[referrals.Status][]referrals.Status{
		"sent":        {},
		"accepted":    {"accepted"},
		"waitlisted":  {"waitlisted"},
		"in_progress": {"in_progress"},
		"completed": {
			"completed",
		},
		"not_completed":    {"not_completed"},
		"declined":         {"declined"},
		"withdrawn":        {"withdrawn"},
		"entered_in_error": {"entered_in_error"},
	}
	_, episode := w.supported()
	for from, steps := range way {
		for _, to := range referrals.Statuses() {
			if to == referrals.Draft || to == referrals.Signposted {
				continue // no move leads there
			}
			r := w.refer(episode)
			for _, s := range steps {
				lw.post("/referrals/"+r+"/moves", fmt.Sprintf(`{"to":%q%s}`, s, reason[s])).want(200)
			}
			a := lw.post("/referrals/"+r+"/moves", fmt.Sprintf(`{"to":%q%s}`, to, reason[to]))
			may := false
			for _, allowed := range referrals.Allowed(from, actor.LinkWorker) {
				may = may || allowed == to
			}
			if may && (a.status != 200 || a.text("status") != string(to)) {
				t.Errorf("%s to %s: %d %s", from, to, a.status, a.body)
			}
			if !may {
				a.problem(409, "move_not_allowed")
			}
		}
	}
}

func TestDraftsAreSentLater(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient := w.patient()
	episode := w.episode(patient)
	draft := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food","draft":true}`, episode, w.svc)).
		want(201)
	if draft.text("status") != "draft" || draft.at("sent_at") != nil {
		t.Fatalf("a draft: %s", draft.body)
	}
	path := "/referrals/" + draft.text("id")
	w.as("organisation").get(path).problem(404, "not_found")
	lw.post(path+"/moves", `{"to":"sent"}`).problem(422, "consent_required")
	w.consent(patient, "share_with_organisations", "given")
	sent := lw.post(path+"/moves", `{"to":"sent"}`).want(200)
	if sent.text("status") != "sent" || sent.text("sent_at") == "" {
		t.Errorf("sent: %s", sent.body)
	}
	w.as("organisation").get(path).want(200)
	undone := lw.post(path+"/undo", `{}`).want(200)
	if undone.text("status") != "draft" || undone.at("sent_at") != nil {
		t.Errorf("sending undone: %s", undone.body)
	}
}

func TestADraftMayEndUnsent(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	for _, end := range []string{`{"to":"withdrawn","reason":"replaced_by_other"}`, `{"to":"entered_in_error"}`} {
		draft := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"organisation_id":%q,"service_id":null,
			"need":"food","draft":true}`, episode, w.org)).made()
		ended := lw.post("/referrals/"+draft+"/moves", end).want(200)
		if ended.at("sent_at") != nil {
			t.Errorf("never sent: %s", ended.body)
		}
		lw.post("/referrals/"+draft+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"patient"}`, w.today())).
			problem(409, "conflict")
		w.as("organisation").get("/referrals/"+draft).problem(404, "not_found")
	}
	if n := len(w.as("organisation").get("/referrals").want(200).items()); n != 0 {
		t.Errorf("the organisation sees %d referrals that were never sent to it", n)
	}
}

func TestASignpostIsNotAReferral(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	episode := w.episode(w.patient()) // no consent: nothing is shared
	signpost := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":"signpost","need":"food"}`, episode, w.svc)).
		want(201)
	path := "/referrals/" + signpost.text("id")
	if signpost.text("status") != "signposted" {
		t.Errorf("a signpost: %s", signpost.body)
	}
	w.as("organisation").get(path).problem(404, "not_found")
	lw.post(path+"/moves", `{"to":"accepted"}`).problem(409, "move_not_allowed")
	lw.post(path+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"patient"}`, w.today())).
		problem(409, "conflict")
}

func TestUndoVoidsTheLatestMove(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	path := "/referrals/" + w.refer(episode)
	lw.post(path+"/moves", `{"to":"accepted","reported_by":"organisation"}`).want(200)
	lw.post(path+"/moves", `{"to":"declined","reason":"no_capacity","reported_by":"organisation"}`).want(200)
	undone := lw.post(path+"/undo", `{"note":"wrong person"}`).want(200)
	if undone.text("status") != "accepted" || undone.at("status_reason") != nil || undone.at("ended_on") != nil ||
		undone.at("responded_at") == nil {
		t.Errorf("after undo: %s", undone.body)
	}
	moves := lw.get(path + "/moves").want(200)
	if len(moves.items()) != 2 || moves.at("items.1.voided_at") == nil || moves.text("items.0.side") != "organisation" {
		t.Errorf("moves: %s", moves.body)
	}
	timeline := string(lw.get(path + "/timeline").want(200).body)
	if !strings.Contains(timeline, `"referral.declined"`) || !strings.Contains(timeline, `"referral.undone"`) {
		t.Errorf("both stay visible: %s", timeline)
	}
	if again := lw.post(path+"/undo", "").want(200); again.text("status") != "sent" || again.at("responded_at") != nil {
		t.Errorf("after undoing twice: %s", again.body)
	}
	lw.post(path+"/undo", `{}`).problem(409, "conflict")
}

// Withdrawn consent closes the organisation's view of the person at once; the referral stays.
func TestConsentGuardsThePerson(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	path := "/referrals/" + w.refer(episode)
	org := w.as("organisation")
	if org.get(path).want(200).text("person.phone") != "+447700900001" {
		t.Error("with consent the organisation cannot reach the person")
	}
	accept := org.with("Idempotency-Key", "accept")
	if accept.post(path+"/moves", `{"to":"accepted"}`).want(200).text("person.phone") != "+447700900001" {
		t.Error("the answer to its own answer lacks the person")
	}
	w.consent(patient, "share_with_organisations", "withdrawn")
	for _, at := range []string{path, "/referrals"} {
		org.get(at).want(200).hides("07700 900001", "+447700900001", "Marigold", patient)
	}
	if a := accept.post(path+"/moves", `{"to":"accepted"}`).
		want(200); a.at("person") != nil ||
		a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("a replay shows what is no longer agreed to: %s", a.body)
	}
	w.as("link_worker").
		post("/referrals", fmt.Sprintf(`{"episode_id":%q,"organisation_id":%q,"need":"food"}`, episode, w.org)).
		problem(422, "consent_required")
}

func TestAnOrganisationGivesItsOwnAccount(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	path := "/referrals/" + w.refer(episode)
	org := w.as("organisation")
	org.post(path+"/moves", `{"to":"accepted","reported_by":"patient"}`).problem(422, "invalid")
	org.post(path+"/moves", `{"to":"withdrawn","reason":"sent_in_error"}`).problem(409, "move_not_allowed")
	org.post(path+"/moves", `{"to":"entered_in_error"}`).problem(409, "move_not_allowed")
	org.post(path+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"patient"}`, w.today())).
		problem(422, "invalid")
	org.post(path+"/moves", `{"to":"waitlisted","reason":"over_3_months"}`).want(200)
	if a := w.as("link_worker").
		get(path).
		want(200); a.text("expected_wait") != "over_3_months" ||
		a.text("status_reason") != "over_3_months" {
		t.Errorf("waitlisted: %s", a.body)
	}
	// What others said and wrote is not for the organisation.
	lw := w.as("link_worker")
	lw.post(path+"/moves", `{"to":"declined","reason":"stigma","note":"private words","reported_by":"patient"}`).
		want(200)
	lw.post(path+"/attendances", fmt.Sprintf(`{"on":%q,"attended":false,"reason":"anxious_to_go_alone",
		"reported_by":"patient"}`, w.today())).want(201)
	for _, at := range []string{path, path + "/moves", path + "/attendances", "/referrals"} {
		org.get(at).want(200).hides("stigma", "private words", "anxious")
	}
	if a := org.get(path + "/moves").want(200); a.text("items.0.reason") != "over_3_months" {
		t.Errorf("its own reason: %s", a.body)
	}
}

func TestEpisodesPauseCloseAndKeepWhatIsLeft(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	referral := w.refer(episode)
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	path := "/episodes/" + episode
	if got := lw.post(path+"/pause", fmt.Sprintf(`{"on":%q,"reason":"in hospital"}`, w.daysAgo(5))).
		want(200).
		text("status"); got != "paused" {
		t.Errorf("paused is %s", got)
	}
	lw.post(path+"/resume", fmt.Sprintf(`{"on":%q}`, w.daysAgo(9))).problem(422, "invalid")
	lw.post(path+"/resume", fmt.Sprintf(`{"on":%q}`, w.daysAgo(2))).want(200)
	closed := lw.post(path+"/closure", fmt.Sprintf(`{"closed_on":%q,"reason":"plan_completed","note":"all done"}`, w.today())).
		want(200)
	if closed.text("status") != "closed" || closed.text("warnings.0.code") != "open_referral" {
		t.Errorf("closed: %s", closed.body)
	}
	lw.post(path+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone","kind":"support","outcome":"spoke"}`, w.today())).
		problem(409, "conflict")
	lw.post(path+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone","kind":"support","outcome":"spoke"}`, w.daysAgo(1))).
		want(201)

		// recorded late
	w.as("organisation").post("/referrals/"+referral+"/moves", `{"to":"accepted"}`).want(200)
	lw.post("/referrals/"+referral+"/attendances", fmt.Sprintf(`{"on":%q,"attended":false,"reason":"forgot",
		"reported_by":"organisation"}`, w.today())).want(201)
	followUp := lw.get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	lw.post("/follow-ups/"+followUp+"/attempts", `{"channel":"telephone","result":"no_answer"}`).want(201)
	lw.post("/follow-ups/"+followUp+"/loss", `{"reason":"could_not_contact"}`).want(200)
	lw.post("/follow-ups/"+followUp+"/loss", `{"reason":"moved"}`).problem(409, "conflict")
	back := lw.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","how_have_you_been":"same","benefit":"dont_know"}`, w.today())).want(201)
	if back.text("state") != "completed" || back.at("loss_reason") != nil {
		t.Errorf("turned up after all: %s", back.body)
	}
	lw.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","how_have_you_been":"same","benefit":"dont_know"}`, w.today())).problem(409, "conflict")
}

func TestAContactCanCarryAnAttendance(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	referral := w.refer(episode)
	contact := func(on string) answer {
		return lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"face_to_face",
			"kind":"accompanied","outcome":"attended","referral_id":%q,"attended":true}`, on, referral))
	}
	contact(w.daysAgo(25)).problem(422, "invalid") // before it was sent: neither is recorded
	if n := len(lw.get("/episodes/" + episode + "/contacts").items()); n != 0 {
		t.Errorf("a contact was half recorded: %d", n)
	}
	contact(w.daysAgo(2)).want(201)
	if a := lw.get("/referrals/" + referral).want(200); a.text("status") != "in_progress" {
		t.Errorf("after accompanying: %s", a.body)
	}
	if got := lw.get("/episodes/" + episode).text("first_contact_on"); got != w.daysAgo(2) {
		t.Errorf("first contact %s", got)
	}
}

// The states of a follow-up as time goes by, in the answer and in the filter alike.
func TestFollowUpStates(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	w.ons4(episode, "baseline", w.today(), 4, 5, 3, 8).want(201)
	start := w.db.Clock.Now()
	id := lw.get("/follow-ups?episode_id=" + episode).text("items.0.id")
	at := func(months, days int) string {
		w.db.Clock.SetOffset(time.Until(start.AddDate(0, months, days)))
		state := lw.get("/follow-ups/" + id).want(200).text("state")
		for _, s := range []string{"upcoming", "due", "overdue", "missed", "paused", "completed", "lost"} {
			if n := len(lw.get("/follow-ups?state=" + s).want(200).items()); (n == 1) != (s == state) {
				t.Errorf("after %d months the state is %s, and the list of %s has %d", months, state, s, n)
			}
		}
		return state
	}
	for _, c := range []struct {
		months, days int
		want         string
	}{
		{0, 0, "upcoming"}, {8, 27, "upcoming"}, {9, 1, "due"}, {10, 10, "due"}, {10, 20, "overdue"},
		{11, 27, "overdue"}, {12, 2, "missed"},
	} {
		if got := at(c.months, c.days); got != c.want {
			t.Errorf("after %d months and %d days: %s, want %s", c.months, c.days, got, c.want)
		}
	}
	w.consent(patient, "follow_up_contact", "declined")
	if got := at(12, 3); got != "paused" {
		t.Errorf("without consent to contact: %s", got)
	}
}

func TestACorrectedBaselineMovesWhatCountsFromIt(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	baseline := w.ons4(episode, "baseline", w.daysAgo(10), 4, 5, 3, 8).made()
	before := lw.get("/follow-ups?episode_id=" + episode).text("items.0.opens_on")
	correction := lw.post("/assessments/"+baseline+"/correction", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","responses":{"life_satisfaction":6}}`, w.daysAgo(20))).want(201)
	if correction.text("corrects_id") != baseline || len(correction.at("scores").([]any)) != 1 {
		t.Errorf("correction: %s", correction.body)
	}
	if after := lw.get("/follow-ups?episode_id=" + episode).text("items.0.opens_on"); after >= before {
		t.Errorf("the window did not move: %s, then %s", before, after)
	}
	if old := lw.get("/assessments/" + baseline).want(200); old.text("corrected_by_id") != correction.text("id") {
		t.Errorf("the old one: %s", old.body)
	}
	lw.post("/assessments/"+baseline+"/correction", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","responses":{"life_satisfaction":6}}`, w.daysAgo(20))).problem(409, "conflict")
}

func TestTheStudysOwnQuestionsAndMissingAnswers(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	a := lw.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"waypost_followup",
		"timepoint":"review","completed_on":%q,"mode":"telephone","respondent":"self",
		"responses":{"how_have_you_been":"better","benefit":{"missing":"prefer_not_to_say"}}}`, episode, w.today())).want(201)
	if a.text("responses.how_have_you_been") != "better" ||
		a.text("responses.benefit.missing") != "prefer_not_to_say" ||
		len(a.at("scores").([]any)) != 0 {
		t.Errorf("recorded as %s", a.body)
	}
	b := lw.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4","timepoint":"baseline",
		"completed_on":%q,"mode":"telephone","respondent":"self",
		"responses":{"life_satisfaction":0,"anxiety":{"missing":"dont_know"}}}`, episode, w.today())).want(201)
	if got := lw.get("/assessments/" + b.text("id")).
		want(200); len(got.at("scores").([]any)) != 1 || got.number("scores.0.value") != 0 ||
		got.text("responses.anxiety.missing") != "dont_know" {
		t.Errorf("recorded as %s", got.body)
	}
}

func TestServicesAreFound(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	lw.put("/services/"+w.svc+"/capacity", `{"capacity":"open"}`).want(200)
	for query, want := range map[string]int{
		"": 1, "?q=lunch": 1, "?q=": 1, "?q=nothing-of-the-kind": 0, "?need=loneliness_isolation": 1,
		"?need=pain": 0, "?activity_type=food_practical": 1, "?activity_type=transport": 0, "?capacity=open": 1,
		"?capacity=full": 0, "?near=53.48,-2.24&within_km=1": 1, "?near=51.5,-0.12&within_km=5": 0,
		"?near=51.5,-0.12": 1, "?q=lunch&capacity=open&near=53.5,-2.2": 1, "?organisation_id=" + w.org: 1,
		"?organisation_id=" + nobody(): 0,
	} {
		if n := len(lw.get("/services" + query).want(200).items()); n != want {
			t.Errorf("/services%s finds %d, want %d", query, n, want)
		}
	}
}

func TestReferralsAreListedByWhenTheyWereSent(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	w.refer(episode) // twenty days ago
	for query, want := range map[string]int{
		"sent_from=" + w.daysAgo(20): 1, "sent_to=" + w.daysAgo(20): 1, "sent_from=" + w.daysAgo(19): 0, "sent_to=" + w.daysAgo(21): 0,
		"sent_from=2001-01-01T00:00:00Z&sent_to=2999-01-01T00:00:00Z&include=organisation,service": 1, "sent_to=2001-01-01T00:00:00Z": 0,
		"status=sent&need=loneliness_isolation&link_worker_id=" + w.worker: 1, "link_worker_id=" + nobody(): 0,
	} {
		if n := len(lw.get("/referrals?" + query).want(200).items()); n != want {
			t.Errorf("%s finds %d, want %d", query, n, want)
		}
	}
	if a := lw.get("/referrals?include=organisation,service").
		want(200); a.text("items.0.organisation.name") == "" ||
		a.text("items.0.service.name") == "" {
		t.Errorf("included: %s", a.body)
	}
	lw.get("/referrals?sent_from=yesterday").problem(422, "invalid", "yesterday")
}

// A site says how often it tries; fewer attempts are told of, and never refused.
func TestAttemptsAndLoss(t *testing.T) {
	w, _, _, followUp := asked(t)
	lw := w.as("link_worker")
	lw.post("/follow-ups/"+followUp+"/attempts", `{"channel":"telephone","result":"no_answer"}`).made()
	if f := lw.get("/follow-ups/" + followUp); f.number("attempts_made") != 1 {
		t.Errorf("%s", f.body)
	}
	lost := lw.post("/follow-ups/"+followUp+"/loss", `{"reason":"could_not_contact"}`).want(200)
	if lost.text("state") != "lost" || lost.text("warnings.0.code") != "too_few_attempts" {
		t.Errorf("%s", lost.body)
	}
}

// The concern that a person named is shown again to whoever asks, and counts only as what they said.
func TestAConcernIsShownAgain(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	lw := w.as("link_worker")
	lw.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"mycaw","timepoint":"baseline",
		"completed_on":%q,"mode":"telephone","respondent":"self",
		"responses":{"concern_1":"My knees keep me from the allotment","concern_1_score":5,"wellbeing":4}}`, episode, w.today())).made()
	followUp := lw.get("/follow-ups?episode_id=" + episode).text("items.0.id")
	f := lw.get("/follow-ups/" + followUp).want(200)
	if f.text("said_before.0.item") != "concern_1" ||
		f.text("said_before.0.text") != "My knees keep me from the allotment" {
		t.Errorf("%s", f.body)
	}
	if rows := w.as("site_manager").get("/insights/outcomes"); strings.Contains(string(rows.body), "allotment") {
		t.Errorf("%s", rows.body)
	}
	if page := w.link(followUp).open("/narrative"); strings.Contains(page.html, "allotment") {
		t.Error("a person's link shows what was said before")
	}
}
