package wire

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Operation declares one operation: everything the document says of it and the scope it needs.
type Operation struct {
	ID          string
	Method      string
	Path        string
	Tag         string
	Summary     string
	Description string      // what it does, in sentences
	Scope       actor.Scope // what the caller's role must carry
	Faults      []fault.Kind
	Forms       Forms // further forms of its answer, beside JSON
	// it may be served from a standby of the database: it writes nothing that must be written, and reads nothing of people,
	// consents, deaths or concerns (db.FromStandby)
	FromStandby bool
	ByLink      bool // its credential is the token in its path: it takes no key, and so has no scope and no roles
}

// Declare makes huma's operation: with the scope, who holds it, and every problem that it may answer.
func (s *Server) Declare(o Operation) huma.Operation {
	roles := make([]string, 0, 8)
	for _, r := range actor.Holders(o.Scope) {
		roles = append(roles, string(r))
	}
	h := huma.Operation{
		OperationID: o.ID,
		Method:      o.Method,
		Path:        "/v1" + o.Path,
		Tags:        []string{o.Tag},
		Summary:     o.Summary,
		Description: fmt.Sprintf(
			"%s\n\nMay be called by: %s (scope `%s`).",
			o.Description,
			strings.Join(roles, ", "),
			o.Scope,
		),
		Security:         []map[string][]string{{"bearer": {}}},
		Middlewares:      huma.Middlewares{s.demand(o.Scope)},
		MaxBodyBytes:     2 * maxBody, // strict has refused larger ones already
		BodyReadTimeout:  -1,          // strict has read it already
		SkipValidateBody: true,        // validateBody does it
		Extensions:       map[string]any{"x-scope": o.Scope, "x-roles": roles},
		Responses:        map[string]*huma.Response{},
	}
	if o.ByLink {
		s.byLink[route(h.Path)] = true
		h.Description = o.Description + "\n\nMay be called by: whoever holds the link. " +
			"It takes no API key: the token in its path is the credential."
		h.Security, h.Middlewares, h.Extensions = []map[string][]string{{}}, huma.Middlewares{Uncompressed}, nil
	}
	if o.FromStandby {
		if o.Method != http.MethodGet {
			panic("wire: what is served from a standby only reads: " + o.ID)
		}
		s.fromStandby[route(h.Path)] = true
		h.Description += "\n\nIt is served from a standby of the database too, and then says how old the answer may be " +
			"(`" + StandbyLag + "`)."
	}
	if strings.HasPrefix(o.Path, "/insights") { // see takesPassword
		h.Security = append(h.Security, map[string][]string{"basic": {}})
	}
	h.Middlewares = append(h.Middlewares, o.Forms.choose, s.validateBody)
	if o.Forms != nil {
		h.Responses["200"] = &huma.Response{
			Description: "OK",
			Content:     map[string]*huma.MediaType{"application/json": {}},
		}
		for _, f := range o.Forms {
			h.Responses["200"].Content[f.media] = &huma.MediaType{
				Schema:  &huma.Schema{Type: "string"},
				Example: f.example,
			}
		}
	}
	faults := append(
		[]fault.Kind{fault.Unreadable, fault.Invalid, fault.RateLimited, fault.Internal, fault.Unavailable},
		o.Faults...)
	if !o.ByLink {
		faults = append(faults, fault.Unauthenticated, fault.Forbidden)
	}
	if strings.Contains(o.Path, "{") {
		faults = append(faults, fault.NotFound)
	}
	if o.Method != http.MethodGet {
		faults = append(faults, fault.Conflict, fault.TooLarge)
	}
	s.addProblems(&h, faults)
	if !o.ByLink && slices.Contains(actor.Holders(o.Scope), actor.Integration) {
		h.Parameters = append(h.Parameters, onBehalfOf())
	}
	return h
}

// onBehalfOf is declared where a partner system may call. From any other role it is refused, and by a link it is not
// read. Each server has its own, which it completes.
func onBehalfOf() *huma.Param {
	return &huma.Param{
		Name:   OnBehalfOf,
		In:     "header",
		Schema: &huma.Schema{Type: "string", Format: "uuid"},
		Description: "The link worker of the key's sites for whom a partner system (role integration) acts: what it records " +
			"is theirs, and both are kept. One whom there is not, or who is not active: 422. From any other role: 403.",
	}
}

