package wire

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// stalled is a client that does not read.
type stalled struct {
	*httptest.ResponseRecorder
	waits, reads chan struct{}
}

func (s stalled) Write(b []byte) (int, error) {
	close(s.waits)
	<-s.reads
	return s.ResponseRecorder.Write(b)
}

// The document goes to everybody else while a client does not read it.
func TestAClientThatDoesNotReadTheDocumentHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	e := echo.New()
	new(Server).ServeDocument(e, []byte("openapi: 3.1.0\nservers: [{url: /}]\npaths: {}\n"), nil)
	get := func(w http.ResponseWriter) {
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
	}
	get(httptest.NewRecorder())
	slow := stalled{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	go get(slow)
	<-slow.waits
	defer close(slow.reads)
	answered := make(chan struct{})
	go func() {
		get(httptest.NewRecorder())
		close(answered)
	}()
	select {
	case <-answered:
	case <-time.After(10 * time.Second):
		t.Error("the document waits for a client that does not read it")
	}
}
