// Package dbtest gives each test its own database on a real PostgreSQL.
//
// The first test of a package starts the server, its data in memory where the machine has a place for that; with
// WAYPOST_DATABASE_URL set it uses that server instead, as an administrator of it. Every test then copies a migrated
// template, which takes some 15 ms. The server, or what was made on it, ends with the test process.
package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // database/sql's driver "pgx"

	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/jobs"
	"waypost/internal/platform/localpg"
	"waypost/internal/platform/sqlfile"
	"waypost/migrations"
	"waypost/migrations/older"
)

// cluster is the server, as its administrator sees it.
type cluster struct {
	super *sql.DB
	// the address of the database "postgres" for who makes databases and owns what is in them
	admin string
	app   string               // the same for who serves
	end   func(*cluster) error // takes away what was made
}

var (
	start  = sync.OnceValues(startCluster)
	number atomic.Int64
	ended  atomic.Bool
)

// template is migrated once and copied. Several processes may share a server.
var template = fmt.Sprintf("waypost_template_%d", os.Getpid())

// Main is the TestMain of a package whose tests need a database.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run runs a package's tests and takes away what they used.
func Run(m *testing.M) (code int) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	code = m.Run()
	if !ended.Load() {
		return code
	}
	if c, err := start(); err == nil {
		err = errors.Join(c.end(c), c.super.Close())
		if err != nil {
			fmt.Fprintln(os.Stderr, "dbtest:", err)
		}
	}
	return code
}

// New gives the test a fresh migrated database, as the app's role sees it. Its clock begins at noon, so that the day is
// the same in every site's time zone.
func New(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(db.Config{URL: URL(t), Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	d.Clock.SetOffset(time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)))
	return d
}

// URL gives the test a fresh migrated database, and says how the app's role reaches it.
func URL(t testing.TB) string {
	t.Helper()
	app, _ := URLs(t)
	return app
}

// URLs is URL, and says too how the owner of the database reaches it.
func URLs(t testing.TB) (app, owner string) {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatalf("starting PostgreSQL for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), number.Add(1))
	if _, err := c.super.Exec(
		fmt.Sprintf("create database %s owner %q template %s strategy file_copy", name, user(c.admin), template),
	); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.super.Exec("drop database " + name + " with (force)") })
	return onDatabase(c.app, name), onDatabase(c.admin, name)
}

// OlderOwner gives the test a database of the structure before roles, as its owner: migrations.Up brings it
// to this one.
func OlderOwner(t testing.TB) *sql.DB {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatalf("starting PostgreSQL for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), number.Add(1))
	if _, err := c.super.Exec(fmt.Sprintf("create database %s owner %q", name, user(c.admin))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.super.Exec("drop database " + name + " with (force)") })
	owner, err := sql.Open("pgx", onDatabase(c.admin, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { owner.Close() })
	if _, err := owner.ExecContext(t.Context(), older.Version31); err != nil {
		t.Fatal(err)
	}
	return owner
}

func startCluster() (*cluster, error) {
	ended.Store(true)
	begin := startOwn
	if os.Getenv("WAYPOST_DATABASE_URL") != "" {
		begin = useGiven
	}
	c, err := begin()
	if err != nil {
		return nil, err
	}
	return c, c.makeTemplate(context.Background())
}

func startOwn() (*cluster, error) {
	dir, err := os.MkdirTemp(inMemory(), "waypost-test-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the server's own user passes through
		return nil, err
	}
	server, err := localpg.Start(context.Background(), localpg.Config{Dir: filepath.Join(dir, "data"), Ephemeral: true})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	super, err := sql.Open("pgx", server.Conn().SuperURL())
	return &cluster{super, server.Conn().OwnerURL(), server.Conn().AppURL(), func(*cluster) error {
		return errors.Join(server.Stop(context.Background()), os.RemoveAll(dir))
	}}, err
}

// useGiven makes, on the server that the environment names, a login with the least rights that serving needs.
func useGiven() (*cluster, error) {
	admin := os.Getenv("WAYPOST_DATABASE_URL")
	super, err := sql.Open("pgx", admin)
	if err != nil {
		return nil, errors.New("WAYPOST_DATABASE_URL cannot be read")
	}
	login, password := fmt.Sprintf("waypost_test_%d", os.Getpid()), uuid.NewString()
	app, err := url.Parse(admin)
	if err != nil {
		return nil, errors.New("WAYPOST_DATABASE_URL cannot be read")
	}
	app.User = url.UserPassword(login, password)
	_, err = super.Exec(fmt.Sprintf("create role %s login noinherit password '%s'", login, password))
	return &cluster{super, admin, app.String(), func(c *cluster) error {
		_, dropped := c.super.Exec("drop database if exists " + template)
		_, gone := c.super.Exec("drop role " + login)
		return errors.Join(dropped, gone)
	}}, err
}

// makeTemplate migrates one database as its owner does; nobody connects to it afterwards, so that it can be
// copied. Roles belong to the whole server, so that processes which share one take turns.
func (c *cluster) makeTemplate(ctx context.Context) error {
	turn, err := c.super.Conn(ctx)
	if err != nil {
		return err
	}
	defer turn.Close()
	if _, err := turn.ExecContext(ctx, "select pg_advisory_lock(hashtextextended('waypost dbtest', 0))"); err != nil {
		return err
	}
	defer turn.ExecContext(ctx, "select pg_advisory_unlock_all()")
	owner, app := user(c.admin), user(c.app)
	if _, err := turn.ExecContext(ctx, fmt.Sprintf("create database %s owner %q", template, owner)); err != nil {
		return err
	}
	db, err := sql.Open("pgx", onDatabase(c.admin, template))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := errors.Join(migrations.Up(ctx, db), jobs.Migrate(ctx, db)); err != nil {
		return err
	}
	if app == "waypost_app" {
		return nil
	}
	_, err = turn.ExecContext(ctx, fmt.Sprintf("grant waypost_app to %q", app))
	return err
}

func user(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u.User.Username()
}

func inMemory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func onDatabase(text, name string) string {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Prepare has PostgreSQL parse and plan SQL that stands in files, each by its name, after the statements before.
func Prepare(t testing.TB, texts map[string]sqlfile.Text, before ...string) {
	t.Helper()
	_, owner := URLs(t)
	conn, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("begin")
	for _, sql := range before {
		exec(sql)
	}
	exec("savepoint prepared")
	for name, text := range texts {
		if _, err := conn.PgConn().Prepare(t.Context(), "", text.SQL, nil); err != nil {
			t.Errorf("%s: %v", name, err)
			exec("rollback to prepared")
		}
	}
}