// addProblems documents what may go wrong: a shared answer for each status, which says which codes stand for it.
func (s *Server) addProblems(h *huma.Operation, kinds []fault.Kind) {
	byStatus := map[int][]fault.Kind{}
	for _, k := range kinds {
		status := kindOf(k).status
		if !slices.Contains(byStatus[status], k) {
			byStatus[status] = append(byStatus[status], k)
		}
	}
	if h.Method != http.MethodGet && h.Method != http.MethodDelete {
		byStatus[http.StatusUnsupportedMediaType] = []fault.Kind{fault.Invalid}
	}
	for status, kinds := range byStatus {
		name, description := "", ""
		for _, k := range kinds {
			name += "_or_" + string(k)
			description += " " + kindOf(k).meaning
		}
		name = strings.TrimPrefix(name, "_or_")
		if status == http.StatusUnsupportedMediaType {
			name, description = "not_json", "The body is not JSON."
		}
		s.API.OpenAPI().Components.Responses[name] = &huma.Response{
			Description: strings.TrimPrefix(description, " "),
			Content: map[string]*huma.MediaType{
				"application/problem+json": {
					Schema:  &huma.Schema{Ref: "#/components/schemas/Problem"},
					Example: shape(exampleFault(kinds[0])),
				},
			},
		}
		h.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + name}
	}
}

// demand refuses a caller whose role lacks the scope, before anything of the request is looked at.
func (s *Server) demand(scope actor.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if !actor.From(ctx.Context()).Can(scope) {
			s.onEchoError(
				fault.New(
					fault.Forbidden,
					"The role of this credential may not do this: it lacks the scope "+string(scope)+".",
				),
				humaecho.Unwrap(ctx),
			)
			return
		}
		next(ctx)
	}
}

// Register adds an operation, and keeps the types of its request and its answer for the document.
func Register[I, O any](s *Server, h huma.Operation, work func(context.Context, *I) (*O, error)) {
	huma.Register(s.API, h, work)
	if s.fromStandby[route(h.Path)] && h.Method == http.MethodGet {
		documentLag(h.Responses["200"])
	}
	s.types[h.OperationID] = operationTypes{reflect.TypeFor[I](), reflect.TypeFor[O]()}
}

// StandbyLag is the header that says, in whole seconds, how far an answer may be behind the leader of the database.
const StandbyLag = "Waypost-Standby-Lag"

func documentLag(r *huma.Response) {
	if r.Headers == nil {
		r.Headers = map[string]*huma.Param{}
	}
	r.Headers[StandbyLag] = &huma.Param{
		Description: "Only from a server that reads from a standby of the database: how many seconds the answer may be " +
			"behind the leader, at most.",
		Schema: &huma.Schema{Type: "integer", Minimum: new(0.0)},
	}
}

// shown is the answer of everything but a POST that does something.
type shown[O any] struct {
	// Its version, for If-Match.
	ETag string `header:"ETag"`
	Body O
}

// Respond runs the work in one transaction and shows what comes of it.
func Respond[O any](ctx context.Context, s *Server, work func(context.Context) (O, error)) (*shown[O], error) {
	var out shown[O]
	err := s.DB.Do(ctx, func(tx *db.Tx) (err error) {
		out.Body, err = work(tx.Context())
		return err
	})
	if err != nil {
		return nil, ProblemOf(ctx, err)
	}
	out.ETag = etag(out.Body)
	return &out, nil
}

// Get registers an operation that reads, in a transaction that promises nothing to a caller.
func Get[I, O any](s *Server, o Operation, h func(context.Context, *I) (O, error)) {
	o.Method = http.MethodGet
	Register(s, s.Declare(o), func(ctx context.Context, in *I) (*shown[O], error) {
		return Respond(db.Relaxed(ctx), s, func(ctx context.Context) (O, error) { return h(ctx, in) })
	})
	withoutETag[O](s.API.OpenAPI().Paths["/v1"+o.Path].Get)
}

// Relocated is a thing that may be answered for another one, which became part of it.
type Relocated interface {
	Versioned
	FoundAt() string // its own path below /v1; empty: it is what was asked for
}

// relocated is the answer of GetRelocated.
type relocated[O any] struct {
	// Its version, for If-Match.
	ETag string `header:"ETag"`
	// Where the answer is found under its own id, where that is not the one that was asked for.
	ContentLocation string `header:"Content-Location"`
	Body            O
}

// GetRelocated is Get for what may have become part of another thing, which is answered then.
func GetRelocated[I any, O Relocated](s *Server, o Operation, h func(context.Context, *I) (O, error)) {
	o.Method = http.MethodGet
	Register(s, s.Declare(o), func(ctx context.Context, in *I) (*relocated[O], error) {
		found, err := Respond(db.Relaxed(ctx), s, func(ctx context.Context) (O, error) { return h(ctx, in) })
		if err != nil {
			return nil, err
		}
		out := &relocated[O]{ETag: found.ETag, Body: found.Body}
		if at := found.Body.FoundAt(); at != "" {
			out.ContentLocation = s.Base + "/v1" + at
		}
		return out, nil
	})
}

// withoutETag takes the header out of the document where the answer has no version.
func withoutETag[O any](o *huma.Operation) {
	if _, has := any(*new(O)).(Versioned); !has {
		for _, r := range o.Responses {
			delete(r.Headers, "ETag")
		}
	}
}

