package partners

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/outward"
)

const (
	batchSize   = 8   // messages sent to a webhook in one round
	fanOutLimit = 500 // deliveries made from the feed in one transaction
	// a delivery claimed for so long was cut off by the death of its process; longer than outward.Patience
	abandonedAfter = 30 * time.Second
	minBackoff     = 5 * time.Second    // after a round that delivered nothing; doubled after each further one
	maxBackoff     = 5 * time.Minute    // at most
	maxRetryAfter  = 24 * time.Hour     // the longest Retry-After that is honoured
	disableAfter   = 5 * 24 * time.Hour // a webhook that received nothing for so long is disabled
)

// retryDelays are the delays after the first failed try, the second and so on. After the tenth try a delivery has failed.
var retryDelays = []time.Duration{
	5 * time.Second,
	5 * time.Minute,
	30 * time.Minute,
	2 * time.Hour,
	5 * time.Hour,
	10 * time.Hour,
	14 * time.Hour,
	20 * time.Hour,
	24 * time.Hour,
}

// jitter spreads the next tries of deliveries that failed together.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// round is a batch of messages to one webhook.
type round struct {
	webhook    Webhook
	deliveries []Delivery
	messages   []message
}

type message struct {
	header map[string]string
	body   []byte
}

// claim makes deliveries of new events in the feed, and claims the next ones that are due; nil: none is due. When the
// process dies before it has recorded their results, they are due again after abandonedAfter.
func (s *Store) claim(ctx context.Context, id uuid.UUID) (r *round, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r = nil
		var found []Webhook
		lock := clause.Locking{Strength: "NO KEY UPDATE", Options: "SKIP LOCKED"}
		err := tx.Where("id = ? and enabled and (rest_until is null or rest_until <= ?)", id, tx.Now).
			Clauses(lock).
			Find(&found).
			Error
		if err != nil || len(found) == 0 {
			return err
		}
		w := found[0]
		var newest []reach
		err = tx.Raw("select role, site_ids, organisation_id from api_keys k where k.partner_id = ? and "+keyWorks+
			" order by k.created_at desc limit 1", w.PartnerID, tx.Now).Scan(&newest).Error
		if err != nil || len(newest) == 0 {
			return err
		}
		partner := newest[0]
		partner.base = s.Base
		if err := w.fanOut(tx, partner); err != nil {
			return err
		}
		if err := w.replay(tx, partner); err != nil {
			return err
		}
		r, err = s.claimDue(tx, w, partner)
		return err
	})
	return r, err
}

// fanOut adds a pending delivery for each event after the webhook's position.
func (w *Webhook) fanOut(tx *db.Tx, partner reach) error {
	var end int64
	if err := tx.Raw("select feed_position from installation").Scan(&end).Error; err != nil || end <= w.Position {
		return err
	}
	page, err := partner.page(tx, Cursor{Position: w.Position}, w.Events, fanOutLimit)
	if err != nil {
		return err
	}
	w.Position = page.Next.Position
	if !page.More {
		w.Position = max(w.Position, end) // the events in between are not this partner's
	}
	if err := tx.Model(w).Where("id = ?", w.ID).Update("position", w.Position).Error; err != nil {
		return err
	}
	return w.enqueueDeliveries(tx, page.Items, false)
}

// replay adds pending deliveries for the next events of a replay once those before were sent, so that a replay never
// delays new events.
func (w *Webhook) replay(tx *db.Tx, partner reach) error {
	if w.ReplayPosition == nil {
		return nil
	}
	var busy bool
	err := tx.Raw("select exists (select from webhook_deliveries where webhook_id = ? and replayed and state = 'pending' "+
		"and next_try_at <= ?)", w.ID, tx.Now).
		Scan(&busy).
		Error
	if err != nil || busy {
		return err
	}
	until := *w.ReplayUntil
	page, err := partner.page(tx, Cursor{Position: *w.ReplayPosition}, w.Events, fanOutLimit)
	if err != nil {
		return err
	}
	if w.ReplayPosition = &page.Next.Position; !page.More || page.Next.Position >= until {
		w.ReplayPosition, w.ReplayUntil = nil, nil
	}
	if err := tx.Model(w).Where("id = ?", w.ID).Select("replay_position", "replay_until").Updates(w).Error; err != nil {
		return err
	}
	later := func(e Event) bool { return e.Position > until } // fanOut adds those
	return w.enqueueDeliveries(tx, slices.DeleteFunc(page.Items, later), true)
}

