package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// taken is the body of an assessment; more is what is added to it, such as `,"helper":"carer"`.
func (w *world) taken(episode, instrument, timepoint, on, mode, respondent, responses, more string) string {
	return fmt.Sprintf(`{"episode_id":%q,"instrument":%q,"timepoint":%q,"completed_on":%q,"mode":%q,
		"respondent":%q,"responses":{%s}%s}`, episode, instrument, timepoint, on, mode, respondent, responses, more)
}

const calm = `"life_satisfaction":5,"worthwhile":6,"happiness":4,"anxiety":2`

// warnings returns the codes of the answer's warnings, in order.
func (a answer) warnings() []string {
	a.t.Helper()
	list, ok := a.at("warnings").([]any)
	if !ok {
		a.t.Fatalf("%s: no list of warnings: %s", a.call, a.body)
	}
	out := []string{}
	for _, w := range list {
		out = append(out, w.(map[string]any)["code"].(string))
		if w.(map[string]any)["detail"] == "" {
			a.t.Errorf("%s: a warning without a word", a.call)
		}
	}
	return out
}

// Each bad answer gets a problem that names the place and repeats nothing, and nothing is recorded.
func TestBadAnswersAreRefused(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	early := w.episode(w.patient()) // has no baseline
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	followUp := lw.get("/follow-ups?episode_id=" + episode).text("items.0.id")
	recorded := func() string {
		return fmt.Sprint(
			w.counted(),
			len(lw.get("/episodes/"+episode+"/assessments").items()),
			len(lw.get("/episodes/"+early+"/assessments").items()),
			len(lw.get("/patients/"+patient+"/timeline").items()),
			lw.get("/follow-ups/"+followUp).text("state"),
		)
	}
	before := recorded()
	long := strings.Repeat("x", 100_000-len(secret)) + secret
	ons4 := func(timepoint, respondent, responses, more string) string {
		return w.taken(episode, "ons4", timepoint, w.today(), "telephone", respondent, responses, more)
	}
	completion := func(respondent, more string) string {
		return fmt.Sprintf(`{"completed_on":%q,"mode":"telephone","respondent":%q,"how_have_you_been":"better",
			"benefit":"some"%s}`, w.today(), respondent, more)
	}
	with := func(instrument, responses string) string {
		return completion(
			"self",
			fmt.Sprintf(
				`,"narrative":%q,"assessments":[{"instrument":%q,"responses":{%s}}]`,
				secret,
				instrument,
				responses,
			),
		)
	}
	done := "/follow-ups/" + followUp + "/completion"
	for _, c := range []struct {
		what, path, body string
		status           int
		code, place      string
	}{
		{"below the range", "/assessments", ons4("review", "self", `"anxiety":-1`, ""), 422, "invalid", "body.responses.anxiety"},
		{"above the range", "/assessments", ons4("review", "self", `"anxiety":11`, ""), 422, "invalid", "body.responses.anxiety"},
		{"half a point", "/assessments", ons4("review", "self", `"anxiety":2.5`, ""), 422, "invalid", "body.responses.anxiety"},
		{"more than any number", "/assessments", ons4("review", "self", `"anxiety":1e300`, ""), 422, "invalid", "body.responses.anxiety"},
		{
			"a text for a number", "/assessments", ons4("review", "self", `"anxiety":"`+secret+`"`, ""), 422,
			"invalid", "body.responses.anxiety",
		},
		{
			"an item it has not got", "/assessments",
			ons4("review", "self", `"`+strings.ToLower(secret)+`":1`, ""), 422, "invalid", "body.responses",
		},
		{"an item twice", "/assessments", ons4("review", "self", `"anxiety":1,"anxiety":2`, ""), 400, "invalid", "body"},
		{"an item twice in a completion", done, with("ons4", `"anxiety":1,"anxiety":1`), 400, "invalid", "body"},
		{"no item", "/assessments", ons4("review", "self", ``, ""), 422, "invalid", "body.responses"},
		{
			"an unknown missing code", "/assessments",
			ons4("review", "self", `"anxiety":{"missing":"`+secret+`"}`, ""), 422, "invalid",
			"body.responses.anxiety",
		},
		{
			"an unknown instrument", "/assessments",
			w.taken(episode, strings.ToLower(secret), "review", w.today(), "telephone", "self", calm, ""), 422,
			"invalid", "body.instrument",
		},
		{"two baselines", "/assessments", ons4("baseline", "self", calm, ""), 409, "conflict", ""},
		{
			"a follow-up before any baseline", "/assessments",
			w.taken(early, "ons4", "m9_12", w.today(), "telephone", "self", calm, ""), 422, "invalid",
			"body.timepoint",
		},
		{"a timepoint outside the schedule", "/assessments", ons4("m99", "self", calm, ""), 422, "invalid", "body.timepoint"},
		{
			"before the baseline", "/assessments",
			w.taken(episode, "ons4", "review", w.daysAgo(26), "telephone", "self", calm, ""), 422, "invalid",
			"body.completed_on",
		},
		{
			"in the future", "/assessments",
			w.taken(episode, "ons4", "review", w.daysAgo(-2), "telephone", "self", calm, ""), 422, "invalid",
			"body.completed_on",
		},
		{"a helper of somebody alone", "/assessments", ons4("review", "self", calm, `,"helper":"carer"`), 422, "invalid", "body.helper"},
		{"an unknown helper", "/assessments", ons4("review", "proxy", calm, `,"helper":"`+secret+`"`), 422, "invalid", "body.helper"},
		{"a helper of somebody alone at a follow-up", done, completion("self", `,"helper":"carer"`), 422, "invalid", "body.helper"},
		{
			"an answer of 100,000 characters", "/assessments",
			w.taken(episode, "mycaw", "review", w.today(), "telephone", "self", `"concern_1":"`+long+`"`, ""),
			422, "invalid", "body.responses.*",
		},
		{
			"an item's name of 100,000 characters", "/assessments", ons4("review", "self", `"`+long+`":1`, ""),
			422, "invalid", "body.responses",
		},
		{
			"a language of 100,000 characters", "/assessments",
			ons4("review", "self", calm, `,"language":"`+long+`"`), 422, "invalid", "body.language",
		},
		{"a timepoint of 100,000 characters", "/assessments", ons4(long, "self", calm, ""), 422, "invalid", "body.timepoint"},
		{"a narrative of 100,000 characters", done, completion("self", `,"narrative":"`+long+`"`), 422, "invalid", "body.narrative"},
		{
			"an item out of range at a follow-up", done, with("ons4", `"anxiety":11`), 422, "invalid",
			"body.assessments[0].responses.anxiety",
		},
		{
			"an unknown instrument at a follow-up", done, with(strings.ToLower(secret), `"anxiety":1`), 422,
			"invalid", "body.assessments[0].instrument",
		},
		{
			"what only the person may answer", "/assessments",
			ons4("review", "proxy", calm, `,"helper":"carer"`), 422, "invalid", "body.respondent",
		},
		{
			"even why there is no answer", "/assessments",
			ons4("review", "proxy", `"anxiety":{"missing":"dont_know"}`, ""), 422, "invalid", "body.respondent",
		},
		{
			"the same at a follow-up", done,
			completion("proxy", `,"assessments":[{"instrument":"ons4","responses":{`+calm+`}}]`), 422,
			"invalid", "body.assessments[0].instrument",
		},
		{
			"one instrument twice at a follow-up", done,
			completion(
				"self",
				`,"assessments":[{"instrument":"ons4","responses":{`+calm+`}},{"instrument":"ons4","responses":{`+calm+`}}]`,
			),
			409, "conflict", "body.assessments[1].instrument",
		},
		{
			"the use of health services where it is off", "/assessments",
			w.taken(episode, "health_service_use", "review", w.today(), "telephone", "self", `"gp_appointments":3`, ""),
			422, "invalid", "body.instrument",
		},
		{
			"the same at a follow-up", done, with("health_service_use", `"gp_appointments":3`), 422, "invalid",
			"body.assessments[0].instrument",
		},
	} {
		a := lw.post(c.path, c.body)
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d: %.300s", c.what, a.status, c.status, a.body)
			continue
		}
		a.problem(c.status, c.code, secret, strings.ToLower(secret), strings.Repeat("x", 50))
		if c.place != "" && a.text("errors.0.location") != c.place {
			t.Errorf("%s: placed at %s, not %s", c.what, a.text("errors.0.location"), c.place)
		}
	}
	if after := recorded(); after != before {
		t.Errorf("something was recorded all the same: before %s, after %s", before, after)
	}
}

