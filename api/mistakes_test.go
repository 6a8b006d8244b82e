package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An attendance that was taken back can be restored by the side that recorded it, unless that side has said something of
// the day since.
func TestAnAttendanceIsRestored(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	lw, org := w.as("link_worker"), w.as("organisation")
	came := fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.today())
	id := org.post("/referrals/"+referral+"/attendances", came).made()
	at := "/attendances/" + id
	why := `{"reason":"` + secret + `"}`
	org.post(at+"/entered-in-error/undo", why).problem(409, "conflict", secret)
	org.post(at+"/entered-in-error", why).want(200)
	if r := lw.get("/referrals/" + referral).want(200); r.text("status") != "sent" {
		t.Errorf("%s", r.body)
	}
	if a := lw.get(at).want(200); a.text("entered_in_error.reason") != secret || a.text("entered_in_error.by.role") != "organisation" {
		t.Errorf("%s", a.body)
	}
	w.as("other_site_link_worker").get(at).problem(404, "not_found")
	lw.post(at+"/entered-in-error/undo", why).problem(403, "forbidden", secret)
	if a := org.post(at+"/entered-in-error/undo", why).want(200); a.at("entered_in_error") != nil {
		t.Errorf("%s", a.body)
	}
	if r := lw.get("/referrals/" + referral).want(200); r.text("status") != "in_progress" || r.text("first_attended_on") != w.today() {
		t.Errorf("%s", r.body)
	}
	if rows := w.as("site_manager").get("/insights/uptake").want(200); rows.number("rows.0.organisation_says_attended") != 1 {
		t.Errorf("%s", rows.body)
	}
	org.post(at+"/entered-in-error", why).want(200)
	org.post("/referrals/"+referral+"/attendances", came).want(201)
	org.post(at+"/entered-in-error/undo", why).problem(409, "conflict", secret)
}

// loop is somebody whose whole loop is recorded: baseline, referral, attendance, contact, an attempt, a completion.
type loop struct {
	*world
	patient, episode, consent, contact, baseline, referral, attendance, attempt, followUp string
}

func wholeLoop(t *testing.T) loop {
	t.Helper()
	w := newWorld(t)
	l := loop{world: w}
	l.patient, l.episode = w.supported()
	lw, org := w.as("link_worker"), w.as("organisation")
	l.consent = lw.get("/patients/" + l.patient + "/consents").want(200).text("items.0.id")
	l.contact = lw.post("/episodes/"+l.episode+"/contacts", fmt.Sprintf(
		`{"on":%q,"mode":"telephone","kind":"first_contact","outcome":"spoke"}`, w.daysAgo(26))).made()
	l.baseline = w.ons4(l.episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
	l.referral = w.refer(l.episode)
	l.attendance = org.post("/referrals/"+l.referral+"/attendances",
		fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(3))).made()
	l.followUp = lw.get("/follow-ups?episode_id=" + l.episode).want(200).text("items.0.id")
	l.attempt = lw.post("/follow-ups/"+l.followUp+"/attempts", `{"channel":"telephone","result":"no_answer"}`).want(201).text("id")
	w.complete(l.episode, fmt.Sprintf(`{"referral_id":%q,"used":"still_using","benefit":"a_lot"}`, l.referral),
		`,"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":7,"worthwhile":7,"happiness":6,"anxiety":3}}]`)
	return l
}

// figures is what live figures say of the one person.
func (l loop) figures() string {
	l.t.Helper()
	m := l.as("site_manager")
	outcomes, uptake := m.get("/insights/outcomes").want(200), m.get("/insights/uptake").want(200)
	referrals, retention := m.get("/insights/referrals").want(200), m.get("/insights/retention").want(200)
	number := func(a answer, name string) any {
		rows, _ := a.at("rows").([]any)
		if len(rows) == 0 {
			return "none"
		}
		return rows[0].(map[string]any)[name]
	}
	return fmt.Sprint("paired ", number(outcomes, "paired_n"), " baseline ", number(outcomes, "baseline_n"),
		" attended ", number(uptake, "organisation_says_attended"), " asked ", number(uptake, "asked"),
		" referrals ", number(referrals, "referrals"), " eligible ", number(retention, "eligible"),
		" followed up ", number(retention, "followed_up"))
}

