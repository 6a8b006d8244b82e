package outcomes

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
)

// PairDifference is a pair that is kept and would not be derived anew, or the other way round. It names no value that
// anybody gave.
type PairDifference struct {
	Kept                    bool // it is kept; else it is derived
	SiteID, EpisodeID       uuid.UUID
	Code, Instrument, Score string
	BaselineID              uuid.UUID
}

func (p PairDifference) String() string {
	what := "is missing"
	if p.Kept {
		what = "is kept and should not be"
	}
	return fmt.Sprintf("site %s, episode %s, %s of %s at %s, baseline %s: %s",
		p.SiteID, p.EpisodeID, p.Score, p.Instrument, p.Code, p.BaselineID, what)
}

// CheckPairs derives the pairs of every site anew, and compares them with those that are kept: how many these are, and
// each difference. All of it is of one instant. One that is kept with another value or response comes twice.
func (s *Store) CheckPairs(ctx context.Context, each func(PairDifference)) (kept int, err error) {
	err = s.DB.Do(db.Snapshot(ctx), func(tx *db.Tx) error {
		err := tx.Exec("set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0").Error
		if err != nil {
			return err
		}
		var sites db.IDs
		if err := tx.Raw("select id from sites order by id").Scan(&sites).Error; err != nil {
			return err
		}
		for _, site := range sites { // of one after the other, which holds less at once
			var n int
			var list []PairDifference
			if err := tx.Raw("select count(*) from pairs where site_id = ?", site).Scan(&n).Error; err != nil {
				return err
			}
			err := tx.Raw(`with kept as materialized (select * from pairs where site_id = @site),
					derived as materialized (select * from derived_pairs where site_id = @site)
				select * from (
					select true as kept, k.* from (table kept except table derived) k
					union all
					select false, d.* from (table derived except table kept) d
				) differ order by episode_id, code, instrument, score, baseline_id, kept`,
				map[string]any{"site": site}).Scan(&list).Error
			if err != nil {
				return err
			}
			for _, p := range list {
				each(p)
			}
			kept += n
		}
		return nil
	})
	return kept, err
}
