package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// signalAll signals the postmaster and every process that it started.
func (s *server) signalAll(t *testing.T, sig syscall.Signal) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "pg", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(postmaster, sig); err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		stat, _ := os.ReadFile(path)
		_, after, _ := strings.Cut(string(stat), ") ")
		var state string
		var parent int
		if _, err := fmt.Sscan(after, &state, &parent); err == nil && parent == postmaster {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			_ = syscall.Kill(pid, sig)
		}
	}
}

// A PostgreSQL whose processes are stopped takes connections and says nothing. Callers hear of it within
// seconds, and how soon to ask again.
func TestADatabaseThatSaysNothing(t *testing.T) {
	t.Parallel()
	s, i := newServer(t), newInstance(t)
	owner, login := s.database(t, "silent")
	if out, err := i.on(owner).run("migrate", "up"); err != nil {
		t.Fatal(out, err)
	}
	key, err := i.on(login).run("keys", "create", "--role", "administrator", "--label", "test")
	if err != nil {
		t.Fatal(err)
	}
	w := i.on(login)
	w.start()
	ask := func() (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+w.addr+"/v1/sites", nil)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		req.Header.Set("Authorization", "Bearer "+key)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Retry-After")
	}
	if status, _ := ask(); status != http.StatusOK {
		t.Fatal(status)
	}
	s.signalAll(t, syscall.SIGSTOP)
	defer s.signalAll(t, syscall.SIGCONT)
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			began := time.Now()
			status, after := ask()
			// 5 s where nothing else runs
			if took := time.Since(
				began,
			); status != http.StatusServiceUnavailable || after == "" ||
				took > 20*time.Second {
				t.Errorf("%d after %v, Retry-After %q", status, took, after)
			}
		})
	}
	all.Wait()
	began := time.Now()
	if status := w.probe("/readyz"); status != http.StatusServiceUnavailable || time.Since(began) > 20*time.Second {
		t.Errorf("ready: %d after %v", status, time.Since(began))
	}
	s.signalAll(t, syscall.SIGCONT)
	w.ready()
	eventually(t, "requests are answered again", func() bool { status, _ := ask(); return status == http.StatusOK })
}