// Each thing that is entered in error stays readable, says so, counts in no live figure, and comes back exactly as it was.
func TestWhatIsEnteredInErrorCountsNowhereAndComesBack(t *testing.T) {
	l := wholeLoop(t)
	lw := l.as("link_worker")
	before := l.figures()
	why := `{"reason":"` + secret + `"}`
	for _, c := range []struct{ thing, figures string }{
		{"/contacts/" + l.contact, before},
		{"/consents/" + l.consent, before},
		{"/attempts/" + l.attempt, before},
		{"/attendances/" + l.attendance, ""}, // it is the organisation's
		{"/assessments/" + l.baseline, "paired 0 baseline 0 attended 1 asked 1 referrals 1 eligible 1 followed up 1"},
		{"/follow-ups/" + l.followUp + "/completion", "paired 0 baseline 1 attended 1 asked 0 referrals 1 eligible 1 followed up 0"},
		{"/episodes/" + l.episode, "paired none baseline none attended 0 asked 0 referrals 0 eligible 0 followed up 0"},
	} {
		t.Run(c.thing[1:5], func(t *testing.T) {
			l.t, lw.w.t = t, t
			as := lw
			if c.figures == "" {
				as = l.as("organisation")
				c.figures = "paired 1 baseline 1 attended 0 asked 1 referrals 1 eligible 1 followed up 1"
			}
			as.post(c.thing+"/entered-in-error/undo", why).problem(409, "conflict", secret)
			as.post(c.thing+"/entered-in-error", `{"reason":" "}`).problem(422, "invalid")
			l.as("other_site_link_worker").post(c.thing+"/entered-in-error", why).problem(404, "not_found", secret)
			l.as("dashboard").post(c.thing+"/entered-in-error", why).problem(403, "forbidden", secret)
			a := as.post(c.thing+"/entered-in-error", why).want(200)
			if a.text("entered_in_error.reason") != secret || a.text("entered_in_error.by.role") == "" {
				t.Errorf("%s", a.body)
			}
			if a = as.get(c.thing).want(200); a.text("entered_in_error.reason") != secret {
				t.Errorf("%s", a.body)
			}
			if got := l.figures(); got != c.figures {
				t.Errorf("with %s in error: %s, want %s", c.thing, got, c.figures)
			}
			if c.figures == before || as.bearer == lw.bearer {
				as.post(c.thing+"/entered-in-error", why).problem(409, "conflict", secret)
			}
			if a = as.post(c.thing+"/entered-in-error/undo", why).want(200); a.at("entered_in_error") != nil {
				t.Errorf("%s", a.body)
			}
			if a = as.get(c.thing).want(200); a.at("entered_in_error") != nil {
				t.Errorf("%s", a.body)
			}
			if got := l.figures(); got != before {
				t.Errorf("restored: %s, want %s", got, before)
			}
			timeline := lw.get("/patients/" + l.patient + "/timeline?limit=200").want(200)
			timeline.hides(secret)
		})
	}
}

// A completion of the wrong person opens the follow-up again, on the lists too, and can be recorded anew.
func TestACompletionInErrorOpensTheFollowUp(t *testing.T) {
	l := wholeLoop(t)
	lw := l.as("link_worker")
	at := "/follow-ups/" + l.followUp
	why := `{"reason":"Somebody else answered"}`
	lw.post(at+"/completion/entered-in-error", why).want(200)
	f := lw.get(at).want(200)
	if s := f.text("state"); s != "due" && s != "overdue" || f.at("completion") != nil || f.at("completed_on") != nil {
		t.Errorf("%s", f.body)
	}
	lw.get("/worklists/follow_ups_due").want(200).has(l.followUp)
	if n := len(lw.get("/episodes/" + l.episode + "/assessments").want(200).items()); n != 2 {
		t.Errorf("%d assessments are recorded", n)
	}
	l.complete(l.episode, "", "")
	lw.post(at+"/completion/entered-in-error/undo", why).problem(409, "conflict")
	if c := lw.get(at + "/completion").want(200); c.at("entered_in_error") != nil {
		t.Errorf("%s", c.body)
	}
	lw.post(at+"/completion/entered-in-error", why).want(200)
	lw.post(at+"/loss", `{"reason":"moved"}`).want(200)
	lost := lw.get(at + "/loss").want(200)
	lw.post(at+"/loss/entered-in-error", why).want(200)
	if f = lw.get(at).want(200); f.text("state") == "lost" || f.at("loss_reason") != nil {
		t.Errorf("%s", f.body)
	}
	if again := lw.get(at + "/loss").want(200); again.text("reason") != lost.text("reason") ||
		again.text("entered_in_error.reason") == "" {
		t.Errorf("%s", again.body)
	}
	lw.post(at+"/loss/entered-in-error", why).problem(409, "conflict")
	lw.post(at+"/loss/entered-in-error/undo", why).want(200)
	if f = lw.get(at).want(200); f.text("state") != "lost" || f.text("loss_reason") != "moved" {
		t.Errorf("%s", f.body)
	}
	lw.post(at+"/loss/entered-in-error/undo", why).problem(409, "conflict")
}

