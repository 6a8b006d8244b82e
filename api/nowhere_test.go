package api_test

import (
	"strings"
	"testing"

	"waypost/internal/platform/db/dbtest"
)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

// Whatever a browser asks for that is not there is answered with a page; programs get a problem.
func TestABrowserGetsAPageWhereThereIsNone(t *testing.T) {
	t.Parallel()
	w := &world{t: t, url: listening(t, on(dbtest.New(t)))}
	for _, path := range []string{
		"/nowhere", "/r/", "/f/", "/u/", "/r", "/f", "/u", "/r/.", "/r//", "/docs/nothing",
		"/dashboard/nothing", "/assets/", "/r/a/b/c/d", "/v1x", "/f/nobody", "/r/nobody", "/u/nobody",
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			answer, body := w.raw(method, w.url+path, "", "Accept", browser)
			if answer.StatusCode != 404 && answer.StatusCode != 405 ||
				!strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") ||
				method != "HEAD" && !strings.Contains(string(body), "<h1>") {
				t.Errorf("%s %s: %d %s", method, path, answer.StatusCode, answer.Header.Get("Content-Type"))
			}
		}
	}
	for _, accept := range []string{"", "*/*", "application/json"} {
		if answer, _ := w.raw(
			"GET",
			w.url+"/nowhere",
			"",
			"Accept",
			accept,
		); answer.StatusCode != 404 ||
			answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("a program that accepts %q: %v", accept, answer.Header)
		}
	}
	for path, status := range map[string]int{"/v1/nowhere": 404, "/v1": 404, "/v1/me": 401} {
		if answer, _ := w.raw(
			"GET",
			w.url+path,
			"",
			"Accept",
			browser,
		); answer.StatusCode != status ||
			answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s of a browser: %d %v", path, answer.StatusCode, answer.Header)
		}
	}
}

// A link works with what mail programs and people leave at its end.
func TestALinkMayHaveSomethingAfterItsEnd(t *testing.T) {
	w, _, episode, followUp := asked(t)
	for _, link := range []string{w.replyLink(w.refer(episode)).link, w.link(followUp).link} {
		for _, after := range []string{"/", ".", ".)", "%3E", "%20", "//.", "/."} {
			answer, _ := w.raw("GET", link+after, "", "Accept", browser)
			if at := answer.Header.Get("Location"); answer.StatusCode != 302 || w.url+at != link {
				t.Errorf("%s after a link: %d", after, answer.StatusCode)
			}
			if page := (person{w, link}).open(after); page.status != 200 || page.at != "" {
				t.Errorf("%s after a link leads to %d at %q", after, page.status, page.at)
			}
		}
	}
}
