package people

import (
	"math"
	"slices"
	"strings"

	"waypost/internal/platform/day"
)

const (
	// mostWords is how many words of a name are looked at.
	mostWords = 8
	// mostTogether is how many of them may be written together, as of de la Cruz.
	mostTogether = 4
	// leastScore is the score from which a search shows somebody. Who has the right names and another date of birth is
	// shown, since either may be mistaken.
	leastScore = 0.45
	anyScore   = 0 // duplicates have a rule of their own
)

// asked is what is asked of people: words of names, and other things as a kind of search_key and a value each.
type asked struct {
	names  string
	others []string
}

// Reasons why somebody fits: the codes of the list match_reasons.
const (
	nameFits     = "name"
	nameBegins   = "name_begins"
	nameSimilar  = "name_similar"
	givenFits    = "given_name"
	dateFits     = "birth_date"
	dateSimilar  = "birth_date_similar"
	monthFits    = "birth_month"
	yearFits     = "birth_year"
	numberFits   = "nhs_number"
	phoneFits    = "phone"
	emailFits    = "email"
	postcodeFits = "postcode"
	idFits       = "external_id"
	formerRecord = "former_record"
)

// weights say how much each kind of thing counts beside the others that were asked for.
var weights = map[string]float64{
	byNHSNumber: 4, byReference: 4, byPhone: 3, byEmail: 3, byDay: 3, byPostcode: 2, byMonth: 2, byYear: 1,
}

const weightOfNames = 3

// fit is how well a person, whose folded names are given, fits what was asked for.
func (a asked) fit(words [][]string, names []string, p Patient) (m Match) {
	m.Reasons = []string{}
	sum, all := 0.0, 0.0
	add := func(weight, fit float64, reason string) {
		all += weight
		if sum += weight * fit; fit > 0 {
			m.Reasons = append(m.Reasons, reason)
		}
	}
	if len(words) > 0 {
		fit, reason := namesFit(words, names)
		add(weightOfNames, fit, reason)
	}
	for _, other := range a.others {
		fit, reason := p.fits(other[:1], other[1:])
		weight := weights[other[:1]]
		if !p.has(other[:1]) { // nobody recorded it, which hardly speaks against the person
			weight /= 4
		}
		add(weight, fit, reason)
	}
	if all > 0 {
		m.Score = math.Round(100*sum/all) / 100
	}
	return m
}

// has reports whether a thing of some kind is recorded of the person.
func (p Patient) has(kind string) bool {
	switch kind {
	case byNHSNumber:
		return p.NHSNumber != nil
	case byPhone:
		return p.Phone != nil
	case byEmail:
		return p.Email != nil
	case byPostcode:
		return p.Postcode != nil
	case byReference:
		return len(p.ExternalIDs) > 0
	case byDay, byMonth, byYear:
		return p.BirthDate != nil
	default:
		return true
	}
}

// fits reports how well one thing fits that is not a name, from 0 to 1.
func (p Patient) fits(kind, value string) (fit float64, reason string) {
	is := func(s *string) float64 {
		if s != nil && strings.EqualFold(*s, value) {
			return 1
		}
		return 0
	}
	switch kind {
	case byDay, byMonth, byYear:
		return p.bornFits(value)
	case byNHSNumber:
		return is(p.NHSNumber), numberFits
	case byPhone:
		return is(p.Phone), phoneFits
	case byEmail:
		return is(p.Email), emailFits
	case byPostcode:
		return is(p.Postcode), postcodeFits
	default:
		for _, e := range p.ExternalIDs {
			if strings.EqualFold(e.Value, value) {
				return 1, idFits
			}
		}
		return 0, idFits
	}
}

// bornFits reports how well a day, a month or a year fits the birth date, of which less may be known than was asked.
func (p Patient) bornFits(value string) (fit float64, reason string) {
	if p.BirthDate == nil {
		return 0, ""
	}
	if one, other, two := strings.Cut(value, otherwise); two {
		fit, reason = p.bornFits(one)
		if f, r := p.bornFits(other); f > fit {
			return f, r
		}
		return fit, reason
	}
	born := p.BirthDate.String()
	reason = map[int]string{len("1961-05-17"): dateFits, len("1961-05"): monthFits, len("1961"): yearFits}[min(len(born), len(value))]
	switch {
	case strings.HasPrefix(born, value):
		return 1, reason
	case strings.HasPrefix(value, born):
		return lessIsKnown, reason
	case len(born) == len(value) && len(value) == len("1961-05-17") && similar(born, value):
		return 0.5, dateSimilar
	default:
		return 0, reason
	}
}

// lessIsKnown is how well a birth date fits of which less is known than was asked for.
const lessIsKnown = 0.7

// born is a birth date as it is searched for.
func born(d day.Partial) string {
	switch {
	case d.IsWhole():
		return byDay + d.String()
	case d.Month() != "":
		return byMonth + d.String()
	default:
		return byYear + d.String()
	}
}

// similar reports whether two dates, months or years differ in one digit, or two dates in the order of day and month.
func similar(a, b string) bool {
	differ := 0
	for i := range a {
		if a[i] != b[i] {
			differ++
		}
	}
	return differ == 1 || len(a) == len("1961-05-17") && a[:4] == b[:4] && a[5:7] == b[8:10] && a[8:10] == b[5:7]
}

// withNeighbours returns a list for each word: the word, then the words that it makes when it is joined to its neighbours.
func withNeighbours(words []string) [][]string {
	list := [][]string{}
	for i, word := range words {
		list = append(list, []string{word})
		for from := max(0, i-mostTogether+1); from <= i; from++ {
			for until := max(i+1, from+2); until <= min(len(words), from+mostTogether); until++ {
				list[i] = append(list[i], strings.Join(words[from:until], ""))
			}
		}
	}
	return list
}

// namesFit is how well words fit a person's names, from 0 to 1: the mean of the words, each by the best of the names,
// alone or written together with its neighbours. Of three words and more, one may fit none; else it is 0.
func namesFit(words [][]string, names []string) (fit float64, reason string) {
	worst, failed := 1.0, 0
	for _, w := range words {
		best := wordFits(w[0], names)
		for _, together := range w[1:] {
			best = max(best, wholeFits(together, names))
		}
		if best == 0 {
			failed++
		}
		worst = min(worst, best)
		fit += best / float64(len(words))
	}
	switch {
	case failed > 1 || failed == 1 && len(words) < 3:
		return 0, nameSimilar
	case worst < beginningFits:
		return fit, nameSimilar
	case worst == beginningFits:
		return fit, nameBegins
	default:
		return fit, nameFits
	}
}

const (
	beginningFits = 0.9
	slipFits      = 0.7
)

func wordFits(word string, names []string) float64 {
	best := wholeFits(word, names)
	if best < beginningFits && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, word) }) {
		return beginningFits
	}
	return best
}

func wholeFits(word string, names []string) float64 {
	switch {
	case slices.Contains(names, word):
		return 1
	case slices.ContainsFunc(names, func(n string) bool { return oneSlip([]rune(word), []rune(n)) }):
		return slipFits
	default:
		return 0
	}
}

// oneSlip reports whether one slip of the keys makes one word of the other: a letter more, less or wrong, or two
// neighbours exchanged. Words of fewer than four letters are not compared: too many differ by one letter.
func oneSlip(a, b []rune) bool {
	if len(a) < 4 || len(b) < 4 {
		return false
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}
