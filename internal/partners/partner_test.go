package partners_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"waypost/internal/keys"
	"waypost/internal/partners"
	"waypost/internal/partners/partnertest"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/telemetry"
)

func TestTestingReplayingAndANewSecret(t *testing.T) {
	t.Parallel()
	r, p := partnertest.Start(t), newPlace(t)
	p.happen(events.ReferralSent)
	_, end := p.read(p.as, "", 50)
	w := p.hook(r, "x", "ok", "referral.accepted", "referral.declined")
	if _, err := p.store.Test(p.as, w.ID); err != nil {
		t.Fatal(err)
	}
	p.deliver()
	if got := r.Got("x"); len(got) != 1 || !got[0].Verified || !strings.Contains(got[0].Body, `"webhook.test"`) {
		t.Fatalf("the test sent %+v", got)
	}
	p.happen(events.ReferralAccepted, events.ReferralSent, events.ReferralDeclined)
	p.deliver()
	first := r.Wait("x", 3)[1:]
	if _, err := p.store.Replay(p.as, w.ID, end); err != nil {
		t.Fatal(err)
	}
	renewed, err := p.store.ReplaceSecret(p.as, w.ID)
	if err != nil || renewed.Secret == w.Secret || p.get(w).Secret != "" {
		t.Fatalf("%+v %v", renewed, err)
	}
	p.deliver()
	again := r.Wait("x", 5)[3:]
	if ids(first) != ids(again) || !again[0].Verified {
		t.Errorf("replayed: %v, then %v", first, again)
	}
	r.Set("x", "ok", renewed.Secret)
	p.later(23 * time.Hour)
	p.happen(events.ReferralAccepted)
	p.deliver()
	p.later(2 * time.Hour)
	p.happen(events.ReferralAccepted)
	p.deliver()
	got := r.Wait("x", 7)[5:]
	if !got[0].Verified || !got[1].Verified || strings.Count(got[0].Signature, "v1,") != 2 ||
		strings.Count(got[1].Signature, "v1,") != 1 {
		t.Errorf("within and after a day: %+v", got)
	}
	if _, err := p.store.Replay(p.key(actor.Integration, p.site), w.ID, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("another partner replays: %v", err)
	}
}

// A replay of thousands holds up nothing that happens meanwhile, and nothing is left out of it.
func TestWhatHappensGoesBeforeAReplay(t *testing.T) {
	t.Parallel()
	const many = 2000
	r, p := partnertest.Start(t), newPlace(t)
	p.happen(events.ReferralSent)
	_, cursor := p.read(p.as, "", 50)
	w := p.hook(r, "x", "ok")
	p.happen(slices.Repeat([]events.Kind{events.ReferralSent}, many)...)
	p.deliver()
	before := len(r.Wait("x", many))
	if _, err := p.store.Replay(p.as, w.ID, cursor); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		done <- p.store.Deliver(p.job("webhooks"), telemetry.NewMetrics(p.db, telemetry.Build{Version: "test"}))
	}()
	r.Wait("x", before+50) // it is under way
	kinds := []events.Kind{events.ReferralAccepted, events.ReferralInProgress, events.ReferralCompleted}
	for _, kind := range kinds {
		p.happen(kind)
	}
	at := len(r.Got("x"))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	got := r.Wait("x", before+many+len(kinds))
	if len(got) != before+many+len(kinds) {
		t.Errorf("%d came, not %d", len(got), before+many+len(kinds))
	}
	sent := map[string]int{}
	for i, m := range got {
		sent[m.ID]++
		if !strings.Contains(m.Body, "referral.sent") && i > at+100 {
			t.Errorf("what happened when %d were sent came as number %d", at, i)
		}
	}
	if len(sent) != many+len(kinds) {
		t.Errorf("%d different ones came", len(sent))
	}
	if w = p.get(w); w.ReplayPosition != nil || w.ReplayUntil != nil {
		t.Errorf("the replay is still under way: %+v", w)
	}
}

