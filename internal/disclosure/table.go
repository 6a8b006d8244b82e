package disclosure

import (
	"math"
)

// Row is the true counts behind one row of a table.
type Row struct {
	People int   // whom the row's means rest on
	Others int   // who belong to the same base and are not among People, so that the base is People + Others
	Parts  []int // People sorted into kinds, the one readers need most first; as many in every row of a table
}

// Line is what may be shown of a Row. A nil count is withheld.
type Line struct {
	Suppressed bool     // nothing of the row may be shown, no mean either; compute none
	People     *int     // rounded
	Base       *int     // People + Others, rounded
	Percent    *float64 // People in Base, 0 to 100 with one decimal, from the rounded counts; nil of an empty base too
	Parts      []*int   // rounded; always as many as the row's
	Left       []*int   // what is left of People after each part, rounded; shown with the part
}

// Table protects rows that add up to a total which is published too, each at its position of the axis.
//
// The rows must be the same ones in the same order whatever their counts are, by id for example: rows of
// nobody belong to the table, and an order by size would tell what is withheld. New ones come at the end.
// The total must be published over these rows only, or over fixed sets of them that are tables of their
// own.
//
// # Who it protects against
//
// The reader knows these rules and has all the published figures. A standard deviation of the change beside
// its confidence interval gives the number of pairs away exactly (n = (t·sd/half-width)²), and means of two
// nested groups give the mean of the rest; so every People shown is taken as known exactly, rounding is never
// counted on as cover, and whatever shown figures leave over by subtraction must itself be safe.
//
// # Why not "withhold the small row, and the next smallest"
//
// The reader knows that rule as well, and learns from it that the second withheld row is no larger than the
// smallest one shown. Of 7, 22, 22 it shows one 22 and leaves 29 over: the larger withheld row is at most 22,
// so the smaller is at least 7, and it is found. A second row picked by what the counts are tells about them.
//
// # The rule
//
// Rows are halved, and the halves halved, by their place on the axis. A stretch of rows is divided only when
// the counts of both halves are safe: zero, or at least the threshold. If not, the whole stretch is withheld.
//
//   - What is left over by subtraction is one or more withheld stretches, each safe as a whole.
//   - No withheld row is narrowed below 1 to threshold−1. Take a withheld stretch of T people, T at least the
//     threshold. For every v in that range the row may hold v, the rest of its half nobody, and the other half
//     T−v: the first half is unsafe, so the stretch is withheld, and every published figure is the same.
//   - A higher threshold only makes more halves unsafe, so it never shows more.
//
// The same test holds further counts of a row, each on condition of the ones before it:
//
//   - Base and Percent are withheld where Others is small. With People known exactly, a rounded base leaves at
//     most five values for Others, and sometimes two: beside 36 people a base shown as 35 is 36 or 37, so
//     Others is 0 or 1. Withholding the base says "1 to 7" and no more.
//   - Parts are shown from the first on, while both the part and all that follows it are safe: the halving
//     above, one part at a time. An order of importance fixed beforehand serves as the places do.
//
// Rows and parts together make a two-way table with both margins published. There the guarantee is weaker, as
// for any such table: a withheld part keeps at least threshold−1 possible values in a run, but margins may
// bound the run away from 1 (33 of 50 improved, 30 people elsewhere: at least 3 here).
//
// Not covered: what a mean and standard deviation themselves say about a few whole-number answers (the rule
// allows them for 8 people or more), and subtraction between tables over different people. The callers'
// answer to the latter is fixed sets of cells, without free filters.
func (p Profile) Table(axis Tree, rows []Row) (total Line, lines []Line) {
	return p.Line(sum(rows)), p.lines(axis, rows)
}

// Line protects a row that stands alone; it equals the total of any Table whose rows add up to it.
func (p Profile) Line(row Row) Line { return p.lines(Halves(1), []Row{row})[0] }

// Partition protects the parts of a total that is published, the part readers need most first.
func (p Profile) Partition(total int, parts []int) []*int {
	return p.Line(Row{People: total, Parts: parts}).Parts
}

func (p Profile) lines(axis Tree, rows []Row) []Line {
	lines := make([]Line, len(rows))
	for i, shown := range p.reveal(axis, rows, Row.people) {
		lines[i] = Line{
			Suppressed: !shown,
			Parts:      make([]*int, len(rows[i].Parts)),
			Left:       make([]*int, len(rows[i].Parts)),
		}
		if shown {
			lines[i].People = p.Count(rows[i].People)
		}
	}
	for i, shown := range p.reveal(axis, rows, Row.base) {
		if shown {
			lines[i].Base = new(p.round(rows[i].People + rows[i].Others))
			lines[i].Percent = percent(*lines[i].People, *lines[i].Base)
		}
	}
	for part := range sum(rows).Parts {
		for i, shown := range p.reveal(axis, rows, func(r Row) []int { return r.upTo(part) }) {
			if shown {
				lines[i].Parts[part], lines[i].Left[part] = p.Count(rows[i].Parts[part]), p.Count(rows[i].left(part))
			}
		}
	}
	return lines
}

// reveal tells which rows may be shown to the extent that makes these counts of them known.
func (p Profile) reveal(axis Tree, rows []Row, counts func(Row) []int) []bool {
	shown, alone := make([]bool, len(rows)), Halves(1)
	nodes := p.Reveal(axis, alone, func(i, _ int) []int { return counts(sum(rows[axis[i].From:axis[i].Until])) })
	for i, n := range axis {
		if n.Until-n.From == 1 {
			shown[n.From] = nodes[i][0]
		}
	}
	return shown
}

// The three extents to which a row is shown, as the counts a reader can then work out. Each later one holds
// the counts of people, so that nothing of a suppressed row is shown.

func (r Row) people() []int { return []int{r.People} }

func (r Row) base() []int { return []int{r.People, r.Others} }

// upTo lists the parts up to and with the one at index last, and what is left after each of them.
func (r Row) upTo(last int) []int {
	counts := r.people()
	for i, part := range r.Parts[:last+1] {
		counts = append(counts, part, r.left(i))
	}
	return counts
}

// left is how many people are in none of the parts up to and with the one at index last.
func (r Row) left(last int) int {
	n := r.People
	for _, part := range r.Parts[:last+1] {
		n -= part
	}
	return n
}

func sum(rows []Row) Row {
	if len(rows) == 0 {
		return Row{}
	}
	total := Row{Parts: make([]int, len(rows[0].Parts))}
	for _, r := range rows {
		total.People += r.People
		total.Others += r.Others
		for i, n := range r.Parts {
			total.Parts[i] += n
		}
	}
	return total
}

func percent(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	return new(math.Round(1000*float64(part)/float64(whole)) / 10)
}
