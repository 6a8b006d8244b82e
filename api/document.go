package api

import (
	"cmp"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"gopkg.in/yaml.v3"

	"waypost/docs"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/text"
)

const introduction = `Waypost tracks social prescribing referrals and what came of them: a patient is supported by a link worker, who refers
them to community organisations; months later the patient says how they have been, what they used, and whether it helped.

**Credentials.** Send an API key as ` + "`Authorization: Bearer wp_…`" + `. What a key may do follows from its role; each operation says which roles may call it.
A partner system (role integration) may add ` + "`Waypost-On-Behalf-Of: <link worker id>`" + `. An organisation without a key answers a referral by a link, whose
token is the credential of ` + "`/v1/replies/{token}`" + `.

**Errors** are problem documents (RFC 9457) with a stable ` + "`code`" + `; they never repeat what was sent.

**Repeating a POST** is safe with an ` + "`Idempotency-Key`" + `: the first answer comes back, and nothing happens twice.

**Changes** are JSON merge patches and need ` + "`If-Match`" + ` with the ETag that was read, or a list of
those that are fine. The weak form that compression makes of one is taken too.

**HEAD** is answered wherever GET is, and longer answers are compressed for whoever takes it, unless they show a secret.

**Lists** are ordered and paged by ` + "`cursor`" + `; the last page has ` + "`next_cursor: null`" + ` (not so the event feed, which has no end). An unknown query parameter is refused.

**Texts.** A blank text is nothing: where a text may be left out it is ` + "`null`" + `, in a merge patch too, and where it is needed it is refused. A text is one line,
without control characters, line breaks or direction overrides, unless its format is ` + "`prose`" + `. A phone, e-mail address, postcode, ODS code or language is recorded in
one form, whichever way it was written. A phone, e-mail address or language that cannot be is kept as it was written, with a warning: people see it, and no program goes
by it. The spaces around a text of one line are dropped.

**Dates** (` + "`YYYY-MM-DD`" + `) are days in the site's time zone; instants are RFC 3339 in UTC. What belongs to several sites, such as a project or a key, has the days of the first of them, and what belongs to none those of Europe/London. Things may be recorded late, and may not lie in the future; an instant that is ahead by up to a minute, as clocks differ, is kept as now.

**Growth.** Requests are closed: a field or parameter that an operation does not know is refused. Answers may gain fields, and the
codes of answers may grow in number, so a client passes over what it does not know. Nothing else changes within v1. What is to go is
answered with the headers ` + "`Deprecation`" + ` and ` + "`Sunset`" + ` for at least 12 months. v1 is served for at least 24 months after a v2 is released.`

// document is the head of the OpenAPI document and how huma serves it, under a base.
func document(base string) huma.Config {
	c := huma.DefaultConfig("Waypost", Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // served by serveDocument and docs
	c.CreateHooks, c.Transformers = nil, nil              // no $schema fields
	c.Formats = map[string]huma.Format{
		"application/json": huma.DefaultJSONFormat,
		"json":             huma.DefaultJSONFormat,
		"text/csv":         asCSV,
		"text/plain":       asText,
		"text/markdown":    asMarkdown,
		"text/html":        asHTML(base),
	}
	c.RejectUnknownQueryParameters = true
	c.Info.Description = introduction
	c.Info.Contact = &huma.Contact{Name: "The developers of Waypost"}
	c.Servers = []*huma.Server{{URL: cmp.Or(base, "/"), Description: "This server."}}
	c.Tags = tags
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
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

var tags = []*huma.Tag{
	{Name: "me", Description: "Who you are, and which codes there are."},
	{Name: "sites", Description: "Sites and their link workers."},
	{Name: "directory", Description: "Organisations and services that all sites share."},
	{Name: "patients", Description: "People, what they agreed to, and what happened."},
	{Name: "episodes", Description: "Spells of support and the contacts in them."},
	{Name: "referrals", Description: "The closed loop."},
	{Name: "outcomes", Description: "Instruments, assessments and follow-ups."},
	{Name: "worklists", Description: "What needs doing today, and the link worker's own figures."},
	{Name: "insights", Description: "Figures: paired, with denominators, protected."},
	{Name: "datasets", Description: "Projects of research, and their frozen, pseudonymised releases."},
	{Name: "study", Description: "What a project tells everybody it answers to: what happened in it, and its update."},
	{Name: "partners", Description: "What partner systems are told: the event feed, and webhooks."},
	{Name: "administration", Description: "API keys."},
	{Name: "demo", Description: "What only a demo can do."},
}

// listFieldCodes shows the codes of field errors with what each means.
func listFieldCodes(s *huma.Schema) {
	s.Description += "\n"
	for _, m := range fault.Meanings {
		s.Enum = append(s.Enum, string(m.Code))
		s.Description += "\n- `" + string(m.Code) + "`: " + m.Meaning
	}
}

// schemaName names a type in the document. Commands called New in their package are named after what they make.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := schemaNames[t.PkgPath()+"."+t.Name()]; ok {
		return name
	}
	if strings.HasSuffix(t.PkgPath(), "/gpmessage") {
		return "GP" + t.Name()
	}
	return huma.DefaultSchemaNamer(t, hint)
}

