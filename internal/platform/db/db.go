// Package db is the only way to PostgreSQL: one function, Do, opens a transaction
// that knows who acts and what time it is, under row-level security.
package db

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"waypost/internal/platform/clock"
)

// AppRole is the role of the database that every connection begins as. It reads no table of records; a
// transaction becomes waypost_staff, waypost_organisations, waypost_patients or waypost_jobs by who acts
// (see migrations/always/01_acting.sql). None of them owns anything, so that row-level security binds them.
const AppRole = "waypost_app"

// applicationName tells these connections from those of programs that read records as waypost_app
// (migrations/adopt.go).
const applicationName = "waypost by role"

// Config says how to reach a database, and how long to wait for it. Only the first two fields must be set.
type Config struct {
	URL   string
	Clock *clock.Clock

	// the most for requests of staff, and half as many for those from outside; 8 when zero
	Connections      int
	Background       int           // the most for background work; 4 when zero
	ConnectTimeout   time.Duration // the longest that a request waits for a connection; 3 s when zero
	StatementTimeout time.Duration // the longest that a statement runs; 10 s when zero
	StandbyLag       time.Duration // how far a standby may be behind to be read from; a minute when zero
}

// DB is a connection to one database: a pool for requests of staff, smaller ones for requests from outside
// and for background work, and one that keeps no connection, for checks. A pool a role, since PostgreSQL
// plans a prepared statement anew when the role that runs it changes.
type DB struct {
	Clock      *clock.Clock
	requests   *pool
	outside    *pool
	background *pool
	checks     *pool
	wait       time.Duration // Config.ConnectTimeout
	statement  time.Duration // Config.StatementTimeout
	mostLag    time.Duration // Config.StandbyLag
	ownMode    bool          // the URL says how statements are sent
	pooler     atomic.Bool   // the database is reached through a pooler, see connector
	ready      check         // see Ready
	alive      check         // see answers
	zones      sync.Map      // site id -> zone, see Today
}

// Open connects. It does not check that the server answers: Ping does.
func Open(c Config) (*DB, error) {
	config, err := c.parse()
	if err != nil {
		return nil, err
	}
	d := &DB{Clock: c.Clock, wait: config.ConnectTimeout, statement: c.statementTimeout(), mostLag: cmp.Or(c.StandbyLag, time.Minute)}
	d.ownMode = strings.Contains(c.URL, "default_query_exec_mode=")
	config.Tracer = tracer{d}
	requests, background := cmp.Or(c.Connections, 8), cmp.Or(c.Background, 4)
	outside := (requests + 1) / 2
	var errs [4]error
	d.requests, errs[0] = d.openPool(config, requests, requests)
	d.outside, errs[1] = d.openPool(config, outside, outside)
	d.background, errs[2] = d.openPool(config, background, background)
	config = config.Copy()
	config.RuntimeParams["lock_timeout"] = "1s"   // a check that waits for a lock has its answer: the server works
	d.checks, errs[3] = d.openPool(config, 2, -1) // one for each kind of check
	return d, errors.Join(errs[:]...)
}

func (c Config) statementTimeout() time.Duration { return cmp.Or(c.StatementTimeout, 10*time.Second) }

// parse is what every connection is made with.
func (c Config) parse() (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("the database URL cannot be read: %w", err)
	}
	config.ConnectTimeout = cmp.Or(c.ConnectTimeout, 3*time.Second)
	statement := strconv.FormatInt(c.statementTimeout().Milliseconds(), 10)
	limits := map[string]string{
		"role": AppRole, "application_name": applicationName, "timezone": "UTC",
		"statement_timeout": statement, "lock_timeout": "3s", "idle_in_transaction_session_timeout": "15s",
		"jit": "off", // compiling a query of figures took longer than the query
	}
	for k, v := range limits {
		config.RuntimeParams[k] = v
	}
	return config, nil
}

type pool struct {
	sql     *sql.DB
	gorm    *gorm.DB
	renewed atomic.Int64 // connections opened before this (nanoseconds since 1970) are not used again, see outdated
}

