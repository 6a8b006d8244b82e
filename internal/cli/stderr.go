package cli

import (
	"bufio"
	"log/slog"
	"os"
	"regexp"
	"strings"
)

// peer is the address of a caller, which is no part of a log.
var peer = regexp.MustCompile(`->(\[[0-9a-fA-F:.%a-z]+\]|[0-9.]+):[0-9]+`)

// logStderr makes a line of the log of whatever libraries print to os.Stderr, as huma does when it cannot
// write an error's answer: whoever reads the log reads JSON lines and nothing else. The returned function
// puts os.Stderr back.
func logStderr() (restore func()) {
	from, to, err := os.Pipe()
	if err != nil { // no more file descriptors; what is to be served tells of it
		return func() {}
	}
	before, done := os.Stderr, make(chan struct{})
	os.Stderr = to
	go func() {
		defer close(done)
		for lines := bufio.NewReader(from); ; {
			line, err := lines.ReadString('\n')
			if text := trimmed(line); text != "" {
				slog.Warn("a library wrote to standard error", "text", peer.ReplaceAllString(text, "->"))
			}
			if err != nil {
				return
			}
		}
	}()
	return func() {
		os.Stderr = before
		_ = to.Close()
		<-done
		_ = from.Close()
	}
}

// trimmed returns a line without its line break, cut to the length of a line of the log.
func trimmed(line string) string {
	const longest = 1000 // bytes
	if len(line) > longest {
		line = line[:longest]
	}
	return strings.TrimSpace(line)
}
