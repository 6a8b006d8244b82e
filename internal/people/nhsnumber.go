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

// numberStatus is what is known of a number with a valid check digit.
type numberStatus int

const (
	unissued    numberStatus = iota // outside the ranges known to be issued: stored, and not searched by
	issued                          // in a range that is issued to people
	forTests                        // for synthetic people only
	placeholder                     // typed to fill a field, such as 0000000000
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

// loadNumbers reads the embedded list. It panics on a mistake in it, which is a mistake in the program.
func loadNumbers() (l numberList) {
	strict := yaml.NewDecoder(bytes.NewReader(numbersYAML))
	strict.KnownFields(true)
	if err := strict.Decode(&l); err != nil {
		panic(err)
	}
	return l
}

func (r numberRange) contains(number string) bool {
	if number < r.From || number > r.To {
		return false
	}
	_, err := time.Parse("020106", number[:6])
	return !r.BirthDate || err == nil
}

func statusOf(number string) numberStatus {
	contains := func(r numberRange) bool { return r.contains(number) }
	switch {
	case slices.Contains(numbers.Placeholders, number), isFiller(number):
		return placeholder
	case slices.ContainsFunc(numbers.ForTests, contains):
		return forTests
	case slices.ContainsFunc(numbers.Issued, contains):
		return issued
	default:
		return unissued
	}
}

// isFiller reports whether the first nine digits are a pattern that people type to fill a field, whatever the check
// digit: one digit nine times, a digit and eight zeros, or digits that count up or down.
func isFiller(number string) bool {
	nine := number[:9]
	return strings.Count(nine, nine[:1]) == 9 || nine[1:] == "00000000" ||
		strings.Contains("01234567890123456789", nine) ||
		strings.Contains("98765432109876543210", nine)
}

// Why a number is refused.
const (
	notANumber    = "is not an NHS number: ten digits, the last of which checks the others"
	isPlaceholder = "is a placeholder, which nobody has: leave it out where it is not known"
	isForTests    = "is kept for tests and documents, and nobody has it; a server for trials takes it " +
		"(WAYPOST_TEST_NUMBERS)"
)

// readNumber parses a number, or returns why it is refused. known is false for an unissued one, which is not searched
// by.
func (s *Store) readNumber(text string) (number string, known bool, refusal string) {
	number, ok := NHSNumber(text)
	if !ok {
		return "", false, notANumber
	}
	switch statusOf(number) {
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
