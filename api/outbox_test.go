package api_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/leaktest"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/mail/mailtest"
	"waypost/internal/platform/outbox"
	"waypost/internal/referrals"
)

// postman is a server's jobs, run by hand.
type postman struct {
	w      *world
	smtp   *mailtest.Server
	sender *mail.Sender
}

func (w *world) postman(smtp *mailtest.Server) postman {
	w.t.Helper()
	p := postman{w: w, smtp: smtp}
	if smtp != nil {
		p.sender = p.to(smtp.Port)
	}
	return p
}

// to is a mail server. Mail counts as on from before anything was due.
func (p postman) to(port int) *mail.Sender {
	p.w.t.Helper()
	err := p.w.db.Do(actor.With(p.w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec("insert into mail_kinds select kind, 'epoch' from unnest(?::text[]) kind on conflict (kind) do "+
			"update set since = 'epoch'", db.Texts{outcomes.Invitation, referrals.Notice}).Error
	})
	if err != nil {
		p.w.t.Fatal(err)
	}
	s, err := mail.New(fmt.Sprintf("smtp://127.0.0.1:%d?tls=none", port), "Waypost <followup@example.org>")
	if err != nil {
		p.w.t.Fatal(err)
	}
	return s
}

func (p postman) run() {
	p.w.t.Helper()
	ctx := db.Background(actor.With(p.w.t.Context(), actor.Named("test")))
	record := outcomes.Store{DB: p.w.db}
	if err := record.Invite(ctx); err != nil {
		p.w.t.Fatal(err)
	}
	p.send(ctx)
}

func (p postman) send(ctx context.Context) {
	p.w.t.Helper()
	record, box := outcomes.Store{DB: p.w.db}, outbox.Store{DB: p.w.db}
	if err := box.Send(ctx, p.sender, outbox.Writers{outcomes.Invitation: record.Inviter(p.w.url)}); err != nil {
		p.w.t.Fatal(err)
	}
}

func (p postman) rows() answer { return p.w.as("link_worker").get("/outbox").want(200) }

// writable is somebody who is due to be asked, agreed to it, and can be written to.
func writable(t *testing.T, email, preference string) (w *world, patient, followUp string) {
	t.Helper()
	w = newWorld(t)
	address := fmt.Sprintf(`,"email":%q`, email)
	if email == "" {
		address = ""
	}
	patient = w.as("link_worker").post("/patients", fmt.Sprintf(`{"given_name":"Marigold",
		"family_name":"Example","birth_date":"1950-04-01","phone":"07700 900001","contact_preference":%q%s}`, preference, address)).made()
	w.consent(patient, "share_with_organisations", "given")
	w.consent(patient, "follow_up_contact", "given")
	episode := w.episode(patient)
	w.ons4(episode, "baseline", w.today(), 4, 5, 4, 6).want(201)
	w.refer(episode)
	w.advance("P9M15D")
	return w, patient, w.as("link_worker").get("/follow-ups?episode_id=" + episode).text("items.0.id")
}

func TestAnInvitationIsSent(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w, patient, followUp := writable(t, "mary@example.org", "email")
	p := w.postman(smtp)
	p.run()
	m := smtp.Mail()
	if len(m.To) != 1 || m.To[0] != "mary@example.org" {
		t.Errorf("%+v", m)
	}
	text := strings.ReplaceAll(m.Text, "=\r\n", "")
	_, body, _ := strings.Cut(text, "\r\n\r\n")
	link := regexp.MustCompile(`http://[^\s]+/f/[A-Za-z0-9_-]{43}`).FindString(strings.ReplaceAll(body, "=3D", "="))
	leaktest.Hidden(
		t,
		"the mail",
		body,
		"Marigold",
		"Example,",
		"1950-04-01",
		"07700 900001",
		"+447700900001",
		"Lunch Club",
		"loneliness",
		"First site",
		patient,
		followUp,
		"referral",
		"link worker",
		" NHS",
		" GP",
	)
	if page := (person{w, link}).open(""); page.status != 200 {
		t.Fatalf("%q leads to %d: %s", link, page.status, body)
	}
	if rows := p.rows(); len(rows.items()) != 1 || rows.text("items.0.state") != "sent" ||
		strings.Contains(string(rows.body), "mary@") ||
		strings.Contains(string(rows.body), "/f/") {
		t.Errorf("%s", rows.body)
	}
	f := w.as("link_worker").get("/follow-ups/" + followUp).want(200)
	if f.text("attempts.0.result") != "invitation_sent" || f.text("attempts.0.channel") != "email" {
		t.Errorf("%s", f.body)
	}
}

