// Package instruments holds the questionnaires: their definitions and words, how answers become scores, and a site's own.
package instruments

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/text"
)

// Instrument is a set of questions and how answers become scores: one of Waypost's own, or a site's.
type Instrument struct {
	Definition `yaml:",inline"`
	// Scores of different versions are never compared.
	Version int `json:"version" yaml:"version" example:"1"`
	// The site whose own it is; null for what comes with Waypost.
	SiteID *uuid.UUID `json:"site_id" yaml:"-" nullable:"true" format:"uuid"`
	// On which terms the site shows the words it has loaded; null where none are loaded.
	WordingLicence *string `json:"wording_licence" yaml:"-" nullable:"true"`
}

// Revision is another after each change.
func (i Instrument) Revision() int64 { return int64(i.Version) }

// Definition is what an instrument asks and how it is scored.
type Definition struct {
	// The instrument's name.
	Key string `json:"key" yaml:"key" minLength:"2" maxLength:"50" pattern:"^[a-z][a-z0-9]*(_[a-z0-9]+)*$" example:"allotment_confidence"`
	// Its full name.
	Title string `json:"title" yaml:"title" maxLength:"200" pattern:"\\S" example:"Confidence at the allotment"`
	// On which terms it may be used.
	Licence string `json:"licence" yaml:"licence" format:"prose" maxLength:"2000" pattern:"\\S" example:"Our own; free to use"`
	// Where its rules were read.
	Source text.Optional `json:"source" yaml:"source" required:"false" format:"prose" maxLength:"2000" example:"Written by the site"`
	// Whether its words stand here. Where they do not, a site that may use them loads them.
	WordingShipped bool `json:"wording_shipped" yaml:"wording_shipped" example:"true"`
	// It asks about the use of health services: context, not an outcome. It has no scores and is in
	// no figure, and only a site that has switched health_service_use on may record it.
	Context bool `json:"context,omitempty" yaml:"context"`
	// Nobody may answer it for the person: it is refused from a proxy (respondent), and not asked on
	// the page of somebody who answers for another. Somebody may read it out (self_with_help).
	SelfOnly bool `json:"self_only,omitempty" yaml:"self_only"`
	// From which age on it may be answered, in years; 0 or left out: from any.
	MinAge int `json:"min_age,omitempty" yaml:"min_age" minimum:"0" maximum:"120" example:"16"`
	// What is said before its first question; only where its words come with it.
	Introduction string `json:"introduction,omitempty" yaml:"introduction" format:"prose" maxLength:"2000"`
	// Its questions, in order.
	Items []Item `json:"items" yaml:"items" minItems:"1" maxItems:"100"`
	// What is computed from the answers.
	Scores []Score `json:"scores" yaml:"scores" required:"false" maxItems:"50"`
}

// Item is one question.
type Item struct {
	// The item's name.
	Code string `json:"code" yaml:"code" maxLength:"50" pattern:"^[a-z][a-z0-9]*(_[a-z0-9]+)*$" example:"life_satisfaction"`
	// What kind of answer it takes.
	Type string `json:"type" yaml:"type" enum:"number,choice,text"`
	// Its words, where they may be shown.
	Wording string `json:"wording,omitempty" yaml:"wording" format:"prose" maxLength:"1000"`
	// Of a number: the least, a whole number.
	Min *float64 `json:"min,omitempty" yaml:"min" minimum:"-1000" maximum:"1000"`
	// Of a number: the most, a whole number.
	Max *float64 `json:"max,omitempty" yaml:"max" minimum:"-1000" maximum:"1000"`
	// Of a number without options: what the least is called.
	MinLabel string `json:"min_label,omitempty" yaml:"min_label" maxLength:"100" example:"Not at all satisfied"`
	// Of a number without options: what the most is called.
	MaxLabel string `json:"max_label,omitempty" yaml:"max_label" maxLength:"100" example:"Completely satisfied"`
	// Of a choice: the code list it takes its answer from.
	Codes string `json:"codes,omitempty" yaml:"codes" maxLength:"50"`
	// Of a choice without a code list: its answers. Of a number: what each of its values is called,
	// or nothing.
	Options []Option `json:"options,omitempty" yaml:"options" maxItems:"50"`
	// Of a text: it may tell who somebody is. It never leaves the record.
	Private bool `json:"private,omitempty" yaml:"private"`
	// Of a text: what was answered at the baseline is shown again at a follow-up.
	Repeat bool `json:"repeat,omitempty" yaml:"repeat"`
	// Nobody may answer it for the person.
	SelfOnly bool `json:"self_only,omitempty" yaml:"self_only"`
	// Of a number: from here on the answer is a safeguarding concern, which is shown first.
	FlagFrom *float64 `json:"flag_from,omitempty" yaml:"flag_from"`
}

// Option is one answer of an item: a code of a choice, or a value of a number.
type Option struct {
	// Of a choice.
	Code string `json:"code,omitempty" yaml:"code" maxLength:"50" pattern:"^[a-z][a-z0-9]*(_[a-z0-9]+)*$" example:"hardly_ever"`
	// Of a number.
	Value *float64 `json:"value,omitempty" yaml:"value" example:"1"`
	// Its words, where they may be shown.
	Wording string `json:"wording,omitempty" yaml:"wording" maxLength:"300" example:"Hardly ever"`
}

