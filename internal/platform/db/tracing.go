package db

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// tracer watches over each statement, and adds a span for it to the trace that its context belongs to,
// where there is one. Statements are shown without their values.
type tracer struct{ db *DB }

type stopKey struct{}

// begin is what every statement begins with, and end what it ends with.
func (t tracer) begin(ctx context.Context, name string, attributes ...attribute.KeyValue) context.Context {
	ctx, stop := t.db.watch(ctx)
	return context.WithValue(start(ctx, name, attributes...), stopKey{}, stop)
}

func start(ctx context.Context, name string, attributes ...attribute.KeyValue) context.Context {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx
	}
	ctx, _ = parent.TracerProvider().Tracer("waypost").Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(append(attributes, attribute.String("db.system.name", "postgresql"))...))
	return ctx
}

func (t tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	verb, _, _ := strings.Cut(q.SQL, " ")
	return t.begin(ctx, strings.ToLower(verb), attribute.String("db.query.text", q.SQL))
}

func (tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryEndData) {
	end(ctx, q.Err)
}

func (t tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	return t.begin(ctx, "batch", attribute.Int("db.operation.batch.size", b.Batch.Len()))
}

func (tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (tracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchEndData) {
	end(ctx, b.Err)
}

func (t tracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, c pgx.TraceCopyFromStartData) context.Context {
	return t.begin(ctx, "copy", attribute.String("db.collection.name", c.TableName.Sanitize()))
}

func (tracer) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, c pgx.TraceCopyFromEndData) {
	end(ctx, c.Err)
}

// end tells that a statement failed, and not why: PostgreSQL's own words may hold values.
func end(ctx context.Context, err error) {
	if stop, watched := ctx.Value(stopKey{}).(func()); watched {
		stop()
	}
	span := trace.SpanFromContext(ctx)
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
