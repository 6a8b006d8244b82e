package api

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

// The pages that PostgreSQL touches for a read by id, and for a page of a list, do not grow with the tables. Its plans are
// generic ones, as of statements that are run often.
func TestReadsTouchAsManyPagesInLargeTables(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	d := openDatabase(t, url)
	w := serving(t, on(d))
	patient, episode := w.supported()
	referral := w.refer(episode)
	w.ons4(episode, "baseline", w.daysAgo(20), 4, 5, 3, 8).want(201)
	reads := []string{
		"/patients/" + patient, "/episodes/" + episode, "/referrals/" + referral, "/patients/" + patient + "/timeline",
		"/referrals?limit=50", "/referrals?limit=50&link_worker_id=" + w.worker, "/episodes?limit=50", "/episodes?limit=50&link_worker_id=" + w.worker,
	}
	few := map[string]float64{}
	for _, size := range []int{1_000, 20_000} {
		addReferrals(t, d, size)
		for _, read := range reads {
			pages := pagesTouched(t, url, func(d *db.DB) {
				c := client{w: &world{t: t, url: listening(t, on(d))}, bearer: w.keys["link_worker"]}
				for range readsMeasured {
					c.get(read).want(200)
				}
			})
			t.Logf("%6d referrals, %s: %.0f pages", size, read, pages)
			if few[read] == 0 {
				few[read] = pages
			} else if pages > 1.5*few[read]+20 { // an index may be a level deeper
				t.Errorf("%s: %.0f pages among 1,000 referrals, %.0f among 21,000", read, few[read], pages)
			}
		}
	}
}

func openDatabase(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(url, &clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

const readsMeasured = 10

// pagesTouched is how many pages of tables and indexes one read takes, on average. Each connection tells of them when it ends.
func pagesTouched(t *testing.T, url string, read func(*db.DB)) float64 {
	t.Helper()
	plain, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	before := pagesSoFar(t, plain)
	d, err := db.Open(url+"&plan_cache_mode=force_generic_plan", &clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	read(d)
	d.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if touched := pagesSoFar(t, plain) - before; touched > 0 || time.Now().After(end) {
			return float64(touched) / readsMeasured
		}
	}
}

func pagesSoFar(t *testing.T, plain *sql.DB) (n int) {
	t.Helper()
	err := plain.QueryRow("select sum(coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0) + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0)) from pg_statio_user_tables").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// addReferrals adds people to every site, each with an episode of its first link worker and a referral.
func addReferrals(t *testing.T, d *db.DB, n int) {
	t.Helper()
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec(fmt.Sprintf(`
with people as (
  insert into patients (site_id, id, given_name, family_name, birth_date, external_ids, recorded_via, created_at, updated_at)
  select s.id, gen_random_uuid(), 'Mary', 'Added', '1950-01-01', '[]', 'demo', now(), now() from sites s, generate_series(1, %d / 2)
  returning site_id, id),
spells as (
  insert into episodes (site_id, id, patient_id, link_worker_id, source, received_on, need_primary, status, recorded_via, created_at, updated_at)
  select p.site_id, gen_random_uuid(), p.id, w.id, 'gp', '2026-01-01', 'food', 'waiting', 'demo', now(), now()
  from people p join link_workers w on w.site_id = p.site_id
  returning site_id, id, patient_id)
insert into referrals (site_id, id, episode_id, patient_id, organisation_id, kind, need, status, sent_at, recorded_via, created_at, updated_at)
  select e.site_id, gen_random_uuid(), e.id, e.patient_id, o.id, 'referral', 'food', 'sent', now(), 'demo', now(), now()
  from spells e cross join organisations o;
select refresh_statistics()`, n)).Error
	})
	if err != nil {
		t.Fatal(err)
	}
}
