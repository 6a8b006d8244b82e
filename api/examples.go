package api

import (
	_ "embed"
	"encoding/json"
	"slices"

	"gopkg.in/yaml.v3"

	"waypost/api/wire"
	"waypost/internal/datasets"
	"waypost/internal/insights"
	"waypost/internal/platform/codes"
)

// exampleThings are the records that occur in the document's examples, each under one id. In the document of a demo, the
// ids of records in the demo replace them.
var exampleThings = []string{
	"site", "link_worker", "organisation", "service", "patient", "consent", "episode", "contact", "referral", "attendance",
	"question", "assessment", "follow_up", "flag", "project", "release", "note", "interview", "quote", "update", "api_key",
	"webhook", "delivery", "event", "message", "move", "attempt", "handover", "merge", "second_record", "correction", "transfer",
}

//go:embed examples.yaml
var exampleTexts []byte

// Examples are the examples in the document.
var Examples = func() wire.Examples {
	e := wire.Examples{Things: exampleThings}
	if err := yaml.Unmarshal(exampleTexts, &e); err != nil {
		panic(err) // examples.yaml is part of the program
	}
	needs, _ := codes.Lookup("needs")
	need := func(c codes.Code) bool { return c.Code == "food" }
	metric := func(m insights.Entry) bool { return m.ID == "flow" }
	ageBand := func(q datasets.QuasiLevels) bool { return q.Name == "age_band" }
	for schema, value := range map[string]any{
		"Code":        first(needs.Codes, need),
		"CodeList":    map[string]string{"name": needs.Name, "doc": needs.Doc},
		"Entry":       first(insights.Catalogue(), metric),
		"QuasiLevels": first(datasets.Book().Quasis, ageBand),
	} {
		addFields(e.Fields, schema, value)
	}
	return e
}()

func first[T any](list []T, is func(T) bool) T { return list[slices.IndexFunc(list, is)] }

// addFields adds to the examples of a schema the fields that a value has in JSON.
func addFields(fields map[string]map[string]any, schema string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // values of the program alone are passed
	}
	if fields[schema] == nil {
		fields[schema] = map[string]any{}
	}
	own := fields[schema]
	if err := json.Unmarshal(text, &own); err != nil {
		panic(err)
	}
}