// A baseline or a first contact in error takes the follow-ups along that count from it alone; another one plans them anew.
func TestABaselineInError(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	lw := w.as("link_worker")
	first := w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).made()
	why := `{"reason":"The wrong person"}`
	lw.post("/assessments/"+first+"/entered-in-error", why).want(200)
	if e := lw.get("/episodes/" + episode); e.text("status") != "waiting" || e.at("baseline_on") != nil {
		t.Errorf("%s", e.body)
	}
	if f := lw.get("/follow-ups?episode_id=" + episode).want(200); len(f.items()) != 0 {
		t.Errorf("%s", f.body)
	}
	second := w.ons4(episode, "baseline", w.daysAgo(5), 4, 5, 3, 8).made()
	lw.post("/assessments/"+first+"/entered-in-error/undo", why).problem(409, "conflict")
	if f := lw.get("/follow-ups?episode_id=" + episode).want(200); len(f.items()) != 1 || f.text("items.0.anchor_on") != w.daysAgo(5) {
		t.Errorf("%s", f.body)
	}
	lw.post("/assessments/"+second+"/entered-in-error", why).want(200)
	lw.post("/assessments/"+first+"/entered-in-error/undo", why).want(200)
	if f := lw.get("/follow-ups?episode_id=" + episode).want(200); len(f.items()) != 1 || f.text("items.0.anchor_on") != w.daysAgo(25) {
		t.Errorf("%s", f.body)
	}
	if e := lw.get("/episodes/" + episode); e.text("status") != "active" || e.text("baseline_on") != w.daysAgo(25) {
		t.Errorf("%s", e.body)
	}
	// What was corrected falls with its correction, and by that alone.
	corrected := lw.post("/assessments/"+first+"/correction", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","responses":{"life_satisfaction":6,"worthwhile":5,"happiness":3,"anxiety":8}}`, w.daysAgo(25))).made()
	lw.post("/assessments/"+first+"/entered-in-error", why).problem(409, "conflict")
	lw.post("/assessments/"+corrected+"/entered-in-error", why).want(200)
	if a := lw.get("/assessments/" + first).want(200); a.at("entered_in_error") == nil {
		t.Errorf("%s", a.body)
	}
	lw.post("/assessments/"+first+"/entered-in-error/undo", why).problem(409, "conflict")
	lw.post("/assessments/"+first+"/correction", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","responses":{}}`, w.daysAgo(25))).problem(409, "conflict")
}

// A concern that nobody has seen keeps its answer from being hidden.
func TestAConcernIsSeenBeforeItsAnswerIsInError(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	_, episode := w.supported()
	lw := w.as("link_worker")
	id := lw.post("/assessments", w.checkedIn(episode, "review", `"feels_unsafe":2,"goes_hungry":0`)).made()
	why := `{"reason":"The wrong person"}`
	for _, at := range []string{"/assessments/" + id, "/episodes/" + episode} {
		lw.post(at+"/entered-in-error", why).problem(409, "conflict")
	}
	flag := lw.get("/episodes/" + episode).want(200).text("safeguarding.0.id")
	lw.post("/episodes/"+episode+"/safeguarding/"+flag+"/seen", `{}`).want(200)
	lw.post("/episodes/"+episode+"/entered-in-error", why).want(200)
	lw.get("/episodes/" + episode + "/safeguarding").want(200).has(flag)
}

// An episode in error takes everything along: nothing of it is on a list or can be written to, its links stop, and the
// organisation no longer has its referral. An earlier mistake within it stays one when the episode comes back.
func TestAnEpisodeInErrorTakesAllAlong(t *testing.T) {
	l := wholeLoop(t)
	lw, org := l.as("link_worker"), l.as("organisation")
	why := `{"reason":"The wrong person"}`
	reply := l.replyLink(l.referral)
	lw.post("/follow-ups/"+l.followUp+"/completion/entered-in-error", why).want(200)
	answering := l.link(l.followUp)
	lw.post("/contacts/"+l.contact+"/entered-in-error", why).want(200)
	lw.post("/episodes/"+l.episode+"/entered-in-error", why).want(200)
	for _, list := range []string{
		"/worklists/caseload", "/worklists/follow_ups_due", "/worklists/awaiting_reply", "/episodes", "/follow-ups",
	} {
		lw.get(list).want(200).lacks(l.episode, l.referral, l.followUp)
	}
	if r := lw.get("/referrals/" + l.referral).want(200); r.text("status") != "entered_in_error" {
		t.Errorf("%s", r.body)
	}
	lw.post("/referrals/"+l.referral+"/undo", `{}`).problem(409, "conflict")
	lw.post("/episodes/"+l.episode+"/contacts", fmt.Sprintf(
		`{"on":%q,"mode":"telephone","kind":"support","outcome":"spoke"}`, l.today())).problem(409, "conflict")
	lw.post("/contacts/"+l.contact+"/entered-in-error/undo", why).problem(409, "conflict")
	lw.patch("/episodes/"+l.episode, `"1"`, `{"risks":"none_known"}`).problem(409, "conflict")
	org.get("/referrals/"+l.referral).problem(404, "not_found")
	if p := answering.open(""); p.status != 404 && p.status != 410 {
		t.Errorf("the person's page: %d", p.status)
	}
	if p := reply.open(""); p.status == 200 && p.title() == "First site" {
		t.Errorf("the organisation's page: %d %s", p.status, p.html)
	}
	lw.get("/episodes/" + l.episode + "/contacts").want(200).has(l.contact)
	lw.post("/episodes/"+l.episode+"/entered-in-error/undo", why).want(200)
	if c := lw.get("/contacts/" + l.contact).want(200); c.at("entered_in_error") == nil {
		t.Errorf("%s", c.body)
	}
	if r := lw.get("/referrals/" + l.referral).want(200); r.text("status") != "in_progress" {
		t.Errorf("%s", r.body)
	}
	org.get("/referrals/" + l.referral).want(200)
	lw.get("/worklists/follow_ups_due").want(200).has(l.followUp)
}

// A person in error takes everything along and is found by nobody; their number can be recorded again, and until that is
// entered in error in its turn they cannot come back.
func TestAPersonInErrorTakesAllAlong(t *testing.T) {
	l := wholeLoop(t)
	lw, org := l.as("link_worker"), l.as("organisation")
	why := `{"reason":"` + secret + `"}`
	change := func(body string) answer {
		return lw.patch("/patients/"+l.patient, lw.get("/patients/"+l.patient).want(200).header.Get("ETag"), body)
	}
	change(`{"nhs_number":"9991000003","external_ids":[{"system":"emis","value":"A-1"}]}`).want(200)
	before := l.figures()
	search := func() answer {
		return lw.post("/patients/search", `{"q":"Marigold"}`).want(200)
	}
	search().has(l.patient)
	at := "/patients/" + l.patient
	lw.post(at+"/entered-in-error/undo", why).problem(409, "conflict", secret)
	l.as("other_site_link_worker").post(at+"/entered-in-error", why).problem(404, "not_found", secret)
	p := lw.post(at+"/entered-in-error", why).want(200)
	if p.text("entered_in_error.reason") != secret {
		t.Errorf("%s", p.body)
	}
	if p = lw.get(at).want(200); p.text("entered_in_error.by.role") != "link_worker" {
		t.Errorf("%s", p.body)
	}
	if got := l.figures(); got != "paired none baseline none attended 0 asked 0 referrals 0 eligible 0 followed up 0" {
		t.Errorf("%s", got)
	}
	search().lacks(l.patient)
	for _, q := range []string{`{"nhs_number":"9991000003"}`, `{"q":"9991000003"}`, `{"external_id":{"system":"emis","value":"A-1"}}`} {
		lw.post("/patients/search", q).want(200).lacks(l.patient)
	}
	for _, list := range []string{"/worklists/caseload", "/episodes", "/follow-ups"} {
		lw.get(list).want(200).lacks(l.patient, l.episode)
	}
	org.get("/referrals/"+l.referral).problem(404, "not_found")
	lw.post(at+"/entered-in-error", why).problem(409, "conflict", secret)
	change(`{"postcode":null}`).problem(409, "conflict")
	lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,"needs":{"primary":"food","others":[]}}`,
		l.patient, l.today())).problem(409, "conflict")
	lw.post(at+"/consents", fmt.Sprintf(`{"purpose":"research","decision":"given","decided_on":%q}`, l.today())).
		problem(409, "conflict")
	lw.post("/episodes/"+l.episode+"/entered-in-error/undo", why).problem(409, "conflict", secret)
	again := lw.post("/patients", `{"given_name":"Marigold","family_name":"Meant","birth_date":"1950-04-01",
		"nhs_number":"9991000003","external_ids":[{"system":"emis","value":"A-1"}]}`).made()
	lw.post(at+"/entered-in-error/undo", why).problem(409, "conflict", secret)
	lw.post("/patients/"+again+"/entered-in-error", why).want(200)
	lw.post(at+"/entered-in-error/undo", why).want(200)
	if p = lw.get(at).want(200); p.at("entered_in_error") != nil {
		t.Errorf("%s", p.body)
	}
	if got := l.figures(); got != before {
		t.Errorf("restored: %s, want %s", got, before)
	}
	search().has(l.patient)
	lw.post("/patients/search", `{"q":"9991000003"}`).want(200).has(l.patient)
	org.get("/referrals/" + l.referral).want(200)
	lw.get(at + "/history").want(200).hides("9991000003").has("entered_in_error")
}

// A refusal that was entered for the wrong person stops standing, and so does a consent.
func TestAConsentInError(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	referral := w.refer(episode)
	lw, org := w.as("link_worker"), w.as("organisation")
	given := lw.get("/patients/" + patient + "/consents").want(200).text("items.0.id")
	why := `{"reason":"The wrong person"}`
	c := lw.post("/consents/"+given+"/entered-in-error", why).want(200)
	if c.at("stands") != false || c.at("entered_in_error") == nil {
		t.Errorf("%s", c.body)
	}
	if r := org.get("/referrals/" + referral).want(200); r.at("person") != nil {
		t.Errorf("without consent the organisation sees %s", r.body)
	}
	lw.post("/consents/"+given+"/entered-in-error/undo", why).want(200)
	declined := lw.post("/patients/"+patient+"/consents",
		fmt.Sprintf(`{"purpose":"share_with_organisations","decision":"declined","decided_on":%q}`, w.today())).want(201).text("id")
	if r := org.get("/referrals/" + referral).want(200); r.at("person") != nil {
		t.Errorf("declined, and the organisation sees %s", r.body)
	}
	lw.post("/consents/"+declined+"/entered-in-error", why).want(200)
	if r := org.get("/referrals/" + referral).want(200); r.at("person") == nil {
		t.Errorf("the refusal was in error: %s", r.body)
	}
	list := lw.get("/patients/" + patient + "/consents").want(200)
	if len(list.items()) != 2 || list.at("items.0.entered_in_error") == nil || list.at("items.1.stands") != true {
		t.Errorf("%s", list.body)
	}
}

// twoPeople is somebody whose whole loop is recorded, and somebody else of the same name with an episode, a baseline and a
// referral of their own.
func twoPeople(t *testing.T) (l loop, patient, episode, followUp, referral string) {
	t.Helper()
	l = wholeLoop(t)
	patient, episode = l.supported()
	l.ons4(episode, "baseline", l.daysAgo(25), 4, 5, 3, 8).want(201)
	referral = l.refer(episode)
	followUp = l.as("link_worker").get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	return l, patient, episode, followUp, referral
}

// What was recorded on the wrong record moves to the right one in one step, and both records follow.
func TestWhatIsOnTheWrongRecordMoves(t *testing.T) {
	l, patient, episode, followUp, _ := twoPeople(t)
	lw := l.as("link_worker")
	body := fmt.Sprintf(`{"episode_id":%q,"reason":%q}`, episode, secret)

	late := lw.post("/episodes/"+l.episode+"/contacts", fmt.Sprintf(
		`{"on":%q,"mode":"telephone","kind":"support","outcome":"spoke"}`, l.today())).made()
	at := "/contacts/" + late + "/reassignment"
	lw.post(at, fmt.Sprintf(`{"episode_id":%q,"reason":"x"}`, l.episode)).problem(422, "invalid")
	lw.post(at, fmt.Sprintf(`{"episode_id":%q,"reason":"x"}`, nobody())).problem(404, "not_found")
	lw.post(at, fmt.Sprintf(`{"episode_id":%q}`, episode)).problem(422, "invalid")
	l.as("other_site_link_worker").post(at, body).problem(404, "not_found", secret)
	c := lw.post(at, body).want(200)
	if c.text("episode_id") != episode || c.text("id") != late || c.at("received_by") == nil {
		t.Errorf("%s", c.body)
	}
	if e := lw.get("/episodes/" + episode).want(200); e.text("first_contact_on") != l.today() {
		t.Errorf("%s", e.body)
	}
	for _, who := range []string{patient, l.patient} {
		lw.get("/patients/" + who + "/timeline?limit=200").want(200).hides(secret).has("contact.reassigned")
	}

	// the answers: the first follow-up is open again, the other is completed, with its pair
	moved := lw.post("/follow-ups/"+l.followUp+"/completion/reassignment",
		fmt.Sprintf(`{"follow_up_id":%q,"reason":%q}`, followUp, secret)).want(200)
	if moved.text("follow_up_id") != followUp || len(moved.at("services").([]any)) != 0 || len(moved.at("assessments").([]any)) != 1 {
		t.Errorf("%s", moved.body)
	}
	if f := lw.get("/follow-ups/" + l.followUp).want(200); f.at("completed_on") != nil || f.at("completion") != nil {
		t.Errorf("%s", f.body)
	}
	f := lw.get("/follow-ups/" + followUp).want(200)
	if f.text("state") != "completed" || len(f.at("assessments").([]any)) != 1 {
		t.Errorf("%s", f.body)
	}
	if got := l.figures(); got != "paired 0 baseline 2 attended 1 asked 0 referrals 2 eligible 2 followed up 1" {
		t.Errorf("%s", got)
	}
	lw.post("/follow-ups/"+l.followUp+"/completion/reassignment",
		fmt.Sprintf(`{"follow_up_id":%q,"reason":"x"}`, followUp)).problem(409, "conflict")

	// an assessment with the concern that it raised
	l.checkIn()
	said := lw.post("/assessments", l.checkedIn(l.episode, "review", `"feels_unsafe":2,"goes_hungry":0`)).made()
	lw.post("/assessments/"+said+"/reassignment", body).want(200)
	lw.get("/episodes/" + l.episode).want(200).lacks("feels_unsafe")
	lw.get("/episodes/" + episode).want(200).has("feels_unsafe")
	lw.get("/episodes/" + episode + "/assessments").want(200).has(said)
	// what cannot have been recorded there cannot move there
	lw.post("/assessments/"+l.baseline+"/reassignment", body).problem(422, "invalid", secret)
}

// A referral that was made for the wrong person: its links stop, the organisation sees the other person if they agreed, and
// the team is asked to tell whoever has received it.
func TestAReferralOfTheWrongPersonMoves(t *testing.T) {
	l, patient, episode, _, _ := twoPeople(t)
	lw, org := l.as("link_worker"), l.as("organisation")
	referral := l.refer(l.episode)
	reply := l.replyLink(referral)
	refuses := l.patient
	body := fmt.Sprintf(`{"episode_id":%q,"reason":%q}`, episode, secret)
	r := lw.post("/referrals/"+referral+"/reassignment", body).want(200)
	if r.text("patient_id") != patient || r.text("episode_id") != episode {
		t.Errorf("%s", r.body)
	}
	to := false
	for _, who := range r.at("received_by").([]any) {
		to = to || who.(map[string]any)["kind"] == "organisation" && who.(map[string]any)["name"] != nil
	}
	if !to || r.text("to_do.1") != "decide_breach" {
		t.Errorf("%s", r.body)
	}
	if p := reply.open(""); p.status == 200 {
		t.Errorf("the link works still: %s", p.html)
	}
	org.get("/referrals/" + referral).want(200)
	open := lw.get("/corrections?open=true").want(200)
	id := open.text("items.0.id")
	if open.text("items.0.subject_id") != referral || id != r.text("correction_id") || open.text("items.0.from_patient_id") != refuses {
		t.Errorf("%s", open.body)
	}
	l.as("other_site_link_worker").get("/corrections").want(200).lacks(id)
	l.as("other_site_link_worker").post("/corrections/"+id+"/told", `{"breach":"none"}`).problem(404, "not_found")
	lw.post("/corrections/"+id+"/told", `{"breach":"perhaps"}`).problem(422, "invalid")
	if lw.listed("corrections_to_tell") != 1 || l.as("other_site_link_worker").listed("corrections_to_tell") != 0 {
		t.Error("the list of corrections is of the other site, or empty")
	}
	told := lw.post("/corrections/"+id+"/told", `{"breach":"not_reportable","note":"Rang the club"}`).want(200)
	if told.text("breach") != "not_reportable" || told.text("told_by.role") != "link_worker" {
		t.Errorf("%s", told.body)
	}
	lw.post("/corrections/"+id+"/told", `{"breach":"none"}`).problem(409, "conflict")
	if lw.listed("corrections_to_tell") != 0 {
		t.Error("it is still to be told")
	}
	lw.get("/patients/" + refuses + "/timeline?limit=200").want(200).has(`"correction.told"`)
	if n := len(lw.get("/corrections?open=true").want(200).items()); n != 0 {
		t.Errorf("%d are open", n)
	}
	// to somebody who did not agree it cannot go
	third := l.world.patient()
	lw.post("/referrals/"+referral+"/reassignment", fmt.Sprintf(`{"episode_id":%q,"reason":"x"}`, l.world.episode(third))).
		problem(422, "consent_required")
	// nor one that a completion speaks of
	lw.post("/referrals/"+l.referral+"/reassignment", body).problem(409, "conflict", secret)
}

// An attendance of the wrong referral moves, and both referrals follow.
func TestAnAttendanceOfTheWrongReferralMoves(t *testing.T) {
	l, _, _, _, other := twoPeople(t)
	lw, org := l.as("link_worker"), l.as("organisation")
	third := l.refer(l.episode)
	id := lw.post("/referrals/"+third+"/attendances",
		fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"link_worker"}`, l.daysAgo(2))).made()
	body := fmt.Sprintf(`{"referral_id":%q,"reason":"x"}`, other)
	lw.post("/attendances/"+l.attendance+"/reassignment", body).problem(403, "forbidden") // the organisation's
	org.post("/attendances/"+id+"/reassignment", body).problem(403, "forbidden")
	if a := lw.post("/attendances/"+id+"/reassignment", body).want(200); a.text("referral_id") != other {
		t.Errorf("%s", a.body)
	}
	if r := lw.get("/referrals/" + third).want(200); r.text("status") != "sent" || r.at("first_attended_on") != nil {
		t.Errorf("%s", r.body)
	}
	if r := lw.get("/referrals/" + other).want(200); r.text("status") != "in_progress" || r.text("first_attended_on") != l.daysAgo(2) {
		t.Errorf("%s", r.body)
	}
}

