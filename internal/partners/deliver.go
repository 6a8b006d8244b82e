package partners

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/telemetry"
)

const (
	mostTime     = time.Minute            // one run of the job begins nothing after that
	glance       = 500 * time.Millisecond // how soon a run sees that another webhook has something to send
	atOnce       = 16                     // webhooks that are served at the same time
	deliveryKept = 30 * 24 * time.Hour    // how long a delivery that has ended is remembered
)

// Deliver sends what is due, until nothing is. Each webhook is served by itself, so that one that answers
// slowly, or not at all, keeps no other waiting.
func (s *Store) Deliver(ctx context.Context, metrics *telemetry.Metrics) error {
	if err := s.forget(ctx); err != nil {
		return err
	}
	until, busy, broken, ended := time.Now().
		Add(mostTime),
		map[uuid.UUID]bool{}, map[uuid.UUID]bool{}, make(
			chan served,
		)
	var failed error
	for {
		waiting, err := s.waiting(ctx)
		failed = errors.Join(failed, err)
		for _, id := range waiting {
			if !busy[id] && !broken[id] && len(busy) < atOnce && time.Now().Before(until) {
				busy[id] = true
				go func() { ended <- served{id, s.serve(ctx, id, until, metrics)} }()
			}
		}
		if len(busy) == 0 {
			return failed
		}
		select {
		case one := <-ended:
			delete(busy, one.webhook)
			broken[one.webhook] = one.err != nil // not again in this run, and no other waits for it
			failed = errors.Join(failed, one.err)
		case <-time.After(glance):
		}
	}
}

type served struct {
	webhook uuid.UUID
	err     error
}

// waiting are the webhooks with something to do, in no order, so that none is always the last.
func (s *Store) waiting(ctx context.Context) (list []uuid.UUID, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Raw(`select w.id from webhooks w, installation i
			where w.enabled and (w.rest_until is null or w.rest_until <= ?)
				and (w.position < i.feed_position or w.replay_position is not null or exists (select from
				webhook_deliveries d where d.webhook_id = w.id and d.state = 'pending' and d.next_try_at <= ?))
				and exists (select from api_keys k where k.partner_id = w.partner_id and `+works+`)
			order by random() limit ?`, tx.Now, tx.Now, tx.Now, 4*atOnce).Scan(&list).Error
	})
	return list, err
}

// works is the condition under which a key does, at an instant.
const works = "key_state(k, ?) = 'works'"

// forget takes away deliveries that ended long ago. Replayed, their events are sent again as any other.
func (s *Store) forget(ctx context.Context) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Exec("delete from webhook_deliveries where id in (select id from webhook_deliveries where state <> "+
			"'pending' and updated_at < ? order by updated_at limit 5000)", tx.Now.Add(-deliveryKept)).Error
	})
}

// serve sends to one webhook, a few messages at once, until nothing is due, nothing gets through, or the time is up.
func (s *Store) serve(ctx context.Context, webhook uuid.UUID, until time.Time, metrics *telemetry.Metrics) error {
	for time.Now().Before(until) && ctx.Err() == nil {
		r, err := s.claim(ctx, webhook)
		if err != nil || r == nil {
			return err
		}
		answers := s.send(ctx, r)
		if ctx.Err() != nil {
			return nil // cut off by a stop: what was claimed is sent again
		}
		for _, a := range answers {
			metrics.Delivery(string(a.Outcome))
		}
		if through, err := s.settle(ctx, r, answers); err != nil || !through {
			return err
		}
	}
	return nil
}

// send posts the messages of a round, all at once.
func (s *Store) send(ctx context.Context, r *round) []outward.Answer {
	answers, done := make([]outward.Answer, len(r.messages)), make(chan bool)
	for i, m := range r.messages {
		go func() {
			answers[i] = s.Target.Post(ctx, r.webhook.URL, m.header, m.body)
			done <- true
		}()
	}
	for range r.messages {
		<-done
	}
	return answers
}
