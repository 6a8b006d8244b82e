package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
)

const pairs = "/worklists/possible_duplicates"

// pairs are the pairs of the list, each as its two ids with the later one first, in order.
func (a answer) pairs() (list []string) {
	a.t.Helper()
	for _, item := range a.want(200).items() {
		row := item.(map[string]any)
		list = append(list, fmt.Sprint(row["patient_id"], " ", row["other_patient_id"]))
	}
	return list
}

func TestPairsOfPossibleDuplicatesAreListed(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	record := func(body string) string { return lw.post("/patients", body).made() }
	first := record(`{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17","phone":"07700 900123"}`)
	if got := lw.get(pairs).pairs(); len(got) != 0 {
		t.Fatalf("one person makes pairs: %v", got)
	}
	second := record(`{"given_name":"Marigold","family_name":"Obrien","birth_date":"1961-05-17"}`)
	other := record(`{"given_name":"Marigold","family_name":"Heatherley","birth_date":"1961-05-17"}`)
	record(`{"given_name":"Primrose","family_name":"O'Brien","birth_date":"1961-05-17","phone":"07700 900123"}`) // her twin
	w.as("other_site_link_worker").post("/patients", `{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17"}`).made()

	list := lw.get(pairs).want(200)
	if got := list.pairs(); len(got) != 1 || got[0] != second+" "+first {
		t.Fatalf("the list: %s", list.body)
	}
	if list.at("items.0.score") != 1.0 || list.text("items.0.reasons.0") != "name" || list.number("count") != 1 ||
		list.text("items.0.name") != "Marigold Obrien" || list.text("items.0.other_name") != "Marigold O'Brien" ||
		list.text("items.0.subject.id") != second || list.at("items.0.next_due") != nil ||
		list.text("items.0.why") != "May be one person: the same name, date of birth." ||
		list.text("items.0.actions.1.href") != "/v1/patients/"+second+"/merge" {
		t.Errorf("the row: %s", list.body)
	}
	if n := len(w.as("other_site_link_worker").get(pairs).want(200).items()); n != 0 {
		t.Errorf("another site sees %d pairs", n)
	}
	for _, role := range []string{"dashboard", "organisation", "administrator", "researcher"} {
		w.as(role).get(pairs).problem(403, "forbidden")
	}
	counted := false
	for _, item := range lw.get("/worklists").want(200).items() {
		entry := item.(map[string]any)
		if entry["name"] == "possible_duplicates" {
			counted = entry["count"] == 1.0 && entry["href"] == "/v1"+pairs
		}
	}
	if !counted {
		t.Error("the index of worklists does not count the pairs")
	}

	// a change brings a pair, and another one takes it away
	lw.patch("/patients/"+other, `"1"`, `{"phone":"07700900123"}`).want(200)
	if got := lw.get(pairs).pairs(); len(got) != 2 || got[1] != other+" "+first {
		t.Errorf("after a change: %v", got)
	}
	page := lw.get(pairs + "?limit=1").want(200)
	next := lw.get(pairs + "?limit=1&cursor=" + page.text("next_cursor")).want(200)
	if page.number("count") != 2 || len(next.items()) != 1 || next.pairs()[0] == page.pairs()[0] || next.at("next_cursor") != nil {
		t.Errorf("the second page: %s", next.body)
	}
	lw.patch("/patients/"+other, `"2"`, `{"phone":null}`).want(200)
	if got := lw.get(pairs).pairs(); len(got) != 1 {
		t.Errorf("after it was changed back: %v", got)
	}

	// of a link worker's people alone
	if n := lw.get(pairs + "?link_worker_id=" + w.worker).want(200).number("count"); n != 0 {
		t.Errorf("%v pairs of nobody's people", n)
	}
	w.episode(first)
	if n := lw.get(pairs + "?link_worker_id=" + w.worker).want(200).number("count"); n != 1 {
		t.Errorf("%v pairs of their people", n)
	}
}

