package db

import (
	"errors"
	"regexp"
	"runtime"
	"strings"

	"waypost/internal/platform/fault"
)

// located is an error with the method of ours that it came about in, for the log.
type located struct {
	method string
	cause  error
}

func (l *located) Error() string { return l.method + ": " + l.cause.Error() }
func (l *located) Unwrap() error { return l.cause }

// locate notes which method called Do, in an error or in the cause of a fault. The innermost Do is the store's own, so
// what it noted stands. A fault without a cause is an answer to the caller and needs no place.
func locate(err error) error {
	var known *fault.Error
	var noted *located
	if err == nil || errors.As(err, &noted) {
		return err
	}
	method := caller()
	switch {
	case strings.HasPrefix(method, "cli."): // a command says itself what was wrong, to who typed it
		return err
	case !errors.As(err, &known):
		return &located{method, err}
	case known.Cause == nil || known != err: // who wrapped it said enough
		return err
	}
	return known.Because(&located{method, known.Cause})
}

// relocate gives a fault that was made of err the place that err names.
func relocate(made, err error) error {
	var known *fault.Error
	var noted, kept *located
	if errors.As(err, &noted) && errors.As(made, &known) && known == made && known.Cause != nil && !errors.As(made, &kept) {
		return known.Because(&located{noted.method, known.Cause})
	}
	return made
}

const (
	ourModule = "waypost/"
	thisOne   = ourModule + "internal/platform/db."
)

// closure is how the runtime names functions within a function.
var closure = regexp.MustCompile(`(\.func\d+|\.\d+|-range\d+)+$`)

// caller is the nearest method outside this package, such as referrals.(*Store).Send. It costs a walk of the stack,
// which only errors pay for.
func caller() string {
	at := make([]uintptr, 16)
	frames := runtime.CallersFrames(at[:runtime.Callers(3, at)])
	for {
		frame, more := frames.Next()
		if name, ours := strings.CutPrefix(frame.Function, ourModule); ours && !strings.HasPrefix(frame.Function, thisOne) {
			return closure.ReplaceAllString(name[strings.LastIndexByte(name, '/')+1:], "")
		}
		if !more {
			return "unknown"
		}
	}
}
