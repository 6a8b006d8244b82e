package people

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// Row-level security keeps from an index whatever is not leakproof. A search by name must not read a whole site.
func TestNamesAreFoundThroughAnIndex(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	name, born, start := "Walker", day.New(1950, 4, 1), "wal"
	site := uuid.New()
	if err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		if err := tx.Exec(
			"insert into sites (id, name, code, created_at, updated_at) values (?, 'A', 'a', ?, ?)",
			site,
			tx.Now,
			tx.Now,
		).Error; err != nil {
			return err
		}
		return tx.Exec(`insert into patients (site_id, id, given_name, family_name, birth_date, gender,
			ethnic_category, recorded_via, created_at, updated_at)
			select ?, gen_random_uuid(), 'Given' || n, 'Family' || n, '1950-01-01', 'female', 'Z', 'api', ?, ?
				from generate_series(1, 2000) n`, site, tx.Now, tx.Now).Error
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.Do(
		actor.With(t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Exec("select refresh_statistics()").Error },
	); err != nil {
		t.Fatal(err)
	}
	for index, by := range map[string]Search{"patients_family": {FamilyName: &name, BirthDate: &born}, "patients_given": {Q: &start}} {
		err := d.Do(
			actor.With(t.Context(), actor.Actor{Role: actor.LinkWorker, Sites: []uuid.UUID{site}}),
			func(tx *db.Tx) error {
				q, err := (&Store{}).where(tx, by)
				if err != nil {
					return err
				}
				var plan []string
				err = tx.Raw("explain (?)", q.Table("patients")).Scan(&plan).Error
				if text := strings.Join(plan, "\n"); !strings.Contains(text, index) || !strings.Contains(text, "_key") {
					t.Errorf("not found through %s:\n%s", index, text)
				}
				return err
			},
		)
		if err != nil {
			t.Fatal(err)
		}
	}
}
