package normal_test

import (
	"strings"
	"testing"

	"golang.org/x/text/language"

	"waypost/internal/platform/normal"
)

// Each test has what is written on the left and what it becomes on the right; "" is refused.
func held(t *testing.T, normalise func(string) (string, bool), cases map[string]string) {
	t.Helper()
	for written, want := range cases {
		got, ok := normalise(written)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%+q becomes %+q (%v), and should be %+q", written, got, ok, want)
		}
		if again, still := normalise(got); ok && (!still || again != got) {
			t.Errorf("%+q becomes %+q at a second time", got, again)
		}
	}
}

func TestPostcode(t *testing.T) {
	t.Parallel()
	held(t, normal.Postcode, map[string]string{
		"ls14ap":         "LS1 4AP",
		" LS1\u00a04AP ": "LS1 4AP",
		"L S 1 4 A P":    "LS1 4AP",
		"M1 1AE":         "M1 1AE",
		"B338TH":         "B33 8TH",
		"cr26xh":         "CR2 6XH",
		"dn551pt":        "DN55 1PT",
		"W1A1HQ":         "W1A 1HQ",
		"ec1a 1bb":       "EC1A 1BB",
		"GIR 0AA":        "GIR 0AA",
		"bf1 0ax":        "BF1 0AX",
		"GY1 1AA":        "GY1 1AA",
		"ascn1zz":        "ASCN 1ZZ",
		"zz993vz":        "ZZ99 3VZ",
		"ZZ99 3WZ":       "ZZ99 3WZ",
		"ZZ99 3CZ":       "ZZ99 3CZ",
		"":               "",
		"12345":          "",
		"LS1":            "",
		"LS1 4A":         "",
		"LS1 4APX":       "",
		"LS1 4VV":        "",
		"Q1 1AA":         "",
		"ABC 1AA":        "",
		"no fixed abode": "",
		"ZZ98 3VZ":       "",
		"LS1 4А P":       "",
	})
}

func TestODSCode(t *testing.T) {
	t.Parallel()
	held(
		t,
		normal.ODSCode,
		map[string]string{
			"a81001":      "A81001",
			" y0 0001\t":  "Y00001",
			"qmj":         "QMJ",
			"A8":          "",
			"A81001-XX!":  "",
			"ABCDEFGHIJK": "",
			"":            "",
		},
	)
}

