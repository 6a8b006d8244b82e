//go:build unix

package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestFirstStartAndRoles(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startDurable(t, dir)
	owner, app := openDB(t, s.Conn().OwnerURL()), openDB(t, s.Conn().AppURL())

	exec1(t, owner, `create table things (n int); insert into things values (7); grant select on things to waypost_app`)
	var n int
	must(t, app.QueryRow(t.Context(), `select n from things`).Scan(&n))

	for _, sql := range []string{
		`create table mine (n int)`, `create temporary table mine (n int)`, `create schema mine`,
		`create database mine`, `create role mine`, `drop table things`, `insert into things values (1)`,
	} {
		if _, err := app.Exec(t.Context(), sql); err == nil {
			t.Errorf("the app's role may %s", sql)
		}
	}
	if db, err := connect(t.Context(), strings.Replace(s.Conn().AppURL(), "/waypost?", "/postgres?", 1)); err == nil {
		_ = db.Close(t.Context())
		t.Error("the app's role may enter another database")
	}
	var super, bypass bool
	must(t, app.QueryRow(t.Context(), `select bool_or(rolsuper), bool_or(rolbypassrls) from pg_roles where
		rolname like 'waypost%'`).Scan(&super, &bypass))
	if super || bypass {
		t.Errorf("superuser %v, bypass of row level security %v", super, bypass)
	}
	checkSettings(t, app)
	checkModes(t, dir)
}

func checkSettings(t *testing.T, db *pgx.Conn) {
	t.Helper()
	for name, want := range map[string]string{
		"listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"restart_after_crash": "off",
		"jit":                 "off", "TimeZone": "UTC", "server_encoding": "UTF8", "lc_collate": "C.UTF-8",
		"log_min_error_statement":  "panic",
		"log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0", "log_error_verbosity": "terse",
	} {
		var got string
		must(t, db.QueryRow(t.Context(), `select current_setting($1)`, name).Scan(&got))
		if got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func checkModes(t *testing.T, dir string) {
	t.Helper()
	want := map[string]fs.FileMode{
		"pg-secrets.json": 0o600,
		"waypost.lock":    0o600,
		"run":             0o700,
		"pg":              0o700,
		".":               0o700,
	}
	if os.Geteuid() == 0 {
		want["."] = 0o711
	}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), mode)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "pg.pw")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the password file is still there")
	}
}

func TestRestartKeepsData(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startIn(t, dir)
	before := s.Conn()
	exec1(t, openDB(t, before.OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	stop(t, s)
	stop(t, s) // again: the same end

	again := startIn(t, dir)
	if n := count(t, again.Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if again.Conn() != before {
		t.Error("the passwords changed")
	}
}

func TestStopInAHurry(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startDurable(t, dir)
	exec1(t, openDB(t, s.Conn().OwnerURL()), `create table kept (n int); insert into kept values (1)`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, s.Stop(ctx))
	if n := count(t, startDurable(t, dir).Conn().OwnerURL(), "kept"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestSecondStartIsRefused(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := startIn(t, dir)
	err := refused(t, Config{Dir: dir}, "in use by process "+fmt.Sprint(os.Getpid()))
	if !errors.Is(err, ErrInUse) {
		t.Error("not ErrInUse")
	}
	count(t, s.Conn().SuperURL(), "pg_database") // the first is none the worse
}

func TestAttach(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if _, err := Attach(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("Attach made the directory")
	}
	started := make(chan *Server)
	go func() {
		s, err := Start(context.Background(), Config{Dir: dir, Ephemeral: true, Logger: quiet()})
		if err != nil {
			t.Error(err)
		}
		started <- s
	}()
	for { // while it starts for the first time: waits, or says that nothing runs yet
		conn, err := Attach(dir)
		if errors.Is(err, ErrNotRunning) {
			time.Sleep(time.Millisecond)
			continue
		}
		must(t, err)
		count(t, conn.AppURL(), "pg_class")
		break
	}
	s := <-started
	stop(t, s)
	if _, err := Attach(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the stop: %v", err)
	}
}

func TestConnPrintsNoPassword(t *testing.T) {
	t.Parallel()
	c := Conn{socketDir: "/run/x", secrets: secrets{Super: "hush", Owner: "hush", App: "hush"}}
	var b strings.Builder
	fmt.Fprintf(&b, "%v %+v %#v %s", c, c, c, c.LogValue())
	if strings.Contains(b.String(), "hush") {
		t.Error(b.String())
	}
}

// An interrupted set-up is completed by the next start, step by step.
func TestSetUpIsCompleted(t *testing.T) {
	t.Parallel()
	s := startIn(t, newDir(t))
	db := openDB(t, s.Conn().SuperURL())
	undo := []string{
		`grant connect on database waypost to public`,
		`revoke connect on database waypost from waypost_app`,
		`drop database waypost with (force)`,
		`alter role waypost_app superuser bypassrls`,
		`drop database waypost with (force); drop role waypost_app`,
		`drop database waypost with (force); drop role waypost_owner`,
	}
	for _, sql := range undo {
		for statement := range strings.SplitSeq(sql, ";") { // to drop a database is a transaction of its own
			exec1(t, db, statement)
		}
		must(t, setUp(t.Context(), db, s.in.secrets))
		count(t, s.Conn().AppURL(), "pg_class")
		for _, step := range steps(s.in.secrets) {
			var done bool
			must(t, db.QueryRow(t.Context(), step.done).Scan(&done))
			if !done {
				t.Errorf("after %s: %s is not done", sql, step.what)
			}
		}
	}
}
