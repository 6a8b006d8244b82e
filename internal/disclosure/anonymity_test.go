package disclosure

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	band = Quasi{
		Name:    "age",
		Coarser: []map[string]string{{"18_34": "young", "35_49": "young", "50_64": "old", "65_over": "old"}},
	}
	gender = Quasi{Name: "gender"}
)

func TestAnonymity(t *testing.T) {
	classes := []Class{
		{[]string{"18_34", "f"}, 4},
		{[]string{"35_49", "f"}, 4},
		{[]string{"50_64", "f"}, 6},
		{[]string{"65_over", "f"}, 5},
		{[]string{"50_64", "m"}, 1},
	}
	for _, c := range []struct {
		name    string
		rule    Anonymity
		reached bool
		want    string // levels, people left out, k
	}{
		{"nothing is needed", Anonymity{K: 1, Order: []string{"age"}}, true, "[0 0] 0 1"},
		{"few enough are left out", Anonymity{K: 4, Order: []string{"age"}, Most: 5}, true, "[0 0] 1 4"},
		{"a step", Anonymity{K: 5, Order: []string{"age", "age"}, Most: 5}, true, "[1 0] 1 8"},
		{"two steps", Anonymity{K: 10, Order: []string{"age", "age"}, Most: 5}, true, "[2 0] 1 19"},
		{"nobody may be left out", Anonymity{K: 2, Order: []string{"age", "age", "gender"}}, true, "[2 1] 0 20"},
		{"steps run out", Anonymity{K: 10, Order: []string{"age"}, Most: 5}, false, "[1 0] 9 11"},
		{"more than there are", Anonymity{K: 21, Order: []string{"age", "age", "gender"}, Most: 50}, false, "[2 1] 20 0"},
		{"a step of what there is not", Anonymity{K: 2, Order: []string{"shoe", "gender"}}, true, "[0 1] 0 4"},
	} {
		c.rule.Quasis = []Quasi{band, gender}
		r, reached := c.rule.Reach(classes)
		if got := fmt.Sprint(r.Levels, r.Suppressed, r.K); got != c.want || reached != c.reached || r.N != 20 {
			t.Errorf("%s: %s %v of %d, want %s %v", c.name, got, reached, r.N, c.want, c.reached)
		}
	}
	if r := (Anonymity{Quasis: []Quasi{band, gender}, K: 10}).Report(
		classes,
	); r.K != 1 || r.Suppressed != 0 ||
		len(r.Small) != 0 {
		t.Errorf("told of and not enforced: %+v", r)
	}
	if r, reached := (Anonymity{Quasis: []Quasi{band}, K: 2}).Reach(nil); reached || r.N != 0 {
		t.Errorf("nobody: %+v %v", r, reached)
	}
}

// Whoever is left has at least K alike; nobody is lost on the way but who is told of; and no fewer steps
// would have done.
func TestAnonymityHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Class {
			return Class{
				[]string{
					rapid.SampledFrom([]string{"18_34", "35_49", "50_64", "65_over"}).Draw(t, "age"),
					rapid.SampledFrom([]string{"f", "m", "x"}).Draw(t, "gender"),
				},
				rapid.IntRange(1, 30).Draw(t, "n"),
			}
		}), 1, 30).Draw(t, "classes")
		order := rapid.SliceOfN(rapid.SampledFrom([]string{"age", "gender"}), 0, 5).Draw(t, "order")
		a := Anonymity{
			Quasis: []Quasi{band, gender},
			Order:  order,
			K:      rapid.IntRange(1, 40).Draw(t, "k"),
			Most:   rapid.IntRange(0, 20).Draw(t, "most"),
		}
		r, reached := a.Reach(classes)
		left := map[string]int{}
		for _, c := range classes {
			values := []string{band.At(r.Levels[0], c.Values[0]), gender.At(r.Levels[1], c.Values[1])}
			if !slices.ContainsFunc(r.Small, func(s []string) bool { return slices.Equal(s, values) }) {
				left[strings.Join(values, "/")] += c.N
			}
		}
		n := 0
		for group, alike := range left {
			if alike < a.K {
				t.Fatalf("%d alike in %s", alike, group)
			}
			n += alike
		}
		if n+r.Suppressed != r.N || reached != (n > 0 && 100*r.Suppressed <= a.Most*r.N) {
			t.Fatalf("%d left, %+v, reached %v", n, r, reached)
		}
		if steps := used(order, r.Levels); reached && steps > 0 {
			a.Order = order[:steps-1]
			if before, early := a.Reach(classes); early && !slices.Equal(before.Levels, r.Levels) {
				t.Fatalf("%v would have done: %v", a.Order, before)
			}
		}
	})
}

// used is how many steps of an order lead to the levels.
func used(order []string, levels []int) int {
	at := []int{0, 0}
	for i, name := range order {
		if slices.Equal(at, levels) {
			return i
		}
		if k := slices.Index([]string{"age", "gender"}, name); at[k] < []Quasi{band, gender}[k].Levels() {
			at[k]++
		}
	}
	return len(order)
}