// What is worth knowing is said, and never stops anything.
func TestWarningsNeverBlock(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	ask := func(timepoint, on, mode, respondent, responses, more string) answer {
		t.Helper()
		return lw.post("/assessments", w.taken(episode, "ons4", timepoint, on, mode, respondent, responses, more)).
			want(201)
	}
	expect := func(a answer, want ...string) {
		t.Helper()
		if got := a.warnings(); !slices.Equal(got, want) {
			t.Errorf("warned of %v, want %v: %s", got, want, a.body)
		}
	}
	expect(ask("review", w.daysAgo(20), "telephone", "self", calm, ""), "no_baseline")
	baseline := ask("baseline", w.daysAgo(25), "telephone", "self", calm, "")
	expect(baseline)
	expect(ask("review", w.daysAgo(19), "paper", "self", calm, ""), "mode_differs")
	expect(ask("review", w.daysAgo(19), "telephone", "self_with_help", calm, ""), "helper_not_said")
	expect(ask("review", w.daysAgo(19), "telephone", "self_with_help", calm, `,"helper":"interpreter"`))
	alone := w.taken(
		episode,
		"ons_loneliness",
		"review",
		w.daysAgo(19),
		"telephone",
		"proxy",
		`"companionship":2,"left_out":1,"isolated":1,"lonely":"never"`,
		`,"helper":"carer"`,
	)
	expect(lw.post("/assessments", alone).want(201), "proxy_answers", "no_baseline")
	expect(ask("review", w.daysAgo(25), "telephone", "self", calm, ""), "same_day_as_baseline")
	partly := ask(
		"review",
		w.daysAgo(18),
		"telephone",
		"self",
		`"life_satisfaction":5,"worthwhile":6,"anxiety":{"missing":"dont_know"}`,
		"",
	)
	expect(partly, "items_left_out", "score_not_made")
	if left, unmade := partly.text(
		"warnings.0.detail",
	), partly.text(
		"warnings.1.detail",
	); !strings.Contains(left, "happiness") || strings.Contains(left, "anxiety") ||
		!strings.Contains(unmade, "happiness, anxiety") {
		t.Errorf("left out: %s; not made: %s", left, unmade)
	}
	early := ask("m9_12", w.daysAgo(10), "online", "self_with_help", `"anxiety":1`, "")
	expect(
		early,
		"helper_not_said",
		"outside_contact_window",
		"outside_analysis_window",
		"items_left_out",
		"score_not_made",
		"mode_differs",
	)
	if got := lw.get("/assessments/" + early.text("id")).
		want(200); got.at("warnings") != nil ||
		got.at("helper") != nil {
		t.Errorf("read again: %s", got.body)
	}
	corrected := lw.post("/assessments/"+early.text("id")+"/correction", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self_with_help","helper":"family_friend","responses":{%s}}`, w.daysAgo(10), calm)).want(201)
	expect(corrected, "outside_contact_window", "outside_analysis_window")
	if corrected.text("helper") != "family_friend" || corrected.text("follow_up_id") != early.text("follow_up_id") {
		t.Errorf("corrected: %s", corrected.body)
	}
}

// A baseline after the person began with what they were referred to is taken, and said to be late.
func TestABaselineAfterTheStartIsSaidToBeLate(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for what, begin := range map[string]func(referral string){
		"attended": func(r string) {
			lw.post(
				"/referrals/"+r+"/attendances",
				fmt.Sprintf(`{"on":%q,"attended":true,"reported_by":"organisation"}`, w.daysAgo(10)),
			).want(201)
		},
		"attended earlier than was known at first": func(r string) {
			for _, days := range []int{2, 10} {
				lw.post("/referrals/"+r+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,
					"reported_by":"organisation"}`, w.daysAgo(days))).want(201)
			}
		},
		"begun": func(r string) {
			at := w.db.Clock.Now().AddDate(0, 0, -10).Format("2006-01-02T15:04:05Z07:00")
			lw.post("/referrals/"+r+"/moves", fmt.Sprintf(`{"to":"in_progress","occurred_at":%q,
				"reported_by":"organisation"}`, at)).want(200)
		},
	} {
		_, episode := w.supported()
		referral := w.refer(episode) // twenty days ago
		if got := w.ons4(episode, "baseline", w.daysAgo(9), 4, 5, 3, 8).want(201); len(got.warnings()) != 0 {
			t.Errorf("before anything began: %v", got.warnings())
		}
		begin(referral)
		swemwbs := func(on string) answer {
			items := []string{}
			for n := range 7 {
				items = append(items, fmt.Sprintf(`"item_%d":3`, n+1))
			}
			return lw.post("/assessments", w.taken(episode, "swemwbs", "baseline", on, "paper", "self", strings.Join(items, ","), "")).
				want(201)
		}
		late := swemwbs(w.daysAgo(9))
		if got := late.warnings(); !slices.Equal(got, []string{"baseline_after_attendance"}) {
			t.Errorf("%s: warned of %v", what, got)
		}
		same := lw.post("/assessments/"+late.text("id")+"/correction", fmt.Sprintf(`{"completed_on":%q,
			"mode":"paper","respondent":"self","responses":{"item_1":3}}`, w.daysAgo(10))).want(201)
		if got := same.warnings(); slices.Contains(got, "baseline_after_attendance") {
			t.Errorf("%s: on the same day it may have come first: %v", what, got)
		}
	}
}

// An assessment by itself at a follow-up's timepoint belongs to that follow-up, which stays due.
func TestAnAssessmentByItselfBelongsToItsFollowUp(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	followUp := lw.get("/follow-ups?episode_id=" + episode).text("items.0.id")
	w.advance("P10M")
	alone := w.ons4(episode, "m9_12", w.today(), 6, 6, 6, 4).want(201)
	if alone.text("follow_up_id") != followUp {
		t.Errorf("it belongs to %v", alone.at("follow_up_id"))
	}
	f := lw.get("/follow-ups/" + followUp).want(200)
	if f.at("completion") != nil || f.text("state") != "due" && f.text("state") != "overdue" ||
		f.text("assessments.0.id") != alone.text("id") ||
		f.number("assessments.0.scores.0.value") != 6 {
		t.Errorf("before it is completed: %s", f.body)
	}
	completion := func(more string) answer {
		return lw.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,
			"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some"%s}`, w.today(), more))
	}
	refused := completion(`,"assessments":[{"instrument":"ons4","responses":{"anxiety":1}}]`).problem(409, "conflict")
	if refused.text("errors.0.location") != "body.assessments[0].instrument" ||
		!strings.Contains(refused.text("detail"), "recorded at this follow-up already") {
		t.Errorf("refused: %s", refused.body)
	}
	done := completion("").want(201)
	if done.text("state") != "completed" || done.text("assessments.0.id") != alone.text("id") ||
		len(done.warnings()) != 0 ||
		done.text("completion.assessments.0.instrument") != "ons4" {
		t.Errorf("completed: %s", done.body)
	}
	if figures := w.as("site_manager").get("/insights/outcomes").want(200); figures.number("rows.0.paired_n") != 1 {
		t.Errorf("paired: %s", figures.body)
	}
}

// The use of health services is off until a site switches it on, never shown alone, and in no figure.
func TestTheUseOfHealthServicesIsContext(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	_, episode := w.supported()
	_, bare := w.supported()
	use := func(episode, timepoint string) answer {
		return lw.post(
			"/assessments",
			w.taken(
				episode,
				"health_service_use",
				timepoint,
				w.today(),
				"telephone",
				"self",
				`"gp_appointments":4,"other_practice_appointments":1,"ae_attendances":0`,
				"",
			),
		)
	}
	if site := admin.get("/sites/" + w.site).want(200); site.at("health_service_use") != false {
		t.Errorf("a new site: %s", site.body)
	}
	use(episode, "review").problem(422, "invalid")
	admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), `{"health_service_use":true}`).
		want(200)

	if first := use(
		bare,
		"baseline",
	).want(201); !slices.Contains(first.warnings(), "context_alone") || len(first.at("beside").([]any)) != 0 ||
		first.text("caution") == "" {
		t.Errorf("alone: %s", first.body)
	}
	if e := lw.get("/episodes/" + bare).
		want(200); e.at("baseline_on") != nil ||
		len(lw.get("/follow-ups?episode_id="+bare).items()) != 0 {
		t.Errorf("context anchors a follow-up: %s", e.body)
	}
	baseline := w.ons4(episode, "baseline", w.daysAgo(5), 4, 5, 3, 8).want(201)
	if baseline.at("beside") != nil || baseline.at("caution") != nil {
		t.Errorf("an outcome needs nothing beside it: %s", baseline.body)
	}
	shown := func(a answer, at string) {
		t.Helper()
		if a.text(at+"beside.0.instrument") != "ons4" || a.number(at+"beside.0.scores.0.value") != 4 ||
			a.text(at+"beside.0.completed_on") != w.daysAgo(5) ||
			!strings.Contains(a.text(at+"caution"), "regresses to the mean") {
			t.Errorf("%s: %s", a.call, a.body)
		}
	}
	recorded := use(episode, "baseline").want(201)
	shown(recorded, "")
	if len(recorded.at("scores").([]any)) != 0 || slices.Contains(recorded.warnings(), "context_alone") {
		t.Errorf("recorded: %s", recorded.body)
	}
	shown(lw.get("/assessments/"+recorded.text("id")).want(200), "")
	shown(lw.get("/episodes/"+episode+"/assessments").want(200), "items.1.")
	corrected := lw.post("/assessments/"+baseline.text("id")+"/correction", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","responses":{"life_satisfaction":9}}`, w.daysAgo(5))).want(201)
	if again := lw.get("/assessments/" + recorded.text("id")).
		want(200); len(again.at("beside").([]any)) != 1 ||
		again.number("beside.0.scores.0.value") != 9 {
		t.Errorf("after %s a corrected one stands beside it: %s", corrected.text("id"), again.body)
	}
	w.advance("P10M")
	followUp := lw.get("/follow-ups?episode_id=" + episode).text("items.0.id")
	done := lw.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","how_have_you_been":"better","benefit":"some",
		"assessments":[{"instrument":"health_service_use","responses":{"gp_appointments":1,
			"other_practice_appointments":0,"ae_attendances":0}}]}`, w.today())).want(201)
	if !slices.Contains(done.warnings(), "context_alone") ||
		done.number("assessments.0.beside.0.scores.0.value") != 9 ||
		done.text("assessments.0.caution") == "" {
		t.Errorf("a follow-up of nothing else: %s", done.body)
	}
	if f := lw.get("/follow-ups/" + followUp).
		want(200); f.text("assessments.0.caution") == "" ||
		f.text("assessments.0.beside.0.instrument") != "ons4" {
		t.Errorf("read again: %s", f.body)
	}
	admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), `{"health_service_use":false}`).
		want(200)
	use(episode, "review").problem(422, "invalid")
	lw.post("/assessments/"+recorded.text("id")+"/correction", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","responses":{"gp_appointments":3}}`, w.today())).want(201) // what is wrong may be put right
	for _, role := range []string{"site_manager", "dashboard"} {
		if figures := w.as(role).
			get("/insights/outcomes").
			want(200); strings.Contains(string(figures.body), "health_service_use") ||
			strings.Contains(string(figures.body), "gp_appointments") {
			t.Errorf("a figure of context: %s", figures.body)
		}
	}
}

