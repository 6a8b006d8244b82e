package api_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/leaktest"
	"waypost/internal/platform/mail/mailtest"
	"waypost/internal/platform/outbox"
	"waypost/internal/referrals"
)

// clerk is the jobs that notice silence, run by hand.
type clerk struct {
	w *world
	postman
}

func (w *world) clerk(smtp *mailtest.Server) clerk { return clerk{w, w.postman(smtp)} }

// runTwice runs the jobs once more, so that a message shows which is sent late or a second time.
func (c clerk) runTwice() {
	c.w.t.Helper()
	c.run()
	c.run()
}

func (c clerk) run() {
	c.w.t.Helper()
	if err := c.turn(db.Background(actor.With(c.w.t.Context(), actor.Named("test")))); err != nil {
		c.w.t.Fatal(err)
	}
}

func (c clerk) turn(ctx context.Context) error {
	loop, box := referrals.Store{DB: c.w.db}, outbox.Store{DB: c.w.db}
	for _, job := range []func() error{
		func() error { return loop.Expire(ctx) }, func() error { return loop.Ask(ctx) },
		func() error { return box.Send(ctx, c.sender, outbox.Writers{referrals.Notice: loop.Notifier(c.w.url)}) },
	} {
		if err := job(); err != nil {
			return err
		}
	}
	return nil
}

// notices are those of the site in the outbox, the first one first.
func (c clerk) notices() answer {
	return c.w.as("link_worker").get("/outbox?kind=reply_notice").want(200)
}

// sentNow refers to the organisation, which can be written to unless its address is empty.
func (w *world) sentNow(email string) (patient, referral string) {
	w.t.Helper()
	if email != "" {
		w.sentTo(email)
	}
	patient, episode := w.supported()
	return patient, w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,
		"need":"loneliness_isolation","reason":"Lives alone"}`, episode, w.svc)).made()
}

var replyURL = regexp.MustCompile(`http://[^\s]+/r/[A-Za-z0-9_-]{43}`)

// linkIn is the link that a mail holds; the mail tells nothing else of anybody.
func (w *world) linkIn(m mailtest.Mail, secrets ...string) person {
	w.t.Helper()
	_, body, _ := strings.Cut(strings.ReplaceAll(m.Text, "=\r\n", ""), "\r\n\r\n")
	body = strings.ReplaceAll(body, "=3D", "=")
	link := replyURL.FindString(body)
	leaktest.Hidden(
		w.t,
		"the mail",
		body,
		append(
			secrets,
			"Marigold",
			"Example1",
			"1950-04-01",
			"07700 900001",
			"+447700900001",
			"Lives alone",
			"loneliness",
			"Wednesday",
		)...)
	if link == "" {
		w.t.Fatalf("no link in %s", body)
	}
	return person{w, link}
}

