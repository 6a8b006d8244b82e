package people

import (
	"slices"
	"strings"
	"testing"
	"time"

	"waypost/internal/platform/day"
)

func TestWhatIsTypedIsTakenApart(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"mary":                 "mary",
		"Mary  Example ":       "Mary Example",
		"Mary 17/5/1961":       "Mary d1961-05-17",
		"17.05.61 O'Brien":     "O'Brien d1961-05-17",
		"1961-05-17":           "d1961-05-17",
		"17-5-1961":            "d1961-05-17",
		"17 5 1961":            "d1961-05-17",
		"17051961":             "d1961-05-17",
		"17th May 1961, Smith": ", Smith d1961-05-17",
		"17 May 61":            "d1961-05-17",
		"born 1 sept 1930":     "d1930-09-01",
		"1 Jan 27":             "d1927-01-01",
		"1 Jan 26":             "d2026-01-01|1926-01-01", "1 Jan 10": "d2010-01-01",
		"May 17 1961": "d1961-05-17", "may 17th, 1961 smith": "smith d1961-05-17",
		"19610517": "d1961-05-17", "Smith 19610517": "Smith d1961-05-17",
		"may 1961":      "may y1961",
		"may 1961 mary": "mary m1961-05", "marigold 1961": "marigold y1961", "March, April 1961": "March, m1961-04",
		"05/1961":                "m1961-05",
		"1961-05":                "m1961-05",
		"Smith 1961":             "Smith y1961",
		"May Smith 1961":         "May Smith y1961",
		"31/2/1961":              "r31/2/1961",
		"943 476 5919":           "n9434765919",
		"9434765919 Smith":       "Smith n9434765919",
		"07700 900123":           "t+447700900123",
		"+44 7700 900123 Mary":   "Mary t+447700900123",
		"(020) 7946 0018":        "t+442079460018",
		"sw1a 1aa":               "cSW1A 1AA",
		"Smith SW1A1AA":          "Smith cSW1A 1AA",
		"mary@EXAMPLE.org":       "emary@example.org",
		"EMIS-123":               "remis-123",
		"":                       "",
		"     ":                  "",
		strings.Repeat("a", 200): strings.Repeat("a", 200),
		"9991000003":             "n9991000003",
		"00/00/0000":             "r00/00/0000",
		"aſept 1961":             "aſept y1961", "1ſept 1961": "r1ſept y1961", "Mrs Mary Okonkwo": "Mary Okonkwo",
		"okonkwo dob 17/5/1961": "okonkwo d1961-05-17", "M33 1AA May 1961": "cM33 1AA m1961-05",
		"+44 161 496 0003": "t+441614960003", "0044 161 496 0003": "t+441614960003",
		"999\u00a0100\u00a00038": "n9991000038", "999–100–0038": "n9991000038", "999.100.0038": "n9991000038",
		"M33-1AA": "cM33 1AA", "17th of May 1961": "d1961-05-17", "1961/05/17": "d1961-05-17", "17/May/1961": "d1961-05-17",
		"Nguyễn Thị":                   "Nguyễn Thị",
		"smith 17/5/1961 07700 900123": "smith d1961-05-17 t+447700900123",
	} {
		a := readTyped(text, today)
		slices.Sort(a.others)
		if got := strings.TrimSpace(strings.Join(strings.Fields(a.names+" "+strings.Join(a.others, " ")), " ")); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func TestOneSlip(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]bool{
		"smith smith": true, "smith smit": true, "smit smith": true, "smith smiht": true, "smith smyth": true,
		"smith msith": true, "smith mits": false, "smith smthx": false, "ann anne": false, "smith smythe": false,
		"abcd bcda": false, "łąki łaki": true,
	} {
		a, b, _ := strings.Cut(words, " ")
		if oneSlip([]rune(a), []rune(b)) != want || oneSlip([]rune(b), []rune(a)) != want {
			t.Errorf("%s: not %t", words, want)
		}
	}
}

