package insights

import (
	"maps"
	"slices"
	"strings"
)

// sum is counts added up and taken away, by their names and how often.
type sum map[string]int

// parseSum reads names joined by plus and minus signs, such as "attended - followed_up".
func parseSum(text string) sum {
	s, sign := sum{}, 1
	for _, word := range strings.Fields(text) {
		switch word {
		case "+":
			sign = 1
		case "-":
			sign = -1
		default:
			s[word] += sign
		}
	}
	return s
}

func (s sum) plus(o sum, factor int) sum {
	out := maps.Clone(s)
	for name, n := range o {
		if out[name] += n * factor; out[name] == 0 {
			delete(out, name)
		}
	}
	return out
}

// term is a count by its position in a cell, and how often it is added.
type term struct{ position, factor int }

func (s sum) terms(names []string) (list []term) {
	for i, name := range names {
		if s[name] != 0 {
			list = append(list, term{i, s[name]})
		}
	}
	return list
}

func add(terms []term, counts []int) (n int) {
	for _, t := range terms {
		n += t.factor * counts[t.position]
	}
	return n
}

// rest is the last part of a partition: whoever is in none of the others.
const rest = "rest"

// partition splits a column, or a sum of columns, into parts that add up to it, those that readers need most
// first. A column is shown only where every part up to it may be shown, because readers can subtract. What
// is left over is then safe too.
//
// A column whose parts are all named, none of them the rest, is their sum, and need not be counted.
type partition struct {
	of    string
	parts []string
	// columns that can be worked out once the first part is known
	revealedByFirst []string
	// whether one part that is shown reveals the others, so that either all are shown or none
	allOrNone bool
}

// sorting is a partition that counts can be put into.
type sorting struct{ kinds [][]term }

// counts are how many are in each part.
func (s *sorting) counts(all []int) []int {
	out := make([]int, len(s.kinds))
	for i, kind := range s.kinds {
		out[i] = add(kind, all)
	}
	return out
}

// upTo is a sorting up to one of its kinds.
type upTo struct {
	*sorting
	kind int // allPeople: the whole alone
}

const allPeople = -1

// resolver works out what the names of a declaration stand for.
type resolver struct {
	metric     string
	sums       map[string]string
	partitions []partition
	sorted     []sortedPartition
	counted    map[string]bool // the names that the metric's SQL counts
}

// sortedPartition is a partition in terms of what is counted.
type sortedPartition struct {
	partition
	whole   sum
	sums    []sum // its parts
	sorting *sorting
}

func newResolver(metric string, sums map[string]string, partitions []partition) *resolver {
	r := &resolver{metric: metric, sums: sums, partitions: partitions, counted: map[string]bool{}}
	for _, p := range partitions {
		s := sortedPartition{partition: p, sorting: &sorting{}, whole: r.sum(p.of)}
		left := s.whole
		for _, part := range p.parts {
			of := left
			if part != rest {
				of = r.sum(part)
			}
			s.sums, left = append(s.sums, of), left.plus(of, -1)
		}
		if len(left) > 0 {
			panic("insights: the parts of " + p.of + " of " + metric + " do not add up to it")
		}
		r.sorted = append(r.sorted, s)
	}
	return r
}

// sum is what a text stands for, in names that are counted.
func (r *resolver) sum(text string) sum {
	out := sum{}
	for name, n := range parseSum(text) {
		out = out.plus(r.name(name), n)
	}
	return out
}

func (r *resolver) name(name string) sum {
	if text, is := r.sums[name]; is {
		return r.sum(text)
	}
	for _, p := range r.partitions {
		if p.of == name && !slices.Contains(p.parts, rest) {
			return r.sum(strings.Join(p.parts, " + "))
		}
	}
	r.counted[name] = true
	return sum{name: 1}
}

// needs are the sortings that must allow a column.
func (r *resolver) needs(name string, of sum) (list []upTo) {
	root := true
	for _, p := range r.sorted {
		part, within := p.part(name, of)
		if !within {
			continue
		}
		if root = false; p.allOrNone {
			part = len(p.sums) - 1
		}
		list = append(list, upTo{p.sorting, part})
		list = append(list, r.needs(p.of, p.whole)...)
	}
	if !root {
		return list
	}
	for _, p := range r.sorted {
		if maps.Equal(p.whole, of) {
			return []upTo{{p.sorting, allPeople}}
		}
	}
	return nil
}

// part is the least part up to which a column is known with the parts before.
func (p sortedPartition) part(name string, of sum) (part int, within bool) {
	if slices.Contains(p.revealedByFirst, name) {
		return 0, true
	}
	so, left := sum{}, p.whole
	for i, s := range p.sums {
		so, left = so.plus(s, 1), left.plus(s, -1)
		if len(of) > 0 && (maps.Equal(s, of) || i < len(p.sums)-1 && (maps.Equal(so, of) || maps.Equal(left, of))) {
			return i, true
		}
	}
	return 0, false
}
