package cli_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"waypost/internal/platform/localpg"
)

// The dump and restore of docs/operations.md: what comes back is what was there, and serves.
func TestADumpComesBackWhole(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pg_dump"); err != nil {
		t.Skip("no pg_dump here: install PostgreSQL's client")
	}
	i := newInstance(t, "--demo", "--people", "50")
	i.start()
	conn, err := localpg.Attach(i.dir)
	if err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(t.TempDir(), "waypost.dump")
	if out, err := exec.CommandContext(t.Context(), "pg_dump", "--format=custom", "--file="+dump, conn.AppURL()).
		CombinedOutput(); err == nil {
		t.Errorf("the app's role made a dump, which must be short: %s", out)
	}
	// it writes an event when it is made
	for query(t, conn.OwnerURL(), "select count(*) from releases where state = 'building'") != "0" {
		time.Sleep(100 * time.Millisecond)
	}
	partner := field(t, demoKeys(t, i), "integration")
	_, page := i.call(partner, "GET", "/events?limit=200", "", "")
	cursor := field(t, page, "next_cursor")
	_, wasNext := i.call(partner, "GET", "/events?limit=200&cursor="+cursor, "", "")
	shell(t, "pg_dump", "--format=custom", "--file="+dump, conn.OwnerURL())
	query(t, conn.SuperURL(), "create database restored owner waypost_owner")
	restored := func(text string) string {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/restored"
		return u.String()
	}
	shell(
		t,
		"pg_restore",
		"--exit-on-error",
		"--no-owner",
		"--role=waypost_owner",
		"--dbname="+restored(conn.SuperURL()),
		dump,
	)
	const counts = `select format('%s %s %s %s %s', (select count(*) from patients), (select count(*) from
		referrals), (select count(*) from events),
		(select max(recorded_at) from events), (select md5(string_agg(p::text, '' order by id)) from patients p))`
	before, after := query(t, conn.OwnerURL(), counts), query(t, restored(conn.OwnerURL()), counts)
	if before != after {
		t.Errorf("before: %s; after: %s", before, after)
	}
	other := &instance{t: t, bin: i.bin, dir: filepath.Join(t.TempDir(), "none"), addr: freeAddress(t)}
	other.more = []string{"WAYPOST_DATABASE_URL=" + restored(conn.OwnerURL())}
	if out, err := other.run("migrate", "up"); err != nil {
		t.Errorf("%s %v", out, err)
	}
	makesNothing(t, restored(conn.AppURL()))
	other.more = []string{"WAYPOST_DATABASE_URL=" + restored(conn.AppURL())}
	t.Cleanup(func() { other.signal(syscall.SIGTERM) })
	other.refuses("there is no master key")
	shell(
		t,
		"install",
		"-m",
		"0600",
		filepath.Join(i.dir, "master-key.json"),
		filepath.Join(other.dir, "master-key.json"),
	)
	other.start()
	key := field(t, demoKeys(t, i), "link_worker")
	_, was := i.call(key, "GET", "/referrals?limit=200", "", "")
	status, is := other.call(key, "GET", "/referrals?limit=200", "", "")
	if status != 200 || string(was) != string(is) {
		t.Errorf("what came back answers %d %.200s", status, is)
	}
	if status, next := other.call(
		partner,
		"GET",
		"/events?limit=200&cursor="+cursor,
		"",
		"",
	); status != 200 || string(next) != string(wasNext) ||
		len(next) < 2000 {
		t.Errorf("a partner's cursor goes on with %d %.200s, not with %.200s", status, next, wasNext)
	}
}

// makesNothing looks whether a role of the app may make a table in the database: it may not, but stage
// makes one for it.
func makesNothing(t *testing.T, address string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), "set role waypost_jobs"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"create temporary table mine (n int)", "create table mine (n int)",
		"create function mine() returns int language sql as 'select 1'"} {
		if _, err := c.Exec(t.Context(), sql); err == nil {
			t.Errorf("a role of the app may %s", sql)
		}
	}
	if _, err := c.Exec(t.Context(), "select stage('patients')"); err != nil {
		t.Error(err)
	}
}

func demoKeys(t *testing.T, i *instance) []byte {
	t.Helper()
	keys, err := os.ReadFile(filepath.Join(i.dir, "demo-keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func shell(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", name, err, out)
	}
}

func query(t *testing.T, address, sql string) (text string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	rows, err := c.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text
}
