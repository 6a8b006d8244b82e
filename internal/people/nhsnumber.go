package people

import "strings"

var separators = strings.NewReplacer(" ", "", "-", "")

// NHSNumber reads an NHS number, spaces and hyphens allowed, and tells whether its check digit holds.
//
// The first nine digits are weighted 10 down to 2 and summed; eleven less the sum's remainder by eleven
// is the check digit, where eleven counts as 0 and ten is never issued (NHS Data Dictionary, NHS NUMBER).
func NHSNumber(text string) (string, bool) {
	digits := separators.Replace(text)
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
