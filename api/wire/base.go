package wire

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

const baseKey = "base"

// BasePath is the path under which a public URL reaches the API: "" at the root of its host, else such as "/waypost".
func BasePath(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil { // as the command line has refused already
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

// BaseOf is what every path that an answer names begins with.
func BaseOf(c echo.Context) string {
	b, _ := c.Get(baseKey).(string)
	return b
}

// below answers a path with the base and one without it alike, so that a proxy may take the base away or
// pass it on, and probes need not know it.
func below(base string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Set(baseKey, base)
			if at := c.Request().URL; base != "" && (at.Path == base || strings.HasPrefix(at.Path, base+"/")) {
				at.Path, at.RawPath = withoutBase(at.Path, base), withoutBase(at.RawPath, base)
			}
			return next(c)
		}
	}
}

func withoutBase(path, base string) string {
	if path == base {
		return "/"
	}
	return strings.TrimPrefix(path, base)
}
