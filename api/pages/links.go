package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/wire"
	"waypost/internal/platform/link"
)

// trailing are the characters that mail programs, and people who copy a link, leave at its end. No token ends in one.
const trailing = "/.,;:!?()[]{}<>'\"’” \u00a0"

// TrimLinks redirects from a link with trailing punctuation to the link itself.
func TrimLinks(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := c.Request()
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			return next(c)
		}
		for _, kind := range link.Kinds {
			path := strings.TrimRight(req.URL.Path, trailing)
			if strings.HasPrefix(path, kind.Path("")) && path != req.URL.Path {
				c.Response().Header().Set("Cache-Control", "no-store")
				return c.Redirect(http.StatusFound, wire.BaseOf(c)+(&url.URL{Path: path}).EscapedPath())
			}
		}
		return next(c)
	}
}
