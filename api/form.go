package api

import (
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/danielgtaylor/huma/v2/negotiation"
	"github.com/labstack/echo/v4"
)

// form is a second form of an answer: ?format=<name> asks for it, or Accept does.
type form struct{ name, media, example string }

var (
	csvForm  = &form{"csv", "text/csv", "metric,rows\n"}
	textForm = &form{"text", "text/plain", "A HEADING\n  A line.\n"}
)

// choose settles in which form the answer goes out: JSON, unless the operation has another (f is not nil) and it is asked for.
func (f *form) choose(ctx huma.Context, next func(huma.Context)) {
	kind := echo.MIMEApplicationJSON
	if f.asked(ctx) {
		kind = f.media
		res := humaecho.Unwrap(ctx).Response()
		res.Before(func() { // a problem has a kind of its own
			if res.Header().Get(echo.HeaderContentType) == kind {
				res.Header().Set(echo.HeaderContentType, kind+"; charset=utf-8")
			}
		})
	}
	requestOf(ctx.Context()).header.Set("Accept", kind)
	next(ctx)
}

func (f *form) asked(ctx huma.Context) bool {
	if f == nil {
		return false
	}
	if name := ctx.Query("format"); name != "" {
		return name == f.name
	}
	return negotiation.SelectQValue(strings.ToLower(ctx.Header("Accept")), []string{echo.MIMEApplicationJSON, f.media}) == f.media
}

// asText writes an answer that has a plain text; only operations that declare it are ever asked for it.
var asText = huma.Format{Marshal: func(w io.Writer, v any) error {
	_, err := io.WriteString(w, v.(interface{ PlainText() string }).PlainText())
	return err
}}
