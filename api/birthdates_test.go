package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A birth date is taken as far as it is known, and comes back as it was recorded.
func TestABirthDateMayBeKnownInPart(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker").with(pastJudges, "1")
	for _, c := range []struct{ sent, born, unknown string }{
		{`"birth_date":"1961"`, `"1961"`, "false"},
		{`"birth_date":"1961-05"`, `"1961-05"`, "false"},
		{`"birth_date":"1961-05-17"`, `"1961-05-17"`, "false"},
		{`"birth_date":" 1961 "`, "", ""},
		{`"birth_date":"1961","birth_date_unknown":false`, `"1961"`, "false"},
		{`"birth_date":null,"birth_date_unknown":true`, "null", "true"},
		{`"birth_date_unknown":true`, "null", "true"},
	} {
		for _, name := range []string{"given_name", "family_name"} {
			body := fmt.Sprintf(`{%q:"Marigold",%s}`, name, c.sent)
			if c.born == "" {
				lw.post("/patients", body).problem(422, "invalid", "Marigold")
				continue
			}
			p := lw.post("/patients", body).want(201)
			again := lw.get("/patients/" + p.text("id")).want(200)
			for _, a := range []answer{p, again} {
				if !strings.Contains(string(a.body), `"birth_date":`+c.born+`,"birth_date_unknown":`+c.unknown) {
					t.Errorf("%s: %s", body, a.body)
				}
			}
		}
	}
	for sent, want := range map[string]string{
		`"given_name":"Marigold"`:                                                        "required birth_date",
		`"given_name":"Marigold","birth_date":null`:                                      "required birth_date",
		`"given_name":"Marigold","birth_date_unknown":false`:                             "required birth_date",
		`"given_name":"Marigold","birth_date":"1961","birth_date_unknown":true`:          "not_allowed birth_date_unknown",
		`"given_name":"Marigold","birth_date":"1961-02-29"`:                              "wrong_format birth_date",
		`"given_name":"Marigold","birth_date":"1961-13"`:                                 "wrong_format birth_date",
		`"given_name":"Marigold","birth_date":"17/5/1961"`:                               "wrong_format birth_date",
		`"given_name":"Marigold","birth_date":"about 1961"`:                              "wrong_format birth_date",
		`"given_name":"Marigold","birth_date":1961`:                                      "wrong_type birth_date",
		`"given_name":"Marigold","birth_date":"2999"`:                                    "out_of_range birth_date",
		`"given_name":"Marigold","birth_date":"1801-05"`:                                 "out_of_range birth_date",
		`"given_name":"Marigold","birth_date":"1961-05","died_on":"1961-04-30"`:          "out_of_range died_on",
		`"birth_date":"1961"`:                                                            "required given_name",
		`"given_name":"Marigold","birth_date":"` + strings.Repeat("1961", 500) + `"`:     "wrong_format birth_date",
		`"given_name":"Marigold","birth_date":"1961-05-17","birth_date_unknown":"maybe"`: "wrong_type birth_date_unknown",
	} {
		a := lw.post("/patients", "{"+sent+"}").problem(422, "invalid", "Marigold", "17/5/1961", "about 1961")
		if got := a.text("errors.0.code") + " " + strings.TrimPrefix(a.text("errors.0.location"), "body."); got != want {
			t.Errorf("%s: %s, want %s", sent, got, want)
		}
	}
}

