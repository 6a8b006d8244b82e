package db_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/fault"
)

// When the structure changes under a running process, its prepared statements are of the older one. However
// many of them a transaction has, and on whichever connections, nobody hears of it.
func TestAChangedStructureIsNotNoticed(t *testing.T) {
	t.Parallel()
	app, owner := dbtest.URLs(t)
	d, err := db.Open(db.Config{URL: app, Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	admin, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close(context.Background()) })
	ctx := actor.With(t.Context(), actor.Named("test"))
	tables := []string{"sites", "organisations", "services", "patients", "episodes_all", "referrals"}
	work := func(tx *db.Tx) error {
		for _, table := range tables {
			if err := tx.Exec("select * from " + table + " limit 1").Error; err != nil {
				return err
			}
		}
		return nil
	}
	admit := func() error {
		system := func(pgx.Row) (actor.Actor, error) { return actor.Named("test"), nil }
		ctx, leave, err := d.Admit(ctx, "select i.*, set_actor(null, 'system', null) from installation i", nil, system)
		defer leave()
		if err != nil {
			return err
		}
		return d.Do(ctx, work)
	}
	nested := func(depth int) error { return holdAll(ctx, d, depth, work) }
	for round := range 3 {
		if err := nested(8); err != nil { // on all connections of the pool
			t.Fatal(err)
		}
		for range 8 {
			if err := admit(); err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range append(tables, "installation") {
			if _, err := admin.Exec(
				t.Context(),
				fmt.Sprintf("alter table %s add column later_%d text", table, round),
			); err != nil {
				t.Fatal(err)
			}
		}
		for range 12 {
			if err := admit(); err != nil {
				t.Error(err)
			}
			if err := d.Do(ctx, work); err != nil {
				t.Error(err)
			}
		}
	}
}

// holdAll runs work on several connections that are in use at the same time.
func holdAll(ctx context.Context, d *db.DB, depth int, work func(*db.Tx) error) error {
	return d.Do(ctx, func(tx *db.Tx) error {
		if depth > 1 {
			if err := holdAll(db.Apart(tx.Context()), d, depth-1, work); err != nil {
				return err
			}
		}
		return work(tx)
	})
}

// What a broken or closed server says is unavailable; what is wrong with a statement of ours is internal.
func TestWhatAServerSaysOfItselfIsUnavailable(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for kind, codes := range map[fault.Kind][]string{
		fault.Unavailable: {"58P01", "58030", "57P01", "57P02", "57P03", "57014", "53100", "53200", "53300",
			"08006", "XX000", "XX001", "XX002", "28P01", "28000", "F0000", "F0001", "3D000", "25006", "25P03",
			"40003"},
		fault.Internal: {"42P01", "42703", "42883", "0A000", "22012", "P0001", "54001"},
	} {
		for _, code := range codes {
			err := d.Do(t.Context(), func(tx *db.Tx) error {
				return tx.Exec("do $$ begin raise exception 'of a test' using errcode = '" + code + "'; end $$").Error
			})
			if !fault.Is(err, kind) {
				t.Errorf("%s is %v, not %s", code, err, kind)
			}
		}
	}
}

// A login that the server refuses is unavailable, whatever the code: a password is being changed, or a
// database renamed.
func TestARefusedLoginIsUnavailable(t *testing.T) {
	t.Parallel()
	good, err := url.Parse(dbtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	password, name := *good, *good
	password.User, name.Path = url.UserPassword(good.User.Username(), "wrong"), "/nowhere"
	for _, address := range []url.URL{password, name} {
		d, err := db.Open(db.Config{URL: address.String(), Clock: &clock.Clock{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Do(t.Context(), func(*db.Tx) error { return nil }); !fault.Is(err, fault.Unavailable) {
			t.Error(err)
		}
		d.Close()
	}
}
