package cli_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"waypost/internal/platform/localpg"
)

// server is a PostgreSQL that is not Waypost's own: reached by URL alone.
type server struct {
	*localpg.Server
	dir   string
	admin string
}

func newServer(t *testing.T) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "waypost-url-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &server{dir: filepath.Join(dir, "data")}
	s.start(t)
	t.Cleanup(func() {
		_ = s.Stop(context.Background())
		os.RemoveAll(dir)
	})
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	var err error
	if s.Server, err = localpg.Start(context.Background(), localpg.Config{Dir: s.dir}); err != nil {
		t.Fatal(err)
	}
	s.admin = s.Conn().SuperURL()
}

// database makes an empty one, with an owner and with a login that may serve and nothing else, as
// docs/database.md says.
func (s *server) database(t *testing.T, name string) (owner, login string) {
	t.Helper()
	for _, sql := range []string{"create role %[1]s_owner login password 'hunter2'", "grant waypost_app to %[1]s_owner with admin option",
		"create role %[1]s_login login noinherit password 'hunter2'", "create database %[1]s owner %[1]s_owner",
		"grant waypost_app to %[1]s_login"} {
		query(t, s.admin, fmt.Sprintf(sql, name))
	}
	return s.as(t, name+"_owner", "hunter2", name), s.as(t, name+"_login", "hunter2", name)
}

func (s *server) as(t *testing.T, user, password, database string) string {
	t.Helper()
	u, err := url.Parse(s.admin)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.UserPassword(user, password), "/"+database
	return u.String()
}

// on is a program that works on a database by URL.
func (i *instance) on(address string, args ...string) *instance {
	other := &instance{
		t:    i.t,
		bin:  i.bin,
		dir:  filepath.Join(i.t.TempDir(), "none"),
		addr: freeAddress(i.t),
		args: args,
		more: []string{"WAYPOST_DATABASE_URL=" + address},
	}
	i.t.Cleanup(func() { other.signal(syscall.SIGTERM) })
	return other
}

