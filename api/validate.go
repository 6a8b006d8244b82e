package api

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
)

const (
	largeBody   = 32 << 10 // bytes
	largeAtOnce = 1        // large bodies that are validated at once: the values of one take fifty times its length in memory
)

// validateBody validates the body against its schema, in place of huma's own validation: that one collects every error there
// is, which of a megabyte of wrong items is a gigabyte of memory.
func (s *server) validateBody(ctx huma.Context, next func(huma.Context)) {
	body, schema := requestOf(ctx.Context()).body, bodySchema(ctx.Operation())
	if len(body) == 0 || schema == nil {
		next(ctx)
		return
	}
	if refusal := s.validate(body, schema); refusal != nil {
		onEchoError(refusal, humaecho.Unwrap(ctx))
		return
	}
	next(ctx)
}

func (s *server) validate(body []byte, schema *huma.Schema) error {
	if len(body) > largeBody {
		s.validating <- struct{}{}
		defer func() { <-s.validating }()
	}
	var found huma.ValidateResult
	path := huma.NewPathBuffer(nil, 0)
	path.Push("body")
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		found.Add(path, nil, "a number that is out of range")
		return huma.NewError(http.StatusBadRequest, "", found.Errors...)
	}
	huma.Validate(boundedRegistry{s.api.OpenAPI().Components.Schemas, &found}, schema, path, huma.ModeWriteToServer, value, &found)
	if len(found.Errors) == 0 {
		return nil
	}
	return huma.NewError(http.StatusUnprocessableEntity, "", found.Errors...)
}

// bodySchema is the schema of an operation's body, of which there is one form; nil: it takes none.
func bodySchema(o *huma.Operation) *huma.Schema {
	if o.RequestBody != nil {
		for _, form := range o.RequestBody.Content {
			return form.Schema
		}
	}
	return nil
}

// boundedRegistry stops validation: once more errors were found than are listed, whatever is referred to takes anything.
type boundedRegistry struct {
	huma.Registry
	found *huma.ValidateResult
}

func (r boundedRegistry) SchemaFromRef(ref string) *huma.Schema {
	if len(r.found.Errors) > maxErrors {
		return &huma.Schema{}
	}
	return r.Registry.SchemaFromRef(ref)
}