func ids(list []partnertest.Message) string {
	var all []string
	for _, m := range list {
		all = append(all, m.ID)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// A webhook is told what its partner's keys may see, and nothing once none of them works. A key that takes the place of
// another has the same webhooks and cursors; another partner has neither.
func TestAWebhookGoesWithItsPartner(t *testing.T) {
	t.Parallel()
	r, p := partnertest.Start(t), newPlace(t)
	w := p.hook(r, "x", "ok", "*")
	test := actor.With(t.Context(), actor.Named("test"))
	elsewhere := uuid.New()
	p.do(func(tx *db.Tx) error {
		if err := tx.Exec(
			"insert into sites (id, name, code, created_at, updated_at) values (?, 'O', 'o', ?, ?)",
			elsewhere,
			tx.Now,
			tx.Now,
		).Error; err != nil {
			return err
		}
		return note(tx, elsewhere, uuid.New(), events.ReferralSent, nil)
	})
	p.happen(events.ReferralAccepted)
	p.deliver()
	if got := r.Got("x"); len(got) != 1 || !strings.Contains(got[0].Body, "referral.accepted") {
		t.Fatalf("it was told of %+v", got)
	}
	_, cursor := p.read(p.as, "", 50)
	old := actor.From(p.as).KeyID
	if err := (&keys.Store{DB: p.db}).Revoke(test, old); err != nil {
		t.Fatal(err)
	}
	p.happen(events.ReferralDeclined)
	p.deliver()
	if n := len(r.Got("x")); n != 1 {
		t.Errorf("without a key it was sent %d messages", n)
	}
	fresh, err := (&keys.Store{DB: p.db}).Add(
		test,
		keys.NewKey{
			Role:     actor.Integration,
			Details:  keys.Details{Label: "new"},
			SiteIDs:  db.IDs{p.site},
			Replaces: &old,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	p.as = actor.With(t.Context(), actor.Actor{Role: actor.Integration, KeyID: fresh.ID, Sites: db.IDs{p.site}})
	p.deliver()
	if n := len(r.Got("x")); n != 2 || p.get(w).ID != w.ID {
		t.Errorf("with a key again it was sent %d messages", n)
	}
	if list, _ := p.read(p.as, cursor, 50); len(list) != 1 || list[0].Type != "referral.declined" {
		t.Errorf("the cursor goes on with %v", list)
	}
	stranger := p.key(actor.Integration, p.site)
	if _, err := p.store.Events(stranger, cursor, nil, 50); !fault.Is(err, fault.Invalid) {
		t.Errorf("another partner's cursor: %v", err)
	}
	if list, err := p.store.Webhooks(stranger, db.Page[uuid.UUID]{Limit: 50}); err != nil || len(list) != 0 {
		t.Errorf("another partner's webhooks: %v %v", list, err)
	}
	for _, n := range []keys.NewKey{{Role: actor.Administrator},
		{Role: actor.Integration, SiteIDs: db.IDs{elsewhere}},
		{Role: actor.Integration, SiteIDs: db.IDs{p.site, elsewhere}}} {
		n.Label, n.Replaces = "x", &old
		if _, err := (&keys.Store{DB: p.db}).Add(test, n); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v takes the place of a narrower key: %v", n, err)
		}
	}
}

// A set back database gives positions away again: a cursor of what is gone is told so.
func TestACursorOfWhatIsGone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.happen(events.ReferralSent)
	_, cursor := p.read(p.as, "", 50)
	c, _ := partners.ParseCursor(cursor)
	c.Event = uuid.New()
	if _, err := p.store.Events(p.as, c.String(), nil, 50); !fault.Is(err, fault.Conflict) {
		t.Errorf("another event at its position: %v", err)
	}
	c.Position += 100
	if _, err := p.store.Events(p.as, c.String(), nil, 50); !fault.Is(err, fault.Conflict) {
		t.Errorf("a position ahead: %v", err)
	}
	for _, bad := range []string{"x", cursor[:20], cursor + "AAAA", "é"} {
		if _, err := p.store.Events(p.as, bad, nil, 50); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Under a master key the secret in the database is of no use without it, nor elsewhere.
func TestSecretsAreEncryptedUnderAMasterKey(t *testing.T) {
	t.Parallel()
	r, p := partnertest.Start(t), newPlace(t)
	plain := p.hook(r, "plain", "ok")
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	if p.store.Cipher, err = aead.New(handle); err != nil {
		t.Fatal(err)
	}
	w := p.hook(r, "sealed", "ok")
	var stored []byte
	p.do(func(tx *db.Tx) error {
		return tx.Raw("select secret from webhooks where id = ?", w.ID).Row().Scan(&stored)
	})
	if strings.Contains(string(stored), w.Secret) || len(stored) == 0 {
		t.Error("the secret lies open")
	}
	p.happen(events.ReferralSent)
	p.deliver()
	for _, name := range []string{"plain", "sealed"} {
		if got := r.Wait(name, 1); !got[0].Verified {
			t.Errorf("%s: not verified", name)
		}
	}
	p.do(func(tx *db.Tx) error {
		return tx.Exec("update webhooks set secret = ?, sealed = true where id = ?", stored, plain.ID).Error
	})
	if _, err := p.store.ReplaceSecret(p.as, plain.ID); !fault.Is(err, fault.Internal) {
		t.Errorf("a secret of another row opens: %v", err)
	}
	p.happen(events.ReferralAccepted)
	if err := p.store.Deliver(
		p.job("webhooks"),
		telemetry.NewMetrics(p.db, telemetry.Build{Version: "test"}),
	); !fault.Is(
		err,
		fault.Internal,
	) {
		t.Errorf("with a secret that does not open: %v", err)
	}
	if got := r.Wait("sealed", 2); len(r.Got("plain")) != 1 || !got[1].Verified {
		t.Error("one webhook that cannot be served keeps another waiting")
	}
}
