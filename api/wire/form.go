package wire

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/danielgtaylor/huma/v2/negotiation"
	"github.com/labstack/echo/v4"
)

// Form is a second form of an answer: ?format=<name> asks for it, or Accept does.
type Form struct{ name, media, example string }

var (
	CSVForm      = &Form{"csv", "text/csv", "metric,rows\n"}
	TextForm     = &Form{"text", "text/plain", "A HEADING\n  A line.\n"}
	HTMLForm     = &Form{"html", "text/html", "<!DOCTYPE html>"}
	MarkdownForm = &Form{"md", "text/markdown", "# A heading\n"}
)

// Forms are the further forms of an answer.
type Forms []*Form

// choose decides in which form the answer goes out: JSON, unless the operation has another and it is asked for.
func (f Forms) choose(ctx huma.Context, next func(huma.Context)) {
	kind := f.asked(ctx)
	if kind != echo.MIMEApplicationJSON {
		res := humaecho.Unwrap(ctx).Response()
		res.Before(func() { // a problem has a kind of its own
			if res.Header().Get(echo.HeaderContentType) == kind {
				res.Header().Set(echo.HeaderContentType, kind+"; charset=utf-8")
			}
		})
	}
	if kind == HTMLForm.media { // a page for who showed a key
		NoCompression(humaecho.Unwrap(ctx))
	}
	RequestOf(ctx.Context()).Header.Set("Accept", kind)
	next(ctx)
}

func (f Forms) asked(ctx huma.Context) string {
	kinds := []string{echo.MIMEApplicationJSON}
	name := ctx.Query("format")
	for _, other := range f {
		if kinds = append(kinds, other.media); other.name == name {
			return other.media
		}
	}
	if name != "" {
		return echo.MIMEApplicationJSON
	}
	if kind := negotiation.SelectQValue(strings.ToLower(ctx.Header("Accept")), kinds); kind != "" {
		return kind
	}
	return echo.MIMEApplicationJSON
}
