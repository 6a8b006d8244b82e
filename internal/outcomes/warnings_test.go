package outcomes

import (
	"testing"

	"waypost/internal/platform/day"
)

func TestWindowsAreKnownToTheDay(t *testing.T) {
	t.Parallel()
	d := func(n int) day.Date { return day.New(2026, 1, 1).AddDays(n) }
	f := &FollowUp{OpensOn: d(270), ClosesOn: d(365), AnalysisFrom: d(240), AnalysisTo: d(400)}
	for on, want := range map[int]int{239: 2, 240: 1, 269: 1, 270: 0, 365: 0, 366: 1, 400: 1, 401: 2} {
		if got := f.dateWarnings(d(on)); len(got) != want {
			t.Errorf("day %d: %v", on, got)
		}
	}
	if got := (*FollowUp)(nil).dateWarnings(d(1)); got != nil {
		t.Errorf("of no follow-up: %v", got)
	}
}
