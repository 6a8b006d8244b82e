// Package outcomes holds how people have been: instruments and their scores,
// assessments, and the follow-ups that ask months later.
package outcomes

import (
	"embed"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/fault"
)

// Instrument is a set of questions and how answers become scores.
type Instrument struct {
	Key            string  `json:"key" yaml:"key" doc:"The instrument's name." example:"ons4"`
	Version        int     `json:"version" yaml:"version" doc:"Scores of different versions are never compared." example:"1"`
	Title          string  `json:"title" yaml:"title" doc:"Its full name."`
	Licence        string  `json:"licence" yaml:"licence" doc:"On which terms it may be used."`
	WordingShipped bool    `json:"wording_shipped" yaml:"wording_shipped" doc:"Whether its words may be shown here."`
	Items          []Item  `json:"items" yaml:"items" doc:"Its questions, in order."`
	Scores         []Score `json:"scores" yaml:"scores" doc:"What is computed from the answers."`
}

// Item is one question.
type Item struct {
	Code    string   `json:"code" yaml:"code" doc:"The item's name." example:"life_satisfaction"`
	Type    string   `json:"type" yaml:"type" enum:"number,choice,text" doc:"What kind of answer it takes."`
	Wording string   `json:"wording,omitempty" yaml:"wording" doc:"Its words, where they may be shipped."`
	Min     *float64 `json:"min,omitempty" yaml:"min" doc:"Of a number: the least."`
	Max     *float64 `json:"max,omitempty" yaml:"max" doc:"Of a number: the most."`
	Codes   string   `json:"codes,omitempty" yaml:"codes" doc:"Of a choice: the code list it takes its answer from."`
}

// Score is a figure computed from answers. An instrument without a published total has none here.
type Score struct {
	Code               string   `json:"code" yaml:"code" doc:"The score's name." example:"anxiety"`
	Method             string   `json:"method" yaml:"method" enum:"value" doc:"value: the item's own number."`
	Items              []string `json:"items" yaml:"items" doc:"The items it is made of."`
	Better             string   `json:"better" yaml:"better" enum:"higher,lower" doc:"Which direction is an improvement."`
	Min                float64  `json:"min" yaml:"min" doc:"The least it can be."`
	Max                float64  `json:"max" yaml:"max" doc:"The most it can be."`
	Resolution         float64  `json:"resolution" yaml:"resolution" doc:"The smallest step between two values."`
	Bands              []Band   `json:"bands" yaml:"bands" doc:"Published bands, where there are any."`
	ResponderThreshold float64  `json:"responder_threshold" yaml:"responder_threshold" doc:"The change from which a person counts as improved or worse."`
	ThresholdSource    string   `json:"threshold_source" yaml:"threshold_source" doc:"Where that threshold comes from."`
}

// Band is a published range of a score.
type Band struct {
	Code string  `json:"code" yaml:"code" doc:"The band's name." example:"high"`
	From float64 `json:"from" yaml:"from" doc:"Its least value, included."`
	To   float64 `json:"to" yaml:"to" doc:"Its greatest value, included."`
}

//go:embed instruments/*.yaml
var definitions embed.FS

var registry = load()

// load reads the definitions; they are part of the program, so a fault in them stops it at once.
func load() []Instrument {
	files, err := definitions.ReadDir("instruments")
	if err != nil {
		panic(err)
	}
	var out []Instrument
	for _, f := range files {
		text, err := definitions.ReadFile("instruments/" + f.Name())
		if err != nil {
			panic(err)
		}
		var i Instrument
		if err := yaml.Unmarshal(text, &i); err != nil {
			panic(fmt.Errorf("%s: %w", f.Name(), err))
		}
		out = append(out, i)
	}
	return out
}

// Instruments lists every instrument.
func Instruments() []Instrument { return registry }

// Lookup returns the newest version of the instrument of that name.
func Lookup(key string) (Instrument, error) {
	at := slices.IndexFunc(registry, func(i Instrument) bool { return i.Key == key })
	if at < 0 {
		return Instrument{}, fault.Missing("instrument")
	}
	return registry[at], nil
}

func (i Instrument) item(code string) (Item, bool) {
	at := slices.IndexFunc(i.Items, func(it Item) bool { return it.Code == code })
	if at < 0 {
		return Item{}, false
	}
	return i.Items[at], true
}

// wrong says what is wrong with an answer to the item, or nothing.
func (it Item) wrong(a Answer) string {
	switch {
	case a.Missing != "":
		if !codes.Has("missing_codes", a.Missing) {
			return "has no such missing code: see the code list missing_codes"
		}
	case it.Type == "number":
		if a.Number == nil {
			return "takes a number, or {\"missing\": code}"
		}
		if n := *a.Number; n != float64(int(n)) || n < *it.Min || n > *it.Max {
			return fmt.Sprintf("takes a whole number from %g to %g", *it.Min, *it.Max)
		}
	case it.Type == "choice":
		if a.Text == nil || !codes.Has(it.Codes, *a.Text) {
			return "takes a code of the list " + it.Codes
		}
	case a.Text == nil:
		return "takes text, or {\"missing\": code}"
	}
	return ""
}
