package wire

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"waypost/internal/platform/day"
	"waypost/internal/platform/fault"
)

const deepest = 12

// exampleOf makes an example from a schema: the fields' own examples where they have one, else their first
// code, else something of their kind. An optional field without an example of its own is left out; one that
// may be null is null.
func exampleOf(doc *huma.OpenAPI, s *huma.Schema, depth int) any {
	if s == nil || depth > deepest {
		return nil
	}
	if s.Ref != "" && len(s.Examples) == 0 {
		return exampleOf(doc, doc.Components.Schemas.SchemaFromRef(s.Ref), depth)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.AnyOf)+len(s.OneOf) > 0:
		return exampleOf(doc, slices.Concat(s.AnyOf, s.OneOf)[0], depth)
	case s.Nullable:
		return nil
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		return exampleObject(doc, s, depth)
	case huma.TypeArray:
		if item := exampleOf(doc, s.Items, depth+1); item != nil {
			return []any{item}
		}
		return []any{}
	case huma.TypeString:
		return exampleString(s.Format)
	case huma.TypeInteger, huma.TypeNumber:
		return exampleNumber(s)
	case huma.TypeBoolean:
		return true
	default:
		return nil
	}
}

func exampleObject(doc *huma.OpenAPI, s *huma.Schema, depth int) any {
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	out := map[string]any{}
	for name, p := range s.Properties {
		if required[name] || len(p.Examples) > 0 { // others may not go together
			out[name] = exampleOf(doc, p, depth+1)
		}
	}
	return out
}

func exampleNumber(s *huma.Schema) float64 {
	if s.Minimum != nil {
		return *s.Minimum
	}
	return 1
}

func exampleString(format string) string {
	switch format {
	case "uuid":
		return exampleID(0)
	case "date":
		return "2026-01-12"
	case "date-time":
		return "2026-01-12T09:30:00Z"
	case "email":
		return "someone@example.org"
	case "uri":
		return "https://example.org"
	default:
		return "text"
	}
}

func exampleID(n int) string { return fmt.Sprintf("01938c2e-7a40-7000-8000-%012d", n) }

// Examples are what the document's examples tell of: one of each thing, which fit together.
type Examples struct {
	Things []string                  // each has an id of its own in all examples: patient, episode, …
	Fields map[string]map[string]any // by schema and property, where what is made of the schema alone would not be true

	Requests map[string]map[string]any // bodies, by operation
}

// ID is the id that a thing has in all examples; "" where it is none of the things.
func (e Examples) ID(thing string) string {
	if i := slices.Index(e.Things, thing); i >= 0 {
		return exampleID(i + 1)
	}
	return ""
}

// StoryBegins is the day on which what the examples tell begins.
const StoryBegins = "2026-01-12"

// Things are those of a demo that the examples of its document are about.
type Things struct {
	IDs    map[string]string // by what the examples call them
	Begins day.Date          // the day that takes the place of StoryBegins
}

var exampleDay = regexp.MustCompile(`2026-\d\d-\d\d`)

// about is the document with examples about other things.
func (e Examples) about(document []byte, things Things) []byte {
	for _, thing := range e.Things {
		if id := things.IDs[thing]; id != "" {
			document = bytes.ReplaceAll(document, []byte(e.ID(thing)), []byte(id))
		}
	}
	begins, err := day.Parse(StoryBegins)
	if err != nil || things.Begins.IsZero() {
		return document
	}
	return exampleDay.ReplaceAllFunc(document, func(text []byte) []byte {
		told, err := day.Parse(string(text))
		if err != nil {
			return text
		}
		return []byte(told.AddDays(things.Begins.DaysSince(begins)).String())
	})
}

// thingIn is the thing that a name such as recorded_by_link_worker or closed_episode ends with, or else tells of.
func (e Examples) thingIn(name string) (found string) {
	for _, holds := range []func(name, thing string) bool{strings.HasSuffix, strings.Contains} {
		for _, thing := range e.Things {
			if holds(name, thing) && len(thing) > len(found) {
				found = thing
			}
		}
		if found != "" {
			break
		}
	}
	return found
}

var humps = regexp.MustCompile(`([a-z])([A-Z])`)

// idOf is the id of an example by the name of its field, and of the schema or the path that the field is in.
func (e Examples) idOf(field, in string) string {
	if thing, is := strings.CutSuffix(field, "_id"); is {
		return e.ID(e.thingIn(thing))
	}
	if id := e.ID(field); id != "" {
		return id
	}
	return e.ID(e.thingIn(strings.ToLower(humps.ReplaceAllString(in, "${1}_${2}"))))
}

