package instruments

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// Every value of ONS4, with its band as ONS publishes it: anxiety runs the other way.
func TestONS4Bands(t *testing.T) {
	t.Parallel()
	up := []string{"low", "low", "low", "low", "low", "medium", "medium", "high", "high", "very_high", "very_high"}
	down := []string{"very_low", "very_low", "low", "low", "medium", "medium", "high", "high", "high", "high", "high"}
	ons4, err := Lookup("ons4")
	if err != nil {
		t.Fatal(err)
	}
	for v := range 11 {
		n := float64(v)
		got := ons4.Compute(
			Responses{
				"life_satisfaction": {Number: &n},
				"worthwhile":        {Number: &n},
				"happiness":         {Number: &n},
				"anxiety":           {Number: &n},
			},
		)
		if len(got) != 4 {
			t.Fatalf("%d scores: there is no total", len(got))
		}
		for _, r := range got {
			band, better := up[v], "higher"
			if r.Score == "anxiety" {
				band, better = down[v], "lower"
			}
			if r.Value != n || r.Band != band || r.Better != better {
				t.Errorf("%s %d: %+v, want band %s", r.Score, v, r, band)
			}
		}
	}
}

func TestAMissingAnswerIsNeverInvented(t *testing.T) {
	t.Parallel()
	ons4, _ := Lookup("ons4")
	rapid.Check(t, func(t *rapid.T) {
		r := Responses{}
		answered := 0
		for _, it := range ons4.Items {
			switch rapid.IntRange(0, 2).Draw(t, it.Code) {
			case 0:
				n := float64(rapid.IntRange(0, 10).Draw(t, "value"))
				r[it.Code] = Answer{Number: &n}
				answered++
			case 1:
				r[it.Code] = Answer{Missing: "prefer_not_to_say"}
			}
		}
		if got := ons4.Compute(r); len(got) != answered {
			t.Errorf("%d answers made %d scores", answered, len(got))
		}
	})
}

func TestAnswersSurviveTheWire(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`7`, `0`, `"much_better"`, `{"missing":"dont_know"}`} {
		var a Answer
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		if b, _ := json.Marshal(a); string(b) != text {
			t.Errorf("%s came back as %s", text, b)
		}
	}
	for _, text := range []string{`null`, `[]`, `{}`, `true`, `{"missing":""}`, `{"missing":1}`} {
		var a Answer
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%s was taken for an answer", text)
		}
	}
}

func TestInstrumentsAreWhole(t *testing.T) {
	t.Parallel()
	for _, i := range Builtin() {
		if i.Key == "" || i.Version < 1 || i.Licence == "" || len(i.Items) == 0 {
			t.Errorf("%s: lacks a key, version, licence or items", i.Key)
		}
		for _, s := range i.Scores {
			for v := s.Min; v <= s.Max; v += s.Resolution {
				if len(s.Bands) > 0 && s.band(v) == "" {
					t.Errorf("%s.%s: %g lies in no band", i.Key, s.Code, v)
				}
			}
			for _, code := range s.Items {
				if _, ok := i.item(code); !ok {
					t.Errorf("%s.%s: made of an item %s that is not there", i.Key, s.Code, code)
				}
			}
		}
	}
}

// A prorated score is rounded as its rule says, and lies in the band of what it is rounded to.
func TestProratedScoresAreRounded(t *testing.T) {
	t.Parallel()
	scale := func(round string) Definition {
		d := Definition{
			Key:            "own",
			WordingShipped: true,
			Scores: []Score{
				{
					Code:           "total",
					Method:         "sum",
					MissingAllowed: 2,
					MissingAs:      "prorated",
					Round:          round,
					Better:         "lower",
					Min:            0,
					Max:            12,
					Resolution:     1,
					Bands:          []Band{{Code: "low", From: 0, To: 4}, {Code: "high", From: 5, To: 12}},
				},
			},
		}
		for _, code := range []string{"a", "b", "c", "d"} {
			d.Items = append(
				d.Items,
				Item{Code: code, Type: "number", Min: new(0.0), Max: new(3.0), Wording: "How often?"},
			)
			d.Scores[0].Items = append(d.Scores[0].Items, code)
		}
		if err := d.Validate(); err != nil {
			t.Fatal(err)
		}
		return d
	}
	// Answers that no item takes, so that every kind of fraction comes about.
	for _, c := range []struct {
		answers []float64
		want    map[string]float64
	}{
		{[]float64{1, 1, 1.5}, map[string]float64{"": 14.0 / 3, "nearest": 5, "half_up": 5, "up": 5}},
		{[]float64{1, 1, 1}, map[string]float64{"": 4, "nearest": 4, "half_up": 4, "up": 4}},
		{[]float64{1, 1, 1.125}, map[string]float64{"": 12.5 / 3, "nearest": 4, "half_up": 4, "up": 5}},
		{[]float64{2, 0.25}, map[string]float64{"": 4.5, "nearest": 4, "half_up": 5, "up": 5}},
		{[]float64{2, 0.75}, map[string]float64{"": 5.5, "nearest": 6, "half_up": 6, "up": 6}},
	} {
		r := Responses{}
		for i, n := range c.answers {
			r[string(rune('a'+i))] = Answer{Number: &n}
		}
		for round, want := range c.want {
			got := scale(round).Compute(r)
			band := map[bool]string{true: "low", false: "high"}[want < 5]
			if len(got) != 1 || got[0].Value != want || got[0].Band != band {
				t.Errorf("%v, %q: %+v, want %g (%s)", c.answers, round, got, want, band)
			}
		}
	}
	for what, spoil := range map[string]func(*Score){
		"an unknown rule":       func(s *Score) { s.Round = "down" },
		"nothing to be rounded": func(s *Score) { s.MissingAs, s.MissingAllowed = "", 0 },
	} {
		d := scale("up")
		if spoil(&d.Scores[0]); d.Validate() == nil {
			t.Errorf("%s is taken", what)
		}
	}
	d := scale("")
	table := Score{Code: "metric", Method: "table", Of: "total", Better: "lower", Min: 0, Max: 12, Resolution: 1}
	for n := range 13 {
		table.Table = append(table.Table, Conversion{float64(n), float64(n)})
	}
	for round, taken := range map[string]bool{"": false, "half_up": true} {
		d.Scores = append(scale(round).Scores, table)
		if err := d.Validate(); (err == nil) != taken {
			t.Errorf("a table of a prorated score, %q: %v", round, err)
		}
	}
}
