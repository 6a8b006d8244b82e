package api_test

import (
	"context"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// pairsAreKept asks that the pairs that are kept are those that are derived anew, and what their journal adds up to. It is
// asked after every test of a world of its own, whatever was recorded, corrected, moved or taken back in it.
func (w *world) pairsAreKept() {
	w.t.Helper()
	if w.t.Failed() {
		return
	}
	ctx := context.WithoutCancel(w.t.Context()) // it is asked when the test is over, too
	err := w.db.Do(actor.With(ctx, actor.Named("test")), func(tx *db.Tx) error {
		var wrong []string
		err := tx.Raw(`
			with journal as (
				select site_id, episode_id, code, instrument, version, score, baseline_on, before, after, baseline_id, response_id,
					came_at, sum(case when came then 1 else -1 end) as n
				from pair_changes group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
			select 'is not kept: ' || d.episode_id from (table derived_pairs except table pairs) d
			union all
			select 'should not be kept: ' || k.episode_id from (table pairs except table derived_pairs) k
			union all
			select 'came or went otherwise: ' || j.episode_id from (
				select * from journal where n <> 0 except select *, 1 from pairs) j
			union all
			select 'did not come: ' || k.episode_id from (
				select *, 1 from pairs except select * from journal) k`).Scan(&wrong).Error
		if len(wrong) > 0 {
			w.t.Errorf("pairs: %v", wrong)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
}
