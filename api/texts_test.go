package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api/wire"
	"waypost/internal/platform/db/dbtest"
)

// blanks are texts of which nothing is seen, as JSON writes them.
var blanks = []string{``, `   `, `\u00a0`, `\t\n`, `\u200b\ufeff`}

// A blank text that may be left out is null, whatever it is of and however it comes.
func TestBlankIsNothing(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	patient, episode := w.supported()
	referral := w.refer(episode)
	for _, blank := range blanks {
		p := lw.post("/patients", strings.ReplaceAll(`{"given_name":"Marigold","family_name":"Person",
			"birth_date":"1950-04-01","preferred_name":"B","pronouns":"B","phone":"B","email":"B",
			"postcode":"B","lsoa":"B","gp_practice_code":"B","language":"B","access_needs":"B","nhs_number":"B"}`,
			`"B"`, `"`+blank+`"`)).want(201)
		for _, field := range []string{
			"preferred_name", "pronouns", "phone", "phone_national", "email", "postcode", "lsoa",
			"gp_practice_code", "language", "access_needs", "nhs_number",
		} {
			if got := p.at(field); got != nil {
				t.Errorf("%q of a patient is %q", field, got)
			}
		}
		set := lw.get("/patients/" + patient).want(200)
		set = lw.patch("/patients/"+patient, set.header.Get("ETag"), `{"preferred_name":"Mari",
			"email":"mari@example.org"}`).want(200)
		set = lw.patch("/patients/"+patient, set.header.Get("ETag"), fmt.Sprintf(`{"preferred_name":"%s",
			"email":"%[1]s"}`, blank)).want(200)
		if set.at("preferred_name") != nil || set.at("email") != nil {
			t.Errorf("a patch with a blank takes nothing away: %s", set.body)
		}
		if got := w.as("organisation").
			get("/referrals/" + referral).
			want(200).
			text("person.name"); !strings.HasPrefix(
			got,
			"Marigold Example",
		) {
			t.Errorf("the organisation is told of %q", got)
		}
		c := lw.post("/episodes/"+episode+"/contacts", fmt.Sprintf(`{"on":%q,"mode":"telephone",
			"kind":"support","outcome":"spoke","note":"%s"}`, w.today(), blank)).want(201)
		o := admin.post("/organisations", fmt.Sprintf(`{"name":"Example Club","description":"%s","url":"%[1]s",
			"email":"%[1]s","phone":"%[1]s","charity_number":"%[1]s"}`, blank)).want(201)
		s := admin.post("/organisations/"+o.text("id")+"/services", fmt.Sprintf(`{"name":"Walks",
			"description":"%s","keywords":"%[1]s","eligibility":"%[1]s","fees":"%[1]s","address":"%[1]s",
			"postcode":"%[1]s"}`, blank)).want(201)
		r := lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food","reason":"%s",
			"override_reason":"%[3]s"}`, episode, w.svc, blank)).want(201)
		m := lw.post("/referrals/"+r.text("id")+"/moves", fmt.Sprintf(`{"to":"accepted",
			"reported_by":"organisation","note":"%s"}`, blank)).want(200)
		in := lw.post("/intakes", fmt.Sprintf(`{"patient":{"given_name":"Marigold","family_name":"Person",
			"birth_date":"1950-04-01","preferred_name":"%s"},
			"episode":{"source":"gp","received_on":%q,"needs":{"primary":"food"},"what_matters":"%[1]s"},
			"assessment":{"instrument":"ons4","completed_on":%[2]q,"mode":"telephone","respondent":"self",
				"language":"%[1]s","responses":{"happiness":4}}}`, blank, w.today())).want(201)
		for what, got := range map[string]any{
			"note of a contact": c.at("note"), "description": o.at("description"), "url": o.at("url"),
			"email": o.at("email"), "phone": o.at("phone"), "charity number": o.at("charity_number"),
			"description of a service": s.at("description"), "keywords": s.at("keywords"),
			"eligibility": s.at("eligibility"), "fees": s.at("fees"), "address": s.at("address"),
			"postcode": s.at("postcode"), "reason": r.at("reason"), "override_reason": r.at("override_reason"),
			"preferred name of an intake": in.at("patient.preferred_name"),
			"what matters":                in.at("episode.what_matters"),
			"language of an assessment":   in.at("assessment.language"),
		} {
			if got != nil {
				t.Errorf("the %s is %q and not null", what, got)
			}
		}
		a := w.as("link_worker").post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4",
			"timepoint":"review","completed_on":%q,"mode":"telephone","respondent":"self",
			"responses":{"happiness":4,"anxiety":"%s"}}`, in.text("episode_id"), w.today(), blank)).want(201)
		if answers, _ := a.at("responses").(map[string]any); len(answers) != 1 {
			t.Errorf("a blank answer is one: %s", a.body)
		}
		o = admin.patch("/organisations/"+o.text("id"), o.header.Get("ETag"), `{"description":"A club"}`).want(200)
		if o = admin.patch("/organisations/"+o.text("id"), o.header.Get("ETag"), fmt.Sprintf(`{"description":"%s"}`, blank)).
			want(200); o.at(
			"description",
		) != nil {
			t.Errorf("a patch with a blank keeps the description: %s", o.body)
		}
		moves := lw.get("/referrals/" + r.text("id") + "/moves").want(200).items()
		if note := moves[len(moves)-1].(map[string]any)["note"]; note != nil {
			t.Errorf("the note of a move is %q: %s", note, m.body)
		}
	}
	for _, blank := range blanks { // what is needed is refused
		lw.post("/patients", fmt.Sprintf(`{"given_name":"%s","family_name":"%[1]s","birth_date":"1950-04-01"}`, blank)).
			problem(422, "invalid")
		admin.post("/organisations", fmt.Sprintf(`{"name":"%s"}`, blank)).problem(422, "invalid")
		lw.post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"%s","timepoint":"review",
			"completed_on":%q,"mode":"telephone","respondent":"self","responses":{}}`, episode, blank, w.today())).problem(422, "invalid")
		lw.post("/patients", fmt.Sprintf(`{"given_name":"A","birth_date":"1950-04-01",
			"external_ids":[{"system":"emis","value":"%s"}]}`, blank)).problem(422, "invalid")
		lw.post("/patients/search", fmt.Sprintf(`{"nhs_number":"%s"}`, blank)).problem(422, "invalid")
	}
	if got := lw.post("/patients", `{"given_name":" ","family_name":"","birth_date":"1950-04-01"}`).
		text("errors.0.location"); got != "body.given_name" {
		t.Errorf("a blank name is wrong at %s", got)
	}
}

func TestOneLineTexts(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	patient := w.patient()
	for _, bad := range []string{
		`\n`, `\r\n`, `\t`, `\u0007`, `\u001b[2J`, `\u007f`, `\u0085`, `\u2028`, `\u2029`, `\u202e`, `\u202a`,
		`\u2066`,
	} {
		for path, body := range map[string]string{
			"/patients":      `{"given_name":"Mari%sgold","family_name":"Example","birth_date":"1950-04-01"}`,
			"/organisations": `{"name":"Example%s Club"}`,
			"/link-workers":  `{"site_id":"` + w.site + `","name":"Sam%s Helper","email":"sam2@example.org"}`,
			"/sites":         `{"name":"A %ssite","code":"a_site"}`,
			"/api-keys":      `{"role":"dashboard","label":"For %sus"}`,
		} {
			as := admin
			if path == "/patients" {
				as = lw
			}
			got := as.post(path, fmt.Sprintf(body, bad)).problem(422, "invalid")
			if !strings.Contains(got.text("errors.0.message"), "one line") {
				t.Errorf("%s, %s: %s", path, bad, got.body)
			}
		}
		lw.post("/patients", fmt.Sprintf(`{"given_name":"A","birth_date":"1950-04-01",
			"external_ids":[{"system":"emis","value":"A%s1"}]}`, bad)).problem(422, "invalid")
		lw.patch("/patients/"+patient, `"1"`, fmt.Sprintf(`{"preferred_name":"Ma%sri"}`, bad)).problem(422, "invalid")
	}
	got := lw.patch("/patients/"+patient, `"1"`, `{"access_needs":"A ramp.\nA quiet room.\tNo stairs.",
		"preferred_name":"דנה\u200f"}`).want(200)
	if got.text("access_needs") != "A ramp.\nA quiet room.\tNo stairs." {
		t.Errorf("lines are not kept: %s", got.body)
	}
}

// Some people have one name.
func TestPeopleOfOneName(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for _, field := range []string{"given_name", "family_name"} {
		p := lw.post("/patients", fmt.Sprintf(`{%q:"Marigold","birth_date":"1950-04-01"}`, field)).want(201)
		if p.text(field) != "Marigold" {
			t.Errorf("%s: %s", field, p.body)
		}
		id := p.text("id")
		for purpose, more := range map[string]string{"share_with_organisations": "", "report_to_gp": `,"level":"full"`} {
			lw.post(
				"/patients/"+id+"/consents",
				fmt.Sprintf(`{"purpose":%q,"decision":"given","decided_on":%q%s}`, purpose, w.today(), more),
			).want(201)
		}
		episode := w.episode(id)
		referral := w.refer(episode)
		if got := w.as("organisation").get("/referrals/" + referral).want(200).text("person.name"); got != "Marigold" {
			t.Errorf("the organisation is told of %q", got)
		}
		if got := lw.get("/worklists/awaiting_reply").want(200); !strings.Contains(string(got.body), `"Marigold"`) {
			t.Errorf("the worklist names nobody: %s", got.body)
		}
		if text := lw.with("Accept", "text/plain").
			get("/episodes/" + episode + "/gp-message").
			want(200); !strings.Contains(string(text.body), "Marigold; born") ||
			strings.Contains(string(text.body), ", Marigold") {
			t.Errorf("the practice is told: %s", text.body)
		}
		if n := len(lw.post("/patients/search", `{"q":"mari"}`).want(200).items()); n == 0 {
			t.Error("nobody is found")
		}
		other := map[string]string{"given_name": "family_name", "family_name": "given_name"}[field]
		lw.patch("/patients/"+id, `"1"`, fmt.Sprintf(`{%q:null}`, field)).problem(422, "invalid")
		lw.patch("/patients/"+id, `"1"`, fmt.Sprintf(`{%q:null,%q:"Marigold"}`, field, other)).want(200)
	}
	lw.post("/patients", `{"birth_date":"1950-04-01"}`).problem(422, "invalid")
	if n := len(
		lw.post("/patients/search", `{"family_name":"Marigold","birth_date":"1950-04-01"}`).want(200).items(),
	); n != 1 {
		t.Errorf("%d found by a family name", n)
	}
}

func TestNHSNumbersThatNobodyHas(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	record := func(lw client, number string) answer {
		return lw.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","family_name":"Example",
			"birth_date":"1950-04-01","nhs_number":"%s"}`, number))
	}
	found := func(number string) int {
		return len(lw.post("/patients/search", fmt.Sprintf(`{"nhs_number":"%s"}`, number)).want(200).items())
	}
	for d := range 10 {
		placeholder := strings.Repeat(fmt.Sprint(d), 10)
		if got := record(
			lw,
			placeholder,
		).problem(422, "invalid", placeholder).
			text("errors.0.message"); !strings.Contains(
			got,
			"placeholder",
		) {
			t.Errorf("%s: %s", placeholder, got)
		}
		lw.post("/patients/search", fmt.Sprintf(`{"nhs_number":%q}`, placeholder)).problem(422, "invalid", placeholder)
	}
	record(lw, "0123456789").problem(422, "invalid")
	record(lw, "987 654 3210").problem(422, "invalid")
	for _, spaces := range []string{
		"400 000 0012", `400\u00a0000\u202f0012`, `\u200b4000000012\ufeff`, "400-000-0012",
		`400\u2011000\u20130012`, " 400 000\\t0012",
	} {
		made := record(lw, spaces)
		if made.status == 201 && made.text("nhs_number") != "4000000012" {
			t.Errorf("%s becomes %s", spaces, made.body)
		} else if made.status != 201 && made.status != 409 {
			t.Errorf("%s: %s", spaces, made.body)
		}
	}
	if n := found("400 000 0012"); n != 1 {
		t.Errorf("%d people have the number of one", n)
	}
	// Outside the ranges: kept, and nobody is found by it, nor kept from having it twice.
	for range 2 {
		made := record(lw, "5000000013").want(201)
		if made.text("nhs_number") != "5000000013" || made.text("warnings.0.code") != "nhs_number_not_issued" {
			t.Errorf("a number outside the ranges: %s", made.body)
		}
	}
	if n := found("5000000013"); n != 0 {
		t.Errorf("%d found by a number that nobody is known to have", n)
	}
	// For tests: in a demo, which this world is, and not elsewhere.
	record(lw, "999 000 0018").want(201)
	record(lw, "943 476 5919").want(201)
	c := on(dbtest.New(t))
	c.Demo, c.Stores.People.TestNumbers = false, false
	strict := serving(t, c)
	lw = strict.as("link_worker")
	for _, number := range []string{"9990000018", "9434765919"} {
		if got := record(
			lw,
			number,
		).problem(422, "invalid", number).
			text("errors.0.message"); !strings.Contains(
			got,
			"for tests",
		) {
			t.Errorf("%s: %s", number, got)
		}
	}
	c = on(dbtest.New(t))
	c.Demo = false
	record(serving(t, c).as("link_worker"), "9990000018").want(201)
}

