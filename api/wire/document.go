package wire

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"gopkg.in/yaml.v3"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/text"
)

// DocumentHead is what the document says before its operations.
type DocumentHead struct {
	Title        string
	Version      string
	Introduction string // Markdown
	Contact      string
	License      huma.License
	Tags         []*huma.Tag
	SchemaNames  map[string]string // of types that are not named after themselves, by package path and name
	Examples     Examples
}

// document is the head of the OpenAPI document and how huma serves it.
func (s *Server) document() huma.Config {
	head := s.Head
	c := huma.DefaultConfig(head.Title, head.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // served by ServeDocument and docs
	c.CreateHooks, c.Transformers = nil, nil              // no $schema fields
	c.Formats = maps.Clone(s.Formats)
	c.Formats["application/json"] = huma.DefaultJSONFormat
	c.Formats["json"] = huma.DefaultJSONFormat
	c.RejectUnknownQueryParameters = true
	c.Info.Description = head.Introduction
	c.Info.Contact = &huma.Contact{Name: head.Contact}
	c.Info.License = &head.License
	c.Servers = []*huma.Server{{URL: cmp.Or(s.Base, "/"), Description: "This server."}}
	c.Tags = head.Tags
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaNamer(head.SchemaNames))
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "An API key, which begins with wp_."},
		"basic": {
			Type:        "http",
			Scheme:      "basic",
			Description: "On insights only: any user name, and an API key as the password.",
		},
	}
	c.Components.Responses = map[string]*huma.Response{}
	c.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	return c
}

// listProblemCodes shows the codes of problems: the kinds of fault.
func listProblemCodes(s *huma.Schema) {
	for _, k := range kinds {
		if code := codeOfProblem(k.fault); !slices.Contains(s.Enum, any(code)) {
			s.Enum = append(s.Enum, code)
		}
	}
}

// listFieldCodes shows the codes of field errors with what each means.
func listFieldCodes(s *huma.Schema) {
	s.Description += "\n"
	for _, m := range fault.Meanings {
		s.Enum = append(s.Enum, string(m.Code))
		s.Description += "\n- `" + string(m.Code) + "`: " + m.Meaning
	}
}

// schemaNamer names a type in the document. Commands called New in their package are named after what they make.
func schemaNamer(names map[string]string) func(reflect.Type, string) string {
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if name, ok := names[t.PkgPath()+"."+t.Name()]; ok {
			return name
		}
		if prefix, ok := names[t.PkgPath()+"."]; ok {
			return prefix + t.Name()
		}
		return huma.DefaultSchemaNamer(t, hint)
	}
}

// finish completes the document once every operation is known: enums of codes, examples, the names that
// errors may show.
func finish(doc *huma.OpenAPI, examples Examples) {
	schemas := doc.Components.Schemas.Map()
	listProblemCodes(schemas["Problem"].Properties["code"])
	listFieldCodes(schemas["ProblemField"].Properties["code"])
	var operations []*huma.Operation
	for _, path := range doc.Paths {
		for _, o := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if o != nil {
				operations = append(operations, o)
			}
		}
	}
	sent := markOptionalFields(doc, operations)
	for _, s := range slices.Collect(maps.Values(schemas)) {
		complete(schemas, s)
	}
	examples.give(schemas, sent)
	giveWholes(doc, sent)
	names := map[string]bool{"body": true, "query": true, "path": true, "header": true}
	for _, o := range operations {
		examples.giveIDs(o)
		completeOperation(doc, o, examples, names)
	}
	for _, s := range schemas {
		addNames(names, s)
	}
	knownNames.Store(&names)
	for _, o := range operations {
		if o.RequestBody != nil {
			for _, m := range o.RequestBody.Content {
				explainPatterns(m.Schema)
			}
		}
	}
	for _, s := range schemas {
		explainPatterns(s)
	}
	for _, w := range doc.Webhooks {
		complete(schemas, BodySchema(w.Post))
		operations = append(operations, w.Post)
	}
	dropUnused(doc, operations)
}