// enqueueDeliveries adds a pending delivery row for each event. An event that was delivered before is sent again; a
// delivery that is still pending keeps its place ahead of a replay.
func (w *Webhook) enqueueDeliveries(tx *db.Tx, list []Event, replayed bool) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]Delivery, 0, len(list))
	for _, e := range list {
		d := newDelivery(tx, w.ID, e.ID, e.Type)
		d.Replayed = replayed
		rows = append(rows, d)
	}
	again := clause.OnConflict{
		Columns: []clause.Column{{Name: "webhook_id"}, {Name: "event_id"}},
		DoUpdates: clause.Assignments(map[string]any{
			"state":        Pending,
			"tries":        0,
			"next_try_at":  tx.Now,
			"delivered_at": nil,
			"updated_at":   tx.Now,
			"replayed": gorm.Expr(
				"case when webhook_deliveries.state = 'pending' then webhook_deliveries.replayed else " +
					"excluded.replayed end",
			),
		}),
	}
	return tx.Clauses(again).Create(&rows).Error
}

// claimDue claims the deliveries that are due, replayed ones last, and makes their messages.
func (s *Store) claimDue(tx *db.Tx, w Webhook, partner reach) (*round, error) {
	r := &round{webhook: w}
	err := tx.Raw(`update webhook_deliveries set tries = tries + 1, next_try_at = ?, updated_at = ? where id in (
		select id from webhook_deliveries where webhook_id = ? and state = 'pending' and next_try_at <= ? order
			by replayed, next_try_at, id limit ? for update) returning *`,
		tx.Now.Add(abandonedAfter), tx.Now, w.ID, tx.Now, batchSize).Scan(&r.deliveries).Error
	if err != nil || len(r.deliveries) == 0 {
		return nil, err
	}
	ids := db.IDs{}
	for _, d := range r.deliveries {
		ids = append(ids, d.EventID)
	}
	var list []Event
	if err := tx.Raw("select "+feedColumns+" from events where id = any(?::uuid[])", ids).
		Scan(&list).
		Error; err != nil {
		return nil, err
	}
	byID := map[uuid.UUID]Event{}
	for _, e := range list {
		e.Links = partner.links(e)
		byID[e.ID] = e
	}
	secrets, err := s.secrets(w, tx.Now)
	if err != nil {
		return nil, err
	}
	for _, d := range r.deliveries {
		m, err := d.message(byID[d.EventID], partner.base, secrets)
		if err != nil {
			return nil, err
		}
		r.messages = append(r.messages, m)
	}
	return r, nil
}

// Message is what is sent: an event, in the form that the Standard Webhooks specification recommends.
type Message struct {
	// What happened, as in data.
	Type string `json:"type" example:"referral.accepted"`
	// When it happened.
	Timestamp time.Time `json:"timestamp"`
	// The event, as in the feed.
	Data Event `json:"data"`
}

// message is the signed message of a delivery.
func (d Delivery) message(e Event, base string, secrets []string) (m message, err error) {
	if d.EventType == TestType {
		e = Event{
			ID:         d.EventID,
			Type:       TestType,
			Subject:    events.SubjectRef{Type: "webhook", ID: d.WebhookID},
			OccurredAt: d.CreatedAt,
			RecordedAt: d.CreatedAt,
			Links:      Links{Subject: base + "/v1/webhooks/" + d.WebhookID.String()},
		}
	}
	m.body, err = json.Marshal(Message{e.Type, e.OccurredAt, e})
	if err == nil {
		m.header, err = signatureHeaders(secrets, d.EventID, time.Now(), m.body)
	}
	return m, err
}

