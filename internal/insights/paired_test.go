package insights

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func pairsOf(before, after []float64) []Pair {
	pairs := make([]Pair, len(before))
	for i := range before {
		pairs[i] = Pair{before[i], after[i]}
	}
	return pairs
}

// golden is twelve pairs whose figures were computed with R.
var golden = pairsOf(
	[]float64{4, 5, 3, 6, 2, 7, 5, 4, 6, 3, 5, 4},
	[]float64{6, 7, 3, 8, 5, 6, 7, 6, 8, 4, 9, 4},
)

func (c Change) figures() map[string]*float64 {
	return map[string]*float64{
		"baseline mean":  c.BaselineMean,
		"baseline sd":    c.BaselineSD,
		"follow-up mean": c.FollowUpMean,
		"follow-up sd":   c.FollowUpSD,
		"mean change":    c.MeanChange,
		"sd change":      c.SDChange,
		"ci low":         c.CILow,
		"ci high":        c.CIHigh,
		"t":              c.T,
		"p":              c.P,
		"dz":             c.DZ,
		"gz":             c.GZ,
	}
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestCompareAgreesWithR(t *testing.T) {
	want := map[string]float64{
		"baseline mean": 4.5, "baseline sd": 1.445998, "follow-up mean": 6.083333, "follow-up sd": 1.831955,
		"mean change": 1.583333, "sd change": 1.378954, "ci low": 0.707188, "ci high": 2.459479,
		"t": 3.977527, "p": 0.002167971, "dz": 1.148213, "gz": 1.068105,
	}
	got := Compare(golden)
	if got.N != 12 {
		t.Errorf("n = %d", got.N)
	}
	for name, figure := range got.figures() {
		if figure == nil || !near(*figure, want[name], 5.1e-7) {
			t.Errorf("%s = %v, want %v", name, figure, want[name])
		}
	}
	if p := *got.P; !near(p, 0.002167971, 5.1e-10) {
		t.Errorf("p = %v", p)
	}
}

func TestCompareOfFewPairs(t *testing.T) {
	for name, figure := range Compare(nil).figures() {
		if figure != nil {
			t.Errorf("nobody has a %s of %v", name, *figure)
		}
	}
	means := []string{"baseline mean", "follow-up mean", "mean change"}
	for name, figure := range Compare([]Pair{{3, 5}}).figures() {
		if (figure != nil) != slices.Contains(means, name) {
			t.Errorf("one pair has a %s of %v", name, figure)
		}
	}
}

func TestCompareWhenAllChangeAlike(t *testing.T) {
	c := Compare([]Pair{{1, 3}, {4, 6}, {2, 4}})
	if *c.SDChange != 0 || *c.CILow != 2 || *c.CIHigh != 2 {
		t.Errorf("sd %v, ci %v to %v", *c.SDChange, *c.CILow, *c.CIHigh)
	}
	if c.T != nil || c.P != nil || c.DZ != nil || c.GZ != nil {
		t.Error("a change without spread has a t or a dz")
	}
}

func TestMove(t *testing.T) {
	for _, c := range []struct {
		name      string
		pairs     []Pair
		better    Better
		threshold float64
		want      Movement
	}{
		{"golden", golden, Higher, ONS4Responder, Movement{9, 2, 1}},
		{"a fall is better", []Pair{{5, 4}, {5, 5}, {5, 7}, {5, 2}}, Lower, ONS4Responder, Movement{2, 1, 1}},
		{"just short", []Pair{{5, 5.99}, {5, 4.01}}, Higher, ONS4Responder, Movement{0, 2, 0}},
		{"decimals reach the threshold", []Pair{{16.98, 19.98}, {19.98, 16.98}}, Higher, 3, Movement{1, 0, 1}},
		{"nobody", nil, Higher, ONS4Responder, Movement{}},
	} {
		if got := Move(c.pairs, c.better, c.threshold); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

var anyPairs = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pair {
	score := rapid.IntRange(0, 10)
	return Pair{float64(score.Draw(t, "before")), float64(score.Draw(t, "after"))}
}), 0, 60)

// alike reports whether two figures agree, or both are absent.
func alike(a, b *float64) bool {
	return a == nil && b == nil || a != nil && b != nil && near(*a, *b, 1e-9*max(1, math.Abs(*a)))
}

func TestOrderOfPairsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := anyPairs.Draw(t, "pairs")
		shuffled := rapid.Permutation(pairs).Draw(t, "shuffled")
		other := Compare(shuffled).figures()
		for name, figure := range Compare(pairs).figures() {
			if !alike(figure, other[name]) {
				t.Fatalf("%s depends on the order", name)
			}
		}
		if Move(pairs, Higher, 1) != Move(shuffled, Higher, 1) {
			t.Fatal("the movement depends on the order")
		}
	})
}

func TestSwappingBeforeAndAfterNegatesTheChange(t *testing.T) {
	negative := func(x *float64) *float64 {
		if x == nil {
			return nil
		}
		return new(-*x)
	}
	rapid.Check(t, func(t *rapid.T) {
		pairs := anyPairs.Draw(t, "pairs")
		swapped := make([]Pair, len(pairs))
		for i, p := range pairs {
			swapped[i] = Pair{p.After, p.Before}
		}
		a, b := Compare(pairs), Compare(swapped)
		for _, same := range []bool{
			alike(a.MeanChange, negative(b.MeanChange)), alike(a.CILow, negative(b.CIHigh)), alike(a.T, negative(b.T)),
			alike(a.SDChange, b.SDChange), alike(a.P, b.P), alike(a.BaselineMean, b.FollowUpMean), alike(a.BaselineSD, b.FollowUpSD),
		} {
			if !same {
				t.Fatalf("%+v and swapped %+v", a, b)
			}
		}
	})
}

func TestTheOtherDirectionSwapsImprovedAndWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs, threshold := anyPairs.Draw(t, "pairs"), rapid.Float64Range(0.5, 5).Draw(t, "threshold")
		up, down := Move(pairs, Higher, threshold), Move(pairs, Lower, threshold)
		if up != (Movement{down.Worse, down.Same, down.Improved}) || up.Improved+up.Same+up.Worse != len(pairs) {
			t.Fatalf("%+v up and %+v down of %d", up, down, len(pairs))
		}
	})
}
