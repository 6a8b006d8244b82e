// Package wire is the engine of the API: what HTTP asks around its operations. It knows none of them, and imports
// no area.
package wire

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
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/telemetry"
)

// Config is what the engine stands on.
type Config struct {
	DB   *db.DB
	Base string // the path below which every path is answered; see BaseOf
	// Admit begins a request's transaction with an API key, and for whom the key says it acts.
	Admit func(ctx context.Context, key string, onBehalfOf *uuid.UUID) (context.Context, func(), error)
	// AdmitByLink begins it with the token of a link, for operations that take no key.
	AdmitByLink func(ctx context.Context, token string) (context.Context, func(), error)

	Head      DocumentHead
	Formats   map[string]huma.Format                 // the forms of answers beside JSON, by media type
	ErrorPage func(c echo.Context, status int) error // shows a browser that something went wrong

	ValueForms map[string]string // what the values of a map take, by the map's name, where they have several forms

	ContentSecurityPolicy string // of every answer that has none of its own

	CORSOrigins    []string                    // origins that browsers may call from; none by default
	Loading        *atomic.Bool                // a demo is being loaded: nobody is served yet; nil: never
	Ready          func(context.Context) error // nil error: requests are answered, and more may come
	RequestTimeout time.Duration               // the longest that a request is worked on; 30 s when zero
	Metrics        *telemetry.Metrics          // what /metrics shows
	Tracing        trace.TracerProvider        // where spans go
	TrustedProxies []netip.Prefix              // proxies whose X-Forwarded-For tells a caller's address; none by default
}

// Server is the engine with the operations that are registered with it.
type Server struct {
	Config
	API huma.API

	refused     guesses
	validating  chan struct{}             // a place for each large body that is being validated
	named       map[string]string         // operation ids by method and echo's route
	types       map[string]operationTypes // by operation id
	fromStandby map[string]bool           // the routes whose GET is served from a standby
	byLink      map[string]bool           // the routes whose credential is the token in the path
}

// New makes an engine without operations, and the server of its routes. Complete ends the registration.
func New(c Config) (*echo.Echo, *Server) {
	e := echo.New()
	s := &Server{
		Config:      c,
		refused:     guesses{by: map[string]*rate.Limiter{}},
		validating:  make(chan struct{}, largeAtOnce),
		byLink:      map[string]bool{},
		fromStandby: map[string]bool{},
		types:       map[string]operationTypes{},
	}
	e.HTTPErrorHandler = s.onEchoError
	e.IPExtractor = addressOf(c.TrustedProxies)
	e.Pre(below(c.Base), compressed)
	e.Use(
		middleware.RecoverWithConfig(middleware.RecoverConfig{DisableStackAll: true, LogErrorFunc: logPanic}),
		s.observed,
		s.secured,
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
					ExposeHeaders: []string{"ETag", "Location", "Idempotency-Replayed", "Retry-After", StandbyLag},
				},
			),
		)
	}
	e.Use(onOperations(s.authenticate), onOperations(strict))
	s.API = huma.NewAPI(s.document(), answersHead{humaecho.New(e, huma.Config{}).Adapter()})
	return e, s
}

// Complete is called once every operation is registered.
func (s *Server) Complete() {
	finish(s.API.OpenAPI(), s.Head.Examples)
	s.named = operationNames(s.API.OpenAPI())
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

func (s *Server) secured(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", s.ContentSecurityPolicy)
		return next(c)
	}
}

// logPanic logs where, not what: the value of a panic may hold what was sent. huma also panics when it
// cannot write an answer, since the caller has gone or does not read: that is nobody's fault here.
func logPanic(c echo.Context, err error, _ []byte) error {
	var network net.Error
	if c.Response().Committed &&
		(errors.As(err, &network) || errors.Is(err, net.ErrClosed) ||
			errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
		slog.Debug("an answer was not read")
		return nil
	}
	slog.Error("panic", "stack", string(debug.Stack()))
	return fault.New(fault.Internal, "Something went wrong on our side.")
}

// GetAndHead shows something to whoever asks for it, or asks with HEAD whether it is there, as programs that look
// through mail do.
func GetAndHead(e *echo.Echo, path string, show echo.HandlerFunc) {
	e.Match([]string{http.MethodGet, http.MethodHead}, path, show)
}

// AddProbes adds the paths for whoever keeps the server running.
func (s *Server) AddProbes(e *echo.Echo) {
	GetAndHead(e, "/livez", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	GetAndHead(e, "/readyz", func(c echo.Context) error {
		if s.IsLoading() {
			return Unready(nil)
		}
		if err := s.Ready(c.Request().Context()); errors.Is(err, db.ErrBehind) {
			return err
		} else if err != nil {
			return Unready(err)
		}
		return c.String(http.StatusOK, "ok\n")
	})
	GetAndHead(e, "/metrics", echo.WrapHandler(s.Metrics.Handler()))
}

func (s *Server) IsLoading() bool { return s.Loading != nil && s.Loading.Load() }

func Unready(err error) error {
	return fault.New(fault.Unavailable, "Not ready: the database does not answer, is not migrated, its demo is still being loaded, or the "+
		"process is stopping.").
		Because(err).
		RetryIn(time.Second)
}
