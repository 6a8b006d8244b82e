package normal

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"waypost/internal/platform/fault"
)

// otherNames are names that people use and that the Common Locale Data Repository, from which the others
// are, spells otherwise or has not. The codes, and the names of those it has not, are of ISO 639-3
// (https://iso639-3.sil.org); which are listed was chosen with the main languages of the Census 2021 of
// England and Wales in mind. A name of several languages is none of them: "Pahari" is Nepal's (phj) in ISO
// 639-3, and mostly Pahari-Potwari in Britain; "Karen", "Hindko" and "Ndebele" are groups.
var otherNames = map[string]string{
	"bengali":                "bn",
	"british sign language":  "bfi",
	"bsl":                    "bfi",
	"irish sign language":    "isg",
	"american sign language": "ase",
	"farsi":                  "fa",
	"dari":                   "prs",
	"mandarin":               "cmn",
	"panjabi":                "pa",
	"sorani":                 "ckb",
	"kurmanji":               "kmr",
	"sylheti":                "syl",
	"scottish gaelic":        "gd",
	"tagalog":                "fil",
	"castilian":              "es",
	"moldovan":               "ro",
	"oriya":                  "or",
	"sinhalese":              "si",
	"romani":                 "rom",
	"romany":                 "rom",
	"romanes":                "rom",
	"angloromani":            "rme",
	"romany english":         "rme",
	"welsh romani":           "rmw",
	"shelta":                 "sth",
	"pahari-potwari":         "phr",
	"pahari-pothwari":        "phr",
	"pakistani pahari":       "phr",
	"mirpuri":                "phr",
	"potwari":                "phr",
	"pothwari":               "phr",
	"pushto":                 "ps",
	"pashtu":                 "ps",
	"gujerati":               "gu",
	"nepalese":               "ne",
	"saraiki":                "skr",
	"seraiki":                "skr",
	"kutchi":                 "kfr",
	"kachchi":                "kfr",
	"kachhi":                 "kfr",
	"memoni":                 "mby",
	"baluchi":                "bal",
	"brahui":                 "brh",
	"hazaragi":               "haz",
	"rohingya":               "rhg",
	"chittagonian":           "ctg",
	"yue chinese":            "yue",
	"mandarin chinese":       "cmn",
	"wu chinese":             "wuu",
	"shanghainese":           "wuu",
	"hakka":                  "hak",
	"hokkien":                "nan",
	"taiwanese":              "nan",
	"irish gaelic":           "ga",
	"manx gaelic":            "gv",
	"flemish":                "nl-BE",
	"valencian":              "ca-valencia",
	"luganda":                "lg",
	"chichewa":               "ny",
	"kiswahili":              "sw",
	"kirundi":                "rn",
	"isizulu":                "zu",
	"isixhosa":               "xh",
	"setswana":               "tn",
	"fulani":                 "ff",
	"fula":                   "ff",
	"mandinka":               "mnk",
	"fante":                  "fat",
	"bini":                   "bin",
	"temne":                  "tem",
	"runyankole":             "nyn",
	"acholi":                 "ach",
	"harari":                 "har",
	"moroccan arabic":        "ary",
	"egyptian arabic":        "arz",
	"sudanese arabic":        "apd",
	"nigerian pidgin":        "pcm",
	"krio":                   "kri",
	"mauritian creole":       "mfe",
	"seychellois creole":     "crs",
	"cape verdean creole":    "kea",
	"jamaican creole":        "jam",
	"jamaican patois":        "jam",
	"papiamentu":             "pap",
	"tetun":                  "tet",
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
	if code, known := names()[strings.ToLower(s)]; known {
		return code, true
	}
	return s, false
}

// LanguageIfNew normalises a language that differs from what it was; one that has no tag is kept as it was written.
func LanguageIfNew(now **string, was *string) {
	var asWritten bool
	keep(now, was, Language, &asWritten)
}

// LanguageKept warns of a language that is kept as it was written: unlike a phone it needs no flag, since
// what was normalised is a tag, and what is kept never is.
func LanguageKept(s *string) []fault.Warning {
	if s == nil {
		return nil
	}
	if _, err := language.Parse(*s); err == nil {
		return nil
	}
	return []fault.Warning{{Code: "language_as_written",
		Detail: "The language is kept as it was written, since it is neither a BCP 47 tag nor a name that is known " +
			"here: people see it, and no program knows it."}}
}
