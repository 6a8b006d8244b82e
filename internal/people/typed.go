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
	abroad    = regexp.MustCompile(`(?:\+|\b00)\d[\d ().-]{6,}\d`) // begins with a country's code
	aPostcode = regexp.MustCompile(`(?i)\b[a-z]{1,2}\d[a-z\d]?[ -]?\d[a-z]{2}\b`)

	// The usual ways to write a date of birth: day first, but for the one that begins with the year.
	yearFirst   = regexp.MustCompile(`\b(\d{4})[./-](\d{1,2})[./-](\d{1,2})\b`)
	dayFirst    = regexp.MustCompile(`\b(\d{1,2})[./ -](\d{1,2})[./ -](\d{4}|\d{2})\b`)
	dayInWords  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)?(?: of)?[ /-](` + monthNames + `),?[ /-](\d{4}|\d{2})\b`)
	monthFirst  = regexp.MustCompile(`(?i)\b(` + monthNames + `)[ -](\d{1,2})(?:st|nd|rd|th)?,?[ -](\d{4})\b`)
	yearDigits  = regexp.MustCompile(`\b((?:19|20)\d{2})(0[1-9]|1[0-2])(\d{2})\b`)
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

// readTyped parses what somebody typed. Words that are nothing else belong to a name. today decides the century of a
// year of two digits.
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

// take removes each piece of a text that has a shape and can be read, and returns what is left.
func (a *asked) take(text string, shape *regexp.Regexp, kind string, read func(string) (string, bool)) string {
	return replaceEach(text, shape, func(groups []string) bool {
		value, ok := read(groups[0])
		if ok {
			a.add(kind, value)
		}
		return ok
	})
}

// takeDates removes dates, months and years of birth from a text, and returns what is left.
func (a *asked) takeDates(text string, today time.Time) string {
	for _, form := range []struct {
		shape            *regexp.Regexp
		year, month, day int // which group of it
	}{
		{yearFirst, 1, 2, 3}, {dayFirst, 3, 2, 1}, {dayInWords, 3, 2, 1}, {monthFirst, 3, 1, 2},
		{eightDigit, 3, 2, 1}, {yearDigits, 1, 2, 3},
		{monthOnly, 2, 1, 0}, {monthOf, 2, 1, 0}, {yearMonth, 1, 2, 0}, {yearOnly, 1, 0, 0},
	} {
		text = replaceEach(text, form.shape, func(groups []string) bool {
			year := yearIn(groups[form.year], today)
			if form.month == 0 {
				a.add(byYear, strconv.Itoa(year))
				return true
			}
			month := monthIn(groups[form.month])
			if month == 0 {
				return false
			}
			if form.day == 0 {
				a.add(byMonth, time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Format("2006-01"))
				return true
			}
			n, _ := strconv.Atoi(groups[form.day])
			on := time.Date(year, month, n, 0, 0, 0, 0, time.UTC)
			if on.Day() != n || on.Year() != year {
				return false
			}
			value := on.Format(time.DateOnly)
			if hundred := on.AddDate(-100, 0, 0); len(groups[form.year]) == 2 && hundred.AddDate(oldest, 0, 0).After(today) {
				value += otherwise + hundred.Format(time.DateOnly)
			}
			a.add(byDay, value)
			return true
		})
	}
	return text
}

// replaceEach puts a space in place of each piece of a text that has a shape and is taken.
func replaceEach(text string, shape *regexp.Regexp, take func(groups []string) bool) string {
	var left strings.Builder
	end := 0
	for _, at := range shape.FindAllStringSubmatchIndex(text, -1) {
		groups := make([]string, len(at)/2)
		for i := range groups {
			groups[i] = text[at[2*i]:at[2*i+1]] // every group of these shapes takes part
		}
		if take(groups) {
			left.WriteString(text[end:at[0]] + " ")
			end = at[1]
		}
	}
	return left.String() + text[end:]
}

// otherwise stands between values of which a person has one: a year of two digits may be of two centuries.
const otherwise = "|"

// oldest is how old people become: a year of two digits is one of the last hundred, and of those before up to this age.
const oldest = 115

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
