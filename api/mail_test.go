package api_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/mail"
	"waypost/internal/platform/mail/mailtest"
	"waypost/internal/platform/outbox"
	"waypost/internal/referrals"
)

// changeEmail corrects a person's address.
func (w *world) changeEmail(patient, email string) {
	w.t.Helper()
	got := w.as("link_worker").get("/patients/" + patient)
	w.as("link_worker").
		patch("/patients/"+patient, got.header.Get("ETag"), fmt.Sprintf(`{"email":%q}`, email)).
		want(200)
}

// An invitation is held back only by what happened to the address that it would go to.
func TestAnInvitationIsHeldBackByItsAddressAlone(t *testing.T) {
	attempt := func(w *world, followUp, channel string) {
		w.as("link_worker").post("/follow-ups/"+followUp+"/attempts", fmt.Sprintf(`{"channel":%q,
			"result":"wrong_details"}`, channel)).made()
	}
	t.Run("a wrong phone number", func(t *testing.T) {
		smtp := mailtest.Start(t, "") // its own: these tests run at once
		w, _, followUp := writable(t, "mary@example.org", "email")
		attempt(w, followUp, "telephone")
		w.postman(smtp).run()
		if m := smtp.Mail(); m.To[0] != "mary@example.org" {
			t.Errorf("%+v", m)
		}
	})
	t.Run("a wrong address that was corrected", func(t *testing.T) {
		smtp := mailtest.Start(t, "") // its own: these tests run at once
		w, patient, followUp := writable(t, "mary@example.org", "email")
		p := w.postman(smtp)
		attempt(w, followUp, "email")
		p.run()
		if rows := p.rows(); len(rows.items()) != 0 {
			t.Errorf("written to an address that is wrong: %s", rows.body)
		}
		w.changeEmail(patient, "marigold@example.org")
		p.run()
		if m := smtp.Mail(); m.To[0] != "marigold@example.org" {
			t.Errorf("%+v", m)
		}
	})
	t.Run("a bounce, and then another address", func(t *testing.T) {
		smtp := mailtest.Start(t, "") // its own: these tests run at once
		w, patient, _ := writable(t, "refused@example.org", "email")
		p := w.postman(smtp)
		p.run()
		w.changeEmail(patient, "REFUSED@example.org") // the same to every mail server
		p.run()
		if rows := p.rows(); len(rows.items()) != 1 || rows.text("items.0.state") != "failed" {
			t.Fatalf("%s", rows.body)
		}
		w.changeEmail(patient, "right@example.org")
		p.run()
		if m := smtp.Mail(); m.To[0] != "right@example.org" {
			t.Errorf("%+v", m)
		}
		w.advance("P15D") // the reminder counts from the one that went
		p.run()
		smtp.Mail()
		w.advance("P14D")
		p.run()
		smtp.NoMail()
	})
	t.Run("consent that was taken back and given again", func(t *testing.T) {
		smtp := mailtest.Start(t, "") // its own: these tests run at once
		w, patient, _ := writable(t, "mary@example.org", "email")
		p := w.postman(nil)
		p.run()
		w.consent(patient, "follow_up_contact", "withdrawn")
		p.sender = p.to(smtp.Port)
		p.run()
		smtp.NoMail()
		w.advance("P1D")
		w.consent(patient, "follow_up_contact", "given")
		p.run()
		smtp.Mail()
	})
}

// Turning mail on holds what had gathered and says how much; what happens from then on goes. Let go, what waits for one
// organisation is one mail with a link for each referral.
func TestWhatHadGatheredIsHeld(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(nil)
	referrals := map[string]bool{}
	for range 3 {
		_, referral := w.sentNow("club@example.org")
		referrals[referral] = true
	}
	c.run() // mail is off: they gather
	_, late := w.sentNow("club@example.org")
	referrals[late] = true // sent before mail was on, and put into the outbox after
	var err error
	if c.sender, err = mail.New(
		fmt.Sprintf("smtp://127.0.0.1:%d?tls=none", smtp.Port),
		"Waypost <followup@example.org>",
	); err != nil {
		t.Fatal(err)
	}
	c.runTwice()
	smtp.NoMail()
	held := c.notices()
	for i := range 4 {
		if at := fmt.Sprintf("items.%d.", i); held.text(at+"state") != "waiting" || held.text(at+"why") != "held" {
			t.Fatalf("%s", held.body)
		}
	}
	if told := w.metrics(); !strings.Contains(told, `waypost_outbox_messages{state="held"} 4`) ||
		!strings.Contains(told, `waypost_outbox_oldest_seconds{state="held"}`) {
		t.Errorf("%s", told)
	}
	w.advance("P5D") // a day to chase: what is held is chased by nothing
	c.run()
	smtp.NoMail()
	_, after := w.sentNow("club@example.org")
	c.run()
	w.linkIn(smtp.Mail())
	smtp.NoMail()
	box := &outbox.Store{DB: w.db}
	ctx := actor.With(t.Context(), actor.Named("test"))
	if list, err := box.Held(
		ctx,
	); err != nil || len(list) != 1 || list[0].Kind != "reply_notice" ||
		list[0].Messages != 4 {
		t.Fatalf("%v %v", list, err)
	}
	if n, err := box.Release(ctx, "follow_up_invitation"); n != 0 || err != nil {
		t.Errorf("another kind: %d %v", n, err)
	}
	if n, err := box.Release(ctx, "reply_notice"); n != 4 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	c.run()
	m := smtp.Mail()
	smtp.NoMail()
	w.linkIn(m, "club@")
	body := strings.ReplaceAll(strings.ReplaceAll(m.Text, "=\r\n", ""), "=3D", "=")
	links := replyURL.FindAllString(body, -1)
	if len(links) != 4 || !strings.Contains(body, "4 referrals to Example Lunch Club wait for an answer") ||
		strings.Count(body, "Referred by Sam Helper, a link worker at First site") != 4 {
		t.Fatalf("%s", body)
	}
	if !strings.Contains(m.Text, "Reply-To: <sam@example.org>") ||
		!strings.Contains(m.Text, "Subject: Referrals from First site") ||
		!strings.Contains(body, "Replies to this message go to Sam Helper.") {
		t.Errorf("%s", m.Text)
	}
	for _, link := range links {
		if page := (person{w, link}).open(""); page.status != 200 || !strings.Contains(page.html, "Marigold") {
			t.Errorf("a link of the digest: %d", page.status)
		}
		seen := w.anybody().get("/replies/" + link[strings.LastIndexByte(link, '/')+1:]).want(200).text("id")
		if !referrals[seen] {
			t.Errorf(
				"a link shows %s, which is none of those or was shown before (the one that went is %s)",
				seen,
				after,
			)
		}
		delete(referrals, seen)
	}
	c.run()
	smtp.NoMail()
}

