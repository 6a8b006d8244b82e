package cli

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
)

// levels are those of WAYPOST_LOG_LEVEL, from the one that logs most.
var levels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// step is the level so many steps from another: below 0 logs more.
func step(from slog.Level, by int) slog.Level {
	for i, l := range levels {
		if l == from {
			return levels[min(max(i+by, 0), len(levels)-1)]
		}
	}
	return from
}

// changeLevel lets SIGUSR1 log a level more, and SIGUSR2 a level less, until stop.
func changeLevel(level *slog.LevelVar) (stop func()) {
	asked := make(chan os.Signal, 1)
	for s := range levelSignals {
		signal.Notify(asked, s)
	}
	go func() {
		for s := range asked {
			level.Set(step(level.Level(), levelSignals[s]))
			// seen at whichever level
			slog.Log(context.Background(), max(level.Level(), slog.LevelInfo), "the log level was changed", "to", level.Level())
		}
	}()
	return func() {
		signal.Stop(asked)
		close(asked)
	}
}
