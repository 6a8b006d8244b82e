package disclosure

import (
	"cmp"
	"slices"
	"strings"
)

// Class is people who are alike in every quasi-identifier: what somebody could be recognised by, taken together.
type Class struct {
	Values []string // of each quasi-identifier, in the order of the call
	N      int
}

// Quasi is a quasi-identifier: each level of it is coarser than the one before. Coarser[i] maps a value of
// level 0 to one of level i+1; what it does not name becomes All.
type Quasi struct {
	Name    string
	Coarser []map[string]string
}

// All is the value of a quasi-identifier that tells nothing any more.
const All = "all"

// Levels is how many levels a quasi-identifier has besides its finest; the last is All.
func (q Quasi) Levels() int { return len(q.Coarser) + 1 }

// At is what becomes of a value at a level.
func (q Quasi) At(level int, value string) string {
	switch {
	case level == 0:
		return value
	case level > len(q.Coarser):
		return All
	}
	if coarse, named := q.Coarser[level-1][value]; named {
		return coarse
	}
	return All
}

// Anonymity is how people are made hard to recognise: by at least K alike in every quasi-identifier.
type Anonymity struct {
	Quasis []Quasi
	Order  []string // a step each: the quasi-identifier that is made one level coarser
	K      int
	Most   int   // per cent of people who may be left out before one more step is taken
	From   []int // the levels to begin with; nil: the finest of each
}

// Result is what came of it.
type Result struct {
	N          int        // people there were
	Levels     []int      // of each quasi-identifier
	Suppressed int        // people left out: in groups of fewer than K
	Small      [][]string // those groups, by their values at these levels
	K          int        // people in the smallest group that is left; 0: nobody is
}

// Reach takes steps of the order until so few people are in groups smaller than K that they may be left
// out. It reports whether K was reached: whether anybody is left, and no more were left out than may be. The
// result is of the fewest steps that do, or of all of them.
func (a Anonymity) Reach(classes []Class) (r Result, reached bool) {
	levels := make([]int, len(a.Quasis))
	copy(levels, a.From)
	for step := 0; ; step++ {
		r = a.at(levels, classes)
		if r.K > 0 && 100*r.Suppressed <= a.Most*r.N {
			return r, true
		}
		if step == len(a.Order) {
			return r, false
		}
		if i := slices.IndexFunc(a.Quasis, func(q Quasi) bool { return q.Name == a.Order[step] }); i >= 0 {
			levels[i] = min(levels[i]+1, a.Quasis[i].Levels())
		}
	}
}

// Report is what there is without a step or a group left out, where K is told of and not enforced.
func (a Anonymity) Report(classes []Class) Result {
	a.K = 1
	return a.at(make([]int, len(a.Quasis)), classes)
}

func (a Anonymity) at(levels []int, classes []Class) Result {
	r := Result{Levels: slices.Clone(levels)}
	groups := map[string]*Class{}
	for _, c := range classes {
		values := make([]string, len(c.Values))
		for i, v := range c.Values {
			values[i] = a.Quasis[i].At(levels[i], v)
		}
		key := strings.Join(values, "\x00")
		if groups[key] == nil {
			groups[key] = &Class{Values: values}
		}
		groups[key].N += c.N
		r.N += c.N
	}
	for _, g := range groups {
		if g.N < a.K {
			r.Suppressed += g.N
			r.Small = append(r.Small, g.Values)
		} else if r.K == 0 || g.N < r.K {
			r.K = g.N
		}
	}
	slices.SortFunc(
		r.Small,
		func(x, y []string) int { return cmp.Compare(strings.Join(x, "\x00"), strings.Join(y, "\x00")) },
	)
	return r
}