// metrics are what a scraper is told.
func (w *world) metrics() string {
	w.t.Helper()
	answer, err := http.Get(w.url + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// Messages that go as one mail each find out for themselves whether they may still go, and are sent or
// tried again together.
func TestADigestLeavesOutWhatIsAnswered(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(nil)
	patient, _ := w.sentNow("club@example.org")
	_, second := w.sentNow("club@example.org")
	_, third := w.sentNow("club@example.org")
	c.run()
	w.consent(patient, "share_with_organisations", "withdrawn")
	own := mailtest.Start(t, "")
	own.Stop()
	c.sender = c.to(own.Port)
	c.run()
	if rows := c.notices(); rows.text("items.0.why") != "no_consent" || rows.text("items.1.why") != "retrying" ||
		rows.text("items.2.why") != "retrying" {
		t.Fatalf("%s", rows.body)
	}
	w.advance("P1D")
	c.sender = c.to(smtp.Port)
	c.run()
	body := strings.ReplaceAll(smtp.Mail().Text, "=\r\n", "")
	if len(replyURL.FindAllString(body, -1)) != 2 || !strings.Contains(body, second) || !strings.Contains(body, third) {
		t.Errorf("%s", body)
	}
	smtp.NoMail()
}

// What is sent after a process began with a mail server is not held, though its first look at the outbox comes later.
func TestWhatIsSentAfterTheStartIsNotHeld(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(nil)
	started := w.db.Clock.Now()
	_, _ = w.sentNow("club@example.org")
	sender, err := mail.New(fmt.Sprintf("smtp://127.0.0.1:%d?tls=none", smtp.Port), "Waypost <followup@example.org>")
	if err != nil {
		t.Fatal(err)
	}
	loop, box := referrals.Store{DB: w.db}, &outbox.Store{DB: w.db, TurnedOn: started}
	ctx := db.Background(actor.With(t.Context(), actor.Named("test")))
	if err := loop.Ask(ctx); err != nil {
		t.Fatal(err)
	}
	if err := box.Send(ctx, sender, outbox.Writers{referrals.Notice: loop.Notifier(c.w.url)}); err != nil {
		t.Fatal(err)
	}
	smtp.Mail()
	smtp.NoMail()
}

// Where several people referred, a reply would reach one who has nothing to do with it, or tell each of the others'
// people: the mail has no Reply-To, and says whom to write to instead.
func TestADigestOfSeveralPeopleSaysWhomToAnswer(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	kim := w.as("administrator").post("/link-workers", fmt.Sprintf(`{"site_id":%q,"name":"Kim Helper",
		"email":"kim@first.example.org"}`, w.site)).made()
	w.sentNow("club@example.org")
	_, referral := w.sentNow("")
	ownSQL(
		w,
		"update episodes set link_worker_id = ? where id = (select episode_id from referrals where id = ?)",
		kim,
		referral,
	)
	c.run()
	m := smtp.Mail()
	smtp.NoMail()
	body := strings.ReplaceAll(m.Text, "=\r\n", "")
	for _, said := range []string{
		"Referred by Sam Helper", "Questions: sam@example.org", "Referred by Kim Helper",
		"Questions: kim@first.example.org", "Please do not reply to this message",
		"Write to whoever stands below the referral that you mean.",
	} {
		if !strings.Contains(body, said) {
			t.Errorf("%q is not said: %s", said, body)
		}
	}
	if strings.Contains(m.Text, "Reply-To") || strings.Contains(body, "Replies to this message go") {
		t.Errorf("%s", m.Text)
	}
}
