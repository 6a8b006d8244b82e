package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// ErrorPage shows that a path has no page, or that a request failed before it reached one.
func ErrorPage(c echo.Context, status int) error {
	m := message{"Something went wrong", "Please try again in a few minutes."}
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		m.Title, m.Words = "There is no page here", "A part of the address may be missing. If you were sent a link, "+
			"please open it again just as it was sent, or copy the whole of it."
	}
	c.Response().Header().Set("Content-Security-Policy", policy)
	c.Response().Header().Set("Cache-Control", "no-store")
	return render(c, status, "nothing", m)
}
