package api_test

import (
	"fmt"
	"testing"

	"waypost/internal/platform/fault"
)

// A program that shows errors in its own words goes by the code of each field.
func TestFieldErrorsHaveCodes(t *testing.T) {
	w := newWorld(t)
	person := func(more string) string {
		return `{"given_name":"Marigold","family_name":"B","birth_date":"1950-01-01"` + more + `}`
	}
	long := fmt.Sprintf("%0300d", 1)
	for _, c := range []struct {
		what, path, body string
		want             fault.Code
	}{
		{"a missing field", "/patients", `{"given_name":"Marigold"}`, fault.Required},
		{"a blank name", "/organisations", `{"name":" "}`, fault.Required},
		{"an unknown field", "/patients", person(`,"nickname":"M"`), fault.UnknownField},
		{"a code of no list", "/patients", person(`,"gender":"rose"`), fault.UnknownCode},
		{"a number for a text", "/patients", person(`,"pronouns":1`), fault.WrongType},
		{"a text that is too long", "/patients", person(`,"preferred_name":"` + long + `"`), fault.TooLong},
		{"a list for an object", "/patients", `[]`, fault.WrongType},
		{"a day that there is not", "/patients", `{"given_name":"Marigold","birth_date":"1950-02-30"}`, fault.WrongFormat},
		{"a day in the future", "/patients", `{"given_name":"Marigold","birth_date":"2999-01-01"}`, fault.OutOfRange},
		{"half of a pair", "/patients", person(`,"imd_decile":3`), fault.NotAllowed},
		{"a search of one letter", "/patients/search", `{"q":"m"}`, fault.TooShort},
		{"a postcode that is none", "/patients", person(`,"postcode":"flowers"`), fault.WrongFormat},
		{"an organisation that is not there", "/organisations/" + nobody() + "/services", `{"name":""}`, fault.TooShort},
	} {
		a := w.as("link_worker").with(pastJudges, "1").post(c.path, c.body).problem(422, "invalid", "Marigold")
		if got := a.text("errors.0.code"); got != string(c.want) {
			t.Errorf("%s: code %s, want %s: %s", c.what, got, c.want, a.body)
		}
	}
	a := w.as("link_worker").with(pastJudges, "1").get("/referrals?colour=red").problem(400, "invalid")
	if got := a.text("errors.0.code"); got != string(fault.UnknownField) {
		t.Errorf("an unknown parameter: code %s", got)
	}
}
