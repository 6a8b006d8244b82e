package disclosure

import (
	"fmt"
	"iter"
	"testing"

	"pgregory.net/rapid"
)

// scaled is the rule with a threshold of 3 in place of 8: what can be worked out depends on the order of
// sizes alone, and every table of some people can then be tried.
var scaled = Profile{kind: none, threshold: 3}

// solid is counts over three axes of two positions each: sites, months and values.
type solid [2][2][2]int

func (c solid) sum(site, month, value Node) (n int) {
	for s := site.From; s < site.Until; s++ {
		for m := month.From; m < month.Until; m++ {
			for v := value.From; v < value.Until; v++ {
				n += c[s][m][v]
			}
		}
	}
	return n
}

// shownOf is what a reader sees of a solid: sites by months and values by sites, as a snapshot has them; -1
// is hidden. names tells what each is. With values by months as well, 264 of the looks below give a count
// away: three margins of a table of three axes leave too little room where there are noughts. With two,
// each site's months and values are known, and nothing joins them.
func shownOf(p Profile, c solid) (known, truth []int, names []string) {
	axis := Halves(2)
	all := axis[0]
	for _, of := range []struct {
		name string
		sum  func(a, b Node) int
	}{
		{"site × month", func(s, m Node) int { return c.sum(s, m, all) }},
		{"value × site", func(v, s Node) int { return c.sum(s, all, v) }},
	} {
		shown := p.Reveal(axis, axis, func(i, j int) []int { return []int{of.sum(axis[i], axis[j])} })
		for i := range axis {
			for j := range axis {
				n := of.sum(axis[i], axis[j])
				truth, names = append(truth, n), append(names, fmt.Sprintf("%s, %d and %d", of.name, i, j))
				if !shown[i][j] {
					n = -1
				}
				known = append(known, n)
			}
		}
	}
	for s := range c { // what no table shows, and a reader would like to know
		for m := range c[s] {
			for v := range c[s][m] {
				known, truth, names = append(
					known,
					-1,
				), append(
					truth,
					c[s][m][v],
				), append(
					names,
					fmt.Sprintf("person of site %d, month %d, value %d", s, m, v),
				)
			}
		}
	}
	return known, truth, names
}

func solids(most int) iter.Seq[solid] {
	return func(yield func(solid) bool) {
		for total := range most + 1 {
			for cells := range splits(total, 8) {
				var c solid
				for i, n := range cells {
					c[i/4][i/2%2][i%2] = n
				}
				if !yield(c) {
					return
				}
			}
		}
	}
}

// kindsOf is what a reader sees of one site whose people are sorted into two kinds (the first axis of the
// solid), by months and by values.
func kindsOf(p Profile, c solid) (known, truth []int, names []string) {
	axis := Halves(2)
	all, alone := axis[0], Halves(1)
	for _, of := range []struct {
		name string
		sum  func(kind, b Node) int
	}{
		{"month", func(k, m Node) int { return c.sum(k, m, all) }},
		{"value", func(k, v Node) int { return c.sum(k, all, v) }},
	} {
		kinds := func(_, j int) []int { return []int{of.sum(axis[1], axis[j]), of.sum(axis[2], axis[j])} }
		people := p.Reveal(alone, axis, func(i, j int) []int { return Extent(kinds(i, j), -1) })
		first := p.Reveal(alone, axis, func(i, j int) []int { return Extent(kinds(i, j), 0) })
		for j := range axis {
			for kind, shown := range []bool{people[0][j], first[0][j], first[0][j]} {
				n := of.sum(axis[kind], axis[j])
				truth, names = append(truth, n), append(names, fmt.Sprintf("%s %d, kind %d", of.name, j, kind))
				if !shown {
					n = -1
				}
				known = append(known, n)
			}
		}
	}
	for k := range c {
		for m := range c[k] {
			for v := range c[k][m] {
				known, truth, names = append(
					known,
					-1,
				), append(
					truth,
					c[k][m][v],
				), append(
					names,
					fmt.Sprintf("person of kind %d, month %d, value %d", k, m, v),
				)
			}
		}
	}
	return known, truth, names
}

// Every table of up to 13 people is tried. Of those that look the same to a reader, who knows the rule and
// every shown count exactly, no hidden small count is the same in all.
func TestAttackOnThreeAxes(t *testing.T) { attackSolids(t, shownOf) }
func TestAttackOnKinds(t *testing.T)     { attackSolids(t, kindsOf) }

