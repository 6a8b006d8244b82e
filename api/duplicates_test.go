package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestPossibleDuplicatesAreNamed(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	known := lw.post("/patients", `{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17",
		"postcode":"M33 1AA","phone":"07700 900123","nhs_number":"9991000003"}`).want(201)
	if n := len(known.at("possible_duplicates").([]any)); n != 0 {
		t.Fatalf("the first of all is like %d others", n)
	}
	id := known.text("id")
	const born, home = `"birth_date":"1961-05-17"`, `"postcode":"M33 1AA","phone":"07700 900123"`
	for person, want := range map[string]string{
		`"given_name":"Marigold","family_name":"O'Brien",` + born:                                      "name birth_date",
		`"given_name":"marigold","family_name":"OBRIEN","birth_date":"1961-05-17","postcode":"m331aa"`: "name birth_date postcode",
		`"given_name":"Mairgold","family_name":"O’Brien",` + born:                                      "name_similar birth_date",
		`"given_name":"Marigold","family_name":"Obrien","birth_date":"1961-05-18",` +
			`"phone":"+447700900123"`: "name birth_date_similar phone",
		`"given_name":"Marigold","family_name":"Heatherley","birth_date":"1961-05-17",` +
			`"phone":"07700900123"`: "given_name birth_date phone",
		`"family_name":"O'Brien",` + born: "name birth_date",
		`"given_name":"Primrose","preferred_name":"Marigold","family_name":"O'Brien",` + born: "name birth_date",
		// nobody of these is likely the same person
		`"given_name":"Primrose","family_name":"O'Brien",` + born + "," + home:                                "",
		`"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17","nhs_number":"9434765919"`: "",
		`"given_name":"Marigold","family_name":"Heatherley",` + born:                                          "",
		`"given_name":"Marigold","family_name":"O'Brien","birth_date":"1984-11-02"`:                           "",
		`"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-18"`:                           "",
	} {
		refused := lw.post("/patients", fmt.Sprintf(`{%s,"on_possible_duplicate":"refuse"}`, person))
		if want == "" {
			refused.want(201)
			lw.patch("/patients/"+refused.text("id"), `"1"`, `{"given_name":"Nobody","preferred_name":null,"family_name":null,
				"birth_date":"1930-01-01","phone":null,"postcode":null}`).want(200)
			continue
		}
		refused.problem(409, "conflict", "Marigold")
		if refused.text("possible_duplicates.0.patient_id") != id {
			t.Errorf("%s: the refusal names %s", person, refused.body)
		}
		made := lw.post("/patients", fmt.Sprintf(`{%s}`, person)).want(201)
		var reasons []string
		for _, r := range made.at("possible_duplicates.0.reasons").([]any) {
			reasons = append(reasons, r.(string))
		}
		if made.text("possible_duplicates.0.patient_id") != id || strings.Join(reasons, " ") != want ||
			!strings.Contains(string(made.body), `"possible_duplicate"`) {
			t.Errorf("%s: not %q: %s", person, want, made.body)
		}
		lw.patch("/patients/"+made.text("id"), `"1"`, `{"given_name":"Nobody","preferred_name":null,"family_name":null,
			"birth_date":"1930-01-01","phone":null,"postcode":null}`).want(200)
	}
	a := lw.post("/patients", `{"given_name":"Heather","birth_date":"1930-01-01","nhs_number":"9991000003"}`).
		problem(409, "conflict", "9991000003")
	if a.text("possible_duplicates.0.patient_id") != id {
		t.Errorf("the number that is known names %s", a.body)
	}
	other := w.as("other_site_link_worker").post("/patients", `{"given_name":"Marigold","family_name":"O'Brien",
		"birth_date":"1961-05-17","nhs_number":"9991000003","on_possible_duplicate":"refuse"}`).want(201)
	if len(other.at("possible_duplicates").([]any)) != 0 {
		t.Errorf("another site is told: %s", other.body)
	}
	intake := lw.post("/intakes", `{"patient":{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17"},
		"on_possible_duplicate":"refuse",
		"episode":{"source":"gp","received_on":"2026-01-12","needs":{"primary":"food"},"risks":"none_known"}}`)
	if intake.problem(409, "conflict").text("possible_duplicates.0.patient_id") != id {
		t.Errorf("an intake: %s", intake.body)
	}
	intake = lw.post("/intakes", fmt.Sprintf(`{"patient":{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17"},
		"episode":{"source":"gp","received_on":%q,"needs":{"primary":"food"},"risks":"none_known"}}`, w.today())).want(201)
	if intake.text("possible_duplicates.0.patient_id") != id || intake.at("possible_duplicates.0.score") != 1.0 {
		t.Errorf("an intake: %s", intake.body)
	}
}

