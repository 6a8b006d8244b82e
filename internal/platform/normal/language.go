package normal

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// otherNames are names that people use and that the Common Locale Data Repository, from which the others are, spells otherwise.
var otherNames = map[string]string{
	"bengali":               "bn",
	"british sign language": "bfi", "bsl": "bfi",
	"farsi": "fa", "dari": "prs", "mandarin": "cmn", "panjabi": "pa", "sorani": "ckb", "kurmanji": "kmr",
	"sylheti": "syl", "scottish gaelic": "gd", "tagalog": "tl", "castilian": "es", "moldovan": "ro", "oriya": "or", "sinhalese": "si",
}

// names are languages by their names in English and in themselves, in small letters.
var names = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	add := func(code string) {
		base, err := language.ParseBase(code)
		if err != nil || base.String() != code {
			return
		}
		tag := language.Make(code)
		for _, name := range []string{display.English.Languages().Name(tag), display.Self.Name(tag)} {
			if key := strings.ToLower(name); key != "" && out[key] == "" {
				out[key] = code
			}
		}
	}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			add(string([]rune{a, b}))
		}
	}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			for c := 'a'; c <= 'z'; c++ {
				add(string([]rune{a, b, c}))
			}
		}
	}
	return out
})

// Language is a language's BCP 47 tag, read from a tag or from a name of it.
func Language(s string) (string, bool) {
	s = strings.Join(strings.Fields(s), " ")
	if code, known := otherNames[strings.ToLower(s)]; known { // before tags: here BSL is British Sign Language
		return code, true
	}
	if tag, err := language.Parse(s); err == nil {
		return tag.String(), true
	}
	code, known := names()[strings.ToLower(s)]
	return code, known
}
