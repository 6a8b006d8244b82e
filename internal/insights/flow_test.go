package insights

import (
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

func TestFlowByHand(t *testing.T) {
	seen := []seenAt{{"a", "", tallies{
		"received_in": 312, "contacted": 302, "baseline_taken": 282, "referral_sent": 252,
		"referral_accepted": 212, "referral_attended": 210,
		"follow_up_due": 150, "follow_up_answered": 80,
	}}}
	if got, want := asJSON(t, tabled(flow, disclosure.None(), abc[:1], seen, "")[0]), `{"received_in":312,
		"contacted":302,"baseline_taken":282,"referral_sent":252,"referral_accepted":212,"referral_attended":210,"follow_up_due":150,
		"follow_up_answered":80,"follow_up_answered_percent":25.6,"suppressed":false}`; got != compact(t, want) {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if got, want := asJSON(
		t,
		tabled(flow, disclosure.NHSEngland(8), abc[:1], seen, "")[0],
	), `{"received_in":310,"contacted":300,"baseline_taken":280,"referral_sent":250,"referral_accepted":null,"referral_attended":210,
		"follow_up_due":150,"follow_up_answered":80,"follow_up_answered_percent":25.8,"suppressed":false}`; got != compact(t, want) {
		t.Errorf("two who were accepted did not come:\n%s\nwant\n%s", got, want)
	}
}

func TestReferralsByHand(t *testing.T) {
	seen := []seenAt{{"a", "", tallies{
		"signposts": 9, "sent": 10, "accepted": 11, "waitlisted": 12, "in_progress": 13, "completed": 14,
		"not_completed": 15, "declined": 16, "withdrawn": 17, "expired": 18, "answered_within_7_days": 50,
		"answered_in_8_to_14_days": 20, "answered_in_15_to_28_days": 10, "answered_after_28_days": 8,
	}}}
	if got, want := asJSON(t, tabled(referrals, disclosure.None(), abc[:1], seen, "")[0]), `{"referrals":126,
		"loop_closed":45,"loop_open":46,"expired":18,"withdrawn":17,"completed":14,"not_completed":15,"declined":16,
		"in_progress":13,"accepted":11,"waitlisted":12,"sent":10,`+
		`"answered_within_7_days":50,"answered_within_14_days":70,"answered_within_28_days":80,`+
		`"answered_in_8_to_14_days":20,"answered_in_15_to_28_days":10,"answered_after_28_days":8,`+
		`"loop_closure_percent":35.7,"signposts":9,"suppressed":false}`; got != compact(t, want) {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

func TestFlowAndReferralsAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		came, stand := drawSites(t, flow, ""), drawSites(t, referrals, "")
		truth := countsOf(tabled(flow, disclosure.None(), abc, came, ""))
		shown := countsOf(tabled(flow, p, abc, came, ""))
		safeCounts(t, p, shown)
		steps := flow.columnNames()
		for i := range steps {
			for j := range steps[:i] {
				checkDifferences(t, p, truth, shown, map[string][]string{steps[j]: {steps[i]}})
			}
		}
		truth = countsOf(tabled(referrals, disclosure.None(), abc, stand, ""))
		shown = countsOf(tabled(referrals, p, abc, stand, ""))
		safeCounts(t, p, shown)
		checkDifferences(
			t,
			p,
			truth,
			shown,
			map[string][]string{
				"referrals":   {"loop_closed", "loop_open", "expired", "withdrawn"},
				"loop_closed": {"completed", "not_completed", "declined"},
				"loop_open":   {"in_progress", "accepted", "waitlisted", "sent"},
			},
		)
		for _, kinds := range []map[string][]string{
			{
				"referrals": {
					"answered_within_7_days", "answered_in_8_to_14_days", "answered_in_15_to_28_days",
					"answered_after_28_days",
				},
				"answered_within_14_days": {"answered_within_7_days"},
				"answered_within_28_days": {"answered_within_14_days"},
			},
			{
				"referrals":               {"answered_within_28_days", "answered_after_28_days"},
				"answered_within_28_days": {"answered_within_7_days", "answered_in_8_to_14_days"},
			},
			{"referrals": {"answered_within_14_days", "answered_in_15_to_28_days"}},
		} {
			checkDifferences(t, p, truth, shown, kinds)
		}
	})
}
