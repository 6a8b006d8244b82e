package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
)

// Tx is a transaction that knows who acts and what time it is.
type Tx struct {
	*gorm.DB
	Actor actor.Actor
	Now   time.Time // one instant for everything the transaction writes

	db   *DB
	conn *sql.Conn
	ctx  context.Context
	made int // ids so far
}

// Context carries the transaction, so that a Do called with it joins.
func (tx *Tx) Context() context.Context { return tx.ctx }

type txKey struct{}
type optionKey struct{}

type option struct{ background, relaxed bool }

// Background marks work that must not take a connection from people who wait.
func Background(ctx context.Context) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.background = true
	return context.WithValue(ctx, optionKey{}, o)
}

// Relaxed marks a transaction that writes nothing that was promised to a caller: reads, whose
// access-log row may be lost in a crash of the server, so that reading never waits for a disk.
func Relaxed(ctx context.Context) context.Context {
	o, _ := ctx.Value(optionKey{}).(option)
	o.relaxed = true
	return context.WithValue(ctx, optionKey{}, o)
}

const attempts = 3

// Do runs f in a transaction and commits when f returns nil. Within f, a Do on tx.Context() joins the
// transaction. A serialization failure or deadlock is tried three times in all, so f must have no effect
// outside the transaction. Errors of PostgreSQL come back as faults.
func (d *DB) Do(ctx context.Context, f func(tx *Tx) error) error {
	if tx, ok := ctx.Value(txKey{}).(*Tx); ok && tx.db == d {
		return asFault(f(tx))
	}
	var err error
	for range attempts {
		if err = d.once(ctx, f); !retryable(err) {
			break
		}
	}
	return asFault(err)
}

func (d *DB) once(ctx context.Context, f func(tx *Tx) error) (err error) {
	opt, _ := ctx.Value(optionKey{}).(option)
	p := d.requests
	if opt.background {
		p = d.background
	}
	conn, err := p.sql.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoConnection, err)
	}
	defer conn.Close()
	who := actor.From(ctx)
	if _, err := conn.ExecContext(ctx, begin(who, opt.relaxed)); err != nil {
		return err
	}
	tx := &Tx{Actor: who, Now: d.Clock.Now(), db: d, conn: conn}
	tx.ctx = context.WithValue(ctx, txKey{}, tx)
	tx.DB = p.gorm.Session(&gorm.Session{NewDB: true, Context: tx.ctx})
	tx.DB.Statement.ConnPool = conn
	finished := false
	defer func() {
		if !finished { // an error, or a panic on its way up
			rollback(ctx, conn)
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	finished = true
	return commit(ctx, conn)
}

// begin opens the transaction and tells row-level security who acts, in one round trip: pgx sends a
// statement without arguments by the simple protocol. Only UUIDs and roles are formatted into it.
func begin(who actor.Actor, relaxed bool) string {
	sql := fmt.Sprintf("begin; select set_config('app.sites', '%s', true), set_config('app.role', '%s', true), set_config('app.caller', '%s', true), set_config('app.organisation', '%s', true)",
		siteList(who.Sites), who.Role, optional(&who.KeyID), optional(who.OrganisationID))
	if relaxed {
		sql += "; set local synchronous_commit = off"
	}
	return sql
}

func optional(id *uuid.UUID) string {
	if id == nil || *id == uuid.Nil {
		return ""
	}
	return id.String()
}

// commit refuses to take a silent rollback for a commit: PostgreSQL answers "ROLLBACK" without an
// error when a statement before had failed.
func commit(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(c any) error {
		tag, err := c.(*stdlib.Conn).Conn().Exec(ctx, "commit")
		if err == nil && tag.String() != "COMMIT" {
			return errors.New("db: a failed statement was passed over; the transaction was rolled back")
		}
		return err
	})
}

// rollback gives the connection back clean, or throws it away.
func rollback(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "rollback"); err != nil {
		discard(err, "rolling back")
		discard(conn.Raw(func(any) error { return driver.ErrBadConn }), "throwing a connection away")
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

// Today is which day it is at the site.
func (tx *Tx) Today(site uuid.UUID) (day.Date, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return day.Date{}, err
	}
	return day.Of(tx.Now.In(loc)), nil
}

// Noon is an instant in the middle of a day at the site, for things that are dated by day and sorted by instant.
// It never lies in the future: noon of today is now at the latest.
func (tx *Tx) Noon(site uuid.UUID, d day.Date) (time.Time, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return time.Time{}, err
	}
	noon := d.In(loc).Add(12 * time.Hour).UTC()
	if noon.After(tx.Now) {
		return tx.Now, nil
	}
	return noon, nil
}

// Midnight is when a day begins at the site.
func (tx *Tx) Midnight(site uuid.UUID, d day.Date) (time.Time, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return time.Time{}, err
	}
	return d.In(loc).UTC(), nil
}

// DayOf is which day an instant was at the site.
func (tx *Tx) DayOf(site uuid.UUID, t time.Time) (day.Date, error) {
	loc, err := tx.zone(site)
	if err != nil {
		return day.Date{}, err
	}
	return day.Of(t.In(loc)), nil
}

// zone asks site_time_zone, a definer function, since an organisation sees no site's row. It is
// kept for a minute: a site's zone hardly ever changes.
func (tx *Tx) zone(site uuid.UUID) (*time.Location, error) {
	type kept struct {
		loc   *time.Location
		until time.Time
	}
	if k, ok := tx.db.zones.Load(site); ok && time.Now().Before(k.(kept).until) {
		return k.(kept).loc, nil
	}
	var name string
	if err := tx.Raw("select coalesce(site_time_zone(?), '')", site).Scan(&name).Error; err != nil {
		return nil, err
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, fmt.Errorf("db: site %s has no usable time zone", site)
	}
	tx.db.zones.Store(site, kept{loc, time.Now().Add(time.Minute)})
	return loc, nil
}
