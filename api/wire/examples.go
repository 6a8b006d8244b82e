package wire

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

const deepest = 12

// exampleOf makes an example from a schema: the fields' own examples where they have one, else their first
// code, else something of their kind. An optional field without an example of its own is left out; one that
// may be null is null.
func exampleOf(doc *huma.OpenAPI, s *huma.Schema, depth int) any {
	if s == nil || depth > deepest {
		return nil
	}
	if s.Ref != "" && len(s.Examples) == 0 {
		return exampleOf(doc, doc.Components.Schemas.SchemaFromRef(s.Ref), depth)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.AnyOf)+len(s.OneOf) > 0:
		return exampleOf(doc, slices.Concat(s.AnyOf, s.OneOf)[0], depth)
	case s.Nullable:
		return nil
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		return exampleObject(doc, s, depth)
	case huma.TypeArray:
		if item := exampleOf(doc, s.Items, depth+1); item != nil {
			return []any{item}
		}
		return []any{}
	case huma.TypeString:
		return exampleString(s.Format)
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case huma.TypeBoolean:
		return true
	default:
		return nil
	}
}

func exampleObject(doc *huma.OpenAPI, s *huma.Schema, depth int) any {
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	out := map[string]any{}
	for name, p := range s.Properties {
		if required[name] || len(p.Examples) > 0 { // others may not go together
			out[name] = exampleOf(doc, p, depth+1)
		}
	}
	return out
}

func exampleString(format string) string {
	switch format {
	case "uuid":
		return "01938c2e-7a40-7000-8000-000000000001"
	case "date":
		return "2026-01-12"
	case "date-time":
		return "2026-01-12T09:30:00Z"
	case "email":
		return "someone@example.org"
	case "uri":
		return "https://example.org"
	default:
		return "text"
	}
}
