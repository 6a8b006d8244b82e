package outcomes

import (
	"slices"
	"testing"

	"waypost/internal/instruments"
	"waypost/internal/platform/codes"
)

// The words of a person's page are of codes that records can hold, and everything can be left unsaid.
func TestWordsFitTheCodeLists(t *testing.T) {
	for question, list := range map[string]string{"respondent": "respondents",
		"how_have_you_been": "well_being_since", "used": "uses", "stopped": "unused_reasons",
		"not_used": "unused_reasons", "helped": "benefits", "benefit": "benefits"} {
		asked, known := words.Questions[question]
		if !known || asked.Words == "" || len(asked.Answers) < 3 {
			t.Errorf("%s is not asked", question)
		}
		for _, c := range asked.Answers {
			if !codes.Has(list, c.Code) || c.Words == "" {
				t.Errorf("%s offers %s", question, c.Code)
			}
		}
		for _, none := range instruments.NoAnswer() {
			if question != "respondent" &&
				!slices.ContainsFunc(asked.Answers, func(c instruments.Choice) bool { return c.Code == none.Code }) {
				t.Errorf("%s does not offer %s", question, none.Code)
			}
		}
	}
	for _, none := range instruments.NoAnswer() {
		if !codes.Has("missing_codes", none.Code) {
			t.Errorf("no missing code %s", none.Code)
		}
	}
	if len(words.Questions) != 8 || len(instruments.NoAnswer()) != 2 {
		t.Errorf("%d questions, %d ways to give no answer", len(words.Questions), len(instruments.NoAnswer()))
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
		f.addQuestions()
		for _, q := range f.questions[2 : len(f.questions)-2] {
			out = append(out, q.Key[len(p.key())+1:])
		}
		u := f.serviceUse(p)
		if (u.Reason != nil) != slices.Contains(out, "stopped") && used != "not_yet" ||
			(u.Benefit != "") != slices.Contains(out, "helped") {
			t.Errorf("%s is sent as %+v", used, u)
		}
		return out
	}
	for used, want := range map[string][]string{
		"":             {"used"},
		"still_using":  {"used", "helped"},
		"used_stopped": {"used", "stopped", "helped"},
		"not_yet":      {"used", "not_used"},
		"dont_know":    {"used"},
	} {
		if got := keys(used); !slices.Equal(got, want) {
			t.Errorf("%q: asked %v, want %v", used, got, want)
		}
	}
	self := form{
		answers: map[string]string{"respondent": "proxy"},
		instruments: []instruments.Instrument{
			{
				Definition: instruments.Definition{
					Key:   "own",
					Items: []instruments.Item{{Code: "a", Type: "text", SelfOnly: true}},
				},
			},
		},
	}
	if self.addQuestions(); slices.ContainsFunc(
		self.questions,
		func(q instruments.Question) bool { return q.Key == "own.a" },
	) {
		t.Error("somebody else is asked what only the person may say")
	}
}