// What several people write in several ways is recorded in one; what cannot be that is refused in the
// field's own words.
func TestNormalised(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	year := 1930
	record := func(field, value string) answer {
		year++ // nobody is like the one before
		return lw.post(
			"/patients",
			fmt.Sprintf(`{"given_name":"Marigold","birth_date":"%d-04-01",%q:"%s"}`, year, field, value),
		)
	}
	for _, c := range []struct{ field, written, want string }{
		{"postcode", " ls1\u00a04ap", "LS1 4AP"}, {"postcode", "zz993vz", "ZZ99 3VZ"},
		{"gp_practice_code", "y00001", "Y00001"}, {"language", "Polish", "pl"}, {"language", "EN-gb", "en-GB"},
		{"email", "Mary Example <mary@EXAMPLE.org>", "mary@example.org"},
		{"email", "mary@b\u00fccher.example", "mary@b\u00fccher.example"},
		{"phone", "(07700) 900\u00a0123", "+447700900123"},
	} {
		got := record(c.field, c.written).want(201)
		if got.text(c.field) != unescaped(c.want) || strings.Contains(string(got.body), `"warnings"`) {
			t.Errorf("%s %s becomes %s", c.field, c.written, got.body)
		}
		if again := lw.get("/patients/" + got.text("id")).want(200); again.text(c.field) != unescaped(c.want) {
			t.Errorf("%s %s is read as %s", c.field, c.written, again.body)
		}
	}
	if got := record("phone", "07700 900123"); got.text("phone_national") != "07700 900123" {
		t.Errorf("the national form is not shown: %s", got.body)
	}
	for field, c := range map[string]struct{ wrong, says string }{
		"postcode": {"12345", "is not a postcode"}, "gp_practice_code": {"A-1!", "is not an ODS code"},
	} {
		got := record(field, c.wrong).problem(422, "invalid")
		if got.text("errors.0.location") != "body."+field || !strings.HasPrefix(got.text("errors.0.message"), c.says) {
			t.Errorf("%s: %s", field, got.body)
		}
	}
	admin.patch("/sites/"+w.site, `"1"`, `{"ods_code":"Q!"}`).problem(422, "invalid")
	if got := admin.patch("/sites/"+w.site, `"1"`, `{"ods_code":"u00001"}`).
		want(200); got.text(
		"ods_code",
	) != "U00001" {
		t.Errorf("the site's code: %s", got.body)
	}
	worker := admin.post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Kit Helper",
		"email":"Kit Helper <kit@example.org>"}`, w.site)).want(201)
	if worker.text("email") != "kit@example.org" {
		t.Errorf("a link worker's address: %s", worker.body)
	}
	admin.post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Kit Helper","email":"kit"}`, w.site)).
		problem(422, "invalid")
	w.assessInALanguage(t)
	service := admin.post("/organisations/"+w.org+"/services", `{"name":"Walks","postcode":"m11ae",
		"phone":"01632 960001","email":"Walks <walks@example.org>"}`).want(201)
	if service.text("postcode") != "M1 1AE" || service.text("phone") != "+441632960001" ||
		service.text("phone_national") != "01632 960001" ||
		service.text("email") != "walks@example.org" {
		t.Errorf("a service: %s", service.body)
	}
	if found := lw.get("/services?q=walks").want(200); found.text("items.0.phone_national") != "01632 960001" {
		t.Errorf("a service that was found: %s", found.body)
	}
	admin.post("/organisations/"+w.org+"/services", `{"name":"Walks","postcode":"21201"}`).problem(422, "invalid")
}

