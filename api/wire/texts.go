package wire

import (
	"errors"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"waypost/internal/platform/day"
	"waypost/internal/platform/text"
)

// Formats, in the document, of texts that need not be one line: of prose, and of a number from which pasted
// spaces of any kind are dropped.
const (
	proseFormat  = "prose"
	numberFormat = "nhs-number"
	// of a day of which perhaps only the month or the year is known
	partialFormat  = "partial-date"
	saysPartialDay = "expected string to be a day that the calendar has"
)

const (
	saysNotBlank = "expected string to be text that is not blank"
	saysOneLine  = "expected string to be one line, without control characters, line breaks or direction overrides"
)

// texts holds the texts of one body to the rules of package text, by its schema.
type texts struct {
	registry huma.Registry
	path     *huma.PathBuffer
	found    *huma.ValidateResult
	changed  bool // whether the body now differs from what was sent
}

// NormaliseTexts makes every blank string that may be left out null, coded ones too, and drops the spaces around
// every text of one line. It notes what is wrong with the others: a required one that is blank, and one of
// one line that is none. It reports whether the value now differs from what was sent.
func NormaliseTexts(
	r huma.Registry,
	value any,
	schema *huma.Schema,
	path *huma.PathBuffer,
	found *huma.ValidateResult,
) (changed bool) {
	t := &texts{registry: r, path: path, found: found}
	t.walk(value, schema)
	return t.changed
}

func (t *texts) walk(value any, schema *huma.Schema) {
	schema = t.resolve(schema)
	if schema == nil || len(t.found.Errors) > MaxErrors {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			t.member(v, name, member, schema)
		}
	case []any:
		for i, item := range v {
			t.path.PushIndex(i)
			if s, is := item.(string); is {
				v[i] = t.check(s, t.resolve(schema.Items))
			} else {
				t.walk(item, schema.Items)
			}
			t.path.Pop()
		}
	}
}

// member is one field of an object, or one entry of a map, such as the answer to one item.
func (t *texts) member(object map[string]any, name string, value any, schema *huma.Schema) {
	member := t.resolve(schema.Properties[name])
	entries, isMap := schema.AdditionalProperties.(*huma.Schema)
	if member == nil && isMap {
		member = t.resolve(entries)
	}
	if member == nil {
		return
	}
	t.path.Push(name)
	defer t.path.Pop()
	s, is := value.(string)
	switch {
	case !is:
		t.walk(value, member)
	case isMap && member.AnyOf != nil:
		if text.Blank(s) { // a blank answer is none
			delete(object, name)
			t.changed = true
		}
	case member.Type == huma.TypeString && member.Nullable && text.Blank(s):
		object[name] = nil
		t.changed = true
	default:
		object[name] = t.check(s, member)
	}
}

// check is the text as it is to be recorded: one of one line without the spaces around it.
func (t *texts) check(s string, schema *huma.Schema) string {
	if schema != nil && schema.Format == partialFormat {
		if _, err := day.ParsePartial(s); errors.Is(err, day.ErrNotADay) { // what looks like none, its pattern refuses
			t.found.Add(t.path, nil, saysPartialDay)
		}
	}
	if !isText(schema) {
		return s
	}
	oneLine := schema.Format != proseFormat && schema.Format != numberFormat
	if trimmed := text.Trim(s); oneLine && trimmed != s && trimmed != "" {
		s, t.changed = trimmed, true
	}
	switch {
	case text.Blank(s) && schema.Pattern == "" && (s != "" || schema.MinLength == nil): // else huma says so
		t.found.Add(t.path, nil, saysNotBlank)
	case oneLine && !text.OneLine(s):
		t.found.Add(t.path, nil, saysOneLine)
	}
	return s
}

func (t *texts) resolve(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return t.registry.SchemaFromRef(s.Ref)
	}
	return s
}

// textFormats tell texts from codes, dates and ids, which have rules of their own.
var textFormats = []string{"", proseFormat, numberFormat, "email", "uri"}

func isText(s *huma.Schema) bool {
	return s != nil && s.Type == huma.TypeString && len(s.Enum) == 0 && slices.Contains(textFormats, s.Format)
}
