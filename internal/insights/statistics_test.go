package insights

import (
	_ "embed"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// These figures, too, were computed with R.
func TestRankAgreesWithR(t *testing.T) {
	withTies := Rank(golden, 1)
	if withTies.N != 10 || withTies.Plus != 53.5 || withTies.Minus != 1.5 || withTies.Exact ||
		!near(*withTies.P, 0.007763673, 5e-10) ||
		!near(*withTies.RankBiserial, 0.945455, 5e-7) {
		t.Errorf("%+v, p %v", withTies, *withTies.P)
	}
	exact := Rank(
		pairsOf(
			[]float64{20.1, 18.4, 22.7, 25.3, 17.9, 19.6, 21.0, 23.8},
			[]float64{22.0, 18.1, 25.2, 26.0, 21.3, 20.4, 20.5, 26.9},
		),
		0.1,
	)
	if exact.Plus != 33 || !exact.Exact || *exact.P != 0.0390625 {
		t.Errorf("%+v, p %v", exact, *exact.P)
	}
	if none := Rank([]Pair{{4, 4}, {5, 5}}, 1); none.N != 0 || none.P != nil || none.RankBiserial != nil {
		t.Errorf("nobody changed: %+v", none)
	}
}

// Changes that are equal to the score's resolution are ties, though their binary fractions differ.
func TestSubtractingDecimalsKeepsTies(t *testing.T) {
	r := Rank([]Pair{{16.98, 19.98}, {17.73, 20.73}, {20.73, 17.73}, {1, 2}}, 0.01)
	if r.Exact || r.Plus != 7 || r.Minus != 3 {
		t.Errorf("%+v", r)
	}
}

func TestProportionsAgreeWithR(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 10, 0, 0.277533}, {7, 12, 0.319511, 0.806740}, {38, 100, 0.290976, 0.477902}, {12, 12, 0.757506, 1}} {
		if low, high := Wilson(c.k, c.n); !near(low, c.low, 5e-7) || !near(high, c.high, 5e-7) {
			t.Errorf("%d of %d: %v to %v", c.k, c.n, low, high)
		}
	}
	if d := McNemar(5, 15); !d.Exact || !near(*d.P, 0.04138947, 5e-9) {
		t.Errorf("%+v", d)
	}
	if d := McNemar(10, 30); d.Exact || !near(*d.P, 0.002663119259, 1e-9) {
		t.Errorf("%+v, %v", d, *d.P)
	}
	if d := McNemar(0, 0); d.P != nil {
		t.Errorf("%+v", d)
	}
	if smd := SMD(Group{Mean: 52, SD: 16}, Group{Mean: 47, SD: 18}); !near(*smd, 0.293610, 5e-7) {
		t.Errorf("SMD %v", *smd)
	}
	if smd := SMDOfShares(0.6, 0.5); !near(*smd, 0.202031, 5e-7) {
		t.Errorf("SMD of shares %v", *smd)
	}
	if SMD(Group{Mean: 1}, Group{Mean: 2}) != nil || SMDOfShares(1, 1) != nil {
		t.Error("groups without spread have a standardised difference")
	}
}

func TestRanksHaveNoDirectionOfTheirOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := anyPairs.Draw(t, "pairs")
		turned := make([]Pair, len(pairs))
		for i, p := range pairs {
			turned[i] = Pair{p.After, p.Before}
		}
		a, b := Rank(pairs, 1), Rank(turned, 1)
		slices.Reverse(turned)
		c := Rank(turned, 1)
		if a.Plus != b.Minus || a.N != b.N || !alike(a.P, b.P) || !alike(b.P, c.P) ||
			a.Plus+a.Minus != float64(a.N*(a.N+1))/2 {
			t.Fatalf("%+v, turned %+v, reversed %+v", a, b, c)
		}
		if a.P != nil && (*a.P < 0 || *a.P > 1 || math.Abs(*a.RankBiserial) > 1) {
			t.Fatalf("%+v", a)
		}
	})
}

// goldenCSV was made by testdata/golden.R: made-up pairs, and what R says of them.
//
//go:embed testdata/golden.csv
var goldenCSV string

func TestRandomPairsAgreeWithR(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(goldenCSV)).ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatal(len(rows), err)
	}
	for _, row := range rows[1:] {
		of := func(name string) string { return row[slices.Index(rows[0], name)] }
		pairs := pairsOf(numbers(t, of("before")), numbers(t, of("after")))
		c, r := Compare(pairs), Rank(pairs, numbers(t, of("step"))[0])
		got := map[string]*float64{
			"baseline_mean":  c.BaselineMean,
			"baseline_sd":    c.BaselineSD,
			"follow_up_mean": c.FollowUpMean,
			"follow_up_sd":   c.FollowUpSD,
			"mean_change":    c.MeanChange,
			"sd_change":      c.SDChange,
			"ci_low":         c.CILow,
			"ci_high":        c.CIHigh,
			"t":              c.T,
			"p":              c.P,
			"dz":             c.DZ,
			"gz":             c.GZ,
			"plus":           &r.Plus,
			"minus":          &r.Minus,
			"wilcoxon_p":     r.P,
		}
		for name, figure := range got {
			if want := numbers(t, of(name))[0]; figure == nil || !near(*figure, want, 1e-9*max(1, math.Abs(want))) {
				t.Errorf("%s of %s: %s is %v, R says %v", of("id"), of("kind"), name, figure, want)
			}
		}
		if r.Exact != (of("exact") == "TRUE") {
			t.Errorf("%s of %s: exact is %v", of("id"), of("kind"), r.Exact)
		}
	}
}

func numbers(t *testing.T, text string) (list []float64) {
	for _, word := range strings.Fields(text) {
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}
