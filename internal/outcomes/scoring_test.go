package outcomes

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
		got := ons4.Compute(Responses{"life_satisfaction": {Number: &n}, "worthwhile": {Number: &n}, "happiness": {Number: &n}, "anxiety": {Number: &n}})
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
	for _, i := range Instruments() {
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
