package insights

import (
	"maps"
	"slices"
	"strings"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
	"waypost/internal/platform/sqlfile"
)

// Cell is where something was counted. gorm fills only what is exported.
type Cell struct {
	SiteID string
	Month  int    // since January of the year 0
	Sub    string // what else a row of the metric is of
	Facet  string // a dimension and its value, joined by an equals sign
}

// value is that of a dimension, if the cell is of it.
func (c Cell) value(of Dimension) (value string, is bool) {
	return strings.CutPrefix(c.Facet, string(of)+"=")
}

func (c Cell) at() Cell { return c }

// counted is counts of one place that add up.
type counted[C any] interface {
	at() Cell
	plus(C) C
}

// sorting sorts the people of a place into kinds, those that readers need most first.
type sorting[C any] struct{ kinds func(C) []int }

// sorted makes a sorting; it is told from others by its address.
func sorted[C any](kinds func(C) []int) *sorting[C] { return &sorting[C]{kinds} }

// column is one published count, and the sortings that must allow it: each up to one of its kinds. It may
// then be worked out by subtraction from what the sorting shows, and is safe, and so is what it leaves
// over.
type column[C any] struct {
	of func(C) int
	in []upTo[C]
}

type upTo[C any] struct {
	*sorting[C]
	kind int // allPeople: the whole alone
}

const allPeople = -1

// whole is the number of people in a sorting.
func (s *sorting[C]) whole() column[C] {
	return column[C]{func(c C) int { return total(s.kinds(c)) }, []upTo[C]{{s, allPeople}}}
}

// kind is one kind of a sorting. Where the whole is itself a kind of other sortings, they must show that one.
func (s *sorting[C]) kind(i int, within ...column[C]) column[C] {
	c := column[C]{func(c C) int { return s.kinds(c)[i] }, []upTo[C]{{s, i}}}
	for _, w := range within {
		c.in = append(c.in, w.in...)
	}
	return c
}

// left is what is left of a sorting after its kinds up to one.
func (s *sorting[C]) left(i int) column[C] {
	return column[C]{func(c C) int { return total(s.kinds(c)[i+1:]) }, []upTo[C]{{s, i}}}
}

// and adds further sortings that must allow the column too.
func (c column[C]) and(others ...column[C]) column[C] {
	c.in = slices.Clone(c.in)
	for _, o := range others {
		c.in = append(c.in, o.in...)
	}
	return c
}

func total(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// metric is one kind of figures that are counts.
type metric[C counted[C], R any] struct {
	Entry
	sql     string // the name of its template, of one row a cell
	bands   bool
	args    map[string]any
	columns []column[C]
	subs    func(tx *db.Tx) ([]string, error) // the rows there are for each place, whatever is in them
	row     func(at Divider, sub string, n []*int, suppressed bool) R
}

// text is the metric's query.
func (m metric[C, R]) text(by []Dimension, oneWorker bool) sqlfile.Text {
	return files.Render(m.sql, division{dimensions: by, worker: oneWorker, Bands: m.bands})
}

// cells counts, by each of some dimensions in one pass over the record.
func (m metric[C, R]) cells(tx *db.Tx, by []Dimension, args map[string]any) (list []C, err error) {
	err = m.each(tx, by, args, func(c C) { list = append(list, c) })
	return list, err
}

// each hands over one cell after the other.
func (m metric[C, R]) each(tx *db.Tx, by []Dimension, args map[string]any, to func(C)) error {
	maps.Copy(args, m.args)
	_, oneWorker := args["worker"]
	rows, err := tx.Query(m.text(by, oneWorker), args).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c C
		if err := tx.ScanRows(rows, &c); err != nil {
			return err
		}
		to(c)
	}
	return rows.Err()
}

// sums adds cells up for each node of one tree with each of the other.
func sums[C counted[C]](cells []C, rows, columns disclosure.Tree, row, column func(Cell) int) [][]C {
	out := make([][]C, len(rows))
	leafRow, leafColumn := leaves(rows), leaves(columns)
	for i := range out {
		out[i] = make([]C, len(columns))
	}
	for _, c := range cells {
		i, j := leafRow[row(c.at())], leafColumn[column(c.at())]
		out[i][j] = out[i][j].plus(c)
	}
	for i := range rows { // halves stand after the whole
		for j := len(columns) - 1; j > 0; j-- {
			p := columns[j].Parent
			out[i][p] = out[i][p].plus(out[i][j])
		}
	}
	for i := len(rows) - 1; i > 0; i-- {
		for j := range columns {
			p := rows[i].Parent
			out[p][j] = out[p][j].plus(out[i][j])
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

// reveal tells which columns may be shown of each node with each node.
func (m metric[C, R]) reveal(
	p disclosure.Profile,
	rows, columns disclosure.Tree,
	truth [][]C,
) func(i, j, column int) bool {
	shown := map[upTo[C]][][]bool{}
	for _, c := range m.columns {
		for _, in := range c.in {
			if shown[in] == nil {
				shown[in] = p.Reveal(
					rows,
					columns,
					func(i, j int) []int { return disclosure.Extent(in.kinds(truth[i][j]), in.kind) },
				)
			}
		}
	}
	return func(i, j, column int) bool {
		for _, in := range m.columns[column].in {
			if !shown[in][i][j] {
				return false
			}
		}
		return true
	}
}

// counts are the columns of one place; a hidden one is nil.
func (m metric[C, R]) counts(c C, shown func(column int) bool) []*int {
	out := make([]*int, len(m.columns))
	for i, column := range m.columns {
		if shown(i) {
			out[i] = new(column.of(c))
		}
	}
	return out
}
