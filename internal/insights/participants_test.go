package insights

import (
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

func TestParticipantsByHand(t *testing.T) {
	seen := []seenAt{{"a", "m9_12", tallies{
		"with_baseline": 121, "later": 60, "still_open": 10, "lost_or_said_no": 15, "missed": 9, "never_tried": 11, "tried_once": 20,
		"been_better": 20, "been_worse": 10, "been_same_or_not_said": 17, "helped": 16, "not_helped": 9, "services_made_worse": 3,
		"meeting_helped": 30, "meeting_made_worse": 0, "all_answers": 30,
	}}}
	if got, want := asJSON(
		t,
		tabled(participants, disclosure.None(), abc[:1], seen, "m9_12")[0],
	), `{"timepoint":"m9_12","enrolled":141,"with_baseline":121,"ever_due":81,"followed_up":47,"followed_up_percent":58,`+
		`"missed":9,"still_open":10,"lost_or_said_no":15,"tried_once":20,"tried_more":50,"never_tried":11,
			"been_better":20,"been_worse":10,"been_same_or_not_said":17,"used":25,"not_used":22,"helped":16,
			"not_helped":9,"services_made_worse":3,`+
		`"meeting_helped":30,"meeting_not_helped":17,"meeting_made_worse":0,"all_answers":30,
			"not_all_answers":17,"suppressed":false}`; got != compact(t, want) {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if got, want := asJSON(
		t,
		tabled(participants, disclosure.NHSEngland(8), abc[:1], seen, "m9_12")[0],
	), `{"timepoint":"m9_12","enrolled":140,"with_baseline":120,"ever_due":80,"followed_up":45,"followed_up_percent":56.3,`+
		`"missed":10,"still_open":10,"lost_or_said_no":15,"tried_once":20,"tried_more":50,"never_tried":10,
			"been_better":20,"been_worse":10,"been_same_or_not_said":15,"used":25,"not_used":20,"helped":15,
			"not_helped":10,"services_made_worse":null,`+
		`"meeting_helped":30,"meeting_not_helped":15,"meeting_made_worse":0,"all_answers":30,
			"not_all_answers":15,"suppressed":false}`; got != compact(t, want) {
		t.Errorf("three say it made things worse:\n%s\nwant\n%s", got, want)
	}
}

func TestParticipantsAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		seen := drawSites(t, participants, "m9_12")
		truth, shown := countsOf(
			tabled(participants, disclosure.None(), abc, seen, "m9_12"),
		), countsOf(
			tabled(participants, p, abc, seen, "m9_12"),
		)
		safeCounts(t, p, shown)
		checkDifferences(
			t,
			p,
			truth,
			shown,
			map[string][]string{
				"enrolled":    {"with_baseline"},
				"ever_due":    {"followed_up", "missed", "still_open", "lost_or_said_no"},
				"followed_up": {"been_better", "been_worse", "been_same_or_not_said"},
				"used":        {"helped", "not_helped"},
				"not_helped":  {"services_made_worse"},
			},
		)
		checkDifferences(
			t,
			p,
			truth,
			shown,
			map[string][]string{
				"enrolled":    {"ever_due"},
				"ever_due":    {"tried_once", "tried_more", "never_tried"},
				"followed_up": {"used", "not_used"},
				"used":        {"helped", "services_made_worse"},
			},
		)
		checkDifferences(
			t,
			p,
			truth,
			shown,
			map[string][]string{
				"followed_up":        {"meeting_helped", "meeting_not_helped"},
				"meeting_not_helped": {"meeting_made_worse"},
			},
		)
		checkDifferences(t, p, truth, shown, map[string][]string{"followed_up": {"all_answers", "not_all_answers"}})
	})
}
