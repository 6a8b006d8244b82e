package insights

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

var lifeSatisfaction = Scale{
	Instrument: "ons4",
	Version:    1,
	Score:      "life_satisfaction",
	Timepoint:  "m9_12",
	Better:     Higher,
	Resolution: 1,
	Responder:  new(ONS4Responder),
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOutcomeRowsOnTheWire(t *testing.T) {
	outcomes := []Outcome{{lifeSatisfaction, []Sample{{At: divided(BySite, "a"), Pairs: golden, BaselineN: 30}}}}
	for _, c := range []struct {
		profile disclosure.Profile
		want    string
	}{
		{disclosure.None(), `[{"instrument":"ons4","score":"life_satisfaction","timepoint":"m9_12",
			"better":"higher","paired_n":12,"baseline_n":30,"completion_percent":40,` +
			`"baseline_mean":4.5,"baseline_sd":1.4459976109624424,"follow_up_mean":6.083333333333333,
				"follow_up_sd":1.8319554050414562,"mean_change":1.5833333333333333,
				"sd_change":1.378954368902449,"ci_low":0.7071875271205645,"ci_high":2.4594791395461018,` +
			`"improved":9,"same":2,"worse":1,"improved_percent":75,"improved_ci_low":46.8,
				"improved_ci_high":91.1,"standardised_change":1.148213000400844,"hedges_g":1.0681051166519477,
				"p_value":0.002167971253551599,"wilcoxon_p":0.00776367348064555,"instrument_version":1,
				"suppressed":false,"row_as_of":null}]`},
		{disclosure.NHSEngland(8), `[{"instrument":"ons4","score":"life_satisfaction","timepoint":"m9_12",
			"better":"higher","paired_n":10,"baseline_n":30,"completion_percent":33.3,` +
			`"baseline_mean":4.5,"baseline_sd":1.45,"follow_up_mean":6.08,"follow_up_sd":1.83,
				"mean_change":1.58,"sd_change":1.38,"ci_low":0.71,"ci_high":2.46,` +
			`"improved":null,"same":null,"worse":null,"improved_percent":null,"improved_ci_low":null,
				"improved_ci_high":null,"standardised_change":1.15,"hedges_g":1.07,"p_value":0.0022,
				"wilcoxon_p":null,"instrument_version":1,"suppressed":false,"row_as_of":null}]`},
		{disclosure.NHSEngland(13), `[{"instrument":"ons4","score":"life_satisfaction","timepoint":"m9_12",
			"better":"higher","paired_n":null,"baseline_n":null,"completion_percent":null,` +
			`"baseline_mean":null,"baseline_sd":null,"follow_up_mean":null,"follow_up_sd":null,
				"mean_change":null,"sd_change":null,"ci_low":null,"ci_high":null,` +
			`"improved":null,"same":null,"worse":null,"improved_percent":null,"improved_ci_low":null,
				"improved_ci_high":null,"standardised_change":null,"hedges_g":null,"p_value":null,
				"wilcoxon_p":null,"instrument_version":1,"suppressed":true,"note":"too few to show safely","row_as_of":null}]`},
	} {
		if got := asJSON(t, outcomes[0].protect(c.profile, disclosure.Halves(1), Divider{})[:1]); got != compact(t, c.want) {
			t.Errorf("%s %d:\n%s\nwant\n%s", c.profile.Name(), c.profile.Threshold(), got, c.want)
		}
	}
}

// Whoever asks for a part of the time is not told that there are few people in it: nobody counted them.
func TestAPartOfTheTimeIsNotSaidToBeFew(t *testing.T) {
	means := &db.JSON[OutcomeRow]{V: OutcomeRow{PairedN: new(480)}}
	for _, c := range []struct {
		of   figure
		when coverage
		note string
	}{{figure{Means: means}, part, "shown for all months together only"}, {figure{}, all, "too few to show safely"}} {
		if row := publishedOutcome(
			c.of,
			OutcomeRow{},
			Divider{},
			c.when,
		); !row.Suppressed || *row.Note != c.note ||
			row.PairedN != nil {
			t.Errorf("%s: %s", c.note, asJSON(t, row))
		}
	}
}

func TestNoPValueIsNought(t *testing.T) {
	if p := probability(new(1e-24)); *p != 0.0001 {
		t.Errorf("got %v", *p)
	}
	if p := probability(new(0.00217)); *p != 0.0022 {
		t.Errorf("got %v", *p)
	}
}

func TestOutcomesBySite(t *testing.T) {
	samples := []Sample{
		{
			At:        divided(BySite, "a"),
			Pairs:     golden,
			BaselineN: 40,
		},
		{At: divided(BySite, "b"), Pairs: golden[:3], BaselineN: 40},
		{
			At:        divided(BySite, "c"),
			Pairs:     golden,
			BaselineN: 40,
		},
		{At: divided(BySite, "d"), Pairs: golden, BaselineN: 40},
	}
	rows := Outcome{
		lifeSatisfaction,
		samples,
	}.protect(
		disclosure.NHSEngland(8),
		disclosure.Halves(len(samples)),
		Divider{},
	)
	if len(rows) != 5 || rows[0].SiteID != nil || rows[0].Suppressed || *rows[0].PairedN != 40 {
		t.Fatalf("all together: %s", asJSON(t, rows))
	}
	for i, want := range []struct {
		site       string
		suppressed bool
	}{{"a", true}, {"b", true}, {"c", false}, {"d", false}} {
		if row := rows[i+1]; *row.SiteID != want.site || row.Suppressed != want.suppressed ||
			(row.MeanChange == nil) != want.suppressed {
			t.Errorf("%s: %s", want.site, asJSON(t, row))
		}
	}
}

func TestNobodyYet(t *testing.T) {
	rows := []OutcomeRow{
		Outcome{lifeSatisfaction, nil}.protect(disclosure.NHSEngland(8), disclosure.Halves(0), Divider{})[0],
		Outcome{lifeSatisfaction, []Sample{{At: divided(BySite, "a"), BaselineN: 20}}}.
			protect(disclosure.NHSEngland(8), disclosure.Halves(1), Divider{})[0],
	}
	if *rows[0].PairedN != 0 || *rows[0].BaselineN != 0 || rows[0].CompletionPercent != nil {
		t.Errorf("no baselines: %s", asJSON(t, rows[0]))
	}
	if *rows[1].PairedN != 0 || *rows[1].BaselineN != 20 || *rows[1].CompletionPercent != 0 ||
		rows[1].MeanChange != nil {
		t.Errorf("no follow-ups: %s", asJSON(t, rows[1]))
	}
}

func TestNoResponderThresholdSortsNobody(t *testing.T) {
	scale := lifeSatisfaction
	scale.Responder = nil
	row := Outcome{scale, []Sample{{At: divided(BySite, "a"), Pairs: golden, BaselineN: 12}}}.
		protect(disclosure.None(), disclosure.Halves(1), Divider{})[0]
	if row.Improved != nil || row.Same != nil || row.Worse != nil || row.MeanChange == nil {
		t.Error(asJSON(t, row))
	}
}

func TestNoChangeReadsZero(t *testing.T) {
	if got := asJSON(t, onWire(new(-0.001))); got != "0" {
		t.Errorf("-0.001 reads %s", got)
	}
}

// Whatever the samples are, a row that rests on fewer than eight people carries no figure at all, and the
// row of all sites is the same whether or not it stands beside its sites.
func TestOutcomesNeverRestOnFewPeople(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var samples []Sample
		for i := range rapid.IntRange(0, 7).Draw(t, "sites") {
			pairs := rapid.SliceOfN(rapid.Just(Pair{4, 6}), 0, 20).Draw(t, "pairs")
			samples = append(
				samples,
				Sample{
					At:        divided(BySite, string(rune('a'+i))),
					Pairs:     pairs,
					BaselineN: len(pairs) + rapid.IntRange(0, 20).Draw(t, "others"),
				},
			)
		}
		rows := Outcome{
			lifeSatisfaction,
			samples,
		}.protect(
			disclosure.NHSEngland(0),
			disclosure.Halves(len(samples)),
			Divider{},
		)
		for i, row := range rows[1:] {
			if len(samples[i].Pairs) < 8 &&
				(row.BaselineMean != nil || row.SDChange != nil || row.CILow != nil || row.PairedN != nil && *row.PairedN != 0) {
				t.Fatalf("%d people: %+v", len(samples[i].Pairs), row)
			}
			if row.Suppressed &&
				!reflect.DeepEqual(
					row,
					OutcomeRow{
						Divider:           row.Divider,
						Instrument:        row.Instrument,
						Score:             row.Score,
						Timepoint:         row.Timepoint,
						Better:            row.Better,
						Withheld:          withheld(true),
						InstrumentVersion: 1,
					},
				) {
				t.Fatalf("suppressed, and shows %+v", row)
			}
		}
	})
}

