// Package db is the only way to PostgreSQL: one function, Do, opens a transaction
// that knows who acts and what time it is, under row-level security.
package db

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"waypost/internal/platform/clock"
)

// AppRole is the role every transaction runs under. It owns nothing, so that row-level security binds it.
const AppRole = "waypost_app"

// DB is a connection to one database: a pool for requests and a small one for background work.
type DB struct {
	Clock      *clock.Clock
	requests   *pool
	background *pool
	zones      sync.Map // site id -> zone, see Today
}

type pool struct {
	sql  *sql.DB
	gorm *gorm.DB
}

// Open connects. It does not check that the server answers: Ping does.
func Open(url string, c *clock.Clock) (*DB, error) {
	requests, err := openPool(url, 8)
	if err != nil {
		return nil, err
	}
	background, err := openPool(url, 4)
	if err != nil {
		return nil, err
	}
	return &DB{Clock: c, requests: requests, background: background}, nil
}

func openPool(url string, size int) (*pool, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL cannot be read: %w", err)
	}
	limits := map[string]string{
		"role": AppRole, "application_name": "waypost", "timezone": "UTC",
		"statement_timeout": "10s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "15s",
	}
	for k, v := range limits {
		config.RuntimeParams[k] = v
	}
	config.Tracer = tracer{}
	conns := stdlib.OpenDB(*config)
	conns.SetMaxOpenConns(size)
	conns.SetMaxIdleConns(size)
	conns.SetConnMaxIdleTime(5 * time.Minute)
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: conns}), &gorm.Config{
		SkipDefaultTransaction: true, // Do is the transaction
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard,                          // its log would show values of persons
		NowFunc:                func() time.Time { return time.Time{} }, // rows set their own times, from Tx.Now
	})
	if err != nil {
		return nil, err
	}
	return &pool{conns, g}, nil
}

// Close ends both pools.
func (d *DB) Close() {
	d.requests.sql.Close()
	d.background.sql.Close()
}

// Ping tells whether the database answers and has the newest migration of this program.
func (d *DB) Ping(ctx context.Context, newest int64) error {
	var applied int64
	err := d.requests.sql.QueryRowContext(ctx, "select max(version_id) from goose_db_version where is_applied").Scan(&applied)
	if err != nil {
		return fmt.Errorf("the database does not answer, or has never been migrated: %w", err)
	}
	if applied < newest {
		return fmt.Errorf("migrations are behind: the database is at %d, this program needs %d; run: waypost migrate up", applied, newest)
	}
	if applied > newest {
		return fmt.Errorf("the database was migrated by a newer Waypost (to %d; this program knows %d): start that one", applied, newest)
	}
	return nil
}

// discard logs a failure of cleaning up, which nobody waits for.
func discard(err error, doing string) {
	if err != nil {
		slog.Debug("db: "+doing, "error", err)
	}
}
