package wire

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/negotiation"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"waypost/internal/platform/fault"
)

// Problem is how every error is answered (RFC 9457). It never repeats what was sent.
type Problem struct {
	// A URI for the kind of problem.
	Type string `json:"type" format:"uri" example:"urn:waypost:problem:invalid"`
	// The kind of problem, in words.
	Title string `json:"title" example:"Invalid"`
	// The HTTP status.
	Status int `json:"status" example:"422"`
	// The kind of problem, stable: branch on this.
	Code string `json:"code"`
	// What happened, and what to do.
	Detail string `json:"detail" example:"The request is well formed, but not right."`
	// What is wrong, field by field: the first 20 errors at most. The detail says so where there may
	// be more.
	Errors []fault.Field `json:"errors" maxItems:"20"`
	// With conflict, where somebody is recorded: whom the site knows already.
	PossibleDuplicates []fault.PossibleDuplicate `json:"possible_duplicates,omitempty"`
	// With conflict, where a record was merged into another one of the same person: the patient to write
	// to.
	MergedIntoID *uuid.UUID `json:"merged_into_id,omitempty" format:"uuid"`
	// With conflict, where a merge is to be undone and a newer one stands in the way: the patient whose
	// merge must be undone first.
	UndoFirstID *uuid.UUID `json:"undo_first_id,omitempty" format:"uuid"`
	// With conflict, where a merge is to be undone: what was recorded since, and must be assigned to one
	// of the two people. The first 200 at most.
	Unassigned []fault.Item `json:"unassigned,omitempty" maxItems:"200"`

	headers http.Header
}

func (p *Problem) Error() string             { return p.Code + ": " + p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) GetHeaders() http.Header   { return p.headers }
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// kinds are the kinds of fault, as HTTP and the document show them.
var kinds = []kind{
	{fault.Unauthenticated, 401, "Unauthenticated", "There is no valid credential."},
	{fault.Forbidden, 403, "Forbidden", "The credential may not do this."},
	{fault.NotFound, 404, "Not found", "There is no such thing, or the caller may not see it."},
	{fault.Conflict, 409, "Conflict", "It conflicts with what is recorded."},
	{fault.Stale, 412, "Stale", "It has changed since it was read."},
	{fault.Invalid, 422, "Invalid", "The request can be read, but something in it is not right."},
	{fault.Unreadable, 400, "Unreadable", "The request cannot be read."},
	{fault.PreconditionRequired, 428, "Precondition required", "The If-Match header is missing."},
	{fault.ConsentRequired, 422, "Consent required", "The person has not agreed to this."},
	{fault.MoveNotAllowed, 409, "Move not allowed", "The referral cannot move from where it stands to there."},
	{fault.IdempotencyMismatch, 422, "Idempotency mismatch", "The Idempotency-Key was used for another request."},
	{fault.TooLarge, 413, "Too large", "The body is larger than this operation takes."},
	{fault.RateLimited, 429, "Too many requests", "Too many requests were sent. Retry-After says when to try again."},
	{fault.Internal, 500, "Internal error", "Something went wrong on the server."},
	{fault.Unavailable, 503, "Unavailable", "The server cannot answer now. Try again later."},
}

type kind struct {
	fault   fault.Kind
	status  int
	title   string
	meaning string // a sentence for the document
}

func kindOf(f fault.Kind) kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.fault == f })
	if i < 0 {
		panic("wire: a kind of fault has no status: " + string(f))
	}
	return kinds[i]
}

// codeOfProblem is the code of a problem: the kind of its fault, except that what cannot be read is invalid, too.
func codeOfProblem(f fault.Kind) string {
	if f == fault.Unreadable {
		f = fault.Invalid
	}
	return string(f)
}

// ProblemOf makes the answer to an error, and logs what only we may know: of which operation, and what caused it, which
// begins with the method that it came about in (db.Do). An error nobody made a fault of is internal.
func ProblemOf(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.New(fault.Internal, "Something went wrong on our side.").Because(err)
	}
	if kindOf(f.Kind).status >= 500 && (f.Cause != nil || f.Kind == fault.Internal) {
		slog.Error("request failed", "operation", operationIn(ctx), "kind", f.Kind, "cause", f.Cause)
	} else if f.Cause != nil {
		slog.Info("request refused", "operation", operationIn(ctx), "kind", f.Kind, "cause", f.Cause)
	}
	return shape(f)
}