func TestNotTheSamePersonIsRemembered(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	const her = `{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17"}`
	first := lw.post("/patients", her).made()
	second := lw.post("/patients", her).made()
	said := lw.post("/patients/"+first+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, second)).want(200)
	if said.text("patient_id") != first || said.text("other_patient_id") != second || said.text("said_by.link_worker_id") != w.worker {
		t.Errorf("what is remembered: %s", said.body)
	}
	again := w.as("site_manager").post("/patients/"+second+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, first)).want(200)
	if again.text("said_at") != said.text("said_at") || again.text("said_by.role") != "link_worker" {
		t.Errorf("saying it again changes it: %s", again.body)
	}
	if got := lw.get(pairs).pairs(); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
	lw.patch("/patients/"+second, `"1"`, `{"phone":"07700 900123"}`).want(200)
	w.compare()
	if got := lw.get(pairs).pairs(); len(got) != 0 {
		t.Errorf("listed again: %v", got)
	}
	w.as("other_site_link_worker").post("/patients/"+first+"/not-duplicate", fmt.Sprintf(`{"other_patient_id":%q}`, second)).
		problem(404, "not_found")

	// whoever is one of them is not the other either
	third := lw.post("/patients", her).made()
	if got := lw.get(pairs).pairs(); len(got) != 2 {
		t.Errorf("a third makes %v", got)
	}
	w.merge(third, first).want(200)
	if got := lw.get(pairs).pairs(); len(got) != 0 {
		t.Errorf("after the merge: %v", got)
	}
	w.unmerge(third, "").want(200)
	if got := lw.get(pairs).pairs(); len(got) != 1 || got[0] != third+" "+second {
		t.Errorf("after the undo: %v", got)
	}
}

// compare does what the job does: it looks at whoever was recorded or changed.
func (w *world) compare() {
	w.t.Helper()
	if err := (&people.Store{DB: w.db}).FindDuplicates(actor.With(w.t.Context(), actor.Named("duplicates"))); err != nil {
		w.t.Fatal(err)
	}
}

// Whom no operation compared, as two who were recorded at once, or came with a copy, the job finds.
func TestTheJobFindsPairs(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	first := lw.post("/patients", `{"given_name":"Marigold","family_name":"O'Brien","birth_date":"1961-05-17"}`).made()
	job := actor.With(t.Context(), actor.Named("test"))
	left, second := int64(0), db.IDAt(w.db.Clock.Now())
	err := w.db.Do(job, func(tx *db.Tx) error {
		for i := range 120 { // in more than one go
			p := people.Patient{ID: tx.NewID(), SiteID: uuid.MustParse(w.site), RecordedVia: "demo", Version: 1, CreatedAt: tx.Now,
				UpdatedAt: tx.Now}
			p.GivenName, p.BirthDate = new(fmt.Sprintf("Marigold%c%c", 'a'+i%26, 'a'+i/26)), new(day.New(1920+i%60, 1, 1).Whole())
			p.Gender, p.EthnicCategory, p.Carer, p.ContactPreference = "not_known", "99", "not_known", "not_known"
			if i == 60 {
				p.ID, p.GivenName, p.FamilyName, p.BirthDate = second, new("marigold"), new("OBrien"), new(day.New(1961, 5, 17).Whole())
			}
			if err := tx.Create(&p).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(lw.get(pairs).want(200).items()); n != 0 {
		t.Fatalf("%d pairs before anybody looked", n)
	}
	w.compare()
	if got := strings.Join(lw.get(pairs).pairs(), ","); got != second.String()+" "+first {
		t.Errorf("the job finds %q", got)
	}
	err = w.db.Do(job, func(tx *db.Tx) error { return tx.Raw("select count(*) from duplicate_checks").Scan(&left).Error })
	if err != nil || left != 0 {
		t.Errorf("%d are left to look at, %v", left, err)
	}
}
