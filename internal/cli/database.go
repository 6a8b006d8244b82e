package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/jobs"
	"waypost/internal/platform/localpg"
	"waypost/migrations"
)

// database is the PostgreSQL that a command works on: Waypost's own, or one of a URL.
type database struct {
	settings         Settings
	appURL, ownerURL string
	own              *localpg.Server // nil: of a URL, or run by another process
}

// dataDir is the data directory, and says so on standard error when it is not the obvious one.
func (s Settings) dataDir() (string, error) {
	if s.DataDir != "" {
		return s.DataDir, nil
	}
	dir, note, err := localpg.DefaultDir(os.Getuid)
	if note != "" {
		slog.Warn(note)
	}
	return dir, err
}

// attach reaches the database of a running instance; only serve starts one.
func (s Settings) attach() (database, error) {
	if s.DatabaseURL != "" {
		return database{settings: s, appURL: s.DatabaseURL, ownerURL: s.DatabaseURL}, nil
	}
	dir, err := s.dataDir()
	if err != nil {
		return database{}, err
	}
	conn, err := localpg.Attach(dir)
	if err != nil {
		return database{}, err
	}
	return database{settings: s, appURL: conn.AppURL(), ownerURL: conn.OwnerURL()}, nil
}

// start is attach for serve: without a URL it starts Waypost's own PostgreSQL and migrates it.
func (s Settings) start(ctx context.Context, dir string) (database, error) {
	if s.DatabaseURL != "" {
		return s.attach()
	}
	server, err := localpg.Start(ctx, localpg.Config{Dir: dir, BinDir: s.PostgresBin, Logger: slog.Default()})
	if err != nil {
		return database{}, err
	}
	d := database{settings: s, appURL: server.Conn().AppURL(), ownerURL: server.Conn().OwnerURL(), own: server}
	if err := d.migrate(ctx); err != nil {
		return database{}, errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
	}
	return d, nil
}

const (
	// How long a migration waits for a lock. Requests that come after it wait as long, and after a second
	// (deadlock_timeout) PostgreSQL looks for deadlocks: a migration that is in the way of a request has
	// given way by then.
	givesWay = "500ms"
	patience = 2 * time.Minute // how long it is tried again
)

func (d database) migrate(ctx context.Context) error {
	config, err := pgx.ParseConfig(d.ownerURL)
	if err != nil {
		return advise(err)
	}
	config.RuntimeParams["lock_timeout"], config.ConnectTimeout = givesWay, d.settings.ConnectTimeout
	if err := db.RefusePooler(ctx, config); err != nil {
		return advise(err)
	}
	owner := stdlib.OpenDB(*config)
	defer owner.Close()
	var version int
	var mayCreate bool
	if err := owner.QueryRowContext(ctx, "select current_setting('server_version_num')::int, has_schema_privilege('public', 'create')").
		Scan(&version, &mayCreate); err != nil {
		return advise(err)
	}
	if err := tooOld(version); err != nil {
		return err
	}
	if !mayCreate { // goose would only say that its table is not there
		return errors.New(byCode["42501"])
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Second) {
		err := migrations.Up(ctx, owner)
		if err == nil {
			err = jobs.Migrate(ctx, owner)
		}
		if !isLockConflict(err) || ctx.Err() != nil || time.Now().After(end) {
			return advise(err)
		}
	}
}

// isLockConflict reports whether a migration met what others were doing: it was rolled back, and can be tried again.
func isLockConflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "40P01")
}

// open connects as the app's role, and refuses a database whose structure is not this program's.
func (d database) open(ctx context.Context) (*db.DB, db.Installation, error) {
	c, err := db.Open(db.Config{
		URL: d.appURL, Clock: &clock.Clock{}, Connections: d.settings.Connections, Background: d.settings.Background,
		ConnectTimeout: d.settings.ConnectTimeout, StatementTimeout: d.settings.StatementTimeout,
		StandbyLag: d.settings.StandbyLag,
	})
	if err != nil {
		return nil, db.Installation{}, advise(err)
	}
	if err := c.Ping(ctx, migrations.Newest()); err != nil {
		c.Close()
		return nil, db.Installation{}, advise(err)
	}
	if err := jobs.Migrated(ctx, c); err != nil {
		c.Close()
		return nil, db.Installation{}, advise(err)
	}
	i, err := c.Installation(ctx)
	return c, i, err
}

func (d database) stop(ctx context.Context) error {
	if d.own == nil {
		return nil
	}
	return d.own.Stop(ctx)
}

type migrate struct {
	Up migrateUp `cmd:"" help:"Run every migration that the database has not got yet."`
}

type migrateUp struct{}

func (migrateUp) Run(s *surroundings) error {
	d, err := s.attach()
	if err != nil {
		return err
	}
	if err := d.migrate(s); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "the database is up to date")
	return err
}
