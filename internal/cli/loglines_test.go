package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
)

// Everything that Waypost writes to standard error while it serves is a JSON line, whatever callers do:
// send what is no HTTP, hang up, or leave a large answer unread.
func TestTheLogIsJSONLines(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	var log bytes.Buffer
	i.log, i.more = &log, []string{"WAYPOST_LOG_LEVEL=debug"}
	i.start()
	key, err := i.run("keys", "create", "--role", "administrator", "--label", "test")
	if err != nil {
		t.Fatal(err)
	}
	wrong := `{"name":"Club","needs":[` + strings.Repeat("1,", 400_000) + `1]}`
	post := "POST /v1/organisations/" + uuid.NewString() + "/services HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" +
		"Content-Type: application/json\r\nAccept: %s\r\nContent-Length: %d\r\n\r\n%s"
	for _, sent := range []string{
		fmt.Sprintf(post, key, "application/json", len(wrong), wrong), fmt.Sprintf(post, key, "image/png", 2, "{}"),
		"\x16\x03\x01\x02\x00\x01", "GET /v1/me HTTP/1.1\r\nbroken\r\n\r\n",
		"GET /r/" + strings.Repeat("a", 43) + " HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		c, err := net.Dial("tcp", i.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte(sent))
		_, _ = c.Read(make([]byte, 1)) // the answer has begun
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	i.signal(syscall.SIGTERM)
	lines := 0
	for line := range strings.Lines(log.String()) {
		lines++
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON line: %.300s", line)
		}
	}
	if lines < 10 {
		t.Errorf("only %d lines", lines)
	}
}
