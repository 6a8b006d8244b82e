package people

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"waypost/internal/platform/normal"
)

// Kinds of search_key.
const (
	byDay       = "d"
	byMonth     = "m"
	byYear      = "y"
	byNHSNumber = "n"
	byPhone     = "t"
	byEmail     = "e"
	byPostcode  = "c"
	byReference = "r"
)

var (
	tenDigits = regexp.MustCompile(`\b\d{3}[ .-]?\d{3}[ .-]?\d{4}\b`)
	aPhone    = regexp.MustCompile(`[+(]?\d[\d ().-]{6,}\d`)
	abroad    = regexp.MustCompile(`(?:\+|\b00)\d[\d ().-]{6,}\d`) // or with the code of this country
	aPostcode = regexp.MustCompile(`(?i)\b[a-z]{1,2}\d[a-z\d]?[ -]?\d[a-z]{2}\b`)

	// The usual ways to write a date of birth: day first, but for the one that begins with the year.
	yearFirst   = regexp.MustCompile(`\b(\d{4})[./-](\d{1,2})[./-](\d{1,2})\b`)
	dayFirst    = regexp.MustCompile(`\b(\d{1,2})[./ -](\d{1,2})[./ -](\d{4}|\d{2})\b`)
	dayInWords  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)?(?: of)?[ /-](` + monthNames + `),?[ /-](\d{4}|\d{2})\b`)
	eightDigit  = regexp.MustCompile(`\b(\d{2})(\d{2})(\d{4})\b`)
	monthOnly   = regexp.MustCompile(`(?i)\b(` + monthNames + `) (\d{4})\b`)
	monthOf     = regexp.MustCompile(`\s(\d{1,2})/(\d{4})\s`)
	yearMonth   = regexp.MustCompile(`\s(\d{4})-(\d{2})\s`)
	nameAndYear = regexp.MustCompile(`(?i)^(?:` + monthNames + `) \d{4}$`)
	yearOnly    = regexp.MustCompile(`\s((?:19|20)\d{2})\s`)
)

// months are the names of months, in order; each begins with three letters that no other begins with.
var months = []string{"jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?", "aug(?:ust)?",
	"sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?"}

var monthNames = strings.Join(months, "|")

// readTyped takes apart what somebody typed. What is none of the other things is words of a name. today is for years of
// two digits: nobody is born in the future.
func readTyped(text string, today time.Time) (a asked) {
	text = plainSpacing(text)
	rest := a.take(" "+text+" ", abroad, byPhone, readPhone)
	rest = a.take(rest, tenDigits, byNHSNumber, func(s string) (string, bool) { return NHSNumber(withoutDots(s)) })
	rest = a.take(rest, aPostcode, byPostcode, normal.Postcode)
	rest = a.takeDates(rest, today)
	rest = a.take(rest, aPhone, byPhone, readPhone)
	for word := range strings.FieldsSeq(rest) {
		switch {
		case strings.Contains(word, "@"):
			if address, ok := normal.Email(word); ok {
				a.add(byEmail, strings.ToLower(address))
			}
		case strings.ContainsFunc(word, unicode.IsDigit):
			a.add(byReference, strings.ToLower(word))
		case !slices.Contains(aroundNames, strings.ToLower(strings.Trim(word, ".,:;()"))):
			a.names += word + " "
		}
	}
	if month, year, is := strings.Cut(strings.TrimSpace(text), " "); is && nameAndYear.MatchString(text) {
		return asked{names: month, others: []string{byYear + year}} // somebody called May, June or April
	}
	return a
}

// aroundNames are words that people write beside names.
var aroundNames = []string{"mr", "mrs", "ms", "miss", "dr", "prof", "rev", "born", "dob", "nee", "née", "nhs"}

// plainSpacing writes spaces of any kind as one, and dashes of any kind as a hyphen: pasted numbers are full of them.
func plainSpacing(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) {
			return '-'
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

func withoutDots(s string) string { return strings.ReplaceAll(s, ".", "") }

func readPhone(s string) (string, bool) {
	s = withoutDots(s)
	if abroad, is := strings.CutPrefix(s, "00"); is {
		s = "+" + abroad
	}
	return normal.Phone(s)
}

func (a *asked) add(kind, value string) {
	if !slices.Contains(a.others, kind+value) {
		a.others = append(a.others, kind+value)
	}
}

// take takes what has a shape and can be read away, and returns what is left.
func (a *asked) take(text string, shape *regexp.Regexp, kind string, read func(string) (string, bool)) string {
	return shape.ReplaceAllStringFunc(text, func(s string) string {
		value, ok := read(s)
		if !ok {
			return s
		}
		a.add(kind, value)
		return " "
	})
}

// takeDates takes dates, months and years of birth away, and returns what is left.
func (a *asked) takeDates(text string, today time.Time) string {
	for _, form := range []struct {
		shape            *regexp.Regexp
		year, month, day int // which group of it
	}{
		{yearFirst, 1, 2, 3}, {dayFirst, 3, 2, 1}, {dayInWords, 3, 2, 1}, {eightDigit, 3, 2, 1},
		{monthOnly, 2, 1, 0}, {monthOf, 2, 1, 0}, {yearMonth, 1, 2, 0}, {yearOnly, 1, 0, 0},
	} {
		text = form.shape.ReplaceAllStringFunc(text, func(s string) string {
			groups := form.shape.FindStringSubmatch(s)
			if groups == nil { // cut out of its text, it may end where no word ends
				return s
			}
			year := yearIn(groups[form.year], today)
			switch {
			case form.month == 0:
				a.add(byYear, strconv.Itoa(year))
			case form.day == 0:
				month := monthIn(groups[form.month])
				if month == 0 {
					return s
				}
				a.add(byMonth, time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Format("2006-01"))
			default:
				n, _ := strconv.Atoi(groups[form.day])
				on := time.Date(year, monthIn(groups[form.month]), n, 0, 0, 0, 0, time.UTC)
				if on.Day() != n || on.Year() != year {
					return s
				}
				a.add(byDay, on.Format(time.DateOnly))
			}
			return " "
		})
	}
	return text
}

// yearIn reads a year of four digits, or of two: the latest that is not in the future.
func yearIn(s string, today time.Time) int {
	n, _ := strconv.Atoi(s)
	if len(s) > 2 {
		return n
	}
	if n += 2000; n > today.Year() {
		n -= 100
	}
	return n
}

// monthIn reads a month by number or name; 0: it is none.
func monthIn(s string) time.Month {
	if n, err := strconv.Atoi(s); err == nil {
		if n < 1 || n > 12 {
			return 0
		}
		return time.Month(n)
	}
	return time.Month(slices.IndexFunc(months, func(name string) bool {
		return strings.HasPrefix(name, strings.ToLower(s[:3]))
	}) + 1)
}
