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
	"waypost/internal/casework"
	"waypost/internal/datasets"
	"waypost/internal/directory"
	"waypost/internal/gpmessage"
	"waypost/internal/insights"
	"waypost/internal/instruments"
	"waypost/internal/keys"
	"waypost/internal/partners"
	"waypost/internal/people"
	"waypost/internal/platform/db"
	"waypost/internal/platform/outbox"
	"waypost/internal/platform/telemetry"
	"waypost/internal/sites"
	"waypost/internal/study"
	"waypost/internal/worklists"
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
	DB   *db.DB
	Demo bool // its clock may be moved
	// NHS numbers that are kept for tests and documents are taken, as in a demo
	TestNumbers bool
	// where people reach it, such as https://waypost.example or https://example.org/waypost
	PublicURL      string
	CORSOrigins    []string                    // origins that browsers may call from; none by default
	Loading        *atomic.Bool                // a demo is being loaded: nobody is served yet; nil: never
	Ready          func(context.Context) error // nil error: requests are answered, and more may come
	RequestTimeout time.Duration               // the longest that a request is worked on; 30 s when zero
	Metrics        *telemetry.Metrics          // what /metrics shows
	Datasets       *datasets.Store             // projects and releases; nil: as in the document, none is made
	Tracing        trace.TracerProvider        // where spans go
	Partners       *partners.Store             // the feed, webhooks

	TrustedProxies []netip.Prefix // proxies whose X-Forwarded-For tells a caller's address; none by default
}

type server struct {
	Config
	*wire.Server
	byID        map[string]*huma.Operation
	keys        *keys.Store
	partners    *partners.Store
	sites       *sites.Store
	directory   *directory.Store
	people      *people.Store
	casework    *casework.Store
	gpMessages  *gpmessage.Store
	insights    *insights.Store
	instruments *instruments.Store
	outbox      *outbox.Store
	datasets    *datasets.Store
	worklists   *worklists.Store
	study       *study.Store
}

// New makes the whole server: every operation, the document, its page, the pages for people, and the probes.
func New(c Config) *echo.Echo {
	e, s := build(c)
	s.AddProbes(e)
	pages.Register(e, s.Server, pages.Config{
		PublicURL: c.PublicURL,
		Outcomes:  s.casework.Outcomes,
		Referrals: s.casework.Referrals,
		Study:     s.study,
	})
	s.ServeDocument(e, docs.OpenAPI)
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
	s := &server{
		Config:      c,
		keys:        &keys.Store{DB: c.DB},
		partners:    c.Partners,
		sites:       &sites.Store{DB: c.DB},
		directory:   &directory.Store{DB: c.DB},
		casework:    casework.New(c.DB),
		gpMessages:  &gpmessage.Store{DB: c.DB},
		insights:    &insights.Store{DB: c.DB},
		instruments: &instruments.Store{DB: c.DB},
		outbox:      &outbox.Store{DB: c.DB},
		datasets:    c.Datasets,
		worklists:   &worklists.Store{DB: c.DB},
		study:       &study.Store{DB: c.DB, Insights: &insights.Store{DB: c.DB}},
	}
	s.casework.People.TestNumbers = c.TestNumbers || c.Demo
	s.people = s.casework.People
	if s.datasets == nil {
		s.datasets = &datasets.Store{DB: c.DB, Software: Version}
	}
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
		DB:          c.DB,
		Base:        base,
		Admit:       s.keys.Authenticate,
		AdmitByLink: s.keys.AuthenticateReplyLink,
		Head: wire.DocumentHead{
			Title:        "Waypost",
			Version:      Version,
			Introduction: introduction,
			Contact:      "The developers of Waypost",
			Tags:         tags,
			SchemaNames:  schemaNames,
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
	s.organisationOperations()
	s.serviceOperations()
	s.patientOperations()
	s.consentOperations()
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
	s.keyOperations()
	s.demoOperations()
}
