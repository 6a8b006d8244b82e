package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/events"
)

var tables = strings.Fields(
	"patients consents episodes referrals referral_moves attendances contacts follow_ups follow_up_attempts " +
		"follow_up_completions assessments",
)

// digest is everything in the tables.
func digest(t *testing.T, tx *db.Tx) (out []string) {
	for _, table := range tables {
		var sum string
		if err := tx.Raw("select md5(string_agg(x::text, '|' order by id)) from " + table + " x").
			Scan(&sum).
			Error; err != nil {
			t.Fatal(err)
		}
		out = append(out, table+" "+sum)
	}
	return out
}

func (b *book) insert(tx *db.Tx) error {
	return errors.Join(
		tx.CreateInBatches(
			&b.patients,
			500,
		).Error,
		tx.CreateInBatches(&b.consents, 500).Error,
		tx.CreateInBatches(&b.episodes, 500).Error,
		tx.CreateInBatches(
			&b.referrals,
			500,
		).Error,
		tx.CreateInBatches(&b.attendances, 500).Error,
		tx.CreateInBatches(&b.moves, 500).Error,
		tx.CreateInBatches(&b.contacts, 500).Error,
		tx.Table("follow_ups").
			CreateInBatches(&b.outcomes.FollowUps, 500).
			Error,
		tx.CreateInBatches(&b.outcomes.Attempts, 500).Error,
		tx.CreateInBatches(&b.outcomes.Completed, 500).Error,
		tx.CreateInBatches(&b.outcomes.Assessments, 500).Error,
	)
}

// Staged rows are the ones that inserts write, and no more are held at a time than said.
func TestStagedIsAsInserted(t *testing.T) {
	t.Parallel()
	var sizes []int
	undone := errors.New("undone")
	err := dbtest.New(t).Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		w, err := newWorld(tx, 31)
		if err != nil {
			return err
		}
		town, b := w.found(0, firstPeople), &book{log: &events.Log{}}
		if err := errors.Join(town.write(tx, b.log), town.settle(tx, b.log)); err != nil {
			return err
		}
		return errors.Join(undone, town.populate(b, firstPeople+peopleAtATime+150, func(b *book) error {
			sizes = append(sizes, len(b.patients))
			if len(b.patients) == 150 {
				sameWritten(t, tx, b)
			}
			return nil
		}))
	})
	if !errors.Is(err, undone) || !slices.Equal(sizes, []int{firstPeople, peopleAtATime, 150}) {
		t.Errorf("%v; books of %v people", err, sizes)
	}
}

func sameWritten(t *testing.T, tx *db.Tx, b *book) {
	written := func(write func(*db.Tx) error) []string {
		err := errors.Join(tx.Exec("savepoint before").Error, write(tx))
		if err != nil {
			t.Fatal(err)
		}
		sums := digest(t, tx)
		if err := tx.Exec("rollback to before").Error; err != nil {
			t.Fatal(err)
		}
		return sums
	}
	inserted, staged := written(b.insert), written(b.write)
	for i := range tables {
		if inserted[i] != staged[i] {
			t.Errorf("inserted: %s, staged: %s", inserted[i], staged[i])
		}
	}
}

// databases made from one template have the same oids within
const here = "(select oid from pg_database where datname = current_database())"

// Cut off while it writes, a load leaves nothing, and starts again.
func TestCutOffLeavesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	ctx, cut := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := Load(ctx, d, Config{People: 20_000}, func(Keys) error { return errors.New("it was never cut off") })
		ended <- err
	}()
	const writing = "select 'yes' from pg_locks where relation = 'events'::regclass and mode = 'RowExclusiveLock' and database = " + here
	for len(rows(t, d, writing)) == 0 {
		select {
		case err := <-ended:
			t.Fatalf("it ended before it could be cut off: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	cut()
	if err := <-ended; !errors.Is(ctx.Err(), context.Canceled) || err == nil || strings.Contains(err.Error(), "never") {
		t.Fatal(err)
	}
	if empty, err := Empty(t.Context(), d); err != nil || !empty {
		t.Errorf("empty %v, %v", empty, err)
	}
	var k Keys
	if r, err := Load(t.Context(), d, Config{People: 20}, keep(&k)); err != nil || r.Patients != 20 {
		t.Errorf("it does not start again: %v, %+v", err, r)
	}
}

// At the end of a load, when it holds all its locks, others still read and record.
func TestLoadingStopsNobody(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	_, err := Load(t.Context(), d, Config{People: 100}, func(Keys) error {
		for _, table := range append(tables, "events", "sites", "organisations", "services", "follow_up_services", "assessment_scores") {
			if n := rows(t, d, "select count(*)::text from "+table); n[0] != "0" {
				t.Errorf("%s: %s rows of a load that may fail yet", table, n[0])
			}
		}
		strong := rows(t, d, `select relation::regclass || ' ' || mode from pg_locks join pg_class c on c.oid =
			relation and relnamespace = 'public'::regnamespace
			where mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock',
				'ShareUpdateExclusiveLock') and database = `+here)
		if len(strong) > 0 {
			t.Errorf("locks that stop others: %v", strong)
		}
		look(t, d, func(tx *db.Tx) error {
			return tx.Exec("insert into organisations (id, name, status, source, created_at, updated_at) values "+
				"(gen_random_uuid(), 'Club', 'active', 'test', ?, ?)", tx.Now, tx.Now).Error
		})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Checks of foreign keys find their row by its key: they do not read the site's.
func TestKeyChecksReadOneRow(t *testing.T) {
	t.Parallel()
	d, _, r := load(t, large, 33)
	const sums = `select sum(idx_tup_read) / sum(n_tup_ins) from pg_stat_user_tables t
		join (select relid, sum(idx_tup_read) as idx_tup_read from pg_stat_user_indexes group by 1) i using
			(relid) where n_tup_ins > 100 having sum(n_tup_ins) > ?`
	for range 600 { // the server counts a little later
		if found := rows(t, d, sums, r.Events+r.Contacts); len(found) > 0 {
			if each, err := strconv.ParseFloat(found[0], 64); err != nil || each > 3 {
				t.Errorf("for each row that was written, %s were read", found[0])
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the server never counted")
}

// After a load the planner knows how much there is.
func TestStatisticsAreFresh(t *testing.T) {
	t.Parallel()
	d, _, _ := load(t, small, 35)
	for _, table := range append(tables, "events", "services", "assessment_scores") {
		const about = "select reltuples || ' of ' || n from pg_class, (select count(*) as n from %s) c where oid = " +
			"coalesce(to_regclass('%[1]s_all'), '%[1]s') and abs(reltuples - n) > n / 50"
		if stale := rows(t, d, fmt.Sprintf(about, table)); len(stale) > 0 {
			t.Errorf("%s: the planner reckons with %s rows", table, stale[0])
		}
	}
}

func TestAsManyAsItTakes(t *testing.T) {
	t.Parallel()
	if _, err := Load(
		t.Context(),
		nil,
		Config{People: MostPeople + 1},
		nil,
	); err == nil ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("more than it takes: %v", err)
	}
	numbers, seen := &nhsNumbers{}, map[string]bool{}
	for range MostPeople {
		n := numbers.next()
		if seen[n] || n < "9992000000" || n > "9999999999" {
			t.Fatalf("%s is given out a second time, or one that is kept free", n)
		}
		seen[n] = true
	}
}
