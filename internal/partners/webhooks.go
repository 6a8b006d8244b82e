package partners

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/patch"
)

// Webhook is where a partner is told of events as they happen.
type Webhook struct {
	// The webhook's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Whose it is: it is told what that partner's newest key may see, and nothing while none of its
	// keys works.
	PartnerID uuid.UUID `json:"partner_id" format:"uuid"`
	WebhookDetails
	// Why it is not enabled: by_hand; gone (it answered 410); failing (nothing got through for 5
	// days). Enabled again, it goes on where it stopped.
	DisabledReason *string `json:"disabled_reason" enum:"by_hand,gone,failing"`
	// Since when.
	DisabledAt *time.Time `json:"disabled_at"`
	// Nothing has got through since; null: the last attempt did.
	FailingSince *time.Time `json:"failing_since"`
	// Rises with each change.
	Version int `json:"version" example:"1"`
	// When it was made.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// What its deliveries are signed with, in the answer that made it and never again.
	Secret string `json:"secret,omitempty" gorm:"-" example:"whsec_…"`

	Sealed         bool       `json:"-"`
	Kept           []byte     `json:"-" gorm:"column:secret"` // the secret as it is stored
	Old            []byte     `json:"-" gorm:"column:old_secret"`
	OldSecretUntil *time.Time `json:"-"`
	Position       int64      `json:"-"` // in the feed: deliveries have been made up to here
	ReplayPosition *int64     `json:"-"` // a replay has made deliveries up to here; nil: nothing is replayed
	ReplayUntil    *int64     `json:"-"` // and to here
	Failures       int        `json:"-"` // rounds in a row in which nothing got through
	RestUntil      *time.Time `json:"-"`
}

// Revision is another after each change.
func (w Webhook) Revision() int64 { return int64(w.Version) }

// WithoutSecret is the answer as it may be kept.
func (w Webhook) WithoutSecret() any {
	w.Secret = ""
	return w
}

// WebhookDetails is what may be changed of a webhook.
type WebhookDetails struct {
	// Where events are sent by POST: https, at an address of the internet.
	URL string `json:"url" minLength:"1" maxLength:"2000" example:"https://partner.example/waypost"`
	// What it is for, in words.
	Description *string `json:"description" required:"false" nullable:"true" maxLength:"200"`
	// The types of events it is told of: one such as referral.sent, a family such as referral.*, or *
	// for all.
	Events db.Texts `json:"events" minItems:"1" maxItems:"50" example:"[\"referral.*\"]"`
	// Whether anything is sent. What happens meanwhile is sent once it is enabled again.
	Enabled bool `json:"enabled" required:"false" default:"true"`
}

// WebhookChanges is a merge patch.
type WebhookChanges = patch.Merge[WebhookDetails]

const (
	mostWebhooks = 100            // of one partner
	bothSign     = 24 * time.Hour // how long the old secret signs beside a new one
)

// AddWebhook makes a webhook, which is told of what happens from now on. The answer alone holds its secret. Faults:
// invalid (the URL or a type), conflict (too many).
func (s *Store) AddWebhook(ctx context.Context, n WebhookDetails) (w Webhook, err error) {
	if err := s.checkWebhook(ctx, n); err != nil {
		return w, err
	}
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		w = Webhook{ID: tx.NewID(), WebhookDetails: n, Version: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
		var existing int
		err := tx.Raw("select caller_partner(), (select count(*) from webhooks where partner_id = caller_partner()), "+
			"(select feed_position from installation)").Row().Scan(&w.PartnerID, &existing, &w.Position)
		if err != nil {
			return err
		}
		if existing >= mostWebhooks {
			return fault.New(fault.Conflict, "There are 100 webhooks already, as many as one partner may have.")
		}
		w.noteDisabledByHand(tx, false)
		if err := s.newSecret(&w); err != nil {
			return err
		}
		if err := tx.Create(&w).Error; err != nil {
			return err
		}
		return events.Record(tx, events.WebhookAdded, w.subject(), nil)
	})
	return w, err
}

func (s *Store) checkWebhook(ctx context.Context, d WebhookDetails) error {
	if err := checkTypes(d.Events, "body.events"); err != nil {
		return err
	}
	if wrong := s.Target.Check(ctx, d.URL); wrong != "" {
		return fault.InvalidAt("url", fault.WrongFormat, wrong)
	}
	return nil
}

