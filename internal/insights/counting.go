package insights

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
	"waypost/internal/platform/sqlfile"
)

// place is where something was counted.
type place struct {
	site     string
	month    int    // since January of the year 0
	subgroup string // what else a row of the metric is of
	facet    string // a dimension and its value, joined by an equals sign
}

// value is that of a dimension, if the place is of it.
func (p place) value(of Dimension) (value string, is bool) {
	return strings.CutPrefix(p.facet, string(of)+"=")
}

// cell is the counts of one place, in the order of its metric's names.
type cell struct {
	place
	counts []int
}

// plus adds the counts of another cell to those of this one.
func (c *cell) plus(o cell) {
	if c.counts == nil {
		c.counts = make([]int, len(o.counts))
	}
	for i, n := range o.counts {
		c.counts[i] += n
	}
}

// counts is a metric whose figures are counts, and shares of them. Its columns are the fields of R that are
// *int, in their order and by their names on the wire. Each is counted by the column of that name of its
// SQL, unless it is a sum.
type counts[R any] struct {
	Metric
	sql        string            // the name of its template, of one row a place
	sums       map[string]string // columns that are added up from others
	partitions []partition
	shares     []share // of published counts, in percent
	// the rows there are for each place, whatever is in them; nil: one
	subgroups func(tx *db.Tx) ([]string, error)
	row       func(at Divider, subgroup string, w Withheld) R // without figures
	// puts what follows from its counts, before the shares
	adjust func(r *R)
	// nil: as it is asked
	ask  func(ctx context.Context, s *Store, m *counts[R], q Query) (Figures[R], error)
	args map[string]any // of its SQL
	// of its tables in a snapshot; nil: those that it can be asked by
	tableBy []Dimension
	bands   bool

	names   []string // what its SQL counts
	columns []column
	percent []shareFields
}

// column is one published count.
type column struct {
	name  string
	field []int // of R
	of    []term
	needs []upTo
}

// share is a percentage of two published counts.
type share struct{ name, part, whole string }

// shareFields are the fields of R that a share is of.
type shareFields struct{ name, part, whole []int }

// declare makes a metric of its declaration, and adds it to the catalogue and to snapshots.
func declare[R any](m counts[R]) *counts[R] {
	m.compile()
	if m.Formula == "" {
		var formulas []string
		for _, s := range m.shares {
			formulas = append(formulas, fmt.Sprintf("%s = 100 × %s / %s", s.name, s.part, s.whole))
		}
		m.Formula = strings.Join(formulas, "; ")
	}
	c := &m
	contents = append(contents, c)
	if m.ask == nil {
		m.ask = ask[R]
	}
	register(m.Metric, func(ctx context.Context, s *Store, q Query) (Figures[R], error) { return m.ask(ctx, s, c, q) })
	return c
}

// declarePart makes a part of another metric, with tables of its own in snapshots alone.
func declarePart[R any](m counts[R]) *counts[R] {
	m.compile()
	contents = append(contents, &m)
	return &m
}

// compile finds what each column is the sum of, and which sortings must allow it.
func (m *counts[R]) compile() {
	r := newResolver(m.ID, m.sums, m.partitions)
	fields := fieldsByName[R]()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[R]()) {
		if f.IsExported() && f.Type == reflect.TypeFor[*int]() {
			m.columns = append(m.columns, column{name: wireName(f), field: f.Index})
			r.sum(wireName(f)) // notes what is counted
		}
	}
	for _, s := range m.shares {
		if fields[s.name] == nil || fields[s.part] == nil || fields[s.whole] == nil {
			panic("insights: " + m.ID + " has no such share: " + s.name)
		}
		m.percent = append(m.percent, shareFields{fields[s.name], fields[s.part], fields[s.whole]})
	}
	m.names = slices.Sorted(maps.Keys(r.counted))
	for _, s := range r.sorted {
		for _, part := range s.sums {
			s.sorting.kinds = append(s.sorting.kinds, part.terms(m.names))
		}
	}
	for i := range m.columns {
		c := &m.columns[i]
		of := r.sum(c.name)
		c.of = of.terms(m.names)
		if c.needs = r.needs(c.name, of); c.needs == nil { // in no partition: it stands beside the first column
			c.needs = append([]upTo{{&sorting{[][]term{c.of}}, allPeople}}, m.columns[0].needs...)
		}
	}
}

func fieldsByName[R any]() map[string][]int {
	found := map[string][]int{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[R]()) {
		if f.IsExported() && !f.Anonymous {
			found[wireName(f)] = f.Index
		}
	}
	return found
}

func wireName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func (m *counts[R]) name() string { return m.ID }

func (m *counts[R]) columnNames() (names []string) {
	for _, c := range m.columns {
		names = append(names, c.name)
	}
	return names
}

