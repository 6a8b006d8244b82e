//go:build unix

package localpg

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// linePrefix puts the SQLSTATE and the kind of process before every line: see read.
const linePrefix = "%e|%b|"

// crashed is in the line about a process that was killed or failed: every session ends.
const crashed = "terminated by signal"

// serverLog passes what postgres writes to slog and keeps the last of it, to explain a failed start.
type serverLog struct {
	logger *slog.Logger
	ended  chan struct{} // closed when all of it was read

	mu   sync.Mutex
	last []string
}

func readLog(r io.ReadCloser, logger *slog.Logger) *serverLog {
	l := &serverLog{logger: logger, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		defer r.Close()
		l.drain(bufio.NewReader(r))
	}()
	return l
}

// drain reads to the end whatever comes, since postgres would stand still on a full pipe; of a long line it keeps the
// first part.
func (l *serverLog) drain(r *bufio.Reader) {
	inside := false
	for {
		part, more, err := r.ReadLine()
		if err != nil {
			return
		}
		if !inside {
			l.read(string(part))
		}
		inside = more
	}
}

// read logs one line. What a process that runs SQL says may quote a value of somebody's record ("invalid input syntax
// for type date: ..."), so of that only the SQLSTATE is kept: the caller of the statement has the rest.
func (l *serverLog) read(line string) {
	if strings.HasPrefix(line, "\t") {
		return // continues a message, and may be of one that is not kept
	}
	fields := strings.SplitN(line, "|", 3)
	if len(fields) != 3 {
		l.keep(slog.LevelWarn, line) // from before the settings were read: "postgres: could not ..."
		return
	}
	state, process := fields[0], fields[1]
	severity, text, _ := strings.Cut(fields[2], ":")
	text = severity + ":" + text
	level := levelOf(process, severity, state, text)
	switch {
	case !runsSQL(process) || severity == "PANIC":
		l.keep(level, text, "process", process, "sqlstate", state)
	case severity == "FATAL" || state == diskFull: // the end of a session, or about a file
		l.log(level, text, "process", process, "sqlstate", state)
	default:
		l.logger.Debug("postgres", "process", process, "severity", severity, "sqlstate", state)
	}
}

// keep remembers, and logs, what may be the end of postgres.
func (l *serverLog) keep(level slog.Level, text string, attrs ...any) {
	l.mu.Lock()
	l.last = append(l.last, strings.Join(strings.Fields(text), " "))
	l.last = l.last[max(0, len(l.last)-50):]
	l.mu.Unlock()
	l.log(level, text, attrs...)
}

func (l *serverLog) log(level slog.Level, text string, attrs ...any) {
	l.logger.Log(context.Background(), level, "postgres", append(attrs, "text", text)...)
}

func runsSQL(process string) bool {
	switch process {
	case "postmaster",
		"startup",
		"checkpointer",
		"background writer",
		"walwriter",
		"archiver",
		"autovacuum launcher",
		"logger":
		return false
	}
	return true
}

func levelOf(process, severity, state, text string) slog.Level {
	switch {
	case state == stillStarting, state == shutDown:
		// an answer to our own question whether it is ready; the end of a session that we asked for
		return slog.LevelDebug
	case strings.Contains(text, crashed):
		return slog.LevelWarn
	case severity == "FATAL" && (process == "postmaster" || process == "startup"):
		return slog.LevelDebug // the end of postgres, whose error repeats it
	}
	switch severity {
	case "WARNING", "ERROR", "FATAL", "PANIC":
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// fatal is what made postgres end, as far as it said: its latest lines about an end, or else what it said before it
// had read its settings.
func (l *serverLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var fatal, other []string
	for _, line := range l.last {
		severity, _, _ := strings.Cut(line, ":")
		switch {
		case severity == "FATAL", severity == "PANIC", strings.Contains(line, crashed):
			fatal = append(fatal, line)
		case severity != "LOG" && severity != "WARNING" && severity != "ERROR":
			other = append(other, line)
		}
	}
	if len(fatal) == 0 {
		fatal = other
	}
	return strings.Join(fatal[max(0, len(fatal)-3):], "; ")
}
