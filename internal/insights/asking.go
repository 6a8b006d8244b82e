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

var farBack, farAhead = day.New(1900, 1, 1), day.New(3000, 1, 1)

// ask answers from the snapshot; a site's own manager live.
func ask[C counted[C], R any](ctx context.Context, s *Store, m metric[C, R], q Query) (out Figures[R], err error) {
	if q.By != Together && !slices.Contains(m.Dimensions, q.By) {
		return out, wrong("by", fault.UnknownCode, "is no dimension of these figures: see the catalogue")
	}
	err = s.answered(ctx, q, func(tx *db.Tx, a question) error {
		out = Figures[R]{
			Metric:     m.ID,
			Version:    m.Version,
			Definition: m.Definition,
			AsOf:       a.asOf(tx),
			Disclosure: a.profile.Notice(),
			Rows:       []R{},
			mark:       a.mark(),
		}
		subs, err := m.subs(tx)
		if err != nil {
			return err
		}
		read := m.live
		if a.frozen != nil {
			read = m.frozen
		}
		counts, err := read(tx, a)
		if err != nil {
			return err
		}
		out.Rows = m.rows(a, subs, counts)
		return nil
	})
	return out, err
}

// rows are those of the table, fit to be published.
func (m metric[C, R]) rows(a question, subs []string, counts func(at span, sub string) []*int) []R {
	list := []R{}
	for _, sub := range subs {
		for _, at := range a.places {
			n := counts(at, sub)
			a.round(n)
			list = append(list, m.row(at.published(), sub, n, n[0] == nil))
		}
	}
	return list
}

// answered hands over the question. Where there is no snapshot yet, or a demo's clock was moved, one is
// made first; otherwise that is the night's work.
func (s *Store) answered(ctx context.Context, q Query, answer func(tx *db.Tx, a question) error) error {
	try := func(enough bool) error {
		return s.DB.Do(ctx, func(tx *db.Tx) error {
			a, err := q.asked(tx)
			if err != nil {
				return err
			}
			if old := a.frozen != nil && s.DB.Clock.Offset() != 0 &&
				a.frozen.Day.Before(day.Of(tx.Now).AddDays(-1)); !enough &&
				(old || a.frozen != nil && a.frozen.ID == uuid.Nil) {
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
	frozen      *snapshot // nil: live
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

func (q Query) asked(tx *db.Tx) (a question, err error) {
	a = question{Query: q, sites: slices.Clone(tx.Actor.Sites), profile: disclosure.None()}
	if a.from, a.until, err = q.period(); err != nil {
		return a, err
	}
	if q.SiteID != nil {
		if a.sites = (db.IDs{*q.SiteID}); !tx.Actor.HasSite(*q.SiteID) {
			return a, fault.Missing("site")
		}
	}
	if tx.Actor.Role != actor.SiteManager {
		if a.frozen, err = current(tx); err != nil {
			return a, err
		}
		if a.frozen == nil {
			a.frozen = &snapshot{Sites: a.sites, AsOf: tx.Now} // of nobody
		}
		a.profile = disclosure.NHSEngland(a.frozen.Threshold)
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
	if a.frozen != nil && base.until > monthOf(a.frozen.Day) {
		base.until = monthOf(farAhead)
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
func (m metric[C, R]) live(tx *db.Tx, a question) (func(at span, sub string) []*int, error) {
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
	return func(at span, sub string) []*int {
		var sum C
		for _, c := range cells {
			if place := c.at(); place.Sub == sub && place.Month >= at.from && place.Month < at.until &&
				at.holds(a.By, place) {
				sum = sum.plus(c)
			}
		}
		return m.counts(sum, func(int) bool { return true })
	}, err
}

// holds tells whether a cell belongs to the row.
func (d Divider) holds(by Dimension, c Cell) bool {
	if d.SiteID != nil && *d.SiteID != c.SiteID {
		return false
	}
	if !by.valued() {
		return true
	}
	wanted := *d.value(by)
	value, _ := c.value(by)
	return wanted == nil || *wanted == value
}

// frozen reads the snapshot. All sites together have lines of their own; some of them are added up from theirs.
func (m metric[C, R]) frozen(tx *db.Tx, a question) (func(at span, sub string) []*int, error) {
	together := a.together()
	dimensions := db.Texts{string(Together)}
	if a.By.valued() {
		dimensions = append(dimensions, string(a.By))
	}
	var found []figure
	err := tx.Where("snapshot_id = ? and metric = ? and dimension = any(?::text[]) and (site_id = any(?::uuid[]) or "+
		"site_id is null and ?)",
		a.frozen.ID, m.ID, dimensions, a.sites, together).Find(&found).Error
	type key struct {
		dimension  Dimension
		site       uuid.UUID
		value, sub string
	}
	lines := map[key]line{}
	for _, f := range found {
		k := key{dimension: f.Dimension, value: f.Value, sub: f.Sub}
		if f.SiteID != nil {
			k.site = *f.SiteID
		}
		lines[k] = f.Stretches.V
	}
	return func(at span, sub string) []*int {
		k := key{sub: sub}
		if a.By.valued() {
			if value := *at.value(a.By); value != nil {
				k.dimension, k.value = a.By, *value
			}
		}
		sites := a.sites
		if at.SiteID != nil {
			sites = db.IDs{uuid.MustParse(*at.SiteID)}
		} else if together {
			return lines[k].over(at.from, at.until, len(m.columns))
		}
		sum := make([]*int, len(m.columns))
		for i := range sum {
			sum[i] = new(int)
		}
		for _, k.site = range sites {
			for i, n := range lines[k].over(at.from, at.until, len(m.columns)) {
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

// together tells whether a snapshot is asked for all of its sites.
func (a question) together() bool {
	return !slices.ContainsFunc(a.frozen.Sites, func(id uuid.UUID) bool { return !slices.Contains(a.sites, id) })
}

func (a question) mark() string {
	if a.frozen == nil {
		return ""
	}
	return a.frozen.ID.String()
}

func (a question) asOf(tx *db.Tx) time.Time {
	if a.frozen != nil {
		return a.frozen.AsOf
	}
	return tx.Now
}