const (
	notBlank     = `\S`
	httpsFormat  = "https" // a tag's, for a URI with this pattern:
	httpsPattern = `^https://[^\s/?#@]+([/?#]|$)`
)

// patternWords are what errors say of patterns in place of the pattern.
var patternWords = map[string]string{
	notBlank:                        "text that is not blank",
	`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`: "a lower snake case name",
	day.PartialPattern:              "a day, a month or a year: 1961-05-17, 1961-05 or 1961",
	httpsPattern:                    "an address that begins with https:// and holds no password",
}

// explainPatterns sets what errors say of the patterns of a schema's fields. Of a text that must not be blank it lets
// huma ask that something of it is visible: the document says \S, which every program understands and which
// invisible characters pass.
func explainPatterns(s *huma.Schema) {
	for _, p := range s.Properties {
		if words, ok := patternWords[p.Pattern]; ok {
			published := p.Pattern
			if published == notBlank {
				p.Pattern = text.Visible
			}
			p.PatternDescription = words
			p.PrecomputeMessages()
			p.Pattern, p.PatternDescription = published, ""
		}
		explainPatterns(p)
	}
}

// addNames keeps the names that errors may show.
func addNames(names map[string]bool, s *huma.Schema) {
	for name, p := range s.Properties {
		names[name] = true
		addNames(names, p)
	}
}

// successes are the descriptions of answers that say more than huma's status texts.
var successes = map[string]string{
	http.StatusText(http.StatusOK):        "It worked. The body is the answer.",
	http.StatusText(http.StatusCreated):   "It was made. The body is what was made, and the Location header says where it is.",
	http.StatusText(http.StatusAccepted):  "It was accepted, and is made in the background. The Location header says where it will be.",
	http.StatusText(http.StatusNoContent): "It worked. There is no body.",
}

func completeOperation(doc *huma.OpenAPI, o *huma.Operation, examples Examples, names map[string]bool) {
	schemas := doc.Components.Schemas.Map()
	for _, p := range o.Parameters {
		names[p.Name] = true
		complete(schemas, p.Schema)
	}
	if o.RequestBody != nil {
		for _, m := range o.RequestBody.Content {
			complete(schemas, m.Schema)
			addNames(names, m.Schema)
			if m.Example = exampleOf(doc, m.Schema, 0); examples.Requests[o.OperationID] != nil {
				m.Example = examples.Requests[o.OperationID]
			}
		}
	}
	delete(o.Responses, "default")
	for _, r := range o.Responses {
		r.Description = cmp.Or(successes[r.Description], r.Description)
		for _, m := range r.Content {
			if m.Schema != nil && m.Example == nil {
				m.Example = exampleOf(doc, m.Schema, 0)
			}
		}
	}
}

// complete turns a field that names a code list ("code:<list>") into a reference to the list's enum, which
// comes from the same seed that fills the reference tables. It works in place: huma validates by these schemas.
func complete(schemas map[string]*huma.Schema, s *huma.Schema) {
	if s == nil {
		return
	}
	format := s.Format
	if s.Type == huma.TypeArray && s.Items != nil && (format == "uuid" || strings.HasPrefix(format, "code:")) {
		s.Format, s.Items.Format = "", format // a tag on a list is meant for its items
	}
	if list, ok := strings.CutPrefix(s.Format, "code:"); ok {
		*s = huma.Schema{
			Ref:         "#/components/schemas/" + codeSchema(schemas, list, s.Nullable),
			Description: s.Description,
			Examples:    s.Examples,
		}
	}
	if s.Format == httpsFormat {
		s.Format, s.Pattern = "uri", httpsPattern
	}
	if s.Format == partialFormat {
		s.Pattern = day.PartialPattern
		if len(s.Examples) > 0 {
			s.Examples = append(s.Examples, "1961-05", "1961")
		}
	}
	if s.Pattern == notBlank {
		s.MinLength = new(1)
	}
	if s.Format == "or-null" { // a thing that may be null: huma's own nullable is for simple values
		*s = huma.Schema{AnyOf: []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}, Description: s.Description}
	}
	for _, p := range s.Properties {
		complete(schemas, p)
	}
	complete(schemas, s.Items)
	for _, p := range slices.Concat(s.AnyOf, s.OneOf) {
		complete(schemas, p)
	}
	if s.Nullable && len(s.Enum) > 0 && s.Enum[len(s.Enum)-1] != nil {
		s.Enum = append(s.Enum, nil) // JSON Schema's enum holds for null too
	}
	s.PrecomputeMessages()
}

