package db

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"waypost/internal/platform/fault"
)

// Standby is what a transaction knows of the server that it runs on.
type Standby struct {
	Is bool
	// how far the server may be behind its leader, at most: since the last transaction that it replayed was committed
	// there, by the clocks of both
	Lag time.Duration
}

// unknownLag is that of a standby that has replayed nothing since it was started.
const unknownLag = time.Duration(math.MaxInt64)

// Known reports whether the lag is known.
func (s Standby) Known() bool { return s.Lag != unknownLag }

var (
	// ErrStandby refuses what is not read from a standby.
	ErrStandby = fault.New(fault.Unavailable, "This server reads from a standby of the database, from which figures of partners, "+
		"releases, the directory and the event feed alone are served. Send this to a server on the leader.")

	// ErrBehind refuses what would be older than is allowed.
	ErrBehind = fault.New(fault.Unavailable, "This server reads from a standby of the database, which is further behind its "+
		"leader than is allowed here, or does not know how far. Ask a server on the leader, or again in a minute.").
		RetryIn(time.Minute)
)

// how a transaction takes a standby
type standbyOption int

const (
	never  standbyOption = iota
	nearly               // within the limit
	howeverFar
)

// FromStandby marks what may be read from a standby that is not too far behind. Nothing else is: a transaction that is
// not marked never begins there. Whatever shows a person, and consents, deaths and concerns, must not be marked.
func FromStandby(ctx context.Context) context.Context { return withStandby(ctx, nearly) }

// FromAnyStandby is FromStandby however far it is behind: for what a process has to know at its start.
func FromAnyStandby(ctx context.Context) context.Context { return withStandby(ctx, howeverFar) }

func withStandby(ctx context.Context, take standbyOption) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.standby = take
	return context.WithValue(ctx, optionKey{}, o)
}

// StandbyOf is what the transaction that a context carries knows of its server.
func StandbyOf(ctx context.Context) Standby {
	if tx, _ := ctx.Value(txKey{}).(*Tx); tx != nil {
		return tx.Standby
	}
	return Standby{}
}

// askStandby comes before whatever is read, so that what is read is no older.
const askStandby = "select pg_is_in_recovery(), extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8"

func (s *Standby) scan(row pgx.Row) error {
	var seconds *float64
	if err := row.Scan(&s.Is, &seconds); err != nil || !s.Is {
		s.Lag = 0
		return err
	}
	s.Lag = unknownLag
	if seconds != nil {
		s.Lag = time.Duration(max(*seconds, 0) * float64(time.Second))
	}
	return nil
}

// Standby asks on which server a transaction would run now.
func (d *DB) Standby(ctx context.Context) (s Standby, err error) {
	return s, s.scan(d.background.sql.QueryRowContext(ctx, askStandby))
}

// Behind reports whether a standby is further behind than is allowed.
func (d *DB) Behind(s Standby) bool { return s.Is && s.Lag > d.mostLag }

// leaderOnly is what a standby refuses, so that through a pooler, too, nothing is read there that is not marked.
const leaderOnly = "pg_current_wal_insert_lsn()"

func refusedByStandby(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55000" && pg.Routine == "pg_current_wal_insert_lsn"
}

// saysStandby is what PostgreSQL tells of itself with its answers. A standby that was promoted since tells so with the
// next one.
func (s *session) saysStandby() bool {
	return s.setup == "" && s.wire().PgConn().ParameterStatus("in_hot_standby") == "on"
}

// refuses reports whether the connection leads to a standby, before anything is read there.
func (s *session) refuses(ctx context.Context, take standbyOption) bool {
	return take == never && s.saysStandby() && s.wire().Ping(ctx) == nil && s.saysStandby()
}
