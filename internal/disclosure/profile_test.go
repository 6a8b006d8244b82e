package disclosure

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// shown reads a protected count: withheld is -1.
func shown(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

func TestCountFollowsNHSEngland(t *testing.T) {
	// "Suppress 7 and below, then the nearest 5", where a suppressed count is withheld and zero is not.
	want := map[int]int{
		0:   0,
		1:   -1,
		6:   -1,
		7:   -1,
		8:   10,
		12:  10,
		13:  15,
		17:  15,
		18:  20,
		19:  20,
		22:  20,
		23:  25,
		100: 100,
	}
	for n, w := range want {
		if got := shown(NHSEngland(0).Count(n)); got != w {
			t.Errorf("Count(%d) = %d, want %d", n, got, w)
		}
	}
}

func TestNoProfileIsWeakerThanItsRule(t *testing.T) {
	for _, p := range []Profile{{}, NHSEngland(-1), NHSEngland(0), NHSEngland(7), NHSEngland(8)} {
		if got := p.Notice(); got != (Notice{"nhs_england", 8, 5}) {
			t.Errorf("%+v", got)
		}
	}
	if got := NHSEngland(11); got.Threshold() != 11 || shown(got.Count(10)) != -1 || shown(got.Count(11)) != 15 {
		t.Errorf("a threshold of 11 withholds 10 as %d and shows 11 as %d", shown(got.Count(10)), shown(got.Count(11)))
	}
}

func TestNoneShowsEverything(t *testing.T) {
	line := None().Line(Row{People: 1, Others: 2, Parts: []int{1, 0, 0}})
	if line.Suppressed || shown(line.People) != 1 || shown(line.Base) != 3 || shown(line.Parts[0]) != 1 ||
		*line.Percent != 33.3 {
		t.Errorf("%+v", line)
	}
}

func TestNoticeOnTheWire(t *testing.T) {
	got, err := json.Marshal(NHSEngland(0).Notice())
	if want := `{"profile":"nhs_england","threshold":8,"rounding":5}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestCountNeverSmallAlwaysRoundedAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NHSEngland(rapid.IntRange(0, 40).Draw(t, "threshold"))
		got := p.Count(rapid.IntRange(0, 500).Draw(t, "n"))
		if got == nil {
			return
		}
		if *got != 0 && *got < p.Threshold() || *got%p.Rounding() != 0 {
			t.Fatalf("%d published", *got)
		}
		if again := shown(p.Count(*got)); again != *got {
			t.Fatalf("%d protected again is %d", *got, again)
		}
	})
}
