package api_test

import (
	"fmt"
	"testing"

	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

const lookedUp = `{"given_name":"Marigold","family_name":"Example","birth_date":"1950-04-01","nhs_number":"9434765919",
	"phone":"07700 900123","email":"Marigold.E@example.org","postcode":"M33 1AA","external_ids":[{"system":"emis","value":"EM-7719"}]}`

// ways are what Marigold is looked up by.
var ways = []string{"943 476 5919", "07700 900123", "marigold.e@EXAMPLE.org", "m331aa", "em-7719"}

// found reports how many of the ways find the person, and fails where another person is found.
func (c client) found(person string) (n int) {
	c.w.t.Helper()
	for _, q := range ways {
		a := c.post("/patients/search", fmt.Sprintf(`{"q":%q}`, q)).want(200)
		for i := range a.items() {
			if a.text(fmt.Sprintf("items.%d.id", i)) != person {
				c.w.t.Errorf("%s finds somebody else", q)
			}
			n++
		}
	}
	return n
}

// People are looked up by keys that the database cannot make, each site's its own.
func TestPeopleAreLookedUpByKeys(t *testing.T) {
	w := newWorld(t)
	lw, other := w.as("link_worker"), w.as("other_site_link_worker")
	marigold := lw.post("/patients", lookedUp).made()
	if n := lw.found(marigold); n != len(ways) {
		t.Errorf("%d of %d ways find Marigold", n, len(ways))
	}
	if n := other.found(""); n != 0 {
		t.Errorf("another site finds %d", n)
	}
	if got := w.value("select string_agg(kind, '' order by kind) || (select count(*) from person_lookups_due) " +
		"from person_lookups where length(key) = 32"); got != "cenrt0" {
		t.Errorf("look-ups are %s", got)
	}
	elsewhere := other.post("/patients", lookedUp).made()
	if got := w.value("select count(distinct key)::text from person_lookups"); got != "10" {
		t.Errorf("two sites have %s keys of ten: the same number is the same key", got)
	}
	if n := lw.found(marigold) + other.found(elsewhere); n != 2*len(ways) {
		t.Errorf("%d found, want %d", n, 2*len(ways))
	}
	lw.patch("/patients/"+marigold, `"1"`, `{"phone":"07700 900124","email":null}`).want(200)
	if n := lw.found(marigold); n != len(ways)-2 {
		t.Errorf("%d ways find Marigold after a change, want %d", n, len(ways)-2)
	}
	if got := lw.post("/patients/search", `{"q":"+44 7700 900124"}`).want(200); got.text("items.0.id") != marigold {
		t.Errorf("by her new number: %s", got.body)
	}
	if got := w.value("select count(*)::text from person_names, unnest(keys) k where k in (select search_key(site_id, " +
		"'n', '9434765919') from person_names)"); got != "0" {
		t.Error("the NHS number has a key that anybody can make")
	}
}

// Whoever was recorded by a process without the key is found all the same, and so is everybody while another master key
// takes the place of the one before.
func TestLookUpsThatAreDueAreFound(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	c := on(d)
	c.Stores.People = &people.Store{DB: d, TestNumbers: true}
	c.Stores.Casework.People = c.Stores.People
	w := serving(t, c)
	lw := w.as("link_worker")
	marigold := lw.post("/patients", lookedUp).made()
	jobs := db.Background(actor.With(t.Context(), actor.Named("test")))
	check := func(when, want string) {
		t.Helper()
		if n := lw.found(marigold); n != len(ways) {
			t.Errorf("%s: %d of %d ways find Marigold", when, n, len(ways))
		}
		got := w.value("select (select count(*) from person_lookups) || ' ' || (select count(*) from person_lookups_due)")
		if got != want {
			t.Errorf("%s: %s look-ups and due, want %s", when, got, want)
		}
	}
	check("without a key", "0 1")
	if err := c.Stores.People.OpenLookups(jobs, testMasterKey()); err != nil {
		t.Fatal(err)
	}
	check("before they are filled", "0 1")
	if err := c.Stores.People.FillLookups(jobs); err != nil {
		t.Fatal(err)
	}
	check("filled", "5 0")
	stale := &people.Store{DB: d}
	if err := stale.OpenLookups(jobs, testMasterKey()); err != nil {
		t.Fatal(err)
	}
	if err := c.Stores.People.OpenLookups(jobs, newMasterKey()); err != nil {
		t.Fatal(err)
	}
	check("another master key", "0 1")
	if err := stale.FillLookups(jobs); err != nil { // whose key is no longer the database's
		t.Fatal(err)
	}
	check("a process with the key before", "0 1")
	if err := c.Stores.People.FillLookups(jobs); err != nil {
		t.Fatal(err)
	}
	check("made anew", "5 0")
}
