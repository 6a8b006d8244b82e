package wire

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"

	"github.com/labstack/echo/v4"
)

// An answer that its caller does not read is nobody's fault here; whatever else panics is.
func TestAnUnreadAnswerIsNoFault(t *testing.T) {
	t.Parallel()
	cut := fmt.Errorf("writing: %w", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.ECONNRESET)})
	for name, c := range map[string]struct {
		begun bool // whether the answer's first byte was written
		err   error
		fault bool
	}{
		"the caller has gone":               {true, cut, false},
		"the connection was closed":         {true, fmt.Errorf("writing: %w", net.ErrClosed), false},
		"a pipe is broken":                  {true, syscall.EPIPE, false},
		"another fault while it is written": {true, errors.New("index out of range"), true},
		"a call of ours was cut off":        {false, cut, true},
	} {
		ctx := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
		ctx.Response().Committed = c.begun
		if err := logPanic(ctx, c.err, nil); (err != nil) != c.fault {
			t.Errorf("%s: %v", name, err)
		}
	}
}
