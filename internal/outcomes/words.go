package outcomes

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"

	"waypost/internal/instruments"

	"gopkg.in/yaml.v3"
)

//go:embed words.yaml
var wordsYAML []byte

// words are those of a person's own page.
var words = loadWords()

type pageWords struct {
	Questions map[string]questionText
	Page      PageWords
}

// PageWords are what every page of a person says besides its questions.
type PageWords struct {
	Leave struct{ Words, URL string } // a place that tells nothing of where somebody was
	Read  string                      // when somebody reads what is sent
	Help  []struct{ Before, Call, After string }
	// Complain says who hears complaints of how data are handled.
	Complain struct{ Name, Words, URL, Call string }
}

// WordsOfPage are the words of every page of a person.
func WordsOfPage() PageWords { return words.Page }

// questionText is the wording of one question.
type questionText struct {
	Words   string
	Hint    string
	Answers instruments.Choices
	Proxy   struct {
		Words, Hint string
		Answers     map[string]string
	}
}

// forRespondent returns the question as it is worded for the person, or for a proxy.
func (a questionText) forRespondent(respondent string) questionText {
	if respondent != instruments.Proxy {
		return a
	}
	a.Words, a.Hint, a.Answers = cmp.Or(a.Proxy.Words, a.Words), cmp.Or(a.Proxy.Hint, a.Hint), slices.Clone(a.Answers)
	for i, c := range a.Answers {
		a.Answers[i].Words = cmp.Or(a.Proxy.Answers[c.Code], c.Words)
	}
	return a
}

// forPlace puts an organisation's name into the question.
func (a questionText) forPlace(name string) questionText {
	a.Words = strings.ReplaceAll(a.Words, "{name}", name)
	return a
}

// loadWords reads the words; they are part of the program, so a fault in them stops it at once.
func loadWords() (w pageWords) {
	if err := yaml.Unmarshal(wordsYAML, &w); err != nil {
		panic(err)
	}
	return w
}
