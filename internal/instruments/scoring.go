package instruments

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Answer is what was answered to one item: a number, a text or code, or why there is no answer.
type Answer struct {
	Number  *float64
	Text    *string
	Missing string
}

var errAnswer = errors.New(`an answer is a number, a text or {"missing": code}`)

func (a *Answer) UnmarshalJSON(b []byte) error {
	var (
		number *float64
		text   *string
		none   struct {
			Missing string `json:"missing"`
		}
	)
	switch {
	case json.Unmarshal(b, &number) == nil && number != nil:
		*a = Answer{Number: number}
	case json.Unmarshal(b, &text) == nil && text != nil:
		*a = Answer{Text: text}
	case json.Unmarshal(b, &none) == nil && none.Missing != "":
		*a = Answer{Missing: none.Missing}
	default:
		return errAnswer
	}
	return nil
}

func (a Answer) MarshalJSON() ([]byte, error) {
	switch {
	case a.Number != nil:
		return json.Marshal(*a.Number)
	case a.Text != nil:
		return json.Marshal(*a.Text)
	default:
		return json.Marshal(map[string]string{"missing": a.Missing})
	}
}

// AnswerForms is told of an answer that has none of the forms.
const AnswerForms = `takes a number, a text of at most 5,000 characters, or {"missing": code}`

// Schema writes the three forms into the API's document.
func (Answer) Schema(huma.Registry) *huma.Schema {
	long := LongestAnswer
	return &huma.Schema{
		Description: `A number, a text or code, or {"missing": code} with a code of missing_codes.`,
		Examples:    []any{7},
		AnyOf: []*huma.Schema{
			{Type: "number"},
			{Type: "string", MaxLength: &long},
			{
				Type:                 "object",
				Properties:           map[string]*huma.Schema{"missing": {Type: "string"}},
				Required:             []string{"missing"},
				AdditionalProperties: false,
			},
		},
	}
}

// Responses are the answers of an assessment, by item.
type Responses map[string]Answer

func (Responses) GormDataType() string           { return "jsonb" }
func (r Responses) Value() (driver.Value, error) { return db.JSON[map[string]Answer]{V: r}.Value() }

func (r *Responses) Scan(src any) error {
	var j db.JSON[map[string]Answer]
	err := j.Scan(src)
	*r = j.V
	return err
}

// Result is one computed score.
type Result struct {
	// Which score.
	Score string `json:"score" example:"life_satisfaction"`
	// Its value.
	Value float64 `json:"value" example:"6"`
	// The published band it lies in, where there is one.
	Band string `json:"band,omitempty" example:"medium"`
	// Which direction is an improvement.
	Better string `json:"better" enum:"higher,lower"`
}

// Results are the scores of an assessment, in the instrument's order. A score that answers are missing for
// is not there.
type Results []Result

func (Results) GormDataType() string { return "jsonb" }
func (r Results) Value() (driver.Value, error) {
	return db.JSON[[]Result]{V: append([]Result{}, r...)}.Value()
}

func (r *Results) Scan(src any) error {
	var j db.JSON[[]Result]
	err := j.Scan(src)
	*r = j.V
	return err
}

// Has reports whether there is a result of that score.
func (r Results) Has(score string) bool {
	return slices.ContainsFunc(r, func(one Result) bool { return one.Score == score })
}

// Check refuses answers to items the instrument has not got, and answers it cannot take. field is where
// the responses lie in the request, such as "responses". An item that was left out is the same as not asked.
func (d Definition) Check(field string, r Responses) error {
	var c fault.Checks
	c.Require(len(r) > 0, field, fault.Required, "holds no answer")
	for _, code := range slices.Sorted(maps.Keys(r)) {
		it, known := d.item(code)
		if !known {
			c.Require(false, field, fault.UnknownReference, "answers an item that the instrument has not got")
			continue
		}
		fieldCode, why := it.check(r[code])
		c.Require(why == "", field+"."+it.Code, fieldCode, why)
	}
	return c.Err()
}

// CheckProxy refuses answers that somebody else gave for the person to items that only the person may
// answer. That there is no answer, and why, anybody may say.
func (i Instrument) CheckProxy(field, respondent string, r Responses) error {
	var c fault.Checks
	for _, it := range i.Items {
		a, given := r[it.Code]
		c.Require(
			!it.SelfOnly || respondent != Proxy || !given || a.Missing != "",
			field+"."+it.Code,
			fault.NotAllowed,
			"may be answered by the person alone, and by nobody for them",
		)
	}
	return c.Err()
}

// RefusesProxy reports whether whoever answers may not, since the instrument is for the person alone.
func (i Instrument) RefusesProxy(respondent string) bool { return i.SelfOnly && respondent == Proxy }

// Compute makes the scores of responses that Check has passed.
func (d Definition) Compute(r Responses) Results {
	out, values := Results{}, map[string]float64{}
	for _, s := range d.Scores {
		v, ok := s.value(d, r, values)
		if !ok {
			continue
		}
		values[s.Code] = v
		out = append(out, Result{Score: s.Code, Value: v, Band: s.band(v), Better: s.Better})
	}
	return out
}

// value is the score's figure, unless more answers are missing than its rule allows. others are the scores before it.
func (s Score) value(d Definition, r Responses, others map[string]float64) (float64, bool) {
	switch s.Method {
	case "table":
		raw, known := others[s.Of]
		at := slices.IndexFunc(s.Table, func(c Conversion) bool { return c.From == raw })
		if !known || at < 0 {
			return 0, false
		}
		return s.Table[at].To, true
	case "count":
		return s.count(r)
	default: // value, or sum
		return s.sum(d, r)
	}
}

func (s Score) sum(d Definition, r Responses) (total float64, ok bool) {
	answered := 0
	for _, code := range s.Items {
		a := r[code]
		if a.Number == nil {
			continue
		}
		answered++
		n := *a.Number
		if slices.Contains(s.Reverse, code) {
			it, _ := d.item(code)
			n = *it.Min + *it.Max - n
		}
		total += n
	}
	if answered == 0 || len(s.Items)-answered > s.MissingAllowed {
		return 0, false
	}
	return s.rounded(total * float64(len(s.Items)) / float64(answered)), true // a whole sum where nothing is missing
}

// rounded is the prorated value as the score's rule has it. A half is exact here: the sum is whole, and divided once.
func (s Score) rounded(v float64) float64 {
	switch s.Round {
	case "nearest":
		return math.RoundToEven(v)
	case "half_up":
		return math.Floor(v + 0.5)
	case "up":
		return math.Ceil(v)
	default:
		return v
	}
}

func (s Score) count(r Responses) (n float64, ok bool) {
	missing, items := 0, 0
	for _, c := range s.Counts {
		items += len(c.Items)
		for _, code := range c.Items {
			switch a := r[code]; {
			case a.Number == nil:
				missing++
			case slices.Contains(c.Values, *a.Number):
				n++
			}
		}
	}
	return n, missing <= s.MissingAllowed && missing < items
}

// band is the one that begins at the value or next below it: a prorated value may lie between two.
func (s Score) band(v float64) (code string) {
	from := math.Inf(-1)
	for _, b := range s.Bands {
		if b.From <= v && b.From > from {
			code, from = b.Code, b.From
		}
	}
	return code
}

// Concerns are the items whose answers are a safeguarding concern.
func (i Instrument) Concerns(r Responses) (items []string) {
	for _, it := range i.Items {
		if a := r[it.Code]; it.FlagFrom != nil && a.Number != nil && *a.Number >= *it.FlagFrom {
			items = append(items, it.Code)
		}
	}
	return items
}
