package insights

import (
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

var banded = Scale{
	Instrument: "ons4",
	Version:    1,
	Score:      "life_satisfaction",
	Timepoint:  "m9_12",
	Bands:      db.JSON[[]Band]{V: []Band{{"low", 0, 4}, {"medium", 5, 6}, {"high", 7, 8}, {"very_high", 9, 10}}},
}

// crossed reads the people of a scale's rows by their bands, "" for whichever; -1 is withheld.
func crossed(rows []MovementRow) map[[2]string]int {
	found := map[[2]string]int{}
	code := func(band *string) string {
		if band == nil {
			return ""
		}
		return *band
	}
	for _, r := range rows {
		n := -1
		if r.People != nil {
			n = *r.People
		}
		found[[2]string{code(r.BeforeBand), code(r.AfterBand)}] = n
	}
	return found
}

func TestMovementByHand(t *testing.T) {
	var pairs []Pair
	for _, p := range []struct {
		n             int
		before, after float64
	}{{20, 4, 5}, {10, 4, 4.5}, {12, 6, 7}, {9, 8.5, 9}, {3, 10, 0}} { // 4.5 and 8.5 lie between bands: in the lower one
		for range p.n {
			pairs = append(pairs, Pair{p.before, p.after})
		}
	}
	o := Outcome{banded, []Sample{{Pairs: pairs, BaselineN: 60}}}
	truth := crossed(o.movement(disclosure.None()))
	for at, want := range map[[2]string]int{
		{"", ""}: 54, {"low", ""}: 30, {"low", "medium"}: 20, {"low", "low"}: 10, {"medium", "high"}: 12,
		{"high", "very_high"}: 9, {"very_high", "low"}: 3, {"", "low"}: 13, {"high", "low"}: 0,
	} {
		if truth[at] != want {
			t.Errorf("%v: %d, want %d", at, truth[at], want)
		}
	}
	shown := crossed(o.movement(disclosure.NHSEngland(8)))
	if shown[[2]string{"", ""}] != 55 || shown[[2]string{"very_high", "low"}] != -1 ||
		shown[[2]string{"very_high", ""}] != -1 ||
		shown[[2]string{"high", ""}] != -1 ||
		shown[[2]string{"low", ""}] != 30 {
		t.Errorf("three who fell far: %v", shown)
	}
}

// Whatever is shown of bands before and after, and taken from its margins, is nobody or enough people.
func TestMovementIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pair {
			return Pair{
				float64(rapid.IntRange(0, 10).Draw(t, "before")),
				float64(rapid.IntRange(0, 10).Draw(t, "after")),
			}
		}), 0, 300).Draw(t, "pairs")
		o, p := Outcome{banded, []Sample{{Pairs: pairs}}}, disclosure.NHSEngland(0)
		truth, shown := crossed(o.movement(disclosure.None())), crossed(o.movement(p))
		codes := []string{"low", "medium", "high", "very_high"}
		rest := func(what [2]string, parts ...[2]string) {
			left := truth[what]
			for _, part := range parts {
				if shown[part] >= 0 {
					left -= truth[part]
				}
			}
			if shown[what] >= 0 && left != 0 && left < 8 {
				t.Fatalf("%v leaves %d: %v of %v", what, left, shown, truth)
			}
		}
		for _, code := range append(codes, "") {
			var across, down [][2]string
			for _, other := range codes {
				across, down = append(across, [2]string{code, other}), append(down, [2]string{other, code})
			}
			rest([2]string{code, ""}, across...)
			rest([2]string{"", code}, down...)
		}
	})
}