func (w *world) assessInALanguage(t *testing.T) {
	t.Helper()
	_, episode := w.supported()
	assess := func(language string) answer {
		return w.as("link_worker").post("/assessments", fmt.Sprintf(`{"episode_id":%q,"instrument":"ons4",
			"timepoint":"review","completed_on":%q,"mode":"telephone","respondent":"self","language":%q,
			"responses":{"happiness":4}}`,
			episode, w.today(), language))
	}
	if got := assess("Urdu").want(201); got.text("language") != "ur" {
		t.Errorf("the language of an assessment: %s", got.body)
	}
}

func unescaped(s string) string { return strings.ReplaceAll(s, `\u00fc`, "ü") }

// A phone or an address that cannot be normalised is kept with a warning: people see it, and no machine sends by it.
func TestKeptAsWritten(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	patient, episode := w.supported()
	referral := w.refer(episode)
	for _, written := range []string{"18001 0161 496 0000", "18002 07700 900123", "0161 496 0000 ext 12", "ask next door"} {
		p := lw.get("/patients/" + patient)
		p = lw.patch("/patients/"+patient, p.header.Get("ETag"), fmt.Sprintf(`{"phone":%q}`, written)).want(200)
		if p.text("phone") != written || p.at("phone_national") != nil ||
			p.text("warnings.0.code") != "phone_as_written" {
			t.Errorf("%s: %s", written, p.body)
		}
		if seen := w.as("organisation").
			get("/referrals/" + referral); seen.text("person.phone") != written ||
			seen.at("person.phone_national") != nil {
			t.Errorf("%s: the organisation sees %s", written, seen.body)
		}
		if page := w.replyLink(referral).
			open("").
			html; !strings.Contains(page, written) ||
			strings.Contains(page, `href="tel:`) {
			t.Errorf("%s: the organisation's page dials it: %s", written, page)
		}
	}
	// A change of something else leaves it, and says so still.
	p := lw.get("/patients/" + patient)
	p = lw.patch("/patients/"+patient, p.header.Get("ETag"), `{"pronouns":"she/her"}`).want(200)
	if p.text("phone") != "ask next door" || p.text("warnings.0.code") != "phone_as_written" {
		t.Errorf("another change: %s", p.body)
	}
	p = lw.patch("/patients/"+patient, p.header.Get("ETag"), `{"phone":"07700 900123","email":"jos\u00e9@example.org"}`).
		want(200)
	if p.text("phone") != "+447700900123" || p.text("warnings.0.code") != "email_as_written" ||
		!strings.Contains(p.text("warnings.0.detail"), "before the @") {
		t.Errorf("put right: %s", p.body)
	}
	if page := w.replyLink(referral).
		open("").
		html; !strings.Contains(page, `<a href="tel:&#43;447700900123">07700 900123</a>`) || !strings.Contains(page, "josé@example.org") ||
		strings.Contains(page, "mailto:jos") {
		t.Errorf("the organisation's page: %s", page)
	}
	in := lw.post("/intakes", fmt.Sprintf(`{"patient":{"given_name":"Marigold","birth_date":"1950-04-01",
		"email":"at the library"},"episode":{"source":"gp","received_on":%q,"needs":{"primary":"food"}}}`, w.today())).want(201)
	if in.text("warnings.0.location") != "body.patient" || in.text("warnings.0.code") != "email_as_written" {
		t.Errorf("an intake: %s", in.body)
	}
	o := admin.post("/organisations", `{"name":"Example Walks","phone":"18001 0161 496 0000","email":"at the hall"}`).
		want(201)
	if o.text("phone") != "18001 0161 496 0000" || o.text("email") != "at the hall" ||
		o.text("warnings.0.code") != "phone_as_written" ||
		o.text("warnings.1.code") != "email_as_written" {
		t.Errorf("an organisation: %s", o.body)
	}
	s := admin.post("/organisations/"+o.text("id")+"/services", `{"name":"Walks","email":"at the hall"}`).want(201)
	if s.text("warnings.0.code") != "email_as_written" {
		t.Errorf("a service: %s", s.body)
	}
}