// Search registers a POST that only reads: what is looked for must not stand in a URL. It is exempt from idempotency.
func Search[I, O any](s *Server, o Operation, h func(context.Context, *I) (O, error)) {
	o.Method = http.MethodPost
	Register(s, s.Declare(o), func(ctx context.Context, in *I) (*shown[O], error) {
		return Respond(db.Relaxed(ctx), s, func(ctx context.Context) (O, error) { return h(ctx, in) })
	})
	withoutETag[O](s.API.OpenAPI().Paths["/v1"+o.Path].Post)
}

// Patch registers a PATCH of the version that If-Match names.
func Patch[I any, O Versioned](s *Server, o Operation, h func(ctx context.Context, in *I, version int) (O, error)) {
	o.Method = http.MethodPatch
	o.Faults = append(o.Faults, fault.Stale, fault.PreconditionRequired)
	d := s.Declare(o)
	d.Parameters = append(d.Parameters, &huma.Param{
		Name:     "If-Match",
		In:       "header",
		Required: true,
		Schema:   &huma.Schema{Type: "string"},
		Example:  `"1"`,
		Description: "The ETag of the version that was read, or a list of those that are fine, each as it was given or " +
			"in its weak form. Missing: 428. Of older versions alone, or *: 412.",
	})
	Register(s, d, func(ctx context.Context, in *I) (*shown[O], error) {
		versions, err := ifMatch(RequestOf(ctx).Header)
		if err != nil {
			return nil, ProblemOf(ctx, err)
		}
		return Respond(ctx, s, func(ctx context.Context) (out O, err error) {
			for _, version := range versions {
				if out, err = h(ctx, in, version); !fault.Is(err, fault.Stale) {
					break
				}
			}
			return out, err
		})
	})
}

// Put registers a PUT that needs no version: the latest word stands.
func Put[I, O any](s *Server, o Operation, h func(context.Context, *I) (O, error)) {
	o.Method = http.MethodPut
	Register(s, s.Declare(o), func(ctx context.Context, in *I) (*shown[O], error) {
		return Respond(ctx, s, func(ctx context.Context) (O, error) { return h(ctx, in) })
	})
}

// Delete registers a DELETE, answered with 204.
func Delete[I any](s *Server, o Operation, h func(context.Context, *I) error) {
	o.Method = http.MethodDelete
	d := s.Declare(o)
	d.DefaultStatus = http.StatusNoContent
	Register(s, d, func(ctx context.Context, in *I) (*struct{}, error) {
		err := s.DB.Do(ctx, func(tx *db.Tx) error { return h(tx.Context(), in) })
		if err != nil {
			return nil, ProblemOf(ctx, err)
		}
		return nil, nil
	})
}

// ourTag is an ETag as this API gives it, or the weak form that a proxy makes of it when it compresses an answer.
var ourTag = regexp.MustCompile(`^(?:W/)?"([0-9]{1,18})"$`)

const MaxTags = 20 // versions of one thing that a change is tried on

// ifMatch is the versions that a change may be made on. Tags that are not ours match nothing; a version is
// named by its number, so that, other than RFC 9110 has it, the weak form of a tag matches too.
func ifMatch(h http.Header) (versions []int, err error) {
	text := strings.Join(h.Values("If-Match"), ",")
	if text == "" {
		return nil, fault.New(
			fault.PreconditionRequired,
			"A change needs If-Match with the ETag of the version you read.",
		)
	}
	for _, tag := range strings.Split(text, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			versions = nil
			break
		}
		if is := ourTag.FindStringSubmatch(tag); is != nil {
			version, _ := strconv.Atoi(is[1]) // of 18 digits at most
			versions = append(versions, version)
		}
	}
	slices.Sort(versions)
	if versions = slices.Compact(versions); len(versions) == 0 || len(versions) > MaxTags {
		return nil, fault.New(
			fault.Stale,
			fmt.Sprintf(
				"If-Match must be an ETag as this API gives it, or a list of %d at most. Read the thing again.",
				MaxTags,
			),
		)
	}
	return versions, nil
}

// Versioned is a thing that changes. Its revision is another after each change, and is its ETag.
type Versioned interface{ Revision() int64 }

// etag is that of a thing that changes; anything else has none.
func etag(body any) string {
	if v, is := body.(Versioned); is {
		return fmt.Sprintf(`"%d"`, v.Revision())
	}
	return ""
}

// ID is the path of operations on one thing.
type ID struct {
	// Its id.
	ID uuid.UUID `path:"id" format:"uuid"`
}

// Of is the input of an operation on one thing with a body.
type Of[B any] struct {
	ID
	Body B
}

// MayHave is the input of an operation on one thing whose body may be left out.
type MayHave[B any] struct {
	ID
	Body *B
}

func (m *MayHave[B]) BodyOrZero() (b B) {
	if m.Body != nil {
		b = *m.Body
	}
	return b
}

// With is the input of an operation that takes a body alone.
type With[B any] struct{ Body B }

// Merge is the input of a merge patch on one thing.
type Merge[B any] struct {
	ID
	Body B `contentType:"application/merge-patch+json"`
}
