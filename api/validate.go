package api

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
)

// validateBody validates the body against its schema, in place of huma's own validation: that one collects every error there
// is, which of a megabyte of wrong items is a gigabyte of memory.
func (s *server) validateBody(ctx huma.Context, next func(huma.Context)) {
	body, schema := requestOf(ctx.Context()).body, bodySchema(ctx.Operation())
	if len(body) == 0 || schema == nil {
		next(ctx)
		return
	}
	status, found := http.StatusUnprocessableEntity, huma.ValidateResult{}
	path := huma.NewPathBuffer(nil, 0)
	path.Push("body")
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		status = http.StatusBadRequest
		found.Add(path, nil, "a number that is out of range")
	} else {
		huma.Validate(boundedRegistry{s.api.OpenAPI().Components.Schemas, &found}, schema, path, huma.ModeWriteToServer, value, &found)
	}
	if len(found.Errors) > 0 {
		onEchoError(huma.NewError(status, "", found.Errors...), humaecho.Unwrap(ctx))
		return
	}
	next(ctx)
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