// changes calls with every collection of n whole-number changes of which these are the sum and the sum of squares.
func changes(n, sum, squares, most int, so []int, with func([]int)) {
	if n == 0 {
		if sum == 0 && squares == 0 {
			with(so)
		}
		return
	}
	for d := most; d >= -10; d-- {
		if d*d <= squares {
			changes(n-1, sum-d, squares-d*d, d, append(so, d), with)
		}
	}
}

// Who stayed the same is withheld of the golden pairs, being two. With their number, mean and standard
// deviation a reader knows the sum of the changes and that of their squares; what is said beside these must
// leave open how many did not change.
func TestNothingTellsHowManyStayedTheSame(t *testing.T) {
	row := Outcome{lifeSatisfaction, []Sample{{At: divided(BySite, "a"), Pairs: golden, BaselineN: 30}}}.
		protect(disclosure.NHSEngland(8), disclosure.Halves(1), Divider{})[0]
	if row.Same != nil {
		t.Fatal("two are shown")
	}
	possible := map[int]bool{}
	changes(12, 19, 51, 10, nil, func(list []int) {
		var pairs []Pair
		same := 0
		for _, d := range list {
			if pairs = append(pairs, Pair{0, float64(d)}); d == 0 {
				same++
			}
		}
		if row.WilcoxonP == nil || *probability(Rank(pairs, 1).P) == *row.WilcoxonP {
			possible[same] = true
		}
	})
	if len(possible) < 4 {
		t.Errorf("it was one of %v", possible)
	}
}
