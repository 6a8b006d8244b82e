package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// intake is the body of one in which everything is right, with some of its parts changed.
func (w *world) intake(parts map[string]string) string {
	w.t.Helper()
	today := w.today()
	whole := map[string]string{
		"patient": `{"given_name":"Marigold","family_name":"Example","birth_date":"1950-04-01",
			"nhs_number":"943 476 5919"}`,
		"consents": fmt.Sprintf(`[{"purpose":"share_with_organisations","decision":"given","decided_on":%q}]`, today),
		"episode": fmt.Sprintf(
			`{"source":"gp","received_on":%q,"needs":{"primary":"loneliness_isolation"}}`,
			w.daysAgo(10),
		),
		"contact": fmt.Sprintf(`{"on":%q,"mode":"telephone","kind":"first_contact","outcome":"spoke"}`, today),
		"assessment": fmt.Sprintf(`{"instrument":"ons4","completed_on":%q,"mode":"telephone",
			"respondent":"self","responses":{"life_satisfaction":4,"worthwhile":5,"happiness":3,"anxiety":8}}`, today),
		"referrals": fmt.Sprintf(`[{"service_id":%[1]q,"need":"loneliness_isolation","reason":"Lives alone"},
			{"organisation_id":%[2]q,"kind":"signpost","need":"food"}]`, w.svc, w.org),
	}
	maps.Copy(whole, parts)
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		if whole[name] != "" {
			fields = append(fields, fmt.Sprintf("%q:%s", name, whole[name]))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// rowsOf counts the rows of every table that an intake writes to.
func (w *world) rowsOf() (n map[string]int) {
	w.t.Helper()
	n = map[string]int{}
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		for _, table := range []string{
			"patients", "consents", "episodes", "contacts", "assessments", "assessment_scores", "follow_ups",
			"referrals", "events", "external_ids",
		} {
			var rows int
			if err := tx.Raw("select count(*) from " + table).Scan(&rows).Error; err != nil {
				return err
			}
			n[table] = rows
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// An intake records what the single calls would, and says what is worth knowing of each part.
func TestAnIntakeRecordsEverything(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	body := w.intake(map[string]string{"referrals": fmt.Sprintf(`[{"service_id":%[1]q,"need":"food"},
		{"service_id":%[1]q,"need":"food"},{"organisation_id":%[2]q,"kind":"signpost","need":"food"},
		{"service_id":%[1]q,"need":"food","draft":true}]`, w.svc, w.org)})
	a := lw.with("Idempotency-Key", "intake-1").post("/intakes", body).want(201)
	episode, patient := a.text("episode_id"), a.text("patient_id")
	if a.header.Get("Location") != "/v1/episodes/"+episode || a.header.Get("ETag") != "" {
		t.Errorf("header %v", a.header)
	}
	for path, got := range map[string]any{
		"/episodes/" + episode: a.at("episode"), "/patients/" + patient: a.at("patient"),
		"/contacts/" + a.text("contact.id"): a.at("contact"),
	} {
		if read := lw.get(path).want(200).at("id"); read != got.(object)["id"] {
			t.Errorf("%s: %v", path, read)
		}
	}
	if a.text("episode.status") != "active" || a.text("episode.first_contact_on") != w.today() ||
		a.text("episode.baseline_on") != w.today() ||
		a.text("episode.link_worker_id") != w.worker {
		t.Errorf("the episode: %v", a.at("episode"))
	}
	if etag := lw.get(
		"/episodes/" + episode,
	).header.Get(
		"ETag",
	); etag != fmt.Sprintf(
		"%q",
		fmt.Sprint(a.number("episode.version")),
	) {
		t.Errorf("the episode's version is %v, its ETag %s", a.at("episode.version"), etag)
	}
	if got := []string{
		a.text("referrals.0.status"),
		a.text("referrals.1.status"),
		a.text("referrals.2.status"),
		a.text("referrals.3.status"),
	}; !slices.Equal(
		got,
		[]string{"sent", "sent", "signposted", "draft"},
	) {
		t.Errorf("referrals are %v", got)
	}
	if a.text("warnings.0.location") != "body.referrals[1]" || a.text("warnings.0.code") != "open_referral_exists" {
		t.Errorf("warnings %v", a.at("warnings"))
	}
	if lw.get("/follow-ups?episode_id="+episode).text("items.0.code") != "m9_12" ||
		lw.get("/patients/"+patient+"/consents").text("items.0.decision") != "given" {
		t.Error("no follow-up was planned, or no consent recorded")
	}
	if seen := w.as("organisation").
		get("/referrals/" + a.text("referrals.0.id")).
		want(200); seen.text(
		"person.name",
	) != "Marigold Example" {
		t.Errorf("the organisation sees %s", seen.body)
	}
	before := w.rowsOf()
	again := lw.with("Idempotency-Key", "intake-1").post("/intakes", body).want(201)
	if again.header.Get("Idempotency-Replayed") != "true" || string(again.body) != string(a.body) ||
		!maps.Equal(before, w.rowsOf()) {
		t.Errorf("the repeat: %v", again.header)
	}
	lw.with("Idempotency-Key", "intake-1").post("/intakes", w.intake(nil)).problem(422, "idempotency_mismatch")

	known := lw.post(
		"/intakes",
		w.intake(
			map[string]string{
				"patient": "", "patient_id": fmt.Sprintf("%q", patient), "consents": "", "contact": "",
				"assessment": "", "referrals": "",
			},
		),
	).want(201)
	lw.post(
		"/intakes",
		w.intake(
			map[string]string{
				"patient": "null", "patient_id": fmt.Sprintf("%q", patient), "consents": "null",
				"contact": "null", "assessment": "null", "referrals": "null",
			},
		),
	).want(201)
	if known.text("patient.id") != patient || known.text("episode.status") != "waiting" || known.at("contact") != nil ||
		known.at("assessment") != nil ||
		len(known.at("referrals").([]any)) != 0 ||
		w.logged("intake") != 2 {
		t.Errorf("of somebody known: %s", known.body)
	}
}

// Whatever part fails, the fault says which and nothing at all is recorded.
func TestAnIntakeIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	admin := w.as("administrator")
	full := admin.post("/organisations/"+w.org+"/services", `{"name":"Closed group"}`).made()
	admin.put("/services/"+full+"/capacity", `{"capacity":"closed"}`).want(200)
	lw.post("/patients", `{"given_name":"Taken","family_name":"Number","birth_date":"1950-04-01",
		"nhs_number":"4010232137","external_ids":[{"system":"emis","value":"A-1"}]}`).made()
	foreign := w.as("other_site_link_worker").post("/patients", `{"given_name":"Other","family_name":"Site",
		"birth_date":"1950-04-01"}`).made()
	before := w.rowsOf()
	good := fmt.Sprintf(`{"service_id":%q,"need":"food"}`, w.svc)
	for _, c := range []struct {
		what   string
		parts  map[string]string
		status int
		code   string
		where  string
	}{
		{
			"a number with a wrong check digit",
			map[string]string{
				"patient": `{"given_name":"` + secret + `","family_name":"B","birth_date":"1950-04-01","nhs_number":"9434765918"}`,
			},
			422, "invalid", "body.patient.nhs_number",
		},
		{
			"a number that is taken",
			map[string]string{
				"patient": `{"given_name":"` + secret + `","family_name":"B","birth_date":"1950-04-01","nhs_number":"4010232137"}`,
			},
			409, "conflict", "body.patient",
		},
		{
			"another system's id that is taken",
			map[string]string{
				"patient": `{"given_name":"` + secret +
					`","family_name":"B","birth_date":"1950-04-01","external_ids":[{"system":"emis","value":"A-1"}]}`,
			},
			409, "conflict", "body.patient",
		},
		{
			"somebody of another site", map[string]string{"patient": "", "patient_id": `"` + foreign + `"`},
			404, "not_found", "body.patient_id",
		},
		{"neither patient nor patient_id", map[string]string{"patient": ""}, 422, "invalid", "body.patient"},
		{"both", map[string]string{"patient_id": `"` + foreign + `"`}, 422, "invalid", "body.patient_id"},
		{"another site", map[string]string{"patient": fmt.Sprintf(`{"site_id":%q,"given_name":"A",
			"family_name":"B","birth_date":"1950-04-01"}`, w.other)}, 404, "not_found", "body.patient"},
		{"a consent of tomorrow", map[string]string{"consents": fmt.Sprintf(`[{"purpose":"research",
			"decision":"given","decided_on":%q},{"purpose":"share_with_organisations","decision":"given",
			"decided_on":%q}]`, w.today(), w.daysAgo(-2))}, 422, "invalid", "body.consents[1].decided_on"},
		{"a consent with an unknown purpose", map[string]string{"consents": fmt.Sprintf(`[{"purpose":%q,
			"decision":"given","decided_on":%q}]`, secret, w.today())}, 422, "invalid", "body.consents[0].purpose"},
		{"no consent to share", map[string]string{"consents": ""}, 422, "consent_required", "body.referrals[0]"},
		{
			"a later refusal in the same list",
			map[string]string{
				"consents": fmt.Sprintf(
					`[{"purpose":"share_with_organisations","decision":"given","decided_on":%[1]q},
						{"purpose":"share_with_organisations","decision":"declined","decided_on":%[1]q}]`,
					w.today(),
				),
			},
			422, "consent_required", "body.referrals[0]",
		},
		{"an episode of tomorrow", map[string]string{"episode": fmt.Sprintf(`{"source":"gp","received_on":%q,
			"needs":{"primary":"food"}}`, w.daysAgo(-2))}, 422, "invalid", "body.episode.received_on"},
		{"an episode of a link worker of nowhere", map[string]string{"episode": fmt.Sprintf(`{"source":"gp",
			"received_on":%q,"link_worker_id":%q,"needs":{"primary":"food"}}`,
			w.today(), nobody())}, 422, "invalid", "body.episode.link_worker_id"},
		{"no episode", map[string]string{"episode": ""}, 422, "invalid", "body"},
		{"a contact before the episode", map[string]string{"contact": fmt.Sprintf(`{"on":%q,"mode":"telephone",
			"kind":"first_contact","outcome":"spoke"}`, w.daysAgo(11))}, 422, "invalid", "body.contact.on"},
		{"a contact with an unknown mode", map[string]string{"contact": fmt.Sprintf(`{"on":%q,"mode":"pigeon",
			"kind":"first_contact","outcome":"spoke"}`, w.today())}, 422, "invalid", "body.contact.mode"},
		{"an item out of range", map[string]string{"assessment": fmt.Sprintf(`{"instrument":"ons4",
			"completed_on":%q,"mode":"telephone","respondent":"self","responses":{"anxiety":11}}`,
			w.today())}, 422, "invalid", "body.assessment.responses.anxiety"},
		{"an instrument of nowhere", map[string]string{"assessment": fmt.Sprintf(`{"instrument":%q,
			"completed_on":%q,"mode":"telephone","respondent":"self","responses":{"anxiety":1}}`,
			secret, w.today())}, 422, "invalid", "body.assessment.instrument"},
		{
			"an assessment at another timepoint",
			map[string]string{
				"assessment": fmt.Sprintf(
					`{"instrument":"ons4","timepoint":"review","completed_on":%q,
						"mode":"telephone","respondent":"self","responses":{"anxiety":1}}`,
					w.today(),
				),
			},
			422, "invalid", "body.assessment.timepoint",
		},
		{
			"a referral without a need",
			map[string]string{"referrals": `[` + good + `,{"service_id":"` + w.svc + `"}]`}, 422, "invalid",
			"body.referrals[1]",
		},
		{
			"a referral with an unknown need",
			map[string]string{"referrals": `[` + good + `,{"service_id":"` + w.svc + `","need":"` + secret + `"}]`},
			422, "invalid", "body.referrals[1].need",
		},
		{
			"a referral to a closed service",
			map[string]string{"referrals": `[` + good + `,{"service_id":"` + full + `","need":"food"}]`}, 409,
			"conflict", "body.referrals[1]",
		},
		{
			"a referral to nowhere",
			map[string]string{"referrals": `[` + good + `,` + good + `,{"need":"food"}]`}, 422, "invalid",
			"body.referrals[2].organisation_id",
		},
		{
			"a referral sent before the episode",
			map[string]string{"referrals": `[` + good + `,{"service_id":"` + w.svc + `","need":"food","sent_at":"2001-01-01T00:00:00Z"}]`},
			422, "invalid", "body.referrals[1].sent_at",
		},
		{
			"a referral that follows somebody else's",
			map[string]string{"referrals": `[{"service_id":"` + w.svc + `","need":"food","follows_referral_id":"` + nobody() + `"}]`},
			422, "invalid", "body.referrals[0].follows_referral_id",
		},
		{
			"a referral that names its episode",
			map[string]string{"referrals": `[{"episode_id":"` + nobody() + `","service_id":"` + w.svc + `","need":"food"}]`},
			422, "invalid", "body.referrals[0]",
		},
		{
			"too many referrals",
			map[string]string{"referrals": `[` + strings.Repeat(good+",", 20) + good + `]`}, 422, "invalid",
			"body.referrals",
		},
		{"a field of nowhere", map[string]string{secret: "1"}, 422, "invalid", "body"},
	} {
		a := lw.post("/intakes", w.intake(c.parts))
		if a.status != c.status || a.text("code") != c.code || a.text("errors.0.location") != c.where {
			t.Errorf("%s: %d %.400s, want %d %s at %s", c.what, a.status, a.body, c.status, c.code, c.where)
		}
		if strings.Contains(string(a.body), secret) {
			t.Errorf("%s: the problem repeats what was sent: %s", c.what, a.body)
		}
		if after := w.rowsOf(); !maps.Equal(before, after) {
			t.Fatalf("%s: something was recorded: before %v, after %v", c.what, before, after)
		}
	}
	w.as("integration").post("/intakes", w.intake(nil)).problem(422, "invalid")
	if after := w.rowsOf(); !maps.Equal(before, after) {
		t.Errorf("without a link worker: something was recorded: before %v, after %v", before, after)
	}
	w.as("integration").with("Waypost-On-Behalf-Of", w.worker).post("/intakes", w.intake(nil)).want(201)
}

// Two who take the same person on at the same instant: one does, the others hear that the number is taken,
// and there is one person.
func TestIntakesOfOneNumberAtOnce(t *testing.T) {
	w := newWorld(t)
	before := w.rowsOf()
	answers := make([]answer, 6)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = w.as("link_worker").post("/intakes", w.intake(nil)) })
	}
	all.Wait()
	made := 0
	for _, a := range answers {
		if a.status == 201 {
			made++
			continue
		}
		a.problem(409, "conflict", "9434765919", "943 476 5919")
	}
	after := w.rowsOf()
	if made != 1 || after["patients"] != before["patients"]+1 || after["episodes"] != before["episodes"]+1 ||
		after["referrals"] != before["referrals"]+2 ||
		after["assessments"] != before["assessments"]+1 {
		t.Errorf("%d intakes were made: before %v, after %v", made, before, after)
	}
}

