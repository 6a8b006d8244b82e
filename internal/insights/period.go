package insights

import "waypost/internal/disclosure"

// period is what may be shown of some months: counts of a metric's columns, nil where withheld, before
// they are rounded.
type period struct {
	From   int    `json:"from"` // months since January of the year 0
	Until  int    `json:"until"`
	Counts []*int `json:"counts"`
}

// line is a line of a table over all its periods.
type line []period

// over is what the line says of some months, of the columns at these positions: the sum of the periods that
// make them up, and nil where none do. Nothing more is said than anybody could add up from shown periods.
// Outside the line's months there is nobody.
func (l line) over(from, until int, positions []int) []*int {
	out := make([]*int, len(positions))
	for i, position := range positions {
		if position >= 0 {
			out[i] = l.column(position, from, until)
		}
	}
	return out
}

func (l line) column(i, from, until int) *int {
	if len(l) == 0 {
		return nil
	}
	from, until = max(from, l[0].From), min(until, l[0].Until) // the first is the whole
	sum := 0
	for at := from; at < until; {
		next, n := l.step(i, at, until)
		if next == at {
			return nil
		}
		at, sum = next, sum+n
	}
	return &sum
}

// step finds the longest shown period that begins here and ends in time, or one of nobody that reaches over here.
func (l line) step(i, at, until int) (next, n int) {
	next = at
	for _, s := range l {
		switch {
		case s.Counts[i] == nil:
		case s.From == at && s.Until <= until && s.Until > next:
			next, n = s.Until, *s.Counts[i]
		case *s.Counts[i] == 0 && s.From <= at && s.Until > at && s.Until > next:
			next, n = s.Until, 0
		}
	}
	return next, n
}

// newLine makes a line from a node of rows, with each node of time that shows more than the one it lies in.
func newLine(months disclosure.Tree, counts func(j int) []*int) (l line) {
	empty := make([]bool, len(months))
	for j, node := range months {
		if node.Parent >= 0 && empty[node.Parent] {
			empty[j] = true
			continue
		}
		s := period{node.From, node.Until, counts(j)}
		shown, nobody := false, true
		for _, n := range s.Counts {
			shown, nobody = shown || n != nil, nobody && n != nil && *n == 0
		}
		if empty[j] = nobody; shown {
			l = append(l, s)
		}
	}
	return l
}