// Once, however often the jobs run; then a reminder on each of the site's days after it, and no more.
func TestReminders(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w, _, _ := writable(t, "mary@example.org", "email")
	site := w.as("administrator").get("/sites/" + w.site)
	w.as("administrator").patch("/sites/"+w.site, site.header.Get("ETag"), `{"reminder_days":[14,21]}`).want(200)
	p := w.postman(smtp)
	p.run()
	smtp.Mail()
	for _, day := range []struct {
		after string
		mail  bool
	}{{"P0D", false}, {"P13D", false}, {"P2D", true}, {"P5D", false}, {"P2D", true}, {"P22D", false}} {
		w.advance(day.after)
		if p.run(); day.mail {
			smtp.Mail()
		}
		smtp.NoMail()
	}
}

// Whoever did not agree, prefers another way, died, said no, or answered is not written to.
func TestWhoIsNotWrittenTo(t *testing.T) {
	for name, c := range map[string]struct {
		preference string
		email      string
		then       func(w *world, patient, followUp string)
	}{
		"consent withdrawn": {
			"email", "mary@example.org",
			func(w *world, patient, _ string) { w.consent(patient, "follow_up_contact", "withdrawn") },
		},
		"telephone preferred":          {"telephone", "mary@example.org", nil},
		"a letter preferred":           {"letter", "mary@example.org", nil},
		"no address":                   {"email", "", nil},
		"an address as it was written": {"email", "at the library", nil},
		"died": {"email", "mary@example.org", func(w *world, patient, _ string) {
			got := w.as("link_worker").get("/patients/" + patient)
			w.as("link_worker").patch("/patients/"+patient, got.header.Get("ETag"), fmt.Sprintf(`{"died_on":%q}`, w.today())).want(200)
		}},
		"declined": {"email", "mary@example.org", func(w *world, _, followUp string) {
			w.as("link_worker").post("/follow-ups/"+followUp+"/attempts", `{"channel":"telephone","result":"declined"}`).made()
		}},
		"given up": {"email", "mary@example.org", func(w *world, _, followUp string) {
			w.as("link_worker").post("/follow-ups/"+followUp+"/loss", `{"reason":"moved"}`).want(200)
		}},
		"window closed": {"email", "mary@example.org", func(w *world, _, _ string) { w.advance("P4M") }},
	} {
		t.Run(name, func(t *testing.T) {
			w, patient, followUp := writable(t, c.email, c.preference)
			if c.then != nil {
				c.then(w, patient, followUp)
			}
			p := w.postman(nil)
			p.run()
			if rows := p.rows(); len(rows.items()) != 0 {
				t.Errorf("%s", rows.body)
			}
		})
	}
}

