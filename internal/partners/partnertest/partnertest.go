// Package partnertest runs a partner's receiver of webhooks beside a test: a process of its own, which
// checks every message with a library that others wrote.
package partnertest

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed receiver.mjs
var program []byte

// Message is one that the receiver was sent.
type Message struct {
	Name      string // of the webhook: the last part of its URL
	ID        string // webhook-id
	Signature string
	Verified  bool
	Body      string
}

// Receiver is a running one.
type Receiver struct {
	URL string

	t     *testing.T
	port  int
	hooks map[string]map[string]string
	stop  func()
	mu    sync.Mutex
	all   []Message
}

// Modules is where npm puts what others wrote.
func Modules(t *testing.T) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	modules := filepath.Join(filepath.Dir(here), "../../../api/judges/node_modules")
	if _, err := os.Stat(filepath.Join(modules, "standardwebhooks")); err != nil {
		t.Skip("no verifier of webhooks here (make test brings it by npm)")
	}
	return modules
}

// Start runs a receiver.
func Start(t *testing.T) *Receiver {
	t.Helper()
	r := &Receiver{t: t, hooks: map[string]map[string]string{}}
	r.Run()
	t.Cleanup(func() { r.Stop() })
	return r
}

// Run starts it, at the port it had before, knowing what it knew.
func (r *Receiver) Run() {
	r.t.Helper()
	modules := Modules(r.t)
	script := filepath.Join(r.t.TempDir(), "receiver.mjs")
	if err := os.WriteFile(script, program, 0o600); err != nil {
		r.t.Fatal(err)
	}
	known, err := json.Marshal(r.hooks)
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command("node", script)
	cmd.Env = append(
		os.Environ(),
		"MODULES="+filepath.Dir(modules),
		fmt.Sprintf("PORT=%d", r.port),
		"HOOKS="+string(known),
	)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var begun struct{ Port int }
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &begun) != nil || begun.Port == 0 {
		r.t.Fatal("the receiver did not start")
	}
	r.port, r.URL = begun.Port, fmt.Sprintf("http://127.0.0.1:%d/", begun.Port)
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for lines.Scan() {
			var m Message
			if json.Unmarshal(lines.Bytes(), &m) == nil {
				r.mu.Lock()
				r.all = append(r.all, m)
				r.mu.Unlock()
			}
		}
	}()
	r.stop = func() { _ = cmd.Process.Kill(); <-ended; _ = cmd.Wait() }
}

// Stop kills it.
func (r *Receiver) Stop() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// Set says how the webhook of a name is answered (ok, fail, gone, redirect, stall, drip, huge), and what it
// is checked with.
func (r *Receiver) Set(name, answer, secret string) {
	r.t.Helper()
	r.hooks[name] = map[string]string{"answer": answer, "secret": secret}
	b, err := json.Marshal(r.hooks[name])
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPut, r.URL+name, strings.NewReader(string(b)))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	res.Body.Close()
}

// Got is what the webhook of a name was sent so far.
func (r *Receiver) Got(name string) (list []Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.all {
		if m.Name == name {
			list = append(list, m)
		}
	}
	return list
}

// Wait waits until the webhook of a name was sent so many messages.
func (r *Receiver) Wait(name string, n int) []Message {
	r.t.Helper()
	for range 2400 {
		if got := r.Got(name); len(got) >= n {
			return got
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.t.Fatalf("%s was sent %d messages, not %d", name, len(r.Got(name)), n)
	return nil
}
