package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api"
)

// Every answer that any test of this package gets is held against the document: its status must be there, and a
// body must fit its schema.
var published = sync.OnceValue(api.OpenAPI)

var judging sync.Mutex // huma's schemas are not made to be read by many while they are being completed

// localInstant is an instant that leaves without Z.
var localInstant = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d)?"`)

func (a answer) fits(t *testing.T, method, path string) {
	t.Helper()
	o := operationAt(published(), method, strings.SplitN(path, "?", 2)[0])
	if o == nil || a.status == http.StatusMethodNotAllowed {
		return // no operation: tested for what it is
	}
	documented := o.Responses[strconv.Itoa(a.status)]
	if documented == nil {
		t.Errorf("%s: status %d is not in the document", a.call, a.status)
		return
	}
	if documented.Ref != "" {
		documented = published().Components.Responses[strings.TrimPrefix(documented.Ref, "#/components/responses/")]
	}
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	media := documented.Content[kind]
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified ||
		media != nil && (strings.HasPrefix(kind, "text/") || media.Schema.Format == "binary") {
		return
	}
	if media == nil {
		t.Errorf("%s: %d as %s is not in the document", a.call, a.status, kind)
		return
	}
	if local := localInstant.Find(a.body); local != nil {
		t.Errorf("%s: an instant leaves as %s", a.call, local)
	}
	var body any
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Errorf("%s: %v", a.call, err)
		return
	}
	judging.Lock()
	defer judging.Unlock()
	res := huma.ValidateResult{}
	huma.Validate(
		published().Components.Schemas,
		media.Schema,
		huma.NewPathBuffer([]byte{}, 0),
		huma.ModeReadFromServer,
		body,
		&res,
	)
	for _, err := range res.Errors {
		t.Errorf("%s: the answer does not fit the document: %v", a.call, err)
	}
}

func operationAt(doc *huma.OpenAPI, method, path string) *huma.Operation {
	var best *huma.Operation
	for template, item := range doc.Paths {
		o := map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
		}[method]
		if o != nil && matches(template, path) && (best == nil || !strings.Contains(template, "{")) {
			best = o
		}
	}
	return best
}

func matches(template, path string) bool {
	t, p := strings.Split(template, "/"), strings.Split(path, "/")
	if len(t) != len(p) {
		return false
	}
	for i := range t {
		if t[i] != p[i] && !strings.HasPrefix(t[i], "{") {
			return false
		}
	}
	return true
}

func TestTheJudgeOfAnswersCanFail(t *testing.T) {
	t.Parallel()
	doc := published()
	if operationAt(doc, "POST", "/v1/patients/search").OperationID != "search-patients" ||
		operationAt(doc, "GET", "/v1/nowhere") != nil {
		t.Error("operations are not found by their paths")
	}
	judging.Lock()
	defer judging.Unlock()
	res := huma.ValidateResult{}
	schema := operationAt(doc, "GET", "/v1/me").Responses["200"].Content["application/json"].Schema
	huma.Validate(
		doc.Components.Schemas,
		schema,
		huma.NewPathBuffer([]byte{}, 0),
		huma.ModeReadFromServer,
		map[string]any{"role": 1, "surprise": true},
		&res,
	)
	if len(res.Errors) < 3 {
		t.Errorf("a wrong answer passes: %v", res.Errors)
	}
}