func TestASecondOpenEpisodeWarns(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, _ := w.supported()
	body := fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,"needs":{"primary":"food"},"risks":"none_known"}`,
		patient, w.today())
	if second := lw.post("/episodes", body).want(201); second.text("warnings.0.code") != "open_episode_exists" {
		t.Errorf("no warning: %s", second.body)
	}
}

// Whom a refusal names is in the log of who was shown whom, though nothing was recorded.
func TestARefusalThatNamesSomebodyIsLogged(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	known := lw.post("/patients", `{"given_name":"Marigold","family_name":"Example","birth_date":"1961-05-17",
		"nhs_number":"9991000003","external_ids":[{"system":"emis","value":"EM-7719"}]}`).made()
	shown := func() string {
		return w.value("select count(*)::text from access_log where operation = 'possible_duplicates' "+
			"and site_id::text = ? and ?::uuid = any(patient_ids)", w.site, known)
	}
	for i, body := range []string{
		`{"given_name":"Marigold","family_name":"Example","birth_date":"1961-05-17","on_possible_duplicate":"refuse"}`,
		`{"given_name":"Heather","birth_date":"1930-01-01","nhs_number":"9991000003"}`,
		`{"given_name":"Heather","birth_date":"1930-01-01","external_ids":[{"system":"emis","value":"EM-7719"}]}`,
	} {
		a := lw.post("/patients", body).problem(409, "conflict", "Marigold", "EM-7719")
		if a.text("possible_duplicates.0.patient_id") != known {
			t.Errorf("%s: %s", body, a.body)
		}
		if got := shown(); got != fmt.Sprint(i+1) {
			t.Errorf("%s: %s rows of the log, want %d", body, got, i+1)
		}
	}
	if got := w.value("select count(*)::text from patients where given_name = 'Heather'"); got != "0" {
		t.Errorf("%s people were recorded", got)
	}
	w.as("other_site_link_worker").post("/patients", `{"given_name":"Heather","birth_date":"1930-01-01",
		"external_ids":[{"system":"emis","value":"EM-7719"}]}`).want(201)
}

// A change of who somebody is looks for duplicates too, and says whose a known number is.
func TestAChangeNamesPossibleDuplicates(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	known := lw.post("/patients", `{"given_name":"Marigold","family_name":"Example","birth_date":"1961-05-17",
		"nhs_number":"9991000003","external_ids":[{"system":"emis","value":"EM-7719"}]}`).made()
	other := lw.post("/patients", `{"given_name":"Marigold","family_name":"Example","birth_date_unknown":true}`).want(201)
	if n := len(other.at("possible_duplicates").([]any)); n != 0 {
		t.Fatalf("a name alone: %s", other.body)
	}
	path := "/patients/" + other.text("id")
	for _, body := range []string{`{"nhs_number":"9991000003"}`, `{"external_ids":[{"system":"emis","value":"EM-7719"}]}`} {
		if a := lw.patch(path, `"1"`, body).problem(409, "conflict", "9991000003", "EM-7719"); a.text(
			"possible_duplicates.0.patient_id") != known {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	a := lw.patch(path, `"1"`, `{"birth_date":"1961"}`).want(200)
	if a.text("possible_duplicates.0.patient_id") != known || !strings.Contains(string(a.body), `"code":"possible_duplicate"`) {
		t.Errorf("a date that fits: %s", a.body)
	}
	a = lw.patch(path, `"2"`, `{"pronouns":"she/her"}`).want(200)
	if n := len(a.at("possible_duplicates").([]any)); n != 0 {
		t.Errorf("a change of something else: %s", a.body)
	}
}

// Names that may be one name otherwise spelled are proposed with the same phone or e-mail address, lower than the name.
func TestOtherSpellingsAreProposedWithTheSamePhone(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	const born = `"birth_date":"1961-05-17"`
	for i, c := range []struct {
		a, b  string
		alike bool
	}{
		{`"given_name":"Mohammed","family_name":"Testkhan"`, `"given_name":"Muhammad","family_name":"Testkhan"`, true},
		{`"given_name":"Sara","family_name":"Testley"`, `"given_name":"Sarah","family_name":"Testley"`, true},
		{`"given_name":"Liz","family_name":"Testmore"`, `"given_name":"Elizabeth","family_name":"Testmore"`, true},
		{`"given_name":"J","family_name":"Testby"`, `"given_name":"John","family_name":"Testby"`, true},
		{`"given_name":"Marigold","family_name":"Testham"`, `"given_name":"Testham","family_name":"Marigold"`, true},
		{`"given_name":"Jane","family_name":"Testtwin"`, `"given_name":"June","family_name":"Testtwin"`, false},
		{`"given_name":"Hassan","family_name":"Testpair"`, `"given_name":"Hussein","family_name":"Testpair"`, false},
	} {
		phone := fmt.Sprintf(`,"phone":"07700 9001%02d"`, i)
		id := lw.post("/patients", "{"+c.a+","+born+phone+"}").made()
		got := lw.post("/patients", "{"+c.b+","+born+phone+"}").want(201)
		list := got.at("possible_duplicates").([]any)
		if (len(list) > 0) != c.alike || c.alike && (got.text("possible_duplicates.0.patient_id") != id ||
			got.number("possible_duplicates.0.score") >= 1) {
			t.Errorf("%s and %s: %v", c.a, c.b, list)
		}
		lw.patch("/patients/"+id, `"1"`, `{"phone":null}`).want(200)
		if again := lw.post("/patients", "{"+c.b+","+born+phone+"}").want(201).at("possible_duplicates").([]any); len(again) > 0 {
			for _, d := range again {
				if d.(object)["patient_id"] == id {
					t.Errorf("%s and %s without the same phone: %v", c.a, c.b, again)
				}
			}
		}
	}
}

// Of two who record the same person at the same moment, one is told of the other.
func TestTwoWhoRecordAtOnceAreToldOfEachOther(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for round := range 8 {
		person := fmt.Sprintf(`"given_name":"Marigold","family_name":"O'Brien%c","birth_date":"1961-05-17"`, 'a'+round)
		path, body := "/patients", fmt.Sprintf(`{%s,"on_possible_duplicate":"refuse"}`, person)
		if round%2 == 1 {
			path, body = "/intakes", fmt.Sprintf(`{"patient":{%s},"on_possible_duplicate":"refuse",
				"episode":{"source":"gp","received_on":%q,"needs":{"primary":"food"},"risks":"none_known"}}`, person, w.today())
		}
		var all sync.WaitGroup
		var a, b answer
		all.Go(func() { a = lw.post(path, body) })
		all.Go(func() { b = lw.post(path, body) })
		all.Wait()
		if a.status+b.status != 201+409 {
			t.Errorf("round %d: %d and %d: %s", round, a.status, b.status, b.body)
		}
	}
}

// Two names are two people, such as twins, however few letters they differ in; a slip of one name is less than that name.
func TestTwinsWithNamesAlikeAreNotProposed(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	const rest = `"family_name":"Testtwin%c","birth_date":"1961-05-17","postcode":"M33 1AA","phone":"07700 9001%02d"`
	for i, names := range [][2]string{{"Marian", "Marina"}, {"Danielle", "Daniele"}, {"Ann", "Anna"}, {"Gabriella", "Gabriela"},
		{"Marigold", "Mairgold"}} {
		others := fmt.Sprintf(rest, 'a'+i, i)
		lw.post("/patients", fmt.Sprintf(`{"given_name":%q,%s}`, names[0], others)).made()
		a := lw.post("/patients", fmt.Sprintf(`{"given_name":%q,%s}`, names[1], others)).want(201)
		list := a.at("possible_duplicates").([]any)
		if slip := names[0] == "Marigold"; (len(list) > 0) != slip || slip && a.number("possible_duplicates.0.score") >= 1 {
			t.Errorf("%v: %v", names, list)
		}
	}
}
