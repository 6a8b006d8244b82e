package day

import (
	"errors"
	"testing"
)

func TestADayMayBeKnownInPart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, earliest, latest string }{
		{"1961", "1961-01-01", "1961-12-31"},
		{"1961-05", "1961-05-01", "1961-05-31"},
		{"1960-02", "1960-02-01", "1960-02-29"},
		{"1961-12", "1961-12-01", "1961-12-31"},
		{"1961-05-17", "1961-05-17", "1961-05-17"},
	} {
		p, err := ParsePartial(c.text)
		if err != nil || p.Earliest().String() != c.earliest || p.Latest().String() != c.latest || p.String() != c.text {
			t.Errorf("%s: from %s until %s, %v", c.text, p.Earliest(), p.Latest(), err)
		}
	}
	for text, want := range map[string]error{
		"": ErrNotPartial, "61": ErrNotPartial, "1961-5": ErrNotPartial, "1961-13": ErrNotPartial, "1961-00": ErrNotPartial,
		"1961-05-32": ErrNotPartial, "17/5/1961": ErrNotPartial, "1961-05-17T00:00:00Z": ErrNotPartial, "about 1961": ErrNotPartial,
		"1961-02-29": ErrNotADay, "0000": ErrNotADay,
	} {
		if _, err := ParsePartial(text); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}
