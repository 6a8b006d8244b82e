package api_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/mail/mailtest"
)

// Several processes at once ask once and let each referral expire once.
func TestSeveralClerksActOnce(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	const many = 6
	for range many {
		w.sentNow("club@example.org")
	}
	together := func() {
		t.Helper()
		ctx := db.Background(actor.With(t.Context(), actor.Named("test")))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := c.turn(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	for _, after := range []string{"P0D", "P5D", "P5D"} {
		w.advance(after)
		together()
		links := map[string]bool{}
		for len(links) < many { // whoever finds several free puts them into one mail
			body := strings.ReplaceAll(strings.ReplaceAll(smtp.Mail().Text, "=\r\n", ""), "=3D", "=")
			for _, link := range replyURL.FindAllString(body, -1) {
				if links[link] {
					t.Errorf("twice: %s", link)
				}
				links[link] = true
			}
		}
		if len(links) != many {
			t.Errorf("%d links for %d referrals", len(links), many)
		}
		smtp.NoMail()
	}
	w.advance("P4D")
	together()
	var expired, moved int64
	if err := ownCount(w, "referrals", "status = 'expired'", &expired); err != nil || expired != many {
		t.Errorf("%d expired, %v", expired, err)
	}
	if err := ownCount(w, "referral_moves", "true", &moved); err != nil || moved != many {
		t.Errorf("%d moves, %v", moved, err)
	}
}

// A letter that was cut off is written again with another link; the last one that was sent works.
func TestANoticeCutOffIsSentAgain(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	w.sentNow("club@example.org")
	c.run()
	first := w.linkIn(smtp.Mail())
	ownSQL(w, "update outbox set state = 'sending', sent_at = null, next_try_at = ?", w.db.Clock.Now().Add(time.Minute))
	w.advance("P1D")
	c.run()
	second := w.linkIn(smtp.Mail())
	if a, b := first.open("").status, second.open("").status; a != 404 || b != 200 {
		t.Errorf("the first %d, the second %d", a, b)
	}
}

// A mail server that will not take a notice leaves the link that the organisation has.
func TestARefusedChaseEndsNoLink(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	_, referral := w.sentNow("club@example.org")
	c.run()
	p := w.linkIn(smtp.Mail())
	w.sentTo("refused@example.org")
	w.as("link_worker").post("/organisations/"+w.org+"/email/confirmation", `{"email":"refused@example.org"}`).want(200)
	w.advance("P5D")
	c.run()
	if n := c.notices(); n.text("items.1.state") != "failed" || n.text("items.1.why") != "refused" {
		t.Errorf("%s", n.body)
	}
	if page := p.open(""); page.status != 200 {
		t.Errorf("%d", page.status)
	}
	if timeline := string(
		w.as("link_worker").get("/referrals/" + referral + "/timeline?limit=200").body,
	); !strings.Contains(
		timeline,
		"referral.notice_refused",
	) {
		t.Errorf("%s", timeline)
	}
}

func ownSQL(w *world, sql string, args ...any) {
	w.t.Helper()
	if err := w.db.Do(
		actor.With(w.t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Exec(sql, args...).Error },
	); err != nil {
		w.t.Fatal(err)
	}
}

func ownCount(w *world, table, where string, n *int64) error {
	return w.db.Do(
		actor.With(w.t.Context(), actor.Named("test")),
		func(tx *db.Tx) error { return tx.Table(table).Where(where).Count(n).Error },
	)
}
