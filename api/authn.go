package api

import (
	"net"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/fault"
)

const onBehalfOf = "Waypost-On-Behalf-Of"

// authenticate finds the actor behind the request's credential.
func (s *server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		if s.loading() {
			return unready(nil)
		}
		ctx := c.Request().Context()
		key := credential(c)
		if key == "" {
			return fault.New(fault.Unauthenticated, "This needs an API key: Authorization: Bearer wp_…")
		}
		a, err := s.keys.Authenticate(ctx, key)
		if fault.Is(err, fault.Unauthenticated) {
			return s.refused.count(c.RealIP(), err)
		}
		if err != nil {
			return err
		}
		if a, err = s.onBehalf(c, a); err != nil {
			return err
		}
		c.Set("actor", a)
		c.SetRequest(c.Request().WithContext(actor.With(ctx, a)))
		return next(c)
	}
}

// credential is the bearer token; on insights a key also works as the password of Basic authentication, for
// dashboards that know nothing else.
func credential(c echo.Context) string {
	header := c.Request().Header.Get(echo.HeaderAuthorization)
	if scheme, token, _ := strings.Cut(header, " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if strings.HasPrefix(c.Request().URL.Path, "/v1/insights") {
		_, password, _ := c.Request().BasicAuth()
		return password
	}
	return ""
}

// onBehalf lets a partner system say which link worker of its sites it acts for.
func (s *server) onBehalf(c echo.Context, a actor.Actor) (actor.Actor, error) {
	text := c.Request().Header.Get(onBehalfOf)
	if text == "" {
		return a, nil
	}
	if a.Role != actor.Integration {
		return a, fault.New(fault.Forbidden, "Only the role integration may act on behalf of a link worker.")
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return a, fault.New(fault.Invalid, onBehalfOf+" must be the id of a link worker.")
	}
	w, err := s.sites.LinkWorker(actor.With(c.Request().Context(), a), id)
	if fault.Is(err, fault.NotFound) {
		return a, fault.New(fault.Invalid, onBehalfOf+" names no link worker of the credential's sites.")
	}
	if err != nil {
		return a, err
	}
	if w.Active == nil || !*w.Active {
		return a, fault.New(fault.Invalid, onBehalfOf+" names a link worker who is not active.")
	}
	a.LinkWorkerID, a.OnBehalf = &w.ID, true
	return a, nil
}

// guesses counts failed credentials by address, so that keys cannot be tried out. Valid keys are never slowed down.
type guesses struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

const (
	guessesAtOnce = 100
	guessesEvery  = time.Second
	addressesKept = 10_000
)

func (g *guesses) count(address string, refusal error) error {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.by) >= addressesKept {
		clear(g.by) // memory has an end; an attacker of this many addresses is no worse off without us
	}
	if g.by[address] == nil {
		g.by[address] = rate.NewLimiter(rate.Every(guessesEvery), guessesAtOnce)
	}
	if g.by[address].Allow() {
		return refusal
	}
	f := fault.New(fault.RateLimited, "Too many failed credentials from this address. Wait a little.")
	f.RetryAfter = guessesEvery
	return f
}