// noteDisabledByHand notes when a partner disabled the webhook, and clears the note when they enable it.
func (w *Webhook) noteDisabledByHand(tx *db.Tx, was bool) {
	switch {
	case w.Enabled && !was:
		w.DisabledReason, w.DisabledAt, w.FailingSince, w.Failures, w.RestUntil = nil, nil, nil, 0, nil
	case !w.Enabled && (was || w.DisabledReason == nil):
		w.DisabledReason, w.DisabledAt = new("by_hand"), &tx.Now
	}
}

func (w Webhook) subject() events.Subject { return events.Subject{ID: w.ID} }

// Webhooks lists the caller's, and to an administrator everybody's, by id, after the id given.
func (s *Store) Webhooks(ctx context.Context, page db.Page[uuid.UUID]) (list []Webhook, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Where("id > ?", page.After).Order("id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// GetWebhook returns one, without its secret.
func (s *Store) GetWebhook(ctx context.Context, id uuid.UUID) (w Webhook, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		w, err = db.First[Webhook](tx.Where("id = ?", id), "webhook")
		return err
	})
	return w, err
}

// lockWebhook finds a webhook and locks its row until the transaction ends.
func lockWebhook(tx *db.Tx, id uuid.UUID) (Webhook, error) {
	return db.First[Webhook](tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), "webhook")
}

func (w *Webhook) save(tx *db.Tx, kind events.Kind) error {
	w.Version, w.UpdatedAt = w.Version+1, tx.Now
	if err := tx.Model(w).Where("id = ?", w.ID).Select("*").Updates(w).Error; err != nil {
		return err
	}
	return events.Record(tx, kind, w.subject(), nil)
}

// ChangeWebhook applies a merge patch to the version the caller read.
func (s *Store) ChangeWebhook(ctx context.Context, id uuid.UUID, version int, c WebhookChanges) (w Webhook, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if w, err = lockWebhook(tx, id); err != nil {
			return err
		}
		if err := db.Match(version, w.Version); err != nil {
			return err
		}
		before := w.WebhookDetails
		if w.WebhookDetails, err = c.Apply(before); err != nil {
			return err
		}
		if w.URL != before.URL || !slices.Equal(w.Events, before.Events) {
			if err := s.checkWebhook(ctx, w.WebhookDetails); err != nil {
				return err
			}
		}
		w.noteDisabledByHand(tx, before.Enabled)
		return w.save(tx, events.WebhookChanged)
	})
	return w, err
}

// RemoveWebhook takes one away, with the deliveries that it had.
func (s *Store) RemoveWebhook(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		w, err := lockWebhook(tx, id)
		if err != nil {
			return err
		}
		if err := tx.Where("id = ?", w.ID).Delete(&Webhook{}).Error; err != nil {
			return err
		}
		return events.Record(tx, events.WebhookRemoved, w.subject(), nil)
	})
}

// ReplaceSecret makes a new secret, which the answer alone holds. For a day the old one signs too.
func (s *Store) ReplaceSecret(ctx context.Context, id uuid.UUID) (w Webhook, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if w, err = lockWebhook(tx, id); err != nil {
			return err
		}
		old, err := s.decrypt(w, w.Kept)
		if err != nil {
			return err
		}
		if err := s.newSecret(&w); err != nil {
			return err
		}
		if w.Old, err = s.encrypt(w, old); err != nil {
			return err
		}
		w.OldSecretUntil = new(tx.Now.Add(bothSign))
		return w.save(tx, events.WebhookSecretReplaced)
	})
	return w, err
}

// Replay has what came after the cursor sent again, under the ids it had, whenever nothing new is due. One
// that is under way goes on, from the earlier of the two. Faults: those of a cursor.
func (s *Store) Replay(ctx context.Context, id uuid.UUID, cursor string) (w Webhook, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if w, err = lockWebhook(tx, id); err != nil {
			return err
		}
		from, _, err := place(tx, cursor, "body.cursor")
		if err != nil {
			return err
		}
		if w.RestUntil = nil; from.Position < w.Position {
			begin := from.Position
			if w.ReplayPosition != nil {
				begin = min(begin, *w.ReplayPosition)
			}
			w.ReplayPosition, w.ReplayUntil = &begin, new(w.Position)
		}
		return w.save(tx, events.WebhookReplayed)
	})
	return w, err
}
