package api_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"waypost/api"
	"waypost/internal/partners"
	"waypost/internal/partners/partnertest"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/telemetry"
)

// An organisation accepts on a phone whose browser runs no script, in one press; the referral's timeline
// shows it at once. Later it says by the same link that the person came, and what became of it.
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
	if last["type"] != "referral.accepted" || last["side"] != "organisation" ||
		last["data"].(map[string]any)["via"] != "link" {
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
	if a := lw.get("/referrals/" + referral).
		want(200); a.text("status") != "not_completed" || a.text("status_reason") != "transport" ||
		a.text("first_attended_on") != w.today() ||
		a.text("organisation_account.attended") != "yes" {
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
	hook := w.as("integration").
		post("/webhooks", fmt.Sprintf(`{"url":%q,"events":["referral.*"]}`, receiver.URL+"partner")).
		want(201)
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
	if err := errors.Join(
		store.Publish(job),
		store.Deliver(job, telemetry.NewMetrics(w.db, telemetry.Build{Version: api.Version})),
	); err != nil {
		t.Fatal(err)
	}
	told := false
	for _, m := range receiver.Wait("partner", 2) {
		told = told ||
			m.Verified && strings.Contains(m.Body, `"type":"referral.accepted"`) && strings.Contains(m.Body, referral)
		if strings.Contains(m.Body, "Marigold") || strings.Contains(m.Body, "Lives alone") {
			t.Errorf("the partner is told of a person: %s", m.Body)
		}
	}
	if !told {
		t.Errorf("the partner was told %v", receiver.Got("partner"))
	}
}

// Yes and no are on the first screen of a small phone, whatever the names, and no page scrolls sideways, at
// 400 % zoom either.
func TestYesAndNoAreOnTheFirstScreen(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	for path, name := range map[string]string{
		"/sites/" + w.site:        "Lower Riverside and Northern Hills Primary Care Network",
		"/organisations/" + w.org: "The Friends of Example Community Gardens and Allotments",
		"/services/" + w.svc:      "Thursday afternoon gardening",
	} {
		admin.patch(path, admin.get(path).header.Get("ETag"), `{"name":"`+name+`"}`).want(200)
	}
	_, episode := w.supported()
	referral := w.refer(episode)
	link := w.replyLink(referral).link
	p := newPhone(t)
	p.do(chromedp.EmulateViewport(360, 640, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(link))
	for _, selector := range []string{"button", `a[href$="/declined"]`} {
		if bottom := p.number(
			`document.querySelector('` + selector + `').getBoundingClientRect().bottom`,
		); bottom > 640 {
			t.Errorf("%s ends at %v of 640", selector, bottom)
		}
	}
	p.picture("reply-360")
	w.as("organisation").
		post("/referrals/"+referral+"/attendances", `{"on":"`+w.today()+`","attended":true,"reported_by":"organisation"}`).
		want(201)
	back := `/taken_back?attendance=` + w.as("organisation").
		get("/referrals/"+referral+"/attendances").
		text("items.0.id")
	p.media("print")
	p.do(chromedp.EmulateViewport(700, 1000), chromedp.Navigate(link))
	p.picture("reply-on-paper")
	p.media("")
	for _, wide := range []int64{360, 320, 768} { // 320: a screen of 1280 at 400 %
		for name, path := range map[string]string{
			"reply": "", "reply-not-completed": "/not_completed", "reply-came": "/attended",
			"reply-did-not-come": "/did_not_attend", "reply-question": "/question", "reply-taken-back": back,
		} {
			p.do(chromedp.EmulateViewport(wide, 640, chromedp.EmulateMobile), chromedp.Navigate(link+path))
			if width := p.number(`document.documentElement.scrollWidth`); width > float64(wide) {
				t.Errorf("%s at %d is %v wide", name, wide, width)
			}
			p.picture(fmt.Sprintf("%s-%d", name, wide))
		}
	}
}

// axe-core finds nothing to mend on any of the pages for organisations.
func TestReplyPagesAreAccessible(t *testing.T) {
	w := newWorld(t)
	patient, episode := w.supported()
	link := w.replyLink(w.refer(episode)).link
	p, _, judge := judgedPhone(t)
	for _, path := range []string{"", "/waitlisted", "/declined", "/attended", "/accepted", "/question"} {
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
	p.do(chromedp.Navigate(link + "/attended"))
	p.follow("button")
	judge("they came")
	p.follow(`a[href*="/taken_back"]`)
	judge("to be taken back")
	p.follow("button")
	judge("taken back")
	w.consent(patient, "share_with_organisations", "withdrawn")
	p.do(chromedp.Navigate(link))
	judge("without consent")
	p.do(chromedp.Navigate(w.url + "/r/nobody"))
	judge("gone")
}
