package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// SIGUSR1 logs a level more and SIGUSR2 a level less, as far as there are levels, each with one line that says so.
func TestTheLogLevelChangesWhileServeRuns(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	i.log = file
	i.start() // at error
	logged := func() string {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for n, c := range []struct {
		signal   syscall.Signal
		level    string
		requests bool
	}{
		{syscall.SIGUSR2, "ERROR", false},
		{syscall.SIGUSR1, "WARN", false},
		{syscall.SIGUSR1, "INFO", true},
		{syscall.SIGUSR1, "DEBUG", true},
		{syscall.SIGUSR1, "DEBUG", true},
		{syscall.SIGUSR2, "INFO", true},
		{syscall.SIGUSR2, "WARN", false},
	} {
		if err := i.cmd.Process.Signal(c.signal); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the change is logged", func() bool { return strings.Count(logged(), "the log level was changed") == n+1 })
		before := strings.Count(logged(), `"msg":"request"`)
		i.call("none", "GET", "/me", "", "")
		if strings.Count(logged(), `"msg":"request"`) > before != c.requests || !strings.Contains(logged(), `"to":"`+c.level+`"`) {
			t.Errorf("%d: at %s: %s", n, c.level, logged())
		}
	}
}
