package partners_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/keys"
	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/events"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/randtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// place is a database with one site, and a key of its partner.
type place struct {
	t     *testing.T
	db    *db.DB
	store *partners.Store
	site  uuid.UUID
	as    context.Context // the partner's
}

func newPlace(t *testing.T) *place {
	t.Helper()
	d := dbtest.New(t)
	p := &place{
		t:     t,
		db:    d,
		store: &partners.Store{DB: d, Target: outward.New(outward.Config{AllowPrivate: true})},
		site:  uuid.New(),
	}
	p.do(func(tx *db.Tx) error {
		return tx.Exec(
			"insert into sites (id, name, code, created_at, updated_at) values (?, 'S', 's', ?, ?)",
			p.site,
			tx.Now,
			tx.Now,
		).Error
	})
	p.as = p.key(actor.Integration, p.site)
	return p
}

func (p *place) do(f func(tx *db.Tx) error) {
	p.t.Helper()
	if err := p.db.Do(actor.With(p.t.Context(), actor.Named("test")), f); err != nil {
		p.t.Fatal(err)
	}
}

// key makes a key, and returns how its holder acts.
func (p *place) key(role actor.Role, sites ...uuid.UUID) context.Context {
	p.t.Helper()
	k, err := (&keys.Store{DB: p.db}).Add(
		actor.With(p.t.Context(), actor.Named("test")),
		keys.NewKey{Role: role, Details: keys.Details{Label: "test"}, SiteIDs: sites},
	)
	if err != nil {
		p.t.Fatal(err)
	}
	return actor.With(p.t.Context(), actor.Actor{Role: role, KeyID: k.ID, Sites: sites})
}

// note records an event of the site about a referral.
func note(tx *db.Tx, site, thing uuid.UUID, kind events.Kind, data events.Data) error {
	return events.Record(tx, kind, events.Subject{ID: thing, SiteID: site, ReferralID: thing}, data)
}

// read reads the whole feed from a cursor on, a page after the other.
func (p *place) read(as context.Context, cursor string, limit int) (list []partners.Event, next string) {
	p.t.Helper()
	for {
		f, err := p.store.Events(as, cursor, nil, limit)
		if err != nil {
			p.t.Fatal(err)
		}
		list, cursor = append(list, f.Items...), f.Next.String()
		if len(f.Items) == 0 {
			return list, cursor
		}
	}
}

// A transaction that began first and commits last gets the later position, and is not passed over.
func TestALateCommitIsNotPassedOver(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	_, cursor := p.read(p.as, "", 50)
	early, written, commit := uuid.New(), make(chan bool), make(chan bool)
	var late sync.WaitGroup
	late.Go(func() {
		p.do(func(tx *db.Tx) error {
			var l events.Log // a copy is written at once, and not with the commit
			l.Record(tx, events.ReferralSent, events.Subject{ID: early, SiteID: p.site}, nil)
			if err := l.Copy(tx); err != nil {
				return err
			}
			close(written)
			<-commit
			return nil
		})
	})
	<-written
	p.do(func(tx *db.Tx) error { return note(tx, p.site, uuid.New(), events.ReferralAccepted, nil) })
	first, cursor := p.read(p.as, cursor, 50)
	close(commit)
	late.Wait()
	second, _ := p.read(p.as, cursor, 50)
	if len(first) != 1 || first[0].Type != "referral.accepted" || len(second) != 1 || second[0].Subject.ID != early {
		t.Errorf("first %v, then %v", first, second)
	}
}

// Of one thing the events stand in the order in which they were made, though the one that waited for the
// other began before it.
func TestEventsOfOneReferralStandInTheirOwnOrder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	thing, begun := uuid.New(), make(chan bool)
	hold := func(tx *db.Tx) error {
		return tx.Exec("select from sites where id = ? for no key update", p.site).Error
	}
	var waits sync.WaitGroup
	p.do(func(tx *db.Tx) error {
		if err := hold(tx); err != nil {
			return err
		}
		waits.Go(func() {
			p.do(func(other *db.Tx) error {
				other.Now = tx.Now.Add(-time.Hour) // its clock, and so its event's id, is before the other's
				close(begun)
				if err := hold(other); err != nil {
					return err
				}
				return note(other, p.site, thing, events.ReferralWithdrawn, nil)
			})
		})
		<-begun
		time.Sleep(100 * time.Millisecond)
		return note(tx, p.site, thing, events.ReferralAccepted, nil)
	})
	waits.Wait()
	list, _ := p.read(p.as, "", 50)
	if n := len(list); n < 2 || list[n-2].Type != "referral.accepted" || list[n-1].Type != "referral.withdrawn" {
		t.Errorf("%v", list)
	}
}

