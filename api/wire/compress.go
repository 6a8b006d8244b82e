package wire

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
)

const shortest = 1024 // bytes: shorter answers are not compressed

// compressing wraps a handler so that its answer is compressed where the client takes it.
var compressing = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(shortest))
	if err != nil {
		panic(err) // the options are part of the program
	}
	return wrap
}()

// compressed compresses answers. It stands beneath echo's response, which ends the request's transaction
// before it writes the first byte (see proceed).
func compressed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		response := c.Response()
		beneath := response.Writer
		compressing(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			response.Writer = w
			if err := next(c); err != nil {
				c.Error(err)
			}
		}))(&weakening{ResponseWriter: beneath}, c.Request())
		response.Writer = beneath
		return nil
	}
}

// NoCompression keeps an answer from being compressed: one that shows a secret, whose length would then tell what
// the secret has in common with what a stranger made the caller ask for (BREACH), and one that is sent in
// parts.
func NoCompression(c echo.Context) { c.Response().Header().Set(gzhttp.HeaderNoCompression, "1") }

// Uncompressed is NoCompression for an operation.
func Uncompressed(ctx huma.Context, next func(huma.Context)) {
	NoCompression(humaecho.Unwrap(ctx))
	next(ctx)
}

// weakening makes the ETag of a compressed answer weak, since its bytes are others than those of the answer
// that is not.
type weakening struct {
	http.ResponseWriter
	begun bool
}

func (w *weakening) WriteHeader(status int) {
	h := w.Header()
	if tag := h.Get("ETag"); h.Get("Content-Encoding") != "" && tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("ETag", "W/"+tag)
	}
	if !slices.ContainsFunc(h.Values("Vary"), func(v string) bool { return strings.Contains(v, "Accept-Encoding") }) {
		h.Add("Vary", "Accept-Encoding") // a handler's own Vary has taken its place
	}
	w.begun = w.begun || status >= http.StatusOK
	w.ResponseWriter.WriteHeader(status)
}

func (w *weakening) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

func (w *weakening) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// answersHead answers HEAD wherever GET is answered.
type answersHead struct{ huma.Adapter }

func (a answersHead) Handle(o *huma.Operation, answer func(huma.Context)) {
	a.Adapter.Handle(o, answer)
	if o.Method == http.MethodGet {
		head := *o
		head.Method = http.MethodHead
		a.Adapter.Handle(&head, answer)
	}
}

// NoneMatch reports whether If-None-Match names the answer that has this ETag, which is strong.
func NoneMatch(h http.Header, tag string) bool {
	return slices.ContainsFunc(
		strings.Split(strings.Join(h.Values("If-None-Match"), ","), ","),
		func(known string) bool {
			return strings.TrimPrefix(strings.TrimSpace(known), "W/") == tag
		},
	)
}
