package instruments

import "testing"

func TestItemsAsQuestions(t *testing.T) {
	few, many := new(10.0), new(200.0)
	for name, c := range map[string]struct {
		item     Item
		kind     Kind
		takes    []string
		refuses  []string
		recorded Answer // of the first it takes
	}{
		"few numbers": {Item{Code: "a", Type: "number", Min: new(0.0), Max: few}, KindScale,
			[]string{"10", "0", "dont_know"}, []string{"11", "-1", "1.5", "", "not_asked"}, Answer{Number: few}},
		"many numbers": {Item{Code: "a", Type: "number", Min: new(0.0), Max: many}, KindNumber,
			[]string{"200", "prefer_not_to_say"}, []string{"201", "x", ""}, Answer{Number: many}},
		"numbers by name": {Item{Code: "a", Type: "number", Min: new(1.0), Max: new(2.0),
			Options: []Option{{Value: new(1.0), Wording: "One"}, {Value: new(2.0), Wording: "Two"}}}, KindChoice,
			[]string{"1", "dont_know"}, []string{"3"}, Answer{Number: new(1.0)}},
		"options": {Item{Code: "a", Type: "choice", Options: []Option{{Code: "yes", Wording: "Yes"},
			{Code: "no", Wording: "No"}}}, KindChoice, []string{"no", "prefer_not_to_say"}, []string{"maybe"},
			Answer{Text: new("no")}},
		"a code list": {Item{Code: "a", Type: "choice", Codes: "well_being_since"}, KindChoice,
			[]string{"worse", "dont_know"}, []string{"not_asked"}, Answer{Text: new("worse")}},
		"text": {Item{Code: "a", Type: "text"}, KindText, []string{"anything", ""}, nil, Answer{Text: new("anything")}},
		"no answer at all": {Item{Code: "a", Type: "number", Min: new(0.0), Max: few}, KindScale,
			[]string{"prefer_not_to_say"}, nil, Answer{Missing: "prefer_not_to_say"}},
	} {
		c.item.Wording = "How many? None is fine."
		q := c.item.question("own")
		if q.Key != "own.a" || q.Words != "How many?" || q.Hint != "None is fine." || q.Kind != c.kind {
			t.Errorf("%s: %+v", name, q)
		}
		for _, answer := range c.takes {
			if !q.Takes(answer) {
				t.Errorf("%s refuses %q", name, answer)
			}
			if _, why := c.item.check(c.item.ParseAnswer(answer)); why != "" && answer != "" {
				t.Errorf("%s: %q cannot be recorded: %s", name, answer, why)
			}
		}
		for _, answer := range c.refuses {
			if q.Takes(answer) {
				t.Errorf("%s takes %q", name, answer)
			}
		}
		got, want := c.item.ParseAnswer(c.takes[0]), c.recorded
		same := got.Missing == want.Missing && (got.Number == nil) == (want.Number == nil) &&
			(got.Number == nil || *got.Number == *want.Number) &&
			(got.Text == nil) == (want.Text == nil) &&
			(got.Text == nil || *got.Text == *want.Text)
		if !same {
			t.Errorf("%s: recorded as %+v", name, got)
		}
	}
}
