package cli_test

import (
	"strings"
	"sync"
	"testing"

	"waypost/internal/platform/leaktest"
)

var firstSite = []string{
	"init",
	"--public-url",
	"https://waypost.example",
	"--site",
	"First site",
	"--site-code",
	"first_site",
	"--ods-code",
	"u00001",
	"--link-worker",
	"Sam Helper",
	"--email",
	"sam@example.org",
}

const setUp = "select (select count(*) from sites) || ' ' || (select count(*) from link_workers) || ' ' || (select " +
	"count(*) from api_keys)"

// printed is the value of a line that init prints.
func printed(t *testing.T, text, name string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == name {
			return words[1]
		}
	}
	t.Fatalf("no %s in %s", name, text)
	return ""
}

// Of several who set up one new database at once, one does; everybody else is refused, and changes nothing.
func TestInitMakesTheFirstKeysOnce(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "fresh")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	// The first takes so long that the others begin before it ends.
	query(t, owner, `create function slow() returns trigger language plpgsql as $$ begin
		perform pg_sleep(2); return new; end $$`)
	query(t, owner, "create trigger slow before insert on sites for each row execute function slow()")
	var mutex sync.Mutex
	var all sync.WaitGroup
	var said string
	times := 0
	for range 3 {
		all.Go(func() {
			out, err := i.on(login).run(firstSite...)
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				said, times = out, times+1
			} else if !strings.Contains(err.Error(), "nothing was changed: there is a first administrator already") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if times != 1 {
		t.Fatalf("%d were told that they had set it up", times)
	}
	if n := query(t, owner, setUp); n != "1 1 3" {
		t.Errorf("sites, link workers and keys: %s", n)
	}
	w := i.on(login)
	w.start()
	for _, role := range []string{"administrator", "data_steward", "link_worker"} {
		status, body := w.call(printed(t, said, role), "GET", "/me", "", "")
		if status != 200 || field(t, body, "role") != role {
			t.Errorf("%s: %d %s", role, status, body)
		}
	}
	status, body := w.call(printed(t, said, "administrator"), "GET", "/sites/"+printed(t, said, "site_id"), "", "")
	if status != 200 || field(t, body, "ods_code") != "U00001" || field(t, body, "name") != "First site" {
		t.Errorf("%d %s", status, body)
	}
	status, body = w.call(printed(t, said, "link_worker"), "POST", "/patients", "", `{"given_name":"Marigold",
		"family_name":"B","birth_date":"1950-01-01"}`)
	idOf(t, status, body)
}

// Whatever init cannot do it says in one line, which repeats nothing of a person, and nothing is made.
func TestInitRefuses(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "refusing")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	with := func(flag, value string) []string { return append(append([]string{}, firstSite...), flag, value) }
	refused := func(what, says string, args []string) {
		t.Helper()
		out, err := i.on(login).run(args...)
		if err == nil || out != "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: it says %v, and prints %s", what, err, out)
			return
		}
		leaktest.Hidden(t, what, err.Error(), "Marigold")
	}
	refused("no public URL", "--public-url", append([]string{"init"}, firstSite[3:]...))
	refused("this machine", "names this machine itself", with("--public-url", "http://localhost:8080"))
	refused("a code that is none", "--site-code takes", with("--site-code", "Marigold House"))
	refused("a blank name", "--site must not be blank", with("--site", " "))
	refused("an address that is none", "email is not an e-mail address", with("--email", "Marigold"))
	refused("an ODS code that is none", "ods_code", with("--ods-code", "Marigold House"))
	for what, sql := range map[string]string{
		"an organisation is there": "insert into organisations (id, name, status, source, created_at, updated_at) " +
			"values (gen_random_uuid(), 'Lunch club', 'active', 'test', now(), now())",
		"a demo": "update installation set demo = true",
	} {
		query(t, owner, sql)
		refused(what, "nothing was changed: this database", firstSite)
	}
	if n := query(t, owner, setUp); n != "0 0 0" {
		t.Errorf("sites, link workers and keys: %s", n)
	}
}
