package api_test

import (
	"encoding/json"
	"slices"
	"testing"

	"waypost/internal/datasets"
	"waypost/internal/insights"
	"waypost/internal/platform/codes"
)

// An example of something that is in the program, such as a code, is one that the program has.
func TestExamplesOfWhatIsInTheProgram(t *testing.T) {
	t.Parallel()
	doc, _ := operations(t)
	needs, _ := codes.Lookup("needs")
	for schema, has := range map[string][]any{
		"Code":        asMaps(t, needs.Codes),
		"Entry":       asMaps(t, insights.Catalogue()),
		"QuasiLevels": asMaps(t, datasets.Book().Quasis),
	} {
		s := doc.Components.Schemas.Map()[schema]
		shown := map[string]any{}
		if len(s.Examples) > 0 {
			shown, _ = s.Examples[0].(map[string]any)
		}
		example := func(field string) any {
			if p := s.Properties[field]; p != nil && len(p.Examples) > 0 {
				return p.Examples[0]
			}
			return shown[field]
		}
		if !slices.ContainsFunc(has, func(one any) bool {
			for field, value := range one.(map[string]any) {
				if asText(t, example(field)) != asText(t, value) {
					return false
				}
			}
			return true
		}) {
			t.Errorf("the program has no %s like the example in the document", schema)
		}
	}
}

func asMaps[T any](t *testing.T, list []T) (maps []any) {
	t.Helper()
	if err := json.Unmarshal([]byte(asText(t, list)), &maps); err != nil {
		t.Fatal(err)
	}
	return maps
}

func asText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
