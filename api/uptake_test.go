package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// account is what both sides say of one referral.
type account struct {
	came          bool   // the organisation reports that the person came
	used, benefit string // the person's words at a follow-up; empty: not asked
}

// told records a referral for each account, ten months ago, and what became of it.
func (w *world) told(accounts []account) (followUps []string) {
	w.t.Helper()
	c := w.as("link_worker")
	var referrals []string
	for i, a := range accounts {
		patient := c.post("/patients", fmt.Sprintf(`{"given_name":"P","family_name":"Told%d",
			"birth_date":"1950-04-01","imd_decile":%d,"imd_version":"2025"}`, i, 1+i%10)).made()
		w.consent(patient, "share_with_organisations", "given")
		episode := w.episode(patient)
		w.ons4(episode, "baseline", w.today(), 4, 5, 4, 6).want(201)
		referral := w.refer(episode)
		if a.came {
			c.post("/referrals/"+referral+"/attendances", fmt.Sprintf(`{"on":%q,"attended":true,
				"reported_by":"organisation"}`, w.today())).want(201)
		}
		referrals = append(referrals, referral)
		followUps = append(followUps, c.get("/follow-ups?episode_id="+episode).text("items.0.id"))
	}
	w.advance("P10M")
	for i, a := range accounts {
		if a.used != "" {
			c.post("/follow-ups/"+followUps[i]+"/completion", fmt.Sprintf(`{"completed_on":%q,
				"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some",
				"services":[{"referral_id":%q,"used":%q,"benefit":%q}],"assessments":[]}`,
				w.today(), referrals[i], a.used, a.benefit)).want(201)
		}
	}
	return followUps
}

