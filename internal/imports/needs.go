package imports

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"gopkg.in/yaml.v3"

	"waypost/internal/directory"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/db"
)

//go:embed needs.yaml
var needsYAML []byte

// theMap is read when an import asks for it first: every other start goes without it.
var theMap = sync.OnceValue(func() *wordMap { return loadMap(needsYAML) })

// wordMap is the reviewed map of words to needs; needs.yaml explains it.
type wordMap struct {
	activity map[string]string // need -> activity type
	skip     map[string]bool   // words of headings whose sections say nothing of needs
	never    phrases           // struck out before anything is looked for
	words    phrases
	hints    phrases
}

// phrases finds a phrase by its first word.
type phrases map[string][]phrase

type phrase struct {
	words []string
	need  string
}

// loadMap reads the map; it is part of the program, so a fault in it stops the program at once.
func loadMap(source []byte) *wordMap {
	var raw struct {
		SectionsToSkip []string `yaml:"sections_to_skip"`
		Never          []string
		Needs          map[string]struct {
			Activity     string
			Words, Hints []string
		}
	}
	strict := yaml.NewDecoder(bytes.NewReader(source))
	strict.KnownFields(true)
	if err := strict.Decode(&raw); err != nil {
		panic(err)
	}
	m := &wordMap{
		activity: map[string]string{},
		skip:     map[string]bool{},
		never:    phrases{},
		words:    phrases{},
		hints:    phrases{},
	}
	for _, text := range raw.SectionsToSkip {
		m.skip[singular(text)] = true
	}
	m.never.add("", raw.Never)
	for need, n := range raw.Needs {
		if !codes.Has("needs", need) || !codes.Has("activity_types", n.Activity) {
			panic(fmt.Sprintf("imports: needs.yaml: there is no such need or activity: %s, %s", need, n.Activity))
		}
		m.activity[need] = n.Activity
		m.words.add(need, n.Words)
		m.hints.add(need, n.Hints)
	}
	return m
}

// add keeps the longest phrases first, so that one within another is not found beside it.
func (p phrases) add(need string, texts []string) {
	for _, text := range texts {
		words := split(text)
		if len(words) == 0 {
			panic("imports: needs.yaml: an empty phrase for " + need)
		}
		p[words[0]] = append(p[words[0]], phrase{words, need})
	}
	for _, of := range p {
		slices.SortStableFunc(of, func(a, b phrase) int { return len(b.words) - len(a.words) })
	}
}

// A need is inferred from this many points.
const enough = 2

// infer works out which needs a service serves, in the order of their code list, and from the weightiest of
// them what kind of thing it offers.
func (m *wordMap) infer(organisation string, d directory.ServiceDetails) (db.Texts, string) {
	lead, rest := m.body(string(d.Description))
	points := map[string]int{}
	m.weigh(points, d.Name+" . "+string(d.Keywords), 3, 2)
	m.weigh(points, lead, 2, 1)
	m.weigh(points, string(d.Eligibility), 2, 0)
	m.mention(points, rest)
	m.mention(points, organisation)
	needs, best := db.Texts{}, ""
	list, _ := codes.Lookup("needs")
	for _, c := range list.Codes {
		if points[c.Code] < enough {
			continue
		}
		needs = append(needs, c.Code)
		if points[c.Code] > points[best] {
			best = c.Code
		}
	}
	if best == "" {
		return needs, "not_known"
	}
	return needs, m.activity[best]
}

// weigh adds up the different words and hints that a part of the text has for each need.
func (m *wordMap) weigh(points map[string]int, text string, word, hint int) {
	words := split(text)
	m.never.strike(words)
	for need, n := range m.words.count(words) {
		points[need] += n * word
	}
	for need, n := range m.hints.count(words) {
		points[need] += n * hint
	}
}

// mention gives one point for each need that a part of the text has a word for, however many: a long text
// names everything.
func (m *wordMap) mention(points map[string]int, text string) {
	words := split(text)
	m.never.strike(words)
	for need := range m.words.count(words) {
		points[need]++
	}
}

// strike blanks the phrases out.
func (p phrases) strike(words []string) {
	for i, w := range words {
		for _, x := range p[w] {
			if x.at(words[i:]) {
				clear(words[i : i+len(x.words)])
				break
			}
		}
	}
}

// count tells how many different phrases of each need there are.
func (p phrases) count(words []string) map[string]int {
	found, seen, end := map[string]int{}, map[string]bool{}, map[string]int{}
	for i, w := range words {
		for _, x := range p[w] {
			if i < end[x.need] || !x.at(words[i:]) {
				continue
			}
			end[x.need] = i + len(x.words)
			if key := x.need + strings.Join(x.words, " "); !seen[key] {
				seen[key] = true
				found[x.need]++
			}
		}
	}
	return found
}

func (p phrase) at(words []string) bool {
	return len(words) >= len(p.words) && slices.Equal(words[:len(p.words)], p.words)
}

// split makes a text into small words without apostrophes, each in the singular.
func split(text string) []string {
	text = strings.NewReplacer("'", "", "’", "").Replace(strings.ToLower(text))
	words := strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	for i, w := range words {
		words[i] = singular(w)
	}
	return words
}

// singular is rough on purpose: the map's own words go through it too, so that only sameness counts.
func singular(w string) string {
	switch {
	case len(w) < 4 || strings.HasSuffix(w, "ss") || strings.HasSuffix(w, "us") || strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "ches"),
		strings.HasSuffix(w, "shes"),
		strings.HasSuffix(w, "sses"),
		strings.HasSuffix(w, "xes"):
		return w[:len(w)-2]
	default:
		return strings.TrimSuffix(w, "s")
	}
}

// body parts a description into its lead and the rest. The lead is the first sentence and, from all the lines that are
// kept, every heading in capitals. Sections about something else, such as gifts that are wanted, are left out; a numbered
// section never is, since that is one of the things on offer.
func (m *wordMap) body(description string) (lead, rest string) {
	var kept, headings []string
	skipping := false
	for line := range strings.Lines(description) {
		heading, _, ok := strings.Cut(strings.TrimLeft(line, " \t*"), ":")
		switch {
		case ok && len(heading) <= longestHeading:
			skipping = m.skips(heading)
			if !skipping && heading == strings.ToUpper(heading) {
				headings = append(headings, heading)
			}
		case strings.TrimSpace(line) == "":
			skipping = false
		}
		if !skipping {
			kept = append(kept, line)
		}
	}
	text := strings.Join(kept, "")
	end := len(text)
	if stop := strings.Index(text, ". "); stop >= 0 {
		end = stop
	}
	if end > longestLead {
		end = strings.LastIndexAny(text[:longestLead], " \n") + 1
	}
	return text[:end] + " . " + strings.Join(headings, " . "), text[end:]
}

// In bytes: a colon further on is within a sentence; a sentence longer than that is a list.
const (
	longestHeading = 60
	longestLead    = 240
)

func (m *wordMap) skips(heading string) bool {
	words := split(heading)
	return len(words) > 0 && !unicode.IsDigit(rune(words[0][0])) &&
		slices.ContainsFunc(words, func(w string) bool { return m.skip[w] })
}
