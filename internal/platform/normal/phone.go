package normal

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// home is the region whose numbers are written without a country code.
const home = "GB"

// Phone is a telephone number in E.164, such as +447700900123. A number is not one to be dialled by a
// machine when it has more than digits and the marks that group them, such as an extension, when it begins
// with neither 0 nor +, or with a prefix of Relay UK (18001 and 18002), or when nobody could have it.
func Phone(s string) (string, bool) {
	number, ok := numberIn(s)
	if !ok {
		return s, false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

func numberIn(s string) (*phonenumbers.PhoneNumber, bool) {
	grouping := func(r rune) bool {
		return r >= '0' && r <= '9' || strings.ContainsRune("+().", r) || isSpacing(r)
	}
	digits := withoutSpaces(s)
	begins := strings.HasPrefix(strings.TrimPrefix(digits, "("), "0") || strings.HasPrefix(digits, "+")
	if !begins || strings.ContainsFunc(s, func(r rune) bool { return !grouping(r) }) {
		return nil, false
	}
	number, err := phonenumbers.Parse(digits, home)
	return number, err == nil && phonenumbers.IsPossibleNumber(number) &&
		(phonenumbers.IsValidNumber(number) || drama(number))
}

// forDrama begin the numbers that Ofcom keeps free for drama and documents (Ofcom, "Telephone numbers for
// drama use"); not all of them are in the ranges that are given out.
var forDrama = []string{"+447700900", "+441632960", "+443069990", "+448081570", "+449098790"}

func drama(number *phonenumbers.PhoneNumber) bool {
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	return slices.ContainsFunc(forDrama, func(prefix string) bool { return strings.HasPrefix(e164, prefix) })
}

// National is a number in E.164 as people of this country write it: a foreign one with its country code. Of
// any other text it is nil.
func National(e164 *string) *string {
	if e164 == nil {
		return nil
	}
	number, ok := numberIn(*e164)
	if !ok || phonenumbers.Format(number, phonenumbers.E164) != *e164 {
		return nil
	}
	return shown(number)
}

// Shown is a telephone number as people read it, whether it is in E.164 or was kept as it was written.
func Shown(number string) string {
	if national := National(&number); national != nil {
		return *national
	}
	return number
}

func shown(number *phonenumbers.PhoneNumber) *string {
	form := phonenumbers.INTERNATIONAL
	if phonenumbers.GetRegionCodeForCountryCode(int(number.GetCountryCode())) == home {
		form = phonenumbers.NATIONAL
	}
	text := phonenumbers.Format(number, form)
	return &text
}
