package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"waypost/internal/platform/actor"
)

// Tx is a transaction that knows who acts and what time it is.
type Tx struct {
	*gorm.DB
	Actor actor.Actor
	Now   time.Time // one instant for everything the transaction writes

	Standby Standby // the server that it runs on

	db    *DB
	pool  *pool
	conn  *sql.Conn
	ctx   context.Context
	made  int       // ids so far
	last  pgx.Batch // what is sent with the commit
	about *people
	state state
	as    bool // somebody else acts, so that nothing may wait for the commit
}

type state int

const (
	admitted state = iota // begun by Admit; the first Do runs in it
	running               // a Do inside joins it
	over
)

// As runs f in the same transaction as somebody else, for what the actor may know of others' rows and may
// not read: a question that Waypost itself asks. What is written is still noted as the actor's.
func (tx *Tx) As(who actor.Actor, f func() error) error {
	own, was := tx.Actor, tx.as
	tx.as = true
	defer func() { tx.as = was }()
	become := func(a actor.Actor) error {
		tx.Actor = a
		return tx.Exec("select act_as(?, ?, ?, ?, ?, ?, ?)",
			IDs(a.Sites), string(a.Role), a.Key(), a.OrganisationID, a.PatientID, IDs(a.Projects), a.ReferralID).Error
	}
	if err := become(who); err != nil {
		return err
	}
	if err := f(); err != nil { // the transaction will be rolled back
		tx.Actor = own
		return err
	}
	return become(own)
}

// Context carries the transaction, so that a Do called with it joins.
func (tx *Tx) Context() context.Context { return tx.ctx }

type txKey struct{}
type optionKey struct{}

type option struct {
	background, relaxed, snapshot bool
	outside                       bool
	check                         bool // on a connection that is opened for it
	standby                       standbyOption
}

// Background marks work that must not take a connection from people who wait.
func Background(ctx context.Context) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.background = true
	return context.WithValue(ctx, optionKey{}, o)
}

// Outside marks a request by somebody from outside, before it is known who: by a link, or a key that was an
// organisation's. Afterwards the actor's role says it.
func Outside(ctx context.Context) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.outside = true
	return context.WithValue(ctx, optionKey{}, o)
}

// Relaxed marks a transaction that writes nothing that was promised to a caller: reads, whose
// access-log row may be lost in a crash of the server, so that reading never waits for a disk.
func Relaxed(ctx context.Context) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.relaxed = true
	return context.WithValue(ctx, optionKey{}, o)
}

// Snapshot marks a transaction that sees the database as it is at its beginning, however long it takes. It
// must not change what others change.
func Snapshot(ctx context.Context) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.snapshot = true
	return context.WithValue(ctx, optionKey{}, o)
}

// Apart leaves the transaction that a context carries: a Do begins one of its own, which commits whatever
// becomes of the other, on the leader, and is on disk then even where the other is relaxed.
func Apart(ctx context.Context) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.relaxed, o.standby = false, never
	return context.WithValue(context.WithValue(ctx, txKey{}, (*Tx)(nil)), optionKey{}, o)
}

const attempts = 5

// Do runs f in a transaction and commits when f returns nil. Within f, a Do on tx.Context() joins the
// transaction; the first Do of a context that Admit made runs in the transaction begun there. A serialization
// failure, a deadlock, or a statement that was prepared before the structure changed is tried five times in all,
// so f must have no effect outside the transaction. Errors of PostgreSQL come back as faults. What goes to the log of an
// error begins with the method that called Do.
func (d *DB) Do(ctx context.Context, f func(tx *Tx) error) error {
	tx, _ := ctx.Value(txKey{}).(*Tx)
	if tx != nil && tx.db == d && tx.state == running {
		err := f(tx)
		if !retryable(err) { // else left as it is: the Do that began the transaction tries it again
			err = asFault(ctx, err)
		}
		return locate(err)
	}
	err := repeated(func() error {
		if tx == nil || tx.db != d || tx.state != admitted {
			var err error
			if tx, err = d.begin(ctx, actAs(actor.From(ctx))); err != nil {
				return err
			}
		}
		return tx.run(ctx, f)
	})
	return locate(relocate(asFault(ctx, err), err))
}

// repeated tries again what failed by chance.
func repeated(try func() error) (err error) {
	for range attempts {
		if err = try(); !retryable(err) {
			break
		}
	}
	return err
}

// Admit begins the transaction of a caller whom only the database can name, and asks who that is in the same round
// trip: sql answers one row, which who reads, and tells row-level security about it (set_actor). The context that comes
// back carries the actor and the transaction; leave rolls back what no Do has run in.
func (d *DB) Admit(
	ctx context.Context,
	sql string,
	args []any,
	who func(pgx.Row) (actor.Actor, error),
) (_ context.Context, leave func(), err error) {
	var a actor.Actor
	var tx *Tx
	err = repeated(func() (err error) {
		read := func(row pgx.Row) (err error) {
			a, err = who(row)
			return err
		}
		tx, err = d.begin(ctx, query{sql, args, read}, query{"select assume_role()", nil, noRow})
		return err
	})
	if err != nil {
		return ctx, func() {}, asFault(ctx, err)
	}
	return context.WithValue(actor.With(ctx, a), txKey{}, tx), func() {
		if tx.state == admitted {
			tx.end(ctx)
		}
	}, nil
}

type query struct {
	sql  string
	args []any
	scan func(pgx.Row) error
}

// actAs tells row-level security who acts, until the transaction ends.
func actAs(who actor.Actor) query {
	return query{
		"select act_as($1, $2, $3, $4, $5, $6, $7)",
		[]any{
			who.Sites,
			string(who.Role),
			who.Key(),
			who.OrganisationID,
			who.PatientID,
			who.Projects,
			who.ReferralID,
		},
		noRow,
	}
}

