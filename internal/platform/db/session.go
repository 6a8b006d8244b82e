package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector opens connections: with the role and the limits for as long as each lasts; or, once it is known that the
// database is reached through a pooler such as PgBouncer, with nothing that lasts longer than a transaction, since the
// next may run on another connection of the server.
type connector struct {
	db             *DB
	direct, pooled driver.Connector
	setup          string // what a transaction begins with through a pooler
}

// poolerTakes are the parameters that a pooler takes at the start and sees to itself. Others are set in each transaction.
var poolerTakes = []string{
	"application_name", "client_encoding", "datestyle", "options", "standard_conforming_strings", "timezone",
}

func (d *DB) connector(config *pgx.ConnConfig, options ...stdlib.OptionOpenDB) driver.Connector {
	c := connector{db: d, direct: stdlib.GetConnector(*config, options...)}
	pooled := config.Copy()
	pooled.RuntimeParams = maps.Clone(config.RuntimeParams)
	var set []string
	for _, name := range slices.Sorted(maps.Keys(config.RuntimeParams)) {
		if !slices.Contains(poolerTakes, strings.ToLower(name)) {
			set = append(set, "set_config("+quoted(name)+", "+quoted(config.RuntimeParams[name])+", true)")
			delete(pooled.RuntimeParams, name)
		}
	}
	c.setup = "select " + strings.Join(set, ", ")
	if !d.ownMode {
		pooled.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	c.pooled = stdlib.GetConnector(*pooled, options...)
	return c
}

// quoted is a text as SQL writes it; the strings of these connections conform to the standard.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func (c connector) Driver() driver.Driver { return c.direct.Driver() }

// Connect finds out about a pooler by what it refuses, or by the number of the server's process, which a pooler makes up.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if !c.db.pooler.Load() {
		conn, err := c.direct.Connect(ctx)
		switch {
		case err == nil:
			s := &session{Conn: conn.(*stdlib.Conn)}
			if pooled, err := throughPooler(ctx, s.wire()); !pooled || err != nil {
				return closeOn(err, s)
			}
			_ = s.Close()
		case !refusesParameters(err):
			return nil, err
		}
		if c.db.pooler.CompareAndSwap(false, true) {
			slog.Info("the database is reached through a pooler: no named prepared statements are used (cache_describe, " +
				"unless the URL says default_query_exec_mode), and each transaction sets its role and its limits")
		}
	}
	conn, err := c.pooled.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &session{Conn: conn.(*stdlib.Conn), setup: c.setup}, nil
}

func closeOn(err error, s *session) (driver.Conn, error) {
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// throughPooler reports whether a connection leads to a pooler.
func throughPooler(ctx context.Context, c *pgx.Conn) (bool, error) {
	var process uint32
	err := c.QueryRow(ctx, "select pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&process)
	return process != c.PgConn().PID(), err
}

// ErrPooler says that a URL leads to a pooler, where what must keep its connection cannot be done.
var ErrPooler = errors.New("WAYPOST_DATABASE_URL leads to a pooler: migrations need the server itself, so name its own " +
	"address here")

// RefusePooler is for what needs the same connection of the server throughout, as migrations do.
func RefusePooler(ctx context.Context, config *pgx.ConnConfig) error {
	c, err := pgx.ConnectConfig(ctx, config)
	if refusesParameters(err) {
		return ErrPooler
	}
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	pooled, err := throughPooler(ctx, c)
	if pooled && err == nil {
		err = ErrPooler
	}
	return err
}

// refusesParameters reports whether a connection was refused for what it asks to be set, as PgBouncer does.
func refusesParameters(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "08P01" && strings.HasPrefix(pg.Message, "unsupported startup parameter")
}

// session is a connection of a pool. Through a pooler, whatever is sent outside of a transaction gets one of its own,
// which has the role and the limits.
type session struct {
	*stdlib.Conn
	setup string // empty where the connection has them
}

func (s *session) wire() *pgx.Conn { return s.Conn.Conn() }

// bare reports whether what is sent next needs a transaction.
func (s *session) bare() bool { return s.setup != "" && s.wire().PgConn().TxStatus() == 'I' }

// BeginTx is for whoever does not know Do.
func (s *session) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := s.Conn.BeginTx(ctx, options)
	if err != nil || s.setup == "" {
		return tx, err
	}
	if _, err = s.wire().Exec(ctx, s.setup); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

func (s *session) ExecContext(ctx context.Context, sql string, args []driver.NamedValue) (result driver.Result, err error) {
	if !s.bare() {
		return s.Conn.ExecContext(ctx, sql, args)
	}
	err = s.alone(ctx, func() (err error) {
		result, err = s.Conn.ExecContext(ctx, sql, args)
		return err
	})
	return result, err
}

func (s *session) QueryContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Rows, error) {
	if !s.bare() {
		return s.Conn.QueryContext(ctx, sql, args)
	}
	var all read
	err := s.alone(ctx, func() error {
		rows, err := s.Conn.QueryContext(ctx, sql, args)
		if err != nil {
			return err
		}
		return all.from(rows)
	})
	if err != nil {
		return nil, err
	}
	return &all, nil
}

// alone runs one statement in a transaction of its own.
func (s *session) alone(ctx context.Context, run func() error) error {
	tx, err := s.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return err
	}
	if err = run(); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// read is the rows of a statement that has ended.
type read struct {
	columns []string
	rows    [][]driver.Value
}

func (r *read) from(rows driver.Rows) error {
	r.columns = rows.Columns()
	for {
		row := make([]driver.Value, len(r.columns))
		if err := rows.Next(row); err == io.EOF {
			return rows.Close()
		} else if err != nil {
			return errors.Join(err, rows.Close())
		}
		for i, v := range row {
			if b, is := v.([]byte); is {
				row[i] = slices.Clone(b)
			}
		}
		r.rows = append(r.rows, row)
	}
}

func (r *read) Columns() []string { return r.columns }
func (r *read) Close() error      { return nil }

func (r *read) Next(row []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(row, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}
