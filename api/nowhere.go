package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/pages"
	"waypost/api/wire"
	"waypost/internal/platform/link"
)

// nothing is the page of a path that has none, or of what went wrong before any page was there to say so.
func nothing(c echo.Context, status int) error {
	told := struct{ Title, Words string }{"Something went wrong", "Please try again in a few minutes."}
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		told.Title, told.Words = "There is no page here", "A part of the address may be missing. If you were sent a link, please open it again just as it "+
			"was sent, or copy the whole of it."
	}
	c.Response().Header().Set("Content-Security-Policy", pages.ContentSecurityPolicy)
	c.Response().Header().Set("Cache-Control", "no-store")
	return render(c, status, "nothing", told)
}

// afterLinks are what programs that make links of text, and people who copy them, leave at a link's end. No
// token ends in one.
const afterLinks = "/.,;:!?()[]{}<>'\"’” \u00a0"

// tidied leads from a link with something after its end to the link.
func tidied(next echo.HandlerFunc) echo.HandlerFunc {
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