// A corrected anchor moves what is open or only missed, and leaves what is completed or lost as it was.
func TestACorrectedAnchorLeavesHistory(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	one := func(code string, from int) string {
		return fmt.Sprintf(`{"code":%q,"anchor":"baseline","opens_after":"P%dD","target_after":"P%dD",
			"closes_after":"P%dD","analysis_from":1,"analysis_to":400}`, code, from, from+5, from+10)
	}
	admin.patch(
		"/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"),
		`{"schedules":[`+one("answered", 1)+`,`+one("gone", 1)+`,`+one("passed", 1)+`,`+one("open", 12)+`,`+one("ahead", 50)+`]}`,
	).want(200)
	patient, episode := w.supported()
	baseline := w.ons4(episode, "baseline", w.daysAgo(20), 4, 5, 3, 8).made()
	followUps := func() map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, f := range lw.get("/follow-ups?episode_id=" + episode).want(200).items() {
			out[f.(map[string]any)["code"].(string)] = f.(map[string]any)
		}
		return out
	}
	at := func(code string) string { return "/follow-ups/" + followUps()[code]["id"].(string) }
	lw.post(at("answered")+"/completion", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
		"respondent":"self","how_have_you_been":"better","benefit":"some"}`, w.daysAgo(2))).want(201)
	lw.post(at("gone")+"/loss", `{"reason":"could_not_contact"}`).want(200)
	before := followUps()
	if before["passed"]["state"] != "missed" ||
		before["open"]["state"] != "overdue" && before["open"]["state"] != "due" {
		t.Fatalf("to begin with: %v", before)
	}
	correct := func(on string) {
		t.Helper()
		a := lw.post("/assessments/"+baseline+"/correction", fmt.Sprintf(`{"completed_on":%q,"mode":"telephone",
			"respondent":"self","responses":{%s}}`, on, calm))
		baseline = a.made()
	}
	correct(w.daysAgo(8))
	after := followUps()
	for code, moves := range map[string]bool{"answered": false, "gone": false, "passed": true, "open": true, "ahead": true} {
		moved := after[code]["anchor_on"] == w.daysAgo(8) && after[code]["opens_on"] != before[code]["opens_on"] &&
			after[code]["closes_on"] != before[code]["closes_on"] &&
			after[code]["analysis_to"] != before[code]["analysis_to"]
		same := fmt.Sprint(after[code]) == fmt.Sprint(before[code])
		if moves && !moved || !moves && !same {
			t.Errorf("%s: before %v, after %v", code, before[code], after[code])
		}
	}
	if after["passed"]["state"] != "overdue" || after["open"]["state"] != "upcoming" {
		t.Errorf("what was missed is %v, what was open is %v", after["passed"]["state"], after["open"]["state"])
	}
	if n := strings.Count(
		string(lw.get("/patients/"+patient+"/timeline?limit=200").want(200).body),
		`"follow_up.moved"`,
	); n != 3 {
		t.Errorf("%d moves on the timeline, not 3", n)
	}
	correct(w.daysAgo(8))
	if n := strings.Count(
		string(lw.get("/patients/"+patient+"/timeline?limit=200").want(200).body),
		`"follow_up.moved"`,
	); n != 3 {
		t.Errorf("the same day moved something: %d", n)
	}
}

// Nobody answers after their death; what they said before it may be recorded late.
func TestNobodyAnswersAfterTheirDeath(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(20), 4, 5, 3, 8).want(201)
	lw.patch("/patients/"+patient, lw.get("/patients/"+patient).header.Get("ETag"), fmt.Sprintf(`{"died_on":%q}`, w.daysAgo(5))).
		want(200)
	followUp := lw.get("/follow-ups?episode_id=" + episode).text("items.0.id")
	said := func(on, respondent string) answer {
		return lw.post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,
			"mode":"telephone","respondent":%q,"how_have_you_been":"better","benefit":"some"}`, on, respondent))
	}
	for _, refused := range []answer{
		w.ons4(episode, "review", w.daysAgo(4), 4, 5, 3, 8), said(w.daysAgo(4), "self"),
		said(w.today(), "proxy"),
	} {
		refused.problem(422, "invalid")
		if at := refused.text("errors.0.location"); at != "body.completed_on" {
			t.Errorf("told at %s", at)
		}
	}
	lw.post("/follow-ups/"+followUp+"/loss", `{"reason":"died"}`).want(200)
	w.ons4(episode, "review", w.daysAgo(5), 4, 5, 3, 8).want(201)
	said(w.daysAgo(6), "self").want(201)
}
