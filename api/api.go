// Package api is every operation of the API, one file an area.
package api

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"waypost/api/pages"
	"waypost/api/wire"
	"waypost/docs"
	"waypost/internal/instruments"
	"waypost/internal/platform/telemetry"
	"waypost/internal/stores"
)

// Version of the API's document.
const Version = "0.1.0"

// Roots are the first segments of the paths that are served: a base may not begin with one.
var Roots = []string{
	"v1",
	"f",
	"r",
	"u",
	"assets",
	"docs",
	"dashboard",
	"openapi.json",
	"openapi.yaml",
	"metrics",
	"livez",
	"readyz",
}

// Config is what the API stands on.
type Config struct {
	Stores *stores.Stores
	Demo   bool // its clock may be moved
	// what the document's examples are about in a demo; nil: nothing that is there
	Examples func(context.Context) (wire.Things, error)
	// where people reach it, such as https://waypost.example or https://example.org/waypost
	PublicURL      string
	CORSOrigins    []string                    // origins that browsers may call from; none by default
	Loading        *atomic.Bool                // a demo is being loaded: nobody is served yet; nil: never
	Ready          func(context.Context) error // nil error: requests are answered, and more may come
	RequestTimeout time.Duration               // the longest that a request is worked on; 30 s when zero
	Metrics        *telemetry.Metrics          // what /metrics shows
	Tracing        trace.TracerProvider        // where spans go
	TrustedProxies []netip.Prefix              // proxies whose X-Forwarded-For tells a caller's address; none by default
}

type server struct {
	Config
	*wire.Server
	*stores.Stores
	byID map[string]*huma.Operation
}

// New makes the whole server: every operation, the document, its page, the pages for people, and the probes.
func New(c Config) *echo.Echo {
	e, s := build(c)
	s.AddProbes(e)
	pages.Register(e, s.Server, pages.Config{
		PublicURL: c.PublicURL,
		Outcomes:  s.Outcomes,
		Referrals: s.Referrals,
		Study:     s.Study,
	})
	s.ServeDocument(e, docs.OpenAPI, c.Examples)
	docs.Register(e, s.Base)
	return e
}

// build makes the operations and what surrounds them.
func build(c Config) (*echo.Echo, *server) {
	e, s := assemble(c)
	s.Complete()
	s.byID = wire.OperationsByID(s.API.OpenAPI())
	return e, s
}

// assemble makes the operations as their types declare them; Complete, or MakeDocument, completes them.
func assemble(c Config) (*echo.Echo, *server) {
	s := &server{Config: c, Stores: c.Stores}
	e, engine := wire.New(s.wire())
	s.Server = engine
	e.Pre(pages.TrimLinks)
	s.operations()
	return e, s
}

// wire is what the engine stands on.
func (s *server) wire() wire.Config {
	c := s.Config
	base := wire.BasePath(c.PublicURL)
	return wire.Config{
		DB:          s.DB,
		Base:        base,
		Admit:       s.Keys.Authenticate,
		AdmitByLink: s.Keys.AuthenticateReplyLink,
		Head: wire.DocumentHead{
			Title:        "Waypost",
			Version:      Version,
			Introduction: introduction,
			Contact:      "The developers of Waypost",
			License:      huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
			Tags:         tags,
			SchemaNames:  schemaNames,
			Examples:     Examples,
		},
		Formats:    formats(base),
		ErrorPage:  pages.ErrorPage,
		ValueForms: map[string]string{"responses": instruments.AnswerForms},

		ContentSecurityPolicy: docs.ContentSecurityPolicy,

		CORSOrigins:    c.CORSOrigins,
		Loading:        c.Loading,
		Ready:          c.Ready,
		RequestTimeout: c.RequestTimeout,
		Metrics:        c.Metrics,
		Tracing:        c.Tracing,
		TrustedProxies: c.TrustedProxies,
	}
}

// operations is every operation, area by area.
func (s *server) operations() {
	s.meOperations()
	s.siteOperations()
	s.linkWorkerOperations()
	s.handoverOperations()
	s.transferOperations()
	s.organisationOperations()
	s.serviceOperations()
	s.patientOperations()
	s.consentOperations()
	s.mistakeOperations()
	s.historyOperations()
	s.mergeOperations()
	s.reassignmentOperations()
	s.episodeOperations()
	s.referralOperations()
	s.replyOperations()
	s.assessmentOperations()
	s.followUpOperations()
	s.worklistOperations()
	s.outboxOperations()
	s.insightOperations()
	s.projectOperations()
	s.releaseOperations()
	s.studyOperations()
	s.eventOperations()
	s.webhookOperations()
	s.webhookMessages()
	s.keyOperations()
	s.demoOperations()
}