func TestNoNoticeGoesToWhatIsNoAddress(t *testing.T) {
	w := newWorld(t)
	c := w.clerk(nil)
	w.sentNow("at the hall")
	c.run()
	if n := c.notices(); len(n.items()) != 1 || n.text("items.0.channel") != "by_hand" {
		t.Errorf("%s", n.body)
	}
}

// A code or a date that may be left out is null where it is blank, in a change too; one that is needed is refused.
func TestABlankCodeIsNothing(t *testing.T) {
	w := newWorld(t)
	// the document does not promise what is taken here
	lw, admin := w.as("link_worker").with(pastJudges, "1"), w.as("administrator").with(pastJudges, "1")
	patient, episode := w.supported()
	for _, blank := range blanks {
		p := lw.post("/patients", strings.ReplaceAll(`{"given_name":"Marigold","birth_date":"1950-04-01",
			"gender":"B","ethnic_category":"B","contact_preference":"B","imd_version":"B",
			"died_on":"B","national_data_opt_out_checked_on":"B","site_id":"B"}`, `"B"`, `"`+blank+`"`)).want(201)
		if p.text("gender") != "not_known" || p.text("ethnic_category") != "99" || p.at("imd_version") != nil ||
			p.at("died_on") != nil ||
			p.at("national_data_opt_out_checked_on") != nil {
			t.Errorf("%q: %s", blank, p.body)
		}
		p = lw.patch("/patients/"+p.text("id"), p.header.Get("ETag"), fmt.Sprintf(`{"imd_version":"2025",
			"imd_decile":3,"died_on":%q}`, w.today())).want(200)
		p = lw.patch("/patients/"+p.text("id"), p.header.Get("ETag"), fmt.Sprintf(`{"imd_version":"%s",
			"imd_decile":null,"died_on":"%[1]s"}`, blank)).want(200)
		if p.at("imd_version") != nil || p.at("died_on") != nil {
			t.Errorf("a change with %q takes nothing away: %s", blank, p.body)
		}
		lw.patch("/patients/"+p.text("id"), p.header.Get("ETag"), fmt.Sprintf(`{"gender":"%s"}`, blank)).
			problem(422, "invalid")
		lw.patch("/patients/"+p.text("id"), p.header.Get("ETag"), fmt.Sprintf(`{"birth_date":"%s"}`, blank)).
			problem(422, "invalid")
		lw.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","birth_date":"%s"}`, blank)).problem(422, "invalid")
		c := lw.post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":"recontact","decision":"given",
			"decided_on":%q,"level":"%s","method":"%[2]s","asked_by":"%[2]s"}`, w.today(), blank))
		if c.status != 201 && strings.Contains(string(c.body), "expected value to be one of") {
			t.Errorf("a consent with %q: %s", blank, c.body)
		}
		lw.post(
			"/episodes/"+episode+"/contacts",
			fmt.Sprintf(`{"on":%q,"mode":"%s","kind":"support","outcome":"spoke"}`, w.today(), blank),
		).problem(422, "invalid")
	}
	o := admin.post("/organisations", `{"name":"Example Club","status":""}`).want(201)
	admin.post("/organisations/"+o.text("id")+"/services", `{"name":"Walks","activity_type":" ","status":""}`).want(201)
}

// Whatever may be left out of a body may be null, and so blank: no operation has an optional string that refuses it.
func TestEveryOptionalStringMayBeBlank(t *testing.T) {
	doc, all := operations(t)
	registry := doc.Components.Schemas
	n := 0
	for _, o := range all {
		if schema := wire.BodySchema(o); schema != nil && o.Method == "POST" {
			n += optionalStrings(t, o.OperationID, registry, schema, 0)
		}
	}
	if n < 60 {
		t.Errorf("only %d optional strings were found", n)
	}
}

func optionalStrings(t *testing.T, at string, r huma.Registry, s *huma.Schema, depth int) (n int) {
	if s != nil && s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	if s == nil || depth > 6 {
		return 0
	}
	for name, p := range s.Properties {
		n += optionalStrings(t, at+"."+name, r, p, depth+1)
		if p.Type != huma.TypeString || slices.Contains(s.Required, name) {
			continue
		}
		n++
		object := map[string]any{name: " \u00a0"}
		var found huma.ValidateResult
		wire.NormaliseTexts(r, object, s, huma.NewPathBuffer(nil, 0), &found)
		if object[name] != nil || len(found.Errors) > 0 {
			t.Errorf("%s.%s may be left out, and a blank one is %q: %v", at, name, object[name], found.Errors)
		}
	}
	return n + optionalStrings(t, at+"[]", r, s.Items, depth+1)
}

// The spaces around a text of one line are dropped, wherever it comes in.
func TestOuterSpacesAreDropped(t *testing.T) {
	w := newWorld(t)
	lw, admin := w.as("link_worker"), w.as("administrator")
	for i, c := range []struct{ before, after string }{{" ", " "}, {`\u00a0`, `\u3000`}, {`\t`, `\r\n`}, {`\u200b`, `\ufeff`}} {
		in := func(s string) string { return c.before + s + c.after }
		p := lw.post("/patients", fmt.Sprintf(`{"given_name":"%s","preferred_name":"%s","lsoa":"%s",
			"birth_date":"1950-04-01","pronouns":"%s"}`, in("Mari Gold"), in("Mari"), in("E01000001"), in("she/her"))).want(201)
		o := admin.post(
			"/organisations",
			fmt.Sprintf(`{"name":"%s","charity_number":"%s","description":"%s"}`, in("Example Club"), in("12345"), "A\\n  club "),
		).want(201)
		s := admin.post("/organisations/"+o.text("id")+"/services", fmt.Sprintf(`{"name":"%s"}`, in("Walks"))).want(201)
		k := admin.post("/api-keys", fmt.Sprintf(`{"role":"dashboard","label":"%s"}`, in("For us"))).want(201)
		l := admin.post(
			"/link-workers",
			fmt.Sprintf(`{"site_id":%q,"name":"%s","email":"kit%d@example.org"}`, w.site, in("Kit Helper"), i),
		).want(201)
		for got, want := range map[string]string{
			p.text("given_name"): "Mari Gold", p.text("preferred_name"): "Mari", p.text("lsoa"): "E01000001",
			p.text("pronouns"): "she/her", o.text("name"): "Example Club", o.text("charity_number"): "12345",
			s.text("name"): "Walks", k.text("label"): "For us", l.text("name"): "Kit Helper",
		} {
			if got != want {
				t.Errorf("%+q is recorded for %q", got, want)
			}
		}
		if got := o.text("description"); got != "A\n  club " {
			t.Errorf("prose is changed to %q", got)
		}
		p = lw.patch("/patients/"+p.text("id"), p.header.Get("ETag"), fmt.Sprintf(`{"family_name":"%s"}`, in("Person"))).
			want(200)
		if p.text("family_name") != "Person" {
			t.Errorf("a change: %s", p.body)
		}
	}
}

// What another system calls a record is the same with spaces around it, where it is recorded and where it
// is looked for.
func TestExternalIDsHaveNoOuterSpaces(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	record := func(id string) answer {
		return lw.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","birth_date":"1950-04-01",
			"external_ids":[{"system":"emis","value":"%s"}]}`, id))
	}
	first := record("1 ").want(201)
	if got := first.text("external_ids.0.value"); got != "1" {
		t.Errorf("recorded as %+q", got)
	}
	for _, again := range []string{"1", " 1", `1\u00a0`, `\u200b1`} {
		record(again).problem(409, "conflict")
		found := lw.post("/patients/search", fmt.Sprintf(`{"external_id":{"system":" emis","value":"%s"}}`, again)).
			want(200)
		if len(found.items()) != 1 || found.text("items.0.id") != first.text("id") {
			t.Errorf("looked for as %s: %s", again, found.body)
		}
	}
}

