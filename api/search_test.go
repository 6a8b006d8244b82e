package api_test

import (
	"fmt"
	"strings"
	"testing"
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
		"/organisations?q=%21%21": 0, "/services?q=grune+wiese": 1, "/services?q=ST+MARYS": 1, "/services?q=%2A%2A": 0,
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
