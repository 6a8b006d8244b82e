// Package demo fills an empty database with synthetic people, organisations and services at seven invented sites, so
// that Waypost can be tried out. What it writes, it works out by the areas' own rules.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waypost/internal/datasets"
	"waypost/internal/instruments"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/study"
)

// Config says how much to make.
type Config struct {
	People   int             // 0: DefaultPeople
	Research *datasets.Store // where the demo's project is proposed; nil: it has none
	Studies  *study.Store    // where the project is described as a study
	Seed     uint64          // the same seed makes the same on the same day, but for ids and the secrets of keys
}

const (
	DefaultPeople = 2000
	MostPeople    = 600_000 // loaded in a quarter of an hour, into some 20 GB
	timeZone      = "Europe/London"
)

// ErrNotEmpty is the error of loading a demo where there is something already.
var ErrNotEmpty = errors.New("demo: the database holds a record already; a demo goes into an empty one only")

// world is what every part of one loading shares.
type world struct {
	seed      uint64
	tx        *db.Tx
	zone      *time.Location
	today     day.Date
	yesterday day.Date // the last day that anything is told of, so that nothing lies in the future
	ons4      instruments.Instrument
	research  *datasets.Store // nil: the demo has no project
	studies   *study.Store
	numbers   *nhsNumbers
	people    int // told of so far
	report    Report
}

// Load fills an empty database in one transaction, so that one that is cut off leaves nothing. Just before it commits
// it hands the secrets of the keys to writeKeys: called again when the transaction is tried again, the last ones hold.
func Load(ctx context.Context, d *db.DB, c Config, writeKeys func(Keys) error) (r Report, err error) {
	if c.People == 0 {
		c.People = DefaultPeople
	}
	if c.People < 0 || c.People > MostPeople {
		return r, fmt.Errorf("demo: %d people are too many or too few: it takes 1 to %d", c.People, MostPeople)
	}
	ctx = actor.With(db.Background(ctx), actor.Named("demo"))
	err = d.Do(ctx, func(tx *db.Tx) error {
		if err := reserve(tx); err != nil {
			return err
		}
		w, err := newWorld(tx, c.Seed)
		if err != nil {
			return err
		}
		w.research, w.studies = c.Research, c.Studies
		err = w.load(c.People, writeKeys)
		r = w.report
		return err
	})
	return r, err
}

// reserve lets one demo at a time look whether the database is empty. Nobody waits for the loading to answer, so no
// statement of it has a time limit: on a busy machine one may take longer than a request is given.
func reserve(tx *db.Tx) error {
	if err := tx.Exec("set local lock_timeout = 0; set local statement_timeout = 0; select " +
		"pg_advisory_xact_lock(hashtextextended('demo', 0))").Error; err != nil {
		return err
	}
	empty, err := isEmpty(tx)
	if err == nil && !empty {
		return ErrNotEmpty
	}
	return err
}

// Empty reports whether the database holds no site, organisation or patient yet.
func Empty(ctx context.Context, d *db.DB) (empty bool, err error) {
	ctx = actor.With(db.Background(ctx), actor.Named("demo"))
	err = d.Do(ctx, func(tx *db.Tx) error {
		empty, err = isEmpty(tx)
		return err
	})
	return empty, err
}

func isEmpty(tx *db.Tx) (empty bool, err error) {
	err = tx.Raw("select not exists (select from sites) and not exists (select from organisations) and not exists " +
		"(select from patients)").Scan(&empty).Error
	return empty, err
}

func newWorld(tx *db.Tx, seed uint64) (*world, error) {
	zone, err := time.LoadLocation(timeZone)
	if err != nil {
		return nil, err
	}
	ons4, err := instruments.Lookup("ons4")
	today := day.Of(tx.Now.In(zone))
	return &world{
		seed:      seed,
		tx:        tx,
		zone:      zone,
		today:     today,
		yesterday: today.AddDays(-1),
		ons4:      ons4,
		numbers:   &nhsNumbers{},
	}, err
}

// load writes a site after the other, and then the keys.
func (w *world) load(people int, writeKeys func(Keys) error) error {
	shares := make([]int, len(places))
	for i, p := range places {
		shares[i] = p.Share
	}
	var towns []*town
	for i, n := range divide(people, shares) {
		t := w.found(i, n)
		if err := t.build(n); err != nil {
			return fmt.Errorf("demo: %s: %w", t.Code, err)
		}
		towns = append(towns, t)
	}
	projects, err := w.study(towns)
	if err != nil {
		return err
	}
	keys, err := w.issue(towns[0], towns[1], projects)
	if err != nil {
		return err
	}
	if err := w.tx.Exec("update installation set demo = true, demo_loaded = true").Error; err != nil {
		return err
	}
	if err := w.analyse(); err != nil {
		return err
	}
	return writeKeys(keys)
}

// build writes one site, what there is near it, and its n people.
func (t *town) build(n int) error {
	b := &book{log: &events.Log{}}
	if err := t.write(t.tx, b.log); err != nil {
		return err
	}
	if err := t.settle(t.tx, b.log); err != nil {
		return err
	}
	t.report.found(t)
	return t.populate(b, n, t.keep)
}

// keep writes what the book holds. To the planner, one index of an empty table is as good as another, and
// what it chooses then for the checks of foreign keys it keeps for as long as its statistics: those are
// taken after the first people. Otherwise every check could come to read all rows of the site.
func (w *world) keep(b *book) error {
	w.report.count(b, w.today)
	if err := b.write(w.tx); err != nil || w.people != firstPeople {
		return err
	}
	return w.analyse()
}

func (w *world) analyse() error { return w.tx.Exec("select refresh_statistics()").Error }