func TestUptakeComparesBothAccounts(t *testing.T) {
	w := newWorld(t)
	w.told([]account{
		// both say so
		{true, "used_stopped", "a_lot"}, {true, "still_using", "not_at_all"}, {true, "still_using", "made_worse"},
		{false, "did_not_use", "not_applicable"}, {false, "not_yet", "not_applicable"}, // neither
		{false, "used_stopped", "a_little"},              // the person alone
		{true, "did_not_use", "not_applicable"},          // the organisation alone
		{true, "do_not_remember", "dont_know"},           // the person does not say
		{true, "", ""}, {false, "", ""}, {false, "", ""}, // not asked
	})
	_, episode := w.supported()
	for _, more := range []string{`"kind":"signpost"`, `"kind":"referral","draft":true`} {
		w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food",
			"reason":"x",%s}`, episode, w.svc, more)).made()
	}
	wrong := w.refer(episode)
	w.as("link_worker").post("/referrals/"+wrong+"/moves", `{"to":"entered_in_error"}`).want(200)
	got := w.as("site_manager").get("/insights/uptake").want(200)
	for name, want := range map[string]float64{
		"referrals": 11, "ever_accepted": 6, "organisation_says_attended": 6, "completed": 0, "asked": 8,
		"both_say_used": 3, "neither_says_used": 2, "person_alone_says_used": 1,
		"organisation_alone_says_used": 1, "person_does_not_say": 1, "agreement_percent": 71.4, "benefited": 2,
		"not_benefited": 1, "made_worse": 1, "signposts": 1,
	} {
		if n := got.number("rows.0." + name); n != want {
			t.Errorf("%s is %v, want %v", name, n, want)
		}
	}
	partner := w.as("dashboard").get("/insights/uptake").want(200)
	for name, v := range partner.at("rows.0").(map[string]any) {
		if n, is := v.(float64); is && n != 0 && n < 8 {
			t.Errorf("a partner sees %v as %s", n, name)
		}
	}
	if referrals := w.as("site_manager").
		get("/insights/referrals").
		want(200); referrals.number("rows.0.referrals") != 11 || referrals.number("rows.0.in_progress") != 6 ||
		referrals.number("rows.0.sent") != 5 ||
		referrals.number("rows.0.signposts") != 1 {
		t.Errorf("%s", referrals.body)
	}
	if services := w.as("site_manager").
		get("/insights/services").
		want(200); services.number("rows.1.referrals") != 11 || services.number("rows.1.attended") != 6 ||
		services.text("rows.1.service_name") != "Wednesday lunch" ||
		services.number("rows.2.referrals") != 0 {
		t.Errorf("%s", services.body)
	}
	if complete := w.as("site_manager").
		get("/insights/missing").
		want(200); complete.text("rows.0.field") != "nhs_number" || complete.number("rows.0.expected") != 12 ||
		complete.number("rows.0.missing") != 12 ||
		complete.number("rows.10.known") != 12 {
		t.Errorf("%s", complete.body)
	}
	if flow := w.as("site_manager").
		get("/insights/flow").
		want(200); flow.number("rows.0.received_in") != 12 ||
		flow.number("rows.0.contacted") != 0 {
		t.Errorf("%s", flow.body)
	}
	for _, by := range []string{"site", "month", "need_group", "deprivation", "ethnic_group", "gender", "age_band"} {
		addUp(t, w.as("site_manager").get("/insights/flow?by="+by).want(200), "received_in", "follow_up_answered")
		addUp(t, w.as("site_manager").get("/insights/referrals?by="+by).want(200), "referrals", "in_progress", "signposts")
		addUp(
			t,
			w.as("site_manager").get("/insights/uptake?by="+by).want(200),
			"referrals",
			"organisation_says_attended",
			"benefited",
			"signposts",
		)
		addUp(t, w.as("site_manager").get("/insights/retention?by="+by).want(200), "eligible", "followed_up", "still_open")
	}
	if none := w.as("site_manager").
		get("/insights/uptake?from=2001-01&to=2001-12").
		want(200); none.number(
		"rows.0.referrals",
	) != 0 {
		t.Errorf("long before: %s", none.body)
	}
}

// addUp: the first row is all others together.
func addUp(t *testing.T, a answer, names ...string) {
	t.Helper()
	rows := a.at("rows").([]any)
	for _, name := range names {
		sum := 0.0
		for _, r := range rows[1:] {
			sum += r.(map[string]any)[name].(float64)
		}
		if all := rows[0].(map[string]any)[name]; all != sum || len(rows) < 2 {
			t.Errorf("%s: %s is %v in all and %v in its %d rows", a.call, name, all, sum, len(rows)-1)
		}
	}
}

func TestFiguresAsCSVAreTheSame(t *testing.T) {
	w := newWorld(t)
	w.told([]account{{true, "used_stopped", "a_lot"}, {false, "", ""}})
	for _, path := range []string{
		"/insights/retention?by=site", "/insights/uptake?by=deprivation", "/insights/outcomes?by=site",
		"/insights/flow?by=gender", "/insights/referrals?by=month", "/insights/movement?from=2001-01",
		"/insights/equity?from=2001-01", "/insights/services?from=2001-01", "/insights/missing?by=site",
	} {
		whole := w.as("site_manager").get(path).want(200)
		rows := whole.at("rows").([]any)
		var top map[string]any
		if err := json.Unmarshal(whole.body, &top); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(string(w.as("site_manager").get(path + "&format=csv").want(200).body))).
			ReadAll()
		if err != nil || len(lines) != len(rows)+1 {
			t.Fatalf("%s: %d lines of %d rows: %v", path, len(lines), len(rows), err)
		}
		if end := lines[0][len(lines[0])-4:]; !slices.Equal(end, []string{"metric", "version", "as_of", "caution"}) {
			t.Errorf("%s does not say what it is: %v", path, end)
		}
		for i, line := range lines[1:] {
			for j, name := range lines[0] {
				want := ""
				v := rows[i].(map[string]any)[name]
				switch {
				case slices.Contains([]string{"metric", "version", "caution"}, name):
					v = top[name]
				case strings.HasSuffix(name, "as_of"): // now, and now again
					if _, err := time.Parse(time.RFC3339, line[j]); err != nil {
						t.Errorf("%s, row %d: %s is %q", path, i, name, line[j])
					}
					continue
				}
				if v != nil {
					b, _ := json.Marshal(v)
					want = strings.Trim(string(b), `"`)
				}
				if line[j] != want {
					t.Errorf("%s, row %d: %s is %q in CSV and %q in JSON", path, i, name, line[j], want)
				}
			}
		}
	}
}

// Whatever the catalogue says that a metric can be divided by, it can.
func TestTheCatalogueIsKept(t *testing.T) {
	w := newWorld(t)
	c := w.as("dashboard")
	for _, entry := range c.get("/insights").want(200).at("items").([]any) {
		e := entry.(map[string]any)
		c.get("/insights/" + e["id"].(string)).want(200)
		for _, by := range e["dimensions"].([]any) {
			c.get(fmt.Sprintf("/insights/%s?by=%s", e["id"], by)).want(200)
		}
	}
}

