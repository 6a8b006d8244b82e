package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// versionBefore is the last commit whose migrations were numbered up to 31, and whose queries all ran as waypost_app.
const versionBefore = "40f822d"

// buildVersionBefore builds it, outside of this clone's folder.
func buildVersionBefore(t *testing.T) (bin string) {
	t.Helper()
	if err := exec.Command("git", "-C", top, "rev-parse", "--quiet", "--verify", versionBefore+"^{commit}").
		Run(); err != nil {
		t.Skip("the version before, " + versionBefore + ", is not in this clone: git fetch --unshallow brings it")
	}
	dir := t.TempDir()
	shell(t, "sh", "-ec", `git -C "$1" archive "$2" | tar -x -C "$3"`, "sh", top, versionBefore, dir)
	bin = filepath.Join(t.TempDir(), "waypost")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

// callers ask a demo for what people ask, all the time. Whatever is not answered with a status below 500
// fails the test.
type callers struct {
	*instance
	keys     map[string]string
	answered atomic.Int64
	stop     chan struct{}
	all      sync.WaitGroup
}

func call(i *instance, keys map[string]string) *callers {
	c := &callers{instance: i, keys: keys, stop: make(chan struct{})}
	c.all.Go(func() { c.repeat(c.reads) })
	c.all.Go(func() { c.repeat(c.reads) })
	c.all.Go(func() { c.repeat(c.writes) })
	c.all.Go(func() { c.repeat(c.writes) })
	c.all.Go(func() { c.repeat(c.others) })
	return c
}

func (c *callers) repeat(round func(n int)) {
	for n := 0; ; n++ {
		select {
		case <-c.stop:
			return
		default:
			round(n)
		}
	}
}

func (c *callers) ask(role, method, path, body string) []byte {
	status, answer := c.callFor(time.Minute, c.keys[role], method, path, "", body)
	if status < 200 || status >= 500 {
		c.t.Errorf("%s %s: %d %.300s", method, path, status, answer)
	}
	c.answered.Add(1)
	return answer
}

// reads reads a page of each list, and things of it by their ids.
func (c *callers) reads(int) {
	for _, list := range []string{"/patients", "/episodes", "/referrals", "/follow-ups", "/organisations",
		"/services", "/link-workers", "/sites"} {
		var page struct{ Items []struct{ ID string } }
		if err := json.Unmarshal(c.ask("link_worker", "GET", list+"?limit=3", ""), &page); err == nil {
			for _, item := range page.Items {
				c.ask("link_worker", "GET", list+"/"+item.ID, "")
			}
		}
	}
}

// writes records somebody with an episode.
func (c *callers) writes(n int) {
	answer := c.ask("link_worker", "POST", "/patients", fmt.Sprintf(`{"given_name":"A","family_name":"B%d",
		"birth_date":"1950-01-01"}`, n))
	var patient struct{ ID string }
	if err := json.Unmarshal(answer, &patient); err == nil && patient.ID != "" {
		c.ask("link_worker", "PATCH", "/patients/"+patient.ID, `{"given_name":"C"}`)
		c.ask("link_worker", "POST", "/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
			"needs":{"primary":"food"}}`, patient.ID, time.Now().UTC().Format(time.DateOnly)))
	}
}

func (c *callers) others(int) {
	c.ask("link_worker", "GET", "/me", "")
	c.ask("integration", "GET", "/events?limit=20", "")
	c.ask("data_steward", "GET", "/projects", "")
	c.ask("dashboard", "GET", "/insights/overview", "")
	c.ask("link_worker", "POST", "/patients/search", `{"family_name":"B1","birth_date":"1950-01-01"}`)
}

// ready checks whether the program can take requests.
func (c *callers) ready(int) {
	if status := c.probe("/readyz"); status != http.StatusOK {
		c.t.Errorf("ready: %d", status)
	}
	time.Sleep(10 * time.Millisecond)
}

// rounds waits until callers were answered often, so that each of their connections has been used.
func (c *callers) rounds() {
	c.t.Helper()
	so := c.answered.Load()
	eventually(c.t, "callers are answered", func() bool { return c.answered.Load() > so+200 })
}

func (c *callers) end() {
	close(c.stop)
	c.all.Wait()
}

// A database of the version before is refused while that version is connected to it, which goes on serving;
// afterwards it is adopted, and nothing of it is lost.
func TestTheVersionBeforeIsAdopted(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "upgraded")
	older := i.on(owner)
	older.bin = buildVersionBefore(t)
	if out, err := older.run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	before := i.on(login, "--demo", "--people", "60")
	before.bin = older.bin
	before.start()
	c := call(before, before.demoKeys())
	c.all.Go(func() { c.repeat(c.ready) })
	c.rounds()
	if out, err := i.on(owner).
		run("migrate", "up"); err == nil ||
		!strings.Contains(fmt.Sprint(out, err), "stop it first") {
		t.Error("migrated under an older program:", out, err)
	}
	c.rounds()
	c.end()
	const people = "select count(*)::text from patients"
	had := query(t, owner, people)
	before.signal(syscall.SIGTERM)
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	after := i.on(login, "--demo")
	after.dir = before.dir // with the master key
	after.start()
	if has := query(t, owner, people); has != had || had == "0" {
		t.Errorf("%s people were there, and %s are", had, has)
	}
	c = call(after, c.keys)
	c.rounds()
	c.end()
}

// What the folder always holds is applied again under a running program, which answers every request meanwhile.
func TestPoliciesAreAppliedAgainWhileServing(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "again")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	w := i.on(login, "--demo", "--people", "60")
	w.log = t.Output()
	w.start()
	c := call(w, w.demoKeys())
	c.all.Go(func() { c.repeat(c.ready) })
	for range 3 {
		c.rounds()
		query(t, owner, "update applied_files set sha256 = ''")
		if out, err := i.on(owner).run("migrate", "up"); err != nil {
			t.Error(out, err)
		}
	}
	c.rounds()
	c.end()
}

// A later version's migration, which changes every table under the feet of this program, costs no caller an
// answer, and the program stays ready.
func TestThisVersionServesDuringALaterUpgrade(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "later")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	w := i.on(login, "--demo", "--people", "60")
	w.log = t.Output() // errors alone, which say why somebody was refused
	w.start()
	c := call(w, w.demoKeys())
	c.all.Go(func() { c.repeat(c.ready) })
	c.rounds()
	for version := 9001; version <= 9003; version++ {
		laterMigration(t, owner, version)
		c.rounds()
	}
	c.end()
}

// laterMigration changes every table in one transaction, and is tried again where it met requests, as migrate up does.
func laterMigration(t *testing.T, owner string, version int) {
	t.Helper()
	sql := fmt.Sprintf(`do $$ declare c regclass; begin
		set local lock_timeout = '500ms';
		for c in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
			and not relispartition and relname <> 'goose_db_version' order by relname loop
			execute format('alter table %%s add column later_%[1]d text', c);
		end loop;
		insert into goose_db_version (version_id, is_applied) values (%[1]d, true);
	end $$`, version)
	conn, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		_, err := conn.Exec(t.Context(), sql)
		var pg *pgconn.PgError
		if err == nil {
			return
		}
		if !errors.As(err, &pg) || pg.Code != "55P03" && pg.Code != "40P01" || time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