func newDelivery(tx *db.Tx, webhook, event uuid.UUID, kind string) Delivery {
	return Delivery{
		ID:        tx.NewID(),
		WebhookID: webhook,
		EventID:   event,
		EventType: kind,
		State:     Pending,
		NextTryAt: &tx.Now,
		CreatedAt: tx.Now,
		UpdatedAt: tx.Now,
		Attempts:  db.JSON[Attempts]{V: Attempts{}},
	}
}

// recordResults records the results of a round, and reports whether anything was delivered.
func (s *Store) recordResults(ctx context.Context, r *round, answers []outward.Answer) (delivered bool, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		delivered = false
		w, err := db.First[Webhook](
			tx.Where("id = ?", r.webhook.ID).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}),
			"webhook",
		)
		if fault.Is(err, fault.NotFound) {
			return nil // it has been removed
		}
		if err != nil {
			return err
		}
		gone, wait := false, time.Duration(0)
		for i, d := range r.deliveries {
			d.apply(tx, answers[i])
			delivered, gone = delivered || d.State == Delivered, gone || answers[i].Outcome == outward.Gone
			wait = max(wait, min(answers[i].Wait, maxRetryAfter))
			if err := d.save(tx); err != nil {
				return err
			}
		}
		return w.applyRound(tx, delivered, gone, wait)
	})
	return delivered, err
}

// apply changes the delivery by the receiver's answer.
func (d *Delivery) apply(tx *db.Tx, a outward.Answer) {
	attempt := Attempt{At: tx.Now.Add(-a.Took), Milliseconds: a.Took.Milliseconds(), Outcome: a.Outcome}
	if a.Status != 0 {
		attempt.Status = &a.Status
	}
	d.Attempts.V = append(d.Attempts.V, attempt)
	d.Attempts.V = d.Attempts.V[max(0, len(d.Attempts.V)-attemptsKept):]
	d.UpdatedAt = tx.Now
	switch {
	case a.Outcome == outward.Delivered:
		d.State, d.DeliveredAt = Delivered, &tx.Now
	case d.Tries > len(retryDelays):
		d.State = Failed
	default:
		d.NextTryAt = new(tx.Now.Add(max(jitter(retryDelays[d.Tries-1]), min(a.Wait, maxRetryAfter))))
	}
}

// save writes the delivery, unless a retry was asked for in the meantime.
func (d Delivery) save(tx *db.Tx) error {
	return tx.Model(&d).
		Where("id = ? and state = 'pending' and tries = ?", d.ID, d.Tries).
		Select("state", "next_try_at", "delivered_at", "attempts", "updated_at").
		Updates(&d).
		Error
}

// applyRound changes the webhook by a round's result: it pauses when nothing was delivered, and for as long as its
// receiver asked, and is disabled when the receiver says that it is gone, or has received nothing for days.
func (w *Webhook) applyRound(tx *db.Tx, delivered, gone bool, wait time.Duration) error {
	switch {
	case delivered:
		w.FailingSince, w.Failures, w.RestUntil = nil, 0, nil
	default:
		if w.FailingSince == nil {
			w.FailingSince = &tx.Now
		}
		w.Failures++
		w.RestUntil = new(tx.Now.Add(min(minBackoff<<min(w.Failures-1, 10), maxBackoff)))
	}
	if until := tx.Now.Add(wait); wait > 0 && (w.RestUntil == nil || w.RestUntil.Before(until)) {
		w.RestUntil = &until
	}
	switch {
	case gone && w.Enabled:
		return w.disable(tx, "gone")
	case w.FailingSince != nil && tx.Now.Sub(*w.FailingSince) > disableAfter && w.Enabled:
		return w.disable(tx, "failing")
	}
	return saveBackoff(tx.DB, w)
}

// saveBackoff writes the pause and the failures, which make no new version of the webhook.
func saveBackoff(tx *gorm.DB, w *Webhook) error {
	return tx.Model(w).Where("id = ?", w.ID).Select("failing_since", "failures", "rest_until").Updates(w).Error
}

func (w *Webhook) disable(tx *db.Tx, reason string) error {
	w.Enabled, w.DisabledReason, w.DisabledAt = false, &reason, &tx.Now
	return w.save(tx, events.WebhookDisabled)
}
