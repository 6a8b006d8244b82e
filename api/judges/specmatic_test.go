//go:build judges

package judges

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api"
)

// Every operation, called with a good request, answers as the document says.
func TestSpecmaticGoodRequests(t *testing.T) {
	d := served(t)
	requests := d.requests(t)
	out, err := d.specmatic(t, d.url, requests, "", false)
	if err != nil {
		t.Fatalf("%v\n%s", err, failures(out))
	}
	if n := count(t, out); n != len(requests) {
		t.Errorf("Specmatic tried %d requests of %d", n, len(requests))
	}
	t.Logf("Specmatic: %d operations, each called with a good request, answer as the document says", len(requests))
}

// What Specmatic makes of the good requests by spoiling one field at a time is refused, for that field.
func TestSpecmaticBadRequests(t *testing.T) {
	d := served(t)
	out, err := d.specmatic(t, d.url, d.requests(t), "STATUS!='200,201,204'", true)
	if err != nil {
		t.Errorf("%v\n%s", err, failures(out))
	}
	tried := trials(t, out)
	named := map[string]bool{}
	for _, s := range tried {
		switch s.status {
		case http.StatusBadRequest,
			http.StatusUnprocessableEntity,
			http.StatusPreconditionRequired,
			http.StatusUnsupportedMediaType:
		default: // it would have been refused whatever was in it, which proves nothing
			t.Errorf("%s: %d for %s", s.operation, s.status, s.how)
		}
		for _, field := range s.fields {
			named[s.operation+" "+field] = named[s.operation+" "+field] || s.names(field)
		}
	}
	for field, ok := range named {
		if !ok {
			t.Errorf("%s: no refusal says that this field is wrong", field)
		}
	}
	if n := count(t, out); n != len(tried) {
		t.Errorf("Specmatic tried %d bad requests, and told of %d", n, len(tried))
	}
	if len(tried) < 1000 || len(named) < 100 {
		t.Errorf("only %d bad requests, about %d fields", len(tried), len(named))
	}
	t.Logf("Specmatic: %d bad requests, spoiling each of %d fields, were refused", len(tried), len(named))
}

// A judge that lets a lax server pass is no judge.
func TestSpecmaticCatchesALaxServer(t *testing.T) {
	d := served(t)
	c := &caller{demo: d, t: t, all: operations(t)}
	made, err := json.Marshal(c.do(c.request("add-organisation")))
	if err != nil {
		t.Fatal(err)
	}
	lax := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusCreated)
		_, _ = rw.Write(made)
	}))
	defer lax.Close()
	out, err := d.specmatic(t, lax.URL, d.requests(t), "PATH='/v1/organisations' && METHOD='POST'", true)
	if err == nil || !strings.Contains(string(out), "Expected 4xx status, but received 201") {
		t.Errorf("a server that takes anything passes: %s", out)
	}
}

// specmatic runs Specmatic's tests of the document against a server: the good requests, or with bad also what it
// makes of them. It fails when one of its tests does.
func (d demo) specmatic(t *testing.T, server string, requests []request, filter string, bad bool) ([]byte, error) {
	t.Helper()
	examples := t.TempDir()
	for _, r := range requests {
		b, err := json.Marshal(d.example(r))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(examples, r.operation+".json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(
		t.Context(),
		"java",
		"-jar",
		absolute(t, "node_modules/specmatic/specmatic.jar"),
		"test",
		planted(t, takeOutOfReach),
		"--testBaseURL="+server,
		"--examples="+examples,
		"--filter="+filter,
	)
	cmd.Env = append(
		os.Environ(),
		"CONFIG_FILE_PATH="+absolute(t, "specmatic.yaml"),
		"SPECMATIC_GENERATIVE_TESTS="+strconv.FormatBool(bad),
	)
	cmd.Dir = t.TempDir() // it writes reports where it stands
	return cmd.CombinedOutput()
}

// example is the request as Specmatic wants to be told of it, with the status of a good answer.
func (d demo) example(r request) fields {
	header := maps.Clone(r.header)
	if r.role != "" {
		header["Authorization"] = "Bearer " + d.keys[r.role]
	}
	req := fields{"method": r.method, "path": r.at, "headers": header}
	if r.body != nil {
		req["body"] = r.body
	}
	answer := fields{"status": r.status}
	if body := exampleOfAnswer(r.operation, r.status); body != nil { // Specmatic wants one, and holds only its form
		answer["body"] = body
	}
	return fields{"name": r.operation, "http-request": req, "http-response": answer}
}

// exampleOfAnswer is what the document's examples of fields make of an answer.
func exampleOfAnswer(operation string, status int) any {
	for _, item := range api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if o == nil || o.OperationID != operation || o.Responses[strconv.Itoa(status)] == nil {
				continue
			}
			if m := o.Responses[strconv.Itoa(status)].Content["application/json"]; m != nil {
				return m.Example
			}
		}
	}
	return nil
}

