package instruments

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawDefinition draws a definition that holds together, with every method and missing rule.
func drawDefinition(t *rapid.T) Definition {
	d := Definition{Key: "drawn", Title: "Drawn", Licence: "none"}
	oneRange := rapid.IntRange(0, 3).Draw(t, "items share a range") > 0
	for n := range rapid.IntRange(1, 8).Draw(t, "items") {
		it := Item{Code: fmt.Sprintf("i%d", n), Type: "number"}
		switch rapid.IntRange(0, 9).Draw(t, "type") {
		case 0:
			it.Type = "text"
		case 1:
			it.Type, it.Options = "choice", []Option{{Code: "a"}, {Code: "b"}}
		default:
			least, span := 1.0, 3.0
			if !oneRange {
				least, span = float64(
					rapid.IntRange(-2, 2).Draw(t, "least"),
				), float64(
					rapid.IntRange(1, 3).Draw(t, "span"),
				)
			}
			it.Min, it.Max = new(least), new(least+span)
		}
		d.Items = append(d.Items, it)
	}
	for n := range rapid.IntRange(1, 6).Draw(t, "scores") {
		if s, ok := drawScore(t, d); ok {
			s.Code, s.Better = fmt.Sprintf("s%d", n), rapid.SampledFrom([]string{"higher", "lower"}).Draw(t, "better")
			s.Bands = drawBands(t, s)
			d.Scores = append(d.Scores, s)
		}
	}
	d.fillEmptyLists()
	if err := d.Validate(); err != nil {
		t.Fatalf("a definition that is right was refused: %v: %+v", err, d)
	}
	return d
}

func drawScore(t *rapid.T, d Definition) (s Score, ok bool) {
	items := numbers(t, d)
	if len(items) == 0 {
		return s, false
	}
	s = Score{
		Method:     rapid.SampledFrom([]string{"value", "sum", "sum", "count", "table"}).Draw(t, "method"),
		Resolution: 1,
	}
	switch {
	case s.Method == "table":
		return drawTable(t, d)
	case s.Method == "count":
		s.Max = float64(len(items))
		for _, code := range items {
			it, _ := d.item(code)
			s.Counts = append(
				s.Counts,
				Counted{
					Items:  []string{code},
					Values: []float64{rapid.SampledFrom([]float64{*it.Min, *it.Max}).Draw(t, "counts")},
				},
			)
		}
		if len(items) > 1 && rapid.Bool().Draw(t, "some may be missing") {
			s.MissingAs, s.MissingAllowed = "not_counted", rapid.IntRange(1, len(items)-1).Draw(t, "missing")
		}
		return s, true
	case s.Method == "value" || len(items) == 1:
		s.Method, items = "value", items[:1]
	case d.sameRange(items) && rapid.Bool().Draw(t, "some may be missing"):
		s.MissingAs, s.MissingAllowed = "prorated", rapid.IntRange(1, len(items)-1).Draw(t, "missing")
	}
	s.Items = items
	for _, code := range items {
		it, _ := d.item(code)
		s.Min, s.Max = s.Min+*it.Min, s.Max+*it.Max
		if rapid.Bool().Draw(t, "turned round") {
			s.Reverse = append(s.Reverse, code)
		}
	}
	return s, true
}

// numbers draws some of the definition's numbers, in any order.
func numbers(t *rapid.T, d Definition) (codes []string) {
	for _, it := range rapid.Permutation(d.Items).Draw(t, "of") {
		if it.Type == "number" && rapid.IntRange(0, 3).Draw(t, "in") > 0 {
			codes = append(codes, it.Code)
		}
	}
	return codes
}

func drawTable(t *rapid.T, d Definition) (s Score, ok bool) {
	bases := slices.DeleteFunc(
		slices.Clone(d.Scores),
		func(s Score) bool { return s.MissingAs == "prorated" || s.Method == "table" },
	)
	if len(bases) == 0 {
		return s, false
	}
	of := rapid.SampledFrom(bases).Draw(t, "of")
	s = Score{Method: "table", Of: of.Code, Resolution: 0.25, Min: math.Inf(1), Max: math.Inf(-1)}
	for v := of.Min; v <= of.Max; v++ {
		to := float64(rapid.IntRange(-40, 40).Draw(t, "to")) / 4
		s.Table, s.Min, s.Max = append(s.Table, Conversion{v, to}), min(s.Min, to), max(s.Max, to)
	}
	return s, true
}

