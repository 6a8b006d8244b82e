package outbox

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/mail"
)

// Writer writes the messages of one kind, within the transaction that it is handed.
type Writer struct {
	// Write makes the letter at the moment of sending. why says that it must not be sent any more, or not
	// yet (NoPrivacyNotice).
	Write func(tx *db.Tx, n Message) (letter mail.Letter, why string, err error)
	// Sent records that the mail server took it, and Refused that it never will.
	Sent, Refused func(tx *db.Tx, n Message) error
	// Together finds what is due with a message and goes to the same people; nil: each message is a mail of its own.
	Together func(tx *db.Tx, n Message) (others []uuid.UUID, err error)
	// Digest makes the one letter of several messages. whys are as in Write, one for each; where all say
	// why, there is no letter.
	Digest func(tx *db.Tx, all []Message) (letter mail.Letter, whys []string, err error)
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
// What became due before mail was turned on is held (see hold); of the rest, a minute takes PerMinute mails.
//
// A message is claimed and its letter written in one transaction, and marked as sent in another, once the
// mail server took it. Whatever dies in between leaves it claimed; it is tried again then. So nothing is
// lost, and at worst a mail comes twice.
func (s *Store) Send(ctx context.Context, sender *mail.Sender, writers Writers) error {
	if sender == nil {
		return s.off(ctx)
	}
	if err := s.hold(ctx, writers); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, mostTime)
	defer stop()
	due, room, err := s.due(ctx)
	gone := tally{}
	for _, n := range due {
		if ctx.Err() != nil || room == 0 || gone.dead() {
			break // what is left is due the next time
		}
		outcome, tried, failed := s.send(ctx, sender, writers, n, due)
		if err = errors.Join(err, failed); tried { // one that fails keeps nobody else waiting
			room--
			gone.count(outcome)
			s.tell(outcome)
		}
	}
	s.warn(ctx, gone)
	return err
}

// due is what may be sent now, and how many mails a minute has room for still.
func (s *Store) due(ctx context.Context) (list []Message, room int, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		err := tx.Raw("select greatest(0, ? - count(distinct coalesce(mail_id, id))) from outbox where tried_at > ?",
			cmp.Or(s.PerMinute, DefaultPerMinute), tx.Now.Add(-time.Minute)).
			Scan(&room).
			Error
		if err != nil {
			return err
		}
		return sendable(tx).Order("next_try_at, id").Limit(500).Find(&list).Error
	})
	return list, room, err
}

// isOpen is spelled out, and no parameter: the indexes of what is open are found by it.
const isOpen = "state in ('waiting', 'sending')"

// sendable is what waits for nothing but its turn.
func sendable(tx *db.Tx) *gorm.DB {
	return tx.Where(isOpen+" and channel = 'email' and next_try_at <= ? and why is distinct from 'held'", tx.Now)
}

// send sends a message, with those that go in the same mail. It reaches the sites of all that are due.
func (s *Store) send(
	ctx context.Context,
	sender *mail.Sender,
	writers Writers,
	n Message,
	due []Message,
) (outcome mail.Outcome, tried bool, err error) {
	job := actor.From(ctx)
	job.Sites = nil
	for _, d := range due {
		if d.Kind == n.Kind && !slices.Contains(job.Sites, d.SiteID) {
			job.Sites = append(job.Sites, d.SiteID)
		}
	}
	ctx = actor.With(ctx, job)
	letter, claimed, err := s.claim(ctx, writers, n.ID)
	if err != nil || len(claimed) == 0 {
		return "", false, err
	}
	outcome = sender.Send(ctx, letter)
	return outcome, true, s.recordResult(context.WithoutCancel(ctx), writers, claimed, outcome)
}

// lockMessages finds messages again and locks them; another process may have them, or be done with them. Whoever
// claims passes over those that another has (SKIP LOCKED); whoever has sent them waits, for what is not
// written down is sent again.
func lockMessages(q *gorm.DB, ids []uuid.UUID, locked string) (list []Message, err error) {
	err = q.Where("id in ? and "+isOpen, ids).
		Clauses(clause.Locking{Strength: "UPDATE", Options: locked}).
		Order("next_try_at, id").
		Find(&list).
		Error
	return list, err
}

func (n *Message) save(tx *db.Tx) error {
	n.UpdatedAt = tx.Now
	return db.Save(tx, n.SiteID, n.ID, n)
}

// claim writes the letter of a message, and of those that go with it, and marks them as being sent, if they
// are still there to be.
func (s *Store) claim(
	ctx context.Context,
	writers Writers,
	id uuid.UUID,
) (letter mail.Letter, claimed []Message, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		claimed = nil
		all, err := lockMessages(sendable(tx), []uuid.UUID{id}, "SKIP LOCKED")
		if err != nil || len(all) == 0 {
			return err
		}
		w, known := writers[all[0].Kind]
		if !known {
			return fault.New(fault.Internal, "The outbox holds a kind of message that nobody writes.")
		}
		if w.Together != nil {
			ids, err := w.Together(tx, all[0])
			if err != nil {
				return err
			}
			others, err := lockMessages(sendable(tx), ids, "SKIP LOCKED")
			if err != nil {
				return err
			}
			all = append(all, others...)
		}
		var whys []string
		if letter, whys, err = w.write(tx, all); err != nil {
			return err
		}
		letter.ID = id.String()
		for i := range all {
			n := &all[i]
			switch whys[i] {
			case "":
				n.State, n.Why, n.Tries = Sending, nil, n.Tries+1
				n.TriedAt, n.MailID, n.NextTryAt = &tx.Now, &id, tx.Now.Add(lost)
				claimed = append(claimed, *n)
			case NoPrivacyNotice:
				n.State, n.Why, n.NextTryAt = Waiting, new(Reason(whys[i])), tx.Now.Add(notYet)
			default:
				n.State, n.Why = Cancelled, new(Reason(whys[i]))
			}
			if err := n.save(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return letter, claimed, err
}

// write makes the letter of one message, or of several.
func (w Writer) write(tx *db.Tx, all []Message) (letter mail.Letter, whys []string, err error) {
	if len(all) > 1 {
		return w.Digest(tx, all)
	}
	letter, why, err := w.Write(tx, all[0])
	return letter, []string{why}, err
}

// recordResult records how sending went, of every message that was in the mail.
func (s *Store) recordResult(ctx context.Context, writers Writers, claimed []Message, outcome mail.Outcome) error {
	ids := make([]uuid.UUID, len(claimed))
	for i, n := range claimed {
		ids[i] = n.ID
	}
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		all, err := lockMessages(tx.DB, ids, "")
		if err != nil {
			return err
		}
		for _, n := range all {
			if err := n.after(tx, writers[n.Kind], outcome); err != nil {
				return err
			}
		}
		return nil
	})
}

// after lets a message follow from how sending went.
func (n *Message) after(tx *db.Tx, w Writer, outcome mail.Outcome) (err error) {
	why := Reason(outcome)
	switch {
	case outcome == "":
		n.State, n.SentAt, n.Why = Sent, &tx.Now, nil
		err = w.Sent(tx, *n)
	case outcome == mail.Refused:
		n.State, n.Why = Failed, &why
		err = w.Refused(tx, *n)
	case n.Tries >= mostTry:
		n.State, n.Why = Failed, &why
	default:
		n.State, n.Why, n.NextTryAt = Waiting, new(Reason("retrying")), tx.Now.Add(pause(n.Tries))
	}
	if err != nil {
		return err
	}
	return n.save(tx)
}
