package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/replay"
)

// answered is the answer of a POST: bytes that were stored before they were sent.
type answered[O any] struct {
	Status int
	// Where the new thing is.
	Location string `header:"Location"`
	// Its version, for If-Match.
	ETag string `header:"ETag"`
	// It is true where this answer was given before, to the same request.
	Replayed string `header:"Idempotency-Replayed"`
	Body     stored[O]
	people   []db.People // whom it shows
}

// stored is a body that is JSON already; the document shows it as an O.
type stored[O any] struct{ json []byte }

func (b stored[O]) MarshalJSON() ([]byte, error) { return b.json, nil }

func (stored[O]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[O](), true, "")
}

// secretive is an answer that holds something shown only once.
type secretive interface{ WithoutSecret() any }

// Post registers an operation that does something, once for each Idempotency-Key. The answer is made, stored and
// committed before its first byte is written, so that whoever has it can rely on it.
func Post[I, O any](s *Server, o Operation, h func(context.Context, *I) (O, error)) {
	post(s, o, posting[O]{id: o.ID, status: http.StatusOK}, h)
}

// Create is Post for what makes a thing, whose path below /v1 the location says. The answer is 201.
func Create[I, O any](s *Server, o Operation, location func(O) string, h func(context.Context, *I) (O, error)) {
	post(s, o, posting[O]{o.ID, http.StatusCreated, location}, h)
}

// CreateLater is Create for what is made in the background. The answer is 202, or 200 where the location is
// empty, since nothing will be made.
func CreateLater[I, O any](s *Server, o Operation, location func(O) string, h func(context.Context, *I) (O, error)) {
	made := post(s, o, posting[O]{o.ID, http.StatusAccepted, location}, h)
	made.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     made.Responses["202"].Content,
	}
}

// CreateOrShow is Create for what can be asked for first. The answer is 201, or 200 where the location is empty, since
// nothing was made.
func CreateOrShow[I, O any](s *Server, o Operation, location func(O) string, h func(context.Context, *I) (O, error)) {
	made := post(s, o, posting[O]{o.ID, http.StatusCreated, location}, h)
	made.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     made.Responses["201"].Content,
	}
}

// posting is how an operation answers a POST.
type posting[O any] struct {
	id       string
	status   int
	location func(O) string // nil: nothing is made
}

func post[I, O any](
	s *Server,
	o Operation,
	p posting[O],
	h func(context.Context, *I) (O, error),
) *huma.Operation {
	o.Method = http.MethodPost
	o.Faults = append(o.Faults, fault.IdempotencyMismatch)
	d := s.Declare(o)
	d.DefaultStatus = p.status
	d.Parameters = append(d.Parameters, &huma.Param{
		Name:   "Idempotency-Key",
		In:     "header",
		Schema: &huma.Schema{Type: "string", Pattern: "^[!-~]+$", MinLength: new(1), MaxLength: new(255)},
		Description: "1 to 255 visible characters. A repeat within 24 hours gets the first answer; another body under " +
			"the same key is 422.",
	})
	if _, shows := any(*new(O)).(secretive); shows {
		d.Middlewares = append(d.Middlewares, Uncompressed)
	}
	Register(s, d, func(ctx context.Context, in *I) (*answered[O], error) {
		var out *answered[O]
		err := s.DB.Do(ctx, func(tx *db.Tx) (err error) {
			out, err = p.once(tx, func(ctx context.Context) (O, error) { return h(ctx, in) })
			return err
		})
		if err != nil {
			return nil, ProblemOf(ctx, err)
		}
		if out.Location != "" {
			out.Location = s.Base + out.Location // what is kept for repeats outlasts a move to another path
		}
		return out, nil
	})
	made := s.API.OpenAPI().Paths["/v1"+o.Path].Post
	withoutETag[O](made)
	return made
}

