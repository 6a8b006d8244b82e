package api_test

import (
	"database/sql"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/mail/mailtest"
)

// The pages that PostgreSQL touches for a read by id, and for a page of a list, do not grow with the
// tables. Its plans are generic ones, as of statements that are run often.
func TestReadsTouchAsManyPagesInLargeTables(t *testing.T) {
	t.Parallel()
	url := quietDatabase(t)
	d, end := openDatabase(t, url)
	w := serving(t, on(d))
	patient, episode := w.supported()
	referral := w.refer(episode)
	w.ons4(episode, "baseline", w.daysAgo(20), 4, 5, 3, 8).want(201)
	end()
	reads := []string{
		"/patients/" + patient,
		"/episodes/" + episode,
		"/referrals/" + referral,
		"/patients/" + patient + "/timeline",
		"/contacts?updated_since=2026-01-12T09:30:00Z&limit=50",
		"/consents?updated_since=2026-01-12T09:30:00Z&limit=50",
		"/assessments?limit=50",
		"/attendances?limit=50",
		"/referrals?limit=50",
		"/referrals?limit=50&link_worker_id=" + w.worker,
		"/episodes?limit=50",
		"/episodes?limit=50&link_worker_id=" + w.worker,
	}
	few := map[string]int{}
	for _, size := range []int{1_000, 10_000} {
		addReferrals(t, url, size)
		for _, read := range reads {
			limit := math.MaxInt
			if few[read] > 0 {
				limit = few[read] + deeper(read)
			}
			pages := pagesTouched(t, url, limit, func(d *db.DB) {
				client{w: &world{t: t, url: listening(t, on(d))}, bearer: w.keys["link_worker"]}.get(read).want(200)
			})
			t.Logf("%6d referrals, %s: %d pages", size, read, pages)
			if few[read] == 0 {
				few[read] = pages
			} else if pages > limit {
				t.Errorf("%s: %d pages among 1,000 referrals, %d among 11,000", read, few[read], pages)
			}
		}
	}
}

// deeper is how many pages more a read may take in a larger table: an index may be a level deeper, and of a
// list each of 50 rows may be found by an index where a small table was read whole.
func deeper(read string) int {
	if strings.Contains(read, "limit=50") {
		return 4 * 50
	}
	return 10
}

