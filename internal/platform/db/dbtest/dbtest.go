// Package dbtest gives each test its own database on a real PostgreSQL.
//
// The first test of a package starts the server, its data in memory where the machine has a place for that;
// every test then copies a migrated template, which takes some 15 ms. The server ends with the test process.
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

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql's driver "pgx"

	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/localpg"
	"waypost/migrations"
)

type cluster struct {
	super  *sql.DB
	server *localpg.Server
	dir    string
}

var (
	start  = sync.OnceValues(startCluster)
	number atomic.Int64
	ended  atomic.Bool
)

const template = "waypost_template"

// Main runs a package's tests and stops the server they used. A package whose tests need a database has a TestMain that calls it.
func Main(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	code := m.Run()
	if ended.Load() {
		c, err := start()
		if err == nil {
			c.super.Close()
			_ = c.server.Stop(context.Background())
			os.RemoveAll(c.dir)
		}
	}
	os.Exit(code)
}

// New gives the test a fresh migrated database, as the app's role sees it.
func New(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(URL(t), &clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// URL gives the test a fresh migrated database, and says how the app's role reaches it.
func URL(t testing.TB) string {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatalf("starting PostgreSQL for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), number.Add(1))
	if _, err := c.super.Exec("create database " + name + " template " + template + " strategy file_copy"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.super.Exec("drop database " + name + " with (force)") })
	return onDatabase(c.server.Conn().AppURL(), name)
}

func startCluster() (*cluster, error) {
	ended.Store(true)
	dir, err := os.MkdirTemp(inMemory(), "waypost-test-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the server's own user passes through
		return nil, err
	}
	ctx := context.Background()
	server, err := localpg.Start(ctx, localpg.Config{Dir: filepath.Join(dir, "data"), Ephemeral: true})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	super, err := sql.Open("pgx", server.Conn().SuperURL())
	if err != nil {
		return nil, err
	}
	c := &cluster{super, server, dir}
	return c, c.makeTemplate(ctx)
}

// makeTemplate migrates one database as the owner does; nobody connects to it afterwards, so that it can be copied.
func (c *cluster) makeTemplate(ctx context.Context) error {
	if _, err := c.super.ExecContext(ctx, "create database "+template+" owner waypost_owner"); err != nil {
		return err
	}
	owner, err := sql.Open("pgx", onDatabase(c.server.Conn().OwnerURL(), template))
	if err != nil {
		return err
	}
	defer owner.Close()
	return migrations.Up(ctx, owner)
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
