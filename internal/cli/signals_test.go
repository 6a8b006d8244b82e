package cli_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// A terminal that closes, and whoever read the output and has ended, do not end the process. SIGTERM makes
// it unready at once while it goes on answering for the delay that is set; a second one ends the delay.
func TestWhatEndsServeAndWhatDoesNot(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.more = []string{"WAYPOST_LOG_LEVEL=debug", "WAYPOST_DRAIN_DELAY=5m"}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	i.cmd = exec.Command(i.bin, "serve")
	i.cmd.Env, i.cmd.Stdout, i.cmd.Stderr = i.environ(), writer, writer
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	go io.Copy(io.Discard, reader)
	i.ready()
	reader.Close()
	if err := i.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for range 20 { // each is a line of the log
		if status := i.probe("/readyz"); status != http.StatusOK {
			t.Fatalf("ready: %d", status)
		}
	}
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(
		t,
		"it is not ready any more",
		func() bool { return i.probe("/readyz") == http.StatusServiceUnavailable },
	)
	for range 5 {
		if status, _ := i.call("none", "GET", "/me", "", ""); status != http.StatusUnauthorized {
			t.Errorf("a request is answered %d", status)
		}
	}
	ended := make(chan error, 1)
	process := i.cmd
	i.cmd = nil
	go func() { ended <- process.Wait() }()
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		_ = process.Process.Kill()
		t.Error("a second signal does not end the delay")
	}
}

// eventually waits for what comes to pass.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in three minutes: %s", what)
		}
	}
}
