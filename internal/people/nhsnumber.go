package people

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"waypost/internal/platform/normal"
)

// NHSNumber reads an NHS number, spaces and dashes of any kind allowed, and reports whether its check digit holds.
//
// The first nine digits are weighted 10 down to 2 and summed; eleven less the sum's remainder by eleven
// is the check digit, where eleven counts as 0 and ten is never issued (NHS Data Dictionary, NHS NUMBER).
func NHSNumber(text string) (string, bool) {
	digits := normal.Digits(text)
	if len(digits) != 10 {
		return "", false
	}
	sum := 0
	for i, r := range digits {
		if r < '0' || r > '9' {
			return "", false
		}
		if i < 9 {
			sum += int(r-'0') * (10 - i)
		}
	}
	check := (11 - sum%11) % 11
	return digits, check != 10 && check == int(digits[9]-'0')
}

// standing is what is known of a number whose check digit holds.
type standing int

const (
	unissued    standing = iota // outside the ranges that are known to be issued: kept, and nobody is found by it
	issued                      // somebody may have it
	forTests                    // nobody has it; synthetic people do
	placeholder                 // nobody has it, and it is typed to fill a field
)

//go:embed nhsnumbers.yaml
var numbersYAML []byte

var numbers = loadNumbers()

type numberRange struct {
	From, To  string
	Where     string
	BirthDate bool `yaml:"begins_with_birth_date"`
}

type numberList struct {
	ReadOn       string `yaml:"read_on"`
	Sources      []string
	Issued       []numberRange
	ForTests     []numberRange `yaml:"for_tests"`
	Placeholders []string
}

// loadNumbers reads the list; it is part of the program, so a fault in it stops the program at once.
func loadNumbers() (l numberList) {
	strict := yaml.NewDecoder(bytes.NewReader(numbersYAML))
	strict.KnownFields(true)
	if err := strict.Decode(&l); err != nil {
		panic(err)
	}
	return l
}

func (r numberRange) holds(number string) bool {
	if number < r.From || number > r.To {
		return false
	}
	_, err := time.Parse("020106", number[:6])
	return !r.BirthDate || err == nil
}

func standingOf(number string) standing {
	holds := func(r numberRange) bool { return r.holds(number) }
	switch {
	case slices.Contains(numbers.Placeholders, number), isFiller(number):
		return placeholder
	case slices.ContainsFunc(numbers.ForTests, holds):
		return forTests
	case slices.ContainsFunc(numbers.Issued, holds):
		return issued
	default:
		return unissued
	}
}

// isFiller reports whether the first nine digits are what fills a field, with the tenth to make it pass: one
// digit alone, one and then zeros, or digits that count up or down.
func isFiller(number string) bool {
	nine := number[:9]
	return strings.Count(nine, nine[:1]) == 9 || nine[1:] == "00000000" ||
		strings.Contains("01234567890123456789", nine) ||
		strings.Contains("98765432109876543210", nine)
}

// What is said of a number that is refused.
const (
	notANumber    = "is not an NHS number: ten digits, the last of which checks the others"
	isPlaceholder = "is a placeholder, which nobody has: leave it out where it is not known"
	isForTests    = "is kept for tests and documents, and nobody has it; a server for trials takes it " +
		"(WAYPOST_TEST_NUMBERS)"
)

// readNumber reads a number that somebody could have, or says why it is refused. known is false for one
// that nobody is found by.
func (s *Store) readNumber(text string) (number string, known bool, refusal string) {
	number, ok := NHSNumber(text)
	if !ok {
		return "", false, notANumber
	}
	switch standingOf(number) {
	case placeholder:
		return "", false, isPlaceholder
	case forTests:
		if !s.TestNumbers {
			return "", false, isForTests
		}
	case unissued:
		return number, false, ""
	}
	return number, true, ""
}