// shape puts a fault into the form of a problem.
func shape(f *fault.Error) *Problem {
	k, code := kindOf(f.Kind), codeOfProblem(f.Kind)
	p := &Problem{
		Type:    "urn:waypost:problem:" + code,
		Title:   k.title,
		Status:  k.status,
		Code:    code,
		Detail:  f.Detail,
		Errors:  firstErrors(f.Fields),
		headers: http.Header{},

		PossibleDuplicates: f.PossibleDuplicates,
		MergedIntoID:       f.MergedInto,
		UndoFirstID:        f.UndoFirst,
		Unassigned:         f.Unassigned,
	}
	if len(p.Errors) < len(f.Fields) {
		p.Detail += " More may be wrong than the errors that are listed."
	}
	if f.RetryAfter > 0 {
		p.headers.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	if k.status == http.StatusUnauthorized {
		p.headers.Set("WWW-Authenticate", `Bearer realm="waypost"`)
	}
	return p
}

const (
	MaxErrors     = 20       // the most that an answer lists
	maxErrorBytes = 12 << 10 // of their texts: an answer stays under 16 KiB
)

// firstErrors are the errors that an answer lists: the first ones, as many as it has room for.
func firstErrors(fields []fault.Field) []fault.Field {
	out, bytes := []fault.Field{}, 0
	for _, f := range fields {
		bytes += len(f.Location) + len(f.Code) + len(f.Message)
		if len(out) == MaxErrors || bytes > maxErrorBytes {
			break
		}
		out = append(out, f)
	}
	return out
}

// withStatus is a problem of a kind under another status, where HTTP has a more exact one.
func withStatus(kind fault.Kind, status int, detail string) *Problem {
	p := shape(fault.New(kind, detail))
	p.Status = status
	return p
}

// Everything huma itself refuses becomes a problem here: its own errors would repeat values of the request.
func init() {
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true // else GIVEN_NAME passes for given_name, and a name can stand twice after all
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		f := fault.New(fault.Invalid, "The request is well formed, but not right.")
		switch {
		case status == http.StatusBadRequest:
			f = fault.New(fault.Unreadable, "The request cannot be read.")
		case status == http.StatusRequestEntityTooLarge:
			f = fault.New(fault.TooLarge, "The body is larger than this operation takes.")
		case status == http.StatusRequestTimeout:
			return withStatus(fault.Unavailable, status, "The body took too long to arrive.")
		case status == http.StatusNotAcceptable:
			return withStatus(fault.Invalid, status, "This operation cannot answer in a form that was asked for.")
		case status >= 500:
			return ProblemOf(context.Background(), errors.New("huma: "+message))
		}
		for _, err := range errs {
			field, query := ofHuma(err)
			if query {
				f.Kind, f.Detail = fault.Unreadable, "The query has a parameter that this operation does not know."
			}
			f.Fields = append(f.Fields, field)
		}
		return shape(f)
	}
}

// ofHuma takes from one of huma's errors what does not come from the caller: the place, as far as it is ours,
// and the message, as far as it holds no value. query tells of an unknown query parameter.
func ofHuma(err error) (field fault.Field, query bool) {
	var explained *explainedError
	if errors.As(err, &explained) {
		return fault.Field{Location: ours(explained.location), Code: fault.WrongType, Message: explained.message}, false
	}
	var d *huma.ErrorDetail
	if !errors.As(err, &d) {
		return fault.Field{
			Location: "body",
			Code:     fault.WrongFormat,
			Message:  "cannot be read as this operation needs it",
		}, false
	}
	switch {
	case d.Message == "unknown query parameter":
		return fault.Field{
			Location: "query",
			Code:     fault.UnknownField,
			Message:  "has a parameter that this operation does not know",
		}, true
	case d.Message == "unexpected property":
		return fault.Field{
			Location: ours(parent(d.Location)),
			Code:     fault.UnknownField,
			Message:  "has a field that this operation does not know",
		}, false
	case strings.HasPrefix(d.Message, "expected ") || strings.HasPrefix(d.Message, "required "):
		message, _, _ := strings.Cut(d.Message, ": ") // what follows a colon may be the value
		message = strings.ReplaceAll(message, ", <nil>", "")
		return fault.Field{Location: ours(d.Location), Code: codeOf(d.Message), Message: message}, false
	default:
		return fault.Field{
			Location: ours(d.Location),
			Code:     fault.WrongFormat,
			Message:  "cannot be read as what this field takes",
		}, false
	}
}