func TestAChangeOfABirthDateSaysOneOfTwoFields(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	p := lw.post("/patients", `{"given_name":"Marigold","birth_date_unknown":true}`).want(201)
	path := "/patients/" + p.text("id")
	version := 0
	change := func(body string) client {
		version++
		lw.patch(path, fmt.Sprintf(`"%d"`, version), body).want(200)
		return lw
	}
	born := func() string {
		a := lw.get(path).want(200)
		return fmt.Sprintf("%v %v", a.at("birth_date"), a.at("birth_date_unknown"))
	}
	for _, c := range []struct{ body, want string }{
		{`{"birth_date":"1961"}`, "1961 false"},
		{`{"birth_date":"1961-05"}`, "1961-05 false"},
		{`{"family_name":"Example"}`, "1961-05 false"},
		{`{"birth_date_unknown":true}`, "<nil> true"},
		{`{"birth_date":"1961-05-17","birth_date_unknown":false}`, "1961-05-17 false"},
	} {
		change(c.body)
		if got := born(); got != c.want {
			t.Errorf("after %s: %s, want %s", c.body, got, c.want)
		}
	}
	etag := fmt.Sprintf(`"%d"`, version+1)
	for _, body := range []string{`{"birth_date":null}`, `{"birth_date":"1961","birth_date_unknown":true}`} {
		lw.patch(path, etag, body).problem(422, "invalid", "Marigold")
	}
	if got := born(); got != "1961-05-17 false" {
		t.Errorf("after refused changes: %s", got)
	}
}

