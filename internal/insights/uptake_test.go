package insights

import (
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

func TestUptakeByHand(t *testing.T) {
	seen := []sent{
		{
			Cell:             Cell{SiteID: "a"},
			Signposts:        9,
			NotAsked:         40,
			Accepted:         70,
			Attended:         60,
			Completed:        30,
			Both:             30,
			Neither:          20,
			PersonOnly:       10,
			OrganisationOnly: 5,
			NotKnown:         4,
			Benefited:        25,
			NotBenefited:     3,
			MadeWorse:        1,
		},
		{Cell: Cell{SiteID: "b"}, NotAsked: 10},
	}
	rows := tabled(uptake, disclosure.None(), abc[:2], seen, "")
	want := `{"site_id":"a","sent":109,"accepted":70,"attended":60,"completed":30,"asked":69,"both_say_used":30,
		"neither_says_used":20,"person_alone_says_used":10,"organisation_alone_says_used":5,` +
		`"person_does_not_say":4,"agreement_percent":76.9,"mcnemar_p":0.3018,"benefited":25,"not_benefited":3,"made_worse":1,"signposts":9,"suppressed":false}`
	if got := asJSON(t, rows[1]); got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if *rows[0].Sent != 119 || *rows[2].Sent != 10 || *rows[2].Asked != 0 || rows[2].AgreementPercent != nil {
		t.Errorf("%s", asJSON(t, rows))
	}
	few := asJSON(t, tabled(uptake, disclosure.NHSEngland(8), abc[:2], seen, "")[0])
	want = `{"sent":120,"accepted":70,"attended":60,"completed":30,"asked":70,"both_say_used":30,
		"neither_says_used":20,"person_alone_says_used":10,"organisation_alone_says_used":null,` +
		`"person_does_not_say":null,"agreement_percent":null,"mcnemar_p":null,"benefited":25,"not_benefited":null,"made_worse":null,"signposts":10,"suppressed":false}`
	if few != want {
		t.Errorf("\n%s\nwant\n%s", few, want)
	}
}

func sentOf(site string) *rapid.Generator[sent] {
	count := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 12), rapid.IntRange(0, 90))
	return rapid.Custom(func(t *rapid.T) sent {
		s := sent{
			Cell:      Cell{SiteID: site},
			Signposts: count.Draw(t, "signposts"),
			NotAsked:  count.Draw(t, "not asked"),
			Both:      count.Draw(t, "both"),
			Neither:   count.Draw(t, "neither"),
			PersonOnly: count.Draw(
				t,
				"person",
			),
			OrganisationOnly: count.Draw(t, "organisation"),
			NotKnown:         count.Draw(t, "not known"),
		}
		s.Accepted = rapid.IntRange(0, s.all()).Draw(t, "accepted")
		s.Attended = rapid.IntRange(0, s.Accepted).Draw(t, "attended")
		s.Attended = max(s.Attended, s.Both+s.OrganisationOnly)
		s.Attended = min(s.Attended, s.all()-s.Neither-s.PersonOnly)
		s.Accepted = max(s.Accepted, s.Attended)
		s.Completed = rapid.IntRange(0, s.Attended).Draw(t, "completed")
		s.Benefited = rapid.IntRange(0, total(s.said())).Draw(t, "benefited")
		s.NotBenefited = rapid.IntRange(0, total(s.said())-s.Benefited).Draw(t, "not benefited")
		s.MadeWorse = rapid.IntRange(0, total(s.said())-s.Benefited-s.NotBenefited).Draw(t, "made worse")
		return s
	})
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
		var seen []sent
		for _, site := range abc {
			seen = append(seen, sentOf(site).Draw(t, site))
		}
		p := disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		truth, public := countsOf(tabled(uptake, disclosure.None(), abc, seen, "")), tabled(uptake, p, abc, seen, "")
		for i, row := range truth {
			if row["asked"] != sumOf(row, asked) ||
				truth[0]["sent"] != truth[1]["sent"]+truth[2]["sent"]+truth[3]["sent"] {
				t.Fatalf("row %d does not add up: %v", i, row)
			}
		}
		shown := countsOf(public)
		safeCounts(t, p, shown)
		subtract(t, p, truth, shown, map[string][]string{"asked": asked})
		subtract(t, p, truth, shown, map[string][]string{"asked": {"benefited", "not_benefited", "made_worse"}})
		for whole, part := range map[string]string{"sent": "accepted", "accepted": "attended", "attended": "completed"} {
			subtract(t, p, truth, shown, map[string][]string{whole: {part}})
		}
		subtract(
			t,
			p,
			truth,
			shown,
			map[string][]string{"attended": {"both_say_used", "organisation_alone_says_used"}, "sent": {"asked"}},
		)
		for i := range shown {
			truth[i]["absent"] = truth[i]["sent"] - truth[i]["attended"]
			if _, is := shown[i]["attended"]; is {
				shown[i]["absent"] = truth[i]["absent"]
			}
		}
		subtract(t, p, truth, shown, map[string][]string{"absent": {"neither_says_used", "person_alone_says_used"}})
	})
}