// Eight write, and commit late and out of order, while several read: every reader reads each event once, in one order.
func TestTheFeedUnderLoad(t *testing.T) {
	t.Parallel()
	const writers, each, readers, things = 8, 60, 3, 5
	p, dice := newPlace(t), randtest.New(t)
	var write, read sync.WaitGroup
	done := make(chan bool)
	subjects, counts := make([]uuid.UUID, things), make([]int, things)
	for i := range subjects {
		subjects[i] = uuid.New()
	}
	for range writers {
		write.Go(func() {
			for range each {
				p.do(func(tx *db.Tx) error {
					i := dice.IntN(things)
					if err := tx.Exec("select pg_advisory_xact_lock(?)", 1000+i).Error; err != nil {
						return err
					}
					tx.Now = tx.Now.Add(-time.Duration(dice.IntN(1000)) * time.Millisecond)
					counts[i]++ // under the lock
					err := note(tx, p.site, subjects[i], events.ReferralAccepted, events.Data{"n": strconv.Itoa(counts[i])})
					time.Sleep(time.Duration(dice.IntN(5)) * time.Millisecond)
					return err
				})
			}
		})
	}
	seen, cursors := make([][]partners.Event, readers), make([]string, readers)
	readOn := func(i int) {
		some, cursor := p.read(p.as, cursors[i], 7+i)
		seen[i], cursors[i] = append(seen[i], some...), cursor
	}
	for i := range readers {
		read.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					readOn(i)
				}
			}
		})
	}
	write.Wait()
	close(done)
	read.Wait()
	// alone: of several who read at once one publishes, and the others see its events the next time
	for i := range readers {
		readOn(i)
	}
	var orders []string
	p.do(func(tx *db.Tx) error {
		return tx.Raw("select subject_id::text || '/' || lpad(data->>'n', 6, '0') from events where type = " +
			"'referral.accepted' order by position").Scan(&orders).Error
	})
	if len(orders) != writers*each {
		t.Fatalf("%d events", len(orders))
	}
	for i := range subjects {
		own := slices.DeleteFunc(slices.Clone(orders), func(o string) bool { return o[:36] != subjects[i].String() })
		if !slices.IsSorted(own) {
			t.Errorf("one thing's events do not stand in their own order: %v", own)
		}
	}
	for i, list := range seen {
		if len(list) != writers*each {
			t.Fatalf("reader %d read %d of %d events", i, len(list), writers*each)
		}
		for k := range list {
			if list[k].ID != seen[0][k].ID {
				t.Fatalf("two readers read in two orders")
			}
		}
	}
	var gaps int
	p.do(func(tx *db.Tx) error {
		return tx.Raw("select count(*) from events e where position > 1 and not exists (select from events b where " +
			"b.position = e.position - 1)").Scan(&gaps).Error
	})
	if gaps != 0 {
		t.Errorf("%d gaps", gaps)
	}
}

// Filters look at no more than a page's worth of events at a time, and get to the end all the same.
func TestTypesThatAreRareAreFound(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.do(func(tx *db.Tx) error {
		var l events.Log
		for i := range 5000 {
			kind := events.ReferralSent
			if i == 4500 {
				kind = events.FollowUpCompleted
			}
			l.Record(tx, kind, events.Subject{ID: uuid.New(), SiteID: p.site}, nil)
		}
		return l.Copy(tx)
	})
	if err := p.store.Publish(actor.With(t.Context(), actor.Named("feed"))); err != nil {
		t.Fatal(err)
	}
	found, cursor, pages := 0, "", 0
	for more := true; more && pages < 10; pages++ {
		f, err := p.store.Events(p.as, cursor, db.Texts{"follow_up.*", "contact.recorded"}, 5)
		if err != nil {
			t.Fatal(err)
		}
		found, cursor, more = found+len(f.Items), f.Next.String(), f.More
	}
	if found != 1 || pages < 2 || pages > 4 {
		t.Errorf("found %d in %d pages", found, pages)
	}
	if f, err := p.store.Events(
		p.as,
		cursor,
		db.Texts{"follow_up.*"},
		5,
	); err != nil || f.Next.String() != cursor ||
		f.More {
		t.Errorf("at the end the cursor moves: %v %v", f, err)
	}
}
