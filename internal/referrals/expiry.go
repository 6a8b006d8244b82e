package referrals

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

// mostExpired is how many referrals expire in one transaction.
const mostExpired = 100

// nobodyDied leaves out referrals of people who died: they are withdrawn, and silence about them says
// nothing of the organisation.
const nobodyDied = "not exists (select from patients p where p.site_id = referrals.site_id and p.id = referrals.patient_id " +
	"and p.died_on is not null)"

// Expire lets the referrals expire that nobody answered within their site's days. That is no "no": a late
// answer still counts. It is a job's work; several may do it at once, and each referral expires once.
func (s *Store) Expire(ctx context.Context) error {
	return s.forEachSite(ctx, func(ctx context.Context, p siteDeadlines) error {
		for {
			n := 0
			err := s.DB.Do(ctx, func(tx *db.Tx) (err error) {
				n, err = p.expire(tx)
				return err
			})
			if err != nil || n < mostExpired {
				return err
			}
		}
	})
}

func (p siteDeadlines) expire(tx *db.Tx) (int, error) {
	var silent []Referral
	err := tx.Where("site_id = ? and status = 'sent' and sent_at <= ?", p.ID, p.sentBefore(tx.Now)).
		Where(nobodyDied).
		Order("sent_at, id").
		Limit(mostExpired).
		Clauses(clause.Locking{Strength: "NO KEY UPDATE", Options: "SKIP LOCKED"}).
		Find(&silent).
		Error
	if err != nil {
		return 0, err
	}
	for _, r := range silent {
		h := &History{Referral: r, via: viaJob, log: &events.Log{}}
		at := r.SentAt.AddDate(0, 0, p.ExpiryDays)
		if err := h.Move(tx, NewMove{To: Expired, OccurredAt: new(later(at, r.UpdatedAt))}); err != nil {
			return 0, err
		}
		if err := h.write(tx, &r); err != nil {
			return 0, err
		}
	}
	return len(silent), nil
}

// later is the later instant: a referral whose answer was undone after its last day expires then.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
