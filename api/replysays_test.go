package api_test

import (
	"fmt"
	"strings"
	"testing"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/leaktest"
)

// A question that an organisation asks, on the page, by the link's API or by its key, stands with the
// referral and leads the link worker's worklist until it is marked as answered.
func TestAQuestionReachesTheLinkWorker(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	silent, asked := w.refer(episode), w.refer(episode)
	p := w.replyLink(asked)
	lw, org := w.as("link_worker"), w.as("organisation")
	if page := p.open("/question"); page.status != 200 || page.title() != "What would you like to ask?" {
		t.Fatalf("%d %s", page.status, page.html)
	}
	if page := p.reply(
		"question",
		"sent",
		"note",
		" ",
	); page.status != 422 ||
		!strings.Contains(page.html, `href="#note"`) {
		t.Errorf("without words: %d %s", page.status, page.html)
	}
	if page := p.reply(
		"question",
		"sent",
		"note",
		"Does the step matter?",
		"contact",
		"Jo, 020 7946 0000",
	); page.status != 200 || !strings.Contains(page.html, "Your question was passed to Sam Helper") ||
		strings.Contains(page.html, "the step") {
		t.Errorf("asked: %d %s", page.status, page.html)
	}
	org.post("/referrals/"+asked+"/moves", `{"to":"accepted"}`).want(200)
	byKey := org.post("/referrals/"+asked+"/questions", `{"question":"Which day suits?"}`).want(201)
	seen := w.anybody().post("/replies/"+p.token(), `{"question":"A third one?","contact":"Jo"}`).want(200)
	if seen.text("status") != "accepted" || len(seen.at("questions").([]any)) != 3 ||
		seen.at("questions.0.answered_at") != nil {
		t.Errorf("%s", seen.body)
	}
	seen.hides("the step", "Which day", "A third")
	again := org.post("/referrals/"+asked+"/questions", `{"question":"Which day suits?"}`).want(201)
	if again.text("id") != byKey.text("id") {
		t.Errorf("asked twice: %s", again.body)
	}
	list := lw.get("/referrals/" + asked + "/questions").want(200)
	if len(list.items()) != 3 || list.text("items.0.question") != "Does the step matter?" ||
		list.text("items.0.contact") != "Jo, 020 7946 0000" ||
		list.text("items.0.recorded_via") != "link" ||
		list.text("items.1.recorded_via") != "api" {
		t.Errorf("%s", list.body)
	}
	waiting := lw.get("/worklists/awaiting_reply").want(200)
	if waiting.number("count") != 2 || waiting.text("items.0.subject.id") != asked ||
		waiting.text("items.1.subject.id") != silent ||
		waiting.text("items.0.why") != "Example Lunch Club asked a question today, which waits to be answered." ||
		waiting.text("items.0.next_due.what") != "question" ||
		waiting.text("items.0.actions.0.operation") != "list-referral-questions" {
		t.Errorf("%s", waiting.body)
	}
	timeline := string(lw.get("/referrals/" + asked + "/timeline?limit=200").body)
	if !strings.Contains(timeline, "referral.question_asked") || !strings.Contains(timeline, byKey.text("id")) {
		t.Errorf("%s", timeline)
	}
	leaktest.Hidden(
		t,
		"the timeline and the worklist",
		timeline+string(waiting.body),
		"the step",
		"Which day",
		"A third",
		"Jo, 020",
	)
	for i, q := range list.items() {
		marked := lw.post("/questions/"+q.(map[string]any)["id"].(string)+"/answered", "").want(200)
		if marked.at("answered_at") == nil || marked.at("answered_by_link_worker_id") == nil {
			t.Errorf("%d: %s", i, marked.body)
		}
	}
	if left := lw.get("/worklists/awaiting_reply").
		want(200); left.number("count") != 1 ||
		left.text("items.0.subject.id") != silent {
		t.Errorf("%s", left.body)
	}
	if page := p.open(""); strings.Count(page.html, "It was answered.") != 3 {
		t.Errorf("%s", page.html)
	}
	if seen := org.get("/referrals/" + asked + "/questions").want(200); seen.at("items.2.answered_at") == nil {
		t.Errorf("%s", seen.body)
	}
}

func TestQuestionsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p := w.replyLink(referral)
	path, org := "/referrals/"+referral+"/questions", w.as("organisation")
	w.as("link_worker").post(path, `{"question":"Mine?"}`).problem(403, "forbidden")
	w.as("other_site_link_worker").get(path).problem(404, "not_found")
	org.post("/questions/"+nobody()+"/answered", "").problem(403, "forbidden")
	for _, body := range []string{
		`{}`, `{"question":" "}`, `{"question":"` + strings.Repeat("q", 2001) + `"}`,
		`{"question":"x","contact":"` + strings.Repeat("q", 201) + `"}`,
	} {
		org.post(path, body).problem(422, "invalid", "qqqqqqqqqqqq")
	}
	for _, body := range []string{
		`{"question":"x","to":"accepted"}`, `{"question":"x","on":"2026-01-01"}`, `{"question":"x","note":"y"}`,
		`{"contact":"Jo"}`, `{"to":"accepted","contact":"Jo"}`,
	} {
		w.anybody().post("/replies/"+p.token(), body).problem(422, "invalid")
	}
	for i := range 10 {
		org.post(path, fmt.Sprintf(`{"question":"Number %d?"}`, i)).want(201)
	}
	org.post(path, `{"question":"One more?"}`).problem(409, "conflict")
	if page := p.reply(
		"question",
		"sent",
		"note",
		"One more?",
	); page.status != 409 ||
		!strings.Contains(page.html, "call the link worker") {
		t.Errorf("%d %s", page.status, page.html)
	}
	org.post("/referrals/"+referral+"/moves", `{"to":"completed"}`).want(200)
	org.post(path, `{"question":"After it is over?"}`).problem(409, "conflict")
	w.as("link_worker").
		post("/referrals/"+w.refer(episode)+"/moves", `{"to":"withdrawn","reason":"sent_in_error"}`).
		want(200)
}

// What an organisation reported by mistake it takes back itself: it counts in nothing, the referral stands
// where it stood, and what was recorded stays to be seen.
func TestAWrongTheyCameIsTakenBack(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p := w.replyLink(referral)
	lw, org, key := w.as("link_worker"), w.as("organisation"), "/referrals/"+referral+"/attendances"
	p.reply("attended", "sent", "on", w.today())
	if a := lw.get(
		"/referrals/" + referral,
	); a.text("status") != "in_progress" ||
		a.text("organisation_account.attended") != "yes" {
		t.Fatalf("%s", a.body)
	}
	back, _, found := strings.Cut(strings.SplitAfter(p.open("").html, `/taken_back`)[1], `"`)
	if !found {
		t.Fatal("the page offers no way to take it back")
	}
	if page := p.open(
		"/taken_back" + back,
	); page.status != 200 || page.title() != "Was this wrong?" ||
		!strings.Contains(page.html, "You said that they came on") {
		t.Fatalf("%d %s", page.status, page.html)
	}
	id := strings.TrimPrefix(back, "?attendance=")
	if page := p.reply(
		"taken_back",
		"in_progress",
		"attendance",
		id,
		"note",
		"Somebody else of that name",
	); page.status != 200 || !strings.Contains(page.html, "It was taken back") ||
		page.title() != "Can you take this person?" {
		t.Errorf("%d %s", page.status, page.html)
	}
	p.reply("taken_back", "in_progress", "attendance", id) // pressed twice
	a := lw.get("/referrals/" + referral)
	if a.text("status") != "sent" || a.at("first_attended_on") != nil || a.at("responded_at") != nil ||
		a.text("organisation_account.attended") != "not_said" {
		t.Errorf("%s", a.body)
	}
	list := lw.get(key).want(200)
	if len(list.items()) != 1 || list.text("items.0.entered_in_error.by.role") != "organisation" ||
		list.text("items.0.entered_in_error.reason") != "Somebody else of that name" ||
		list.at("items.0.entered_in_error.at") == nil ||
		list.at("items.0.entered_in_error.by.on_behalf") != false {
		t.Errorf("%s", list.body)
	}
	if moves := lw.get(
		"/referrals/" + referral + "/moves",
	); moves.text("items.0.to") != "in_progress" ||
		moves.at("items.0.voided_at") == nil {
		t.Errorf("%s", moves.body)
	}
	timeline := lw.get("/referrals/" + referral + "/timeline?limit=200")
	if text := string(
		timeline.body,
	); strings.Count(text, `"attendance.entered_in_error"`) != 1 || !strings.Contains(text, `"referral.undone"`) ||
		strings.Contains(text, "that name") {
		t.Errorf("%s", timeline.body)
	}
	// What is right can be said of the same day, and taken back by key. Of two days one stands.
	org.post(key, fmt.Sprintf(`{"on":%q,"attended":false,"reported_by":"organisation"}`, w.today())).want(201)
	w.advance("P2D")
	first := org.post(key, fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(1))).
		want(201).
		text("id")
	org.post(key, fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.today())).want(201)
	taken := org.post("/attendances/"+first+"/entered-in-error", `{"reason":"The wrong day"}`).want(200)
	if taken.text("entered_in_error.reason") != "The wrong day" {
		t.Errorf("%s", taken.body)
	}
	if a := lw.get(
		"/referrals/" + referral,
	); a.text("status") != "in_progress" || a.text("first_attended_on") != w.today() ||
		a.text("organisation_account.first_attended_on") != w.today() {
		t.Errorf("%s", a.body)
	}
	if rows := w.as("site_manager").get("/insights/uptake").want(200); rows.number("rows.0.organisation_says_attended") != 1 {
		t.Errorf("%s", rows.body)
	}
	last := lw.get(key).items()
	org.post("/attendances/"+last[len(last)-1].(map[string]any)["id"].(string)+"/entered-in-error", `{"reason":"Nor that"}`).
		want(200)
	if rows := w.as("site_manager").get("/insights/uptake").want(200); rows.number("rows.0.organisation_says_attended") != 0 {
		t.Errorf("taken back, and counted: %s", rows.body)
	}
}