// give gives examples to the fields of answers, to those that requests need, and to those that Fields names with their
// schema: what Fields says, the id of the thing that the field names, null, or something of its kind. What is made of
// other schemas has theirs.
func (e Examples) give(schemas map[string]*huma.Schema, sent map[string]bool) {
	for name, s := range schemas {
		for field, p := range s.Properties {
			value, isOwn := e.Fields[name][field]
			shared, isShared := e.Fields["*"][field]
			isNeeded := !sent[name] || slices.Contains(s.Required, field)
			switch {
			case isOwn:
				p.Examples = []any{value}
			case !isNeeded:
			case isShared:
				p.Examples = []any{shared}
			case p.Nullable || strings.HasSuffix(p.Ref, orNull):
				if len(p.Examples) == 0 || !sent[name] && p.Format == "uuid" {
					p.Examples = []any{nil}
				}
			case p.Format == "uuid":
				p.Examples = []any{cmp.Or(e.idOf(field, name), exampleString("uuid"))}
			case len(p.Examples)+len(p.Enum) > 0 || p.Default != nil:
			case p.Type == huma.TypeString:
				p.Examples = []any{exampleString(p.Format)}
			case p.Type == huma.TypeInteger || p.Type == huma.TypeNumber:
				p.Examples = []any{exampleNumber(p)}
			case p.Type == huma.TypeBoolean:
				p.Examples = []any{false}
			}
		}
	}
}

// giveWholes gives an example as a whole to each schema of an answer that leaves fields out: composed of the fields'
// own, it would have them all, such as a secret that is shown once.
func giveWholes(doc *huma.OpenAPI, sent map[string]bool) {
	wholes, leftOut := map[*huma.Schema]any{}, map[*huma.Schema][]any{}
	for name, s := range doc.Components.Schemas.Map() {
		if s.Type != huma.TypeObject || sent[name] {
			continue
		}
		for field, p := range s.Properties {
			if !slices.Contains(s.Required, field) {
				wholes[s], leftOut[p] = nil, p.Examples
				p.Examples = nil
			}
		}
	}
	for s := range wholes {
		wholes[s] = exampleObject(doc, s, 0)
	}
	for s, whole := range wholes {
		s.Examples = []any{whole}
		for field, p := range s.Properties {
			if p.Examples = nil; !slices.Contains(s.Required, field) {
				p.Examples = leftOut[p]
			}
		}
	}
}

// giveIDs gives the ids in an operation's path those of the things that the path names.
func (e Examples) giveIDs(o *huma.Operation) {
	segments := strings.Split(strings.ReplaceAll(o.Path, "-", "_"), "/")
	for _, p := range o.Parameters {
		if at := slices.Index(segments, "{"+p.Name+"}"); p.In == "path" && p.Schema.Format == "uuid" && at > 0 {
			p.Example = cmp.Or(e.idOf(p.Name, strings.TrimSuffix(segments[at-1], "s")), exampleString("uuid"))
		}
	}
}

// exampleFault is one that the server answers, in its words.
func exampleFault(kind fault.Kind) *fault.Error {
	f := fault.New(kind, exampleDetails[kind])
	switch kind {
	case fault.Invalid:
		f = f.At("body.occurred_at", fault.OutOfRange, "must not lie in the future")
	case fault.Unreadable:
		f = f.At("query", fault.UnknownField, "has a parameter that this operation does not know")
	}
	return f
}

var exampleDetails = map[fault.Kind]string{
	fault.Unauthenticated:      "This needs a valid API key: Authorization: Bearer wp_…",
	fault.Forbidden:            "The role of this credential may not do this: it lacks the scope referrals:write.",
	fault.NotFound:             "There is no such referral, or you may not see it.",
	fault.Conflict:             "The episode is closed: it takes no new referrals.",
	fault.Stale:                "It was changed since you read it. Read it again, and repeat the change on what it says now.",
	fault.Invalid:              "The request is well formed, but not right.",
	fault.Unreadable:           "The query has a parameter that this operation does not know.",
	fault.PreconditionRequired: "A change needs If-Match with the ETag of the version you read.",
	fault.ConsentRequired: "The person has not agreed to share with organisations: record the consent first, or " +
		"signpost.",
	fault.MoveNotAllowed:      "A referral that is draft cannot be moved to accepted by this caller.",
	fault.IdempotencyMismatch: "This Idempotency-Key was used for another request. Use a new key for each new request.",
	fault.TooLarge:            "The body is larger than this operation takes.",
	fault.RateLimited:         "Too many failed credentials from this address. Wait a little.",
	fault.Internal:            "Something went wrong on our side.",
	fault.Unavailable:         "This took too long and was stopped.",
}
