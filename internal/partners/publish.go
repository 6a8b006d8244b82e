package partners

import (
	"context"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// publishAtOnce is how many events get their position in one transaction.
const publishAtOnce = 2000

// publishNext gives the oldest waiting events their positions. It sees what is committed and nothing else,
// so one that is committed late gets a later position, and none is passed over. Whether an organisation is
// told is settled here, once: of moves and attendances of what was sent to it, and not of what the person
// says of it.
const publishNext = `with next as (
	select id, (select feed_position from installation) + row_number() over (order by arrived) as position
	from (select id, arrived from events where position is null order by arrived limit ?) waiting)
update events e set position = next.position, told_organisation_id = (
	select r.organisation_id from referrals r
	where r.site_id = e.site_id and r.id = e.referral_id and r.kind = 'referral' and r.sent_at is not null
		and (e.type like 'attendance.%' or e.type like 'referral.%' and e.type not in ('referral.drafted',
			'referral.patient_reported')))
from next where e.id = next.id`

// Publish gives every committed event its position in the feed. Of several who publish at once, one does; the others
// leave it to them.
func (s *Store) Publish(ctx context.Context) error {
	for {
		if n, err := s.publishSome(ctx); err != nil || n < publishAtOnce {
			return err
		}
	}
}

func (s *Store) publishSome(ctx context.Context) (n int64, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		// the lock lasts until the positions are committed, and the next statement sees what was committed before it
		var alone bool
		if err := tx.Raw("select pg_try_advisory_xact_lock(hashtextextended('waypost feed', 0))").
			Scan(&alone).
			Error; err != nil ||
			!alone {
			return err
		}
		done := tx.Exec(publishNext, publishAtOnce)
		if n = done.RowsAffected; done.Error != nil || n == 0 {
			return done.Error
		}
		return tx.Exec("update installation set feed_position = feed_position + ?", n).Error
	})
	return n, err
}

// publishNow is for who reads: it publishes what waits, in a transaction of its own that is on disk before
// anybody is told of a position.
func (s *Store) publishNow(tx *db.Tx) error {
	ctx := actor.With(db.Background(db.Apart(tx.Context())), actor.Named("feed"))
	_, err := s.publishSome(ctx)
	return err
}
