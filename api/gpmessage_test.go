package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/gpmessage"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/referrals"
)

// What somebody wrote or said, which only a full report passes on, and what a researcher heard, which none does.
var (
	freeText = []string{
		"the garden",
		"Falls in the past year",
		"nervous of going alone",
		"come back at any time",
		"long while and then",
	}
	research = "told the study alone"
)

// reported is an episode with a bit of everything, from January to November 2026; nothing may be reported of it yet.
func reported(t *testing.T) (w *world, patient, episode string) {
	t.Parallel()
	d := dbtest.New(t)
	d.Clock.SetOffset(time.Until(time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)))
	w = serving(t, on(d))
	lw := w.as("link_worker")
	patient = lw.post("/patients", `{"given_name":"Marigold","family_name":"Example","birth_date":"1950-04-01",
		"nhs_number":"943 476 5919","gp_practice_code":"Y00001"}`).made()
	w.consent(patient, "share_with_organisations", "given")
	episode = lw.post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":"2026-01-05",
		"needs":{"primary":"loneliness_isolation","others":["homelessness","physical_activity"]},
		"what_matters":"Getting back into the garden.\nSeeing people.","risks":"Falls in the past year.",
			"requested_actions":"Please review the water tablets: she does not go out for fear of needing a toilet.`+
		`\nPlease code the new telephone number."}`,
		patient)).made()
	lw.post("/episodes/"+episode+"/contacts", `{"on":"2026-01-08","mode":"telephone","kind":"first_contact",
		"outcome":"spoke"}`).want(201)
	lw.post("/episodes/"+episode+"/contacts", `{"on":"2026-01-20","mode":"telephone","kind":"support",
		"outcome":"no_answer"}`).want(201)
	w.ons4(episode, "baseline", "2026-01-08", 4, 5, 3, 8).want(201)
	swemwbs := `{"item_1":3,"item_2":3,"item_3":3,"item_4":3,"item_5":3,"item_6":3,"item_7":2}`
	lw.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"swemwbs","timepoint":"baseline",
		"completed_on":"2026-01-08","mode":"telephone","respondent":"self","responses":%s}`, episode, swemwbs)).want(201)
	came := w.theReferrals(episode)
	w.ons4(episode, "review", "2026-01-29", 4, 6, 3, 9).want(201)
	w.complete(
		episode,
		fmt.Sprintf(`{"referral_id":%q,"used":"did_not_use","reason":"anxiety_or_confidence"}`, came),
		`,"narrative":"I waited a long while and then lost heart.\nPLAN AND REQUESTED ACTIONS\nSleeping tablets.",
		"assessments":[{"instrument":"ons4","responses":{"life_satisfaction":7,"worthwhile":5,"happiness":1,"anxiety":3}},
		{"instrument":"swemwbs","responses":{"item_1":3,"item_2":3,"item_3":3,"item_4":3,"item_5":3,"item_6":3,"item_7":4}}]`,
	)
	lw.post("/episodes/"+episode+"/closure", `{"closed_on":"2026-11-30","reason":"partly_completed",
		"note":"She knows that she can come back at any time."}`).want(200)
	return w, patient, episode
}

// theReferrals are one that the organisation completed, one it declined, one that nobody answered, one that
// was not completed, and a signpost.
func (w *world) theReferrals(episode string) (came string) {
	w.t.Helper()
	lw, org := w.as("link_worker"), w.as("organisation")
	refer := func(on, more string) string {
		return "/referrals/" + lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,
			"need":"loneliness_isolation","sent_at":"%sT10:00:00Z"%s}`, episode, w.svc, on, more)).made()
	}
	completed := refer("2026-01-09", `,"reason":"Keen to meet people, nervous of going alone."`)
	org.post(completed+"/attendances", `{"on":"2026-01-14","attended":true,"reported_by":"organisation"}`).want(201)
	org.post(completed+"/moves", `{"to":"completed","occurred_at":"2026-01-28T10:00:00Z"}`).want(200)
	org.post(refer("2026-01-10", "")+"/moves", `{"to":"declined","reason":"no_capacity",
		"occurred_at":"2026-01-12T10:00:00Z"}`).want(200)
	w.expire(refer("2026-01-11", ""))
	lw.post(refer("2026-01-12", "")+"/moves", `{"to":"not_completed","reason":"transport",
		"reported_by":"patient","occurred_at":"2026-01-20T10:00:00Z"}`).want(200)
	refer("2026-01-13", `,"kind":"signpost"`)
	refer("2026-01-14", "")
	lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"organisation_id":%q,"need":"food","draft":true}`, episode, w.org)).
		want(201)
	lw.post(refer("2026-01-15", "")+"/moves", `{"to":"entered_in_error"}`).want(200)
	return strings.TrimPrefix(completed, "/referrals/")
}

// expire lets a referral expire, as only the system does.
func (w *world) expire(referral string) {
	w.t.Helper()
	store, system := referrals.Store{DB: w.db}, actor.Named("test")
	system.Sites = []uuid.UUID{uuid.MustParse(w.site)}
	id := uuid.MustParse(strings.TrimPrefix(referral, "/referrals/"))
	if _, err := store.Move(
		actor.With(w.t.Context(), system),
		id,
		referrals.NewMove{To: referrals.Expired},
	); err != nil {
		w.t.Fatal(err)
	}
}

// agree lets the practice be told so much.
func (w *world) agree(patient, level string) {
	w.t.Helper()
	w.as("link_worker").post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":"report_to_gp",
		"decision":"given","decided_on":%q,"level":%q}`, w.today(), level)).want(201)
}

