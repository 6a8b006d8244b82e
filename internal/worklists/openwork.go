package worklists

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// OpenWork counts what a link worker is responsible for.
type OpenWork struct {
	Episodes  int // that are open
	Referrals int // that are open, also of a closed episode
	FollowUps int // whose window is open
}

// CountOpenWork counts the open work of a link worker. Any caller may know it, since it holds only numbers.
func (s *Store) CountOpenWork(ctx context.Context, site, worker uuid.UUID) (n OpenWork, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.As(actor.Actor{Role: actor.System, Job: "open-work", Sites: []uuid.UUID{site}}, func() error {
			of, args := scope{Worker: true}, argsOf(tx, &worker, tx.Now) // not what they stand in for
			return tx.Query(files.Render("open_work.sql.tmpl", of), args).Scan(&n).Error
		})
	})
	return n, err
}
