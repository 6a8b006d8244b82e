package partners_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"waypost/internal/partners"
	"waypost/internal/platform/events"
)

// A receiver that says when to come back is left alone until then, by everything that is due for it, and
// for a day at most.
func TestRetryAfterIsHeeded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says      string
		from, to  time.Duration // the next try
		asInstant bool
	}{
		{"7200", 2 * time.Hour, 2*time.Hour + 2*time.Minute, false}, {"31536000", 24 * time.Hour, 24*time.Hour + time.Minute, false},
		{"1", 0, time.Minute, false}, {"soon", 0, time.Minute, false}, {"-5", 0, time.Minute, false}, {"", 0, time.Minute, false},
		{"", time.Hour - time.Minute, time.Hour + time.Minute, true},
	} {
		p := newPlace(t)
		var calls atomic.Int64
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			says := c.says
			if c.asInstant {
				says = time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
			}
			if says != "" {
				w.Header().Set("Retry-After", says)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		t.Cleanup(receiver.Close)
		w, err := p.store.AddWebhook(
			p.as,
			partners.WebhookDetails{URL: receiver.URL, Events: []string{"referral.*"}, Enabled: true},
		)
		if err != nil {
			t.Fatal(err)
		}
		p.happen(events.ReferralSent)
		p.deliver()
		d := p.deliveries(w)[0]
		if wait := d.NextTryAt.Sub(
			p.db.Clock.Now(),
		); wait < c.from-time.Minute || wait > c.to ||
			d.State != partners.Pending {
			t.Errorf("%q: tried again in %s, %s", c.says, wait, d.State)
		}
		if c.from < time.Minute {
			continue
		}
		before := calls.Load()
		p.later(c.from / 2)
		p.happen(events.ReferralAccepted)
		p.deliver()
		if calls.Load() != before {
			t.Errorf("%q: called meanwhile about something else", c.says)
		}
		p.later(c.from)
		p.deliver()
		if calls.Load() == before {
			t.Errorf("%q: not called afterwards", c.says)
		}
	}
}