// What a person said is put right answer by answer, at the version that was read; what it said before stays in the history.
func TestACompletionIsCorrected(t *testing.T) {
	l := wholeLoop(t)
	lw := l.as("link_worker")
	at := "/follow-ups/" + l.followUp + "/completion"
	other := l.refer(l.episode)
	was := lw.get(at).want(200)
	tag := was.header.Get("ETag")
	if was.text("how_have_you_been") != "worse" || tag == "" {
		t.Fatalf("%s", was.body)
	}
	lw.do("PATCH", at, `{"benefit":"some"}`).problem(428, "precondition_required")
	lw.patch(at, tag, `{"benefit":"lots"}`).problem(422, "invalid")
	lw.patch(at, tag, `{"how_have_you_been":null}`).problem(422, "invalid")
	lw.patch(at, tag, `{"completed_on":"2026-01-01"}`).problem(422, "invalid")
	lw.patch(at, tag, fmt.Sprintf(`{"services":[{"referral_id":%q,"used":"still_using","benefit":"some"}]}`, nobody())).
		problem(422, "invalid")
	l.as("other_site_link_worker").patch(at, tag, `{"benefit":"some"}`).problem(404, "not_found")
	now := lw.patch(at, tag, fmt.Sprintf(`{"how_have_you_been":"better","narrative":%q,
		"services":[{"referral_id":%q,"used":"did_not_use","reason":"other"}]}`, secret, other)).want(200)
	if now.text("how_have_you_been") != "better" || now.text("benefit") != "a_little" || len(now.at("services").([]any)) != 1 ||
		now.text("services.0.referral_id") != other || len(now.at("assessments").([]any)) != 1 {
		t.Errorf("%s", now.body)
	}
	lw.patch(at, tag, `{"benefit":"some"}`).problem(412, "stale")
	f := lw.get("/follow-ups/" + l.followUp).want(200)
	if f.text("completion.how_have_you_been") != "better" || f.text("state") != "completed" {
		t.Errorf("%s", f.body)
	}
	lw.get("/follow-ups/"+l.followUp+"/history").want(200).has("how_have_you_been", `"worse"`, `"better"`)
	lw.get("/patients/" + l.patient + "/timeline?limit=200").want(200).hides(secret).has("follow_up.completion_corrected")
	if rows := l.as("site_manager").get("/insights/uptake").want(200); rows.number("rows.0.asked") != 1 {
		t.Errorf("%s", rows.body)
	}
	lw.post(at+"/entered-in-error", because).want(200)
	lw.patch(at, lw.get(at).want(200).header.Get("ETag"), `{"benefit":"some"}`).problem(409, "conflict")
}

