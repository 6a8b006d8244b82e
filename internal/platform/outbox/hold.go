package outbox

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"waypost/internal/platform/db"
	"waypost/internal/platform/mail"
)

// ofHeld are messages that are held.
const ofHeld = "state = 'waiting' and channel = 'email' and why = 'held'"

// hold notes since when mail of each kind is on, and holds what became due before: whoever turns mail on,
// or upgrades to a program that sends a new kind, is asked before what had gathered goes out.
func (s *Store) hold(ctx context.Context, writers Writers) error {
	for _, kind := range slices.Sorted(maps.Keys(writers)) {
		var held int64
		err := s.DB.Do(ctx, func(tx *db.Tx) error {
			since := tx.Now
			if !s.TurnedOn.IsZero() {
				since = s.TurnedOn
			}
			if err := tx.Exec(
				"insert into mail_kinds (kind, since) values (?, ?) on conflict (kind) do update set since = "+
					"excluded.since where mail_kinds.since is null",
				kind,
				since,
			).Error; err != nil {
				return err
			}
			done := tx.Exec(`update outbox o set why = 'held', updated_at = ? from mail_kinds k
				where k.kind = o.kind and o.kind = ? and o.state = 'waiting' and o.channel = 'email' and o.why
				is distinct from 'held'
					and o.released_at is null and coalesce(o.due_at, o.created_at) < k.since`, tx.Now, kind)
			held = done.RowsAffected
			return done.Error
		})
		if err != nil {
			return err
		}
		if held > 0 {
			slog.Warn("mail is held that had gathered before mail of its kind was turned on: waypost mail release "+
				"lets it go, waypost mail drop takes it back", "kind", kind, "held", held)
		}
	}
	return nil
}

// off lets everything wait, and forgets that mail was ever on.
func (s *Store) off(ctx context.Context) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		if err := tx.Exec("update mail_kinds set since = null where since is not null").Error; err != nil {
			return err
		}
		return tx.Model(&Message{}).Where("state = 'waiting' and channel = 'email' and why is distinct from 'no_smtp'").
			Updates(map[string]any{"why": "no_smtp", "updated_at": tx.Now}).Error
	})
}

// Held is how many messages of a kind are held.
type Held struct {
	Kind     string
	Messages int
	Oldest   time.Time // when it was put into the outbox
}

// Held counts what is held, by kind.
func (s *Store) Held(ctx context.Context) (list []Held, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Raw("select kind, count(*) as messages, min(created_at) as oldest from outbox where " + ofHeld +
			" group by kind order by kind").
			Scan(&list).
			Error
	})
	return list, err
}

// Release lets go what is held, of one kind or of all: it is due at once, and goes as fast as PerMinute allows.
func (s *Store) Release(ctx context.Context, kind string) (int64, error) {
	return s.end(ctx, kind, func(tx *db.Tx) map[string]any {
		return map[string]any{"why": nil, "released_at": tx.Now, "next_try_at": tx.Now, "updated_at": tx.Now}
	})
}

// Drop takes back what is held, of one kind or of all: it never goes.
func (s *Store) Drop(ctx context.Context, kind string) (int64, error) {
	return s.end(ctx, kind, func(tx *db.Tx) map[string]any {
		return map[string]any{"state": Cancelled, "why": "dropped", "updated_at": tx.Now}
	})
}

func (s *Store) end(ctx context.Context, kind string, into func(*db.Tx) map[string]any) (n int64, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		done := tx.Model(&Message{}).Where(ofHeld+" and (? = '' or kind = ?)", kind, kind).Updates(into(tx))
		n = done.RowsAffected
		return done.Error
	})
	return n, err
}

// tally is how the mails of one run went.
type tally struct{ taken, missed, inARow int }

func (t *tally) count(outcome mail.Outcome) {
	if outcome == mail.Unreachable {
		t.missed++
		t.inARow++
		return
	}
	t.taken++
	t.inARow = 0
}

// dead tells that the server takes nothing now: what is left is not tried, and keeps its tries.
func (t *tally) dead() bool { return t.inARow == 3 }

func (s *Store) tell(outcome mail.Outcome) {
	if s.Tried == nil {
		return
	}
	result := string(outcome)
	if outcome == "" {
		result = "sent"
	}
	s.Tried(result)
}

// warn says once an hour that the mail server takes nothing, and once that it takes mail again.
func (s *Store) warn(ctx context.Context, t tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case t.taken > 0 && !s.warned.IsZero():
		s.warned = time.Time{}
		slog.Info("the mail server takes mail again")
	case t.taken == 0 && t.missed > 0 && time.Since(s.warned) >= time.Hour:
		s.warned = time.Now()
		var waiting int64
		_ = s.DB.Do(
			context.WithoutCancel(ctx),
			func(tx *db.Tx) error { return sendable(tx).Model(&Message{}).Count(&waiting).Error },
		)
		slog.Error("the mail server takes no mail: it is away, refuses the sign-in, or its certificate is not "+
			"trusted; mail waits and is tried again", "due", waiting)
	}
}