// A clock walks through silence: a notice, a chase on each of the site's days, and then it expires, each
// once. A late answer counts.
func TestSilence(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	patient, referral := w.sentNow("club@example.org")
	if n := len(c.notices().items()); n != 0 {
		t.Errorf("recording a referral put %d notices into the outbox", n)
	}
	var links []person
	for _, step := range []struct {
		after  string
		mail   bool
		status string
	}{
		{"P0D", true, "sent"}, {"P0D", false, "sent"}, {"P4D", false, "sent"}, {"P1D", true, "sent"},
		{"P0D", false, "sent"}, {"P4D", false, "sent"}, {"P1D", true, "sent"}, {"P3D", false, "sent"},
		{"P1D", false, "expired"}, {"P20D", false, "expired"},
	} {
		w.advance(step.after)
		if c.run(); step.mail {
			links = append(links, w.linkIn(smtp.Mail(), patient))
		}
		smtp.NoMail()
		if got := w.as("link_worker").get("/referrals/" + referral).text("status"); got != step.status {
			t.Fatalf("after %s: %s", step.after, got)
		}
	}
	list := c.notices()
	for i, n := range list.items() {
		if n := n.(map[string]any); n["state"] != "sent" || n["ordinal"] != float64(i+1) ||
			n["subject_id"] != referral {
			t.Errorf("%v", n)
		}
	}
	if text := string(
		list.body,
	); len(list.items()) != 3 || strings.Contains(text, "club@") || strings.Contains(text, "/r/") ||
		strings.Contains(text, patient) {
		t.Errorf("%s", text)
	}
	timeline := w.as("link_worker").get("/referrals/" + referral + "/timeline?limit=200").want(200)
	var told []string
	for _, e := range timeline.items() {
		told = append(told, e.(map[string]any)["type"].(string))
	}
	if got := strings.Join(
		told,
		" ",
	); got != "referral.sent referral.notice_sent referral.chased referral.chased referral.expired" {
		t.Errorf("told: %s", got)
	}
	moves := w.as("link_worker").get("/referrals/" + referral + "/moves").want(200)
	if len(moves.items()) != 1 || moves.text("items.0.side") != "system" ||
		moves.text("items.0.recorded_via") != "job" ||
		moves.at("items.0.reason") != nil {
		t.Errorf("%s", moves.body)
	}
	for i, p := range links {
		if page := p.open(""); (page.status == 200) != (i == 2) {
			t.Errorf("link %d: %d", i, page.status)
		}
	}
	if page := links[2].reply("accepted", "expired"); page.status != 200 {
		t.Errorf("a late answer: %d %s", page.status, page.html)
	}
	if a := w.as("link_worker").
		get("/referrals/" + referral); a.text("status") != "accepted" ||
		a.at("responded_at") == nil {
		t.Errorf("%s", a.body)
	}
}

// A notice says who writes, from where and why, and how to find out by telephone whether that is true; its
// link stands alone on a line, and replies go to the link worker. Where no number is known it gives none.
func TestANoticeSaysWhoWritesAndWhy(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	w.sentNow("club@example.org")
	c.run()
	without := decoded(smtp.Mail())
	worker := "/link-workers/" + w.worker
	w.as("administrator").
		patch(worker, w.as("administrator").get(worker).header.Get("ETag"), `{"phone":"020 7946 0123"}`).
		want(200)
	w.sentNow("")
	c.run()
	with := decoded(smtp.Mail())
	for name, text := range map[string]string{"without a number": without, "with one": with} {
		for _, words := range []string{
			"Subject: Referral from First site\r\n", "Reply-To: <sam@example.org>",
			"Sam Helper, a link worker at First site, referred somebody to Example Lunch Club on ",
			"this is the address of Example Lunch Club in the directory",
			"First site on a number that you\r\nknow already", "Reference: ", "no password",
			"Content-Type: text/plain",
		} {
			if !strings.Contains(text, words) {
				t.Errorf("%s: no %q in %s", name, words, text)
			}
		}
		if !regexp.MustCompile(`\r\n\r\nhttp://[^\s]+/r/[A-Za-z0-9_-]{43}\r\n\r\n`).MatchString(text) {
			t.Errorf("%s: the link does not stand alone: %s", name, text)
		}
		leaktest.Hidden(
			t,
			name,
			strings.ToLower(text),
			"marigold",
			"example1",
			"loneliness",
			"wednesday",
			"urgent",
			"immediately",
			"click here",
			"act now",
		)
	}
	if !strings.Contains(with, "Call Sam Helper on 020 7946 0123, or First site on") ||
		!strings.Contains(with, "Telephone: 020 7946 0123") ||
		strings.Contains(without, "Telephone") {
		t.Errorf("%s\n%s", with, without)
	}
}

// decoded is a mail with its quoted-printable text undone.
func decoded(m mailtest.Mail) string {
	return strings.ReplaceAll(strings.ReplaceAll(m.Text, "=\r\n", ""), "=3D", "=")
}