// Whoever keeps a copy sees by its version that a thing was entered in error, and that it is back.
func TestAMistakeIsAnotherVersion(t *testing.T) {
	l := wholeLoop(t)
	lw := l.as("link_worker")
	for _, at := range []string{
		"/contacts/" + l.contact, "/consents/" + l.consent, "/attempts/" + l.attempt, "/assessments/" + l.baseline,
		"/follow-ups/" + l.followUp + "/completion", "/episodes/" + l.episode, "/patients/" + l.patient,
	} {
		tags := map[string]string{}
		for _, step := range []string{"", "/entered-in-error", "/entered-in-error/undo"} {
			shown := lw.get(at).want(200)
			if step != "" {
				l.later(time.Second)
				done := lw.post(at+step, because).want(200)
				if shown = lw.get(at).want(200); done.header.Get("ETag") != shown.header.Get("ETag") {
					t.Errorf("%s%s: answered as %s, and read as %s", at, step, done.header.Get("ETag"), shown.header.Get("ETag"))
				}
			}
			tag := shown.header.Get("ETag")
			if before, was := tags[tag]; was || tag == "" {
				t.Errorf("%s%s: the version %s was that of %q", at, step, tag, before)
			}
			tags[tag] = step
		}
	}
}

// A completion that was moved to the wrong record again moves on.
func TestACompletionMovesTwice(t *testing.T) {
	l, _, _, second, _ := twoPeople(t)
	_, episode := l.supported()
	l.ons4(episode, "baseline", l.daysAgo(25), 4, 5, 3, 8).want(201)
	third := l.as("link_worker").get("/follow-ups?episode_id=" + episode).want(200).text("items.0.id")
	for _, move := range [][2]string{{l.followUp, second}, {second, third}} {
		l.as("link_worker").post("/follow-ups/"+move[0]+"/completion/reassignment",
			fmt.Sprintf(`{"follow_up_id":%q,"reason":"The wrong one"}`, move[1])).want(200)
	}
	if f := l.as("link_worker").get("/follow-ups/" + third).want(200); f.text("state") != "completed" {
		t.Errorf("%s", f.body)
	}
}

