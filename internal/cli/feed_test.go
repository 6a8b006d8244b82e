package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/partners/partnertest"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/clock"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

// feedLoad is a partner's feed and webhook while others write into the database.
type feedLoad struct {
	t       *testing.T
	i       *instance
	db      *db.DB
	site    uuid.UUID
	key     string
	things  []uuid.UUID
	counts  []int // events of each thing, counted while it is held
	written atomic.Int64
	done    atomic.Bool
	read    []string // ids, as the feed gave them
}

// Eight write, and commit late, out of order or not at all, while a partner reads the feed and a webhook is
// told, and Waypost is killed with -9 three times: each event is in the feed once and in order, and each
// comes to the webhook under one id.
func TestTheFeedAndAWebhookUnderKills(t *testing.T) {
	t.Parallel()
	receiver, s := partnertest.Start(t), newServer(t)
	owner, login := s.database(t, "feed")
	l := &feedLoad{t: t, i: newInstance(t), things: make([]uuid.UUID, 20), counts: make([]int, 20)}
	l.i.more = []string{"WAYPOST_DATABASE_URL=" + owner}
	if out, err := l.i.run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	l.i.more = []string{"WAYPOST_DATABASE_URL=" + login, "WAYPOST_WEBHOOK_ALLOW_PRIVATE=true"}
	l.i.start()
	secret := l.prepare(receiver.URL + "hook")
	receiver.Set("hook", "ok", secret)
	var err error
	if l.db, err = db.Open(db.Config{URL: login, Clock: &clock.Clock{}}); err != nil {
		t.Fatal(err)
	}
	defer l.db.Close()
	events := kills("EVENTS", 1600)
	var write, read sync.WaitGroup
	for range 8 {
		write.Go(func() { l.write(events / 8) })
	}
	read.Go(l.readAll)
	for n := range 3 {
		for int(l.written.Load()) < events*(n+1)/5 {
			time.Sleep(10 * time.Millisecond)
		}
		if n == 2 { // in the middle of delivering
			receiver.Wait("hook", 20)
		}
		l.i.signal(syscall.SIGKILL)
		l.i.start()
	}
	write.Wait()
	l.done.Store(true)
	read.Wait()
	ids := l.verifyFeed(owner, events)
	l.verifyWebhook(receiver, ids)
}

// prepare makes a site, a partner's key and a webhook, and returns its secret.
func (l *feedLoad) prepare(url string) string {
	l.t.Helper()
	admin, err := l.i.run("keys", "create", "--role", "administrator", "--label", "test")
	if err != nil {
		l.t.Fatal(err)
	}
	status, body := l.i.call(admin, "POST", "/sites", "", `{"name":"S","code":"site"}`)
	l.site = uuid.MustParse(idOf(l.t, status, body))
	if l.key, err = l.i.run(
		"keys",
		"create",
		"--role",
		"integration",
		"--label",
		"partner",
		"--site",
		l.site.String(),
	); err != nil {
		l.t.Fatal(err)
	}
	_, body = l.i.call(l.key, "POST", "/webhooks", "", fmt.Sprintf(`{"url":%q,"events":["referral.*"]}`, url))
	for i := range l.things {
		l.things[i] = uuid.New()
	}
	return field(l.t, body, "secret")
}

// write records events of one thing after the other, each while it is held, as a referral is.
func (l *feedLoad) write(n int) {
	for n > 0 {
		i, some := l.i.rand.IntN(len(l.things)), min(n, 1+l.i.rand.IntN(3))
		fails := l.i.rand.IntN(10) == 0
		err := l.db.Do(actor.With(l.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
			tx.Now = tx.Now.Add(-time.Duration(l.i.rand.IntN(5000)) * time.Millisecond)
			if err := tx.Exec("select pg_advisory_xact_lock(?)", 1000+i).Error; err != nil {
				return err
			}
			var log events.Log
			for k := range some {
				log.Record(
					tx,
					events.ReferralAccepted,
					events.Subject{ID: l.things[i], SiteID: l.site, ReferralID: l.things[i]},
					events.Data{"n": strconv.Itoa(l.counts[i] + k + 1)},
				)
			}
			if err := log.Copy(tx); err != nil { // at once, and not with the commit
				return err
			}
			time.Sleep(time.Duration(l.i.rand.ExpFloat64()*3) * time.Millisecond)
			if fails {
				return errUndone
			}
			l.counts[i] += some
			return nil
		})
		if err == nil {
			n -= some
			l.written.Add(int64(some))
		} else if !fails {
			l.t.Error(err)
			return
		}
	}
}

var errUndone = fmt.Errorf("undone")

// readAll reads the feed, page after page, until everybody has written and nothing is new.
func (l *feedLoad) readAll() {
	cursor := ""
	for {
		over := l.done.Load()
		status, body := l.i.call(
			l.key,
			"GET",
			"/events?types=referral.*&limit="+strconv.Itoa(20+l.i.rand.IntN(180))+"&cursor="+cursor,
			"",
			"",
		)
		if status == 0 || status == http.StatusServiceUnavailable {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		var page struct {
			Items []struct{ ID string }
			Next  string `json:"next_cursor"`
		}
		if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
			l.t.Errorf("%d %s", status, body)
			return
		}
		for _, e := range page.Items {
			l.read = append(l.read, e.ID)
		}
		if cursor = page.Next; over && len(page.Items) == 0 {
			return
		}
	}
}

// verifyFeed compares what was read with what is in the database, and returns the ids of it.
func (l *feedLoad) verifyFeed(owner string, want int) []string {
	var rows []struct {
		ID, Subject string
		N           int
	}
	text := query(
		l.t,
		owner,
		"select coalesce(json_agg(json_build_object('ID', id, 'Subject', subject_id, 'N', (data->>'n')::int) "+
			"order by position), '[]')::text from events where type = 'referral.accepted'",
	)
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		l.t.Fatal(err)
	}
	var ids []string
	last := map[string]int{}
	for _, r := range rows {
		ids = append(ids, r.ID)
		if r.N != last[r.Subject]+1 {
			l.t.Errorf("event %d of a thing stands after its event %d", r.N, last[r.Subject])
		}
		last[r.Subject] = r.N
	}
	if len(ids) != want || !slices.Equal(ids, l.read) {
		l.t.Errorf(
			"%d events were written, %d are there, %d were read, and not in their one order",
			want,
			len(ids),
			len(l.read),
		)
	}
	return ids
}

func (l *feedLoad) verifyWebhook(r *partnertest.Receiver, ids []string) {
	sent := map[string]int{}
	for range 240 {
		clear(sent)
		for _, m := range r.Got("hook") {
			sent[m.ID]++
			if !m.Verified {
				l.t.Fatalf("not verified: %+v", m)
			}
		}
		if len(sent) >= len(ids) {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	missing, twice := 0, 0
	for _, id := range ids {
		if sent[id] == 0 {
			missing++
		} else if sent[id] > 1 {
			twice++
		}
		delete(sent, id)
	}
	if missing > 0 || len(sent) > 0 {
		l.t.Errorf("%d of %d events never came, and %d that nobody wrote did", missing, len(ids), len(sent))
	}
	l.t.Logf("%d events read in order; all came to the webhook, %d of them more than once", len(ids), twice)
}
