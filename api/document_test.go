package api_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api"
	"waypost/api/wire"
	"waypost/docs"
)

// operations lists every operation of the document.
func operations(t *testing.T) (*huma.OpenAPI, []*huma.Operation) {
	t.Helper()
	doc := api.OpenAPI()
	var all []*huma.Operation
	for _, path := range doc.Paths {
		for _, o := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if o != nil {
				all = append(all, o)
			}
		}
	}
	return doc, all
}

// The document is served as it was reviewed. A server below a base says so, and nothing else is different.
func TestTheReviewedDocumentIsServed(t *testing.T) {
	t.Parallel()
	for base, want := range map[string][]byte{
		"":         docs.OpenAPI,
		"/waypost": bytes.Replace(docs.OpenAPI, []byte("url: /}"), []byte("url: /waypost}"), 1),
	} {
		if text, err := wire.DocumentYAML(docs.OpenAPI, base); err != nil || !bytes.Equal(text, want) {
			t.Errorf("below %q another document is served than docs/openapi.yaml (error %v)", base, err)
		}
	}
}

func TestEveryOperationIsDocumented(t *testing.T) {
	t.Parallel()
	_, all := operations(t)
	for _, o := range all {
		if o.Summary == "" || !strings.Contains(o.Description, "May be called by: ") || len(o.Security) == 0 {
			t.Errorf("%s: lacks a summary, who may call it, or its security", o.OperationID)
		}
		statuses := []string{"401", "403", "429", "500", "503"}
		if o.Extensions["x-scope"] == nil { // its credential is in its path
			statuses = []string{"404", "429", "500", "503"}
		}
		for _, status := range statuses {
			if o.Responses[status] == nil {
				t.Errorf("%s: does not document %s", o.OperationID, status)
			}
		}
		if o.RequestBody != nil {
			for kind, m := range o.RequestBody.Content {
				if m.Example == nil {
					t.Errorf("%s: no example of a request as %s", o.OperationID, kind)
				}
			}
		}
		if o.Method != "DELETE" {
			for kind, m := range o.Responses[okStatus(o)].Content {
				if m.Example == nil {
					t.Errorf("%s: no example of an answer as %s", o.OperationID, kind)
				}
			}
		}
	}
}

func okStatus(o *huma.Operation) string {
	if o.Responses["201"] != nil {
		return "201"
	}
	return "200"
}

func TestExamplesOfRequestsAreValid(t *testing.T) {
	t.Parallel()
	doc, all := operations(t)
	for _, o := range all {
		if o.RequestBody == nil {
			continue
		}
		for _, m := range o.RequestBody.Content {
			res := huma.ValidateResult{}
			huma.Validate(
				doc.Components.Schemas,
				m.Schema,
				huma.NewPathBuffer([]byte{}, 0),
				huma.ModeWriteToServer,
				asSent(t, m.Example),
				&res,
			)
			for _, err := range res.Errors {
				t.Errorf("%s: its own example is refused: %v", o.OperationID, err)
			}
		}
	}
}

// Examples of answers are such as the document says, and so is what is composed of the fields' examples.
func TestExamplesOfAnswersAreValid(t *testing.T) {
	t.Parallel()
	doc, all := operations(t)
	for _, o := range all {
		for status, r := range o.Responses {
			m := r.Content["application/json"]
			if m == nil {
				continue
			}
			res := huma.ValidateResult{}
			path := huma.NewPathBuffer([]byte{}, 0)
			huma.Validate(doc.Components.Schemas, m.Schema, path, huma.ModeReadFromServer, asSent(t, m.Example), &res)
			for _, err := range res.Errors {
				t.Errorf("%s: the example of its answer %s: %v", o.OperationID, status, err)
			}
		}
	}
	for schema, fields := range api.Examples.Fields {
		for field := range fields {
			s := doc.Components.Schemas.Map()[schema]
			if schema != "*" && (s == nil || s.Properties[field] == nil) {
				t.Errorf("examples.yaml speaks of %s.%s, which there is not", schema, field)
			}
		}
	}
}

var anID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// Each thing has one id in all examples, and no id is that of something else.
func TestIdsOfExamplesFitTogether(t *testing.T) {
	t.Parallel()
	things := map[string]string{}
	for _, thing := range api.Examples.Things {
		things[api.Examples.ID(thing)] = thing
	}
	for _, id := range anID.FindAllString(string(docs.OpenAPI), -1) {
		if things[id] == "" {
			t.Errorf("%s is the id of nothing", id)
		}
	}
	if n := len(things); n != len(api.Examples.Things) {
		t.Errorf("%d things have %d ids", len(api.Examples.Things), n)
	}
}

const mostLines = 104 // of the document, for each operation; lower it when there are fewer

func TestTheDocumentGrowsWithWhatItSays(t *testing.T) {
	t.Parallel()
	operations := bytes.Count(docs.OpenAPI, []byte("operationId: "))
	if n := bytes.Count(docs.OpenAPI, []byte("\n")) / operations; n > mostLines {
		t.Errorf("docs/openapi.yaml has %d lines for each operation, more than %d: what repeats belongs into components", n, mostLines)
	}
}

// asSent is the value as it is after a trip over the wire.
func asSent(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Fields that hold a day or an id say so, so that clients and validators know. An entry of the catalogue
// has a name as its id.
func TestDaysAndIdsAreDeclared(t *testing.T) {
	t.Parallel()
	doc, _ := operations(t)
	for name, s := range doc.Components.Schemas.Map() {
		for field, p := range s.Properties {
			isDay := strings.HasSuffix(field, "_on") || field == "on" || field == "birth_date"
			if isDay && p.Format != "date" && p.Format != "partial-date" {
				t.Errorf("%s.%s: a day without format date", name, field)
			}
			if (field == "id" && name != "Entry" || strings.HasSuffix(field, "_id")) && p.Format != "uuid" &&
				p.Ref == "" &&
				p.Type != huma.TypeObject {
				t.Errorf("%s.%s: an id without format uuid", name, field)
			}
			if strings.HasPrefix(p.Format, "code:") {
				t.Errorf("%s.%s: its code list was not resolved", name, field)
			}
		}
	}
}

// An id of an operation can be guessed: a verb of this list, and what it acts on (docs/contract.md).
func TestIdsOfOperationsAreAVerbAndANoun(t *testing.T) {
	t.Parallel()
	verbs := strings.Fields(`get list search
		add change create record remove revoke set withdraw
		acknowledge advance approve ask check close complete confirm correct mark merge move open pause publish
		replace replay request restore resume retry test undo
		accept refuse cancel`)
	used := map[string]bool{}
	_, all := operations(t)
	for _, o := range all {
		verb, noun, _ := strings.Cut(o.OperationID, "-")
		if !slices.Contains(verbs, verb) || noun == "" {
			t.Errorf("%s: not a verb of the list and a noun", o.OperationID)
		}
		used[verb] = true
	}
	for _, verb := range verbs {
		if !used[verb] {
			t.Errorf("no operation has the verb %s: take it out of the list", verb)
		}
	}
}
