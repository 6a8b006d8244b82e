//go:build judges

package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"waypost/api/wire"
	"waypost/internal/platform/db/dbtest"
)

// Under the tag judges (make contract) every call of this package's tests passes through one Prism, which holds the
// request and the answer against docs/openapi.yaml.
func init() { run = runThroughPrism }

// prism is the way of a call through Prism, and what it has judged.
type prism struct {
	address                string
	calls, refused, direct atomic.Int64
}

// theServer tells the router behind Prism which test's server a call is for.
const theServer = "Waypost-Test-Server"

func runThroughPrism(m *testing.M) int {
	router := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", r.In.Header.Get(theServer)
		r.Out.URL.RawQuery = r.In.URL.RawQuery // as it was sent: a bad one is what a test may be about
		r.Out.Header.Del(theServer)
	}})
	defer router.Close()
	p, stop, err := startPrism(router.URL)
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting Prism (make contract installs it):", err)
		return 1
	}
	defer stop()
	through = &http.Client{Transport: p}
	code := dbtest.Run(m)
	if code == 0 {
		fmt.Printf("Prism: %d calls, and every answer as the document says; %d of them bad requests, which Waypost "+
			"refused too. %d calls went past it.\n",
			p.calls.Load(), p.refused.Load(), p.direct.Load())
	}
	return code
}

// startPrism starts Prism before a server and waits until it listens.
func startPrism(upstream string) (*prism, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	p := &prism{address: l.Addr().String()}
	l.Close()
	_, port, _ := net.SplitHostPort(p.address)
	cmd := exec.Command(
		"judges/node_modules/.bin/prism",
		"proxy",
		"../docs/openapi.yaml",
		upstream,
		"--host=127.0.0.1",
		"--port="+port,
		"--cors=false",
	)
	runtime.LockOSThread() // Prism dies with the thread that started it, which so lives as long as we do
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "is listening on") {
			go io.Copy(io.Discard, out)
			return p, stop, nil
		}
	}
	stop()
	return nil, nil, errors.New("it ended before it listened")
}

// RoundTrip takes a call through Prism. What Prism has against it fails the call, and so the test.
func (p *prism) RoundTrip(req *http.Request) (*http.Response, error) {
	passes, err := relayed(req)
	if err != nil {
		return nil, err
	}
	if !passes {
		p.direct.Add(1)
		return http.DefaultTransport.RoundTrip(req)
	}
	p.calls.Add(1)
	judged := req.Clone(req.Context())
	judged.Header.Set(theServer, req.URL.Host)
	judged.URL.Host = p.address
	res, err := http.DefaultTransport.RoundTrip(judged)
	if err != nil {
		return nil, err
	}
	if err := p.judge(res); err != nil {
		res.Body.Close()
		return nil, err
	}
	return res, nil
}

// relayed reports whether a call is of the API, and one that Prism hands on as it is. It knows no HEAD, takes
// every file for text, and reads and writes queries and JSON anew, so that broken ones would arrive mended
// or not at all.
func relayed(req *http.Request) (bool, error) {
	file := strings.HasPrefix(req.URL.Path, "/v1/releases/") && strings.Contains(req.URL.Path, "/files/")
	if !strings.HasPrefix(req.URL.Path, "/v1/") || req.Method == http.MethodHead || file ||
		req.Header.Get(pastJudges) != "" {
		return false, nil
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return false, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	_, err := url.ParseQuery(req.URL.RawQuery)
	return err == nil && (len(body) == 0 || wire.CheckJSON(body) == nil), nil
}

// judge lets no answer pass that the document does not foresee, and no success for what it calls a bad request or
// does not know.
func (p *prism) judge(res *http.Response) error {
	var violations []struct {
		Location []string
		Message  string
	}
	text := res.Header.Get("sl-violations")
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &violations); err != nil {
		return err
	}
	for _, v := range violations {
		if v.Location[0] == "response" || res.StatusCode < 400 {
			return fmt.Errorf(
				"Prism, of a call answered with %d: %s: %s",
				res.StatusCode,
				strings.Join(v.Location, "."),
				v.Message,
			)
		}
	}
	p.refused.Add(1)
	return nil
}

// A judge that lets lies pass is no judge.
func TestPrismCatchesALie(t *testing.T) {
	t.Parallel()
	for _, lie := range []struct {
		what, path string
		status     int
		body       string
	}{
		{"a field of another type", "/v1/me", 200, `{"role":1,"label":"x","site_ids":[],"link_worker_id":null,
			"organisation_id":null,"scopes":[],"expires_on":null}`},
		{"an item without its fields", "/v1/code-lists", 200, `{"items":[{"name":"needs"}],"next_cursor":null}`},
		{"a status that is not in the document", "/v1/me", 202, `{}`},
		{"success for a bad request", "/v1/organisations?limit=201", 200, `{"items":[],"next_cursor":null}`},
		{"an operation that is not in the document", "/v1/undocumented", 200, `{}`},
	} {
		liar := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(lie.status)
			_, _ = io.WriteString(rw, lie.body)
		}))
		defer liar.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, liar.URL+lie.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer wp_any")
		res, err := through.Do(req)
		if err == nil {
			res.Body.Close()
			t.Errorf("%s: it passes", lie.what)
		}
		t.Logf("%s: %v", lie.what, err)
	}
}