// Between being put into the outbox and being sent, things change: what stands then decides.
func TestWhatChangesBeforeSending(t *testing.T) {
	smtp := mailtest.Start(t, "")
	for why, change := range map[string]func(w *world, patient, followUp string){
		"no_consent": func(w *world, patient, _ string) { w.consent(patient, "follow_up_contact", "withdrawn") },
		"no_address": func(w *world, patient, _ string) {
			got := w.as("link_worker").get("/patients/" + patient)
			w.as("link_worker").patch("/patients/"+patient, got.header.Get("ETag"), `{"email":null}`).want(200)
		},
		"given_up": func(w *world, _, followUp string) {
			w.as("link_worker").post("/follow-ups/"+followUp+"/loss", `{"reason":"moved"}`).want(200)
		},
		"link_copied": func(w *world, _, followUp string) { w.link(followUp) },
	} {
		t.Run(why, func(t *testing.T) {
			w, patient, followUp := writable(t, "mary@example.org", "email")
			p := w.postman(nil)
			p.run()
			if rows := p.rows(); rows.text("items.0.state") != "waiting" || rows.text("items.0.why") != "no_smtp" {
				t.Fatalf("without a mail server: %s", rows.body)
			}
			change(w, patient, followUp)
			p.sender = p.to(smtp.Port)
			p.run()
			if rows := p.rows(); len(rows.items()) != 1 || rows.text("items.0.state") != "cancelled" ||
				rows.text("items.0.why") != why {
				t.Errorf("%s", rows.body)
			}
			smtp.NoMail()
		})
	}
}

func TestTextMessagesWaitForTheLinkWorker(t *testing.T) {
	w, _, followUp := writable(t, "mary@example.org", "text_message")
	p := w.postman(mailtest.Start(t, ""))
	p.run()
	if rows := p.rows(); rows.text("items.0.channel") != "text_message" || rows.text("items.0.why") != "by_hand" ||
		rows.text("items.0.subject_id") != followUp {
		t.Errorf("%s", rows.body)
	}
	p.smtp.NoMail()
	w.link(followUp)
	if rows := w.as("link_worker").get("/outbox?state=waiting"); len(rows.items()) != 0 {
		t.Errorf("%s", rows.body)
	}
}

// A refusal for good is told of, one for now is tried again, a server that is away keeps it waiting.
func TestMailServersSayNo(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w, _, followUp := writable(t, "refused@example.org", "email")
	p := w.postman(smtp)
	p.run()
	if rows := p.rows(); rows.text("items.0.state") != "failed" || rows.text("items.0.why") != "refused" {
		t.Errorf("%s", rows.body)
	}
	if f := w.as("link_worker").get("/follow-ups/" + followUp); f.text("attempts.0.result") != "wrong_details" {
		t.Errorf("%s", f.body)
	}
	t.Run("for now", func(t *testing.T) {
		w, _, _ := writable(t, "later@example.org", "email")
		p := w.postman(smtp)
		p.run()
		if rows := p.rows(); rows.text("items.0.state") != "waiting" || rows.text("items.0.why") != "retrying" {
			t.Errorf("%s", rows.body)
		}
		p.run()
		smtp.NoMail() // not at once
		w.advance("P1D")
		p.run()
		smtp.Mail()
	})
	t.Run("away", func(t *testing.T) {
		w, _, _ := writable(t, "mary@example.org", "email")
		own := mailtest.Start(t, "")
		p := w.postman(own)
		own.Stop()
		for range mostTriesTested {
			p.run()
			w.advance("P1D")
		}
		if rows := p.rows(); rows.text("items.0.state") != "waiting" ||
			rows.number("items.0.tries") != mostTriesTested {
			t.Errorf("%s", rows.body)
		}
		back := mailtest.StartAt(t, "", own.Port)
		p.run()
		back.Mail()
	})
}

const mostTriesTested = 3

// Two processes that send at the same time send one mail; what a crash left behind is sent once it is taken for lost.
func TestTwoSendersAndACrash(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w, _, _ := writable(t, "mary@example.org", "email")
	p := w.postman(smtp)
	ctx := db.Background(actor.With(t.Context(), actor.Named("test")))
	record := outcomes.Store{DB: w.db}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := record.Invite(ctx); err != nil {
				t.Error(err)
			}
			box := outbox.Store{DB: w.db}
			if err := box.Send(ctx, p.sender, outbox.Writers{outcomes.Invitation: record.Inviter(w.url)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	smtp.Mail()
	smtp.NoMail()
	err := w.db.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec(
			"update outbox set state = 'sending', sent_at = null, next_try_at = ?",
			tx.Now.Add(10*time.Minute),
		).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	p.run()
	smtp.NoMail() // perhaps another process is at it
	w.advance("P1D")
	p.run()
	smtp.Mail()
}
