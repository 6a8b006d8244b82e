package db_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/fault"
)

// Through PgBouncer, as Debian brings it and with one connection to the server for all, whoever acts has their role and
// limits in their own transaction, and what the pools are used for beside Do has them too.
func TestThroughAPoolerEachTransactionHasItsRole(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"as Debian brings it": {"default_pool_size = 1"},
		"told to pass over what it does not know": {"default_pool_size = 1",
			"ignore_startup_parameters = role,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,jit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, pooled := dbtest.Pool(t, dbtest.URL(t), settings...)
			d := open(t, pooled)
			const asks = "select current_user || ' ' || current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')"
			var wait sync.WaitGroup
			for i := range 40 {
				role, is := actor.LinkWorker, "waypost_staff"
				switch i % 3 {
				case 1:
					role, is = actor.Organisation, "waypost_organisations"
				case 2:
					role, is = actor.System, "waypost_jobs"
				}
				wait.Go(func() {
					for range 5 {
						var says string
						err := d.Do(actor.With(t.Context(), actor.Actor{Role: role}), func(tx *db.Tx) error {
							return tx.Raw(asks).Scan(&says).Error
						})
						if err != nil || says != is+" 10s 3s" {
							t.Errorf("%s: %q, %v", role, says, err)
						}
					}
				})
				wait.Go(func() {
					var says string
					if err := d.Pools()["background"].QueryRowContext(t.Context(), asks).Scan(&says); err != nil ||
						says != "waypost_app 10s 3s" {
						t.Errorf("a statement alone: %q, %v", says, err)
					}
				})
			}
			wait.Wait()
			var left int
			if err := d.Pools()["background"].QueryRowContext(t.Context(), "select count(*) from pg_prepared_statements").
				Scan(&left); err != nil || left > 0 {
				t.Errorf("%d named statements are left on the connection that all use: %v", left, err)
			}
		})
	}
}

func open(t *testing.T, address string) *db.DB {
	t.Helper()
	d, err := db.Open(db.Config{URL: address, Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// A column that is added while statements are known through a pooler makes none of them fail.
func TestThroughAPoolerTheStructureMayChange(t *testing.T) {
	t.Parallel()
	app, owner := dbtest.URLs(t)
	_, pooled := dbtest.Pool(t, app, "default_pool_size = 2")
	d := open(t, pooled)
	look := func() error {
		_, err := d.Installation(t.Context())
		return err
	}
	if err := look(); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for i := range 3 {
		if _, err := c.Exec(t.Context(), fmt.Sprintf("alter table installation add column more%d text", i)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := look(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A pooler that drops its connections in the middle of work is unavailable, and what was being done is done once or not
// at all.
func TestAPoolerThatDropsConnections(t *testing.T) {
	t.Parallel()
	app, owner := dbtest.URLs(t)
	p, pooled := dbtest.Pool(t, app, "default_pool_size = 4")
	d := open(t, pooled)
	c, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for _, sql := range []string{
		"create table tried (n int)", "grant insert, select on tried to waypost_jobs",
	} {
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	acknowledged, all := []int{}, 0
	end := time.Now().Add(6 * time.Second)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for time.Now().Before(end) {
				mu.Lock()
				all++
				n := all
				mu.Unlock()
				err := d.Do(actor.With(t.Context(), actor.Named("trying")), func(tx *db.Tx) error {
					return tx.Exec("insert into tried values (?)", n).Error
				})
				switch {
				case err == nil:
					mu.Lock()
					acknowledged = append(acknowledged, n)
					mu.Unlock()
				case fault.Is(err, fault.Unavailable):
					time.Sleep(10 * time.Millisecond)
				default:
					t.Errorf("no fault that a caller is told of: %v", err)
				}
			}
		})
	}
	for time.Now().Before(end.Add(-time.Second)) {
		time.Sleep(700 * time.Millisecond)
		p.Stop()
		p.Start()
	}
	wait.Wait()
	var once, twice int
	if err := c.QueryRow(t.Context(), "select count(distinct n), count(*) from tried where n = any($1)", acknowledged).
		Scan(&once, &twice); err != nil {
		t.Fatal(err)
	}
	if once != len(acknowledged) || twice != once || once == 0 {
		t.Errorf("%d writes were acknowledged: %d are there, in %d rows", len(acknowledged), once, twice)
	}
	if err := d.Do(t.Context(), func(*db.Tx) error { return nil }); err != nil {
		t.Error("not used again afterwards: ", err)
	}
}

// What needs one connection throughout says that it does not go through a pooler.
func TestMigrationsRefuseAPooler(t *testing.T) {
	t.Parallel()
	_, owner := dbtest.URLs(t)
	for _, settings := range [][]string{nil, {"ignore_startup_parameters = lock_timeout"}} {
		_, pooled := dbtest.Pool(t, owner, settings...)
		config, err := pgx.ParseConfig(pooled)
		if err != nil {
			t.Fatal(err)
		}
		config.RuntimeParams["lock_timeout"] = "1s"
		if err := db.RefusePooler(t.Context(), config); !errors.Is(err, db.ErrPooler) || strings.Contains(err.Error(), pooled) {
			t.Errorf("%v: %v", settings, err)
		}
	}
	config, err := pgx.ParseConfig(owner)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.RefusePooler(t.Context(), config); err != nil {
		t.Error("the server itself: ", err)
	}
}
