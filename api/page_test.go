package api_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The API's page renders the 3.1 document in a real browser, without anything from elsewhere, and can take a key.
func TestTheSwaggerPage(t *testing.T) {
	w := newWorld(t)
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium here (make test installs it by apt): the page was not looked at")
	}
	dom, err := exec.CommandContext(
		t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+t.TempDir(), "--virtual-time-budget=20000", "--dump-dom", w.url+"/docs/",
	).
		Output()
	if err != nil {
		t.Fatal(err)
	}
	page := string(dom)
	for _, seen := range []string{"OAS 3.1", "Authorize", `data-tag="referrals"`, `data-tag="insights"`} {
		if !strings.Contains(page, seen) {
			t.Errorf("the page lacks %s", seen)
		}
	}
	for _, wrong := range []string{"Unable to render", "Failed to load"} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page says %s", wrong)
		}
	}
	// Nothing is fetched from elsewhere: what the page asks for is on this server, and the policy would
	// refuse the rest.
	if csp := w.anybody().
		do("GET", "/docs/index.html", "").
		want(200).
		header.Get(
		"Content-Security-Policy",
	); !strings.HasPrefix(
		csp,
		"default-src 'self'",
	) {
		t.Errorf("policy %s", csp)
	}
}

// Where the page has no file, the answer is a problem like everywhere else.
func TestNothingBesideThePage(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/docs/doc.json", "/docs/nothing.html", "/docs/.", "/docs/%2e%2e/api.go"} {
		w.anybody().do("GET", path, "").problem(404, "not_found")
	}
	w.anybody().do("GET", "/docs/swagger-ui.css", "").want(200)
	if first := w.anybody().do("GET", "/", "").want(200); !strings.Contains(string(first.body), "swagger-ui") {
		t.Errorf("the first page: %.200s", first.body)
	}
}