func noRow(row pgx.Row) error { return row.Scan(nil) }

// connection is one of the pool. For a request, for which somebody waits, there is a limit to waiting for it.
func (d *DB) connection(ctx context.Context, p *pool, opt option) (*sql.Conn, error) {
	if !opt.background {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.wait)
		defer cancel()
	}
	return p.sql.Conn(ctx)
}

// pool is the one that a transaction's connection comes from.
func (d *DB) pool(ctx context.Context, opt option) *pool {
	switch {
	case opt.check:
		return d.checks
	case opt.background:
		return d.background
	case opt.outside || actor.From(ctx).Outside():
		return d.outside
	}
	return d.requests
}

// begin opens a transaction on a connection of the pool, in one round trip with its first queries.
func (d *DB) begin(ctx context.Context, first ...query) (*Tx, error) {
	opt, _ := ctx.Value(optionKey{}).(option)
	p, begin := d.pool(ctx, opt), "begin"
	if opt.snapshot {
		begin = "begin isolation level repeatable read"
	}
	conn, err := d.connection(ctx, p, opt)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoConnection, err)
	}
	tx := &Tx{Now: d.Clock.Now(), db: d, pool: p, conn: conn, about: &people{}, state: admitted}
	err = conn.Raw(func(c any) error {
		s := c.(*session)
		if s.refuses(ctx, opt.standby) {
			return ErrStandby
		}
		var b pgx.Batch
		b.Queue(begin)
		switch {
		case s.setup == "":
		case opt.standby == never:
			b.Queue(s.setup + ", " + leaderOnly)
		default:
			b.Queue(s.setup)
		}
		if opt.standby != never && (s.setup != "" || s.saysStandby()) {
			b.Queue(askStandby).QueryRow(tx.Standby.scan)
		}
		for _, q := range first {
			b.Queue(q.sql, q.args...).QueryRow(q.scan)
		}
		return s.wire().SendBatch(ctx, &b).Close()
	})
	switch {
	case refusedByStandby(err):
		err = ErrStandby
	case opt.standby == nearly && d.Behind(tx.Standby):
		err = ErrBehind
	}
	if err != nil {
		tx.failed(err)
		tx.end(ctx)
		return nil, err
	}
	return tx, nil
}

// run runs f and commits, or rolls back.
func (tx *Tx) run(ctx context.Context, f func(tx *Tx) error) error {
	tx.state, tx.Actor = running, actor.From(ctx)
	tx.ctx = context.WithValue(ctx, txKey{}, tx)
	tx.DB = tx.pool.gorm.Session(&gorm.Session{NewDB: true, Context: tx.ctx})
	tx.DB.Statement.ConnPool = tx.conn
	defer tx.end(ctx) // after an error, or a panic on its way up, it rolls back
	err := f(tx)
	if err == nil {
		err = tx.commit(ctx)
	}
	tx.failed(err)
	return err
}

// failed looks whether the connection has statements of an older structure: then no connection of its age
// is used again.
func (tx *Tx) failed(err error) {
	if outdated(err) {
		discard(tx.conn.Raw(func(c any) error {
			tx.pool.outdated(c.(*session).wire())
			return nil
		}), "noting that a connection is outdated")
	}
}

// WithCommit has a statement sent in the round trip of the commit: for logs and the like, whose outcome nothing else of
// the transaction reads. In write, gorm makes the statement without running it. Within As it runs at once: by the commit
// the actor is another, who may not write it.
func (tx *Tx) WithCommit(write func(*gorm.DB) *gorm.DB) error {
	if tx.as {
		return write(tx.DB).Error
	}
	made := write(tx.Session(&gorm.Session{DryRun: true}))
	if made.Error != nil {
		return made.Error
	}
	tx.last.Queue(made.Statement.SQL.String(), made.Statement.Vars...)
	return nil
}

// commit refuses to take a silent rollback for a commit: PostgreSQL answers "ROLLBACK" without an
// error when a statement before had failed.
func (tx *Tx) commit(ctx context.Context) error {
	if opt, _ := ctx.Value(optionKey{}).(option); opt.relaxed {
		tx.last.Queue("set local synchronous_commit = off")
	}
	var done pgconn.CommandTag
	tx.last.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		done = tag
		return nil
	})
	if err := tx.send(ctx, &tx.last); err != nil {
		return err
	}
	tx.state = over
	if done.String() != "COMMIT" {
		return errors.New("db: a failed statement was passed over; the transaction was rolled back")
	}
	return nil
}

// send is one round trip.
func (tx *Tx) send(ctx context.Context, b *pgx.Batch) error {
	return tx.conn.Raw(func(c any) error { return c.(*session).wire().SendBatch(ctx, b).Close() })
}

// end rolls back what was not committed, and gives the connection back clean, or throws it away.
func (tx *Tx) end(ctx context.Context) {
	defer tx.conn.Close()
	if tx.state == over {
		return
	}
	tx.state = over
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := tx.conn.ExecContext(ctx, "rollback"); err != nil {
		discard(err, "rolling back")
		discard(tx.conn.Raw(func(any) error { return driver.ErrBadConn }), "throwing a connection away")
	}
}

// NewID makes a UUIDv7 at the transaction's time, so that ids sort as things were recorded. Those of one
// transaction count up in the 12 bits that follow the milliseconds.
func (tx *Tx) NewID() uuid.UUID {
	id := IDAt(tx.Now)
	id[6], id[7] = 0x70|byte(tx.made>>8)&0x0f, byte(tx.made)
	tx.made++
	return id
}

// IDAt makes a UUIDv7 of the instant: its first 48 bits are the milliseconds since 1970.
func IDAt(t time.Time) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	ms := t.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}
