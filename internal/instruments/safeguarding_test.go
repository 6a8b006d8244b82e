package instruments

import (
	"slices"
	"testing"

	"waypost/internal/platform/fault"
)

// checkIn is like a site's own instrument, with answers that somebody must look at.
var checkIn = Instrument{
	Version: 1,
	Definition: Definition{Key: "check_in", Title: "Check-in", Licence: "The site's own", Items: []Item{
		{Code: "feels_unsafe", Type: "number", Min: new(0.0), Max: new(3.0), FlagFrom: new(1.0), SelfOnly: true},
		{Code: "goes_hungry", Type: "number", Min: new(0.0), Max: new(3.0), FlagFrom: new(3.0)},
		{Code: "sleeps_badly", Type: "number", Min: new(0.0), Max: new(3.0)},
	}},
}

func TestAnswersAtOrAboveTheLimitAreFlagged(t *testing.T) {
	t.Parallel()
	if err := checkIn.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		unsafe, hungry, badly Answer
		want                  []string
	}{
		{number(0), number(2), number(3), nil},
		{number(1), number(2), number(3), []string{"feels_unsafe"}},
		{number(3), number(3), number(0), []string{"feels_unsafe", "goes_hungry"}},
		{Answer{Missing: "prefer_not_to_say"}, number(3), number(0), []string{"goes_hungry"}},
		{Answer{Missing: "dont_know"}, Answer{Missing: "prefer_not_to_say"}, number(3), nil},
	} {
		r := Responses{"feels_unsafe": c.unsafe, "goes_hungry": c.hungry, "sleeps_badly": c.badly}
		if got := checkIn.Concerns(r); !slices.Equal(got, c.want) {
			t.Errorf("%v: concerns %v, want %v", r, got, c.want)
		}
	}
	if got := checkIn.Concerns(Responses{}); got != nil {
		t.Errorf("no answer: concerns %v", got)
	}
}

func TestOnlyThePersonAnswersWhatIsForThemAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		respondent string
		answers    Responses
		refused    bool
	}{
		{"self", Responses{"feels_unsafe": number(1)}, false},
		{"self_with_help", Responses{"feels_unsafe": number(1)}, false},
		{"proxy", Responses{"feels_unsafe": number(0)}, true},
		{"proxy", Responses{"feels_unsafe": {Missing: "dont_know"}}, false}, // why there is none, anybody may say
		{"proxy", Responses{"goes_hungry": number(3)}, false},
	} {
		err := checkIn.CheckProxy("responses", c.respondent, c.answers)
		if (err != nil) != c.refused {
			t.Errorf("%s answers %v: %v", c.respondent, c.answers, err)
		}
		if f, is := err.(*fault.Error); is && f.Fields[0].Location != "body.responses.feels_unsafe" {
			t.Errorf("placed at %s", f.Fields[0].Location)
		}
	}
}