// A language that has no tag here is kept as it was written, with a warning, wherever it is said; everybody reads it.
func TestALanguageOfNoListIsKept(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for written, tag := range map[string]string{"Romani": "rom", "Pahari-Potwari": "phr", "british sign language": "bfi"} {
		p := lw.post("/patients", fmt.Sprintf(`{"given_name":%q,"birth_date":"1950-04-01","language":%q}`, "Mari"+tag, written)).
			want(201)
		if p.text("language") != tag || p.at("warnings") != nil {
			t.Errorf("%s: %s", written, p.body)
		}
	}
	for _, written := range []string{"Makaton", "Pahari", "Signs of her own"} {
		p := lw.post("/patients", fmt.Sprintf(`{"given_name":"Marigold","birth_date":"1950-04-01","language":"  %s "}`, written)).
			want(201)
		for range 2 {
			if p.text("language") != written || p.text("warnings.0.code") != "language_as_written" {
				t.Errorf("%s: %s", written, p.body)
			}
			p = lw.get("/patients/" + p.text("id")).want(200)
		}
		p = lw.patch("/patients/"+p.text("id"), p.header.Get("ETag"), `{"language":"Welsh"}`).want(200)
		if p.text("language") != "cy" || p.at("warnings") != nil {
			t.Errorf("put right: %s", p.body)
		}
	}
	in := lw.post("/intakes", fmt.Sprintf(`{"patient":{"given_name":"Marigold","birth_date":"1950-04-01",
		"language":"Makaton"},"episode":{"source":"gp","received_on":%q,"needs":{"primary":"food"}},
		"assessment":{"instrument":"ons4","completed_on":%[1]q,"mode":"telephone","respondent":"self",
			"language":"Makaton","responses":{"happiness":4,"anxiety":4,"worthwhile":4,"life_satisfaction":4}}}`, w.today())).want(201)
	warned := map[string]bool{}
	for _, x := range in.at("warnings").([]any) {
		if x := x.(object); x["code"] == "language_as_written" {
			warned[x["location"].(string)] = true
		}
	}
	if !warned["body.patient"] || !warned["body.assessment"] || in.text("assessment.language") != "Makaton" {
		t.Errorf("an intake: %s", in.body)
	}
	episode := in.text("episode_id")
	if got := lw.get(
		"/assessments?episode_id=" + episode,
	); got.status == 200 &&
		!strings.Contains(string(got.body), "Makaton") {
		t.Errorf("its answers: %s", got.body)
	}
	if got := w.as("site_manager").
		get("/insights/missing"); got.status == 200 &&
		strings.Contains(string(got.body), "Makaton") {
		t.Errorf("figures name it: %s", got.body)
	}
}

