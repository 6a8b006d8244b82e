package telemetry

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

var errNoCollector = errors.New(
	"traces cannot be sent: set OTEL_EXPORTER_OTLP_ENDPOINT to a collector that takes OTLP over HTTP, such as " +
		"http://collector:4318, with OTEL_EXPORTER_OTLP_PROTOCOL unset or http/protobuf",
)

// Tracing sends traces to the collector that OpenTelemetry's own variables name (OTEL_EXPORTER_OTLP_ENDPOINT and their
// like, over HTTP); without one, or with OTEL_SDK_DISABLED=true, nothing is traced. stop sends what is left.
func Tracing(ctx context.Context, version string) (_ api.TracerProvider, stop func(context.Context) error, err error) {
	endpoint := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
	if endpoint == "" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return noop.NewTracerProvider(), func(context.Context) error { return nil }, nil
	}
	protocol := cmp.Or(
		os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
		os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"),
		"http/protobuf",
	)
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || protocol != "http/protobuf" {
		return nil, nil, errNoCollector
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, errNoCollector
	}
	about, err := resource.New(
		ctx,
		resource.WithAttributes(
			attribute.String("service.name", "waypost"),
			attribute.String("service.version", version),
		),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, nil, err
	}
	otel.SetLogger(logr.FromSlogHandler(slog.Default().Handler())) // its own would write plain text
	otel.SetErrorHandler(
		otel.ErrorHandlerFunc(func(err error) { slog.Warn("traces are not getting through", "error", err) }),
	)
	p := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	return p, p.Shutdown, nil
}
