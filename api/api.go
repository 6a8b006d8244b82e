// Package api is the wire: every operation of the API, and what HTTP asks around them.
package api

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

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
	"waypost/internal/platform/fault"
	"waypost/internal/platform/outbox"
	"waypost/internal/platform/telemetry"
	"waypost/internal/sites"
	"waypost/internal/study"
	"waypost/internal/worklists"
)

// Version of the API's document.
const Version = "0.1.0"

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
	api         huma.API
	base        string // the path of PublicURL: what every path that is answered begins with
	refused     guesses
	validating  chan struct{}     // a place for each large body that is being validated
	named       map[string]string // operation ids by method and echo's route
	byID        map[string]*huma.Operation
	keys        *keys.Store
	partners    *partners.Store
	types       map[string]operationTypes // by operation id
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

// New makes the whole server: every operation, the document, its page, and the probes.
func New(c Config) *echo.Echo {
	e, s := build(c)
	get(e, "/metrics", echo.WrapHandler(c.Metrics.Handler()))
	s.probes(e)
	s.patientPages(e)
	s.replyPages(e)
	s.updatePage(e)
	s.dashboardPage(e)
	serveDocument(e, s.base)
	docs.Register(e, s.base)
	return e
}

// build makes the operations and what surrounds them.
func build(c Config) (*echo.Echo, *server) {
	e, s := assemble(c)
	finish(s.api.OpenAPI())
	s.named, s.byID = operationNames(s.api.OpenAPI()), byID(s.api.OpenAPI())
	return e, s
}

// assemble makes the operations as their types declare them; finish completes them.
func assemble(c Config) (*echo.Echo, *server) {
	e := echo.New()
	e.HTTPErrorHandler = onEchoError
	e.IPExtractor = addressOf(c.TrustedProxies)
	s := &server{
		Config:      c,
		base:        Base(c.PublicURL),
		refused:     guesses{by: map[string]*rate.Limiter{}},
		validating:  make(chan struct{}, largeAtOnce),
		keys:        &keys.Store{DB: c.DB},
		partners:    c.Partners,
		types:       map[string]operationTypes{},
		sites:       &sites.Store{DB: c.DB},
		directory:   &directory.Store{DB: c.DB},
		casework:    casework.New(c.DB),
		gpMessages:  &gpmessage.Store{DB: c.DB},
		insights:    &insights.Store{DB: c.DB},
		instruments: &instruments.Store{DB: c.DB},
		outbox: &outbox.Store{
			DB: c.DB,
		},
		datasets:  c.Datasets,
		worklists: &worklists.Store{DB: c.DB},
		study:     &study.Store{DB: c.DB, Insights: &insights.Store{DB: c.DB}},
	}
	s.casework.People.TestNumbers = c.TestNumbers || c.Demo
	s.people = s.casework.People
	if s.datasets == nil {
		s.datasets = &datasets.Store{DB: c.DB, Software: Version}
	}
	e.Pre(below(s.base), compressed, tidied)
	e.Use(
		middleware.RecoverWithConfig(middleware.RecoverConfig{DisableStackAll: true, LogErrorFunc: logPanic}),
		s.observed,
		secured,
		limited(cmp.Or(c.RequestTimeout, 30*time.Second)),
	)
	if len(c.CORSOrigins) > 0 {
		e.Use(
			middleware.CORSWithConfig(
				middleware.CORSConfig{
					AllowOrigins: c.CORSOrigins,
					AllowHeaders: []string{
						"Authorization",
						"Content-Type",
						"Idempotency-Key",
						"If-Match",
						"If-None-Match",
					},
					ExposeHeaders: []string{"ETag", "Location", "Idempotency-Replayed", "Retry-After"},
				},
			),
		)
	}
	e.Use(onOperations(s.authenticate), onOperations(strict))
	s.api = huma.NewAPI(document(s.base), answersHead{humaecho.New(e, huma.Config{}).Adapter()})
	s.operations()
	return e, s
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

// onOperations applies to the operations of the API and to nothing else. It is no middleware of a group, for
// which echo would answer a wrong method as not found.
func onOperations(m echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		applied := m(next)
		return func(c echo.Context) error {
			if strings.HasPrefix(c.Path(), "/v1/") {
				return applied(c)
			}
			return next(c)
		}
	}
}

// limited stops a request that takes too long: its context ends, and the database's work with it.
func limited(limit time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			ctx, cancel := context.WithTimeout(c.Request().Context(), limit)
			defer cancel()
			c.SetRequest(c.Request().WithContext(ctx))
			return next(c)
		}
	}
}

func secured(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", docs.ContentSecurityPolicy)
		return next(c)
	}
}

// logPanic logs where, not what: the value of a panic may hold what was sent. huma also panics when it
// cannot write an answer, since the caller has gone or does not read: that is nobody's fault here.
func logPanic(c echo.Context, err error, _ []byte) error {
	var network net.Error
	if c.Response().Committed &&
		(errors.As(err, &network) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
		slog.Debug("an answer was not read")
		return nil
	}
	slog.Error("panic", "stack", string(debug.Stack()))
	return fault.New(fault.Internal, "Something went wrong on our side.")
}

// get shows something to whoever asks for it, or asks with HEAD whether it is there, as programs that look
// through mail do.
func get(e *echo.Echo, path string, show echo.HandlerFunc) {
	e.Match([]string{http.MethodGet, http.MethodHead}, path, show)
}

// probes are for whoever keeps the server running.
func (s *server) probes(e *echo.Echo) {
	get(e, "/livez", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	get(e, "/readyz", func(c echo.Context) error {
		if s.loading() {
			return unready(nil)
		}
		if err := s.Ready(c.Request().Context()); err != nil {
			return unready(err)
		}
		return c.String(http.StatusOK, "ok\n")
	})
}

func (s *server) loading() bool { return s.Loading != nil && s.Loading.Load() }

func unready(err error) error {
	return fault.New(fault.Unavailable, "Not ready: the database does not answer, is not migrated, its demo is still being loaded, or the "+
		"process is stopping.").
		Because(err).
		RetryIn(time.Second)
}