// flat is the whole answer, however its lines are broken.
func (a answer) flat() string { return strings.Join(strings.Fields(string(a.body)), " ") }

func (a answer) has(texts ...string) {
	a.t.Helper()
	for _, s := range texts {
		if !strings.Contains(a.flat(), s) {
			a.t.Errorf("%s lacks %q: %s", a.call, s, a.body)
		}
	}
}

// lacks looks for words of any length: the ids of a message are hexadecimal, and none of the words is.
func (a answer) lacks(texts ...string) {
	a.t.Helper()
	for _, s := range texts {
		if strings.Contains(a.flat(), s) {
			a.t.Errorf("%s has %q: %s", a.call, s, a.body)
		}
	}
}

func TestTheMessageAtEachLevelOfConsent(t *testing.T) {
	w, patient, episode := reported(t)
	lw, path := w.as("link_worker"), "/episodes/"+episode+"/gp-message"
	lw.get(path).problem(422, "consent_required")
	lw.get(path+"?format=text").problem(422, "consent_required")

	w.agree(patient, "codes_only")
	for _, at := range []string{path, path + "?format=text"} {
		a := lw.get(at).want(200)
		a.has("Marigold", "Example", "Y00001", "871731000000106")
		a.lacks(freeText...)
		a.lacks(
			"871711000000103",
			"null",
			"water tablets",
			"Sam Helper",
			"Lunch",
			"anxiety",
			"Anxiety",
			"ons4",
			"ONS4",
			"oneliness",
			"eclined",
			"risks",
			"No action",
			"General pract",
			"partly",
			"m9_12",
		)
	}
	if a := lw.get(path).
		want(200); a.text("codes.0.on") != "2026-01-05" || a.text("dates.closed_on") != "2026-11-30" ||
		a.text("person.nhs_number") != "9434765919" {
		t.Errorf("codes and dates: %s", a.body)
	}

	w.agree(patient, "summary")
	for _, at := range []string{path, path + "?format=text"} {
		a := lw.get(at).want(200)
		a.has(
			"water tablets",
			"Sam Helper",
			"Example Lunch Club",
			"Wednesday lunch",
			"No capacity",
			"No answer from the organisation",
			"Transport",
			"The plan was partly completed",
			"Worse",
			"It helped a little",
			"Did not use it",
		)
		a.lacks(freeText...)
		a.lacks("null", research, "Sleeping")
	}
	if a := lw.get(path).want(200); a.text("safeguarding_and_risks.status") != "recorded" {
		t.Errorf("whether there are risks: %s", a.body)
	}
	lw.get(path + "?format=text").has("Risks are recorded.")

	w.agree(patient, "full")
	for _, at := range []string{path, path + "?format=text"} {
		a := lw.get(at).want(200)
		a.has("the garden", "Falls in the past year", "come back at any time")
		a.lacks("null", research)
	}
	w.consent(patient, "report_to_gp", "withdrawn")
	lw.get(path).problem(422, "consent_required", "Marigold", patient)
}

