package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/outbox"
	"waypost/internal/stores"
)

type mails struct {
	Held    heldMail    `cmd:"" help:"Say how much mail is held, by kind: what had gathered before mail of that kind was turned on."`
	Release releaseMail `cmd:"" help:"Let mail go that is held, as fast as WAYPOST_MAIL_PER_MINUTE allows."`
	Drop    dropMail    `cmd:"" help:"Take back mail that is held: it never goes."`
}

type heldMail struct{}

func (heldMail) Run(s *surroundings) error {
	return s.withOutbox(func(ctx context.Context, box *outbox.Store) error {
		list, err := box.Held(ctx)
		for _, h := range list {
			fmt.Fprintf(
				s.out,
				"%s: %d held, the oldest since %s\n",
				h.Kind,
				h.Messages,
				h.Oldest.UTC().Format(time.RFC3339),
			)
		}
		if err == nil && len(list) == 0 {
			fmt.Fprintln(s.out, "no mail is held")
		}
		return err
	})
}

// kind narrows a command to messages of one kind.
type kind struct {
	Kind string `enum:",follow_up_invitation,reply_notice" default:"" help:"follow_up_invitation or reply_notice; both when left out."`
}

type releaseMail struct{ kind }

func (c releaseMail) Run(s *surroundings) error {
	return s.withOutbox(func(ctx context.Context, box *outbox.Store) error {
		n, err := box.Release(ctx, c.Kind)
		if err == nil {
			slog.Warn("held mail was let go", "messages", n)
			fmt.Fprintf(s.out, "%d messages let go\n", n)
		}
		return err
	})
}

type dropMail struct{ kind }

func (c dropMail) Run(s *surroundings) error {
	return s.withOutbox(func(ctx context.Context, box *outbox.Store) error {
		n, err := box.Drop(ctx, c.Kind)
		if err == nil {
			slog.Warn("held mail was dropped", "messages", n)
			fmt.Fprintf(s.out, "%d messages dropped\n", n)
		}
		return err
	})
}

// withOutbox works on the outbox of a running instance.
func (s *surroundings) withOutbox(f func(context.Context, *outbox.Store) error) error {
	d, err := s.running()
	if err != nil {
		return err
	}
	defer d.Close()
	return f(actor.With(s, actor.Named("command-line")), stores.New(d).Outbox)
}
