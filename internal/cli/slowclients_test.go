package cli_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// While clients stand open that sent half a request, and others that do not read their answers, everybody
// else is served; and megabytes of wrong items take little memory. make crash asks for 200 clients of each
// kind, and for answers within a second.
func TestSlowClientsHoldUpNobody(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.start()
	key, err := i.run("keys", "create", "--role", "administrator", "--label", "test")
	if err != nil {
		t.Fatal(err)
	}
	clients, patience := kills("SLOW_CLIENTS", 20), 15*time.Second
	if os.Getenv("SLOW_CLIENTS") != "" {
		patience = time.Second
	}
	i.mustAnswer(key, patience) // the first of everything takes longer
	for n := range clients {
		path := []string{"/r/token", "/f/token/check", "/v1/replies/token", "/v1/sites", "/docs/", "/nowhere"}[n%6]
		i.send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "+
			"application/json\r\nContent-Length: 1000\r\n\r\n{", path, key))
		ask := fmt.Sprintf("GET /v1/code-lists HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", key)
		wrong := `{"role":"dashboard","label":"x","site_ids":[` + strings.Repeat("1,", 900) + `1]}`
		refused := fmt.Sprintf("POST /v1/api-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "+
			"application/json\r\nContent-Length: %d\r\n\r\n%s", key, len(wrong), wrong)
		// megabytes, which no buffer takes
		i.send(strings.Repeat(ask+refused, 3) + strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 8))
	}
	i.mustAnswer(key, time.Minute) // opening them is a load like any other
	var longest time.Duration
	for range 20 {
		longest = max(longest, i.mustAnswer(key, patience))
	}
	t.Logf("%d clients of each kind stand open: answered within %v", clients, longest)
	i.takesLittleMemory(key)
}

// send opens a connection, sends a text, and reads nothing until the test ends.
func (i *instance) send(text string) {
	i.t.Helper()
	c, err := net.Dial("tcp", i.addr)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { c.Close() })
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	go func() { _, _ = c.Write([]byte(text)) }() // it stalls where the server waits for answers to be read
}

// mustAnswer asks for what everybody asks, and wants to be answered in time.
func (i *instance) mustAnswer(key string, patience time.Duration) (took time.Duration) {
	i.t.Helper()
	began := time.Now()
	client := http.Client{Timeout: patience}
	for _, path := range []string{"/v1/me", "/readyz"} {
		req, err := http.NewRequestWithContext(i.t.Context(), "GET", "http://"+i.addr+path, nil)
		if err != nil {
			i.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		answer, err := client.Do(req)
		if err != nil {
			i.t.Fatalf("%s was not answered within %v", path, patience)
		}
		answer.Body.Close()
		if answer.StatusCode != 200 {
			i.t.Errorf("%s: status %d", path, answer.StatusCode)
		}
	}
	return time.Since(began)
}

// takesLittleMemory has eight callers send megabytes of wrong items, and looks at how the program grows.
func (i *instance) takesLittleMemory(key string) {
	mostGrowth := 120 << 10 // KiB; how much of it is garbage not yet collected differs from run to run
	if os.Getenv("SLOW_CLIENTS") != "" {
		mostGrowth = 60 << 10
	}
	before := i.peakMemory()
	bodies := []string{
		`{"role":"dashboard","label":"x","site_ids":[` + strings.Repeat("1,", 500_000) + `1]}`,
		`{"role":"dashboard","label":"x","site_ids":[` + strings.Repeat(
			"["+strings.Repeat("1,", 900)+"1],",
			500,
		) + `[]]}`,
		`{"x":[` + strings.Repeat(
			"["+strings.Repeat(`{"a":1},`, 900)+"1],",
			24,
		) + `[]]}`, // as many values as a body may have
	}
	var longest atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range 12 {
				status, answer := i.call(key, "POST", "/api-keys", "", bodies[n%3])
				if status != 422 {
					i.t.Errorf("wrong items: status %d", status)
				}
				longest.Store(max(longest.Load(), int64(len(answer))))
			}
		})
	}
	all.Wait()
	growth := i.peakMemory() - before
	i.t.Logf("peak memory grew by %d MiB, the longest answer has %d bytes", growth>>10, longest.Load())
	if growth > mostGrowth || longest.Load() > 16<<10 {
		i.t.Errorf(
			"with megabytes of wrong items memory grew by %d MiB, and an answer has %d bytes",
			growth>>10,
			longest.Load(),
		)
	}
}

// peakMemory is the most memory that the program has had, in KiB; 0 where the system does not tell.
func (i *instance) peakMemory() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	kib, _ := strconv.Atoi(strings.Fields(text)[0])
	return kib
}
