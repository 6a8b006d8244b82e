package disclosure

// Tree halves the positions of an axis, and the halves again. How it halves must not depend on what is counted.
type Tree []Node

// Node is a stretch of an axis, From to before Until. The first node of a tree is the whole axis.
type Node struct {
	From, Until int
	Parent      int // its index; the whole axis has none and says -1
	Sibling     int // the other half of its parent; -1 likewise
}

// Halves is the tree of n rows in a fixed order, cut into blocks of 1, 2, 4 … rows, the largest first. So a
// row that is added at the end leaves every earlier stretch as it was: a reader of two days would else have
// the stretches of both.
func Halves(n int) Tree { return Parted(n, block(n)) }

// Parted is the tree of n rows whose first cut is after so many: those that many people are in, then those
// that few are in, so that the few hide less of the many. Each part is then halved.
func Parted(n, first int) Tree {
	return Tree{{0, n, -1, -1}}.split(0, func(from, until int) int {
		if until-from == n {
			return first
		}
		return from + block(until-from)
	})
}

// block is the largest power of 2 below n.
func block(n int) int {
	size := 1
	for 2*size < n {
		size *= 2
	}
	return size
}

// Calendar is the tree of n months, the first of which is so many months after January of the year 0. It is
// the same tree however many months there are: a year falls into halves, quarters and months, and years are
// paired, and the pairs, by their number. So a month that is added leaves every earlier stretch as it was.
func Calendar(first, n int) Tree {
	until := first + n
	size := 1
	for first/(12*size) != (until-1)/(12*size) { // the least block of 1, 2, 4 … years that holds them all
		size *= 2
	}
	block := first / (12 * size)
	whole := Tree{{block * 12 * size, (block + 1) * 12 * size, -1, -1}}
	return whole.split(0, func(from, until int) int {
		if until-from == 3 {
			return from + 1 // a quarter: its first month, and the other two
		}
		return from + (until-from)/2
	})
}

func (t Tree) split(i int, middle func(from, until int) int) Tree {
	n := t[i]
	if n.Until-n.From < 2 {
		return t
	}
	m, left := middle(n.From, n.Until), len(t)
	t = append(t, Node{n.From, m, i, left + 1}, Node{m, n.Until, i, left})
	return t.split(left+1, middle).split(left, middle)
}

// Reveal tells which counts may be shown of a table of two axes, for each node of the one with each node of the other.
//
// A stretch is shown where the stretches that it lies in are, and the counts of the four that its two
// parents fall into are safe: itself, its sibling, and both beside the other axis's sibling. So each
// difference of shown figures that lie in one another is safe, along either axis and along both. What stays
// hidden inside four is known by its margins alone, each of them nobody or at least the threshold: were one
// nobody, all four would be safe; so the hidden count has at least threshold + 1 possible values in a run.
func (p Profile) Reveal(rows, columns Tree, counts func(row, column int) []int) [][]bool {
	safe, shown := make([][]bool, len(rows)), make([][]bool, len(rows))
	for i := range rows {
		safe[i], shown[i] = make([]bool, len(columns)), make([]bool, len(columns))
		for j := range columns {
			safe[i][j] = p.safe(counts(i, j)...)
		}
	}
	for i, r := range rows { // parents stand before their halves
		for j, c := range columns {
			shown[i][j] = safe[i][j]
			if r.Parent >= 0 {
				shown[i][j] = shown[i][j] && shown[r.Parent][j] && safe[r.Sibling][j]
			}
			if c.Parent >= 0 {
				shown[i][j] = shown[i][j] && shown[i][c.Parent] && safe[i][c.Sibling]
			}
			if r.Parent >= 0 && c.Parent >= 0 {
				shown[i][j] = shown[i][j] && safe[r.Sibling][c.Sibling]
			}
		}
	}
	return shown
}

// Extent is the counts that a reader knows who is shown a sorting of people up to a kind: all people, each
// kind up to it, and what is left after each. Kinds stand in the order in which readers need them.
func Extent(kinds []int, upTo int) []int {
	people := 0
	for _, n := range kinds {
		people += n
	}
	return Row{People: people, Parts: kinds}.upTo(upTo)
}