var schemaNames = map[string]string{
	"waypost/internal/people.New":                    "NewPatient",
	"waypost/internal/outcomes.RecordedCompletion":   "Completed",
	"waypost/internal/people.Search":                 "PatientSearch",
	"waypost/internal/episodes.New":                  "NewEpisode",
	"waypost/internal/episodes.Details":              "IntakeEpisode",
	"waypost/internal/episodes.ContactDetails":       "IntakeContact",
	"waypost/internal/referrals.Request":             "IntakeReferral",
	"waypost/internal/casework.Baseline":             "IntakeAssessment",
	"waypost/internal/casework.Intake":               "NewIntake",
	"waypost/internal/casework.TakenOn":              "Intake",
	"waypost/internal/casework.Closure":              "EpisodeClosure",
	"waypost/internal/casework.Closed":               "ClosedEpisode",
	"waypost/internal/worklists.Due":                 "NextDue",
	"waypost/internal/referrals.New":                 "NewReferral",
	"waypost/internal/referrals.Move":                "ReferralMove",
	"waypost/internal/referrals.NewMove":             "NewReferralMove",
	"waypost/internal/referrals.Received":            "ReceivedReferral",
	"waypost/internal/referrals.Asked":               "ReferralToAnswer",
	"waypost/internal/referrals.Answer":              "ReferralAnswer",
	"waypost/internal/outcomes.New":                  "NewAssessment",
	"waypost/internal/outcomes.Answers":              "AssessmentAnswers",
	"waypost/internal/outcomes.Used":                 "ServiceUsed",
	"waypost/internal/gpmessage.ScoreAt":             "GPValue",
	"waypost/internal/sites.Details":                 "NewSite",
	"waypost/internal/directory.OrganisationDetails": "NewOrganisation",
	"waypost/internal/directory.ServiceDetails":      "NewService",
	"waypost/internal/directory.Hit":                 "ServiceFound",
	"waypost/internal/directory.Capacity":            "ServiceCapacity",
	"waypost/internal/directory.Room":                "ServiceRoom",
	"waypost/internal/keys.Key":                      "APIKey",
	"waypost/internal/keys.NewKey":                   "NewAPIKey",
	"waypost/internal/study.Details":                 "StudyDetails",
	"waypost/internal/study.Update":                  "StudyUpdate",
	"waypost/internal/study.Whole":                   "PublishedUpdateWhole",
	"waypost/internal/study.Published":               "PublishedUpdate",
	"waypost/internal/study.NewLink":                 "NewUpdateLink",
	"waypost/internal/study.Check":                   "QuoteCheck",
	"waypost/internal/study.Where":                   "UpdateWhere",
	"waypost/internal/study.Told":                    "UpdateTold",
	"waypost/internal/study.ToldAt":                  "UpdateToldAt",
	"waypost/internal/study.Hard":                    "UpdateHard",
	"waypost/internal/study.About":                   "UpdateAbout",
	"waypost/internal/study.Said":                    "UpdateQuote",
	"waypost/internal/study.Change":                  "UpdateChange",
	"waypost/internal/study.Progress":                "UpdateProgress",
	"waypost/internal/study.ProgressRow":             "UpdateProgressRow",
	"waypost/internal/study.Correction":              "UpdateCorrection",
	"waypost/internal/datasets.Details":              "NewProject",
	"waypost/internal/datasets.Stage":                "ParticipantStage",
	"waypost/internal/datasets.Value":                "LabelledValue",
	"waypost/internal/datasets.Missing":              "MissingShare",
	"waypost/internal/datasets.Reason":               "ReleaseReason",
	"waypost/internal/datasets.File":                 "ReleaseFile",
	"waypost/internal/datasets.Report":               "ReleaseReport",
	"waypost/internal/datasets.Trial":                "ReleaseTrial",
	"waypost/internal/datasets.Member":               "ProjectMember",
	"waypost/internal/datasets.NewMember":            "NewProjectMember",
	"waypost/internal/partners.WebhookDetails":       "NewWebhook",
	"waypost/internal/partners.Delivery":             "WebhookDelivery",
	"waypost/internal/partners.Attempt":              "WebhookAttempt",
	"waypost/internal/partners.Event":                "FeedEvent",
	"waypost/internal/partners.Links":                "EventLinks",
	"waypost/internal/platform/fault.Field":          "ProblemField",
	"waypost/internal/platform/codes.List":           "CodeList",
	"waypost/internal/platform/db.ExternalID":        "ExternalID",
}

