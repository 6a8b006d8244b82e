package insights

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

// build makes the metric's tables: by site and by month; and by each dimension of people and by site, over
// all time. These share the sites: what is known of each site is its months by themselves and its people by
// themselves. People by months as well would give some counts away (see the attack on three axes in package
// disclosure).
func (m *counts[R]) build(tx *db.Tx, next snapshot) (list []figure, err error) {
	subgroups, err := m.rowsOf(tx)
	if err != nil {
		return nil, err
	}
	sites := disclosure.Halves(len(next.Sites))
	siteOf := func(p place) int {
		return slices.IndexFunc(next.Sites, func(id uuid.UUID) bool { return id.String() == p.site })
	}
	dimensions := slices.Concat([]Dimension{Together}, m.tableDimensions())
	dimensions = slices.DeleteFunc(dimensions, func(d Dimension) bool {
		return d == BySite || d == ByMonth // the axes of the first
	})
	all, err := m.allCells(tx, dimensions, next)
	if err != nil {
		return nil, err
	}
	months := calendar(all, next)
	for _, by := range dimensions {
		values, err := by.rows(tx)
		if err != nil {
			return nil, err
		}
		for _, subgroup := range subgroups {
			t := countTable[R]{
				m,
				disclosure.NHSEngland(next.Threshold),
				next,
				figure{SnapshotID: next.ID, Metric: m.ID, Dimension: by, Subgroup: subgroup},
				cellsOf(all, by, subgroup),
			}
			if by == Together {
				list = append(list, t.byMonth(sites, siteOf, months)...)
			} else {
				list = append(list, t.bySite(values, sites, siteOf, months[0])...)
			}
		}
	}
	return list, nil
}

// allCells are the cells of a snapshot: those of all together by month, the others of all months.
func (m *counts[R]) allCells(tx *db.Tx, dimensions []Dimension, next snapshot) ([]cell, error) {
	found := map[place]cell{}
	err := m.each(
		tx,
		dimensions,
		map[string]any{"from": earliest, "until": latest, "sites": next.Sites, "days": daysOf(next)},
		func(c cell) {
			at := c.place
			if _, together := at.value(Together); !together {
				at.month = 0 // the cell keeps one of its months, for the calendar
			}
			if sum, is := found[at]; is {
				c.plus(sum)
			}
			found[at] = c
		},
	)
	return slices.Collect(maps.Values(found)), err
}

// countTable is what the lines of one table share.
type countTable[R any] struct {
	*counts[R]
	profile disclosure.Profile
	next    snapshot
	figure  figure
	cells   []cell
}

// byMonth makes a line for each site over the months, and for all together.
func (t countTable[R]) byMonth(sites disclosure.Tree, site func(place) int, months disclosure.Tree) (list []figure) {
	truth := totals(t.cells, sites, months, len(t.names), site, func(p place) int { return p.month })
	shown := t.reveal(t.profile, sites, months, truth)
	for _, n := range whole(sites) {
		made := t.figure
		made.SiteID = t.siteAt(n.position)
		made.Periods.V = newLine(months, func(j int) []*int {
			return t.published(truth[n.index][j], func(c int) bool { return shown(n.index, j, c) })
		})
		list = append(list, made)
	}
	return list
}

// bySite makes a line for each value at each site, and at all together, over all time.
func (t countTable[R]) bySite(
	values []string,
	sites disclosure.Tree,
	site func(place) int,
	time disclosure.Node,
) (list []figure) {
	rows := t.figure.Dimension.axis(len(values))
	truth := totals(t.cells, rows, sites, len(t.names), func(p place) int {
		value, _ := p.value(t.figure.Dimension)
		return slices.Index(values, value)
	}, site)
	shown := t.reveal(t.profile, rows, sites, truth)
	for value, i := range leaves(rows) {
		for _, n := range whole(sites) {
			made := t.figure
			made.Value, made.SiteID = values[value], t.siteAt(n.position)
			counts := t.published(truth[i][n.index], func(c int) bool { return shown(i, n.index, c) })
			made.Periods.V = line{{time.From, time.Until, counts}}
			list = append(list, made)
		}
	}
	return list
}

// siteAt is the site of a position; nil: all together.
func (t countTable[R]) siteAt(position int) *uuid.UUID {
	if position < 0 {
		return nil
	}
	return &t.next.Sites[position]
}

// node is a node of a tree that has lines: the whole, of position -1, or one position.
type node struct{ index, position int }

func whole(t disclosure.Tree) []node {
	list := []node{{0, -1}}
	for position, index := range leaves(t) {
		list = append(list, node{index, position})
	}
	return list
}

// cellsOf are the cells of a dimension and a subgroup.
func cellsOf(cells []cell, by Dimension, subgroup string) (list []cell) {
	for _, c := range cells {
		if _, is := c.value(by); is && c.subgroup == subgroup {
			list = append(list, c)
		}
	}
	return list
}

// calendar is the tree of the months from the first that anything was counted in to that of the snapshot, or beyond.
func calendar(cells []cell, next snapshot) disclosure.Tree {
	first := monthOf(next.Day)
	last := first
	for _, c := range cells {
		first, last = min(first, c.month), max(last, c.month)
	}
	return disclosure.Calendar(first, last-first+1)
}

// daysOf is the day that states are of, for each site.
func daysOf(next snapshot) (days db.Texts) {
	return slices.Repeat(db.Texts{next.Day.String()}, len(next.Sites))
}
