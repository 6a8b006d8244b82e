package outcomes

import (
	"slices"
	"testing"

	"waypost/internal/platform/codes"
)

// The words of a person's page are of codes that records can hold, and everything can be left unsaid.
func TestWordsFitTheCodeLists(t *testing.T) {
	for question, list := range map[string]string{"respondent": "respondents", "how_have_you_been": "well_being_since", "used": "uses", "stopped": "unused_reasons", "not_used": "unused_reasons", "helped": "benefits", "benefit": "benefits"} {
		asked, known := words.Questions[question]
		if !known || asked.Words == "" || len(asked.Answers) < 3 {
			t.Errorf("%s is not asked", question)
		}
		for _, c := range asked.Answers {
			if !codes.Has(list, c.Code) || c.Words == "" {
				t.Errorf("%s offers %s", question, c.Code)
			}
		}
		for _, none := range words.Missing {
			if question != "respondent" &&
				!slices.ContainsFunc(asked.Answers, func(c Choice) bool { return c.Code == none.Code }) {
				t.Errorf("%s does not offer %s", question, none.Code)
			}
		}
	}
	for _, none := range words.Missing {
		if !codes.Has("missing_codes", none.Code) {
			t.Errorf("no missing code %s", none.Code)
		}
	}
	if len(words.Questions) != 8 || len(words.Missing) != 2 {
		t.Errorf("%d questions, %d ways to give no answer", len(words.Questions), len(words.Missing))
	}
}

func TestItemsAsQuestions(t *testing.T) {
	few, many := new(10.0), new(200.0)
	for name, c := range map[string]struct {
		item     Item
		kind     Kind
		takes    []string
		refuses  []string
		recorded Answer // of the first it takes
	}{
		"few numbers":      {Item{Code: "a", Type: "number", Min: new(0.0), Max: few}, AScale, []string{"10", "0", "dont_know"}, []string{"11", "-1", "1.5", "", "not_asked"}, Answer{Number: few}},
		"many numbers":     {Item{Code: "a", Type: "number", Min: new(0.0), Max: many}, ANumber, []string{"200", "prefer_not_to_say"}, []string{"201", "x", ""}, Answer{Number: many}},
		"numbers by name":  {Item{Code: "a", Type: "number", Min: new(1.0), Max: new(2.0), Options: []Option{{Value: new(1.0), Wording: "One"}, {Value: new(2.0), Wording: "Two"}}}, AChoice, []string{"1", "dont_know"}, []string{"3"}, Answer{Number: new(1.0)}},
		"options":          {Item{Code: "a", Type: "choice", Options: []Option{{Code: "yes", Wording: "Yes"}, {Code: "no", Wording: "No"}}}, AChoice, []string{"no", "prefer_not_to_say"}, []string{"maybe"}, Answer{Text: new("no")}},
		"a code list":      {Item{Code: "a", Type: "choice", Codes: "well_being_since"}, AChoice, []string{"worse", "dont_know"}, []string{"not_asked"}, Answer{Text: new("worse")}},
		"text":             {Item{Code: "a", Type: "text"}, AText, []string{"anything", ""}, nil, Answer{Text: new("anything")}},
		"no answer at all": {Item{Code: "a", Type: "number", Min: new(0.0), Max: few}, AScale, []string{"prefer_not_to_say"}, nil, Answer{Missing: "prefer_not_to_say"}},
	} {
		c.item.Wording = "How many? None is fine."
		q := c.item.question("own")
		if q.Key != "own.a" || q.Words != "How many?" || q.Hint != "None is fine." || q.Kind != c.kind {
			t.Errorf("%s: %+v", name, q)
		}
		for _, answer := range c.takes {
			if !q.takes(answer) {
				t.Errorf("%s refuses %q", name, answer)
			}
			if _, why := c.item.wrong(c.item.answer(answer)); why != "" && answer != "" {
				t.Errorf("%s: %q cannot be recorded: %s", name, answer, why)
			}
		}
		for _, answer := range c.refuses {
			if q.takes(answer) {
				t.Errorf("%s takes %q", name, answer)
			}
		}
		got, want := c.item.answer(c.takes[0]), c.recorded
		same := got.Missing == want.Missing && (got.Number == nil) == (want.Number == nil) &&
			(got.Number == nil || *got.Number == *want.Number) &&
			(got.Text == nil) == (want.Text == nil) &&
			(got.Text == nil || *got.Text == *want.Text)
		if !same {
			t.Errorf("%s: recorded as %+v", name, got)
		}
	}
}

// What is asked of a place follows what was said of it, and answers that no longer matter are not sent.
func TestQuestionsFollowAnswers(t *testing.T) {
	p := place{Name: "Lunch Club"}
	keys := func(used string) (out []string) {
		f := form{
			answers: map[string]string{
				p.key() + ".used":    used,
				p.key() + ".stopped": "cost",
				p.key() + ".helped":  "a_lot",
			},
			places: []place{p},
		}
		f.ask()
		for _, q := range f.questions[2 : len(f.questions)-2] {
			out = append(out, q.Key[len(p.key())+1:])
		}
		u := f.used(p)
		if (u.Reason != nil) != slices.Contains(out, "stopped") && used != "not_yet" ||
			(u.Benefit != "") != slices.Contains(out, "helped") {
			t.Errorf("%s is sent as %+v", used, u)
		}
		return out
	}
	for used, want := range map[string][]string{"": {"used"}, "still_using": {"used", "helped"}, "used_stopped": {"used", "stopped", "helped"}, "not_yet": {"used", "not_used"}, "dont_know": {"used"}} {
		if got := keys(used); !slices.Equal(got, want) {
			t.Errorf("%q: asked %v, want %v", used, got, want)
		}
	}
	self := form{
		answers: map[string]string{"respondent": "proxy"},
		instruments: []Instrument{
			{Definition: Definition{Key: "own", Items: []Item{{Code: "a", Type: "text", SelfOnly: true}}}},
		},
	}
	if self.ask(); slices.ContainsFunc(self.questions, func(q Question) bool { return q.Key == "own.a" }) {
		t.Error("somebody else is asked what only the person may say")
	}
}
