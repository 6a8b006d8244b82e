package insights

import (
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

func TestServicesByHand(t *testing.T) {
	seen := []seenAt{{"a", "", tallies{
		"referrals": 100, "ever_accepted": 70, "attended": 50, "completed": 30,
		"came_within_14_days": 25, "came_in_15_to_42_days": 15, "came_after_42_days": 10,
	}}}
	want := `{"referrals":100,"ever_accepted":70,"attended":50,"completed":30,"came_within_14_days":25,
		"came_within_42_days":40,"came_in_15_to_42_days":15,"came_after_42_days":10,
		"ever_accepted_percent":70,"suppressed":false}`
	if got := asJSON(t, tabled(services, disclosure.None(), abc[:1], seen, "")[0]); got != compact(t, want) {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	seen[0].tallies["came_in_15_to_42_days"], seen[0].tallies["came_after_42_days"] = 3, 22
	want = `{"referrals":100,"ever_accepted":70,"attended":50,"completed":30,"came_within_14_days":25,
		"came_within_42_days":null,"came_in_15_to_42_days":null,"came_after_42_days":null,
		"ever_accepted_percent":70,"suppressed":false}`
	if got := asJSON(t, tabled(services, disclosure.NHSEngland(8), abc[:1], seen, "")[0]); got != compact(t, want) {
		t.Errorf("three came after 15 to 42 days:\n%s\nwant\n%s", got, want)
	}
}

func TestServicesAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		seen := drawSites(t, services, "")
		truth := countsOf(tabled(services, disclosure.None(), abc, seen, ""))
		shown := countsOf(tabled(services, p, abc, seen, ""))
		safeCounts(t, p, shown)
		for _, kinds := range []map[string][]string{
			{"referrals": {"ever_accepted"}, "ever_accepted": {"attended"}, "attended": {"completed"}},
			{"referrals": {"came_within_14_days", "came_in_15_to_42_days", "came_after_42_days"}},
			{"referrals": {"came_within_42_days", "came_after_42_days"}, "came_within_42_days": {"came_within_14_days"}},
		} {
			checkDifferences(t, p, truth, shown, kinds)
		}
	})
}
