package api_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"gopkg.in/yaml.v3"

	"waypost/api"
	"waypost/api/wire"
	"waypost/docs"
)

// raw calls with headers as they are, so that nothing is unpacked on the way.
func (w *world) raw(method, url, body string, headers ...string) (*http.Response, []byte) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	answer, err := (&http.Transport{DisableCompression: true}).RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer, b
}

// zipped calls with a role's key and takes gzip.
func (w *world) zipped(role, method, path, body string, headers ...string) (*http.Response, []byte) {
	w.t.Helper()
	return w.raw(
		method,
		w.url+path,
		body,
		append(
			[]string{
				"Authorization",
				"Bearer " + w.keys[role],
				"Accept-Encoding",
				"gzip",
				"Content-Type",
				"application/json",
			},
			headers...)...)
}

func TestLongAnswersAreCompressed(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/v1/code-lists", "/v1/instruments/ons4", "/openapi.json", "/dashboard/dashboard.js",
		"/assets/pages.css", "/docs/swagger-ui.css",
	} {
		plain, want := w.raw("GET", w.url+path, "", "Authorization", "Bearer "+w.keys["link_worker"])
		answer, body := w.zipped("link_worker", "GET", path, "")
		z, err := gzip.NewReader(strings.NewReader(string(body)))
		if err != nil || answer.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %v %v", path, err, answer.Header)
			continue
		}
		if got, err := io.ReadAll(z); err != nil || string(got) != string(want) {
			t.Errorf("%s: compressed and not, the answer differs: %v", path, err)
		}
		if vary := strings.Join(
			answer.Header.Values("Vary"),
			",",
		); !strings.Contains(vary, "Accept-Encoding") ||
			!strings.Contains(strings.Join(plain.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: Vary %s", path, vary)
		}
		if tag := plain.Header.Get("ETag"); tag != "" && answer.Header.Get("ETag") != "W/"+tag {
			t.Errorf("%s: ETag %s, compressed %s", path, tag, answer.Header.Get("ETag"))
		}
		for _, refuses := range []string{"identity", "gzip;q=0", ""} {
			if answer, _ := w.raw(
				"GET",
				w.url+path,
				"",
				"Authorization",
				"Bearer "+w.keys["link_worker"],
				"Accept-Encoding",
				refuses,
			); answer.Header.Get(
				"Content-Encoding",
			) != "" {
				t.Errorf("%s: compressed for who takes %q", path, refuses)
			}
		}
	}
	if answer, _ := w.zipped("link_worker", "GET", "/v1/me", ""); answer.Header.Get("Content-Encoding") != "" {
		t.Error("a short answer is compressed")
	}
	// The weak tag is taken where the strong one is.
	answer, _ := w.zipped("link_worker", "GET", "/dashboard/dashboard.js", "")
	if again, _ := w.zipped(
		"link_worker",
		"GET",
		"/dashboard/dashboard.js",
		"",
		"If-None-Match",
		answer.Header.Get("ETag"),
	); again.StatusCode != 304 {
		t.Errorf("the weak tag of If-None-Match: %d", again.StatusCode)
	}
	if part, _ := w.zipped(
		"link_worker",
		"GET",
		"/docs/swagger-ui.css",
		"",
		"Range",
		"bytes=0-4999",
	); part.StatusCode != 206 ||
		part.Header.Get("Content-Encoding") != "" {
		t.Errorf("a part: %d %v", part.StatusCode, part.Header)
	}
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf(`"x%d":1`, i)
	}
	if refused, _ := w.zipped(
		"link_worker",
		"POST",
		"/v1/patients",
		"{"+strings.Join(many, ",")+"}",
	); refused.StatusCode != 422 ||
		refused.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("a long problem: %d %v", refused.StatusCode, refused.Header)
	}
}

// What shows a secret is never compressed, however long it is: keys, links, and pages behind links.
func TestSecretsAreNotCompressed(t *testing.T) {
	w, _, episode, followUp := asked(t)
	long := strings.Repeat("a", 100)
	reply, link := w.replyLink(w.refer(episode)), w.link(followUp)
	for _, page := range []string{
		reply.link, reply.link + "/declined", link.link, link.link + "/how_have_you_been",
		w.url + "/v1/replies/" + reply.token(),
	} {
		if answer, body := w.raw(
			"GET",
			page,
			"",
			"Accept-Encoding",
			"gzip",
		); answer.StatusCode != 200 || len(body) < 500 || answer.Header.Get("Content-Encoding") != "" ||
			answer.Header.Get("No-Gzip-Compression") != "" {
			t.Errorf("%s: %d %v", page[:len(w.url)+4], answer.StatusCode, answer.Header)
		}
	}
	answer, body := w.zipped("administrator", "POST", "/v1/api-keys", `{"role":"dashboard","label":"`+long+`"}`)
	if answer.StatusCode != 201 || !json.Valid(body) || answer.Header.Get("Content-Encoding") != "" {
		t.Errorf("a key: %d %v", answer.StatusCode, answer.Header)
	}
}

