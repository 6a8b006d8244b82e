package insights

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// errStale is that a snapshot must be made before the answer.
var errStale = errors.New("insights: no snapshot")

const (
	mostMonths = 120 // rows of a table by month
	fewMonths  = 36  // as many when nobody says from when
)

var badDimension = wrong("by", fault.UnknownCode, "is no dimension of these figures: see the catalogue")

var earliest, latest = day.New(1900, 1, 1), day.New(3000, 1, 1)

// ask answers from the snapshot; a site's own manager live.
func ask[R any](ctx context.Context, s *Store, m *counts[R], q Query) (out Figures[R], err error) {
	if q.By != Together && !slices.Contains(m.tableDimensions(), q.By) {
		return out, badDimension
	}
	err = s.withSnapshot(ctx, q, func(tx *db.Tx, a question) error {
		out = Figures[R]{
			Metric:     m.ID,
			Version:    m.Version,
			Definition: m.Definition,
			AsOf:       a.asOf(tx),
			Disclosure: a.profile.Notice(),
			Rows:       []R{},
			mark:       a.mark(),
		}
		read := m.live
		if a.snapshot != nil {
			read = m.fromSnapshot
		}
		out.Rows, err = m.rows(tx, a, read)
		return err
	})
	return out, err
}

// reader finds the counts of a row.
type reader func(at span, subgroup string) []*int

// rows are those of the table, fit to be published.
func (m *counts[R]) rows(tx *db.Tx, a question, read func(*db.Tx, question) (reader, error)) ([]R, error) {
	list := []R{}
	subgroups, err := m.rowsOf(tx)
	if err != nil {
		return list, err
	}
	counts, err := read(tx, a)
	if err != nil {
		return list, err
	}
	for _, subgroup := range subgroups {
		for _, at := range a.places {
			n := counts(at, subgroup)
			a.round(n)
			list = append(list, m.answerRow(at.published(), subgroup, n))
		}
	}
	return list, nil
}

// withSnapshot hands over the question with what answers it. Where there is no snapshot yet, or a demo's
// clock was moved, one is made first; otherwise that is the night's work.
func (s *Store) withSnapshot(ctx context.Context, q Query, answer func(tx *db.Tx, a question) error) error {
	try := func(mayBeOld bool) error {
		return s.DB.Do(ctx, func(tx *db.Tx) error {
			a, err := newQuestion(tx, q)
			if err != nil {
				return err
			}
			if !mayBeOld && a.snapshot != nil && s.mustBeMade(tx, *a.snapshot) {
				if tx.Standby.Is {
					return errNotThere
				}
				return errStale
			}
			tx.Actor.Sites = a.sites
			return answer(tx, a)
		})
	}
	err := try(false)
	if errors.Is(err, errStale) {
		if err = s.makeNow(ctx); err == nil {
			err = try(true)
		}
	}
	return err
}

// errNotThere is said on a standby, where no figures are made.
var errNotThere = fault.New(fault.Unavailable, "The figures up to yesterday are not on this standby of the database yet. "+
	"Ask again in a minute.").RetryIn(time.Minute)

// mustBeMade reports whether there is no snapshot yet, or one that cannot be read, or one of an earlier day than
// that of a demo's moved clock.
func (s *Store) mustBeMade(tx *db.Tx, have snapshot) bool {
	moved := s.DB.Clock.Offset() != 0 && have.Day.Before(day.Of(tx.Now).AddDays(-1))
	return have.ID == uuid.Nil || !have.readable() || moved
}

// round makes counts fit to be published.
func (a question) round(n []*int) {
	for i := range n {
		if n[i] != nil {
			n[i] = a.profile.Count(*n[i])
		}
	}
}

// question is a query by an actor: whose figures, of when, and how they are protected.
type question struct {
	Query
	from, until day.Date
	sites       db.IDs
	places      []span    // the rows, all together first
	snapshot    *snapshot // nil: live
	profile     disclosure.Profile
	worker      *uuid.UUID // of this link worker's people alone, live; nil: of everybody
}

// args adds whose people it is about.
func (a question) args(args map[string]any) map[string]any {
	if a.worker != nil {
		args["worker"] = *a.worker
	}
	return args
}

// newQuestion is the question that the actor asks.
func newQuestion(tx *db.Tx, q Query) (a question, err error) {
	a = question{Query: q, sites: slices.Clone(tx.Actor.Sites), profile: disclosure.None()}
	if a.from, a.until, err = q.days(); err != nil {
		return a, err
	}
	if q.SiteID != nil {
		if a.sites = (db.IDs{*q.SiteID}); !tx.Actor.HasSite(*q.SiteID) {
			return a, fault.Missing("site")
		}
	}
	if tx.Standby.Is && tx.Actor.Role == actor.SiteManager {
		return a, db.ErrStandby // theirs are counted live, of the record
	}
	if tx.Actor.Role != actor.SiteManager {
		if a.snapshot, err = current(tx); err != nil {
			return a, err
		}
		if a.snapshot == nil {
			a.snapshot = &snapshot{Sites: a.sites, AsOf: tx.Now} // of nobody
		}
		a.profile = disclosure.NHSEngland(a.snapshot.Threshold)
	}
	a.places, err = a.rows(tx)
	return a, err
}

// span is a row of a table and the months that it is about.
type span struct {
	Divider
	from, until int
}

