package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"waypost/internal/platform/fault"
)

const (
	maxBody     = 1 << 20
	maxDrain    = 16 << 20 // read past a body that is too large, so that the caller gets to read the answer
	bodyTimeout = 15 * time.Second
	MaxDepth    = 32
	MaxEntries  = 1000    // of a list, and of an object: more than any operation takes
	maxTokens   = 100_000 // of a whole body: values, names and brackets
)

// Request is what the operation wrappers need to know of the HTTP request.
type Request struct {
	Header    http.Header
	operation string // its method and route
	Path      string
	Query     string // as it was sent
	Body      []byte
	bodySum   [sha256.Size]byte
}

type requestKey struct{}

func RequestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// Receive reads the body once and whole, within its limits, before a connection to the database is taken.
func Receive(c echo.Context, longest int64) error {
	body, err := readBody(c, longest)
	if err != nil {
		return err
	}
	req := c.Request()
	info := &Request{
		operation: req.Method + " " + c.Path(),
		Header:    req.Header,
		Path:      req.URL.Path,
		Query:     req.URL.RawQuery,
		Body:      body,
		bodySum:   sha256.Sum256(body),
	}
	req = req.WithContext(context.WithValue(req.Context(), requestKey{}, info))
	req.Body = io.NopCloser(bytes.NewReader(body))
	c.SetRequest(req)
	return nil
}

// strict refuses what encoding/json and net/url would let pass: duplicate names, invalid UTF-8, NUL characters,
// anything after the value, a query of which parts cannot be read or stand twice.
func strict(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := RequestOf(c.Request().Context())
		parameters, err := url.ParseQuery(req.Query)
		if err != nil {
			return fault.New(fault.Unreadable, "The query cannot be read.") // parts of it would be passed over
		}
		for _, values := range parameters {
			if len(values) > 1 {
				// one would be passed over
				return fault.New(fault.Unreadable, "The query cannot be read.").
					At("query", fault.Duplicate, "has a parameter twice")
			}
		}
		if len(req.Body) == 0 {
			return next(c)
		}
		if !isJSON(req.Header.Get(echo.HeaderContentType)) {
			return withStatus(
				fault.Invalid,
				http.StatusUnsupportedMediaType,
				"The body must be JSON, with Content-Type: application/json.",
			)
		}
		if err := CheckJSON(req.Body); err != nil {
			return err
		}
		req.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
		return next(c)
	}
}

func readBody(c echo.Context, longest int64) ([]byte, error) {
	rc := http.NewResponseController(c.Response().Writer)
	_ = rc.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every connection can
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, longest+1))
	if err != nil {
		return nil, fault.New(fault.Unreadable, "The body did not arrive whole.").Because(errors.New("reading a body"))
	}
	if int64(len(body)) > longest {
		_, _ = io.CopyN(io.Discard, c.Request().Body, maxDrain)
		return nil, fault.New(fault.TooLarge, fmt.Sprintf("The body is larger than %d KiB.", longest>>10))
	}
	_ = rc.SetReadDeadline(time.Time{})
	return body, nil
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || kind == "application/merge-patch+json")
}

// CheckJSON walks the tokens. The decoder itself refuses duplicate names and invalid UTF-8.
func CheckJSON(body []byte) error {
	unreadable := func(why string) error {
		return fault.New(fault.Unreadable, "The body is not JSON that can be taken.").At("body", fault.WrongFormat, why)
	}
	tooMany := func(what string) error {
		return fault.New(fault.Invalid, "The request is well formed, but not right.").At("body", fault.TooLong, what)
	}
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for tokens := 0; ; tokens++ {
		token, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, jsontext.ErrDuplicateName):
			return unreadable("a name stands twice in one object")
		case err != nil:
			return unreadable("it is broken, cut short, not UTF-8, or has more than one value")
		case d.StackDepth() > MaxDepth:
			return unreadable("it is nested too deeply")
		case entries(d) > MaxEntries:
			return tooMany(fmt.Sprintf("has a list or an object with more than %d entries", MaxEntries))
		case tokens == maxTokens:
			return tooMany("has more values than any operation takes")
		case token.Kind() == '"' && strings.ContainsRune(token.String(), 0):
			return unreadable("a text holds a NUL character")
		case d.StackDepth() == 0 && len(bytes.TrimSpace(body[d.InputOffset():])) > 0:
			return unreadable("it has more than one value")
		}
	}
}

// entries is how many there are so far in the list or object that the decoder is in.
func entries(d *jsontext.Decoder) int64 {
	kind, n := d.StackIndex(d.StackDepth())
	if kind == '{' { // names and values are counted
		n /= 2
	}
	return n
}