// A site's own days hold, and an answer ends the asking.
func TestAnAnswerEndsTheChase(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	site := w.as("administrator").get("/sites/" + w.site)
	w.as("administrator").
		patch("/sites/"+w.site, site.header.Get("ETag"), `{"chase_days":[2],"expiry_days":4}`).
		want(200)
	c := w.clerk(smtp)
	_, answered := w.sentNow("club@example.org")
	c.run()
	p := w.linkIn(smtp.Mail())
	_, silent := w.sentNow("")
	c.run()
	smtp.Mail()
	if page := p.reply("waitlisted", "sent", "reason", "over_3_months"); page.status != 200 {
		t.Fatalf("%d %s", page.status, page.html)
	}
	w.advance("P2D")
	c.run()
	if m := smtp.Mail(); !strings.Contains(m.Text, silent) ||
		!strings.Contains(m.Text, "Subject: Reminder: referral from First site") {
		t.Errorf("%s", m.Text)
	}
	w.advance("P2D")
	c.run()
	smtp.NoMail()
	for referral, want := range map[string]string{answered: "waitlisted", silent: "expired"} {
		if got := w.as("link_worker").get("/referrals/" + referral).text("status"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Without an address, or without a mail server, notices wait in sight, one at a time, until the link worker
// copies the link.
func TestNoticesThatWait(t *testing.T) {
	w := newWorld(t)
	c := w.clerk(nil)
	_, referral := w.sentNow("")
	c.run()
	if n := c.notices(); n.text("items.0.state") != "waiting" || n.text("items.0.channel") != "by_hand" ||
		n.text("items.0.why") != "by_hand" {
		t.Errorf("%s", n.body)
	}
	w.advance("P5D")
	c.run()
	if n := c.notices(); len(n.items()) != 2 || n.text("items.0.why") != "overtaken" ||
		n.text("items.1.state") != "waiting" {
		t.Errorf("%s", n.body)
	}
	p := w.replyLink(referral)
	c.run()
	if n := c.notices(); len(n.items()) != 2 || n.text("items.1.state") != "cancelled" ||
		n.text("items.1.why") != "link_copied" {
		t.Errorf("%s", n.body)
	}
	if page := p.open(""); page.status != 200 {
		t.Errorf("%d", page.status)
	}
	_, other := w.sentNow("club@example.org")
	c.run()
	if n := w.as("link_worker").get("/outbox?subject_id=" + other); n.text("items.0.why") != "no_smtp" {
		t.Errorf("%s", n.body)
	}
	w.as("link_worker").post("/referrals/"+other+"/moves", `{"to":"withdrawn","reason":"sent_in_error"}`).want(200)
	c.run()
	if n := w.as("link_worker").
		get("/outbox?subject_id=" + other); len(n.items()) != 1 || n.text("items.0.state") != "cancelled" ||
		n.text("items.0.why") != "withdrawn" {
		t.Errorf("%s", n.body)
	}
	if n := len(w.as("other_site_link_worker").get("/outbox").items()); n != 0 {
		t.Errorf("another site sees %d messages", n)
	}
}

// Nobody is asked about somebody who no longer agrees, about a draft or a signpost; what a demo told of
// long ago is not asked about.
func TestWhoIsNotAskedAbout(t *testing.T) {
	w := newWorld(t)
	c := w.clerk(mailtest.Start(t, ""))
	patient, _ := w.sentNow("club@example.org")
	w.consent(patient, "share_with_organisations", "withdrawn")
	_, episode := w.supported()
	for _, more := range []string{`,"draft":true`, `,"kind":"signpost"`} {
		w.as("link_worker").
			post("/referrals", fmt.Sprintf(`{"episode_id":%q,"organisation_id":%q,"need":"food"%s}`, episode, w.org, more)).
			made()
	}
	_, told := w.sentNow("")
	ownSQL(w, "update referrals set recorded_via = 'demo' where id = ?", told)
	w.refer(episode) // sent twenty days ago: its time is over
	c.run()
	c.smtp.NoMail()
	if n := c.notices(); len(n.items()) != 0 {
		t.Errorf("%s", n.body)
	}
	w.advance("P14D")
	c.run()
	if got := w.as("link_worker").get("/referrals/" + told).text("status"); got != "expired" {
		t.Errorf("what a demo told of is %s", got)
	}
}

// A draft that is sent, taken back and sent again is asked about again; an answer that was undone does not ask twice.
func TestSentAgainIsAskedAgain(t *testing.T) {
	smtp := mailtest.Start(t, "")
	w := newWorld(t)
	c := w.clerk(smtp)
	_, referral := w.sentNow("club@example.org")
	c.run()
	smtp.Mail()
	path := "/referrals/" + referral
	w.as("organisation").post(path+"/moves", `{"to":"accepted"}`).want(200)
	w.as("link_worker").post(path+"/undo", "").want(200)
	c.run()
	smtp.NoMail()
	_, episode := w.supported()
	path = "/referrals/" + w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,
		"organisation_id":%q,"need":"food","draft":true}`, episode, w.org)).made()
	for range 2 {
		w.as("link_worker").post(path+"/moves", `{"to":"sent"}`).want(200)
		c.run()
		smtp.Mail()
		w.as("link_worker").post(path+"/undo", "").want(200)
		c.run()
		smtp.NoMail()
		w.advance("P1D")
	}
}

// sentTo changes the organisation's address.
func (w *world) sentTo(email string) {
	w.t.Helper()
	org := w.as("administrator").get("/organisations/" + w.org)
	w.as("administrator").
		patch("/organisations/"+w.org, org.header.Get("ETag"), fmt.Sprintf(`{"email":%q}`, email)).
		want(200)
}

// A site may chase nobody; days that stand twice, or out of order, are refused.
func TestASiteSetsItsChaseDays(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	etag := func() string { return admin.get("/sites/" + w.site).want(200).header.Get("ETag") }
	for _, bad := range []string{"[10,5]", "[5,5]", "[0]", "[14]"} {
		admin.patch("/sites/"+w.site, etag(), `{"chase_days":`+bad+`}`).problem(422, "invalid")
	}
	admin.patch("/sites/"+w.site, etag(), `{"chase_days":[]}`).want(200)
	if site := admin.patch("/sites/"+w.site, etag(), `{"name":"First of all"}`).
		want(200); len(
		site.at("chase_days").([]any),
	) != 0 {
		t.Errorf("nobody is to be chased: %s", site.body)
	}
}

// Nobody is asked about somebody who died, or who no longer agrees to share; and whoever reads the list is told so.
func TestNobodyIsAskedAboutTheDeadOrUnwilling(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient, episode := w.supported()
	unwilling, other := w.supported()
	sent, kept := w.refer(episode), w.refer(other)
	etag := lw.get("/patients/" + patient).header.Get("ETag")
	lw.patch("/patients/"+patient, etag, fmt.Sprintf(`{"died_on":%q}`, w.daysAgo(1))).want(200)
	w.consent(unwilling, "share_with_organisations", "withdrawn")
	lw.post("/referrals/"+sent+"/reply-link", ``).problem(409, "conflict")
	lw.post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"need":"food"}`, episode, w.svc)).
		problem(409, "conflict")
	lw.post(
		"/referrals",
		fmt.Sprintf(
			`{"episode_id":%q,"service_id":%q,"need":"food","sent_at":%q}`, episode, w.svc,
			w.db.Clock.Now().AddDate(0, 0, -3).Format(time.RFC3339),
		),
	).want(201)

	// while they lived
	for _, r := range lw.get("/worklists/awaiting_reply").want(200).items() {
		row := r.(map[string]any)
		text := fmt.Sprint(row)
		if row["subject"].(map[string]any)["id"] == kept &&
			(!strings.Contains(text, "no longer agrees") || strings.Contains(text, "create-reply-link")) {
			t.Errorf("consent was withdrawn: %s", text)
		}
	}
}
