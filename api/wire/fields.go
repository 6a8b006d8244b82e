package wire

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

const schemaPrefix = "#/components/schemas/"

// componentMark names the component that a schema is a copy of: the document refers to it there.
const componentMark = "x-copy-of"

// markOptionalFields lets the document say which fields may be null or missing. A field that a command and an answer share
// is tagged for the command, which is where it may be left out. It returns the schemas that requests lead to.
func markOptionalFields(doc *huma.OpenAPI, operations []*huma.Operation) (sent map[string]bool) {
	schemas := doc.Components.Schemas.Map()
	sent = map[string]bool{}
	for _, o := range operations {
		if o.RequestBody == nil {
			continue
		}
		for kind, m := range o.RequestBody.Content {
			if kind == echo.MIMEApplicationJSON { // in a merge patch null has a meaning of its own
				nullIsLeftOut(schemas, m.Schema)
			}
			reach(schemas, m.Schema, sent)
		}
	}
	for name, s := range schemas {
		if t := doc.Components.Schemas.TypeFromRef(schemaPrefix + name); !sent[name] && t != nil {
			s.Required = alwaysThere(t, s)
		}
	}
	return sent
}

// nullIsLeftOut lets the document say of a body what decoding makes of it: null for a field that may be left out
// means that it is.
func nullIsLeftOut(schemas map[string]*huma.Schema, s *huma.Schema) {
	if s == nil {
		return
	}
	if name, ok := strings.CutPrefix(s.Ref, schemaPrefix); ok {
		s = schemas[name]
	}
	for name, p := range s.Properties {
		nullIsLeftOut(schemas, p)
		if slices.Contains(s.Required, name) {
			continue
		}
		if object, ok := strings.CutPrefix(p.Ref, schemaPrefix); ok { // anyOf would spoil what an error says
			description, examples := p.Description, p.Examples
			*p = *schemas[object]
			p.Description, p.Examples = description, examples
			p.Extensions = map[string]any{componentMark: object}
		}
		p.Nullable = true
	}
	nullIsLeftOut(schemas, s.Items)
}

// dropUnused takes out the schemas that nothing leads to any more, since where they stood they were written out.
func dropUnused(doc *huma.OpenAPI, operations []*huma.Operation) {
	schemas, used := doc.Components.Schemas.Map(), map[string]bool{}
	content := func(media map[string]*huma.MediaType) {
		for _, m := range media {
			reach(schemas, m.Schema, used)
		}
	}
	for _, o := range operations {
		if o.RequestBody != nil {
			content(o.RequestBody.Content)
		}
		for _, r := range o.Responses {
			content(r.Content)
		}
		for _, p := range o.Parameters {
			reach(schemas, p.Schema, used)
		}
	}
	for _, r := range doc.Components.Responses {
		content(r.Content)
	}
	maps.DeleteFunc(schemas, func(name string, _ *huma.Schema) bool { return !used[name] })
}

// reach marks the schemas that a schema leads to.
func reach(schemas map[string]*huma.Schema, s *huma.Schema, reached map[string]bool) {
	if s == nil {
		return
	}
	if name, ok := strings.CutPrefix(s.Ref, schemaPrefix); ok && !reached[name] {
		reached[name] = true
		reach(schemas, schemas[name], reached)
	}
	if name, ok := s.Extensions[componentMark].(string); ok {
		reach(schemas, &huma.Schema{Ref: schemaPrefix + name}, reached)
		return
	}
	for _, p := range s.Properties {
		reach(schemas, p, reached)
	}
	for _, p := range slices.Concat(s.AnyOf, s.OneOf, s.AllOf) {
		reach(schemas, p, reached)
	}
	if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
		reach(schemas, values, reached)
	}
	reach(schemas, s.Items, reached)
}

// alwaysThere are the fields that encoding never leaves out.
func alwaysThere(t reflect.Type, s *huma.Schema) (names []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return s.Required
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if s.Properties[name] != nil && !strings.HasPrefix(options, "omit") && !promotedByPointer(t, f.Index) &&
			!slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// promotedByPointer reports whether a field comes from an embedded pointer, and is there only where that is not nil.
func promotedByPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}
