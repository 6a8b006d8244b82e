package api

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/pages"
	"waypost/api/wire"
)

// dashboardPage serves the dashboard. Its files say nothing of anybody: whoever opens it needs a key to see figures.
func (s *server) dashboardPage(e *echo.Echo) {
	wire.GetAndHead(
		e,
		strings.TrimSuffix(pages.DashboardPath, "/"),
		func(c echo.Context) error { return c.Redirect(http.StatusFound, s.Base+pages.DashboardPath) },
	)
	wire.GetAndHead(e, pages.DashboardPath+"*", func(c echo.Context) error {
		file, found := pages.Dashboard(c.Param("*"))
		if !found {
			return echo.ErrNotFound
		}
		h := c.Response().Header()
		h.Set("Content-Security-Policy", pages.DashboardSecurityPolicy)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", file.Tag)
		if wire.NoneMatch(c.Request().Header, file.Tag) {
			return c.NoContent(http.StatusNotModified)
		}
		return c.Blob(http.StatusOK, file.Kind, file.Content)
	})
}
