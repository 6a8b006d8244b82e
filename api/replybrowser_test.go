package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"waypost/internal/partners"
	"waypost/internal/partners/partnertest"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/telemetry"
)

// An organisation accepts on a phone whose browser runs no script, in one press; the referral's timeline shows it at once. Later it
// says by the same link that the person came, and what became of it.
func TestAPhoneAcceptsAReferral(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	referral := w.refer(episode)
	p := newPhone(t).withoutScript(w)
	p.do(chromedp.Navigate(w.replyLink(referral).link))
	if got := p.title(); got != "Can you take this person?" {
		t.Fatalf("begins with %q", got)
	}
	if got := p.follow("button"); got != "You can take this person" {
		t.Fatalf("accepted: %q", got)
	}
	lw := w.as("link_worker")
	timeline := lw.get("/referrals/" + referral + "/timeline?limit=200").want(200)
	last := timeline.items()[len(timeline.items())-1].(map[string]any)
	if last["type"] != "referral.accepted" || last["side"] != "organisation" || last["data"].(map[string]any)["via"] != "link" {
		t.Errorf("%s", timeline.body)
	}
	if got := p.follow(`a[href$="/attended"]`); got != "When did they come?" {
		t.Fatalf("then %q", got)
	}
	if got := p.follow("button"); got != "This person has started" {
		t.Fatalf("they came: %q", got)
	}
	p.follow(`a[href$="/not_completed"]`)
	if got := p.follow("button"); got != "Error: Why did it not work out?" {
		t.Fatalf("without a reason: %q", got)
	}
	p.do(chromedp.Click(`input[value="transport"]`), chromedp.SendKeys("#note", "The bus was cut"))
	if got := p.follow("button"); got != "It did not work out" {
		t.Fatalf("at the end: %q", got)
	}
	if a := lw.get("/referrals/" + referral).want(200); a.text("status") != "not_completed" || a.text("status_reason") != "transport" || a.text("first_attended_on") != w.today() || a.text("organisation_account.attended") != "yes" {
		t.Errorf("%s", a.body)
	}
	if moves := lw.get("/referrals/" + referral + "/moves"); !strings.Contains(string(moves.body), "The bus was cut") {
		t.Errorf("%s", moves.body)
	}
}

// What an organisation answers on a phone is what the partner's webhook is told, signed, and without a person.
func TestAnAnswerOnAPhoneReachesThePartnersWebhook(t *testing.T) {
	w := newWorld(t)
	receiver := partnertest.Start(t)
	hook := w.as("integration").post("/webhooks", fmt.Sprintf(`{"url":%q,"events":["referral.*"]}`, receiver.URL+"partner")).want(201)
	receiver.Set("partner", "ok", hook.text("secret"))
	_, episode := w.supported()
	referral := w.refer(episode)
	p := newPhone(t).withoutScript(w)
	p.do(chromedp.Navigate(w.replyLink(referral).link))
	if got := p.follow("button"); got != "You can take this person" {
		t.Fatalf("accepted: %q", got)
	}
	store := partners.Store{DB: w.db, Target: outward.New(outward.Config{AllowPrivate: true})}
	job := db.Background(actor.With(t.Context(), actor.Named("webhooks")))
	if err := errors.Join(store.Publish(job), store.Deliver(job, telemetry.NewMetrics(w.db, Version))); err != nil {
		t.Fatal(err)
	}
	told := false
	for _, m := range receiver.Wait("partner", 2) {
		told = told || m.Verified && strings.Contains(m.Body, `"type":"referral.accepted"`) && strings.Contains(m.Body, referral)
		if strings.Contains(m.Body, "Marigold") || strings.Contains(m.Body, "Lives alone") {
			t.Errorf("the partner is told of a person: %s", m.Body)
		}
	}
	if !told {
		t.Errorf("the partner was told %v", receiver.Got("partner"))
	}
}

// axe-core finds nothing to mend on any of the pages for organisations.
func TestReplyPagesAreAccessible(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	link := w.replyLink(w.refer(episode)).link
	p, _, judge := judgedPhone(t)
	for _, path := range []string{"", "/waitlisted", "/declined", "/attended"} {
		p.do(chromedp.Navigate(link + path))
		judge("page " + path)
	}
	p.do(chromedp.Navigate(link + "/declined"))
	p.follow("button")
	judge("without a reason")
	p.do(chromedp.Navigate(link))
	p.follow("button")
	judge("accepted")
	for _, path := range []string{"/did_not_attend", "/completed", "/not_completed"} {
		p.do(chromedp.Navigate(link + path))
		judge("page " + path)
	}
	w.consent(patient, "share_with_organisations", "withdrawn")
	p.do(chromedp.Navigate(link))
	judge("without consent")
	p.do(chromedp.Navigate(w.url + "/r/nobody"))
	judge("gone")
}
