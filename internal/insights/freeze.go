package insights

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
)

// snapshot is figures as they stood at the end of a day.
type snapshot struct {
	ID        uuid.UUID
	Day       day.Date
	AsOf      time.Time
	Sites     db.IDs
	Threshold int
	BuiltAt   time.Time
}

func (snapshot) TableName() string { return "figure_snapshots" }

// figure is a line of a table of a snapshot.
type figure struct {
	SnapshotID uuid.UUID
	Metric     string
	Dimension  Dimension
	SiteID     *uuid.UUID // nil: all sites together
	Value      string
	Sub        string
	Position   int
	Stretches  db.JSON[line]
	Means      *db.JSON[OutcomeRow]
	Moves      *db.JSON[[]MovementRow]
	Pairs      *int
	Members    *int64
	Since      *time.Time
}

func (figure) TableName() string { return "figures" }

// Freeze makes the snapshot of the last day that has ended at every site, unless it is there. Nobody sees half of one: it is
// swapped at the commit. It is a job's work, and can be done twice.
func (s *Store) Freeze(ctx context.Context) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		if err := tx.Exec("set local statement_timeout = 0; set local lock_timeout = 0; select pg_advisory_xact_lock(hashtextextended('figures', 0))").Error; err != nil {
			return err
		}
		next, err := due(tx)
		if err != nil || next == nil {
			return err
		}
		tx.Actor.Sites = next.Sites
		return s.build(tx, *next)
	})
}

// due is the snapshot that should be there, if it is not.
func due(tx *db.Tx) (*snapshot, error) {
	next := snapshot{ID: tx.NewID(), BuiltAt: tx.Now}
	var sites []struct {
		ID                  uuid.UUID
		DisclosureThreshold int
	}
	if err := tx.Raw("select id, disclosure_threshold from sites order by id").Scan(&sites).Error; err != nil || len(sites) == 0 {
		return nil, err
	}
	for i, site := range sites {
		today, err := tx.Today(site.ID)
		if err != nil {
			return nil, err
		}
		next.Sites, next.Threshold = append(next.Sites, site.ID), max(next.Threshold, site.DisclosureThreshold)
		if ended := today.AddDays(-1); i == 0 || ended.Before(next.Day) {
			next.Day = ended
		}
	}
	end, err := tx.Noon(sites[0].ID, next.Day)
	next.AsOf = end.Add(12 * time.Hour)
	if err != nil {
		return nil, err
	}
	have, err := current(tx)
	if err != nil || have != nil && !have.Day.Before(next.Day) && slices.Equal(have.Sites, next.Sites) {
		return nil, err
	}
	return &next, nil
}