func (d *DB) openPool(config *pgx.ConnConfig, open, idle int) (*pool, error) {
	p := &pool{}
	p.sql = sql.OpenDB(d.connector(
		config,
		stdlib.OptionAfterConnect(prepareConnection),
		stdlib.OptionShouldPing(p.checkIdle),
		stdlib.OptionResetSession(p.refuseOutdated),
	))
	p.sql.SetMaxOpenConns(open)
	p.sql.SetMaxIdleConns(idle)
	p.sql.SetConnMaxIdleTime(5 * time.Minute)
	var err error
	p.gorm, err = gorm.Open(postgres.New(postgres.Config{Conn: p.sql}), &gorm.Config{
		SkipDefaultTransaction: true, // Do is the transaction
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard,                          // its log would show values of persons
		NowFunc:                func() time.Time { return time.Time{} }, // rows set their own times, from Tx.Now
	})
	return p, err
}

const opened = "waypost opened" // in a connection's custom data

// prepareConnection notes when the connection was opened, and has instants read in UTC whatever zone this
// machine has: they leave as they were read.
func prepareConnection(_ context.Context, c *pgx.Conn) error {
	c.PgConn().CustomData()[opened] = time.Now().UnixNano()
	c.TypeMap().
		RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
	return nil
}

// outdated is told of a connection whose prepared statements are of an older structure of the database. The
// others that were open by then have such statements too, so that none of them is used again.
func (p *pool) outdated(c *pgx.Conn) {
	if at, known := c.PgConn().CustomData()[opened].(int64); known && at >= p.renewed.Load() {
		p.renew()
	}
}

// renew lets no connection be used again that is open now.
func (p *pool) renew() { p.renewed.Store(time.Now().UnixNano()) }

// pingLimit is how long a connection that was idle has to answer.
const pingLimit = time.Second

// checkIdle pings a connection that was idle for a while, in place of the driver. Where it does not answer,
// the others that are open by then may not either, and none of them is used again.
func (p *pool) checkIdle(ctx context.Context, idle stdlib.ShouldPingParams) (ping bool) {
	if idle.IdleDuration > time.Second && !p.isOutdated(idle.Conn) {
		ctx, cancel := context.WithTimeout(ctx, pingLimit)
		defer cancel()
		if idle.Conn.PgConn().Ping(ctx) != nil {
			p.renew()
		}
	}
	return false
}

func (p *pool) isOutdated(c *pgx.Conn) bool {
	at, known := c.PgConn().CustomData()[opened].(int64)
	return known && at < p.renewed.Load()
}

func (p *pool) refuseOutdated(_ context.Context, c *pgx.Conn) error {
	if p.isOutdated(c) {
		_ = c.PgConn().Conn().SetDeadline(time.Now()) // one that is stuck would take its time to say goodbye
		return driver.ErrBadConn
	}
	return nil
}

// Close ends all pools.
func (d *DB) Close() {
	d.requests.sql.Close()
	d.outside.sql.Close()
	d.background.sql.Close()
	d.checks.sql.Close()
}

const appliedMigration = "select max(version_id) from goose_db_version where is_applied"

// Ping reports whether the database answers and has the newest migration of this program, which is where a
// program may start.
func (d *DB) Ping(ctx context.Context, newest int64) error {
	var applied int64
	if err := d.requests.sql.QueryRowContext(ctx, appliedMigration).Scan(&applied); err != nil {
		return fmt.Errorf("the database does not answer, or has never been migrated: %w", err)
	}
	if applied > newest {
		return fmt.Errorf(
			"the database was migrated by a newer Waypost (to %d; this program knows %d): start that one",
			applied,
			newest,
		)
	}
	return notBehind(applied, newest)
}

func notBehind(applied, newest int64) error {
	if applied < newest {
		return fmt.Errorf(
			"migrations are behind: the database is at %d, this program needs %d; run: waypost migrate up",
			applied,
			newest,
		)
	}
	return nil
}

// discard logs a failure of cleaning up, which nobody waits for.
func discard(err error, doing string) {
	if err != nil {
		slog.Debug("db: "+doing, "error", err)
	}
}
