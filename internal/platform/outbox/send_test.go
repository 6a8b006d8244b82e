package outbox

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/mail/mailtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// box is an outbox with so many messages of a kind of its own, for which mail has been on.
func box(t *testing.T, messages int) (*Store, context.Context, Writers) {
	t.Helper()
	s := &Store{DB: dbtest.New(t)}
	ctx := db.Background(actor.With(t.Context(), actor.Named("test")))
	err := s.DB.Do(ctx, func(tx *db.Tx) error {
		site := tx.NewID()
		if err := tx.Exec(
			"insert into sites (id, name, code, created_at, updated_at) values (?, 'First site', 'first', ?, ?)",
			site,
			tx.Now,
			tx.Now,
		).Error; err != nil {
			return err
		}
		list := make([]Message, messages)
		for i := range list {
			list[i] = Message{SiteID: site, Kind: "test", SubjectID: uuid.New(), Ordinal: 1, Channel: Email}
		}
		if err := tx.Exec("insert into mail_kinds values ('test', 'epoch')").Error; err != nil {
			return err
		}
		return Queue(tx, list...)
	})
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(*db.Tx, Message) error { return nil }
	return s, ctx, Writers{"test": {Write: func(_ *db.Tx, n Message) (mail.Letter, string, error) {
		return mail.Letter{To: fmt.Sprintf("m%s@example.org", n.ID), Subject: "s", Text: "t"}, "", nil
	}, Sent: nothing, Refused: nothing}}
}

// later moves the clock on: it began at noon, whatever time it is.
func later(s *Store, d time.Duration) { s.DB.Clock.SetOffset(s.DB.Clock.Offset() + d) }

func to(t *testing.T, port int) *mail.Sender {
	t.Helper()
	s, err := mail.New(fmt.Sprintf("smtp://127.0.0.1:%d?tls=none", port), "Waypost <followup@example.org>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// log keeps what is logged.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// A mail server that takes nothing shows: one line an hour, the attempts, and no message but a few loses a try.
func TestADeadMailServerShows(t *testing.T) {
	s, ctx, writers := box(t, 6)
	var lines log
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&lines, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	tried := map[string]int{}
	s.Tried = func(result string) { tried[result]++ }
	for range 2 { // the second run, a minute on, tries the other three
		if err := s.Send(ctx, to(t, 1), writers); err != nil {
			t.Fatal(err)
		}
	}
	if tried["unreachable"] != 6 || len(tried) != 1 {
		t.Errorf("tried %v", tried)
	}
	if n := lines.count("the mail server takes no mail"); n != 1 {
		t.Errorf("%d lines in an hour", n)
	}
	s.warned = s.warned.Add(-time.Hour)
	later(s, 10*time.Minute)
	if err := s.Send(ctx, to(t, 1), writers); err != nil {
		t.Fatal(err)
	}
	if n := lines.count("the mail server takes no mail"); n != 2 || tried["unreachable"] != 9 {
		t.Errorf("%d lines after an hour, tried %v", n, tried)
	}
	smtp := mailtest.Start(t, "")
	later(s, 3*time.Hour)
	if err := s.Send(ctx, to(t, smtp.Port), writers); err != nil {
		t.Fatal(err)
	}
	if lines.count("the mail server takes mail again") != 1 || tried["sent"] != 6 {
		t.Errorf("back again: %v", tried)
	}
	if strings.Contains(lines.text.String(), "@example.org") {
		t.Error("an address is logged")
	}
}

// A minute takes so many mails and no more, of however many runs.
func TestAMinuteTakesSoManyMails(t *testing.T) {
	s, ctx, writers := box(t, 5)
	s.PerMinute = 2
	smtp := mailtest.Start(t, "")
	sent := 0
	s.Tried = func(string) { sent++ }
	for minute, want := range []int{2, 4, 5} {
		if minute > 0 {
			later(s, 2*time.Minute)
		}
		for range 3 {
			if err := s.Send(ctx, to(t, smtp.Port), writers); err != nil {
				t.Fatal(err)
			}
		}
		if sent != want {
			t.Errorf("%d mails by minute %d, want %d", sent, minute, want)
		}
	}
}

// What is dropped never goes.
func TestHeldMailCanBeDropped(t *testing.T) {
	s, ctx, writers := box(t, 2)
	smtp := mailtest.Start(t, "")
	if err := s.Send(ctx, nil, writers); err != nil { // mail is off, and on again
		t.Fatal(err)
	}
	if err := s.Send(ctx, to(t, smtp.Port), writers); err != nil {
		t.Fatal(err)
	}
	smtp.NoMail()
	if n, err := s.Drop(ctx, ""); n != 2 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, err := s.Release(ctx, ""); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
}