func TestBadQuestionsOfFigures(t *testing.T) {
	w := newWorld(t)
	for _, metric := range []string{"retention", "uptake", "flow", "referrals"} {
		for query, status := range map[string]int{
			"by=nonsense": 422, "month=1": 400, "from=2026-13": 422, "from=2026-05&to=2026-04": 422,
			"from=2026-05-01": 422, "format=xml": 422,
		} {
			a := w.as("dashboard").get("/insights/" + metric + "?" + query)
			if a.status != status || strings.Contains(string(a.body), "nonsense") {
				t.Errorf("%s: %d %s", a.call, a.status, a.body)
			}
		}
		w.as("site_manager").get("/insights/"+metric+"?site_id="+w.other).problem(404, "not_found", w.other)
	}
}

// Whoever dies after they answered stays; whoever dies before leaves the denominator.
func TestTheDeadAreApart(t *testing.T) {
	w := newWorld(t)
	followUps := w.told([]account{{true, "used_stopped", "a_lot"}, {false, "", ""}, {false, "", ""}})
	dies := func(followUp string) {
		patient := w.as("link_worker").get("/follow-ups/" + followUp).text("patient_id")
		etag := w.as("link_worker").get("/patients/" + patient).header.Get("ETag")
		w.as("link_worker").patch("/patients/"+patient, etag, fmt.Sprintf(`{"died_on":%q}`, w.today())).want(200)
	}
	dies(followUps[0])
	dies(followUps[1])
	got := w.as("site_manager").get("/insights/retention").want(200)
	if got.number("rows.0.died") != 1 || got.number("rows.0.eligible") != 2 || got.number("rows.0.followed_up") != 1 ||
		got.number("rows.0.still_open") != 1 ||
		got.number("rows.0.retention_percent") != 100 {
		t.Errorf("%s", got.body)
	}
	// Whoever lived until the window had closed could have been asked, and was missed; nobody is asked now.
	w.advance("P6M")
	dies(followUps[2])
	got = w.as("site_manager").get("/insights/retention").want(200)
	if got.number("rows.0.died") != 1 || got.number("rows.0.eligible") != 2 || got.number("rows.0.missed") != 1 ||
		got.number("rows.0.retention_percent") != 50 {
		t.Errorf("%s", got.body)
	}
	if state := w.as("link_worker").get("/follow-ups/" + followUps[2]).text("state"); state != "paused" {
		t.Errorf("it is %s", state)
	}
	for _, row := range w.as("site_manager").get("/insights/completers").want(200).at("rows").([]any) {
		if row := row.(map[string]any); row["characteristic_value"] == nil &&
			(row["followed_up"] != 1.0 || row["not_followed_up"] != 1.0) {
			t.Errorf("compared are %v", row)
		}
	}
}

// What somebody says helped them though they did not use it is kept as they said it, and told to whoever wrote it down.
func TestHelpedByWhatWasNotUsed(t *testing.T) {
	w, _, episode, followUp := asked(t)
	second := w.refer(episode)
	first := w.as("link_worker").get("/referrals?episode_id=" + episode).text("items.0.id")
	if first == second {
		first = w.as("link_worker").get("/referrals?episode_id=" + episode).text("items.1.id")
	}
	got := w.as("link_worker").post("/follow-ups/"+followUp+"/completion", fmt.Sprintf(`{"completed_on":%q,
		"mode":"telephone","respondent":"self","how_have_you_been":"better","benefit":"some",
		"services":[{"referral_id":%q,"used":"did_not_use","benefit":"a_lot"},{"referral_id":%q,
			"used":"did_not_use","benefit":"not_at_all"},{"name":"A choir","used":"not_yet","benefit":"some"}]}`,
		w.today(), first, second)).want(201)
	if n := strings.Count(string(got.body), `"benefit_without_use"`); n != 2 {
		t.Errorf("%d warnings: %s", n, got.body)
	}
	if said := w.as("link_worker").get("/referrals/" + first).text("patient_account.benefit"); said != "a_lot" {
		t.Errorf("kept is %s", said)
	}
}