const orNull = "_or_null" // ends the names of schemas of codes that may be null

// codeSchema adds the schema of a code list to the document, with what each code means, and returns its name.
func codeSchema(schemas map[string]*huma.Schema, list string, nullable bool) string {
	name := "Code_" + list
	if nullable {
		name += orNull
	}
	if schemas[name] != nil {
		return name
	}
	l, ok := codes.Lookup(list)
	if !ok {
		panic("api: a field names no code list: " + list)
	}
	s := &huma.Schema{Type: huma.TypeString, Nullable: nullable, Description: l.Doc + "\n"}
	for _, c := range l.Codes {
		s.Enum = append(s.Enum, c.Code)
		s.Description += "\n- `" + c.Code + "`: " + strings.TrimSuffix(c.Gloss, ".") + "."
	}
	schemas[name] = s
	complete(schemas, s)
	return name
}

// MakeDocument completes the document, with the comments in the source as descriptions of fields, and writes it as
// YAML. Nothing may be served by this server afterwards.
func (s *Server) MakeDocument(comment Comment) ([]byte, error) {
	if err := s.describe(comment); err != nil {
		return nil, err
	}
	finish(s.API.OpenAPI(), s.Head.Examples)
	doc, err := renderDocument(s.API.OpenAPI())
	if err != nil {
		return nil, err
	}
	return asYAML(doc)
}

// ServeDocument serves a document that was made before. Its forms are made when they are first asked for. Where a demo
// has such things, its examples are about those.
func (s *Server) ServeDocument(
	e *echo.Echo,
	document []byte,
	things func(context.Context) (Things, error),
) {
	serve := func(path, contentType string, as func(document []byte, base string) ([]byte, error)) {
		var mu sync.Mutex // while it is made; not while a client reads it
		var made []byte
		form := func(ctx context.Context) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			if made != nil {
				return made, nil
			}
			isLoading, found := s.IsLoading(), Things{}
			if things != nil && !isLoading {
				var err error
				if found, err = things(ctx); errors.Is(err, db.ErrStandby) {
					isLoading = true // its people are not read there, and may be later
				} else if err != nil {
					return nil, err
				}
			}
			text, err := as(s.Head.Examples.about(document, found), s.Base)
			if err == nil && !isLoading {
				made = text
			}
			return text, err
		}
		GetAndHead(e, path, func(c echo.Context) error {
			text, err := form(c.Request().Context())
			if err != nil {
				return err
			}
			return c.Blob(http.StatusOK, contentType, text)
		})
	}
	serve("/openapi.json", "application/openapi+json", DocumentJSON)
	serve("/openapi.yaml", "application/openapi+yaml", DocumentYAML)
}

// DocumentYAML is a document for a server whose paths all begin with base.
func DocumentYAML(document []byte, base string) ([]byte, error) {
	below, err := documentBelow(document, base)
	if err != nil {
		return nil, err
	}
	return asYAML(below)
}

// DocumentJSON is a document for a server whose paths all begin with base.
func DocumentJSON(document []byte, base string) ([]byte, error) {
	below, err := documentBelow(document, base)
	if err != nil {
		return nil, err
	}
	return asJSON(below)
}

func documentBelow(document []byte, base string) (*yaml.Node, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(document, &file); err != nil {
		return nil, err
	}
	root := file.Content[0]
	server := member(root, "servers").Content[0]
	*member(server, "url") = *textNode(cmp.Or(base, "/"))
	return root, nil
}
