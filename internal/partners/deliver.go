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
	maxRun      = time.Minute            // a run of the job begins no round after that
	pollEvery   = 500 * time.Millisecond // how often a run looks for webhooks that are due
	concurrency = 16                     // webhooks that are sent to at the same time
	retention   = 30 * 24 * time.Hour    // how long a delivery is kept after its end
)

// Deliver sends the deliveries that are due, until there are none. Each webhook has a goroutine of its own, so that a
// slow receiver delays no other.
func (s *Store) Deliver(ctx context.Context, metrics *telemetry.Metrics) error {
	if err := s.deleteOld(ctx); err != nil {
		return err
	}
	until, busy, broken, ended := time.Now().
		Add(maxRun),
		map[uuid.UUID]bool{}, map[uuid.UUID]bool{}, make(
			chan finished,
		)
	var failed error
	for {
		waiting, err := s.webhooksDue(ctx)
		failed = errors.Join(failed, err)
		for _, id := range waiting {
			if !busy[id] && !broken[id] && len(busy) < concurrency && time.Now().Before(until) {
				busy[id] = true
				go func() { ended <- finished{id, s.deliverTo(ctx, id, until, metrics)} }()
			}
		}
		if len(busy) == 0 {
			return failed
		}
		select {
		case one := <-ended:
			delete(busy, one.webhook)
			broken[one.webhook] = one.err != nil // it is not tried again in this run
			failed = errors.Join(failed, one.err)
		case <-time.After(pollEvery):
		}
	}
}

type finished struct {
	webhook uuid.UUID
	err     error
}

// webhooksDue returns the webhooks that have something to send, in random order, so that none is always the last.
func (s *Store) webhooksDue(ctx context.Context) (list []uuid.UUID, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Raw(`select w.id from webhooks w, installation i
			where w.enabled and (w.rest_until is null or w.rest_until <= ?)
				and (w.position < i.feed_position or w.replay_position is not null or exists (select from
				webhook_deliveries d where d.webhook_id = w.id and d.state = 'pending' and d.next_try_at <= ?))
				and exists (select from api_keys k where k.partner_id = w.partner_id and `+keyWorks+`)
			order by random() limit ?`, tx.Now, tx.Now, tx.Now, 4*concurrency).Scan(&list).Error
	})
	return list, err
}

// keyWorks is the SQL condition that a key works at an instant.
const keyWorks = "key_state(k, ?) = 'works'"

// deleteOld deletes deliveries that ended long ago. A replay can still send their events again.
func (s *Store) deleteOld(ctx context.Context) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Exec("delete from webhook_deliveries where id in (select id from webhook_deliveries where state <> "+
			"'pending' and updated_at < ? order by updated_at limit 5000)", tx.Now.Add(-retention)).Error
	})
}

// deliverTo sends to one webhook in rounds, until nothing is due, a round delivers nothing, or the time is up.
func (s *Store) deliverTo(ctx context.Context, webhook uuid.UUID, until time.Time, metrics *telemetry.Metrics) error {
	for time.Now().Before(until) && ctx.Err() == nil {
		r, err := s.claim(ctx, webhook)
		if err != nil || r == nil {
			return err
		}
		answers := s.send(ctx, r)
		if ctx.Err() != nil {
			return nil // the process is stopping: what was claimed is sent again
		}
		for _, a := range answers {
			metrics.Delivery(string(a.Outcome))
		}
		if delivered, err := s.recordResults(ctx, r, answers); err != nil || !delivered {
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