// A closure may carry the final assessment: both or neither. It names the referrals that stay open.
func TestAClosureWithAFinalAssessment(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	w.ons4(episode, "baseline", w.daysAgo(25), 4, 5, 3, 8).want(201)
	open, done := w.refer(episode), w.refer(episode)
	w.move(done, `{"to":"declined","reason":"no_capacity"}`)
	body := func(anxiety int, more string) string {
		return fmt.Sprintf(`{"closed_on":%[1]q,"reason":"plan_completed","assessment":{"instrument":"ons4",
			"completed_on":%[1]q,"mode":"telephone","respondent":"self"%[3]s,"responses":{"life_satisfaction":7,
			"worthwhile":7,"happiness":6,"anxiety":%[2]d}}}`, w.today(), anxiety, more)
	}
	before := w.rowsOf()
	if a := lw.post("/episodes/"+episode+"/closure", body(11, "")).
		problem(422, "invalid"); a.text(
		"errors.0.location",
	) != "body.assessment.responses.anxiety" {
		t.Errorf("a wrong answer: %s", a.body)
	}
	if a := lw.post("/episodes/"+episode+"/closure", body(3, `,"timepoint":"review"`)).
		problem(422, "invalid"); a.text(
		"errors.0.location",
	) != "body.assessment.timepoint" {
		t.Errorf("another timepoint: %s", a.body)
	}
	lw.post("/episodes/"+episode+"/closure", strings.Replace(body(3, ""), "plan_completed", "nonsense", 1)).
		problem(422, "invalid", "nonsense")
	w.as("other_site_link_worker").post("/episodes/"+episode+"/closure", body(3, "")).problem(404, "not_found")
	if got := lw.get("/episodes/" + episode).text("status"); got != "active" || !maps.Equal(before, w.rowsOf()) {
		t.Fatalf("it is %s; something was recorded", got)
	}
	a := lw.post("/episodes/"+episode+"/closure", body(3, "")).want(200)
	if a.text("status") != "closed" || a.text("assessment.timepoint") != "closure" ||
		a.number("assessment.scores.3.value") != 3 {
		t.Errorf("closed: %s", a.body)
	}
	var left []struct{ ID, OrganisationName, Status string }
	raw, err := json.Marshal(a.at("open_referrals"))
	if err != nil || json.Unmarshal(raw, &left) != nil || len(left) != 1 || left[0].ID != open ||
		left[0].Status != "sent" ||
		a.text("open_referrals.0.organisation_name") != "Example Lunch Club" {
		t.Errorf("still open: %s", raw)
	}
	lw.post("/episodes/"+episode+"/closure", body(3, "")).problem(409, "move_not_allowed")
	if n := len(lw.get("/episodes/" + episode + "/assessments").want(200).items()); n != 2 {
		t.Errorf("%d assessments", n)
	}
	_, plain := w.supported()
	if b := lw.post("/episodes/"+plain+"/closure", `{"reason":"plan_completed"}`).
		want(200); b.at("assessment") != nil ||
		len(b.at("open_referrals").([]any)) != 0 {
		t.Errorf("without an assessment: %s", b.body)
	}
}