// openDatabase opens a database with generic plans; end waits until its connections have ended.
func openDatabase(t *testing.T, url string) (d *db.DB, end func()) {
	t.Helper()
	d, err := db.Open(db.Config{
		URL:              url + "&plan_cache_mode=force_generic_plan",
		Clock:            &clock.Clock{},
		StatementTimeout: 5 * time.Minute, // filling a large table takes long where other tests run beside
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, func() {
		d.Close()
		plain := openPlain(t, url)
		defer plain.Close()
		for range 1000 {
			var others int
			if err := plain.QueryRow("select count(*) from pg_stat_activity where datname = current_database() and pid <> " +
				"pg_backend_pid() and backend_type = 'client backend'").
				Scan(&others); err != nil ||
				others == 0 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func openPlain(t *testing.T, url string) *sql.DB {
	t.Helper()
	plain, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// quietDatabase is a database whose tables PostgreSQL does not vacuum or analyse by itself: that reads a table whole at
// some moment, and the pages count like those of a request.
func quietDatabase(t *testing.T) (url string) {
	t.Helper()
	url, owner := dbtest.URLs(t)
	d := openPlain(t, owner)
	defer d.Close()
	if _, err := d.ExecContext(t.Context(), `do $$
declare ours regclass;
begin
  for ours in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' loop
    execute format('alter table %s set (autovacuum_enabled = false)', ours);
  end loop;
end $$`); err != nil {
		t.Fatal(err)
	}
	return url
}

// pagesTouched is how many pages of tables and indexes a read takes: PostgreSQL counts those of a connection when it
// ends. It is the least of several counts. Once is enough to be within the limit, since what reads a table whole does so
// each time, and what PostgreSQL does by itself does not.
func pagesTouched(t *testing.T, url string, limit int, read func(*db.DB)) int {
	t.Helper()
	least := math.MaxInt
	for n := 0; n < 3 || least > limit && n < 10; n++ {
		before := pagesSoFar(t, url)
		d, end := openDatabase(t, url)
		read(d)
		end()
		least = min(least, pagesSoFar(t, url)-before)
	}
	return least
}

func pagesSoFar(t *testing.T, url string) (n int) {
	t.Helper()
	plain := openPlain(t, url)
	defer plain.Close()
	err := plain.QueryRow("select sum(coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0) + coalesce(idx_blks_hit, 0) + " +
		"coalesce(idx_blks_read, 0)) from pg_statio_user_tables").
		Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The pages that a round of the jobs that send notices touches do not grow with what was sent already, nor those of a
// scrape of /metrics.
func TestSendingTouchesAsManyPagesInALargeOutbox(t *testing.T) {
	t.Parallel()
	smtp := mailtest.Start(t, "")
	url := quietDatabase(t)
	d, end := openDatabase(t, url)
	w := serving(t, on(d))
	c := w.clerk(smtp)
	w.sentNow("club@example.org")
	w.sentNow("")
	c.run()
	smtp.Mail()
	end()
	jobs := db.Background(actor.With(t.Context(), actor.Named("test")))
	rounds := []struct {
		what string
		run  func(*db.DB)
	}{
		{"metrics", func(d *db.DB) {
			if by, err := d.MailStatistics(t.Context()); err != nil || by["failed"].Messages != 0 {
				t.Fatal(by, err)
			}
		}},
		{"nothing to send", func(d *db.DB) {
			w.db = d
			c.run()
		}},
		{"a mail", func(d *db.DB) {
			err := d.Do(jobs, func(tx *db.Tx) error {
				return tx.Exec(
					"update outbox o set state = 'waiting', sent_at = null, tried_at = null, next_try_at = " +
						"o.created_at from referrals r where o.site_id = r.site_id and o.kind = " +
						"'reply_notice' and o.subject_id = r.id",
				).Error
			})
			if err != nil {
				t.Fatal(err)
			}
			w.db = d
			c.run()
			smtp.Mail()
		}},
	}
	few := map[string]int{}
	for _, size := range []int{1_000, 100_000} {
		addSent(t, url, size)
		// The levels of indexes take far less; reading one whole takes all of it.
		more := smallestIndex(t, url, "outbox") / 2
		for _, round := range rounds {
			limit := math.MaxInt
			if few[round.what] > 0 {
				limit = few[round.what] + more
			}
			pages := pagesTouched(t, url, limit, round.run)
			t.Logf("%6d sent, %s: %d pages, at most %d more", size, round.what, pages, more)
			if few[round.what] == 0 {
				few[round.what] = pages
			} else if pages > limit {
				t.Errorf("%s: %d pages of 1,000 sent, %d of 101,000", round.what, few[round.what], pages)
			}
		}
	}
}

// smallestIndex is how many pages the smallest of the indexes has that hold every row of a table.
func smallestIndex(t *testing.T, url, table string) (pages int) {
	t.Helper()
	plain := openPlain(t, url)
	defer plain.Close()
	if err := plain.QueryRow("select min(pg_relation_size(indexrelid)) / 8192 from pg_index "+
		"where indrelid = $1::regclass and indpred is null", table).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	return pages
}

// addSent adds messages to the outbox that were sent long ago.
func addSent(t *testing.T, url string, n int) {
	t.Helper()
	d, end := openDatabase(t, url)
	defer end()
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec(strings.ReplaceAll(fmt.Sprintf(`set local statement_timeout = 0;
insert into outbox (site_id, id, kind, subject_id, ordinal, channel, state, next_try_at, tried_at, sent_at, created_at, updated_at)
  select s.id, earlier(), 'reply_notice', earlier(), 1, 'email', 'sent', at, at, at, at, at
  from (select id from sites order by id limit 1) s, generate_series(1, %d) n,
    lateral (select now() - make_interval(days => 300, secs => n)) a(at);
select refresh_statistics()`, n), "earlier()", earlierID)).Error
	})
	if err != nil {
		t.Fatal(err)
	}
}

// earlierID makes ids that come before those of today: what is read stands behind them in an index, so that
// whoever reads the whole index until it is found is noticed.
const earlierID = "('00' || substr(gen_random_uuid()::text, 3))::uuid"

// addReferrals adds people to every site, each with an episode of its first link worker and a referral.
func addReferrals(t *testing.T, url string, n int) {
	t.Helper()
	d, end := openDatabase(t, url)
	defer end()
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec(strings.ReplaceAll(fmt.Sprintf(`set local statement_timeout = 0;
with people as (
  insert into patients (site_id, id, given_name, family_name, birth_date, external_ids, recorded_via, created_at, updated_at)
  select s.id, earlier(), 'Mary', 'Added', '1950-01-01', '[]', 'demo', now(), now() from sites s, generate_series(1, %d / 2)
  returning site_id, id),
spells as (
  insert into episodes (site_id, id, patient_id, link_worker_id, source, received_on, need_primary, status,
    recorded_via, created_at, updated_at)
  select p.site_id, earlier(), p.id, w.id, 'gp', '2026-01-01', 'food', 'waiting', 'demo', now(), now()
  from people p join link_workers w on w.site_id = p.site_id
  returning site_id, id, patient_id)
insert into referrals (site_id, id, episode_id, patient_id, organisation_id, kind, need, status,
  sent_at, recorded_via, created_at, updated_at)
  select e.site_id, earlier(), e.id, e.patient_id, o.id, 'referral', 'food', 'sent', now(), 'demo', now(), now()
  from spells e cross join organisations o;
select refresh_statistics()`, n), "earlier()", earlierID)).Error
	})
	if err != nil {
		t.Fatal(err)
	}
}
