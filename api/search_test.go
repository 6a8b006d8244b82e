package api_test

import (
	"fmt"
	"strings"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// What a person types finds people, those first who fit best, each with what tells them apart.
func TestSearchTakesWhatAPersonTypes(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	record := func(body string) string {
		return lw.post("/patients", body).want(201).text("id")
	}
	marigold, episode := w.supported()
	lw.patch("/patients/"+marigold, `"1"`, `{"given_name":"Marigold","family_name":"O'Brien-Łucki","birth_date":"1961-05-17",
		"postcode":"ZZ99 3VZ","phone":"07700 900123","email":"mari@example.org",
		"external_ids":[{"system":"emis","value":"E-77"}]}`).want(200)
	twin := record(`{"given_name":"Primrose","family_name":"OBrien Lucki","birth_date":"1961-05-17","postcode":"ZZ99 3VZ"}`)
	other := record(`{"given_name":"Marigolda","family_name":"Brian","birth_date":"1984-11-02"}`)
	first := func(q string) answer {
		t.Helper()
		a := lw.post("/patients/search", fmt.Sprintf(`{"q":%q}`, q)).want(200)
		if len(a.items()) == 0 {
			t.Fatalf("%q finds nobody", q)
		}
		return a
	}
	for _, q := range []string{
		"marigold obrien", "O’BRIEN mari", "o brien lucki marigold", "mairgold", "marigold 17/5/1961", "17 May 1961 marigold",
		"marigold 1961", "marigold may 1961", "07700900123", "+44 7700 900123", "mari@example.org", "e-77",
		"marigold ZZ993VZ", "marigold obrein",
	} {
		if got := first(q).text("items.0.id"); got != marigold {
			t.Errorf("%q finds %s first", q, got)
		}
	}
	both := first("obrien lucki 1961-05-17")
	if len(both.items()) != 2 || both.at("items.0.match.score") != 1.0 || both.at("items.1.match.score") != 1.0 {
		t.Errorf("a household: %s", both.body)
	}
	a := first("marigold")
	if a.text("items.0.open_episode_id") != episode || a.text("items.0.link_worker_name") == "" ||
		a.text("items.0.match.reasons.0") != "name" || a.text("items.1.id") != other ||
		a.text("items.1.match.reasons.0") != "name_begins" {
		t.Errorf("what tells people apart: %s", a.body)
	}
	if got := first("marigold 17/5/1962").text("items.0.match.reasons.1"); got != "birth_date_similar" {
		t.Errorf("a year that was typed wrong is %q", got)
	}
	for _, q := range []string{"heather", "marigold heather", "17/5/1999", "1961", "07700 900999", "zz99 3wz", "!!"} {
		if n := len(lw.post("/patients/search", fmt.Sprintf(`{"q":%q}`, q)).want(200).items()); n != 0 {
			t.Errorf("%q finds %d people", q, n)
		}
	}
	if n := len(w.as("other_site_link_worker").post("/patients/search", `{"q":"marigold"}`).want(200).items()); n != 0 {
		t.Errorf("another site finds %d people", n)
	}
	lw.post("/patients/search", fmt.Sprintf(`{"q":%q}`, strings.Repeat("marigold ", 600))).problem(422, "invalid", "marigold")
	lw.post("/patients/search", fmt.Sprintf(`{"q":%q}`, strings.Repeat("a ", 100))).want(200)

	page := lw.post("/patients/search?limit=1", `{"q":"obrien lucki"}`).want(200)
	next := lw.post("/patients/search?limit=1&cursor="+page.text("next_cursor"), `{"q":"obrien lucki"}`).want(200)
	if len(next.items()) != 1 || next.text("items.0.id") == page.text("items.0.id") || next.at("next_cursor") != nil {
		t.Errorf("the second page: %s", next.body)
	}

	for range 3 { // of one name, which fits by its beginning: each stands on one page
		record(`{"given_name":"Zorahanna Mirabelle","family_name":"Quillingham","birth_date":"1984-11-02"}`)
	}
	seen, cursor := map[string]bool{}, ""
	for range 5 {
		a := lw.post("/patients/search?limit=1"+cursor, `{"q":"zorahanna mirabel quil"}`).want(200)
		for i := range a.items() {
			seen[a.text(fmt.Sprintf("items.%d.id", i))] = true
		}
		if a.at("next_cursor") == nil {
			break
		}
		cursor = "&cursor=" + a.text("next_cursor")
	}
	if len(seen) != 3 {
		t.Errorf("%d of 3 people stand on the pages", len(seen))
	}
	if got := first("quillingham zorahanna 943 476 5919").text("items.0.family_name"); got != "Quillingham" {
		t.Errorf("a number that the record lacks hides %s", got)
	}
	lw.patch("/patients/"+twin, `"1"`, `{"family_name":"Heatherley"}`).want(200)
	if got := first("heatherley").text("items.0.id"); got != twin {
		t.Errorf("a new name finds %s", got)
	}
}

func TestDirectoryNamesAreComparedFolded(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	made := admin.post("/organisations", `{"name":"St. Mary’s Café"}`).want(201).text("id")
	admin.post("/organisations/"+made+"/services", `{"name":"Grüne Wiese – Allotment","activity_type":"green_nature"}`).want(201)
	for path, want := range map[string]int{
		"/organisations?q=St+Marys+cafe": 1, "/organisations?q=mary%27s": 1, "/organisations?q=marys+tea": 0,
		"/organisations?q=cafe+marys":  1,
		"/organisations?q=arys":        0,
		"/organisations?q=marys+-cafe": 0, "/organisations?q=-cafe": 0, "/organisations?q=marys+-tea": 1,
		"/services?q=wiese+-gr%C3%BCne": 0,
		"/organisations?q=%21%21":       0, "/services?q=grune+wiese": 1, "/services?q=ST+MARYS": 1, "/services?q=%2A%2A": 0,
	} {
		n := 0
		for _, item := range admin.get(path).want(200).items() {
			if s := fmt.Sprint(item); strings.Contains(s, made) {
				n++
			}
		}
		if n != want {
			t.Errorf("%s finds it %d times", path, n)
		}
	}
}

// Of many namesakes the one whose date, year or postcode was typed is found, and who types a name alone is told that more
// fit. One site's namesakes take nobody's place at another.
func TestOneOfManyNamesakesIsFound(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	for _, site := range []string{w.site, w.other} {
		err := w.db.Do(db.Background(actor.With(t.Context(), actor.Named("test"))), func(tx *db.Tx) error {
			return tx.Exec(`insert into patients (site_id, id, given_name, family_name, birth_date, recorded_via, created_at, updated_at)
				select cast(? as uuid), gen_random_uuid(), 'Zorahanna', 'Quillingham', '1950-04-01', 'api', now(), now()
				from generate_series(1, 250)`, site).Error
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	one := lw.post("/patients", `{"given_name":"Zorahanna","family_name":"Quillingham","birth_date":"1961-05-17",
		"postcode":"M33 1AA"}`).made()
	about := lw.post("/patients", `{"given_name":"Zorahanna","family_name":"Quillingham","birth_date":"1972"}`).made()
	both := w.key("site_manager", fmt.Sprintf(`"site_ids":[%q,%q]`, w.other, w.site))
	for _, c := range []client{lw, {w: w, bearer: both}} {
		for q, want := range map[string]string{
			"zorahanna quillingham 17/5/1961": one, "zorahanna 1961": one, "quillingham 18/5/61": one, "quilingham zorahanna 1961": one,
			"zorahanna quillingham M33 1AA": one, "zorahanna ann quillingham 1961": one,
			"zorahanna quillingham 3/4/1972": about, "quillingham 1972": about,
		} {
			a := c.post("/patients/search", fmt.Sprintf(`{"q":%q}`, q)).want(200)
			if len(a.items()) == 0 || a.text("items.0.id") != want || len(a.at("warnings").([]any)) != 0 {
				t.Errorf("%q: %.300s", q, a.body)
			}
		}
		a := c.post("/patients/search?limit=200", `{"q":"zorahanna quillingham"}`).want(200)
		if len(a.items()) != 200 || a.text("warnings.0.code") != "more_people_fit" {
			t.Errorf("%d namesakes and %v", len(a.items()), a.at("warnings"))
		}
	}
	if got := lw.post("/patients", `{"given_name":"Zorahanna","family_name":"Quillingham","birth_date":"1961-05-17"}`).want(201); got.text(
		"possible_duplicates.0.patient_id") != one {
		t.Errorf("among namesakes: %s", got.body)
	}
}

// One word of three may fit nothing: a middle name, or half of a double name. Of two, both have to fit.
func TestOneWordTooManyHidesNobody(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	marigold := lw.post("/patients", `{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17"}`).made()
	wei := lw.post("/patients", `{"given_name":"明","family_name":"王","birth_date":"1930-03-04"}`).made()
	for q, want := range map[string]string{
		"marigold primrose obrien": marigold, "marigold obrien-lucki": marigold, "heather marigold obrien 17/5/1961": marigold,
		"明": wei, "王明": wei, "王 明": wei, "4/3/30": wei, "May 17 1961 obrien": marigold, "obrien 19610517": marigold,
		"marigold heather": "", "marigold heather primrose": "", "marigold heather primrose obrien": "",
	} {
		a := lw.post("/patients/search", fmt.Sprintf(`{"q":%q}`, q)).want(200)
		switch {
		case want == "" && len(a.items()) > 0:
			t.Errorf("%q finds %s", q, a.body)
		case want != "" && (len(a.items()) == 0 || a.text("items.0.id") != want):
			t.Errorf("%q: %s", q, a.body)
		}
	}
	whole := lw.post("/patients/search", `{"q":"marigold obrien"}`).want(200).number("items.0.match.score")
	if part := lw.post("/patients/search", `{"q":"marigold primrose obrien"}`).want(200).number("items.0.match.score"); part >= whole {
		t.Errorf("a word that fits nothing costs nothing: %v", part)
	}
	for _, q := range []string{"m", "é", " ", "-"} {
		lw.with(pastJudges, "1").post("/patients/search", fmt.Sprintf(`{"q":%q}`, q)).problem(422, "invalid")
	}
	for _, name := range []string{"-", "...", "’", "\u200b-"} {
		a := lw.with(pastJudges, "1").post("/patients", fmt.Sprintf(`{"given_name":%q,"birth_date":"1961"}`, name)).problem(422, "invalid")
		if a.text("errors.0.location") != "body.given_name" {
			t.Errorf("%q: %s", name, a.body)
		}
	}
}