// Only the side that recorded a report takes it back, and what came after the report stays.
func TestWhoMayTakeAnAttendanceBack(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral, other := w.refer(episode), w.refer(episode)
	lw, org := w.as("link_worker"), w.as("organisation")
	said := func(c client, of, side string) string {
		t.Helper()
		return c.post("/referrals/"+of+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":%q}`, w.today(), side)).
			made()
	}
	theirs := said(org, referral, "organisation")
	ours := said(lw, referral, "link_worker")
	elsewhere := said(org, other, "organisation")
	body := `{"reason":"` + secret + `"}`
	lw.post("/attendances/"+theirs+"/entered-in-error", body).problem(403, "forbidden", secret)
	org.post("/attendances/"+ours+"/entered-in-error", body).problem(403, "forbidden", secret)
	w.as("other_site_link_worker").
		post("/attendances/"+theirs+"/entered-in-error", body).
		problem(404, "not_found", secret)
	org.post("/attendances/"+theirs+"/entered-in-error", `{}`).problem(422, "invalid")
	p := w.replyLink(referral)
	w.anybody().post("/replies/"+p.token(), fmt.Sprintf(`{"taken_back":%q}`, elsewhere)).problem(404, "not_found")
	if page := p.open("/taken_back?attendance=" + elsewhere); page.at != "" || page.status != 200 {
		t.Errorf("another referral's: %d %s", page.status, page.at)
	}
	lw.post("/attendances/"+ours+"/entered-in-error", body).want(200)
	org.post("/referrals/"+referral+"/moves", `{"to":"completed"}`).want(200)
	w.anybody().post("/replies/"+p.token(), fmt.Sprintf(`{"taken_back":%q}`, theirs)).want(200)
	if a := lw.get("/referrals/" + referral); a.text("status") != "completed" || a.at("first_attended_on") != nil {
		t.Errorf("%s", a.body)
	}
}

// A yes takes a day and a note, whatever way it is given.
func TestAYesTakesADayAndANote(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p := w.replyLink(referral)
	if page := p.open("/accepted"); page.status != 200 || page.title() != "When can they start?" {
		t.Fatalf("%d %s", page.status, page.html)
	}
	if page := p.reply(
		"accepted",
		"sent",
		"on",
		secret,
	); page.status != 422 || !strings.Contains(page.html, `href="#on"`) ||
		strings.Contains(page.html, "Choose one") {
		t.Errorf("no day: %d %s", page.status, page.html)
	}
	if page := p.reply(
		"accepted",
		"sent",
		"on",
		w.daysAgo(-9),
		"note",
		"Ask for Jo",
	); page.status != 200 || page.title() != "You can take this person" ||
		!strings.Contains(page.html, "Expected to start on") {
		t.Errorf("%d %s", page.status, page.html)
	}
	moves := w.as("link_worker").get("/referrals/" + referral + "/moves")
	if moves.text("items.0.note") != "Ask for Jo" || moves.text("items.0.expected_start_on") != w.daysAgo(-9) ||
		w.as("link_worker").get("/referrals/"+referral).text("expected_start_on") != w.daysAgo(-9) {
		t.Errorf("%s", moves.body)
	}
}

// The link worker's telephone is on the page, and goes with their name.
func TestTheLinkWorkersTelephone(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	worker := w.as("link_worker").get("/episodes/" + episode).text("link_worker_id")
	admin := w.as("administrator")
	was := admin.get("/link-workers/" + worker).want(200)
	if was.at("phone") != nil {
		t.Errorf("%s", was.body)
	}
	admin.patch("/link-workers/"+worker, was.header.Get("ETag"), `{"phone":"020 7946 0123"}`).want(200)
	referral := w.refer(episode)
	p := w.replyLink(referral)
	if page := p.open(""); !strings.Contains(page.html, `<a href="tel:&#43;442079460123">020 7946 0123</a>`) {
		t.Errorf("%s", page.html)
	}
	if a := w.as("organisation").get("/referrals/" + referral); a.text("person.link_worker_phone") != "+442079460123" {
		t.Errorf("%s", a.body)
	}
	w.consent(patient, "share_with_organisations", "withdrawn")
	w.anybody().get("/replies/"+p.token()).want(200).hides("020 7946 0123", "+442079460123")
	w.as("organisation").get("/referrals/"+referral).want(200).hides("020 7946 0123", "+442079460123")
}

// Every reason that an organisation may give is said in its own words and stands in a group, and none twice.
func TestReasonsAreInTheOrganisationsWords(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	page := w.replyLink(w.refer(episode)).open("/declined")
	for _, title := range []string{
		"We have no room", "It does not fit", "About this referral", "We could not go on",
		"They do not want it", "Something is in their way", "Anything else",
	} {
		if strings.Count(page.html, "<h2>"+title+"</h2>") != 1 {
			t.Errorf("%s: %s", title, page.html)
		}
	}
	for _, name := range []string{"organisation_reasons", "patient_reasons", "non_attendance_reasons"} {
		list, _ := codes.Lookup(name)
		for _, c := range list.Codes {
			switch {
			case c.Ours == "" && c.Code != "other":
				t.Errorf("%s: %s has no words of an organisation's", name, c.Code)
			case strings.HasPrefix(c.Ours, "It ") && c.Code != "not_what_expected" && c.Code != "cost" || strings.Contains(c.Ours, "Its "):
				t.Errorf("%s: %s is in the wrong person: %s", name, c.Code, c.Ours)
			case name != "non_attendance_reasons" && strings.Count(page.html, `value="`+c.Code+`"`) != 1:
				t.Errorf("%s stands %d times", c.Code, strings.Count(page.html, `value="`+c.Code+`"`))
			}
		}
	}
	if strings.Contains(page.html, "Its waiting list") {
		t.Error("the page speaks of the organisation in the third person")
	}
}

// Whoever answers again, in other words, is not thanked for what was not recorded; who presses twice is.
func TestAnAnswerThatIsNotRecordedIsNotThankedFor(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	p := w.replyLink(w.refer(episode))
	p.reply("declined", "sent", "reason", "no_capacity", "note", "Full until May")
	if page := p.reply(
		"declined",
		"sent",
		"reason",
		"no_capacity",
		"note",
		"Full until May",
	); page.status != 200 ||
		!strings.Contains(page.html, "Your answer was recorded") {
		t.Errorf("pressed twice: %d %s", page.status, page.html)
	}
	for _, more := range [][]string{
		{"reason", "died", "note", "Full until May"},
		{"reason", "no_capacity", "note", "They told us that she died"},
	} {
		if page := p.reply(
			"declined",
			"sent",
			more...); page.status != 409 ||
			!strings.Contains(page.html, "Your answer was not recorded") {
			t.Errorf("%v: %d %s", more, page.status, page.html)
		}
	}
	_, other := w.supported()
	p = w.replyLink(w.refer(other))
	p.reply("accepted", "sent")
	if page := p.reply(
		"accepted",
		"sent",
		"on",
		w.today(),
		"note",
		"Bring a card",
	); page.status != 409 ||
		!strings.Contains(page.html, "Your answer was not recorded") {
		t.Errorf("%d %s", page.status, page.html)
	}
}

// What a form puts into a line is one line.
func TestAFormsLineIsOneLine(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	w.replyLink(referral).
		reply("question", "sent", "note", "Is it warm?", "contact", "Jo\r\nBloggs\u202e\u2066 at the hall")
	if got := w.as("link_worker").
		get("/referrals/" + referral + "/questions").
		want(200).
		text("items.0.contact"); got != "Jo Bloggs at the hall" {
		t.Errorf("%q", got)
	}
}