// Every operation whose answer can hold a secret is among those that are not compressed.
func TestEveryAnswerWithASecretIsMarked(t *testing.T) {
	t.Parallel()
	var document map[string]any
	if err := yaml.Unmarshal(docs.OpenAPI, &document); err != nil {
		t.Fatal(err)
	}
	secrets := 0
	for id, o := range wire.OperationsByID(api.OpenAPI()) {
		if o.Method != "POST" {
			continue
		}
		for name, field := range shownFields(document, o.Path, "post") {
			about, _ := field["description"].(string)
			if !slices.Contains([]string{"key", "secret", "url"}, name) ||
				!strings.Contains(about, "never again") && !strings.Contains(about, "A replay does not hold it") {
				continue
			}
			secrets++
			if !marked(o) {
				t.Errorf("%s shows %s, and may be compressed", id, name)
			}
		}
	}
	if secrets < 5 {
		t.Errorf("only %d answers with a secret", secrets)
	}
}

// shownFields are the fields of an operation's successful answers in JSON, as the document has them.
func shownFields(document map[string]any, path, method string) map[string]map[string]any {
	fields := map[string]map[string]any{}
	operation := within(document, document, "paths", path, method, "responses")
	for status := range operation {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		schema := within(document, operation, status, "content", "application/json", "schema", "properties")
		for name := range schema {
			fields[name] = within(document, schema, name)
		}
	}
	return fields
}

// within follows names and references in a document.
func within(document, from map[string]any, names ...string) map[string]any {
	for _, name := range names {
		from, _ = from[name].(map[string]any)
		if ref, ok := from["$ref"].(string); ok {
			from = within(document, document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return from
}

func marked(o *huma.Operation) bool {
	return slices.ContainsFunc(o.Middlewares, func(m func(huma.Context, func(huma.Context))) bool {
		return reflect.ValueOf(m).Pointer() == reflect.ValueOf(wire.Uncompressed).Pointer()
	})
}

// HEAD is answered wherever GET is, alike but for the body.
func TestHeadIsAnsweredWhereverGetIs(t *testing.T) {
	w := newWorld(t)
	routes := map[string]bool{}
	for _, r := range api.New(on(w.db)).Routes() {
		routes[r.Method+" "+r.Path] = true
	}
	gets := 0
	for route := range routes {
		if path, is := strings.CutPrefix(route, "GET "); is {
			gets++
			if !routes["HEAD "+path] {
				t.Errorf("%s has no HEAD", route)
			}
		}
	}
	if gets < 80 {
		t.Errorf("only %d routes", gets)
	}
	for _, path := range []string{
		"/v1/patients/" + w.patient(), "/v1/patients/" + nobody(), "/v1/worklists", "/openapi.yaml", "/metrics",
		"/docs/", "/dashboard/", "/f/nobody", "/r/nobody",
	} {
		get, _ := w.zipped("link_worker", "GET", path, "")
		head, body := w.zipped("link_worker", "HEAD", path, "")
		if head.StatusCode != get.StatusCode || len(body) != 0 ||
			head.Header.Get("Content-Type") != get.Header.Get("Content-Type") ||
			strings.TrimPrefix(head.Header.Get("ETag"), "W/") != strings.TrimPrefix(get.Header.Get("ETag"), "W/") {
			t.Errorf("%s: GET %d %v, HEAD %d %v", path, get.StatusCode, get.Header, head.StatusCode, head.Header)
		}
	}
	if refused, _ := w.raw("HEAD", w.url+"/v1/patients/"+nobody(), ""); refused.StatusCode != 401 {
		t.Errorf("without a key: %d", refused.StatusCode)
	}
}

// If-Match takes a list, and the weak form of our own tags, and no star.
func TestIfMatchTakesAList(t *testing.T) {
	w := newWorld(t)
	id, version := w.patient(), 1
	others := ""
	for i := range wire.MaxTags {
		others += fmt.Sprintf(`,"%d"`, 900+i)
	}
	for _, c := range []struct {
		tags   string
		status int
	}{
		{`"%d"`, 200}, {`W/"%d"`, 200}, {`"999", W/"%d"`, 200}, {`"%d","999"`, 200},
		{`"of another", "%d"`, 200}, {` W/"abc" ,W/"%d" `, 200}, {`*`, 412}, {`"%d", *`, 412},
		{`"998", "999"`, 412}, {`%d`, 412}, {`w/"%d"`, 412}, {`"of another"`, 412}, {`W/W/"%d"`, 412},
		{strings.Repeat(`"%d",`, 30) + `"2"`, 200}, {`"%d"` + others, 412},
	} {
		tags := strings.ReplaceAll(c.tags, "%d", fmt.Sprint(version))
		if a := w.as("link_worker").
			patch("/patients/"+id, tags, fmt.Sprintf(`{"preferred_name":"Mari %d"}`, version)); a.status != c.status {
			t.Errorf("%s: %d %s", tags, a.status, a.body)
		} else if a.status == 200 {
			version++
		}
	}
	w.as("link_worker").patch("/patients/"+id, "", `{"preferred_name":"Mari"}`).problem(428, "precondition_required")
	two, body := w.zipped(
		"link_worker",
		"PATCH",
		"/v1/patients/"+id,
		`{"preferred_name":"Mari"}`,
		"If-Match",
		`"999"`,
		"If-Match",
		fmt.Sprintf(`W/"%d"`, version),
	)
	if two.StatusCode != 200 {
		t.Errorf("two header lines: %d %s", two.StatusCode, body)
	}
}
