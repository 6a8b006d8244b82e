package api_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"waypost/docs"
)

var (
	hrefs = regexp.MustCompile(`(?:href|src)="([^"]+)"`)
	ids   = regexp.MustCompile(`id="([^"]+)"`)
)

// Every guide is served as a page, and every link and anchor between guides leads somewhere.
func TestGuidesAreServed(t *testing.T) {
	w := newWorld(t)
	pages := map[string]string{}
	read := func(path string) string {
		if body, ok := pages[path]; ok {
			return body
		}
		answer, err := http.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s is answered with %d, %v", path, answer.StatusCode, err)
		}
		pages[path] = string(body)
		if strings.Contains(answer.Header.Get("Content-Type"), "text/html") && strings.HasPrefix(path, "/docs/guides") {
			if policy := answer.Header.Get("Content-Security-Policy"); strings.Contains(policy, "script-src") ||
				!strings.HasPrefix(policy, "default-src 'none'") {
				t.Errorf("%s may load what it likes: %s", path, policy)
			}
		}
		return pages[path]
	}
	seen := map[string]bool{}
	next := []string{"/docs/guides/"}
	guides := 0
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		body := read(path)
		if !strings.HasPrefix(path, "/docs/guides/") || strings.Contains(path, ".") {
			continue
		}
		guides++
		if n := strings.Count(body, "<h1"); n != 1 {
			t.Errorf("%s has %d first headings", path, n)
		}
		base, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range hrefs.FindAllStringSubmatch(body, -1) {
			to, err := base.Parse(found[1])
			switch {
			case err != nil:
				t.Errorf("%s has the link %s: %v", path, found[1], err)
			case to.IsAbs(): // of the world, or of the demo on the reader's machine
			case to.Fragment != "" && !strings.Contains(read(to.Path), `id="`+to.Fragment+`"`):
				t.Errorf("%s links to %s, which is not there; there are %v",
					path, found[1], ids.FindAllString(read(to.Path), -1))
			default:
				next = append(next, to.Path)
			}
		}
	}
	if guides < 20 {
		t.Errorf("only %d guides are served", guides)
	}
	for _, path := range []string{
		"nothing", "../docs.go", "..%2fdocs.go", "docs.go", "figures.md", "decisions", "%00", "safety/hazards.yaml",
	} {
		answer, err := http.Get(w.url + "/docs/guides/" + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s is answered with %d", path, answer.StatusCode)
		}
	}
}

// The document says where the guides are.
func TestTheDocumentLeadsToGuides(t *testing.T) {
	t.Parallel()
	if !strings.Contains(string(docs.OpenAPI), docs.Guides) {
		t.Errorf("the document does not name %s", docs.Guides)
	}
}

// axe-core finds nothing to mend on a guide, and a phone shows it without scrolling sideways.
func TestGuidesAreAccessible(t *testing.T) {
	w := newWorld(t)
	p, _, judge := judgedPhone(t)
	for _, name := range []string{"", "figures", "partners", "decisions/"} {
		p.do(chromedp.Navigate(w.url+"/docs/guides/"+name), chromedp.WaitVisible("h1"))
		judge("guide " + name)
		if !evaluate[bool](p, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`) {
			t.Errorf("the guide %q is wider than the screen", name)
		}
	}
}
