//go:build judges

// Package judges holds the API against programs that none of us wrote: see docs/contract.md. make contract runs it.
package judges

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

const document = "../../docs/openapi.yaml"

// demo is a Waypost that is served as people serve it, with synthetic people to call about.
type demo struct {
	url  string
	keys map[string]string // by role
}

var (
	started  sync.Once
	theDemo  demo
	stopDemo = func() {}
)

func TestMain(m *testing.M) {
	code := m.Run()
	stopDemo()
	os.Exit(code)
}

// served is the demo that the tests share.
func served(t *testing.T) demo {
	t.Helper()
	started.Do(func() {
		var err error
		if theDemo, err = serve(); err != nil {
			t.Fatal(err)
		}
	})
	if theDemo.url == "" {
		t.Fatal("no demo to call")
	}
	return theDemo
}

func serve() (d demo, err error) {
	dir, err := os.MkdirTemp("", "waypost-judges-")
	if err != nil {
		return d, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's own user passes through, where the tests run as root
		return d, err
	}
	bin := filepath.Join(dir, "waypost")
	if out, err := exec.Command("go", "build", "-o", bin, "waypost").CombinedOutput(); err != nil {
		return d, fmt.Errorf("%w: %s", err, out)
	}
	address, err := freeAddress()
	if err != nil {
		return d, err
	}
	cmd := exec.Command(bin, "serve", "--demo", "--people", "900")
	cmd.Env = append(
		os.Environ(),
		"WAYPOST_DATA_DIR="+filepath.Join(dir, "data"),
		"WAYPOST_ADDR="+address,
		"WAYPOST_LOG_LEVEL=error",
	)
	cmd.Stderr = os.Stderr
	if err := startBound(cmd); err != nil {
		return d, err
	}
	stopDemo = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		os.RemoveAll(dir)
	}
	d.url = "http://" + address
	if err := d.ready(); err != nil {
		return d, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "data", "demo-keys.json"))
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(text, &d.keys)
}

// startBound starts a program that ends with us, even when we are killed. The signal follows the thread that
// started it, which therefore stays.
func startBound(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread()
		failed <- cmd.Start()
		select {}
	}()
	return <-failed
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (d demo) ready() error {
	for range 1200 {
		if res, err := http.Get(d.url + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the demo was not ready within two minutes")
}

type fields = map[string]any

// call sends a request that must succeed.
func (d demo) call(t *testing.T, r request) (answer fields, header http.Header) {
	t.Helper()
	status, b, header := d.send(t, r)
	if status > 299 {
		t.Fatalf("%s %s %s: %d %s", r.operation, r.method, r.at, status, b)
	}
	if len(b) == 0 {
		return nil, header
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		t.Fatal(err)
	}
	return answer, header
}

func (d demo) send(t *testing.T, r request) (status int, body []byte, header http.Header) {
	t.Helper()
	var sent io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, d.url+r.at, sent)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	if r.role != "" {
		req.Header.Set("Authorization", "Bearer "+d.keys[r.role])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b, res.Header
}
