package worklists

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// Left is what is left with a link worker.
type Left struct {
	Episodes  int // that are open
	Referrals int // that are open, also of a closed episode
	FollowUps int // whose window is open
}

// LeftWith counts what is left with a link worker, whoever asks: numbers alone are told.
func (s *Store) LeftWith(ctx context.Context, site, worker uuid.UUID) (n Left, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.As(actor.Actor{Role: actor.System, Job: "left-with", Sites: []uuid.UUID{site}}, func() error {
			sql := func(list string) string {
				asked, _ := List{sql: list}.asked(tx, &worker, tx.Now)
				return "(select count(*) from (" + asked + ") l)"
			}
			_, args := List{}.asked(tx, &worker, tx.Now)
			asked := "select " + sql(caseloadSQL) + " as episodes, " + sql(openReferralsSQL) + " as referrals, " + sql(followUpsDueSQL) + " as follow_ups"
			return tx.Raw(asked, args).Scan(&n).Error
		})
	})
	return n, err
}

const openReferralsSQL = `select r.id from referrals r where r.site_id = any(cast(@sites as uuid[])) and r.kind = 'referral'
	and r.status in ('sent', 'expired', 'accepted', 'waitlisted', 'in_progress') and r.episode_id @theirs`
