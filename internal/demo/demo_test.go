package demo

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func keep(into *Keys) func(Keys) error {
	return func(k Keys) error { *into = k; return nil }
}

// load fills a database, and tells whoever looks as the system does.
func load(t testing.TB, people int, seed uint64) (d *db.DB, k Keys, r Report) {
	t.Helper()
	d = dbtest.New(t)
	began := time.Now()
	r, err := Load(t.Context(), d, Config{People: people, Seed: seed}, keep(&k))
	if err != nil {
		t.Fatal(err)
	}
	type counts Report // without its String
	t.Logf("%d people in %v: %+v", people, time.Since(began).Round(time.Millisecond), counts(r))
	return d, k, r
}

// look runs f as a job that sees every row.
func look(t testing.TB, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(actor.With(t.Context(), actor.Named("test")), f); err != nil {
		t.Fatal(err)
	}
}

// rows reads a query's first column of text.
func rows(t testing.TB, d *db.DB, sql string, args ...any) (out []string) {
	t.Helper()
	look(t, d, func(tx *db.Tx) error { return tx.Raw(sql, args...).Scan(&out).Error })
	return out
}

func TestDefaultSize(t *testing.T) {
	d, _, r := load(t, 0, 0)
	if r.Sites != 7 || r.Patients != DefaultPeople {
		t.Errorf("got %+v", r)
	}
	if reasons := rows(
		t,
		d,
		"select distinct loss_reason from follow_ups where loss_reason is not null",
	); len(
		reasons,
	) != 9 {
		t.Errorf("follow-ups are lost for %v", reasons)
	}
	placesDiffer(t, d)
}

// placesDiffer: one follows up as few as routine services do, 8 to 21 in a hundred, and one about 67, as the study did.
func placesDiffer(t *testing.T, d *db.DB) {
	var shares []float64
	look(t, d, func(tx *db.Tx) error {
		return tx.Raw(`select 100.0 * count(completed_on) / count(*) from follow_ups f join patients p on
			p.site_id = f.site_id and p.id = f.patient_id
			where (closes_on < current_date or completed_on is not null or lost_on is not null) and
				(completed_on is not null or died_on is null) group by f.site_id order by 1`).Scan(&shares).Error
	})
	if len(shares) != 7 || shares[0] < 8 || shares[0] > 21 || shares[6] < 62 || shares[6] > 76 {
		t.Errorf("followed up, in a hundred: %.0f", shares)
	}
}

func TestFailureLeavesNothing(t *testing.T) {
	d := dbtest.New(t)
	boom := errors.New("the disk is full")
	_, err := Load(t.Context(), d, Config{People: 20}, func(Keys) error { return boom })
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want the failure of writing the keys", err)
	}
	if empty, err := Empty(t.Context(), d); err != nil || !empty {
		t.Errorf("empty %v, %v", empty, err)
	}
	if i, err := d.Installation(t.Context()); err != nil || i.Demo || i.DemoLoaded {
		t.Errorf("marked as a demo: %+v, %v", i, err)
	}
	var k Keys
	if _, err := Load(t.Context(), d, Config{People: 20}, keep(&k)); err != nil {
		t.Errorf("it does not start again: %v", err)
	}
	if i, err := d.Installation(t.Context()); err != nil || !i.Demo || !i.DemoLoaded {
		t.Errorf("not marked as a demo: %+v, %v", i, err)
	}
	if _, err := Load(t.Context(), d, Config{People: 20}, keep(&k)); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a second demo: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for _, n := range []int{1, 7, 40} {
		if _, _, r := load(t, n, 3); r.Patients != n {
			t.Errorf("asked for %d people, got %d", n, r.Patients)
		}
	}
	if _, err := Load(t.Context(), dbtest.New(t), Config{People: -1}, nil); err == nil {
		t.Error("fewer than no people were made")
	}
}

func TestKeysFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo-keys.json")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (Keys{Administrator: "wp_1"}).Write(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
