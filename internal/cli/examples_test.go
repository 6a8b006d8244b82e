package cli_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// needing are the operations whose example does not work on a demo as it stands, and why. Those that change something
// are tried after all that read, in the order of their ids.
var needing = map[string]string{
	"acknowledge-concern":        noneYet,
	"add-quote":                  "the words must be those that a person wrote",
	"ask-referral-question":      "the referral may be to another organisation than the demo's key is of",
	"change-api-key":             readFirst,
	"change-completion":          readFirst,
	"change-contact":             readFirst,
	"change-episode":             readFirst,
	"change-referral":            readFirst,
	"change-webhook":             noneYet,
	"check-quote":                noneYet,
	"complete-follow-up":         "while support goes on, its follow-up is not yet due",
	"confirm-api-key":            "the demo's keys are confirmed",
	"confirm-organisation-email": "the demo's addresses are confirmed",
	"confirm-service-email":      "the demo's addresses are confirmed",
	"create-update-link":         noneYet,
	"get-published-update":       noneYet,
	"get-release-file":           "of so few people no release is made",
	"get-webhook":                noneYet,
	"get-webhook-delivery":       noneYet,
	"list-webhook-deliveries":    noneYet,
	"mark-question-answered":     noneYet,
	"record-follow-up-service":   "the follow-up is completed first",
	"remove-webhook":             noneYet,
	"replace-webhook-secret":     noneYet,
	"replay-webhook":             noneYet,
	"retry-webhook-delivery":     noneYet,
	"set-instrument-wording":     "the words of ons4 come with it",
	"test-webhook":               noneYet,
	"withdraw-quote":             noneYet,
	"withdraw-update":            noneYet,
	"accept-transfer":            noneYet,
	"cancel-transfer":            noneYet,
	"close-correction":           noneYet,
	"close-cover":                noneYet,
	"confirm-merge":              noneYet,
	"create-handover":            "the example names one link worker twice",
	"get-attempt":                noneYet,
	"get-completion":             noneYet,
	"get-handover":               noneYet,
	"get-loss":                   noneYet,
	"get-merge":                  noneYet,
	"get-transfer":               noneYet,
	"mark-assessment-in-error":   corrected,
	"mark-attempt-in-error":      noneYet,
	"mark-completion-in-error":   noneYet,
	"merge-patients":             oneRecord,
	"move-assessment":            rightRecord,
	"move-attendance":            rightRecord,
	"move-completion":            rightRecord,
	"move-contact":               rightRecord,
	"move-referral-record":       rightRecord,
	"record-not-duplicate":       oneRecord,
	"refuse-transfer":            noneYet,
	"request-transfer":           "the example names the person's own site",
	"restore-assessment":         corrected,
	"restore-attempt":            noneYet,
	"restore-completion":         noneYet,
	"undo-merge":                 noneYet,
}

const (
	noneYet   = "a demo has none until one is made"
	readFirst = "If-Match names the version that was read"

	corrected   = "a correction takes its place first"
	oneRecord   = "a demo's people have one record each"
	rightRecord = "it is on the right record"
)

// endings are tried last and in this order: after them, others are refused.
var endings = []string{
	"mark-contact-in-error", "restore-contact", "mark-consent-in-error", "restore-consent",
	"mark-assessment-in-error", "restore-assessment", "mark-attendance-in-error", "restore-attendance",
	"mark-episode-in-error", "restore-episode", "mark-patient-in-error", "restore-patient",
	"record-follow-up-loss", "mark-loss-in-error", "restore-loss",
	"pause-episode", "resume-episode", "undo-referral-move", "remove-note", "remove-interview", "remove-project-member",
	"complete-follow-up", "revoke-reply-link", "revoke-follow-up-link", "close-episode",
	"open-closed-episode", "revoke-api-key", "advance-demo-clock",
}