// takeOutOfReach takes what Specmatic cannot judge out of the document.
func takeOutOfReach(doc fields) {
	for _, item := range in(doc, "paths") {
		for _, o := range item.(fields) {
			operation := o.(fields)
			// it sends what only integrations may say, with every key
			parameters, _ := operation["parameters"].([]any)
			operation["parameters"] = slices.DeleteFunc(parameters, func(p any) bool {
				return p.(fields)["$ref"] == "#/components/parameters/Waypost-On-Behalf-Of-parameter"
			})
			// figures also take a second kind of credential: it cannot tell which one it uses
			if ways, given := operation["security"].([]any); given {
				operation["security"] = slices.DeleteFunc(ways, func(w any) bool { return w.(fields)["basic"] != nil })
			}
			// nor which of several forms of an answer it asks for
			for _, r := range in(operation, "responses") {
				forms, _ := r.(fields)["content"].(fields)
				if forms["application/json"] != nil {
					r.(fields)["content"] = fields{"application/json": forms["application/json"]}
				}
			}
		}
	}
	// a file of a release comes in parts too; a release that is asked for is made (202), or only tried (200)
	delete(in(doc, "paths", "/v1/releases/{id}/files/{name}", "get", "responses"), "206")
	delete(in(doc, "paths", "/v1/projects/{id}/releases", "post", "responses"), "202")
	// work is handed over (201), or it is only said what would be (200)
	delete(in(doc, "paths", "/v1/handovers", "post", "responses"), "200")
	// it spoils a pattern by a further underscore, which the codes of sites and schedules may well end with
	schemas := in(doc, "components", "schemas")
	for _, s := range []fields{
		in(schemas, "NewSite"), in(schemas, "Schedule"),
		in(doc, "paths", "/v1/sites/{id}", "patch", "requestBody", "content", "application/merge-patch+json", "schema"),
	} {
		delete(in(s, "properties", "code"), "pattern")
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// trial is one bad request that Specmatic made, and what became of it.
type trial struct {
	operation string
	how       string   // it was made bad, in Specmatic's words
	fields    []string // the names in those words
	status    int
	locations []string // where the refusal says that something is wrong
}

var (
	outcome  = regexp.MustCompile(`(?m)^-ve  Scenario: (\S+ \S+) -> 4xx (.*) has (?:SUCCEEDED|FAILED)`)
	answered = regexp.MustCompile(`(?m)^  Response at .*\n    (\d+)`)
	location = regexp.MustCompile(`"location": "([^"]*)"`)
	spoilt   = regexp.MustCompile(
		`(?:AND|where) (?:the key )?'?([\w.\[\]-]+)'? is (?:mutated|set to a value (?:with length|greater|lesser|matching an invalid))`,
	)
)

// trials reads them from Specmatic's own account.
func trials(t *testing.T, out []byte) (all []trial) {
	t.Helper()
	for _, part := range strings.Split(string(out), "--------------------\n") {
		o, a := outcome.FindStringSubmatch(part), answered.FindStringSubmatch(part)
		if o == nil || a == nil {
			continue
		}
		one := trial{operation: o[1], how: o[2]}
		one.status, _ = strconv.Atoi(a[1])
		for _, m := range spoilt.FindAllStringSubmatch(o[2], -1) {
			one.fields = append(one.fields, m[1])
		}
		for _, m := range location.FindAllStringSubmatch(part, -1) {
			one.locations = append(one.locations, m[1])
		}
		all = append(all, one)
	}
	return all
}

// names reports whether the refusal says that the field is wrong.
func (one trial) names(field string) bool {
	steps := strings.Split(strings.TrimSuffix(field, ".[]"), ".")
	last := regexp.MustCompile(`\b` + regexp.QuoteMeta(steps[len(steps)-1]) + `\b`)
	return slices.ContainsFunc(one.locations, last.MatchString)
}

var totals = regexp.MustCompile(`Tests run: (\d+)`)

func count(t *testing.T, out []byte) int {
	t.Helper()
	m := totals.FindSubmatch(out)
	if m == nil {
		t.Fatalf("Specmatic did not finish: %s", out)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

// failures is the part of the account that says what failed.
func failures(out []byte) string {
	if _, after, ok := strings.Cut(string(out), "Unsuccessful Scenarios:"); ok {
		return after
	}
	return string(out)
}