// current is the newest snapshot, or nil.
func current(tx *db.Tx) (*snapshot, error) {
	var found []snapshot
	err := tx.Order("day desc").Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// build writes the whole snapshot, and takes the one before it away.
func (s *Store) build(tx *db.Tx, next snapshot) error {
	var lines []figure
	for _, m := range s.metrics() {
		more, err := m.freeze(tx, next)
		if err != nil {
			return err
		}
		lines = append(lines, more...)
	}
	if err := tx.Exec("delete from figure_snapshots").Error; err != nil {
		return err
	}
	if err := tx.Create(&next).Error; err != nil {
		return err
	}
	return tx.CreateInBatches(lines, 500).Error
}

// freeze draws the metric's tables: by site and by month; and by each dimension of people and by site, over all time. These
// share the sites: what is known of each site is its months by themselves and its people by themselves. People by months as well
// would give some counts away (see the attack on three axes in package disclosure).
func (m metric[C, R]) freeze(tx *db.Tx, next snapshot) (list []figure, err error) {
	subs, err := m.subs(tx)
	if err != nil {
		return nil, err
	}
	sites := disclosure.Halves(len(next.Sites))
	siteOf := func(c Cell) int {
		return slices.IndexFunc(next.Sites, func(id uuid.UUID) bool { return id.String() == c.SiteID })
	}
	dimensions := slices.DeleteFunc(slices.Concat([]Dimension{Together}, m.Dimensions), func(d Dimension) bool {
		return d == BySite || d == ByMonth // the axes of the first
	})
	all, err := m.cells(tx, dimensions, map[string]any{"from": farBack, "until": farAhead, "sites": next.Sites, "days": daysOf(next)})
	if err != nil {
		return nil, err
	}
	months := calendar(all, next)
	for _, by := range dimensions {
		values, err := by.rows(tx)
		if err != nil {
			return nil, err
		}
		for _, sub := range subs {
			f := frame[C, R]{m, disclosure.NHSEngland(next.Threshold), next, figure{SnapshotID: next.ID, Metric: m.ID, Dimension: by, Sub: sub}, of(all, by, sub)}
			if by == Together {
				list = append(list, f.byMonth(sites, siteOf, months)...)
			} else {
				list = append(list, f.bySite(values, sites, siteOf, months[0])...)
			}
		}
	}
	return list, nil
}

// frame is what the lines of one table share.
type frame[C counted[C], R any] struct {
	metric[C, R]
	profile disclosure.Profile
	next    snapshot
	figure  figure
	cells   []C
}

// byMonth draws a line for each site over the months, and for all together.
func (f frame[C, R]) byMonth(sites disclosure.Tree, site func(Cell) int, months disclosure.Tree) (list []figure) {
	truth := sums(f.cells, sites, months, site, func(c Cell) int { return c.Month })
	shown := f.reveal(f.profile, sites, months, truth)
	for _, place := range whole(sites) {
		made := f.figure
		made.SiteID = f.siteAt(place.position)
		made.Stretches.V = drawn(months, func(j int) []*int {
			return f.counts(truth[place.node][j], func(c int) bool { return shown(place.node, j, c) })
		})
		list = append(list, made)
	}
	return list
}

// bySite draws a line for each value at each site, and at all together, over all time.
func (f frame[C, R]) bySite(values []string, sites disclosure.Tree, site func(Cell) int, time disclosure.Node) (list []figure) {
	rows := f.figure.Dimension.axis(len(values))
	truth := sums(f.cells, rows, sites, func(c Cell) int {
		value, _ := c.value(f.figure.Dimension)
		return slices.Index(values, value)
	}, site)
	shown := f.reveal(f.profile, rows, sites, truth)
	for value, i := range leaves(rows) {
		for _, place := range whole(sites) {
			made := f.figure
			made.Value, made.SiteID = values[value], f.siteAt(place.position)
			made.Stretches.V = line{{time.From, time.Until, f.counts(truth[i][place.node], func(c int) bool { return shown(i, place.node, c) })}}
			list = append(list, made)
		}
	}
	return list
}

// siteAt is the site of a position; nil: all together.
func (f frame[C, R]) siteAt(position int) *uuid.UUID {
	if position < 0 {
		return nil
	}
	return &f.next.Sites[position]
}

// spot is a node that has lines: the whole, of position -1, or one position.
type spot struct{ node, position int }

func whole(t disclosure.Tree) []spot {
	list := []spot{{0, -1}}
	for position, node := range leaves(t) {
		list = append(list, spot{node, position})
	}
	return list
}

// of are the cells of a dimension and a sub.
func of[C counted[C]](cells []C, by Dimension, sub string) (list []C) {
	for _, c := range cells {
		if _, is := c.at().value(by); is && c.at().Sub == sub {
			list = append(list, c)
		}
	}
	return list
}

// calendar is the tree of the months from the first that anything was counted in to that of the snapshot, or beyond.
func calendar[C counted[C]](cells []C, next snapshot) disclosure.Tree {
	first := monthOf(next.Day)
	last := first
	for _, c := range cells {
		first, last = min(first, c.at().Month), max(last, c.at().Month)
	}
	return disclosure.Calendar(first, last-first+1)
}

// daysOf is the day that states are told of, for each site.
func daysOf(next snapshot) (days db.Texts) {
	return slices.Repeat(db.Texts{next.Day.String()}, len(next.Sites))
}

// asJob is a context outside the caller's transaction, in which Waypost itself acts.
func asJob(ctx context.Context) context.Context {
	return db.Background(db.Apart(actor.With(ctx, actor.Named("figures"))))
}
