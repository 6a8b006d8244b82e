package instruments

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func lookup(t testing.TB, key string) Instrument {
	t.Helper()
	i, err := Lookup(key)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// number is an answer.
func number(n int) Answer { v := float64(n); return Answer{Number: &v} }

func valueOf(list Results, score string) (float64, string, bool) {
	at := slices.IndexFunc(list, func(r Result) bool { return r.Score == score })
	if at < 0 {
		return 0, "", false
	}
	return list[at].Value, list[at].Band, true
}

// Every sum of the short Warwick-Edinburgh scale, and what it becomes.
func TestSWEMWBSTable(t *testing.T) {
	t.Parallel()
	metric := []float64{
		7.00,
		9.51,
		11.25,
		12.40,
		13.33,
		14.08,
		14.75,
		15.32,
		15.84,
		16.36,
		16.88,
		17.43,
		17.98,
		18.59,
		19.25,
		19.98,
		20.73,
		21.54,
		22.35,
		23.21,
		24.11,
		25.03,
		26.02,
		27.03,
		28.13,
		29.31,
		30.70,
		32.55,
		35.00,
	}
	swemwbs := lookup(t, "swemwbs")
	for at, want := range metric {
		raw, r := 7+at, Responses{}
		left := raw - 7 // to be spread over seven items of up to four more than one
		for _, it := range swemwbs.Items {
			more := min(left, 4)
			r[it.Code], left = number(1+more), left-more
		}
		got := swemwbs.Compute(r)
		rawIs, _, _ := valueOf(got, "raw")
		metricIs, _, _ := valueOf(got, "metric")
		if rawIs != float64(raw) || metricIs != want {
			t.Errorf("a sum of %d gave %g and %g, not %g", raw, rawIs, metricIs, want)
		}
		delete(r, "item_4")
		if got := swemwbs.Compute(r); len(got) != 0 {
			t.Errorf("six items made %v: none may be missing", got)
		}
	}
}

// Every combination of answers of De Jong Gierveld's six items, missing ones too, counted by hand.
func TestDeJongGierveldCounts(t *testing.T) {
	t.Parallel()
	scale := lookup(t, "dejong6")
	bands := []string{
		"not_lonely",
		"not_lonely",
		"moderately_lonely",
		"moderately_lonely",
		"moderately_lonely",
		"severely_lonely",
		"severely_lonely",
	}
	for code := range int(math.Pow(4, 6)) {
		r, lonely, missing := Responses{}, [2]int{}, [2]int{}
		for at, rest := 0, code; at < 6; at, rest = at+1, rest/4 {
			answer, part := rest%4, at/3
			if answer == 0 {
				missing[part]++
				continue
			}
			r[scale.Items[at].Code] = number(answer)
			if part == 0 && answer >= 2 || part == 1 && answer <= 2 {
				lonely[part]++
			}
		}
		got := scale.Compute(r)
		for part, score := range []string{"emotional", "social"} {
			v, _, there := valueOf(got, score)
			if there != (missing[part] == 0) || there && v != float64(lonely[part]) {
				t.Fatalf("%v: %s is %g (%v)", r, score, v, there)
			}
		}
		v, band, there := valueOf(got, "total")
		total := lonely[0] + lonely[1]
		if there != (missing[0]+missing[1] <= 1) || there && (v != float64(total) || band != bands[total]) {
			t.Fatalf("%v: the total is %g %s (%v), not %d", r, v, band, there, total)
		}
	}
}

func TestLonelinessSum(t *testing.T) {
	t.Parallel()
	scale := lookup(t, "ons_loneliness")
	for code := range 27 {
		a, b, c := 1+code%3, 1+code/3%3, 1+code/9
		r := Responses{
			"companionship": number(a),
			"left_out":      number(b),
			"isolated":      number(c),
			"lonely":        {Text: new("never")},
		}
		v, band, there := valueOf(scale.Compute(r), "ucla3")
		want := "not_lonely"
		if a+b+c >= 6 {
			want = "lonely"
		}
		if !there || v != float64(a+b+c) || band != want {
			t.Errorf("%d %d %d: %g %s", a, b, c, v, band)
		}
		r["left_out"] = Answer{Missing: "prefer_not_to_say"}
		if len(scale.Compute(r)) != 0 {
			t.Error("a sum with a missing item")
		}
	}
}

// The sum of fourteen items, none of which may be missing; it has no bands.
func TestWEMWBSSum(t *testing.T) {
	t.Parallel()
	wemwbs := lookup(t, "wemwbs")
	for total := 14; total <= 70; total++ {
		r, left := Responses{}, total-14
		for _, it := range wemwbs.Items {
			more := min(left, 4)
			r[it.Code], left = number(1+more), left-more
		}
		if v, band, there := valueOf(wemwbs.Compute(r), "total"); !there || v != float64(total) || band != "" {
			t.Errorf("the total is %g %s, not %d", v, band, total)
		}
		r["item_14"] = Answer{Missing: "dont_know"}
		if got := wemwbs.Compute(r); len(got) != 0 {
			t.Errorf("thirteen items made %v", got)
		}
	}
}

// Every value of each concern and of wellbeing, each by itself: less is better, and nothing adds them up.
func TestMYCaWEachAlone(t *testing.T) {
	t.Parallel()
	mycaw := lookup(t, "mycaw")
	for v := range 7 {
		for item, score := range map[string]string{"concern_1_score": "concern_1", "concern_2_score": "concern_2",
			"wellbeing": "wellbeing"} {
			got := mycaw.Compute(Responses{"concern_1": {Text: new("sleep")}, item: number(v)})
			if len(got) != 1 || got[0] != (Result{Score: score, Value: float64(v), Better: "lower"}) {
				t.Errorf("%s %d: %v", item, v, got)
			}
		}
	}
	for _, it := range mycaw.Items {
		if text := it.Type == "text"; it.Private != text || it.Repeat != (text && it.Code != "what_mattered_most") {
			t.Errorf("%s: a concern is private, and shown again", it.Code)
		}
	}
}

// What the direct question of loneliness takes; it has no score.
func TestLonelinessAskedDirectly(t *testing.T) {
	t.Parallel()
	scale := lookup(t, "ons_loneliness")
	for _, code := range []string{"often_always", "some_of_the_time", "occasionally", "hardly_ever", "never"} {
		r := Responses{"lonely": {Text: &code}}
		if err := scale.Check("responses", r); err != nil || len(scale.Compute(r)) != 0 {
			t.Errorf("%s: %v", code, err)
		}
	}
	if scale.Check("responses", Responses{"lonely": {Text: new("sometimes")}}) == nil ||
		scale.Check("responses", Responses{"lonely": number(1)}) == nil {
		t.Error("something else was taken")
	}
	order := []string{"companionship", "left_out", "isolated", "lonely"}
	for n, it := range scale.Items {
		if it.Code != order[n] {
			t.Errorf("%s is asked in the place of %s", it.Code, order[n])
		}
	}
}

// The change from which somebody counts as better or worse, where a source says one, or a convention is called one.
func TestResponderThresholds(t *testing.T) {
	t.Parallel()
	want := map[string]float64{
		"ons4.life_satisfaction": 1,
		"ons4.worthwhile":        1,
		"ons4.happiness":         1,
		"ons4.anxiety":           1,
		"ons_loneliness.ucla3":   1,
		"swemwbs.metric":         2.87,
		"wemwbs.total":           3,
	}
	for _, i := range Builtin() {
		for _, s := range i.Scores {
			is, known := want[i.Key+"."+s.Code]
			if known != (s.ResponderThreshold != nil) || known && *s.ResponderThreshold != is {
				t.Errorf("%s.%s", i.Key, s.Code)
			}
			if i.Key == "ons4" && s.ThresholdSource != "convention" {
				t.Errorf("%s.%s: %s", i.Key, s.Code, s.ThresholdSource)
			}
		}
	}
}

// What a site's own instrument may do besides: turned round, and prorated, where a value between two bands
// lies in the lower.
func TestReverseAndProrated(t *testing.T) {
	t.Parallel()
	low, high := 0.0, 4.0
	d := Definition{
		Key: "own",
		Items: []Item{
			{Code: "a", Type: "number", Min: &low, Max: &high},
			{Code: "b", Type: "number", Min: &low, Max: &high},
			{Code: "c", Type: "number", Min: &low, Max: &high},
		},
		Scores: []Score{
			{
				Code:           "sum",
				Method:         "sum",
				Items:          []string{"a", "b", "c"},
				Reverse:        []string{"b"},
				MissingAllowed: 1,
				MissingAs:      "prorated",
				Better:         "higher",
				Min:            0,
				Max:            12,
				Resolution:     1,
				Bands:          []Band{{"high", 5, 12}, {"low", 0, 4}},
			},
		},
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		r    Responses
		want float64
		band string
		ok   bool
	}{
		{Responses{"a": number(4), "b": number(0), "c": number(4)}, 12, "high", true},
		{Responses{"a": number(0), "b": number(4), "c": number(0)}, 0, "low", true},
		{Responses{"a": number(4), "b": number(4), "c": number(1)}, 5, "high", true},
		{Responses{"a": number(4), "b": number(4), "c": number(0)}, 4, "low", true},
		{Responses{"a": number(3), "b": number(1)}, 9, "high", true},  // (3 + 3) x 3 / 2
		{Responses{"a": number(3), "b": number(4)}, 4.5, "low", true}, // (3 + 0) x 3 / 2
		{Responses{"a": number(3), "b": number(4), "c": {Missing: "dont_know"}}, 4.5, "low", true},
		{Responses{"a": number(3)}, 0, "", false},
		{Responses{}, 0, "", false},
	} {
		if v, band, ok := valueOf(d.Compute(c.r), "sum"); ok != c.ok || v != c.want || band != c.band {
			t.Errorf("%v: %g %s (%v), not %g %s", c.r, v, band, ok, c.want, c.band)
		}
	}
}

// Scores do not depend on the order of an instrument's items, lie in their range, and are never there when more is
// missing than the rule allows.
func TestScoringProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.SampledFrom(Builtin()).Draw(t, "instrument")
		r := Responses{}
		for _, it := range i.Items {
			if it.Type == "number" && rapid.IntRange(0, 9).Draw(t, "answered") > 0 {
				r[it.Code] = number(rapid.IntRange(int(*it.Min), int(*it.Max)).Draw(t, it.Code))
			}
		}
		if len(r) == 0 {
			return
		}
		got := i.Compute(r)
		shuffled := i
		shuffled.Items = rapid.Permutation(i.Items).Draw(t, "order")
		if again := shuffled.Compute(r); !slices.Equal(got, again) {
			t.Fatalf("%s: %v, and in another order %v", i.Key, got, again)
		}
		for _, s := range i.Scores {
			missing := 0
			for _, code := range s.scoredItems() {
				if r[code].Number == nil {
					missing++
				}
			}
			v, _, there := valueOf(got, s.Code)
			if there && (missing > s.MissingAllowed || v < s.Min || v > s.Max) {
				t.Fatalf("%s.%s is %g with %d missing", i.Key, s.Code, v, missing)
			}
			if !there && s.Method != "table" && missing == 0 {
				t.Fatalf("%s.%s is not there, and nothing is missing", i.Key, s.Code)
			}
		}
	})
}