// once answers from what was stored under the request's key, or does the work and stores its answer.
func (p posting[O]) once(tx *db.Tx, work func(context.Context) (O, error)) (*answered[O], error) {
	req := RequestOf(tx.Context())
	key, err := idempotencyKey(req.Header)
	if err != nil || key == "" {
		if err != nil {
			return nil, err
		}
		_, out, err := p.do(tx, work)
		return out, err
	}
	fingerprint, authority := sum(req.Path, req.Query, string(req.bodySum[:])), authorityOf(tx.Actor)
	kept, err := replay.Find(tx, key, fingerprint, authority)
	if err != nil {
		return nil, err
	}
	if kept != nil {
		operation := "replay_" + strings.ReplaceAll(p.id, "-", "_")
		for _, seen := range kept.People.V {
			if err := events.Read(tx, operation, seen.SiteID, seen.PatientIDs...); err != nil {
				return nil, err
			}
		}
		return &answered[O]{
			Status:   kept.Status,
			Location: kept.Header.V["location"],
			ETag:     kept.Header.V["etag"],
			Replayed: "true",
			Body:     stored[O]{kept.Body},
		}, nil
	}
	keep, out, err := p.do(tx, work)
	if err != nil {
		return nil, err
	}
	return out, replay.Keep(tx, replay.Answer{
		Key:       key,
		Request:   fingerprint,
		Authority: authority,
		Status:    out.Status,
		Body:      keep,
		Header: db.JSON[map[string]string]{
			V: map[string]string{"location": out.Location, "etag": out.ETag},
		},
		People: db.JSON[[]db.People]{V: out.people},
	})
}

// do does the work and makes the answer; keep is the body as it may be stored, without one-time secrets.
func (p posting[O]) do(
	tx *db.Tx,
	work func(context.Context) (O, error),
) (keep []byte, out *answered[O], err error) {
	result, err := work(tx.Context())
	if err != nil {
		return nil, nil, err
	}
	out = &answered[O]{Status: p.status, ETag: etag(result), people: shownBy(tx, result)}
	if p.location != nil {
		if path := p.location(result); path != "" {
			out.Location = "/v1" + path
		} else {
			out.Status = http.StatusOK
		}
	}
	if out.Body.json, err = plainJSON(result); err != nil {
		return nil, nil, err
	}
	keep = out.Body.json
	if s, ok := any(result).(secretive); ok {
		keep, err = plainJSON(s.WithoutSecret())
	}
	return keep, out, err
}

// OfPerson is a thing of one person's record.
type OfPerson interface {
	Person() (site, patient uuid.UUID)
}

// shownBy are the people whom an answer shows: those whom the work was about, and the one whose record it
// answers where there was nothing to do. What is kept of an answer to an organisation names nobody.
func shownBy(tx *db.Tx, result any) []db.People {
	if tx.Actor.OrganisationID != nil {
		return []db.People{}
	}
	if record, is := result.(OfPerson); is {
		tx.Concerns(record.Person())
	}
	return tx.People()
}

func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

func idempotencyKey(h http.Header) (string, error) {
	key := h.Get("Idempotency-Key")
	visible := strings.IndexFunc(key, func(r rune) bool { return r < '!' || r > '~' }) < 0
	if _, sent := h["Idempotency-Key"]; sent && (key == "" || len(key) > 255 || !visible) {
		return "", fault.New(fault.Invalid, "The Idempotency-Key cannot be used.").
			At("header.Idempotency-Key", fault.WrongFormat, "takes 1 to 255 visible characters")
	}
	return key, nil
}

// authorityOf sums up what the actor may see, so that an answer is not replayed to one who may no longer see it.
func authorityOf(a actor.Actor) []byte {
	text := func(id *uuid.UUID) string {
		if id == nil {
			return ""
		}
		return id.String()
	}
	return sum(
		string(a.Role),
		fmt.Sprint(a.Sites),
		fmt.Sprint(a.Projects),
		text(a.LinkWorkerID),
		text(a.OrganisationID),
	)
}

func sum(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}