// A merge that waits for a second person is not made of somebody who is entered in error meanwhile.
func TestNobodyInErrorIsMerged(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	numbered := func(number string) string {
		return lw.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","family_name":"Waits","birth_date":"1950-04-01",
			"nhs_number":%q}`, number)).made()
	}
	kept, away := numbered("9991000003"), numbered("9434765919")
	merge := w.merge(away, kept).want(200).text("merge.id")
	lw.post("/patients/"+away+"/entered-in-error", because).want(200)
	w.as("site_manager").post("/merges/"+merge+"/confirmation", "").problem(409, "conflict")
	w.merge(away, kept).problem(409, "conflict")
	lw.post("/patients/"+away+"/entered-in-error/undo", because).want(200)
	w.as("site_manager").post("/merges/"+merge+"/confirmation", "").problem(409, "conflict") // it was given up
	merge = w.merge(away, kept).want(200).text("merge.id")
	w.as("site_manager").post("/merges/"+merge+"/confirmation", "").want(200)
}

// What a person in error had that was in error before stays so, until the person is restored.
func TestAMistakeOfAPersonInErrorStaysOne(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	w.consent(patient, "research", "given")
	consent := w.as("link_worker").get("/patients/" + patient + "/consents").text("items.0.id")
	manager := w.as("site_manager")
	for _, at := range []string{"/consents/" + consent, "/episodes/" + episode, "/patients/" + patient} {
		manager.post(at+"/entered-in-error", because).want(200)
	}
	for _, at := range []string{"/consents/" + consent, "/episodes/" + episode} {
		manager.post(at+"/entered-in-error/undo", because).problem(409, "conflict")
	}
	manager.post("/patients/"+patient+"/entered-in-error/undo", because).want(200)
	for _, at := range []string{"/consents/" + consent, "/episodes/" + episode} {
		if manager.get(at).want(200).at("entered_in_error") == nil {
			t.Errorf("%s is back with the person", at)
		}
		manager.post(at+"/entered-in-error/undo", because).want(200)
	}
}

// Whoever opens an episode while the person is entered in error is refused, or it falls with the person.
func TestAPersonInErrorRacesWithWrites(t *testing.T) {
	w := newWorld(t)
	for round := range 12 {
		patient, _ := w.supported()
		body := fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,"needs":{"primary":"food"}}`, patient, w.today())
		var all sync.WaitGroup
		var opened [3]answer
		for i := range opened {
			all.Go(func() { opened[i] = w.as("link_worker").post("/episodes", body) })
		}
		all.Go(func() {
			w.as("site_manager").post("/patients/"+patient+"/entered-in-error", because).want(200)
		})
		all.Wait()
		for _, a := range opened {
			if a.status == 409 {
				continue
			}
			if e := w.as("site_manager").get("/episodes/" + a.made()).want(200); e.at("entered_in_error") == nil {
				t.Errorf("round %d: an episode of nobody stands: %s", round, e.body)
			}
		}
	}
}

