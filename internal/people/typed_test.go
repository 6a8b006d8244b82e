package people

import (
	"slices"
	"strings"
	"testing"
	"time"
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
		"born 1 sept 1930":     "born d1930-09-01",
		"1 Jan 27":             "d1927-01-01",
		"1 Jan 26":             "d2026-01-01",
		"may 1961":             "may y1961",
		"may 1961 mary":        "mary m1961-05", "marigold 1961": "marigold y1961", "March, April 1961": "March, m1961-04",
		"05/1961":                      "m1961-05",
		"1961-05":                      "m1961-05",
		"Smith 1961":                   "Smith y1961",
		"May Smith 1961":               "May Smith y1961",
		"31/2/1961":                    "r31/2/1961",
		"943 476 5919":                 "n9434765919",
		"9434765919 Smith":             "Smith n9434765919",
		"07700 900123":                 "t+447700900123",
		"+44 7700 900123 Mary":         "Mary t+447700900123",
		"(020) 7946 0018":              "t+442079460018",
		"sw1a 1aa":                     "cSW1A 1AA",
		"Smith SW1A1AA":                "Smith cSW1A 1AA",
		"mary@EXAMPLE.org":             "emary@example.org",
		"EMIS-123":                     "remis-123",
		"":                             "",
		"     ":                        "",
		strings.Repeat("a", 200):       strings.Repeat("a", 200),
		"9991000003":                   "n9991000003",
		"00/00/0000":                   "r00/00/0000",
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
