// Package normal writes what several people write in several ways in one: telephone numbers, e-mail
// addresses, web addresses, postcodes, ODS codes and languages. Each function reports whether the text could
// be that at all.
package normal

import (
	"regexp"
	"strings"
	"unicode"
)

// What is said of a text that cannot be one of these, in the field's own words.
const (
	NotAPostcode = "is not a postcode of the United Kingdom, such as LS1 4AP, nor a pseudo-postcode such as ZZ99 3VZ (no fixed abode)"
	NotAnODSCode = "is not an ODS code: three to ten letters and digits"
	NotAURL      = "is not an address of the web: http:// or https://, a host, and no password"
)

// isSpacing tells of spaces of any kind, also those that are not seen, and of dashes of any kind: pasted
// numbers are full of them.
func isSpacing(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Z, unicode.Cf, unicode.Pd)
}

func withoutSpaces(s string) string {
	return strings.Map(func(r rune) rune {
		if isSpacing(r) {
			return -1
		}
		return r
	}, s)
}

// Digits is a number without the spaces and dashes that people group it with.
func Digits(s string) string { return withoutSpaces(s) }

// The outward and inward codes are of the published pattern of postcodes (Office for National Statistics
// and Department for Transport, Bulk Data Transfer for Sponsors, appendix C; BS 7666), where the last two
// letters are none of C I K M O V. The overseas territories have one each (Royal Mail). ZZ99 is the area of
// the NHS's pseudo-postcodes, for no fixed abode and for countries (NHS Data Dictionary, NHS postcode
// directory).
var postcode = regexp.MustCompile(`^(?:GIR 0AA|` +
	`(?:[A-PR-UWYZ][0-9]{1,2}|[A-PR-UWYZ][A-HK-Y][0-9]{1,2}|[A-PR-UWYZ][0-9][A-HJKPSTUW]|[A-PR-UWYZ][A-HK-Y][0-9][ABEHMNPRV-Y]) ` +
	`[0-9][ABD-HJLNP-UW-Z]{2}|` +
	`(?:ASCN|BBND|BIQQ|FIQQ|PCRN|SIQQ|STHL|TDCU|TKCA) 1ZZ|` +
	`ZZ99 [0-9][A-Z]{2})$`)

// Postcode is a postcode in capitals, with one space before its last three characters.
func Postcode(s string) (string, bool) {
	p := strings.ToUpper(withoutSpaces(s))
	if len(p) < 5 || len(p) > 7 {
		return s, false
	}
	p = p[:len(p)-3] + " " + p[len(p)-3:]
	return p, postcode.MatchString(p)
}

// The Organisation Data Service gives codes of three to ten capitals and digits.
var odsCode = regexp.MustCompile(`^[A-Z0-9]{3,10}$`)

// ODSCode is an ODS code in capitals.
func ODSCode(s string) (string, bool) {
	code := strings.ToUpper(withoutSpaces(s))
	return code, odsCode.MatchString(code)
}
