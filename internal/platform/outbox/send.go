package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/mail"
)

// Writer writes the messages of one kind, within the transaction that it is handed.
type Writer struct {
	// Write makes the letter at the moment of sending. why says that it must not be sent any more, or not yet (NoPrivacyNotice).
	Write func(tx *db.Tx, n Message) (letter mail.Letter, why string, err error)
	// Sent records that the mail server took it, and Refused that it never will.
	Sent, Refused func(tx *db.Tx, n Message) error
}

// Writers are those of every kind.
type Writers map[string]Writer

const (
	lost     = 10 * time.Minute // a message that has been sending for so long was cut off
	mostTime = 4 * time.Minute  // one run of the job sends no longer than this
	notYet   = 10 * time.Minute // until a message is looked at again that may not go yet
	mostTry  = 8                // tries of one message, over some four days
)

// pause is how long a message waits after a failed try: 5 minutes, 20, 80, and then a day at most.
func pause(tries int) time.Duration {
	p := 5 * time.Minute
	for range tries - 1 {
		p = min(4*p, 24*time.Hour)
	}
	return p
}

// Send sends what is due. Without a sender it lets it wait, and says so.
//
// A message is claimed and its letter written in one transaction, and marked as sent in another, once the mail server took
// it. Whatever dies in between leaves it claimed; it is tried again then. So nothing is lost, and at worst a mail comes twice.
func (s *Store) Send(ctx context.Context, sender *mail.Sender, writers Writers) error {
	if sender == nil {
		return s.DB.Do(ctx, func(tx *db.Tx) error {
			return tx.Model(&Message{}).Where("state = ? and channel = ? and why is distinct from 'no_smtp'", Waiting, Email).
				Updates(map[string]any{"why": "no_smtp", "updated_at": tx.Now}).Error
		})
	}
	ctx, stop := context.WithTimeout(ctx, mostTime)
	defer stop()
	due, err := s.due(ctx)
	for _, n := range due {
		if ctx.Err() != nil {
			break // what is left is due the next time
		}
		err = errors.Join(err, s.send(ctx, sender, writers, n)) // one that fails keeps nobody else waiting
	}
	return err
}

func (s *Store) due(ctx context.Context) (list []Message, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Where("state in (?, ?) and channel = ? and next_try_at <= ?", Waiting, Sending, Email, tx.Now).Order("next_try_at, id").Limit(500).Find(&list).Error
	})
	return list, err
}

func (s *Store) send(ctx context.Context, sender *mail.Sender, writers Writers, n Message) error {
	job := actor.From(ctx)
	job.Sites = []uuid.UUID{n.SiteID}
	ctx = actor.With(ctx, job)
	letter, claimed, err := s.claim(ctx, writers, &n)
	if err != nil || !claimed {
		return err
	}
	outcome := sender.Send(ctx, letter)
	return s.settle(context.WithoutCancel(ctx), writers, n.ID, outcome)
}

// held finds a message again and holds it; another process may have it, or be done with it. Whoever claims passes over one that
// another holds (SKIP LOCKED); whoever has sent it waits, for what is not written down is sent again.
func held(tx *db.Tx, id uuid.UUID, locked string) (found []Message, err error) {
	err = tx.Where("id = ? and state in (?, ?)", id, Waiting, Sending).Clauses(clause.Locking{Strength: "UPDATE", Options: locked}).Find(&found).Error
	return found, err
}

func (n *Message) save(tx *db.Tx) error {
	n.UpdatedAt = tx.Now
	return db.Save(tx, n.SiteID, n.ID, n)
}

// claim writes the letter and marks the message as being sent, if it is still there to be sent.
func (s *Store) claim(ctx context.Context, writers Writers, n *Message) (letter mail.Letter, claimed bool, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		found, err := held(tx, n.ID, "SKIP LOCKED")
		if err != nil || len(found) == 0 || found[0].NextTryAt.After(tx.Now) {
			return err
		}
		*n = found[0]
		w, known := writers[n.Kind]
		if !known {
			return fault.New(fault.Internal, "The outbox holds a kind of message that nobody writes.")
		}
		var why string
		if letter, why, err = w.Write(tx, *n); err != nil {
			return err
		}
		if why == NoPrivacyNotice {
			n.State, n.Why, n.NextTryAt = Waiting, &why, tx.Now.Add(notYet)
			return n.save(tx)
		}
		if why != "" {
			n.State, n.Why = Cancelled, &why
			return n.save(tx)
		}
		letter.ID = n.ID.String()
		claimed = true
		n.State, n.Why, n.Tries, n.NextTryAt = Sending, nil, n.Tries+1, tx.Now.Add(lost)
		return n.save(tx)
	})
	return letter, claimed, err
}

// settle records how sending went.
func (s *Store) settle(ctx context.Context, writers Writers, id uuid.UUID, outcome mail.Outcome) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		found, err := held(tx, id, "")
		if err != nil || len(found) == 0 {
			return err
		}
		n, why := found[0], string(outcome)
		switch {
		case outcome == "":
			n.State, n.SentAt, n.Why = Sent, &tx.Now, nil
			err = writers[n.Kind].Sent(tx, n)
		case outcome == mail.Refused:
			n.State, n.Why = Failed, &why
			err = writers[n.Kind].Refused(tx, n)
		case n.Tries >= mostTry:
			n.State, n.Why = Failed, &why
		default:
			n.State, n.Why, n.NextTryAt = Waiting, new("retrying"), tx.Now.Add(pause(n.Tries))
		}
		if err != nil {
			return err
		}
		return n.save(tx)
	})
}
