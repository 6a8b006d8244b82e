package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// What a library prints to standard error is a JSON line, without the caller's address.
func TestWhatLibrariesPrintIsALineOfTheLog(t *testing.T) { // not parallel: it moves os.Stderr and the log
	var log bytes.Buffer
	before, whole := slog.Default(), os.Stderr
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	restore := logStderr()
	fmt.Fprint(os.Stderr, "could not write error: write tcp 127.0.0.1:8080->192.0.2.7:51234: write: broken pipe\n\n")
	fmt.Fprint(os.Stderr, "write tcp [::1]:8080->[2001:db8::7]:51234: closed\n")
	fmt.Fprint(os.Stderr, strings.Repeat("x", 100_000))
	restore()
	if os.Stderr != whole {
		t.Error("os.Stderr is not put back")
	}
	var texts []string
	for line := range strings.Lines(log.String()) {
		var l struct{ Level, Msg, Text string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Level != "WARN" || len(l.Text) > 1000 {
			t.Errorf("%v: %.200s", err, line)
		}
		texts = append(texts, l.Text)
	}
	wrote := "could not write error: write tcp 127.0.0.1:8080->: write: broken pipe"
	if len(texts) != 3 || texts[0] != wrote || texts[1] != "write tcp [::1]:8080->: closed" {
		t.Errorf("%.300q", texts)
	}
}