// Of several who take one mistake back at the same moment, one does it, and the timeline tells of it once.
func TestAMistakeIsTakenBackOnce(t *testing.T) {
	l := wholeLoop(t)
	for _, c := range []struct{ thing, as, event string }{
		{"/contacts/" + l.contact, "link_worker", "contact.restored"},
		{"/consents/" + l.consent, "link_worker", "consent.restored"},
		{"/attempts/" + l.attempt, "link_worker", "follow_up.attempt_restored"},
		{"/attendances/" + l.attendance, "organisation", "attendance.restored"},
		{"/assessments/" + l.baseline, "link_worker", "assessment.restored"},
		{"/follow-ups/" + l.followUp + "/completion", "link_worker", "follow_up.completion_restored"},
		{"/episodes/" + l.episode, "link_worker", "episode.restored"},
		{"/patients/" + l.patient, "site_manager", "patient.restored"},
	} {
		l.as(c.as).post(c.thing+"/entered-in-error", because).want(200)
		var all sync.WaitGroup
		var status [6]int
		for i := range status {
			all.Go(func() { status[i] = l.as(c.as).post(c.thing+"/entered-in-error/undo", because).status })
		}
		all.Wait()
		slices.Sort(status[:])
		if status != [6]int{200, 409, 409, 409, 409, 409} {
			t.Errorf("%s: %v", c.thing, status)
		}
		timeline := string(l.as("link_worker").get("/patients/" + l.patient + "/timeline?limit=200").want(200).body)
		if n := strings.Count(timeline, `"`+c.event+`"`); n != 1 {
			t.Errorf("%s: %s is told %d times", c.thing, c.event, n)
		}
	}
}

