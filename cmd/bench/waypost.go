package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"waypost/internal/platform/localpg"
)

// waypost is a running program.
type waypost struct {
	*exec.Cmd
	address string
	dir     string
	took    time.Duration // until it was ready
	key     string        // of the demo's link worker
	keys    keys
}

// start runs waypost serve and waits until it is ready.
func (s settings) start(ctx context.Context, dir string, arguments ...string) (*waypost, error) {
	return s.startOn(ctx, dir, nil, arguments...)
}

func (s settings) startOn(
	ctx context.Context,
	dir string,
	environment []string,
	arguments ...string,
) (*waypost, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	w := &waypost{
		Cmd:     exec.CommandContext(ctx, s.binary, append([]string{"serve"}, arguments...)...),
		address: address,
		dir:     dir,
	}
	w.Env = append(
		append(os.Environ(), "WAYPOST_ADDR="+address, "WAYPOST_DATA_DIR="+dir, "WAYPOST_LOG_LEVEL=error"),
		environment...)
	w.Stderr = os.Stderr
	w.Cancel = func() error { return w.Process.Signal(syscall.SIGTERM) }
	began := time.Now()
	if err := w.Cmd.Start(); err != nil {
		return nil, err
	}
	if err := w.ready(ctx); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	w.took = time.Since(began)
	return w, nil
}

func (w *waypost) ready(ctx context.Context) error {
	for end := time.Now().Add(time.Hour); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		answer, err := http.Get("http://" + w.address + "/readyz")
		if err != nil {
			if w.Process.Signal(syscall.Signal(0)) != nil {
				return errors.New("waypost ended")
			}
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("waypost was not ready in time")
}

func (w *waypost) stop() error {
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		return nil // it has ended
	}
	return w.Wait()
}

// memory is a line of the process's status: VmRSS now, VmHWM at most.
func (w *waypost) memory(line string) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.Process.Pid))
	if err != nil {
		return "not known here"
	}
	for text := range strings.Lines(string(status)) {
		var kib int
		if n, _ := fmt.Sscanf(text, line+": %d kB", &kib); n == 1 {
			return fmt.Sprintf("%.1f MB", float64(kib)/1000*1.024)
		}
	}
	return "not known here"
}

// call makes one request as the link worker and decodes the answer.
func (w *waypost) call(ctx context.Context, r request, into any) error {
	q, err := http.NewRequestWithContext(ctx, r.method, "http://"+w.address+r.path, strings.NewReader(r.body))
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+w.key)
	if r.body != "" {
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Idempotency-Key", fmt.Sprintf("bench-%d", time.Now().UnixNano()))
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s answered %d: %s", r.method, r.path, answer.StatusCode, body)
	}
	return json.Unmarshal(body, into)
}

// database is how to reach the PostgreSQL that the program runs.
func (w *waypost) database() (localpg.Conn, error) { return localpg.Attach(w.dir) }

func (w *waypost) readKey() error {
	text, err := os.ReadFile(filepath.Join(w.dir, "demo-keys.json"))
	if err != nil {
		return err
	}
	err = json.Unmarshal(text, &w.keys)
	w.key = w.keys.LinkWorker
	return err
}

type keys struct {
	LinkWorker  string `json:"link_worker"`
	Dashboard   string `json:"dashboard"`
	SiteManager string `json:"site_manager"`
	DataSteward string `json:"data_steward"`
	Integration string `json:"integration"`
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func lines(r io.Reader, each func(string)) {
	for s := bufio.NewScanner(r); s.Scan(); {
		each(s.Text())
	}
}

// untilDone waits until a periodic job has been done once.
func (w *waypost) untilDone(ctx context.Context, job string) error {
	for end := time.Now().Add(time.Hour); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get("http://" + w.address + "/metrics")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
		if strings.Contains(string(text), fmt.Sprintf("waypost_jobs_total{job=%q,outcome=\"done\"}", job)) {
			return nil
		}
	}
	return fmt.Errorf("the job %s was never done", job)
}
