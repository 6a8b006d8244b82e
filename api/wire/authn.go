package wire

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/listen"
)

// authenticate finds the actor behind the request's credential, and begins the transaction that the request is worked
// on in: one round trip. The body is read before, so that no slow caller holds a connection to the database; for a
// larger one the caller must be known first.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		if s.IsLoading() {
			return Unready(nil)
		}
		if length := c.Request().ContentLength; length < 0 || length > readUnknown {
			leave, err := s.admit(c)
			leave()
			if err != nil {
				return err
			}
		}
		if err := Receive(c, maxBody); err != nil {
			return err
		}
		leave, err := s.admit(c)
		defer leave()
		if err != nil {
			return err
		}
		return next(c)
	}
}

// readUnknown is how much is read of a body, in bytes, before it is known who sends it.
const readUnknown = 64 << 10

func (s *Server) admit(c echo.Context) (leave func(), err error) {
	nothing := func() {}
	if s.byLink[c.Path()] {
		return s.BeginByLink(c)
	}
	key := credential(c)
	if key == "" {
		return nothing, fault.New(fault.Unauthenticated, "This needs an API key: Authorization: Bearer wp_…")
	}
	behalf, unreadable := onBehalf(c)
	ctx := c.Request().Context()
	if m := c.Request().Method; (m == http.MethodGet || m == http.MethodHead) && s.fromStandby[c.Path()] {
		ctx = db.FromStandby(ctx)
	}
	ctx, leave, err = s.Admit(ctx, key, behalf)
	if standby := db.StandbyOf(ctx); standby.Is {
		c.Response().Header().Set(StandbyLag, strconv.Itoa(int(math.Ceil(standby.Lag.Seconds()))))
	}
	if fault.Is(err, fault.Unauthenticated) {
		return leave, s.CountGuess(c, err)
	}
	if err == nil {
		err = unreadable
	}
	proceed(c, ctx, leave)
	return leave, err
}

// BeginByLink is admit for the token of a link. Tokens must not be tried out.
func (s *Server) BeginByLink(c echo.Context) (leave func(), err error) {
	ctx, leave, err := s.AdmitByLink(c.Request().Context(), c.Param("token"))
	if fault.Is(err, fault.NotFound) {
		return leave, s.CountGuess(c, err)
	}
	proceed(c, ctx, leave)
	return leave, err
}

// CountGuess counts a credential that failed, and slows down an address that tries many.
func (s *Server) CountGuess(c echo.Context, refusal error) error {
	return s.refused.count(c.RealIP(), refusal)
}

// proceed goes on with the request in the transaction that was begun for it. The transaction ends before
// the first byte of any answer is written, so that a caller who does not read holds no connection to the
// database.
func proceed(c echo.Context, ctx context.Context, leave func()) {
	c.Response().Before(leave)
	c.Set("actor", actor.From(ctx))
	c.SetRequest(c.Request().WithContext(ctx))
}

// credential is the bearer token; on insights a key also works as the password of Basic authentication, for
// dashboards that know nothing else.
func credential(c echo.Context) string {
	header := c.Request().Header.Get(echo.HeaderAuthorization)
	if scheme, token, _ := strings.Cut(header, " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if takesPassword(c) {
		_, password, _ := c.Request().BasicAuth()
		return password
	}
	return ""
}

// takesPassword reports whether the credential may be a password, as spreadsheets and dashboards send one.
func takesPassword(c echo.Context) bool {
	return strings.HasPrefix(c.Request().URL.Path, "/v1/insights")
}

// OnBehalfOf is the header by which a partner system says for whom it acts.
const OnBehalfOf = "Waypost-On-Behalf-Of"

// onBehalf is the link worker of its sites for whom a partner system says it acts.
func onBehalf(c echo.Context) (*uuid.UUID, error) {
	sent := c.Request().Header.Values(OnBehalfOf)
	if len(sent) == 0 {
		return nil, nil
	}
	id, err := uuid.Parse(sent[0])
	if err != nil || len(sent) > 1 { // one that is empty was meant for somebody
		return nil, fault.New(fault.Invalid, OnBehalfOf+" must be the id of a link worker.").
			At("header."+OnBehalfOf, fault.WrongFormat, "takes the id of a link worker, once")
	}
	return &id, nil
}

// guesses counts failed credentials by address, so that keys cannot be tried out. Valid keys are never slowed down.
type guesses struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

const (
	GuessesAtOnce = 100
	guessesEvery  = time.Second
	addressesKept = 10_000
)

func (g *guesses) count(address string, refusal error) error {
	if ip, err := netip.ParseAddr(address); err == nil {
		address = listen.Caller(ip).String()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.by) >= addressesKept {
		clear(g.by) // memory has an end; an attacker of this many addresses is no worse off without us
	}
	if g.by[address] == nil {
		g.by[address] = rate.NewLimiter(rate.Every(guessesEvery), GuessesAtOnce)
	}
	if g.by[address].Allow() {
		return refusal
	}
	return fault.New(fault.RateLimited, "Too many failed credentials from this address. Wait a little.").
		RetryIn(guessesEvery)
}