// Every way in which a definition can fail to hold together is refused; what is right passes.
func TestDefinitionsThatDoNotHold(t *testing.T) {
	t.Parallel()
	right := func() Instrument {
		i := lookup(t, "swemwbs")
		i.Items, i.Scores = slices.Clone(i.Items), slices.Clone(i.Scores)
		i.Scores[1].Table = slices.Clone(i.Scores[1].Table)
		return i
	}
	if i := right(); i.Validate() != nil {
		t.Fatal(i.Validate())
	}
	half, nought, nine, thirty := 0.5, 0.0, 9.0, 30.0
	for name, spoil := range map[string]func(*Instrument){
		"a hole in the table":                 func(i *Instrument) { i.Scores[1].Table = slices.Delete(i.Scores[1].Table, 4, 5) },
		"two rows for one value":              func(i *Instrument) { i.Scores[1].Table[4].From = i.Scores[1].Table[5].From },
		"a row for what cannot be":            func(i *Instrument) { i.Scores[1].Table = append(i.Scores[1].Table, Conversion{36, 36}) },
		"a table of a score that comes later": func(i *Instrument) { slices.Reverse(i.Scores) },
		"an item twice":                       func(i *Instrument) { i.Items[1].Code = i.Items[0].Code },
		"a score twice":                       func(i *Instrument) { i.Scores[1].Code = "raw" },
		"an item that is not there":           func(i *Instrument) { i.Scores[0].Items = []string{"item_1", "nothing"} },
		"an item twice in a score":            func(i *Instrument) { i.Scores[0].Items = []string{"item_1", "item_1"} },
		"a range that is not its items'":      func(i *Instrument) { i.Scores[0].Max = 34 },
		"a number without a range":            func(i *Instrument) { i.Items[0].Min = nil },
		"a range turned round":                func(i *Instrument) { i.Items[0].Min, i.Items[0].Max = &nine, &nought },
		"a range that is not whole":           func(i *Instrument) { i.Items[0].Min = &half },
		"a choice without options":            func(i *Instrument) { i.Items[0] = Item{Code: "item_1", Type: "choice"} },
		"a choice of an unknown list":         func(i *Instrument) { i.Items[0] = Item{Code: "item_1", Type: "choice", Codes: "nothing"} },
		"a private number":                    func(i *Instrument) { i.Items[0].Private = true },
		"a concern outside the range":         func(i *Instrument) { i.Items[0].FlagFrom = &nine },
		"a threshold without a source":        func(i *Instrument) { i.Scores[0].ResponderThreshold = &half },
		"a source without a threshold":        func(i *Instrument) { i.Scores[0].ThresholdSource = "somewhere" },
		"a threshold that nobody reaches": func(i *Instrument) {
			i.Scores[0].ResponderThreshold, i.Scores[0].ThresholdSource = &thirty, "somewhere"
		},
		"missing allowed without a rule": func(i *Instrument) { i.Scores[0].MissingAllowed = 1 },
		"all may be missing":             func(i *Instrument) { i.Scores[0].MissingAllowed, i.Scores[0].MissingAs = 7, "prorated" },
		"a table of a prorated score":    func(i *Instrument) { i.Scores[0].MissingAllowed, i.Scores[0].MissingAs = 1, "prorated" },
		"turned round, but not in it":    func(i *Instrument) { i.Scores[0].Reverse = []string{"nothing"} },
		"bands with a gap":               func(i *Instrument) { i.Scores[0].Bands = []Band{{"low", 7, 20}, {"high", 22, 35}} },
		"bands that overlap":             func(i *Instrument) { i.Scores[0].Bands = []Band{{"low", 7, 20}, {"high", 20, 35}} },
		"a step that does not fit":       func(i *Instrument) { i.Scores[1].Resolution = 0.5 },
		"a value of two items":           func(i *Instrument) { i.Scores[0].Method = "value" },
		"a count without what counts":    func(i *Instrument) { i.Scores[0].Method = "count" },
	} {
		i := right()
		spoil(&i)
		if i.Validate() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// Nothing of an instrument whose words may not be shared is in the program.
func TestNoWordingThatMayNotBeShipped(t *testing.T) {
	t.Parallel()
	shipped := []string{"health_service_use", "ons4", "ons_loneliness", "waypost_followup"}
	for _, i := range Builtin() {
		if i.WordingShipped != slices.Contains(shipped, i.Key) {
			t.Errorf("%s: wording shipped: %v", i.Key, i.WordingShipped)
		}
		for _, it := range i.Items {
			if (it.Wording != "") != i.WordingShipped || len(it.Options) > 0 && !i.WordingShipped {
				t.Errorf("%s.%s: %s", i.Key, it.Code, strconv.Quote(it.Wording))
			}
		}
	}
}