func TestTheMessageTellsWhatDidNotWork(t *testing.T) {
	w, patient, episode := reported(t)
	w.agree(patient, "summary")
	a := w.as("link_worker").get("/episodes/" + episode + "/gp-message").want(200)
	var m gpmessage.Message
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatal(err)
	}
	var statuses []string
	for _, i := range m.Interventions {
		statuses = append(statuses, i.Status.Code)
	}
	if want := []string{
		"completed",
		"declined",
		"expired",
		"not_completed",
		"signposted",
		"sent",
	}; !slices.Equal(
		statuses,
		want,
	) {
		t.Fatalf("interventions: %v", statuses)
	}
	first, declined, expired := m.Interventions[0], m.Interventions[1], m.Interventions[2]
	stopped, signpost := m.Interventions[3], m.Interventions[4]
	if first.OrganisationAccount.Attended != "yes" || first.OrganisationAccount.Status.Code != "completed" ||
		first.PatientAccount.Used.Code != "did_not_use" ||
		first.PatientAccount.Reason.Text != "Anxiety or confidence" {
		t.Errorf("the two accounts: %s", a.body)
	}
	if declined.OrganisationAccount.Reason.Code != "no_capacity" || declined.PatientAccount != nil ||
		expired.OrganisationAccount.Status != nil ||
		stopped.Reason.Text != "Transport" ||
		stopped.OrganisationAccount.Status != nil ||
		signpost.OrganisationAccount != nil {
		t.Errorf("whose word it is: %s", a.body)
	}
	told := map[string]gpmessage.Score{}
	for _, s := range m.Scores {
		told[s.Score] = s
	}
	for score, want := range map[string]struct {
		change    float64
		direction string
		reaches   bool
	}{
		"life_satisfaction": {3, "better", true}, "worthwhile": {0, "same", false},
		"happiness": {-2, "worse", true}, "anxiety": {-5, "better", true}, "metric": {1.39, "better", false},
	} {
		later := told[score].Later
		last := later[len(later)-1]
		if *last.Change != want.change || last.Direction != want.direction || *last.ReachesThreshold != want.reaches ||
			told[score].ThresholdSource == "" {
			t.Errorf("%s: %+v, change %v", score, last, *last.Change)
		}
	}
	if review := told["anxiety"].Later[0]; review.Timepoint != "review" || *review.Change != 1 ||
		review.Direction != "worse" {
		t.Errorf("anxiety rose: %+v", review)
	}
	if _, shown := told["raw"]; shown || m.ScoresNote == "" {
		t.Errorf("a raw sum is compared, or nothing is said of what scores cannot show: %s", a.body)
	}
	if m.Plan.Support.Code != "closed" || !m.Plan.ActionRequested || m.Summary.TimesReached != 1 || len(m.Codes) != 1 {
		t.Errorf("plan, summary, codes: %s", a.body)
	}
}

