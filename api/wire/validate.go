package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/danielgtaylor/huma/v2/validation"
)

const (
	largeBody = 32 << 10 // bytes
	// large bodies that are validated at once: the values of one take fifty times its length in memory
	largeAtOnce = 1
)

// validateBody validates the body against its schema, in place of huma's own validation: that one collects
// every error there is, which of a megabyte of wrong items is a gigabyte of memory.
func (s *Server) validateBody(ctx huma.Context, next func(huma.Context)) {
	body, schema := RequestOf(ctx.Context()).Body, BodySchema(ctx.Operation())
	if len(body) == 0 || schema == nil {
		next(ctx)
		return
	}
	c := humaecho.Unwrap(ctx)
	body, refusal := s.validate(body, schema)
	if refusal != nil {
		s.onEchoError(refusal, c)
		return
	}
	c.Request().Body = io.NopCloser(bytes.NewReader(body))
	next(ctx)
}

// validate returns the body as it is to be decoded: with null for blank texts.
func (s *Server) validate(body []byte, schema *huma.Schema) ([]byte, error) {
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
		return nil, huma.NewError(http.StatusBadRequest, "", found.Errors...)
	}
	registry := s.API.OpenAPI().Components.Schemas
	if NormaliseTexts(registry, value, schema, path, &found) {
		var err error
		if body, err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	huma.Validate(boundedRegistry{registry, &found}, schema, path, huma.ModeWriteToServer, value, &found)
	if len(found.Errors) == 0 {
		return body, nil
	}
	s.explainForms(found.Errors)
	return nil, huma.NewError(http.StatusUnprocessableEntity, "", found.Errors...)
}

// explainedError is one of huma's errors in words of our own.
type explainedError struct{ location, message string }

func (e *explainedError) Error() string { return e.location + ": " + e.message }

// explainForms says which forms the values of a field take, where one has none of them.
func (s *Server) explainForms(found []error) {
	for i, err := range found {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) || d.Message != validation.MsgExpectedMatchAtLeastOneSchema {
			continue
		}
		for field, message := range s.ValueForms {
			if strings.Contains(d.Location, field+".") {
				found[i] = &explainedError{d.Location, message}
			}
		}
	}
}

// BodySchema is the schema of an operation's body, of which there is one form; nil: it takes none.
func BodySchema(o *huma.Operation) *huma.Schema {
	if o.RequestBody != nil {
		for _, form := range o.RequestBody.Content {
			return form.Schema
		}
	}
	return nil
}

// boundedRegistry stops validation: once more errors were found than are listed, whatever is referred to
// takes anything.
type boundedRegistry struct {
	huma.Registry
	found *huma.ValidateResult
}

func (r boundedRegistry) SchemaFromRef(ref string) *huma.Schema {
	if len(r.found.Errors) > MaxErrors {
		return &huma.Schema{}
	}
	return r.Registry.SchemaFromRef(ref)
}
