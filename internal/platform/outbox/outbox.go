// Package outbox holds what is to be sent to people until it is sent, or somebody hands it on themselves. A
// message names what it is about and nothing of the person: whoever writes it reads the address at the
// moment of sending.
package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
)

// Message is one thing to be sent.
type Message struct {
	// The message's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The site whose record it is about.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// What it is: an invitation to answer a follow-up, to a person; a notice of a referral, to an
	// organisation.
	Kind string `json:"kind" enum:"follow_up_invitation,reply_notice"`
	// What it is about: of an invitation, the follow-up; of a notice, the referral.
	SubjectID uuid.UUID `json:"subject_id" format:"uuid"`
	// 1: the first about its subject; 2 and more remind of it, or chase.
	Ordinal int `json:"ordinal" example:"1"`
	// How it goes. Text messages are not sent from here, and by_hand has no address: they wait for
	// somebody to copy the link.
	Channel Channel `json:"channel" enum:"email,text_message,by_hand"`
	// Where it stands.
	State State `json:"state" enum:"waiting,sending,sent,failed,cancelled"`
	// Why it waits (no_smtp: no mail server is set; held: it became due before mail was turned on,
	// and goes once whoever runs the server lets it go; by_hand: somebody copies the link;
	// address_unconfirmed: an administrator changed the address after the referral was sent, and
	// nobody else has confirmed it; no_privacy_notice: the site has none that the page could lead to;
	// retrying), failed (refused, unreachable) or was cancelled (the rest; overtaken: by the next
	// about its subject; dropped: by whoever runs the server, while it was held).
	Why *Reason `json:"why"`
	// How often it was tried.
	Tries int `json:"tries" example:"1"`
	// It is not tried before.
	NextTryAt time.Time `json:"next_try_at"`
	// When the mail server took it.
	SentAt *time.Time `json:"sent_at"`
	// When it was put here.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`

	DueAt      *time.Time `json:"-"` // when what it is about asked for it; nil: when it was put here
	ReleasedAt *time.Time `json:"-"` // when it was let go after it was held
	TriedAt    *time.Time `json:"-"`
	MailID     *uuid.UUID `json:"-"` // of those that went as one mail, the first
}

func (Message) TableName() string { return "outbox" }

// Reason is why a message waits, failed or was cancelled.
type Reason string

var reasons = []any{
	"no_smtp", "held", "by_hand", "retrying", "no_privacy_notice", "refused", "unreachable", "no_address", "no_consent",
	"not_open", "answered", "given_up", "link_copied", "withdrawn", "expired", "organisation_inactive", "overtaken",
	"address_unconfirmed", "dropped",
}

// Schema lists the reasons in the document.
func (Reason) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: reasons, Nullable: true}
}

// Channel is how a message goes.
type Channel string

const (
	Email       Channel = "email"
	TextMessage Channel = "text_message"
	ByHand      Channel = "by_hand" // nobody knows an address
)

// State of a message.
type State string

const (
	Waiting   State = "waiting"
	Sending   State = "sending" // under way, or cut off by a crash: then it is tried again
	Sent      State = "sent"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Queue puts messages into the outbox. One that is there already, of the same kind, subject and ordinal, is
// left as it is.
func Queue(tx *db.Tx, messages ...Message) error {
	if len(messages) == 0 {
		return nil
	}
	for i := range messages {
		n := &messages[i]
		n.ID, n.State, n.NextTryAt, n.CreatedAt, n.UpdatedAt = tx.NewID(), Waiting, tx.Now, tx.Now, tx.Now
		if n.Channel != Email {
			n.Why = new(Reason("by_hand"))
		}
	}
	return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&messages).Error
}

// NoPrivacyNotice is why a message to a person waits until their site has a privacy notice.
const NoPrivacyNotice = "no_privacy_notice"

// Cancel takes back what waits about a subject.
func Cancel(tx *db.Tx, kind string, site, subject uuid.UUID, why string) error {
	return tx.Model(&Message{}).
		Where("site_id = ? and kind = ? and subject_id = ? and state = ?", site, kind, subject, Waiting).
		Updates(map[string]any{"state": Cancelled, "why": why, "updated_at": tx.Now}).
		Error
}

// CancelEarlier takes back what waits about the message's subject and came before it, so that nobody gets two at once.
func CancelEarlier(tx *db.Tx, n Message) error {
	return tx.Model(&Message{}).
		Where("site_id = ? and kind = ? and subject_id = ? and ordinal < ? and state = ?", n.SiteID, n.Kind,
			n.SubjectID, n.Ordinal, Waiting).
		Updates(map[string]any{"state": Cancelled, "why": "overtaken", "updated_at": tx.Now}).
		Error
}

// Store reads and empties the outbox.
type Store struct {
	DB        *db.DB
	PerMinute int // the most mails of a minute, of all processes together; nought: DefaultPerMinute
	// when this process began with a mail server: what became due before is held; zero: at the first run
	TurnedOn time.Time
	Tried    func(result string) // is told of each mail: sent, refused, unreachable; nil: nobody is

	mu     sync.Mutex
	warned time.Time // when the log last said that the mail server takes nothing; zero: it takes mail
}

// DefaultPerMinute is the most mails that leave in a minute where nothing else is set.
const DefaultPerMinute = 60

// Filter narrows a list of messages; empty fields ask nothing.
type Filter struct {
	Kinds     []string // any of these
	States    []State  // any of these
	SubjectID *uuid.UUID
}

// List returns the messages of the actor's sites by id, after the id given.
func (s *Store) List(ctx context.Context, by Filter, page db.Page[uuid.UUID]) (list []Message, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.InSites().Where("id > ?", page.After)
		q = q.Scopes(db.OneOf("kind", by.Kinds), db.OneOf("state", by.States))
		if by.SubjectID != nil {
			q = q.Where("subject_id = ?", *by.SubjectID)
		}
		return q.Order("id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}
