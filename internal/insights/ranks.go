package insights

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Ranks is Wilcoxon's signed-rank test of pairs: whether change tends one way, for scores whose steps need
// not be equal.
type Ranks struct {
	N           int      // pairs that changed; those that did not are dropped
	Plus, Minus float64  // sums of the ranks of rises and of falls
	P           *float64 // two-sided; nil where nobody changed
	// P counts every sign that the ranks could have; otherwise it is the normal approximation with
	// corrections for ties and continuity
	Exact        bool
	RankBiserial *float64 // (Plus − Minus) / (Plus + Minus), −1 to 1; nil as P
}

const mostExact = 25 // changed pairs

// Rank ranks the changes, each taken to the score's own resolution: 19.98 − 16.98 and 20.73 − 17.73 are one change,
// though their binary fractions differ.
func Rank(pairs []Pair, resolution float64) (r Ranks) {
	var changes []float64 // in steps of the resolution
	for _, p := range pairs {
		if d := math.Round((p.After - p.Before) / resolution); d != 0 {
			changes = append(changes, d)
		}
	}
	slices.SortFunc(changes, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	r.N = len(changes)
	if r.N == 0 {
		return r
	}
	ties := 0.0 // sum of t³ − t over groups of t equal changes
	for from := 0; from < r.N; {
		to := from
		for to < r.N && math.Abs(changes[to]) == math.Abs(changes[from]) {
			to++
		}
		r.share(changes[from:to], float64(from+1+to)/2)
		t := float64(to - from)
		ties += t*t*t - t
		from = to
	}
	r.RankBiserial = new((r.Plus - r.Minus) / (r.Plus + r.Minus))
	if r.Exact = r.N <= mostExact && ties == 0; r.Exact {
		r.P = new(exactP(r.N, int(math.Min(r.Plus, r.Minus))))
	} else {
		r.P = new(r.normalP(ties))
	}
	return r
}

// share gives equal changes their common rank.
func (r *Ranks) share(equal []float64, rank float64) {
	for _, d := range equal {
		if d > 0 {
			r.Plus += rank
		} else {
			r.Minus += rank
		}
	}
}

// exactP is the share of the 2ⁿ ways to sign the ranks 1 to n whose smaller sum is at most this one.
func exactP(n, smaller int) float64 {
	ways := make([]float64, n*(n+1)/2+1) // ways to reach a sum
	ways[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := len(ways) - 1; sum >= rank; sum-- {
			ways[sum] += ways[sum-rank]
		}
	}
	few := 0.0
	for _, w := range ways[:smaller+1] {
		few += w
	}
	return min(1, 2*few/math.Exp2(float64(n)))
}

func (r Ranks) normalP(ties float64) float64 {
	n := float64(r.N)
	sd := math.Sqrt(n*(n+1)*(2*n+1)/24 - ties/48)
	off := max(0, math.Abs(r.Plus-n*(n+1)/4)-0.5)
	return 2 * distuv.UnitNormal.Survival(off/sd)
}