// A date that is known in part finds people and is weighed as far as it is known.
func TestBirthDatesKnownInPartAreFoundAndCompared(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	record := func(body string) string { return lw.post("/patients", body).made() }
	ids := map[string]string{}
	for _, born := range []string{"1961", "1961-05", "1961-05-17", "1984"} {
		ids[record(fmt.Sprintf(`{"given_name":"Marigold","family_name":"Quillingham","birth_date":%q}`, born))] = born
	}
	ids[record(`{"given_name":"Marigold","family_name":"Quillingham","birth_date_unknown":true}`)] = "unknown"
	search := func(body string) string {
		a := lw.post("/patients/search", body).want(200)
		var got []string
		for i := range a.items() {
			got = append(got, ids[a.text(fmt.Sprintf("items.%d.id", i))])
		}
		return strings.Join(got, " ")
	}
	for _, c := range []struct{ q, first, not string }{
		{"marigold 1961", "1961 1961-05 1961-05-17", ""},
		{"quillingham May 1961", "1961-05 1961-05-17 1961", ""},
		{"marigold quillingham 17/5/1961", "1961-05-17 1961-05 1961", ""},
		{"marigold quillingham 1984", "1984", ""},
	} {
		got := strings.Fields(search(fmt.Sprintf(`{"q":%q}`, c.q)))
		want := strings.Fields(c.first)
		head := slices.Clone(got[:min(len(got), len(want))])
		slices.Sort(head)
		slices.Sort(want)
		if !slices.Equal(head, want) {
			t.Errorf("%s: %v, want %s first", c.q, got, c.first)
		}
	}
	for body, want := range map[string]string{
		`{"family_name":"quillingham","birth_date":"1961"}`:       "1961 1961-05 1961-05-17",
		`{"family_name":"quillingham","birth_date":"1961-05"}`:    "1961-05 1961-05-17",
		`{"family_name":"quillingham","birth_date":"1961-05-17"}`: "1961-05-17",
	} {
		got := strings.Fields(search(body))
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
	lw.with(pastJudges, "1").post("/patients/search", `{"family_name":"Quillingham","birth_date":"1961-02-29"}`).
		problem(422, "invalid", "Quillingham")
	for sent, want := range map[string]string{
		`"birth_date":"1961-05-17"`: "1961 1961-05 1961-05-17",
		`"birth_date":"1961"`:       "1961 1961-05 1961-05-17",
		`"birth_date":"1984-11-02"`: "1984",
		`"birth_date":"1975"`:       "",
		`"birth_date_unknown":true`: "",
	} {
		a := lw.post("/patients", `{"given_name":"Marigold","family_name":"Quillingham","on_possible_duplicate":"refuse",`+sent+`}`)
		var got []string
		if want != "" {
			a.problem(409, "conflict")
			for i := range a.at("possible_duplicates").([]any) {
				got = append(got, ids[a.text(fmt.Sprintf("possible_duplicates.%d.patient_id", i))])
			}
		} else {
			a.want(201)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", sent, got, want)
		}
	}
}

// An instrument with a minimum age takes only answers of people who have surely reached it; answers that were taken
// before the date was put right stop counting.
func TestAMinimumAgeIsReachedForCertain(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	now := w.db.Clock.Now()
	for _, c := range []struct {
		born  string
		taken bool
	}{
		{fmt.Sprintf(`"birth_date":"%d"`, now.Year()-17), true},
		{fmt.Sprintf(`"birth_date":"%d"`, now.Year()-16), now.Format("01-02") == "12-31"},
		{fmt.Sprintf(`"birth_date":%q`, now.AddDate(-16, -1, 0).Format("2006-01")), true},
		{fmt.Sprintf(`"birth_date":%q`, now.AddDate(-16, 0, 0).Format("2006-01")), now.AddDate(0, 0, 1).Day() == 1},
		{`"birth_date_unknown":true`, false},
	} {
		patient := lw.post("/patients", `{"given_name":"Marigold","family_name":"Example",`+c.born+`}`).made()
		episode := w.episode(patient)
		a := w.ons4(episode, "baseline", w.today(), 4, 5, 3, 8)
		if !c.taken {
			a.problem(422, "invalid", "Marigold")
			continue
		}
		a.want(201)
		counted := func() string {
			return w.value("select string_agg((not a.not_counted)::text || (select count(*) > 0 from assessment_scores s "+
				"where s.assessment_id = a.id), ' ') from assessments a where a.episode_id::text = ?", episode)
		}
		before := counted()
		lw.patch("/patients/"+patient, `"1"`, `{"birth_date_unknown":true}`).want(200)
		unknown := counted()
		lw.patch("/patients/"+patient, `"2"`, `{"birth_date":"1961"}`).want(200)
		if before != "truetrue" || unknown != "falsefalse" || counted() != "truetrue" {
			t.Errorf("%s: %s, %s while the date was unknown, then %s", c.born, before, unknown, counted())
		}
	}
}

// Figures take the middle of what a birth date may be, and count those of whom nothing is known in a line of their own.
func TestFiguresKnowBirthDatesInPart(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	now := w.db.Clock.Now().AddDate(0, 0, -30) // when episodes of this test begin
	middle := "35_49"
	if now.Format("01-02") >= "07-01" {
		middle = "50_64"
	}
	want := map[string]float64{"not_known": 2, "65_79": 3}
	want[middle]++
	for _, born := range []string{
		fmt.Sprintf(`"birth_date":"%d"`, now.Year()-50), fmt.Sprintf(`"birth_date":"%d"`, now.Year()-70),
		fmt.Sprintf(`"birth_date":"%d-05"`, now.Year()-70), fmt.Sprintf(`"birth_date":"%d-05-17"`, now.Year()-70),
		`"birth_date_unknown":true`, `"birth_date_unknown":true`,
	} {
		w.episode(lw.post("/patients", `{"given_name":"Marigold","family_name":"Example",`+born+`}`).made())
	}
	rows := w.as("site_manager").get("/insights/missing?by=age_band").want(200)
	got := map[string]float64{}
	for i := range rows.at("rows").([]any) {
		at := fmt.Sprintf("rows.%d.", i)
		row := rows.at("rows").([]any)[i].(object)
		if band, is := row["age_band"].(string); is && rows.text(at+"field") == "gender" && rows.number(at+"expected") > 0 {
			got[band] = rows.number(at + "expected")
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// The message to the practice says as much of a birth date as is known.
func TestTheGPMessageSaysWhatIsKnownOfABirthDate(t *testing.T) {
	w, patient, episode := reported(t)
	lw := w.as("link_worker")
	w.consent(patient, "report_to_gp", "given")
	for body, want := range map[string]string{
		`{"birth_date":"1950"}`:       `"birth_date":"1950"`,
		`{"birth_date":"1950-04"}`:    `"birth_date":"1950-04"`,
		`{"birth_date_unknown":true}`: `"birth_date":null`,
	} {
		p := lw.get("/patients/" + patient).want(200)
		lw.patch("/patients/"+patient, p.header.Get("ETag"), body).want(200)
		a := lw.get("/episodes/" + episode + "/gp-message").want(200)
		if !strings.Contains(string(a.body), want) {
			t.Errorf("%s: no %s in %s", body, want, a.body)
		}
	}
}