// finish completes the document once every operation is known: enums of codes, examples, the names that
// errors may show.
func finish(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas.Map()
	listFieldCodes(schemas["ProblemField"].Properties["code"])
	var operations []*huma.Operation
	for _, path := range doc.Paths {
		for _, o := range []*huma.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if o != nil {
				operations = append(operations, o)
			}
		}
	}
	settleFields(doc, operations)
	for _, s := range slices.Collect(maps.Values(schemas)) {
		complete(schemas, s)
	}
	names := map[string]bool{"body": true, "query": true, "path": true, "header": true}
	for _, o := range operations {
		completeOperation(doc, o, names)
	}
	for _, s := range schemas {
		addNames(names, s)
	}
	knownNames.Store(&names)
	for _, o := range operations {
		if o.RequestBody != nil {
			for _, m := range o.RequestBody.Content {
				holdToSight(m.Schema)
			}
		}
	}
	for _, s := range schemas {
		holdToSight(s)
	}
	dropUnused(doc, operations)
}

// holdToSight lets huma, whose own pattern is the document's, ask of a text that must not be blank that
// something of it is seen. The document says \S, which every program understands and which invisible
// characters pass.
func holdToSight(s *huma.Schema) {
	for _, p := range s.Properties {
		if p.Pattern == `\S` {
			p.Pattern, p.PatternDescription = text.Visible, "text that is not blank"
			p.PrecomputeMessages()
			p.Pattern, p.PatternDescription = `\S`, ""
		}
		holdToSight(p)
	}
}

// addNames keeps the names that errors may show, and takes out what a document has no field for.
func addNames(names map[string]bool, s *huma.Schema) {
	for name, p := range s.Properties {
		names[name] = true
		p.PatternDescription = "" // huma's own, and in the messages by now
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

func completeOperation(doc *huma.OpenAPI, o *huma.Operation, names map[string]bool) {
	schemas := doc.Components.Schemas.Map()
	for _, p := range o.Parameters {
		names[p.Name] = true
		complete(schemas, p.Schema)
	}
	if o.RequestBody != nil {
		for _, m := range o.RequestBody.Content {
			complete(schemas, m.Schema)
			addNames(names, m.Schema)
			m.Example = exampleOf(doc, m.Schema, 0)
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
	if s.Format == "or-null" { // a thing that may be null: huma's own nullable is for simple values
		*s = huma.Schema{AnyOf: []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}, Description: s.Description}
	}
	for _, p := range s.Properties {
		complete(schemas, p)
	}
	complete(schemas, s.Items)
	for _, p := range s.AnyOf {
		complete(schemas, p)
	}
	if s.Nullable && len(s.Enum) > 0 && s.Enum[len(s.Enum)-1] != nil {
		s.Enum = append(s.Enum, nil) // JSON Schema's enum holds for null too
	}
	s.PrecomputeMessages()
}

// codeSchema adds the schema of a code list to the document, with what each code means, and returns its name.
func codeSchema(schemas map[string]*huma.Schema, list string, nullable bool) string {
	name := "Code_" + list
	if nullable {
		name += "_or_null"
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

// Document makes the OpenAPI document of this version, as YAML, which package docs embeds. Its descriptions of
// fields are the comments in the source.
func Document(comment Comment) ([]byte, error) {
	_, s := assemble(Config{})
	if err := s.describe(comment); err != nil {
		return nil, err
	}
	finish(s.api.OpenAPI())
	doc, err := renderDocument(s.api.OpenAPI())
	if err != nil {
		return nil, err
	}
	return asYAML(doc)
}

// serveDocument serves the document that is part of the program. Its JSON form is made when it is first asked for.
func serveDocument(e *echo.Echo, base string) {
	serve := func(path, contentType string, as func(*yaml.Node) ([]byte, error)) {
		made := sync.OnceValues(func() ([]byte, error) {
			doc, err := publishedDocument(base)
			if err != nil {
				return nil, err
			}
			return as(doc)
		})
		get(e, path, func(c echo.Context) error {
			text, err := made()
			if err != nil {
				return err
			}
			return c.Blob(http.StatusOK, contentType, text)
		})
	}
	serve("/openapi.json", "application/openapi+json", asJSON)
	serve("/openapi.yaml", "application/openapi+yaml", asYAML)
}

// publishedDocument is the document for a server whose paths all begin with base.
func publishedDocument(base string) (*yaml.Node, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(docs.OpenAPI, &file); err != nil {
		return nil, err
	}
	root := file.Content[0]
	server := member(root, "servers").Content[0]
	*member(server, "url") = *textNode(cmp.Or(base, "/"))
	return root, nil
}
