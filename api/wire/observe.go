package wire

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"waypost/internal/platform/actor"
)

// observed counts, traces and logs each request by its operation, never by its path, query or body, which may tell of a
// person.
func (s *Server) observed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		operation := s.operationOf(c)
		ctx := propagation.TraceContext{}.Extract(c.Request().Context(), callersTrace(c.Request().Header))
		ctx, span := s.Tracing.Tracer("waypost").Start(ctx, operation, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		c.SetRequest(c.Request().WithContext(context.WithValue(ctx, operationKey{}, operation)))
		if err := next(c); err != nil {
			c.Error(err)
		}
		status, took := c.Response().Status, time.Since(began)
		who, _ := c.Get("actor").(actor.Actor)
		s.Metrics.Request(operation, status, took)
		span.SetAttributes(
			attribute.String("http.request.method", c.Request().Method),
			attribute.String("http.route", c.Path()),
			attribute.Int("http.response.status_code", status),
			attribute.String("waypost.role", string(who.Role)),
		)
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		line := []any{
			"operation",
			operation,
			"status",
			status,
			"ms",
			took.Milliseconds(),
			"role",
			who.Role,
			"key",
			who.KeyID,
		}
		if span.SpanContext().HasTraceID() {
			line = append(line, "trace", span.SpanContext().TraceID())
		}
		slog.Info("request", line...)
		return nil
	}
}

type operationKey struct{}

// operationIn is the operation that a request's context is of.
func operationIn(ctx context.Context) string {
	name, _ := ctx.Value(operationKey{}).(string)
	return cmp.Or(name, "none")
}

// callersTrace is the trace that a caller's request belongs to. Its tracestate is left out: it holds words
// of the caller's own, which would be exported with each span.
func callersTrace(h http.Header) propagation.MapCarrier {
	return propagation.MapCarrier{"traceparent": h.Get("traceparent")}
}

// operationOf is the id of the operation that was asked for; what is none of the API's is told by its
// route, and what has no route is "none": whoever makes paths up must not make figures up.
func (s *Server) operationOf(c echo.Context) string {
	if name, ok := s.named[c.Request().Method+" "+c.Path()]; ok {
		return name
	}
	if c.Path() == "" || strings.HasPrefix(c.Path(), "/v1") {
		return "none"
	}
	return c.Path()
}

func operationNames(o *huma.OpenAPI) map[string]string {
	names := map[string]string{}
	for path, item := range o.Paths {
		for method, op := range map[string]*huma.Operation{
			"GET":    item.Get,
			"POST":   item.Post,
			"PUT":    item.Put,
			"PATCH":  item.Patch,
			"DELETE": item.Delete,
		} {
			if op != nil {
				names[method+" "+route(path)] = op.OperationID
			}
			if op != nil && method == "GET" {
				names["HEAD "+route(path)] = op.OperationID
			}
		}
	}
	return names
}

// route is echo's form of a path of the document.
func route(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }
