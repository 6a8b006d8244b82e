package day

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAddKeepsWithinTheMonth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, add, want string }{
		{"2026-08-31", "P1M", "2026-09-30"},
		{"2026-01-31", "P1M", "2026-02-28"},
		{"2028-01-31", "P1M", "2028-02-29"},
		{"2028-02-29", "P1Y", "2029-02-28"},
		{"2026-05-31", "P9M", "2027-02-28"},
		{"2026-01-10", "P10M15D", "2026-11-25"},
		{"2026-12-31", "P2M", "2027-02-28"},
		{"2026-08-31", "P6M", "2027-02-28"},
		{"2027-08-31", "P6M", "2028-02-29"},
		{"2028-02-29", "P12M", "2029-02-28"},
		{"2028-02-29", "P48M", "2032-02-29"},
		{"2027-02-28", "P12M", "2028-02-28"},
		{"2026-01-31", "P1M1D", "2026-03-01"},
		{"2026-04-16", "P10M15D", "2027-03-03"},
		{"2027-04-16", "P10M15D", "2028-03-02"},
		{"2026-04-30", "P10M15D", "2027-03-15"},
		{"2026-10-25", "P1D", "2026-10-26"}, // 25 hours in Britain
		{"2026-03-01", "P2W", "2026-03-15"},
	} {
		from, _ := Parse(c.from)
		p, err := ParsePeriod(c.add)
		if err != nil {
			t.Fatal(err)
		}
		if got := from.Add(p).String(); got != c.want {
			t.Errorf("%s + %s = %s, want %s", c.from, c.add, got, c.want)
		}
	}
}

// A day begins where the day before ends, also when clocks change, and in places where they change at midnight.
func TestDaysMeetWhereverClocksChange(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/London", "America/New_York", "America/Havana", "America/Santiago",
		"America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for d := New(2001, 1, 1); d.Before(New(2031, 1, 1)); d = d.AddDays(1) {
			if begin := d.In(loc); Of(begin) != d || Of(begin.Add(-time.Nanosecond)) != d.AddDays(-1) {
				t.Errorf("%s: %s begins at %s", zone, d, begin)
			}
		}
	}
	london, _ := time.LoadLocation("Europe/London")
	for at, want := range map[string]string{
		"2026-03-28T23:59:59Z": "2026-03-28", "2026-03-29T00:59:59Z": "2026-03-29",
		"2026-03-29T22:59:59Z": "2026-03-29", "2026-03-29T23:00:00Z": "2026-03-30",
		"2026-10-24T22:59:59Z": "2026-10-24", "2026-10-24T23:00:00Z": "2026-10-25",
		"2026-10-25T23:59:59Z": "2026-10-25", "2026-10-26T00:00:00Z": "2026-10-26",
	} {
		instant, _ := time.Parse(time.RFC3339, at)
		if got := Of(instant.In(london)).String(); got != want {
			t.Errorf("%s is %s in London, not %s", at, got, want)
		}
	}
	if n := New(2026, 3, 30).DaysSince(New(2026, 3, 28)); n != 2 {
		t.Errorf("%d days over the change of clocks", n)
	}
}

func TestRefusesWhatIsNoDay(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "2026-01-01T00:00:00Z",
		"0000-01-01", " 2026-01-01"} {
		if _, err := Parse(s); err == nil {
			t.Errorf("%q was taken for a day", s)
		}
	}
	for _, s := range []string{"", "P", "10M", "P1H", "PT1H", "P-1M", "P99999M"} {
		if _, err := ParsePeriod(s); err == nil {
			t.Errorf("%q was taken for a period", s)
		}
	}
}

func TestDayAndPeriodSurviveTheWire(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := New(rapid.IntRange(1900, 2100).Draw(t, "y"), 1, 1).AddDays(rapid.IntRange(0, 365).Draw(t, "d"))
		b, _ := json.Marshal(d)
		var back Date
		if err := json.Unmarshal(b, &back); err != nil || back != d {
			t.Fatalf("%s came back as %s (%v)", d, back, err)
		}
		p := Period{rapid.IntRange(0, 900).Draw(t, "m"), rapid.IntRange(0, 900).Draw(t, "days")}
		if q, err := ParsePeriod(p.String()); err != nil || q != p {
			t.Fatalf("%v came back as %v (%v)", p, q, err)
		}
		if next := d.Add(p); next.Before(d) {
			t.Fatalf("%s + %s went back to %s", d, p, next)
		}
	})
}

// The first day of the year 1 stands for no day in Go: it is none that anybody means.
func TestTheFirstDayOfAllIsNone(t *testing.T) {
	t.Parallel()
	if _, err := Parse("0001-01-01"); err == nil {
		t.Error("0001-01-01 is read as a day, and would be dropped as none")
	}
	if d, err := Parse("0001-01-02"); err != nil || d.String() != "0001-01-02" {
		t.Errorf("%v %v", d, err)
	}
}
