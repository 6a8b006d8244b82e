package api_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"waypost/api"
	"waypost/api/wire"
	"waypost/internal/platform/db/dbtest"
)

// A request that was sent in half holds no connection to the database: others are answered while many of
// them stand open.
func TestAHalfSentRequestHoldsNothing(t *testing.T) {
	w, _, episode, followUp := asked(t)
	reply, link := "/r/"+w.replyLink(w.refer(episode)).token(), strings.TrimPrefix(w.link(followUp).link, w.url)
	for _, half := range []string{
		"POST " + reply, "POST " + link + "/how_have_you_been",
		"POST " + strings.Replace(reply, "/r/", "/v1/replies/", 1), "POST /v1/patients",
		"PATCH /v1/patients/" + nobody(), "POST /docs/", "POST /nowhere", "GET " + reply, "GET /v1/me",
	} {
		t.Run(strings.NewReplacer(reply, "/r/token", link, "/f/token").Replace(half), func(t *testing.T) {
			for range 12 { // there are 8 connections to the database
				c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "+
					"application/json\r\nContent-Length: 100\r\n\r\n{", half, w.keys["link_worker"])
			}
			for range 8 {
				impatient := http.Client{Timeout: 4 * time.Second} // a request that waits for a connection waits longer
				req, _ := http.NewRequest("GET", w.url+"/v1/me", nil)
				req.Header.Set("Authorization", "Bearer "+w.keys["link_worker"])
				answer, err := impatient.Do(req)
				if err != nil {
					t.Fatal("not answered while others are half sent")
				}
				answer.Body.Close()
				if answer.StatusCode != 200 {
					t.Errorf("status %d", answer.StatusCode)
				}
			}
		})
	}
}

// When the first byte of an answer is written, no connection to the database is held, whatever the answer
// is: whoever does not read it holds up nobody. It calls every operation, and the pages behind links, well
// and badly.
func TestNoAnswerIsWrittenWhileAConnectionIsHeld(t *testing.T) {
	w, _, episode, _ := asked(t)
	reply, served := "/r/"+w.replyLink(w.refer(episode)).token(), api.New(on(w.db))
	answers := 0
	call := func(method, path, body string, keys ...string) {
		for _, key := range append(keys, "wrong") {
			req := httptest.NewRequest(method, path, strings.NewReader(body))
			req.Header.Set("Authorization", "Bearer "+key)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept-Encoding", "gzip")
			served.ServeHTTP(&firstByte{ResponseWriter: httptest.NewRecorder(), written: func() {
				answers++
				if n := w.db.Pools()["requests"].Stats().InUse; n > 0 {
					t.Errorf("%s %s: %d connections are held while the answer is written", method, path, n)
				}
			}}, req)
		}
	}
	_, all := operations(t)
	for _, o := range all {
		for _, body := range []string{exampleBody(t, o), `{"nonsense":[1]}`, `[`} {
			call(
				o.Method,
				fill(o.Path, nobody()),
				body,
				w.keys["link_worker"],
				w.keys["administrator"],
				w.keys["data_steward"],
			)
		}
	}
	for _, page := range []string{
		reply, reply + "/declined", reply + "/thanks", "/r/nobodys", "/f/nobodys", "/f/nobodys/check",
		"/u/nobodys", "/readyz", "/docs/", "/nowhere",
	} {
		call("GET", page, "")
		call("POST", page, "answer=declined")
		call("POST", page, "answer=accepted%zz")
	}
	if answers < 800 {
		t.Errorf("only %d answers: the walk does not walk", answers)
	}
}

// firstByte tells when an answer begins to be written.
type firstByte struct {
	http.ResponseWriter
	written func()
}

func (f *firstByte) WriteHeader(status int) {
	f.written()
	f.ResponseWriter.WriteHeader(status)
}

// Behind a trusted proxy, whoever tries keys out is slowed down by their own address, and nobody else is. Of any other
// caller X-Forwarded-For is not believed.
func TestATrustedProxyTellsTheCallersAddress(t *testing.T) {
	t.Parallel()
	c := on(dbtest.New(t))
	guesses := func(w *world, from string) (n int) { // until they are refused
		guess := client{w: w, bearer: "wp_guess"}.with(pastJudges, "1").with("X-Forwarded-For", from)
		for n = 1; n < 1000 && guess.get("/me").status != 429; n++ {
		}
		return n
	}
	distrusting := &world{t: t, url: listening(t, c)}
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	trusting := &world{t: t, url: listening(t, c)}
	guesses(trusting, "192.0.2.1")
	if n := guesses(trusting, "192.0.2.3, 192.0.2.1"); n > wire.GuessesAtOnce/2 {
		t.Errorf("an address made up before the proxy's word was believed: %d guesses", n)
	}
	guesses(trusting, "2001:db8::1")
	if n := guesses(trusting, "2001:db8::2"); n > wire.GuessesAtOnce/2 { // of the same network of 64 bits
		t.Errorf("whoever has a network of IPv6 has a limit for each address: %d guesses", n)
	}
	if n := guesses(trusting, "192.0.2.2"); n < wire.GuessesAtOnce {
		t.Errorf("another address was slowed down after %d guesses", n)
	}
	guesses(distrusting, "192.0.2.1")
	if n := guesses(distrusting, "192.0.2.2"); n > wire.GuessesAtOnce/2 {
		t.Errorf("a caller who is no proxy was believed: %d guesses", n)
	}
}