func drawBands(t *rapid.T, s Score) []Band {
	if s.Method == "table" || s.Min == s.Max || rapid.Bool().Draw(t, "no bands") {
		return nil
	}
	cut := float64(rapid.IntRange(int(s.Min), int(s.Max)-1).Draw(t, "cut"))
	return []Band{{"high", cut + 1, s.Max}, {"low", s.Min, cut}}
}

// drawResponses draws answers that the definition takes; an item may be left out, or missing for a reason.
func drawResponses(t *rapid.T, d Definition) Responses {
	r := Responses{}
	for _, it := range d.Items {
		switch how := rapid.IntRange(0, 5).Draw(t, it.Code); {
		case how == 0:
		case how == 1:
			r[it.Code] = Answer{Missing: "prefer_not_to_say"}
		case it.Type == "number":
			r[it.Code] = number(rapid.IntRange(int(*it.Min), int(*it.Max)).Draw(t, "answer"))
		default:
			r[it.Code] = Answer{Text: new("a")}
		}
	}
	return r
}

// Scores depend neither on the order of items, nor on the order in which a score names them, nor on that of
// the answers.
func TestScoringDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawDefinition(t)
		r := drawResponses(t, d)
		want := d.Compute(r)
		other := d
		other.Items, other.Scores = rapid.Permutation(d.Items).Draw(t, "items"), slices.Clone(d.Scores)
		for n, s := range other.Scores {
			other.Scores[n].Items, other.Scores[n].Reverse = rapid.Permutation(s.Items).
				Draw(t, "score's"),
				rapid.Permutation(s.Reverse).
					Draw(t, "reverse")
			other.Scores[n].Counts, other.Scores[n].Table = rapid.Permutation(s.Counts).
				Draw(t, "counts"),
				rapid.Permutation(s.Table).
					Draw(t, "table")
			other.Scores[n].Bands = rapid.Permutation(s.Bands).Draw(t, "bands")
		}
		answers := Responses{}
		for _, code := range rapid.Permutation(slices.Sorted(maps.Keys(r))).Draw(t, "answers") {
			answers[code] = r[code]
		}
		if got := other.Compute(answers); !slices.Equal(got, want) || other.Validate() != nil {
			t.Fatalf("%v, and in another order %v", want, got)
		}
	})
}

// A score is there exactly when its rule allows for what is missing, lies in its range and in a band, and is what every
// answer it is made of says: an item without an answer never adds a value against the rule.
func TestAMissingItemNeverAddsAValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawDefinition(t)
		for range 10 {
			scoredByHand(t, d, drawResponses(t, d))
		}
	})
}

func scoredByHand(t *rapid.T, d Definition, r Responses) {
	got := d.Compute(r)
	for _, s := range d.Scores {
		v, band, there := valueOf(got, s.Code)
		want, can := byHand(d, s, r)
		if there != can || there && math.Abs(v-want) > 1e-9 {
			t.Fatalf("%+v of %v is %g (%v), and by hand %g (%v)", s, r, v, there, want, can)
		}
		if there && (v < s.Min || v > s.Max || (band == "") != (len(s.Bands) == 0)) {
			t.Fatalf("%+v of %v is %g, in the band %q", s, r, v, band)
		}
	}
}

// byHand is a score worked out from the answers alone, one after the other.
func byHand(d Definition, s Score, r Responses) (v float64, can bool) {
	if s.Method == "table" {
		of := d.Scores[slices.IndexFunc(d.Scores, func(o Score) bool { return o.Code == s.Of })]
		raw, can := byHand(d, of, r)
		for _, row := range s.Table {
			if row.From == raw {
				v = row.To
			}
		}
		return v, can
	}
	var said []float64
	missing := 0
	for _, it := range d.Items {
		part := slices.Contains(s.Items, it.Code)
		counts := slices.IndexFunc(s.Counts, func(c Counted) bool { return slices.Contains(c.Items, it.Code) })
		switch answer := r[it.Code].Number; {
		case !part && counts < 0:
		case answer == nil:
			missing++
		case counts >= 0 && slices.Contains(s.Counts[counts].Values, *answer):
			said = append(said, 1)
		case counts >= 0:
			said = append(said, 0)
		case slices.Contains(s.Reverse, it.Code):
			said = append(said, *it.Max-(*answer-*it.Min))
		default:
			said = append(said, *answer)
		}
	}
	for _, n := range said {
		v += n
	}
	if s.MissingAs == "prorated" && len(said) > 0 {
		v += float64(missing) * v / float64(len(said))
	}
	return v, len(said) > 0 && missing <= s.MissingAllowed
}
