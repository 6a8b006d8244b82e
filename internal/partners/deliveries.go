package partners

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/outward"
)

// Delivery is one event on its way to one webhook.
type Delivery struct {
	// The delivery's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The webhook that it goes to.
	WebhookID uuid.UUID `json:"webhook_id" format:"uuid"`
	// What it tells of; the webhook-id that the receiver sees, the same whenever it is sent.
	EventID uuid.UUID `json:"event_id" format:"uuid"`
	// What happened; webhook.test: nothing did.
	EventType string `json:"event_type" example:"referral.accepted"`
	// The state of the delivery. pending: it is tried, or tried again. delivered: the receiver
	// answered 2xx. failed: it was given up after three days.
	State DeliveryState `json:"state" enum:"pending,delivered,failed"`
	// How often it was tried since it was made, or asked for again.
	Tries int `json:"tries" example:"1"`
	// While it is pending: it is not tried before.
	NextTryAt *time.Time `json:"next_try_at"`
	// When the receiver took it.
	DeliveredAt *time.Time        `json:"delivered_at"`
	Replayed    bool              `json:"-"` // sent when nothing else is due
	Attempts    db.JSON[Attempts] `json:"-"`
	// The latest attempts, oldest first, 30 at most.
	Tried Attempts `json:"attempts" gorm:"-"`
	// When it was made.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
}

// Revision is another after each change.
func (d Delivery) Revision() int64 { return d.UpdatedAt.UnixMicro() }

func (Delivery) TableName() string { return "webhook_deliveries" }

// DeliveryState is where a delivery stands.
type DeliveryState string

const (
	Pending   DeliveryState = "pending"
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed"
)

// Attempt is one try. What the receiver said is not kept.
type Attempt struct {
	// When it began.
	At time.Time `json:"at"`
	// The HTTP status of the answer; null: none came.
	Status *int `json:"status" nullable:"true"`
	// How long it took.
	Milliseconds int64 `json:"milliseconds"`
	// How the attempt ended. delivered: the receiver answered 2xx. refused: it answered another
	// status. redirected: it answered with a redirect, which is not followed. gone: it answered 410,
	// which disables the webhook. timed_out: it did not answer within 10 seconds. forbidden: the name
	// leads to an address that is not public. unreachable: there was no connection, or no certificate
	// that can be trusted.
	Outcome outward.Outcome `json:"outcome" enum:"delivered,refused,redirected,gone,timed_out,forbidden,unreachable"`
}

// Attempts is a list of them.
type Attempts []Attempt

const attemptsKept = 30

// TestType is the type of a message that tells of nothing.
const TestType = "webhook.test"

// shown is the delivery as it is answered.
func (d Delivery) shown() Delivery {
	d.Tried = append(Attempts{}, d.Attempts.V...)
	if d.State != Pending {
		d.NextTryAt = nil
	}
	return d
}

// Deliveries lists those of a webhook by id, newest first, before the id given (zero: from the newest on).
func (s *Store) Deliveries(
	ctx context.Context,
	webhook uuid.UUID,
	state DeliveryState,
	page db.Page[uuid.UUID],
) (list []Delivery, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := db.First[Webhook](tx.Where("id = ?", webhook), "webhook"); err != nil {
			return err
		}
		q := tx.Where("webhook_id = ?", webhook)
		if page.After != uuid.Nil {
			q = q.Where("id < ?", page.After)
		}
		if state != "" {
			q = q.Where("state = ?", state)
		}
		if err := q.Order("id desc").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		for i := range list {
			list[i] = list[i].shown()
		}
		return nil
	})
	return list, err
}

// GetDelivery returns one of a webhook.
func (s *Store) GetDelivery(ctx context.Context, webhook, id uuid.UUID) (d Delivery, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := db.First[Webhook](tx.Where("id = ?", webhook), "webhook"); err != nil {
			return err
		}
		d, err = db.First[Delivery](tx.Where("webhook_id = ? and id = ?", webhook, id), "delivery")
		d = d.shown()
		return err
	})
	return d, err
}

// Retry has a delivery sent again, delivered or not, as soon as can be. Fault: conflict (the webhook is not enabled).
func (s *Store) Retry(ctx context.Context, webhook, id uuid.UUID) (d Delivery, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := lockEnabled(tx, webhook); err != nil {
			return err
		}
		if d, err = db.First[Delivery](
			tx.Where("webhook_id = ? and id = ?", webhook, id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}),
			"delivery",
		); err != nil {
			return err
		}
		d.State, d.Tries, d.NextTryAt, d.DeliveredAt, d.Replayed, d.UpdatedAt = Pending, 0, &tx.Now, nil, false, tx.Now
		err = tx.Model(&d).
			Where("id = ?", d.ID).
			Select("state", "tries", "next_try_at", "delivered_at", "replayed", "updated_at").
			Updates(&d).
			Error
		d = d.shown()
		return err
	})
	return d, err
}

// Test sends a message that tells of nothing. Fault: conflict (the webhook is not enabled).
func (s *Store) Test(ctx context.Context, webhook uuid.UUID) (d Delivery, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		w, err := lockEnabled(tx, webhook)
		if err != nil {
			return err
		}
		d = newDelivery(tx, w.ID, tx.NewID(), TestType)
		err = tx.Create(&d).Error
		d = d.shown()
		return err
	})
	return d, err
}

// lockEnabled finds an enabled webhook, locks its row, and ends its pause, so that it is sent to at once.
func lockEnabled(tx *db.Tx, id uuid.UUID) (Webhook, error) {
	w, err := lockWebhook(tx, id)
	if err != nil {
		return w, err
	}
	if !w.Enabled {
		return w, fault.New(fault.Conflict, "The webhook is not enabled: enable it first.")
	}
	return w, tx.Model(&w).Where("id = ?", w.ID).Update("rest_until", nil).Error
}
