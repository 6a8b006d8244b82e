package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api/wire"
)

// However much is wrong with a request, its answer lists 20 errors at most, says that there may be more,
// and stays under 16 KiB.
func TestErrorsAreBounded(t *testing.T) {
	w := newWorld(t)
	repeat := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	var names []string
	for i := range 900 {
		names = append(names, fmt.Sprintf(`"name%d":1`, i))
	}
	count := `{"items":[` + repeat(100, "1") + `],"values":[` + repeat(50, "{}") + `]}`
	score := `{"counts":[` + repeat(8, count) + `]}`
	for name, c := range map[string]struct {
		role, path, body string
		listed           int
	}{
		"a megabyte of wrong items": {
			"administrator", "/api-keys",
			`{"role":"dashboard","label":"x","site_ids":[` + repeat(260_000, "1") + `]}`, 1,
		},
		"a megabyte of unknown names": {"link_worker", "/patients", `{` + repeat(60_000, `"a":1`) + `}`, 1},
		"wrong items within wrong ones": {"site_manager", "/instruments", `{"key":"own","name":"Own","items":[],
			"scores":[` + repeat(50, score) + `]}`, 20},
		"as many unknown names as pass": {"link_worker", "/patients", `{` + strings.Join(names, ",") + `}`, 20},
		"long lists of codes": {
			"link_worker", "/intakes",
			`{"patient":{},"episode":{},"referrals":[` + repeat(20, `{"need":"x","kind":"x","organisation_id":1,"service_id":1}`) + `]}`,
			20,
		},
	} {
		a := w.as(c.role).with(pastJudges, "1").post(c.path, c.body)
		if a.status != 400 && a.status != 422 {
			t.Fatalf("%s: %d: %.300s", name, a.status, a.body)
		}
		errors, _ := a.at("errors").([]any)
		if len(errors) > wire.MaxErrors || len(errors) < min(c.listed, 10) || len(a.body) > 16<<10 {
			t.Errorf("%s: %d errors in %d bytes", name, len(errors), len(a.body))
		}
		if more := strings.Contains(a.text("detail"), "More may be wrong"); more != (c.listed > 1) {
			t.Errorf("%s: says that there may be more errors: %t", name, more)
		}
	}
}

// Every list in the body of a request has a maximum length in the document, and none is longer than what the server reads
// of any list (wire.MaxEntries).
func TestListsInBodiesHaveAMaximum(t *testing.T) {
	t.Parallel()
	doc, all := operations(t)
	lists := 0
	var walk func(at string, s *huma.Schema, depth int)
	walk = func(at string, s *huma.Schema, depth int) {
		if s == nil || depth > wire.MaxDepth {
			return
		}
		if s.Ref != "" {
			s = doc.Components.Schemas.SchemaFromRef(s.Ref)
		}
		if s.Type == huma.TypeArray {
			if lists++; s.MaxItems == nil || *s.MaxItems > wire.MaxEntries {
				t.Errorf("%s: a list without a maximum length, or with one over %d", at, wire.MaxEntries)
			}
		}
		if len(s.Properties) > wire.MaxEntries {
			t.Errorf("%s: an object of more than %d fields", at, wire.MaxEntries)
		}
		walk(at+"[]", s.Items, depth+1)
		for name, p := range s.Properties {
			walk(at+"."+name, p, depth+1)
		}
	}
	for _, o := range all {
		walk(o.OperationID, wire.BodySchema(o), 0)
	}
	if lists < 50 {
		t.Errorf("found only %d lists: the walk over the schemas misses some", lists)
	}
}