// However often a report of attendance is taken back and restored, the referral stands as the reports say that stand.
func TestAReferralFollowsItsAttendances(t *testing.T) {
	w := newWorld(t)
	for _, side := range []string{"organisation", "link_worker"} {
		_, episode := w.supported()
		referral := "/referrals/" + w.refer(episode)
		who := w.as(side)
		stands := func(when, status string) {
			t.Helper()
			r := w.as("link_worker").get(referral).want(200)
			if r.text("status") != status || (r.at("first_attended_on") == nil) != (status == "accepted") {
				t.Errorf("%s, %s: %s", side, when, r.body)
			}
		}
		came := func(on string) string {
			t.Helper()
			return "/attendances/" + who.post(referral+"/attendances",
				fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":%q}`, on, side)).made()
		}
		change := func(thing, how string) {
			t.Helper()
			who.post(thing+"/entered-in-error"+how, because).want(200)
		}
		w.as("organisation").post(referral+"/moves", `{"to":"accepted"}`).want(200)
		one := came(w.daysAgo(2))
		change(one, "")
		stands("taken back", "accepted")
		change(one, "/undo")
		stands("restored", "in_progress")
		change(one, "")
		stands("taken back again", "accepted")
		change(one, "/undo")
		two := came(w.daysAgo(1))
		change(one, "")
		stands("with another", "in_progress")
		change(two, "")
		stands("with both taken back", "accepted")
		change(two, "/undo")
		stands("with the other restored", "in_progress")
		change(two, "")
		stands("with the other taken back again", "accepted")
	}
}

// What was asked at a follow-up in error stays readable, and nothing can be done with it; nor with the rest of an episode or
// a person in error.
func TestAFollowUpInErrorStaysReadable(t *testing.T) {
	l := wholeLoop(t)
	lw := l.as("link_worker")
	etag := lw.get("/referrals/" + l.referral).want(200).header.Get("ETag")
	before := lw.get("/follow-ups/" + l.followUp).want(200)
	at := "/follow-ups/" + l.followUp
	for _, in := range []string{"/episodes/" + l.episode, "/patients/" + l.patient} {
		lw.post(in+"/entered-in-error", because).want(200)
		f := lw.get(at).want(200)
		if f.text("entered_in_error.by.role") != "link_worker" || f.text("completion.id") != before.text("completion.id") ||
			f.text("attempts.0.id") != l.attempt {
			t.Errorf("%s", f.body)
		}
		for _, path := range []string{at + "/completion", "/attempts/" + l.attempt} {
			if a := lw.get(path).want(200); a.at("entered_in_error") == nil {
				t.Errorf("%s", a.body)
			}
		}
		lw.get(at + "/history").want(200)
		l.as("other_site_link_worker").get(at).problem(404, "not_found")
		for path, body := range map[string]string{
			at + "/attempts": `{"channel":"telephone","result":"no_answer"}`, at + "/loss": `{"reason":"could_not_contact"}`,
			at + "/completion/entered-in-error": because, at + "/loss/entered-in-error": because,
			"/attempts/" + l.attempt + "/entered-in-error/undo": because, at + "/link": "",
		} {
			lw.post(path, body).problem(409, "conflict")
		}
		lw.patch(at+"/completion", `"1"`, `{"narrative":"x"}`).problem(409, "conflict")
		lw.get("/episodes/"+l.episode+"/gp-message").problem(409, "conflict")
		lw.patch("/referrals/"+l.referral, etag, `{"reason":"x"}`).problem(409, "conflict")
		for _, path := range []string{
			"/episodes/" + l.episode, "/episodes/" + l.episode + "/contacts", "/episodes/" + l.episode + "/assessments",
			"/episodes/" + l.episode + "/history", "/episodes/" + l.episode + "/safeguarding", "/contacts/" + l.contact,
			"/contacts/" + l.contact + "/history", "/assessments/" + l.baseline, "/consents/" + l.consent,
			"/attendances/" + l.attendance, "/referrals/" + l.referral, "/referrals/" + l.referral + "/moves",
			"/referrals/" + l.referral + "/attendances", "/referrals/" + l.referral + "/timeline",
			"/referrals/" + l.referral + "/history", "/patients/" + l.patient, "/patients/" + l.patient + "/consents",
			"/patients/" + l.patient + "/timeline", "/patients/" + l.patient + "/history",
		} {
			lw.get(path).want(200)
		}
		lw.post(in+"/entered-in-error/undo", because).want(200)
	}
	if f := lw.get(at).want(200); f.at("entered_in_error") != nil || f.text("state") != "completed" {
		t.Errorf("%s", f.body)
	}
	// a completion in error is read, and not changed
	lw.post(at+"/completion/entered-in-error", because).want(200)
	lw.patch(at+"/completion", lw.get(at+"/completion").want(200).header.Get("ETag"), `{"narrative":"x"}`).problem(409, "conflict")
}

// A partner has received what it has read of in the feed, at its last reading since, and nothing else.
func TestAPartnerHasReceivedWhatItHasRead(t *testing.T) {
	l, _, episode, _, _ := twoPeople(t)
	lw, partner := l.as("link_worker"), l.as("integration")
	readAll := func() {
		for cursor, more := "", true; more; {
			page := partner.get("/events?limit=200&cursor=" + cursor).want(200)
			cursor, more = page.text("next_cursor"), page.at("more") == true
		}
	}
	moved := func(read bool) (recorded string, at any) {
		t.Helper()
		made := lw.post("/episodes/"+l.episode+"/contacts", fmt.Sprintf(
			`{"on":%q,"mode":"telephone","kind":"support","outcome":"spoke"}`, l.today()))
		id, from := made.made(), made.text("created_at")
		if read {
			readAll()
		}
		partner.get("/me").want(200) // which tells it nothing
		c := lw.post("/contacts/"+id+"/reassignment", fmt.Sprintf(`{"episode_id":%q,"reason":"x"}`, episode)).want(200)
		for _, r := range c.at("received_by").([]any) {
			if r.(object)["kind"] == "partner_feed" {
				at = r.(object)["received_at"]
			}
		}
		return from, at
	}
	readAll()
	if _, at := moved(false); at != nil {
		t.Errorf("one that has not read since: %v", at)
	}
	if from, at := moved(true); at == nil || at.(string) < from {
		t.Errorf("one that has read at %v what was recorded after %s", at, from)
	}
}
