// Package docs serves the API's page (Swagger UI) and the guides for people.
package docs

import (
	"cmp"
	"embed"
	"io/fs"
	"net/http"

	"github.com/labstack/echo/v4"
	echoswagger "github.com/swaggo/echo-swagger"
	swaggerfiles "github.com/swaggo/files/v2"
)

// OpenAPI is the reviewed document. "make openapi" makes it of the source, and a test holds the two together.
//
//go:embed openapi.yaml
var OpenAPI []byte

// own are the page itself and what it adds to Swagger UI.
//
//go:embed index.html page.js page.css
var own embed.FS

// ContentSecurityPolicy lets pages load from this server alone. Swagger UI sets styles inline.
const ContentSecurityPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

const page = "/docs/"

// Register puts Swagger UI at /docs/ and the guides at /docs/guides/, below the base that all paths of this server begin with. Its files
// are part of the program, so it works offline.
func Register(e *echo.Echo, base string) {
	get := func(path string, show echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, show)
	}
	for _, path := range []string{"/", "/docs"} {
		get(path, func(c echo.Context) error { return c.Redirect(http.StatusFound, base+page) })
	}
	registerGuides(get, base)
	swaggerUI := echoswagger.EchoWrapHandler()
	get(page+"*", func(c echo.Context) error {
		name := cmp.Or(c.Param("*"), "index.html")
		if isFile(own, name) {
			http.ServeFileFS(c.Response(), c.Request(), own, name)
			return nil
		}
		if !isFile(swaggerfiles.FS, name) {
			return echo.ErrNotFound // echo-swagger's own answer is no problem document
		}
		asked := c.Request().Clone(c.Request().Context())
		// it knows no HEAD, and finds a file by the URI, which may have a base
		asked.Method, asked.RequestURI = http.MethodGet, page+name
		c.SetRequest(asked)
		return swaggerUI(c)
	})
}

func isFile(files fs.FS, name string) bool {
	file, err := fs.Stat(files, name)
	return err == nil && !file.IsDir()
}