// rowsOf are the subgroups that there is a row of for each place.
func (m *counts[R]) rowsOf(tx *db.Tx) ([]string, error) {
	if m.subgroups == nil {
		return []string{""}, nil
	}
	return m.subgroups(tx)
}

// query is the metric's SQL.
func (m *counts[R]) query(by []Dimension, oneWorker bool) sqlfile.Text {
	return files.Render(m.sql, division{dimensions: by, worker: oneWorker, Bands: m.bands})
}

// cells counts, by each of some dimensions in one pass over the record.
func (m *counts[R]) cells(tx *db.Tx, by []Dimension, args map[string]any) (list []cell, err error) {
	err = m.each(tx, by, args, func(c cell) { list = append(list, c) })
	return list, err
}

// each hands over one cell after the other.
func (m *counts[R]) each(tx *db.Tx, by []Dimension, args map[string]any, to func(cell)) error {
	maps.Copy(args, m.args)
	_, oneWorker := args["worker"]
	rows, err := tx.Query(m.query(by, oneWorker), args).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		c := cell{counts: make([]int, len(m.names))}
		targets, err := m.targets(&c, names)
		if err != nil {
			return err
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		to(c)
	}
	return errors.Join(rows.Err(), rows.Close())
}

// targets are where the columns of the metric's SQL go.
func (m *counts[R]) targets(c *cell, columns []string) ([]any, error) {
	targets := make([]any, len(columns))
	for i, name := range columns {
		switch name {
		case "site_id":
			targets[i] = &c.site
		case "month":
			targets[i] = &c.month
		case "subgroup":
			targets[i] = &c.subgroup
		case "facet":
			targets[i] = &c.facet
		default:
			at, found := slices.BinarySearch(m.names, name)
			if !found {
				return nil, errors.New("insights: " + m.ID + " does not declare the column " + name + " of its SQL")
			}
			targets[i] = &c.counts[at]
		}
	}
	return targets, nil
}

// totals adds cells up for each node of one tree with each of the other.
func totals(cells []cell, rows, columns disclosure.Tree, size int, row, column func(place) int) [][]cell {
	out := make([][]cell, len(rows))
	leafRow, leafColumn := leaves(rows), leaves(columns)
	for i := range out {
		out[i] = make([]cell, len(columns))
		for j := range out[i] {
			out[i][j].counts = make([]int, size)
		}
	}
	for _, c := range cells {
		out[leafRow[row(c.place)]][leafColumn[column(c.place)]].plus(c)
	}
	for i := range rows { // halves stand after the whole
		for j := len(columns) - 1; j > 0; j-- {
			out[i][columns[j].Parent].plus(out[i][j])
		}
	}
	for i := len(rows) - 1; i > 0; i-- {
		for j := range columns {
			out[rows[i].Parent][j].plus(out[i][j])
		}
	}
	return out
}

// leaves finds the node of each position.
func leaves(t disclosure.Tree) map[int]int {
	found := map[int]int{}
	for i, n := range t {
		if n.Until-n.From == 1 {
			found[n.From] = i
		}
	}
	return found
}

// reveal reports which columns may be shown of each node with each node.
func (m *counts[R]) reveal(p disclosure.Profile, rows, columns disclosure.Tree, truth [][]cell) func(i, j, column int) bool {
	shown := map[upTo][][]bool{}
	for _, c := range m.columns {
		for _, need := range c.needs {
			if shown[need] == nil {
				shown[need] = p.Reveal(rows, columns, func(i, j int) []int {
					return disclosure.Extent(need.counts(truth[i][j].counts), need.kind)
				})
			}
		}
	}
	return func(i, j, column int) bool {
		return !slices.ContainsFunc(m.columns[column].needs, func(need upTo) bool { return !shown[need][i][j] })
	}
}

// published are the columns of one place; a hidden one is nil.
func (m *counts[R]) published(c cell, shown func(column int) bool) []*int {
	out := make([]*int, len(m.columns))
	for i, column := range m.columns {
		if shown(i) {
			out[i] = new(add(column.of, c.counts))
		}
	}
	return out
}

// answerRow is a row with its counts, which are published as they stand.
func (m *counts[R]) answerRow(at Divider, subgroup string, counts []*int) R {
	r := m.row(at, subgroup, withheld(counts[0] == nil))
	v := reflect.ValueOf(&r).Elem()
	for i, c := range m.columns {
		v.FieldByIndex(c.field).Set(reflect.ValueOf(counts[i]))
	}
	if m.adjust != nil {
		m.adjust(&r)
	}
	count := func(field []int) *int { return v.FieldByIndex(field).Interface().(*int) }
	for _, s := range m.percent {
		v.FieldByIndex(s.name).Set(reflect.ValueOf(percent(count(s.part), count(s.whole))))
	}
	return r
}