// Two records of one person are alike, and two people are not, whatever they share.
func TestWhoIsLikelyTheSamePerson(t *testing.T) {
	t.Parallel()
	phone := "+447700900123"
	person := func(given, family, born string) identity {
		i := identity{family: strings.Fields(family)}
		if given != "" {
			i.given = [][]string{strings.Fields(given)}
		}
		if date, err := day.ParsePartial(born); err == nil {
			i.BirthDate = &date
		}
		i.Phone = &phone
		return i
	}
	for _, c := range []struct {
		a, b identity
		want float64
	}{
		{person("marigold", "obrien", "1961-05-17"), person("marigold", "obrien", "1961-05-17"), 1},
		{person("mary ann", "obrien", "1961-05-17"), person("mary", "obrien", "1961-05-17"), 0.95},
		{person("marigold", "obrien", "1961-05-17"), person("mairgold", "obrien", "1961-05-17"), 0.95},
		{person("marigold", "obrien", "1961-05-17"), person("marigold", "heather", "1961-05-17"), 0.81},
		{person("marigold", "barrela", "1961-05-17"), person("marigold", "barrela newman", "1961-05-17"), 0.95},
		{person("marigold", "obrien", "1961-05-17"), person("marigold", "obrien", "1961-05-18"), 0.89},
		{person("onlygiven", "", "1961-05-17"), person("onlygiven", "", "1961-05-17"), 1},
		{person("", "obrien", "1961-05-17"), person("peter", "obrien", "1961-05-17"), 0.9},
		{person("mary ann", "obrien", "1961-05-17"), person("mary jane", "obrien", "1961-05-17"), 0},
		{person("mohammed ali", "khan", "1961-05-17"), person("mohammed hassan", "khan", "1961-05-17"), 0},
		{person("marian", "obrien", "1961-05-17"), person("marina", "obrien", "1961-05-17"), 0},
		{person("jane", "obrien", "1961-05-17"), person("june", "obrien", "1961-05-17"), 0},
		{person("francis", "obrien", "1961-05-17"), person("frances", "obrien", "1961-05-17"), 0},
		{person("инна", "иванова", "1961-05-17"), person("анна", "иванова", "1961-05-17"), 0},
		{person("marigold", "obrien", "1961-05-17"), person("marigold", "obrien", "1961"), 0.9},
		{person("marigold", "obrien", "1961-05"), person("marigold", "obrien", "1961-05-17"), 0.9},
		{person("marigold", "obrien", "1961"), person("marigold", "obrien", "1961"), 0.9},
		{person("marigold", "obrien", "1961"), person("marigold", "obrien", "1962-05-17"), 0.89},
		{person("marigold", "obrien", "1961"), person("marigold", "obrien", "1984-05-17"), 0},
		{person("marigold", "obrien", "1961-05"), person("marigold", "obrien", "1984-11"), 0},
		{person("marigold", "obrien", ""), person("marigold", "obrien", "1961-05-17"), 0.75},
		{person("marigold", "obrien", ""), person("marigold", "obrien", ""), 0.75},
		{person("marigold", "obrien", ""), person("marigold", "heather", "1961"), 0.6},
		{person("john", "barkworth", "1950-04-01"), person("john", "barkworth", "1981-09-12"), 0},
	} {
		for _, l := range []likeness{c.a.alike(c.b), c.b.alike(c.a)} {
			if l.score != c.want {
				t.Errorf("%v %v and %v %v: %v, not %v", c.a.given, c.a.family, c.b.given, c.b.family, l.score, c.want)
			}
		}
	}
	apart := person("jan", "van der berg", "1961-05-17")
	other := person("jan", "van der meer", "1961-05-17")
	if apart.Phone = nil; apart.alike(other).score != 0 {
		t.Errorf("van der Berg and van der Meer: %v", apart.alike(other))
	}
}