// codeOf is the code of one of huma's messages, by how it begins.
func codeOf(message string) fault.Code {
	for _, c := range codesOfHuma {
		if strings.HasPrefix(message, c.begins) {
			return c.code
		}
	}
	return fault.WrongType
}

// codesOfHuma are the beginnings of huma's messages, the more exact ones first. All others are about a type.
var codesOfHuma = []struct {
	begins string
	code   fault.Code
}{
	{"required ", fault.Required},
	{"expected required property ", fault.Required},
	{"expected property ", fault.Required}, // beside another one
	{saysNotBlank, fault.Required},
	{"expected value to be one of ", fault.UnknownCode},
	{"expected number ", fault.OutOfRange},
	{"expected length >=", fault.TooShort},
	{"expected length <=", fault.TooLong},
	{"expected array length >=", fault.TooShort},
	{"expected array length <=", fault.TooLong},
	{"expected object with at least ", fault.TooShort},
	{"expected object with at most ", fault.TooLong},
	{"expected array items to be unique", fault.Duplicate},
	{"expected at most one value", fault.Duplicate},
	{"expected string ", fault.WrongFormat},
	{"expected duration", fault.WrongFormat},
	{"expected propertyName ", fault.UnknownField},
}

func parent(location string) string {
	if i := strings.LastIndexByte(location, '.'); i > 0 {
		return location[:i]
	}
	return location
}

// ours keeps the segments of a location that are names of our own; keys a caller made up become "*".
func ours(location string) string {
	segments := strings.Split(location, ".")
	for i, s := range segments {
		name, index, _ := strings.Cut(s, "[")
		if known := knownNames.Load(); known == nil || !(*known)[name] {
			name = "*"
		}
		if index != "" {
			name += "[" + index
		}
		segments[i] = name
	}
	return strings.Join(segments, ".")
}

// knownNames are the property and parameter names of the document; finish fills it once all operations are known.
var knownNames atomic.Pointer[map[string]bool]

// onEchoError answers what echo itself refuses (unknown route, wrong method, a panic) in the same form.
func (s *Server) onEchoError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := ProblemOf(c.Request().Context(), ofEcho(err))
	for k, v := range p.headers {
		c.Response().Header()[k] = v
	}
	if asksForPage(c.Request()) {
		if err := s.ErrorPage(c, p.Status); err != nil {
			slog.Debug("writing a page", "error", err)
		}
		return
	}
	if p.Status == http.StatusUnauthorized && takesPassword(c) {
		c.Response().Header().Add("WWW-Authenticate", `Basic realm="waypost", charset="UTF-8"`)
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	if c.Request().Method == http.MethodHead {
		err = c.NoContent(p.Status)
	} else {
		err = c.JSON(p.Status, p)
	}
	if err != nil {
		slog.Debug("writing a problem", "error", err)
	}
}

func ofEcho(err error) error {
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		return err
	}
	switch he.Code {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "There is nothing at this path. The operations are listed at /docs/.")
	case http.StatusMethodNotAllowed:
		return withStatus(
			fault.NotFound,
			http.StatusMethodNotAllowed,
			"This path has no such operation. The operations are listed at /docs/.",
		)
	case http.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, "The body is larger than this operation takes.")
	case http.StatusUnsupportedMediaType, http.StatusBadRequest:
		return withStatus(fault.Invalid, he.Code, "The request cannot be read.")
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fault.New(fault.Unavailable, "This took too long and was stopped.")
	default:
		return err
	}
}

// asksForPage reports whether a browser asks for a page of ours, and so is to read an error as one. What is
// asked of the API is answered as a problem, whoever asks.
func asksForPage(r *http.Request) bool {
	kinds := []string{"application/problem+json", echo.MIMEApplicationJSON, echo.MIMETextHTML}
	return r.URL.Path != "/v1" && !strings.HasPrefix(r.URL.Path, "/v1/") &&
		negotiation.SelectQValue(strings.ToLower(r.Header.Get("Accept")), kinds) == echo.MIMETextHTML
}
