package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/datasets"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) releaseOperations() {
	wire.Get(
		s.Server,
		wire.Operation{ID: "list-releases", FromStandby: true, Path: "/projects/{id}/releases", Tag: "datasets", Scope: actor.ProjectsUse,
			Summary: "List a project's releases", Description: "Lists the project's releases by id."},
		s.listReleases,
	)
	wire.CreateLater(
		s.Server,
		wire.Operation{
			ID:      "request-release",
			Path:    "/projects/{id}/releases",
			Tag:     "datasets",
			Scope:   actor.ProjectsUse,
			Summary: "Ask for a release",
			Description: "Asks for a frozen dataset (202): a job makes it soon, of one snapshot of the record, and its " +
				"state tells. With dry_run nothing is made: the answer (200) tells how many people there would be, " +
				"k, what is missing, and what would be made coarser.",
		},
		releaseOrTrial.location,
		s.requestRelease,
	)
	wire.Get(s.Server, wire.Operation{
		ID: "get-release", FromStandby: true,
		Path:        "/releases/{id}",
		Tag:         "datasets",
		Scope:       actor.ProjectsUse,
		Summary:     "Get a release",
		Description: "Returns where a release stands, who is in it, and its files once it is ready.",
	}, s.getRelease)
	s.fileOperation()
}

func (s *server) listReleases(ctx context.Context, in *struct {
	wire.ID
	wire.Changing
}) (wire.Page[datasets.Release], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]datasets.Release, error) {
		return s.Datasets.Releases(ctx, in.ID.ID, p)
	}, func(r datasets.Release) uuid.UUID { return r.ID })
}

func (s *server) getRelease(ctx context.Context, in *wire.ID) (datasets.Release, error) {
	return s.Datasets.Release(ctx, in.ID)
}

// releaseOrTrial is the answer to asking for a release: the release, or what it would be.
type releaseOrTrial struct{ it any }

func (a releaseOrTrial) MarshalJSON() ([]byte, error) { return json.Marshal(a.it) }

// location is where the release will be; of a trial nothing is made.
func (a releaseOrTrial) location() string {
	if r, is := a.it.(datasets.Release); is {
		return "/releases/" + r.ID.String()
	}
	return ""
}

func (releaseOrTrial) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{
		AnyOf: []*huma.Schema{
			r.Schema(reflect.TypeFor[datasets.Release](), true, ""),
			r.Schema(reflect.TypeFor[datasets.Trial](), true, ""),
		},
	}
}

func (s *server) requestRelease(ctx context.Context, in *wire.Of[datasets.NewRelease]) (releaseOrTrial, error) {
	if in.Body.DryRun {
		t, err := s.Datasets.Try(ctx, in.ID.ID)
		return releaseOrTrial{t}, err
	}
	r, err := s.Datasets.Ask(ctx, in.ID.ID, in.Body)
	return releaseOrTrial{r}, err
}

const (
	slowest = 32 << 10        // bytes a second: who reads a file more slowly is cut off
	grace   = 2 * time.Minute // beside that
)

// fileOfRelease is the path of one file.
type fileOfRelease struct {
	wire.ID
	// The file's name, of the release's files.
	Name string `path:"name" maxLength:"100" example:"outcomes_paired.csv"`
}

// fileOperation registers the one answer that is a file. It goes out as it lies, in parts where Range asks for one.
func (s *server) fileOperation() {
	d := s.Declare(
		wire.Operation{
			ID: "get-release-file", FromStandby: true,
			Method:  http.MethodGet,
			Path:    "/releases/{id}/files/{name}",
			Tag:     "datasets",
			Scope:   actor.ProjectsUse,
			Summary: "Download a file of a release",
			Description: "Sends a file of a release that is ready. Its ETag is its SHA-256; Range is answered; the download " +
				"is noted. It ends with the project's term.",
			Faults: []fault.Kind{fault.Conflict},
		},
	)
	d.Responses["200"] = &huma.Response{Description: "The file.", Headers: map[string]*huma.Param{
		"ETag":        {Description: "Its SHA-256.", Schema: &huma.Schema{Type: "string"}},
		"Repr-Digest": {Description: "Its SHA-256, by RFC 9530.", Schema: &huma.Schema{Type: "string"}},
	}, Content: map[string]*huma.MediaType{}}
	for _, kind := range datasets.MediaTypes {
		kind, _, _ = strings.Cut(kind, ";")
		d.Responses["200"].Content[kind] = &huma.MediaType{
			Schema:  &huma.Schema{Format: "binary", Description: "The file as it lies."},
			Example: "study_id,episodes",
		}
	}
	d.Responses["206"] = &huma.Response{Description: "A part of the file.", Content: d.Responses["200"].Content}
	d.Responses["304"] = &huma.Response{Description: "The file is that of If-None-Match."}
	d.Responses["416"] = &huma.Response{Description: "The file has no such part."}
	wire.Register(s.Server, d, func(ctx context.Context, in *fileOfRelease) (*huma.StreamResponse, error) {
		f, err := s.Datasets.Fetch(ctx, in.ID.ID, in.Name)
		if err != nil {
			return nil, wire.ProblemOf(ctx, err)
		}
		return &huma.StreamResponse{Body: func(h huma.Context) { send(h, f) }}, nil
	})
}

// send sends a file.
func send(h huma.Context, f datasets.Content) {
	defer f.Close()
	c := humaecho.Unwrap(h)
	wire.NoCompression(c)
	head := c.Response().Header()
	sum, _ := hex.DecodeString(f.SHA256) // we have written it
	head.Set("ETag", `"`+f.SHA256+`"`)
	head.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":")
	head.Set("Cache-Control", "private, no-cache")
	head.Set("Content-Type", f.MediaType)
	head.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, strings.ReplaceAll(f.Name, `"`, "")))
	deadline := time.Now().Add(grace + time.Duration(f.Bytes/slowest)*time.Second)
	if err := http.NewResponseController(c.Response()).
		SetWriteDeadline(deadline); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		return // the connection has gone
	}
	http.ServeContent(c.Response(), c.Request(), f.Name, f.AsOf, f)
}