// The requests that the document of a demo shows are answered with success, with what is filled in already.
func TestExamplesWorkOnADemo(t *testing.T) {
	t.Parallel()
	i := newInstance(t, "--demo", "--people", "300")
	i.start()
	keys := i.demoKeys()
	doc := i.document()
	var reads, changes []example
	for path, methods := range doc["paths"].(map[string]any) {
		for method, o := range methods.(map[string]any) {
			e := doc.example(strings.ToUpper(method), path, o.(map[string]any))
			if e.roles == nil {
				continue // its credential is in the path
			}
			if method == "get" {
				reads = append(reads, e)
			} else {
				changes = append(changes, e)
			}
		}
	}
	inOrder := func(a, b example) int {
		return cmp.Or(cmp.Compare(slices.Index(endings, a.id), slices.Index(endings, b.id)), strings.Compare(a.id, b.id))
	}
	slices.SortFunc(reads, inOrder)
	slices.SortFunc(changes, inOrder)
	for _, e := range append(reads, changes...) {
		isGood, answers := false, ""
		for _, role := range e.roles { // some may call it, and not about this
			status, body := i.try(keys[role], e)
			if isGood = slices.Contains(e.good, status); isGood {
				break
			}
			answers += fmt.Sprintf("\n%s: %d %s", role, status, body)
		}
		if reason := needing[e.id]; isGood && reason == noneYet || !isGood && reason == "" {
			t.Errorf("%s: %s %s %s (excepted: %q) %s", e.id, e.method, e.url, e.body, needing[e.id], answers)
		}
	}
	if len(reads)+len(changes)-len(needing) < 100 {
		t.Errorf("%d examples of %d work", len(reads)+len(changes)-len(needing), len(reads)+len(changes))
	}
}

// example is a request as Swagger UI fills it in.
type example struct {
	id, method, url string
	roles           []string
	header          http.Header
	body            []byte
	good            []int
}

type document map[string]any

func (i *instance) document() (doc document) {
	i.t.Helper()
	res, err := http.Get("http://" + i.addr + "/openapi.json")
	if err != nil {
		i.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		i.t.Fatal(err)
	}
	return doc
}

// resolved is what a reference within the document leads to.
func (d document) resolved(n any) map[string]any {
	m := n.(map[string]any)
	ref, is := m["$ref"].(string)
	if !is {
		return m
	}
	var at any = map[string]any(d)
	for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[step]
	}
	return at.(map[string]any)
}

func (d document) example(method, path string, o map[string]any) example {
	e := example{id: o["operationId"].(string), method: method, url: path, header: http.Header{}}
	roles, _ := o["x-roles"].([]any)
	for _, role := range roles {
		e.roles = append(e.roles, role.(string))
	}
	query := url.Values{}
	parameters, _ := o["parameters"].([]any)
	for _, p := range parameters {
		p := d.resolved(p)
		value, given := p["example"]
		if schema := d.resolved(p["schema"]); !given && schema["examples"] != nil {
			value, given = schema["examples"].([]any)[0], true
		}
		if !given {
			continue
		}
		switch name, text := p["name"].(string), fmt.Sprint(value); p["in"] {
		case "path":
			e.url = strings.ReplaceAll(e.url, "{"+name+"}", text)
		case "query":
			query.Set(name, text)
		case "header":
			e.header.Set(name, text)
		}
	}
	if len(query) > 0 {
		e.url += "?" + query.Encode()
	}
	if body, takes := o["requestBody"].(map[string]any); takes {
		for kind, m := range body["content"].(map[string]any) {
			e.body, _ = json.Marshal(m.(map[string]any)["example"])
			e.header.Set("Content-Type", kind)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(o["responses"].(map[string]any))) {
		if n, err := strconv.Atoi(status); err == nil && n < 300 {
			e.good = append(e.good, n)
		}
	}
	return e
}

func (i *instance) try(key string, e example) (int, []byte) {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), e.method, "http://"+i.addr+e.url, bytes.NewReader(e.body))
	if err != nil {
		i.t.Fatal(err)
	}
	req.Header = e.header
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		i.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return res.StatusCode, b
}
