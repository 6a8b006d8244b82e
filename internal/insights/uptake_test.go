package insights

import (
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

func TestUptakeByHand(t *testing.T) {
	seen := []seenAt{
		{"a", "", tallies{
			"signposts": 9, "referrals": 109, "ever_accepted": 70, "organisation_says_attended": 60, "completed": 30, "both_say_used": 30,
			"neither_says_used": 20, "person_alone_says_used": 10, "organisation_alone_says_used": 5,
			"person_does_not_say": 4, "benefited": 25, "not_benefited": 3, "made_worse": 1,
		}},
		{"b", "", tallies{"referrals": 10}},
	}
	rows := tabled(uptake, disclosure.None(), abc[:2], seen, "")
	want := `{"site_id":"a","referrals":109,"ever_accepted":70,"organisation_says_attended":60,"completed":30,"asked":69,"both_say_used":30,
		"neither_says_used":20,"person_alone_says_used":10,"organisation_alone_says_used":5,` +
		`"person_does_not_say":4,"agreement_percent":76.9,"mcnemar_p":0.3018,"benefited":25,"not_benefited":3,
			"made_worse":1,"signposts":9,"suppressed":false}`
	if got := asJSON(t, rows[1]); got != compact(t, want) {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if *rows[0].Referrals != 119 || *rows[2].Referrals != 10 || *rows[2].Asked != 0 || rows[2].AgreementPercent != nil {
		t.Errorf("%s", asJSON(t, rows))
	}
	few := asJSON(t, tabled(uptake, disclosure.NHSEngland(8), abc[:2], seen, "")[0])
	want = `{"referrals":120,"ever_accepted":70,"organisation_says_attended":60,"completed":30,"asked":70,"both_say_used":30,
		"neither_says_used":20,"person_alone_says_used":10,"organisation_alone_says_used":null,` +
		`"person_does_not_say":null,"agreement_percent":null,"mcnemar_p":null,"benefited":25,
			"not_benefited":null,"made_worse":null,"signposts":10,"suppressed":false}`
	if few != compact(t, want) {
		t.Errorf("\n%s\nwant\n%s", few, want)
	}
}

var asked = []string{
	"both_say_used",
	"neither_says_used",
	"person_alone_says_used",
	"organisation_alone_says_used",
	"person_does_not_say",
}

func TestUptakeIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen := drawSites(t, uptake, "")
		p := disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		truth, public := countsOf(tabled(uptake, disclosure.None(), abc, seen, "")), tabled(uptake, p, abc, seen, "")
		for i, row := range truth {
			if row["asked"] != sumOf(row, asked) ||
				truth[0]["referrals"] != truth[1]["referrals"]+truth[2]["referrals"]+truth[3]["referrals"] {
				t.Fatalf("row %d does not add up: %v", i, row)
			}
		}
		shown := countsOf(public)
		safeCounts(t, p, shown)
		checkDifferences(t, p, truth, shown, map[string][]string{"asked": asked})
		checkDifferences(t, p, truth, shown, map[string][]string{"asked": {"benefited", "not_benefited", "made_worse"}})
		for whole, part := range map[string]string{
			"referrals":                  "ever_accepted",
			"ever_accepted":              "organisation_says_attended",
			"organisation_says_attended": "completed",
		} {
			checkDifferences(t, p, truth, shown, map[string][]string{whole: {part}})
		}
		checkDifferences(
			t,
			p,
			truth,
			shown,
			map[string][]string{"organisation_says_attended": {"both_say_used", "organisation_alone_says_used"}, "referrals": {"asked"}},
		)
		for i := range shown {
			truth[i]["absent"] = truth[i]["referrals"] - truth[i]["organisation_says_attended"]
			if _, is := shown[i]["organisation_says_attended"]; is {
				shown[i]["absent"] = truth[i]["absent"]
			}
		}
		checkDifferences(t, p, truth, shown, map[string][]string{"absent": {"neither_says_used", "person_alone_says_used"}})
	})
}