// rows are the rows of the table: all together, or of the site asked for, and one for each value.
func (a question) rows(tx *db.Tx) ([]span, error) {
	sites, err := namedSites(tx)
	if err != nil {
		return nil, err
	}
	base := span{from: monthOf(a.from), until: monthOf(a.until)}
	// nobody was counted after it: a question without an end, of which more is known
	if a.snapshot != nil && base.until > monthOf(a.snapshot.Day) {
		base.until = monthOf(latest)
	}
	if a.SiteID != nil {
		base.Divider = sites[slices.IndexFunc(sites, func(d Divider) bool { return *d.SiteID == a.SiteID.String() })]
	}
	list := []span{base}
	add := func(at Divider, from, until int) { list = append(list, span{at, from, until}) }
	switch {
	case a.By == BySite && a.SiteID == nil:
		for _, site := range sites {
			add(site, base.from, base.until)
		}
	case a.By == ByMonth:
		months, err := a.months(tx)
		if err != nil {
			return nil, err
		}
		for _, month := range months {
			add(base.with(ByMonth, monthName(month)), month, month+1)
		}
	case a.By != BySite:
		values, err := a.By.rows(tx)
		if err != nil {
			return nil, err
		}
		for _, value := range values {
			add(base.with(a.By, value), base.from, base.until)
		}
	}
	return list, a.By.name(tx, list)
}

func (d Divider) with(of Dimension, value string) Divider {
	*d.value(of) = &value
	return d
}

// months are the rows of a table by month: those of the period, or the last three years.
func (a question) months(tx *db.Tx) (list []int, err error) {
	today, err := tx.TodayAt(a.sites)
	until := monthOf(today) + 1
	if a.To != "" {
		until = monthOf(a.until)
	}
	from := until - fewMonths
	if a.From != "" {
		from = max(monthOf(a.from), until-mostMonths)
	}
	for m := from; m < until; m++ {
		list = append(list, m)
	}
	return list, err
}

// monthOf numbers the months since January of the year 0.
func monthOf(d day.Date) int {
	var year, month int
	_, _ = fmt.Sscanf(d.String(), "%d-%d", &year, &month)
	return year*12 + month - 1
}

func monthName(m int) string { return fmt.Sprintf("%04d-%02d", m/12, m%12+1) }

// live counts now, and shows everything.
func (m *counts[R]) live(tx *db.Tx, a question) (reader, error) {
	var days db.Texts
	for _, site := range a.sites {
		today, err := tx.Today(site)
		if err != nil {
			return nil, err
		}
		days = append(days, today.String())
	}
	cells, err := m.cells(
		tx,
		[]Dimension{a.By},
		a.args(map[string]any{"from": a.from, "until": a.until, "sites": a.sites, "days": days}),
	)
	return func(at span, subgroup string) []*int {
		sum := cell{counts: make([]int, len(m.names))}
		for _, c := range cells {
			if c.subgroup == subgroup && c.month >= at.from && c.month < at.until && at.includes(a.By, c.place) {
				sum.plus(c)
			}
		}
		return m.published(sum, func(int) bool { return true })
	}, err
}

// includes reports whether a place belongs to the row.
func (d Divider) includes(by Dimension, p place) bool {
	if d.SiteID != nil && *d.SiteID != p.site {
		return false
	}
	if !by.valued() {
		return true
	}
	wanted := *d.value(by)
	value, _ := p.value(by)
	return wanted == nil || *wanted == value
}

// fromSnapshot reads the snapshot. All sites together have lines of their own; some of them are added up from theirs.
func (m *counts[R]) fromSnapshot(tx *db.Tx, a question) (reader, error) {
	together := a.together()
	dimensions := db.Texts{string(Together)}
	if a.By.valued() {
		dimensions = append(dimensions, string(a.By))
	}
	var found []figure
	err := tx.Where("snapshot_id = ? and metric = ? and dimension = any(?::text[]) and (site_id = any(?::uuid[]) or "+
		"site_id is null and ?)",
		a.snapshot.ID, m.ID, dimensions, a.sites, together).Find(&found).Error
	type key struct {
		dimension       Dimension
		site            uuid.UUID
		value, subgroup string
	}
	lines := map[key]line{}
	for _, f := range found {
		k := key{dimension: f.Dimension, value: f.Value, subgroup: f.Subgroup}
		if f.SiteID != nil {
			k.site = *f.SiteID
		}
		lines[k] = f.Periods.V
	}
	positions := a.snapshot.positions(m)
	return func(at span, subgroup string) []*int {
		k := key{subgroup: subgroup}
		if a.By.valued() {
			if value := *at.value(a.By); value != nil {
				k.dimension, k.value = a.By, *value
			}
		}
		sites := a.sites
		if at.SiteID != nil {
			sites = db.IDs{uuid.MustParse(*at.SiteID)}
		} else if together {
			return lines[k].over(at.from, at.until, positions)
		}
		sum := make([]*int, len(positions))
		for i := range sum {
			sum[i] = new(int)
		}
		for _, k.site = range sites {
			for i, n := range lines[k].over(at.from, at.until, positions) {
				if n == nil || sum[i] == nil {
					sum[i] = nil
				} else {
					*sum[i] += *n
				}
			}
		}
		return sum
	}, err
}

// tableDimensions are those that a snapshot holds tables by.
func (m *counts[R]) tableDimensions() []Dimension {
	if m.tableBy != nil {
		return m.tableBy
	}
	return m.Dimensions
}

// together reports whether a snapshot is asked for all of its sites.
func (a question) together() bool {
	return !slices.ContainsFunc(a.snapshot.Sites, func(id uuid.UUID) bool { return !slices.Contains(a.sites, id) })
}

func (a question) mark() string {
	if a.snapshot == nil {
		return ""
	}
	return a.snapshot.ID.String()
}

func (a question) asOf(tx *db.Tx) time.Time {
	if a.snapshot != nil {
		return a.snapshot.AsOf
	}
	return tx.Now
}
