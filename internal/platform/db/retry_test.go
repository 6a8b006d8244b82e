package db_test

import (
	"testing"

	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/fault"
)

// A serialization failure is tried five times in all, however deep in joined transactions it comes up, and
// is told as busy then.
func TestASerializationFailureIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for failures, code := range []string{"40001", "40P01", "40001", "40P01", "40001", "40P01"} {
		tries := 0
		err := d.Do(t.Context(), func(tx *db.Tx) error {
			return d.Do(tx.Context(), func(tx *db.Tx) error {
				return d.Do(tx.Context(), func(tx *db.Tx) error {
					if tries++; tries <= failures {
						return tx.Exec(
							"do $$ begin raise exception 'somebody was quicker' using errcode = '" + code + "'; end $$",
						).Error
					}
					return nil
				})
			})
		})
		if want := min(
			failures+1,
			5,
		); tries != want || (err == nil) != (failures < 5) ||
			err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%d failures: %d tries, %v", failures, tries, err)
		}
	}
}
