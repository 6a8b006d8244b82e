package insights

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

func (m metric[C, R]) name() string { return m.ID }

// freeze draws the metric's tables: by site and by month; and by each dimension of people and by site, over
// all time. These share the sites: what is known of each site is its months by themselves and its people by
// themselves. People by months as well would give some counts away (see the attack on three axes in package
// disclosure).
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
	all, err := m.folded(tx, dimensions, next)
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
			f := frame[C, R]{
				m,
				disclosure.NHSEngland(next.Threshold),
				next,
				figure{SnapshotID: next.ID, Metric: m.ID, Dimension: by, Sub: sub},
				of(all, by, sub),
			}
			if by == Together {
				list = append(list, f.byMonth(sites, siteOf, months)...)
			} else {
				list = append(list, f.bySite(values, sites, siteOf, months[0])...)
			}
		}
	}
	return list, nil
}

// folded are the cells of a snapshot: those of all together by month, the others of all months.
func (m metric[C, R]) folded(tx *db.Tx, dimensions []Dimension, next snapshot) ([]C, error) {
	found := map[Cell]C{}
	err := m.each(
		tx,
		dimensions,
		map[string]any{"from": farBack, "until": farAhead, "sites": next.Sites, "days": daysOf(next)},
		func(c C) {
			at := c.at()
			if _, together := at.value(Together); !together {
				at.Month = 0
			}
			if sum, is := found[at]; is {
				c = sum.plus(c)
			}
			found[at] = c
		},
	)
	return slices.Collect(maps.Values(found)), err
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
func (f frame[C, R]) bySite(
	values []string,
	sites disclosure.Tree,
	site func(Cell) int,
	time disclosure.Node,
) (list []figure) {
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
			made.Stretches.V = line{
				{
					time.From,
					time.Until,
					f.counts(truth[i][place.node], func(c int) bool { return shown(i, place.node, c) }),
				},
			}
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
