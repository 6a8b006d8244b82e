package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/wire"
	"waypost/internal/platform/link"
)

// afterLinks are what programs that make links of text, and people who copy them, leave at a link's end. No
// token ends in one.
const afterLinks = "/.,;:!?()[]{}<>'\"’” \u00a0"

// TrimLinks redirects from a link with something after its end to the link.
func TrimLinks(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := c.Request()
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			return next(c)
		}
		for _, kind := range link.Kinds {
			path := strings.TrimRight(req.URL.Path, afterLinks)
			if strings.HasPrefix(path, kind.Path("")) && path != req.URL.Path {
				c.Response().Header().Set("Cache-Control", "no-store")
				return c.Redirect(http.StatusFound, wire.BaseOf(c)+(&url.URL{Path: path}).EscapedPath())
			}
		}
		return next(c)
	}
}