func attackSolids(t *testing.T, see func(Profile, solid) (known, truth []int, names []string)) {
	t.Parallel()
	type look struct {
		first  []int
		varies []bool
	}
	looks, names := map[string]*look{}, []string(nil)
	for c := range solids(13) {
		known, truth, called := see(scaled, c)
		names = called
		l := looks[fmt.Sprint(known)]
		if l == nil {
			l = &look{truth, make([]bool, len(truth))}
			looks[fmt.Sprint(known)] = l
		}
		for i, n := range truth {
			l.varies[i] = l.varies[i] || n != l.first[i]
		}
	}
	kept, found := 0, 0
	for known, l := range looks {
		for i, n := range l.first {
			if l.varies[i] {
				kept++
			} else if !scaled.safe(n) {
				if found++; found < 10 {
					t.Errorf("%s is %d in every table seen as %s", names[i], n, known)
				}
			}
		}
	}
	t.Logf("%d looks, %d counts kept, %d found", len(looks), kept, found)
}

func TestTreesHalveTheirAxis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, n := rapid.IntRange(24000, 24500).Draw(t, "first"), rapid.IntRange(1, 200).Draw(t, "months")
		for _, tree := range []Tree{Calendar(first, n), Halves(n), Parted(n, rapid.IntRange(1, max(1, n-1)).Draw(t, "first"))} {
			for i, node := range tree {
				if i == 0 {
					continue
				}
				whole, other := tree[node.Parent], tree[node.Sibling]
				if node.Parent >= i || tree[node.Sibling].Sibling != i || min(node.From, other.From) != whole.From ||
					max(node.Until, other.Until) != whole.Until ||
					node.Until-node.From+other.Until-other.From != whole.Until-whole.From {
					t.Fatalf("node %d %+v beside %+v of %+v", i, node, other, whole)
				}
			}
		}
		if whole := Calendar(first, n)[0]; whole.From > first || whole.Until < first+n {
			t.Fatalf("%+v does not hold %d and %d more", whole, first, n)
		}
	})
}

// A month that is added changes no earlier stretch.
func TestACalendarIsTheSameHoweverLongItIs(t *testing.T) {
	stretches := func(n int) map[[2]int]bool {
		found := map[[2]int]bool{}
		for _, node := range Calendar(24312, n) {
			found[[2]int{node.From, node.Until}] = true
		}
		return found
	}
	long := stretches(120)
	for n := 1; n < 120; n++ {
		for s := range stretches(n) {
			if !long[s] {
				t.Fatalf("%d months have the stretch %v, 120 have not", n, s)
			}
		}
	}
}

// A row that is added at the end changes no earlier stretch: were rows cut anew, yesterday's stretches and
// today's would together leave a single one over.
func TestRowsAreCutAlikeHoweverManyThereAre(t *testing.T) {
	stretches := func(n int) map[Node]bool {
		found := map[Node]bool{}
		for _, node := range Halves(n) {
			if node.Until < n { // whole, whatever comes after
				found[Node{From: node.From, Until: node.Until}] = true
			}
		}
		return found
	}
	for n := 1; n < 100; n++ {
		more := map[Node]bool{}
		for _, node := range Halves(n + 1) {
			more[Node{From: node.From, Until: node.Until}] = true
		}
		for s := range stretches(n) {
			if !more[s] {
				t.Fatalf("%d rows have the stretch %v, one more have not", n, s)
			}
		}
	}
}

// The same where a last row is cut off first, and others are added before it.
func TestTheLastRowCutOffFirst(t *testing.T) {
	for n := 3; n < 100; n++ {
		more := map[Node]bool{}
		for _, node := range Parted(n+1, n) {
			more[Node{From: node.From, Until: node.Until}] = true
		}
		for _, node := range Parted(n, n-1) {
			if node.Until < n-1 && !more[Node{From: node.From, Until: node.Until}] {
				t.Fatalf("of %d rows there is %+v, of one more there is not", n, node)
			}
		}
	}
}

// What a reader of two days adds up where a row of nobody was added in between: shown rows of either day,
// and the row of all.
func TestAnAddedRowGivesNothingAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, n := NHSEngland(0), rapid.IntRange(2, 20).Draw(t, "rows")
		var rows []Row
		for range n {
			rows = append(
				rows,
				Row{People: rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(10, 30)).Draw(t, "people")},
			)
		}
		_, before := p.Table(Halves(n), rows)
		_, after := p.Table(Halves(n+1), append(rows, Row{}))
		hidden, only := 0, Row{}
		for i, r := range rows {
			if before[i].Suppressed && after[i].Suppressed {
				hidden, only = hidden+1, r
			}
		}
		if hidden == 1 && !p.safe(only.People) {
			t.Fatalf("%+v: the one of %d is all that the two days leave over", rows, only.People)
		}
	})
}
