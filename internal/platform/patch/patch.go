// Package patch is JSON merge patch (RFC 7396) over the fields of a struct: each field is absent, null or a value.
package patch

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"waypost/internal/platform/fault"
	"waypost/internal/platform/text"
)

// Merge is a merge patch for a T. Its schema is T's own with every field optional; a field that can be
// empty takes null.
type Merge[T any] struct{ fields map[string]json.RawMessage }

// Of makes a patch from what a client would send.
func Of[T any](object string) (m Merge[T], err error) { return m, json.Unmarshal([]byte(object), &m) }

func (m *Merge[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &m.fields) }

func (m Merge[T]) MarshalJSON() ([]byte, error) { return json.Marshal(m.fields) }

// Has reports whether the patch says anything of the field.
func (m Merge[T]) Has(field string) bool { _, ok := m.fields[field]; return ok }

// Apply returns what current becomes. It decodes into a fresh T, so that nothing of current shines through a field
// that was sent. Fault: invalid (null for a field that cannot be empty).
func (m Merge[T]) Apply(current T) (T, error) {
	var next T
	if err := m.checkNulls(); err != nil {
		return next, err
	}
	whole, err := json.Marshal(current)
	if err != nil {
		return next, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(whole, &fields); err != nil {
		return next, err
	}
	maps.Copy(fields, m.fields)
	if whole, err = json.Marshal(fields); err != nil {
		return next, err
	}
	return next, json.Unmarshal(whole, &next)
}

// checkNulls refuses null for a field that cannot be empty: decoding would make it zero, silently.
func (m Merge[T]) checkNulls() error {
	var c fault.Checks
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		isNull, kind := string(m.fields[name]) == "null", t.Field(i).Type
		c.Require(
			!isNull || kind.Kind() == reflect.Pointer || kind == reflect.TypeFor[text.Optional](),
			name,
			fault.Required,
			"cannot be empty",
		)
	}
	return c.Err()
}

// Patched is the type that the patch is for.
func (Merge[T]) Patched() reflect.Type { return reflect.TypeFor[T]() }

// Schema is T's with nothing required.
func (Merge[T]) Schema(r huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Required = nil
	s.PrecomputeMessages()
	return s
}
