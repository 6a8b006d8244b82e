package wire

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Comment returns the doc comment of a field of a struct, as it is published; "" where there is none.
type Comment func(declared reflect.Type, field string) (string, error)

// operationTypes are the types that an operation reads its request into and makes its answer of.
type operationTypes struct{ input, output reflect.Type }

// describe sets the descriptions of all fields, parameters and headers from the comments in the source. A server
// does not need them, so that only the published document has them.
func (s *Server) describe(comment Comment) error {
	d := describer{comment, nil}
	schemas := s.API.OpenAPI().Components.Schemas
	for _, name := range slices.Sorted(maps.Keys(schemas.Map())) {
		d.schema(schemas.Map()[name], schemas.TypeFromRef(schemaPrefix+name))
	}
	for id, o := range OperationsByID(s.API.OpenAPI()) {
		types := s.types[id]
		if types.input == nil {
			return fmt.Errorf("the types of %s are not known", id)
		}
		d.parameters(o, types.input)
		d.body(o, types.input)
		d.headers(o, types.output)
	}
	return errors.Join(d.errs...)
}

type describer struct {
	comment Comment
	errs    []error
}

// text is a field's description: its comment, or else what its type says of itself.
func (d *describer) text(f declaredField, ofType string) string {
	text, err := d.comment(f.declared, f.Name)
	if text == "" {
		text = ofType
	}
	if text == "" && err == nil {
		err = fmt.Errorf("%s.%s has no comment, which would be its description", f.declared, f.Name)
	}
	if err != nil {
		d.errs = append(d.errs, err)
	}
	return text
}

// schema describes the properties of an object. Of two fields of one name, the outer one is meant.
func (d *describer) schema(s *huma.Schema, t reflect.Type) {
	described := map[string]bool{}
	for _, f := range fieldsWithEmbedded(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if p := s.Properties[name]; p != nil && !described[name] {
			p.Description = d.text(f, p.Description)
			described[name] = true
		}
	}
	for name := range s.Properties {
		if !described[name] {
			d.errs = append(d.errs, fmt.Errorf("%s: no field was found for %s", t, name))
		}
	}
}

// body describes a merge patch. Other bodies are schemas with names.
func (d *describer) body(o *huma.Operation, input reflect.Type) {
	for _, f := range fieldsWithEmbedded(input) {
		if patch, is := reflect.Zero(f.Type).Interface().(interface{ Patched() reflect.Type }); is && f.Name == "Body" {
			for _, m := range o.RequestBody.Content {
				d.schema(m.Schema, patch.Patched())
			}
		}
	}
}

func (d *describer) parameters(o *huma.Operation, input reflect.Type) {
	for _, f := range fieldsWithEmbedded(input) {
		for _, in := range []string{"path", "query", "header"} {
			for _, p := range o.Parameters {
				name, _, _ := strings.Cut(f.Tag.Get(in), ",")
				if p.In == in && p.Name == name && p.Description == "" {
					p.Description = d.text(f, p.Schema.Description)
					p.Schema.Description = p.Description
				}
			}
		}
	}
}

func (d *describer) headers(o *huma.Operation, output reflect.Type) {
	for _, f := range fieldsWithEmbedded(output) {
		for _, r := range o.Responses {
			if h := r.Headers[f.Tag.Get("header")]; h != nil && h.Schema.Description == "" && h.Description == "" {
				h.Schema.Description = d.text(f, "")
			}
		}
	}
}

// declaredField is a field, and the struct in which the source declares it.
type declaredField struct {
	reflect.StructField
	declared reflect.Type
}

// fieldsWithEmbedded are the exported fields of a struct, and after them those of the structs embedded in it.
func fieldsWithEmbedded(t reflect.Type) (all []declaredField) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var embedded []declaredField
	for i := range t.NumField() {
		switch f := t.Field(i); {
		case f.Anonymous && f.Tag.Get("json") == "":
			embedded = append(embedded, fieldsWithEmbedded(f.Type)...)
		case f.IsExported():
			all = append(all, declaredField{f, t})
		}
	}
	return append(all, embedded...)
}

// OperationsByID finds the operations of a document by their ids.
func OperationsByID(doc *huma.OpenAPI) map[string]*huma.Operation {
	all := map[string]*huma.Operation{}
	for _, path := range doc.Paths {
		for _, o := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if o != nil {
				all[o.OperationID] = o
			}
		}
	}
	return all
}