// Nothing is asked, nothing is known, nothing was tried: it says so where it must, and else is silent.
func TestTheMessageOfAnEmptyRecord(t *testing.T) {
	w := newWorld(t)
	lw, patient := w.as("link_worker"), w.patient()
	episode := w.episode(patient)
	path := "/episodes/" + episode + "/gp-message"
	lw.post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":"report_to_gp",
		"decision":"best_interests","decided_on":%q,"level":"full"}`, w.today())).want(201)
	a := lw.get(path).want(200)
	if a.text("plan_and_requested_actions.requested_actions") != "No action is requested of the practice." ||
		a.at("plan_and_requested_actions.action_requested") != false ||
		a.text("safeguarding_and_risks.status") != "not_recorded" ||
		a.text("consent.decision") != "best_interests" {
		t.Errorf("what must be said: %s", a.body)
	}
	a.lacks("null", `""`, "[]", "{}", `"scores"`, `"interventions"`, `"follow_ups"`, "first_contact_on", "nhs_number")
	lw.get(path+"?format=text").
		want(200).
		has("PLAN AND REQUESTED ACTIONS No action is requested of the practice. Waiting:", "best interests", "Not recorded.")

	lw.patch("/episodes/"+episode, `"1"`, `{"requested_actions":" \n ","risks":"none_known"}`).want(200)
	if a := lw.get(path).
		want(200); a.at("plan_and_requested_actions.action_requested") != false ||
		a.text("safeguarding_and_risks.status") != "none_known" {
		t.Errorf("a blank is nothing: %s", a.body)
	}
	lw.patch("/episodes/"+episode, `"2"`, `{"requested_actions":null}`).want(200)
	lw.patch("/episodes/"+episode, `"3"`, fmt.Sprintf(`{"requested_actions":%q}`, strings.Repeat("x", 5001))).
		problem(422, "invalid", strings.Repeat("x", 50))
	lw.post("/episodes/"+episode+"/closure", `{"reason":"declined_service"}`).want(200)
	if a := lw.get(path).want(200); a.text("codes.1.code") != "871711000000103" || a.text("codes.1.on") != w.today() {
		t.Errorf("the person declined: %s", a.body)
	}
}

// A concern that nobody has looked at is told beside whatever else is said of risks, and only that there is one.
func TestTheMessageTellsOfAConcern(t *testing.T) {
	w := newWorld(t)
	w.checkIn()
	lw, patient := w.as("link_worker"), w.patient()
	episode := w.episode(patient)
	path := "/episodes/" + episode + "/gp-message"
	lw.patch("/episodes/"+episode, `"1"`, `{"risks":"none_known"}`).want(200)
	lw.post("/assessments", w.checkedIn(episode, "review", `"feels_unsafe":2`)).want(201)
	w.agree(patient, "codes_only")
	lw.get(path).lacks("concern")
	w.agree(patient, "summary")
	if a := lw.get(path).
		want(200); a.number("safeguarding_and_risks.unseen_concerns") != 1 ||
		strings.Contains(string(a.body), "unsafe") {
		t.Errorf("a concern: %s", a.body)
	}
	lw.get(path + "?format=text").want(200).has("nobody has marked as seen: 1. Ask the link worker. No known risks.")
	flag := lw.get("/episodes/" + episode + "/safeguarding").want(200).text("items.0.id")
	lw.post("/episodes/"+episode+"/safeguarding/"+flag+"/seen", `{}`).want(200)
	lw.get(path).lacks("unseen_concerns")
}

// What a researcher wrote down was said for research.
func TestTheMessageKeepsWhatWasSaidForResearch(t *testing.T) {
	w := newWorld(t)
	lw, patient := w.as("link_worker"), w.patient()
	episode := w.episode(patient)
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	if a := lw.get("/episodes/" + episode + "/gp-message"); a.status != 422 {
		t.Errorf("without consent: %s", a.body)
	}
	w.agree(patient, "full")
	if a := lw.get("/episodes/" + episode + "/gp-message").
		want(200); a.text(
		"plan_and_requested_actions.next_follow_up.code",
	) != "m9_12" {
		t.Errorf("what is to come: %s", a.body)
	}
	w.complete(episode, "", fmt.Sprintf(`,"collected_by":"researcher","narrative":"She %s."`, research))
	for _, format := range []string{"json", "text"} {
		a := lw.get("/episodes/" + episode + "/gp-message?format=" + format).want(200)
		a.lacks(research, "next_follow_up", "Next follow-up")
		a.has("Worse")
	}
}

// A site's own instrument is told by its versions, which are never compared.
func TestTheMessageComparesNoVersions(t *testing.T) {
	w := newWorld(t)
	manager, own, patient := w.as("site_manager"), allotment(t), w.patient()
	episode := w.episode(patient)
	w.agree(patient, "summary")
	var answers []string
	for _, i := range own["items"].([]any) {
		answers = append(answers, fmt.Sprintf(`%q:2`, i.(object)["code"]))
	}
	for i, timepoint := range []string{"baseline", "review"} {
		own["title"] = fmt.Sprintf("Confidence %d", i+1)
		manager.post("/instruments", inJSON(t, own)).want(201)
		manager.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":%q,"timepoint":%q,
			"completed_on":%q,"mode":"telephone","respondent":"self","responses":{%s}}`,
			episode, own["key"], timepoint, w.daysAgo(20-i), strings.Join(answers, ","))).want(201)
	}
	a := manager.get("/episodes/" + episode + "/gp-message").want(200)
	if a.text("scores.0.title") != "Confidence 1" || a.text("scores.1.title") != "Confidence 2" ||
		a.at("scores.0.later") != nil ||
		a.at("scores.1.initial") != nil ||
		a.at("scores.1.later.0.change") != nil {
		t.Errorf("two versions: %s", a.body)
	}
	manager.get("/episodes/"+episode+"/gp-message?format=text").
		want(200).
		has("Confidence 1 (version 1)", "Confidence 2 (version 2)", "no baseline to compare with")
}

func TestWhoMayMakeTheMessage(t *testing.T) {
	w, patient, episode := reported(t)
	w.agree(patient, "full")
	path := "/episodes/" + episode + "/gp-message"
	w.as("other_site_link_worker").get(path).problem(404, "not_found")
	w.as("other_site_link_worker").get(path+"?format=text").problem(404, "not_found")
	for _, role := range []string{"organisation", "dashboard", "researcher", "data_steward", "administrator"} {
		w.as(role).get(path).problem(403, "forbidden")
	}
	for _, role := range []string{"site_manager", "integration"} {
		w.as(role).get(path).want(200)
	}
	w.as("link_worker").get(path+"?format=csv").problem(422, "invalid")
	before := w.logged("gp_message")
	w.as("link_worker").get(path).want(200)
	if after := w.logged("gp_message"); after != before+1 {
		t.Errorf("the reading was logged %d times", after-before)
	}
}

func (w *world) logged(operation string) (n int) {
	w.t.Helper()
	if err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Raw("select count(*) from access_log where operation = ?", operation).Scan(&n).Error
	}); err != nil {
		w.t.Fatal(err)
	}
	return n
}
