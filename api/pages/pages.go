// Package pages holds the pages that Waypost itself serves, and their handlers: plain HTML that works without
// JavaScript, on a phone, and with a screen reader; and the dashboard.
package pages

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/wire"
	"waypost/internal/outcomes"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/platform/text"
	"waypost/internal/referrals"
	"waypost/internal/study"
)

// Config is what the pages need beside the engine.
type Config struct {
	PublicURL string // where people reach Waypost
	Outcomes  *outcomes.Store
	Referrals *referrals.Store
	Study     *study.Store
}

type server struct {
	*wire.Server
	Config
}

// Register adds every page and what the pages load.
func Register(e *echo.Echo, engine *wire.Server, c Config) {
	s := &server{Server: engine, Config: c}
	serveAsset(e, stylePath, "text/css; charset=utf-8", style)
	serveAsset(e, leavePath, "text/javascript; charset=utf-8", leaveScript)
	s.personPages(e)
	s.replyPages(e)
	s.updatePage(e)
	dashboardPage(e)
}

func serveAsset(e *echo.Echo, path, mediaType string, content []byte) {
	wire.GetAndHead(e, path, func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "max-age=3600")
		return c.Blob(http.StatusOK, mediaType, content)
	})
}

const maxForm = 64 << 10 // bytes of one answer

// page wraps the handler of a page behind a link: it reads the form before anything else, forbids caching and scripts,
// counts links that do not exist, and shows errors as a page.
func (s *server) page(
	show echo.HandlerFunc,
	showError func(echo.Context, *wire.Problem, error) error,
) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Content-Security-Policy", policy)
		if !strings.HasPrefix(c.Path(), link.Update.Path("")) { // an update is public: compressing it reveals nothing
			wire.NoCompression(c)
		}
		err := wire.Receive(c, maxForm)
		switch {
		case err != nil:
		case s.IsLoading():
			err = wire.Unready(nil)
		default:
			err = show(c)
		}
		if fault.Is(err, fault.NotFound) {
			err = s.CountGuess(c, err) // tokens must not be tried out
		}
		if err == nil {
			return nil
		}
		p := wire.ProblemOf(c.Request().Context(), err)
		maps.Copy(h, p.GetHeaders())
		return showError(c, p, err)
	}
}

// parseForm reads the form in the request's body.
func parseForm(c echo.Context) (url.Values, error) {
	form, err := url.ParseQuery(string(wire.RequestOf(c.Request().Context()).Body))
	if err != nil {
		return nil, fault.New(fault.Unreadable, "The answer cannot be read.")
	}
	return form, nil
}

// field returns a field of a form as text that can be stored; "" when it is blank.
func field(form url.Values, name string) string {
	answer := strings.ToValidUTF8(strings.TrimSpace(form.Get(name)), "")
	if text.Blank(answer) {
		return ""
	}
	return strings.ReplaceAll(strings.ReplaceAll(answer, "\x00", ""), "\r\n", "\n")
}

// message is what an error page says.
type message struct{ Title, Words string }

// tooManyLinks is shown to an address that tries many links.
const tooManyLinks = "Too many links that do not work were tried from your connection. " +
	"Please try again in a few minutes."

func render(c echo.Context, status int, name string, data any) error {
	html, err := execute(wire.BaseOf(c), name, data)
	if err != nil {
		return err
	}
	return c.HTMLBlob(status, html)
}
