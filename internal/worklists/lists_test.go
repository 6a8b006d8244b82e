package worklists

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/platform/day"
)

// Whatever is recorded of somebody, a row says in whole sentences why it is there, and what is due next is
// the earliest of the days that there are and one of those that the document names.
func TestRowsSayWhy(t *testing.T) {
	t.Parallel()
	due, _ := reflect.TypeFor[Due]().FieldByName("What")
	codes := strings.Split(due.Tag.Get("enum"), ",")
	rapid.Check(t, func(t *rapid.T) {
		f := facts(t)
		for _, l := range lists {
			why := l.why(f)
			if !strings.HasSuffix(why, ".") || strings.Contains(why, "%!") || strings.Contains(why, "nil") ||
				strings.Contains(why, "0001-01-01") ||
				strings.Contains(why, " -") {
				t.Errorf("%s: %q", l.Name, why)
			}
			if len(l.may(f)) == 0 {
				t.Errorf("%s: nothing can be done", l.Name)
			}
			if next := l.next(f); next != nil && (!slices.Contains(codes, next.What) || next.On.IsZero()) {
				t.Errorf("%s: next is %v", l.Name, next)
			}
		}
		for _, d := range []*day.Date{f.DiedOn, f.FirstContactOn, f.ContactOn, f.FollowUpOn, f.AnswerOn} {
			if d != nil && nextOfSupported(f).On.After(*d) {
				t.Errorf("something is due on %s, before %v", d, nextOfSupported(f))
			}
		}
	})
}

// facts are what a row is made of.
func facts(t *rapid.T) queryRow {
	today := day.New(2026, 11, 27)
	some := func(name string) day.Date { return today.AddDays(rapid.IntRange(-400, 400).Draw(t, name)) }
	maybe := func(name string) *day.Date {
		if d := some(name); rapid.Bool().Draw(t, name+" is there") {
			return &d
		}
		return nil
	}
	contact, paused, attempted := some("contact"), some("paused"), some("attempted")
	return queryRow{
		Today:        today,
		Status:       rapid.SampledFrom([]string{"waiting", "active", "paused", "sent", "expired"}).Draw(t, "status"),
		Organisation: "Example Lunch Club",
		Code:         "m9_12",
		Attempts: rapid.IntRange(0, 3).
			Draw(t, "attempts"),
		OpenReferrals: rapid.IntRange(0, 3).Draw(t, "open"),
		ReceivedOn:    some("received"),
		SentOn:        some("sent"),
		ExpiryOn:      some("expiry"),
		OpensOn: some(
			"opens",
		),
		TargetOn:     some("target"),
		ClosesOn:     some("closes"),
		WaitingSince: some("waiting"),
		ContactOn:    &contact,
		PausedOn:     &paused,
		AttemptedOn:  &attempted,
		BaselineOn: maybe(
			"baseline",
		),
		MetOn:          maybe("met"),
		DiedOn:         maybe("died"),
		ClosedOn:       maybe("closed"),
		ReachedOn:      maybe("reached"),
		FirstContactOn: maybe("first contact"),
		FollowUpOn: maybe(
			"follow-up",
		),
		AnswerOn:   maybe("answer"),
		QuestionOn: maybe("question"),
		ChaseOn:    maybe("chase"),
		HeldOn:     maybe("held"),
		Row:        Row{Safeguarding: rapid.Bool().Draw(t, "concern")},
	}
}