// Whatever cannot work stops at once, with one line that says what to do and holds no password.
func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "good")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	s.database(t, "bare")
	migrated := func(name, then string) string {
		owner, login := s.database(t, name)
		if out, err := i.on(owner).run("migrate", "up"); err != nil {
			t.Fatal(out, err)
		}
		query(t, s.as(t, name+"_owner", "hunter2", name), then)
		return login
	}
	query(t, s.admin, "create role stranger login noinherit password 'hunter2'")
	behind := migrated(
		"behind",
		"delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)",
	)
	newer := migrated("newer", "insert into goose_db_version (version_id, is_applied) values (9999, true)")
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes connections, and nobody reads them
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	mute := "WAYPOST_DATABASE_URL=postgres://u:hunter2@" + silent.Addr().String() + "/y?sslmode=disable"
	taken := freeAddress(t)
	busy := i.on(login)
	busy.addr = taken
	busy.start()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		command, setting, says string
	}{
		"a URL that is none":            {"serve", "WAYPOST_DATABASE_URL=nonsense://u:hunter2@x/y", "should look like postgres://"},
		"a URL that is broken":          {"migrate up", "WAYPOST_DATABASE_URL=postgres://u:hunter2@[::1/y", "should look like postgres://"},
		"an unknown host":               {"serve", "WAYPOST_DATABASE_URL=postgres://u:hunter2@no-such-host.invalid/y", "correct the host"},
		"a port that nobody answers on": {"serve", "WAYPOST_DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/y", "start PostgreSQL"},
		"the same when migrating":       {"migrate up", "WAYPOST_DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/y", "start PostgreSQL"},
		"a server that says nothing":    {"serve", mute, "does not answer in time"},
		"that one, when migrating":      {"migrate up", mute, "does not answer in time"},
		"a wrong password":              {"serve", "WAYPOST_DATABASE_URL=" + s.as(t, "good_login", "hunter22", "good"), "correct them"},
		"an unknown database":           {"serve", "WAYPOST_DATABASE_URL=" + s.as(t, "good_login", "hunter2", "nowhere"), "create it"},
		"never migrated": {"serve", "WAYPOST_DATABASE_URL=" +
			s.as(t, "bare_login", "hunter2", "bare"), "waypost migrate up"},
		"a login that may not serve": {"serve", "WAYPOST_DATABASE_URL=" + s.as(t, "stranger", "hunter2", "good"), "docs/database.md"},
		"a login that may not migrate": {"migrate up", "WAYPOST_DATABASE_URL=" +
			s.as(t, "stranger", "hunter2", "bare"), "docs/database.md"},
		"migrations are behind":    {"serve", "WAYPOST_DATABASE_URL=" + behind, "waypost migrate up"},
		"a newer Waypost was here": {"serve", "WAYPOST_DATABASE_URL=" + newer, "newer Waypost"},
		"a newer one, when migrating": {"migrate up", "WAYPOST_DATABASE_URL=" +
			s.as(t, "newer_owner", "hunter2", "newer"), "newer Waypost"},
		"a port in use":                 {"serve", "WAYPOST_ADDR=" + taken, "WAYPOST_ADDR"},
		"no address":                    {"serve", "WAYPOST_ADDR=", "WAYPOST_ADDR is empty"},
		"an address that is none":       {"serve", "WAYPOST_ADDR=nonsense", "WAYPOST_ADDR"},
		"a port that cannot be":         {"serve", "WAYPOST_ADDR=127.0.0.1:99999", "WAYPOST_ADDR"},
		"a data directory in a file":    {"serve", "WAYPOST_DATA_DIR=" + file, "data directory"},
		"one where nothing can be made": {"serve", "WAYPOST_DATA_DIR=/proc/waypost", "WAYPOST_DATA_DIR"},
		"no binaries there":             {"serve", "WAYPOST_POSTGRES_BIN=" + t.TempDir(), "PostgreSQL"},
		"a URL that did not arrive":     {"serve", "WAYPOST_DATABASE_URL=", "WAYPOST_DATABASE_URL is empty"},
		"a collector that is none":      {"serve", "OTEL_EXPORTER_OTLP_ENDPOINT=nonsense", "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"an unknown setting":            {"serve", "WAYPOST_ADRR=127.0.0.1:1", "WAYPOST_ADRR"},
		"an unknown level":              {"serve", "WAYPOST_LOG_LEVEL=loud", "log-level"},
		"people that are no number":     {"serve", "WAYPOST_PEOPLE=many", "WAYPOST_PEOPLE"},
		"too many people":               {"serve --demo", "WAYPOST_PEOPLE=9999999", "people"},
		"fewer people than none":        {"serve --demo", "WAYPOST_PEOPLE=-1", "people"},
		"neither yes nor no":            {"serve", "WAYPOST_DEMO=perhaps", "WAYPOST_DEMO"},
		"no connection":                 {"serve", "WAYPOST_DB_CONNECTIONS=0", "WAYPOST_DB_CONNECTIONS"},
		"too few for jobs":              {"serve", "WAYPOST_DB_BACKGROUND_CONNECTIONS=1", "WAYPOST_DB_BACKGROUND_CONNECTIONS"},
		"a time without a unit":         {"serve", "WAYPOST_DB_CONNECT_TIMEOUT=3", "connect-timeout"},
		"a time that is too long":       {"serve", "WAYPOST_STATEMENT_TIMEOUT=1h", "WAYPOST_STATEMENT_TIMEOUT"},
		"a time that is none":           {"serve", "WAYPOST_REQUEST_TIMEOUT=0s", "WAYPOST_REQUEST_TIMEOUT"},
		"a time before now":             {"serve", "WAYPOST_DRAIN_DELAY=-1s", "WAYPOST_DRAIN_DELAY"},
		"everybody as a trusted proxy":  {"serve", "WAYPOST_TRUSTED_PROXIES=10.0.0.1,0.0.0.0/0", "WAYPOST_TRUSTED_PROXIES"},
		"no room for any caller":        {"serve", "WAYPOST_MAX_CONNECTIONS=0", "WAYPOST_MAX_CONNECTIONS"},
		"an origin that is none":        {"serve", "WAYPOST_CORS_ORIGINS=nonsense", "WAYPOST_CORS_ORIGINS"},
		"mail whose links lead nowhere": {"serve --smtp-url smtp://u:hunter2@mail.example:587 --mail-from a@example.org",
			"WAYPOST_DATABASE_URL=" + login, "without WAYPOST_PUBLIC_URL"},
		"links to any machine": {"serve --public-url http://[::]:8080", "WAYPOST_DATABASE_URL=" + login,
			"names this machine itself"},
		"links to this machine": {"serve --public-url https://localhost/waypost",
			"WAYPOST_DATABASE_URL=" + login, "names this machine itself"},
		"links below a path of our own": {"serve", "WAYPOST_PUBLIC_URL=https://example.org/v1", "begins with one of Waypost's own"},
		"links below a path with dots":  {"serve", "WAYPOST_PUBLIC_URL=https://example.org/../x", "WAYPOST_PUBLIC_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			alone := &instance{
				t:    t,
				dir:  filepath.Join(t.TempDir(), "none"),
				addr: freeAddress(t),
				more: []string{c.setting},
			}
			program := exec.CommandContext(ctx, i.bin, strings.Fields(c.command)...)
			program.Env = alone.environ()
			var out, errs strings.Builder
			program.Stdout, program.Stderr = &out, &errs
			if err := program.Run(); err == nil || ctx.Err() != nil {
				t.Fatalf("it went on: %v %s", err, errs.String())
			}
			said := strings.TrimSpace(errs.String())
			if strings.Contains(said, "\n") || !strings.HasPrefix(said, "waypost: ") ||
				!strings.Contains(said, c.says) ||
				strings.Contains(said, "hunter2") {
				t.Errorf("it said: %s", said)
			}
		})
	}
}