func TestPhone(t *testing.T) {
	t.Parallel()
	held(t, normal.Phone, map[string]string{
		"07700 900123":                  "+447700900123",
		"07700\u00a0900\u2011123":       "+447700900123",
		"(01632) 960001":                "+441632960001",
		"+44 (0)7700 900123":            "+447700900123",
		"0161 496 0000":                 "+441614960000",
		"00 33 1 23 45 67 89":           "+33123456789",
		"+33 1 23 45 67 89":             "+33123456789",
		"0800 1111":                     "+448001111",
		"\u202a+447700900123\u202c":     "+447700900123",
		"18001 0161 496 0000":           "",
		"18002 07700 900123":            "",
		"0161 496 0000 ext 12":          "",
		"0161 496 0000 x12":             "",
		"0161 496 0000#12":              "",
		"0161 496 0000 / 0161 496 0001": "",
		"7700900123":                    "",
		"(330) 555-0100":                "",
		"not a number":                  "",
		"0":                             "",
		"07700 9001":                    "",
		"07700 900123456":               "",
		"111":                           "",
		"0800 FLOWERS":                  "",
		"ask Mary":                      "",
		"+44 18001 0161 496 0000":       "",
	})
	for written, want := range map[string]string{"+447700900123": "07700 900123", "+441632960001": "01632 960001",
		"+33123456789": "+33 1 23 45 67 89", "18001 0161 496 0000": "", "07700 900123": ""} {
		got := normal.National(&written)
		if (got == nil) != (want == "") || got != nil && *got != want {
			t.Errorf("%s is shown as %v", written, got)
		}
	}
	if normal.National(nil) != nil {
		t.Error("no number is shown")
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	held(t, normal.Email, map[string]string{
		"sam@example.org":                         "sam@example.org",
		" Sam Helper <Sam.Helper@Example.ORG> ":   "Sam.Helper@example.org",
		"mailto:sam@example.org":                  "sam@example.org",
		"sam@bücher.example":                      "sam@bücher.example",
		"sam@xn--bcher-kva.example":               "sam@bücher.example",
		"o'neill+walks@example.org":               "o'neill+walks@example.org",
		"sam":                                     "",
		"sam@":                                    "",
		"@example.org":                            "",
		"sam@localhost":                           "",
		"sam@@example.org":                        "",
		"a@example.org, b@example.org":            "",
		"sam at example.org":                      "",
		"josé@example.org":                        "",
		"sam@-example.org":                        "",
		"sam@1.2.3.4":                             "",
		"sam@example.123":                         "",
		"sam@" + strings.Repeat("a", 64) + ".org": "",
	})
	for address, want := range map[string]string{"sam@bücher.example": "sam@xn--bcher-kva.example",
		"sam@example.org": "sam@example.org", "josé@example.org": "", "Sam <sam@example.org>": "",
		"sam@a b.example": ""} {
		if got, ok := normal.Sendable(address); ok != (want != "") || ok && got != want {
			t.Errorf("%s is sent to as %s (%v)", address, got, ok)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	held(t, normal.Language, map[string]string{
		"en":                       "en",
		"EN-gb":                    "en-GB",
		"en_GB":                    "en-GB",
		"Polish":                   "pl",
		"polski":                   "pl",
		" british  sign language ": "bfi",
		"BSL":                      "bfi",
		"Urdu":                     "ur",
		"Bengali":                  "bn",
		"Farsi":                    "fa",
		"Welsh":                    "cy",
		"cymraeg":                  "cy",
		"Somali":                   "so",
		"Cantonese":                "yue",
		"Punjabi":                  "pa",
		"Arabic":                   "ar",
		"Thai":                     "th",
		"Romani":                   "rom",
		"romany":                   "rom",
		"Pahari-Potwari":           "phr",
		"Mirpuri":                  "phr",
		"Luganda":                  "lg",
		"Flemish":                  "nl-BE",
		"Hakka":                    "hak",
		"Pahari":                   "",
		"Makaton":                  "",
		"Klingonese":               "",
		"xx-not-a-language":        "",
		"12":                       "",
		"":                         "",
	})
}

// Every name leads to a tag as it would be written: a language's two letters where it has them.
func TestOtherNamesOfLanguages(t *testing.T) {
	t.Parallel()
	for name := range normal.OtherNames {
		code, known := normal.Language(name)
		if tag, err := language.Parse(
			code,
		); err != nil || !known || tag.String() != code ||
			strings.ToLower(name) != name {
			t.Errorf("%s is %s: %v, %v", name, code, tag, err)
		}
	}
	for _, tag := range []string{"pl", "en-GB", "rom"} {
		if w := normal.LanguageKept(&tag); w != nil {
			t.Errorf("%s: %v", tag, w)
		}
	}
	if w := normal.LanguageKept(new("Makaton")); len(w) != 1 || normal.LanguageKept(nil) != nil {
		t.Errorf("Makaton: %v", w)
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	held(t, normal.URL, map[string]string{
		"https://lunch.example.org":            "https://lunch.example.org",
		"HTTP://Lunch.example.org/A?b=c#d":     "HTTP://Lunch.example.org/A?b=c#d",
		"https://b\u00fccher.example/":         "https://b\u00fccher.example/",
		"https://example.org:8443/x":           "https://example.org:8443/x",
		"lunch.example.org":                    "https://lunch.example.org",
		"www.example.org/a b":                  "",
		" https://example.org ":                "https://example.org",
		"javascript:alert(1)":                  "",
		"JavaScript://example.org/%0aalert(1)": "",
		"data:text/html,x":                     "",
		"mailto:a@example.org":                 "",
		"ftp://example.org":                    "",
		"//example.org":                        "",
		"https://":                             "",
		"https:///x":                           "",
		"https://:443/":                        "",
		"https://sam:secret@example.org/":      "",
		"https://example.org@evil.example":     "",
		"see Facebook":                         "",
		"none":                                 "",
		"n/a":                                  "",
		"":                                     "",
		"https://example.org/" + strings.Repeat("a", 2000): "",
		"https://exa mple.org":                             "",
		"https://example.org/%zz":                          "",
		"http:example.org":                                 "",
		"https://localhost/":                               "",
	})
}