// Score is a figure computed from answers. An instrument without a published total has none here.
type Score struct {
	// The score's name.
	Code string `json:"code" yaml:"code" maxLength:"50" pattern:"^[a-z][a-z0-9]*(_[a-z0-9]+)*$" example:"anxiety"`
	// How the score is made. value: the item's own number. sum: of the items. count: how many items
	// were answered with one of the numbers that count. table: another score, converted.
	Method string `json:"method" yaml:"method" enum:"value,sum,count,table"`
	// Of value and sum: the items it is made of.
	Items []string `json:"items" yaml:"items" required:"false" maxItems:"100"`
	// Of value and sum: items that are turned round, so that the least becomes the most.
	Reverse []string `json:"reverse,omitempty" yaml:"reverse" maxItems:"100"`
	// Of count: which answers count.
	Counts []Counted `json:"counts,omitempty" yaml:"counts" maxItems:"20"`
	// Of table: the score that is converted.
	Of string `json:"of,omitempty" yaml:"of" maxLength:"50"`
	// Of table: a row for every value that score can have.
	Table []Conversion `json:"table,omitempty" yaml:"table" maxItems:"500"`
	// Of sum and count: with how many items missing there still is a score.
	MissingAllowed int `json:"missing_allowed,omitempty" yaml:"missing_allowed" minimum:"0"`
	// Where some may be missing. prorated: the mean of the answered items stands for each missing
	// one; the items then share one range, and a value between two bands lies in the lower one unless
	// it is rounded (round). not_counted: a missing item counts as one that does not count.
	MissingAs string `json:"missing_as,omitempty" yaml:"missing_as" enum:"prorated,not_counted,"`
	// With prorated: how the score is made a whole number, before bands are applied. nearest: the
	// nearest, of two equally near the even one. half_up: the nearest, of two equally near the
	// greater. up: the next greater. Left out: it is not rounded.
	Round string `json:"round,omitempty" yaml:"round" enum:"nearest,half_up,up,"`
	// Which direction is an improvement.
	Better string `json:"better" yaml:"better" enum:"higher,lower"`
	// The least it can be.
	Min float64 `json:"min" yaml:"min"`
	// The most it can be.
	Max float64 `json:"max" yaml:"max"`
	// The smallest step between two values, where nothing is missing.
	Resolution float64 `json:"resolution" yaml:"resolution" minimum:"0.001" maximum:"1000"`
	// Bands, where there are any; each value lies in one.
	Bands []Band `json:"bands" yaml:"bands" required:"false" maxItems:"20"`
	// Where the bands come from.
	BandSource string `json:"band_source,omitempty" yaml:"band_source" format:"prose" maxLength:"500"`
	// The change from which a person counts as improved or worse; null where none is known.
	ResponderThreshold *float64 `json:"responder_threshold" yaml:"responder_threshold" required:"false" exclusiveMinimum:"0"`
	// Where that threshold comes from.
	ThresholdSource text.Optional `json:"threshold_source" yaml:"threshold_source" required:"false" format:"prose" maxLength:"500"`
}

// Counted are numbers that count as answers to some items.
type Counted struct {
	// The items.
	Items []string `json:"items" yaml:"items" minItems:"1" maxItems:"100"`
	// The numbers.
	Values []float64 `json:"values" yaml:"values" minItems:"1" maxItems:"50"`
}

// Conversion is one row of a table.
type Conversion struct {
	// A value of the score that is converted.
	From float64 `json:"from" yaml:"from" example:"7"`
	// The value that it becomes.
	To float64 `json:"to" yaml:"to" example:"7"`
}

// Band is a range of a score.
type Band struct {
	// The band's name.
	Code string `json:"code" yaml:"code" maxLength:"50" pattern:"^[a-z][a-z0-9]*(_[a-z0-9]+)*$" example:"high"`
	// Its least value, included.
	From float64 `json:"from" yaml:"from"`
	// Its greatest value, included.
	To float64 `json:"to" yaml:"to"`
}

// fillEmptyLists makes lists that were left out empty: an answer has no null for a list.
func (d *Definition) fillEmptyLists() {
	d.Scores = append([]Score{}, d.Scores...)
	for n := range d.Scores {
		s := &d.Scores[n]
		s.Items, s.Bands = append([]string{}, s.Items...), append([]Band{}, s.Bands...)
	}
}

func (d Definition) item(code string) (Item, bool) {
	at := slices.IndexFunc(d.Items, func(it Item) bool { return it.Code == code })
	if at < 0 {
		return Item{}, false
	}
	return d.Items[at], true
}

// check says what is wrong with an answer to the item, or nothing.
func (it Item) check(a Answer) (fault.Code, string) {
	switch {
	case a.Missing != "":
		if !codes.Has("missing_codes", a.Missing) {
			return fault.UnknownCode, "has no such missing code: see the code list missing_codes"
		}
	case it.Type == "number":
		if a.Number == nil {
			return fault.WrongType, "takes a number, or {\"missing\": code}"
		}
		if n := *a.Number; n != float64(int(n)) || n < *it.Min || n > *it.Max {
			return fault.OutOfRange, fmt.Sprintf("takes a whole number from %g to %g", *it.Min, *it.Max)
		}
	case it.Type == "choice" && it.Codes != "":
		if a.Text == nil || !codes.Has(it.Codes, *a.Text) {
			return fault.UnknownCode, "takes a code of the list " + it.Codes
		}
	case it.Type == "choice":
		if a.Text == nil || !slices.ContainsFunc(it.Options, func(o Option) bool { return o.Code == *a.Text }) {
			return fault.UnknownCode, "takes one of the item's options"
		}
	case a.Text == nil:
		return fault.WrongType, "takes text, or {\"missing\": code}"
	}
	return "", ""
}