// Whatever a server or an administrator gave the app's role, migrate up takes away, each time.
func TestMigrateUpLetsTheAppsRoleMakeNothing(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "hard")
	for range 2 {
		query(t, owner, "grant create on schema public to public")
		query(t, owner, "grant temporary on database hard to public")
		if out, err := i.on(owner).run("migrate", "up"); err != nil {
			t.Fatal(out, err)
		}
		makesNothing(t, login)
	}
}

// Two programs of one database: both migrate, both are told to load a demo; it is loaded once, and both serve it.
func TestTwoAtOnceOnOneDatabase(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "shared")
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if out, err := i.on(owner).run("migrate", "up"); err != nil {
				t.Error(out, err)
			}
		})
	}
	all.Wait()
	first, second := i.on(login, "--demo", "--people", "120"), i.on(login, "--demo", "--people", "120")
	for _, one := range []*instance{first, second} {
		one.more = append(one.more, "WAYPOST_MASTER_KEY_FILE="+filepath.Join(filepath.Dir(i.dir), "shared.json"))
	}
	first.launch()
	second.launch()
	first.ready()
	second.ready()
	if n := query(t, owner, "select count(*)::text from patients"); n != "120" {
		t.Errorf("%s people, not 120", n)
	}
	var keys []byte
	for _, one := range []*instance{first, second} {
		if text, err := os.ReadFile(filepath.Join(one.dir, "demo-keys.json")); err == nil {
			if keys != nil {
				t.Error("both wrote keys")
			}
			keys = text
		}
	}
	for _, one := range []*instance{first, second} {
		if status, body := one.call(field(t, keys, "link_worker"), "GET", "/referrals", "", ""); status != 200 {
			t.Errorf("%d %s", status, body)
		}
	}
}

// A database that goes away is told as such, and one that comes back is used again, without a restart.
func TestADatabaseGoesAndComesBack(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "lost")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	key, err := i.on(login).run("keys", "create", "--role", "administrator", "--label", "test")
	if err != nil {
		t.Fatal(err)
	}
	w := i.on(login)
	w.start()
	ask := func(idempotency string) (int, string) {
		status, body := w.call(key, "POST", "/sites", idempotency, fmt.Sprintf(`{"name":"S","code":%q}`, idempotency))
		return status, string(body)
	}
	if status, body := ask("before"); status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	for round := range 2 { // the first time the jobs may not even have begun
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("away_%d", round)
		for range 3 {
			status, body := ask(name)
			if status != 503 || !strings.Contains(body, `"code":"unavailable"`) {
				t.Errorf("without a database: %d %s", status, body)
			}
		}
		// an answer holds for a second
		eventually(t, "it is not ready", func() bool { return w.probe("/readyz") == 503 })
		if status := w.probe("/livez"); status != 200 {
			t.Errorf("livez: %d", status)
		}
		s.start(t)
		w.ready()
		for range 10 { // each connection of the pool finds out for itself
			if status, body := ask(name); status != 201 {
				t.Errorf("with it again: %d %s", status, body)
			}
		}
	}
	if n := query(t, owner, "select count(*)::text from sites"); n != "3" {
		t.Errorf("%s sites, not 3", n)
	}
}
