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
			of, args := whose(tx, &worker, tx.Now)
			return tx.Query(files.Render("left_with.sql.tmpl", of), args).Scan(&n).Error
		})
	})
	return n, err
}
