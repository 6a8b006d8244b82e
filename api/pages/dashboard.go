package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/wire"
)

//go:embed dashboard/index.html dashboard/dashboard.css dashboard/dashboard.js
var dashboardFiles embed.FS

// dashboardPath is the URL path of the dashboard.
const dashboardPath = "/dashboard/"

// dashboardPolicy lets the dashboard run its own script, load its own style, and ask this server alone.
const dashboardPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// dashboardPage serves the dashboard's static files. They hold no data: the reader needs a key to see figures.
func dashboardPage(e *echo.Echo) {
	wire.GetAndHead(
		e,
		strings.TrimSuffix(dashboardPath, "/"),
		func(c echo.Context) error { return c.Redirect(http.StatusFound, wire.BaseOf(c)+dashboardPath) },
	)
	wire.GetAndHead(e, dashboardPath+"*", func(c echo.Context) error {
		f, found := dashboardFile(c.Param("*"))
		if !found {
			return echo.ErrNotFound
		}
		h := c.Response().Header()
		h.Set("Content-Security-Policy", dashboardPolicy)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", f.tag)
		if wire.NoneMatch(c.Request().Header, f.tag) {
			return c.NoContent(http.StatusNotModified)
		}
		return c.Blob(http.StatusOK, f.kind, f.content)
	})
}

// file is one of the dashboard's files, ready to be sent.
type file struct {
	kind, tag string // media type, and ETag
	content   []byte
}

// dashboardFile finds a file of the dashboard; its first page has no name.
func dashboardFile(name string) (f file, found bool) {
	if name == "" {
		name = "index.html"
	}
	content, err := fs.ReadFile(dashboardFiles, "dashboard/"+name)
	if err != nil {
		return f, false
	}
	sum := sha256.Sum256(content)
	return file{
		mime.TypeByExtension(path.Ext(name)),
		`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		content,
	}, true
}
