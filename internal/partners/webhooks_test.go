package partners_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/partners"
	"waypost/internal/partners/partnertest"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/telemetry"
)

// hook makes a webhook at a receiver, which answers it so.
func (p *place) hook(r *partnertest.Receiver, name, answer string, types ...string) partners.Webhook {
	p.t.Helper()
	if len(types) == 0 {
		types = []string{"referral.*"}
	}
	w, err := p.store.AddWebhook(p.as, partners.WebhookDetails{URL: r.URL + name, Events: types, Enabled: true})
	if err != nil {
		p.t.Fatal(err)
	}
	r.Set(name, answer, w.Secret)
	return w
}

// happen records events and publishes them.
func (p *place) happen(kinds ...events.Kind) {
	p.t.Helper()
	p.do(func(tx *db.Tx) error {
		for _, kind := range kinds {
			if err := note(tx, p.site, uuid.New(), kind, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err := p.store.Publish(p.job("feed")); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) job(name string) context.Context {
	return actor.With(db.Background(p.t.Context()), actor.Named(name))
}

// deliver runs the job once.
func (p *place) deliver() {
	p.t.Helper()
	if err := p.store.Deliver(
		p.job("webhooks"),
		telemetry.NewMetrics(p.db, telemetry.Build{Version: "test"}),
	); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) later(d time.Duration) { p.db.Clock.SetOffset(p.db.Clock.Offset() + d) }

func (p *place) deliveries(w partners.Webhook) []partners.Delivery {
	p.t.Helper()
	list, err := p.store.Deliveries(p.as, w.ID, "", db.Page[uuid.UUID]{Limit: 200})
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

func (p *place) get(w partners.Webhook) partners.Webhook {
	p.t.Helper()
	w, err := p.store.GetWebhook(p.as, w.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}

// Whatever receivers answer is noted, and none of them keeps another waiting.
func TestReceiversOfAllKinds(t *testing.T) {
	t.Parallel()
	r, p := partnertest.Start(t), newPlace(t)
	want := map[string]struct {
		state   partners.DeliveryState
		outcome string
		status  int
	}{
		"ok": {
			partners.Delivered,
			"delivered",
			204,
		},
		"drip": {partners.Delivered, "delivered", 200},
		"huge": {partners.Delivered, "delivered", 200},
		"fail": {
			partners.Pending,
			"refused",
			500,
		},
		"redirect": {partners.Pending, "redirected", 302},
		"gone":     {partners.Pending, "gone", 410},
		"stall":    {partners.Pending, "timed_out", 0},
	}
	hooks := map[string]partners.Webhook{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		hooks[name] = p.hook(r, name, name)
	}
	p.happen(events.ReferralSent, events.FollowUpCompleted)
	began := time.Now()
	ended := make(chan bool)
	go func() { p.deliver(); close(ended) }()
	r.Wait("ok", 1)
	p.happen(events.ReferralAccepted) // while one stalls
	r.Wait("ok", 2)
	select {
	case <-ended:
		t.Errorf("the quick one waited for the one that stalls: %s", time.Since(began))
	default:
	}
	if <-ended; time.Since(began) < 9*time.Second {
		t.Errorf("the one that stalls was not waited for: %s", time.Since(began))
	}
	for name, w := range hooks {
		list := p.deliveries(w)
		last := list[len(list)-1] // the first that was made
		if len(last.Tried) == 0 {
			t.Errorf("%s: not tried", name)
			continue
		}
		a, is := last.Tried[0], want[name]
		status := 0
		if a.Status != nil {
			status = *a.Status
		}
		if last.State != is.state || string(a.Outcome) != is.outcome || status != is.status {
			t.Errorf("%s: %+v", name, last)
		}
		for _, m := range r.Got(name) {
			if !m.Verified {
				t.Errorf("%s was sent what the specification's library does not verify", name)
			}
			if !strings.HasPrefix(m.Body, `{"type":"referral.`) {
				t.Errorf("%s was told of what it did not ask for: %s", name, m.Body)
			}
		}
	}
	if len(r.Got("redirected")) > 0 {
		t.Error("a redirect was followed")
	}
	if w := p.get(hooks["gone"]); w.Enabled || *w.DisabledReason != "gone" {
		t.Errorf("after 410 it is %+v", w)
	}
	if w := p.get(hooks["fail"]); !w.Enabled || w.FailingSince == nil {
		t.Errorf("after 500 it is %+v", w)
	}
}

// What happened while nothing was sent is more than is made deliveries of at once: none of it is passed over.
func TestManyEventsAtOnce(t *testing.T) {
	t.Parallel()
	r, p := partnertest.Start(t), newPlace(t)
	p.hook(r, "x", "ok")
	p.happen(slices.Repeat([]events.Kind{events.ReferralSent, events.EpisodeOpened}, 700)...)
	p.deliver()
	if n := len(r.Wait("x", 700)); n != 700 {
		t.Errorf("%d came", n)
	}
	pages, cursor, more, found := 0, "", true, 0
	for ; more; pages++ {
		f, err := p.store.Events(p.as, cursor, db.Texts{"referral.*"}, 200)
		if err != nil {
			t.Fatal(err)
		}
		cursor, more, found = f.Next.String(), f.More, found+len(f.Items)
	}
	if pages != 4 || found != 700 {
		t.Errorf("%d were read in %d pages, until there was no more", found, pages)
	}
}

// What fails is tried for days, under one id, and given up then; a receiver that comes back gets it.
func TestRetriesForDays(t *testing.T) {
	t.Parallel()
	r, p := partnertest.Start(t), newPlace(t)
	w := p.hook(r, "x", "fail")
	p.happen(events.ReferralSent)
	began := p.db.Clock.Now()
	for range 40 {
		p.deliver()
		d := p.deliveries(w)[0]
		if d.State != partners.Pending {
			break
		}
		p.later(d.NextTryAt.Sub(p.db.Clock.Now()) + time.Second)
	}
	d, took := p.deliveries(w)[0], p.db.Clock.Now().Sub(began)
	if d.State != partners.Failed || d.Tries != 10 || len(d.Tried) != 10 || took < 60*time.Hour || took > 96*time.Hour {
		t.Fatalf("after %s: %+v", took, d)
	}
	for _, m := range r.Got("x") {
		if m.ID != d.EventID.String() || !m.Verified {
			t.Errorf("%+v", m)
		}
	}
	r.Stop()
	p.happen(events.ReferralAccepted)
	p.later(pastBackoff)
	p.deliver()
	if a := p.deliveries(w)[0].Tried; len(a) != 1 || a[0].Outcome != "unreachable" || a[0].Status != nil {
		t.Errorf("without a receiver: %+v", a)
	}
	r.Run()
	r.Set("x", "ok", w.Secret)
	p.later(pastBackoff)
	p.deliver()
	got := r.Got("x")
	if last := got[len(got)-1]; p.deliveries(w)[0].State != partners.Delivered || !last.Verified ||
		last.ID != p.deliveries(w)[0].EventID.String() {
		t.Errorf("it came back, and was sent %+v", last)
	}
	if _, err := p.store.Retry(p.as, w.ID, d.ID); err != nil { // the one that was given up
		t.Fatal(err)
	}
	p.deliver()
	if again, err := p.store.GetDelivery(
		p.as,
		w.ID,
		d.ID,
	); err != nil || again.State != partners.Delivered || again.Tries != 1 ||
		len(again.Tried) != 11 {
		t.Errorf("%+v %v", again, err)
	}
}

const pastBackoff = 6 * time.Minute

// A webhook through which nothing gets for days is disabled, and goes on where it stopped.
func TestAWebhookThatFailsForDaysIsDisabled(t *testing.T) {
	t.Parallel()
	r, p := partnertest.Start(t), newPlace(t)
	w := p.hook(r, "x", "fail")
	p.happen(events.ReferralSent)
	p.deliver()
	p.later(5*24*time.Hour + time.Minute)
	p.happen(events.ReferralAccepted)
	p.deliver()
	if w = p.get(w); w.Enabled || *w.DisabledReason != "failing" {
		t.Fatalf("%+v", w)
	}
	if _, err := p.store.Test(p.as, w.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a test of a disabled one: %v", err)
	}
	p.happen(events.ReferralWithdrawn)
	r.Set("x", "ok", "")
	before := len(r.Got("x"))
	p.later(time.Hour)
	p.deliver()
	if n := len(r.Got("x")); n != before {
		t.Error("a disabled one is sent something")
	}
	enable := partners.WebhookChanges{}
	if err := json.Unmarshal([]byte(`{"enabled":true}`), &enable); err != nil {
		t.Fatal(err)
	}
	if w, err := p.store.ChangeWebhook(
		p.as,
		w.ID,
		w.Version,
		enable,
	); err != nil || !w.Enabled ||
		w.DisabledReason != nil {
		t.Fatalf("%+v %v", w, err)
	}
	p.deliver()
	for _, d := range p.deliveries(w) {
		if d.State != partners.Delivered {
			t.Errorf("%+v", d)
		}
	}
	if n := len(p.deliveries(w)); n != 3 {
		t.Errorf("%d deliveries: what happened meanwhile is lost", n)
	}
}
