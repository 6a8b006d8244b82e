package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// ErrorPage is the page of a path that has none, or of what went wrong before any page was there to say so.
func ErrorPage(c echo.Context, status int) error {
	told := struct{ Title, Words string }{"Something went wrong", "Please try again in a few minutes."}
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		told.Title, told.Words = "There is no page here", "A part of the address may be missing. If you were sent a link, please open it again just as it "+
			"was sent, or copy the whole of it."
	}
	c.Response().Header().Set("Content-Security-Policy", policy)
	c.Response().Header().Set("Cache-Control", "no-store")
	return render(c, status, "nothing", told)
}