// What people press as a link is an address of the web, and nothing else.
func TestLinksAreOfTheWeb(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	for _, bad := range []string{"javascript:alert(1)", "JAVASCRIPT://example.org/%0aalert(1)", "data:text/html,x",
		"ftp://example.org/", "file:///etc/passwd", "https://", "https://:443/", "//example.org",
		"https://sam:secret@example.org/", "ask at the desk", "https://example.org/" + strings.Repeat("a", 2000)} {
		for path, field := range map[string]string{"/organisations": "url", "/organisations/" + w.org + "/services": "url"} {
			got := admin.post(path, fmt.Sprintf(`{"name":"Example Club",%q:%q}`, field, bad)).problem(422, "invalid")
			if len(bad) > len("https://") {
				got.hides(bad)
			}
			if got.text("errors.0.location") != "body."+field ||
				len(bad) < 2000 && !strings.Contains(got.text("errors.0.message"), "is not an address of the web") {
				t.Errorf("%s, %s: %s", path, bad, got.body)
			}
		}
		if len(bad) < 500 {
			admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), fmt.Sprintf(`{"privacy_notice_url":%q}`, bad)).
				problem(422, "invalid")
		}
	}
	o := admin.post("/organisations", `{"name":"Example Club","url":" lunch.example.org/walks "}`).want(201)
	if o.text("url") != "https://lunch.example.org/walks" {
		t.Errorf("%s", o.body)
	}
	admin.patch("/organisations/"+o.text("id"), o.header.Get("ETag"), `{"url":"javascript:alert(1)"}`).
		problem(422, "invalid")
	// What was recorded before the rule does not stop another change.
	w.value("update organisations set url = 'ask at the desk' where id = ? returning url", o.text("id"))
	admin.patch("/organisations/"+o.text("id"), o.header.Get("ETag"), `{"description":"A club"}`).want(200)
}
