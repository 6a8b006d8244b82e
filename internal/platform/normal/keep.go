package normal

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"waypost/internal/platform/fault"
)

// Changed reports whether a text differs from what it was.
func Changed(now, was *string) bool {
	return (now == nil) != (was == nil) || now != nil && *now != *was
}

// Require normalises a text that is new, or notes that it cannot be what its field takes.
func Require(
	c *fault.Checks,
	field string,
	now **string,
	was *string,
	normalise func(string) (string, bool),
	refusal string,
) {
	if *now == nil || !Changed(*now, was) {
		return
	}
	text, ok := normalise(**now)
	c.Require(ok, field, fault.WrongFormat, refusal)
	if ok {
		*now = &text
	}
}

// PhoneIfNew normalises a phone that differs from what it was; one that cannot be is kept as it was written.
func PhoneIfNew(now **string, was *string) {
	var asWritten bool
	keep(now, was, Phone, &asWritten)
}

// AsWritten notes which of a phone and an e-mail address could not be normalised, and are kept as they were
// written: people see them, and no machine dials or sends to them.
type AsWritten struct {
	PhoneAsWritten bool `json:"-"`
	EmailAsWritten bool `json:"-"`
}

// Keep normalises a phone and an e-mail address that differ from what they were, or keeps them as they were written.
func (a *AsWritten) Keep(phone, email **string, wasPhone, wasEmail *string) {
	keep(phone, wasPhone, Phone, &a.PhoneAsWritten)
	keep(email, wasEmail, Email, &a.EmailAsWritten)
}

func keep(now **string, was *string, normalise func(string) (string, bool), asWritten *bool) {
	switch {
	case *now == nil:
		*asWritten = false
	case Changed(*now, was):
		text, ok := normalise(**now)
		*now, *asWritten = &text, !ok
	}
}

// National is the phone as people of this country write it; nil where it is kept as it was written. What
// was normalised once is not checked again, which would take three times as long.
func (a AsWritten) National(phone *string) *string {
	if phone == nil || a.PhoneAsWritten {
		return nil
	}
	number, err := phonenumbers.Parse(*phone, home)
	if err != nil {
		return nil
	}
	return shown(number)
}

// Kept says in warnings what is kept as it was written.
func (a AsWritten) Kept(email *string) (out []fault.Warning) {
	if a.PhoneAsWritten {
		out = append(
			out,
			fault.Warning{Code: "phone_as_written", Detail: PhoneKept + ": people see it, and nothing is sent to it."},
		)
	}
	if a.EmailAsWritten && email != nil {
		out = append(
			out,
			fault.Warning{
				Code:   "email_as_written",
				Detail: EmailKept(*email) + ": people see it, and no mail is sent to it.",
			},
		)
	}
	return out
}

// PhoneKept says why a phone is kept as it was written.
const PhoneKept = "The phone is kept as it was written, since it is no number that can be dialled as it stands"

// EmailKept says why an e-mail address is kept as it was written.
func EmailKept(address string) string {
	why := "it is no address that can be sent to"
	if local, _, whole := strings.Cut(
		address,
		"@",
	); whole &&
		strings.ContainsFunc(local, func(r rune) bool { return r > '~' }) {
		why = "the part before the @ has letters that mail servers do not take"
	}
	return "The e-mail address is kept as it was written, since " + why
}
