package disclosure

import (
	"fmt"
	"iter"
	"strings"
	"testing"
)

// The attacks run the rule itself over every table of a family, sort the tables by what a reader sees of them,
// and look at which values a withheld count takes among tables that look the same. So the reader knows the
// rule, its thresholds and its order. The reader is also given every shown count exactly, without rounding.

// seen is what the reader knows: all counts of the rows and their total, -1 for what is withheld.
func seen(p Profile, rows []Row) (truth, known []int) {
	total, lines := p.Table(Halves(len(rows)), rows)
	rows, lines = append(rows[:len(rows):len(rows)], sum(rows)), append(lines, total)
	for i, r := range rows {
		truth = append(truth, r.People, r.Others)
		known = append(known, when(lines[i].People, r.People), when(lines[i].Base, r.Others))
		for j, n := range r.Parts {
			truth, known = append(truth, n), append(known, when(lines[i].Parts[j], n))
		}
	}
	return truth, known
}

func when(shown *int, n int) int {
	if shown == nil {
		return -1
	}
	return n
}

// attack reports every withheld small count whose possible values do not satisfy hidden. A count that is the
// same in the whole family was given to the reader by the test and is not looked at.
func attack(t *testing.T, p Profile, tables iter.Seq[[]Row], hidden func(p Profile, possible map[int]bool) bool) {
	t.Helper()
	looks := map[string][]map[int]bool{} // by what is known: the possible values of each count
	const all = ""
	for rows := range tables {
		truth, known := seen(p, rows)
		for _, look := range []string{fmt.Sprint(known), all} {
			if looks[look] == nil {
				looks[look] = make([]map[int]bool, len(truth))
			}
			note(looks[look], truth)
		}
	}
	family, small := looks[all], 0
	delete(looks, all)
	for key, counts := range looks {
		for i, known := range strings.Fields(strings.Trim(key, "[]")) {
			if known != "-1" || len(family[i]) == 1 || !anySmall(p, counts[i]) {
				continue
			}
			if small++; !hidden(p, counts[i]) {
				t.Fatalf("of the tables seen as %s, count %d can only be %v", key, i, counts[i])
			}
		}
	}
	if small == 0 {
		t.Fatal("the family has no withheld small count: nothing was tried")
	}
}

func note(possible []map[int]bool, truth []int) {
	for i, n := range truth {
		if possible[i] == nil {
			possible[i] = map[int]bool{}
		}
		possible[i][n] = true
	}
}

func anySmall(p Profile, possible map[int]bool) bool {
	for n := range possible {
		if !p.safe(n) {
			return true
		}
	}
	return false
}

// whole: every count below the threshold is possible.
func whole(p Profile, possible map[int]bool) bool {
	for n := 1; n < p.Threshold(); n++ {
		if !possible[n] {
			return false
		}
	}
	return true
}

// run: as many neighbouring values as there are counts below the threshold are possible.
func run(p Profile, possible map[int]bool) bool {
	length := 0
	for n := range 1000 {
		if length++; !possible[n] {
			length = 0
		}
		if length == p.Threshold()-1 {
			return true
		}
	}
	return false
}

// splits yields every way to write total as a sum of k counts.
func splits(total, k int) iter.Seq[[]int] {
	return func(yield func([]int) bool) { split(total, make([]int, k), 0, yield) }
}

func split(left int, into []int, i int, yield func([]int) bool) bool {
	if i == len(into)-1 {
		into[i] = left
		return yield(append([]int(nil), into...))
	}
	for n := range left + 1 {
		into[i] = n
		if !split(left-n, into, i+1, yield) {
			return false
		}
	}
	return true
}

func TestAttackOnRows(t *testing.T) {
	for k, most := range map[int]int{1: 40, 2: 40, 3: 30, 4: 26, 5: 18} {
		attack(t, NHSEngland(0), func(yield func([]Row) bool) {
			for total := range most + 1 {
				for people := range splits(total, k) {
					rows := make([]Row, k)
					for i, n := range people {
						rows[i].People = n
					}
					if !yield(rows) {
						return
					}
				}
			}
		}, whole)
	}
}

func TestAttackOnRowsUnderAHigherThreshold(t *testing.T) {
	attack(t, NHSEngland(11), func(yield func([]Row) bool) {
		for total := range 41 {
			for people := range splits(total, 3) {
				if !yield([]Row{{People: people[0]}, {People: people[1]}, {People: people[2]}}) {
					return
				}
			}
		}
	}, whole)
}

// The base of a row gives away who is not among its people.
func TestAttackOnBases(t *testing.T) {
	for _, people := range [][]int{{10}, {10, 20}, {5, 20}, {0, 8}, {12, 9, 30}, {12, 4, 30}} {
		attack(t, NHSEngland(0), func(yield func([]Row) bool) {
			for total := range 31 {
				for others := range splits(total, len(people)) {
					rows := make([]Row, len(people))
					for i, n := range others {
						rows[i] = Row{People: people[i], Others: n}
					}
					if !yield(rows) {
						return
					}
				}
			}
		}, whole)
	}
}

func TestAttackOnPartitions(t *testing.T) {
	for k, most := range map[int]int{2: 60, 3: 40, 4: 26} {
		attack(t, NHSEngland(0), func(yield func([]Row) bool) {
			for total := range most + 1 {
				for parts := range splits(total, k) {
					if !yield([]Row{{People: total, Parts: parts}}) {
						return
					}
				}
			}
		}, whole)
	}
}

// Two sites' parts with the total's: both margins are known, and the guarantee is a run of values.
func TestAttackOnPartsAcrossRows(t *testing.T) {
	for _, people := range [][2]int{{8, 8}, {8, 15}, {12, 12}, {16, 9}, {9, 0}} {
		attack(t, NHSEngland(0), func(yield func([]Row) bool) {
			for first := range splits(people[0], 3) {
				for second := range splits(people[1], 3) {
					if !yield([]Row{{People: people[0], Parts: first}, {People: people[1], Parts: second}}) {
						return
					}
				}
			}
		}, run)
	}
}

// Three sites, where people and a part of them vary together.
func TestAttackOnPeopleAndAPartAcrossRows(t *testing.T) {
	attack(t, NHSEngland(0), func(yield func([]Row) bool) {
		for cells := range splits(17, 6) {
			rows := make([]Row, 3)
			for i := range rows {
				a, b := cells[2*i], cells[2*i+1]
				rows[i] = Row{People: a + b, Parts: []int{a, b}}
			}
			if !yield(rows) {
				return
			}
		}
	}, run)
}
