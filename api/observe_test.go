package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"waypost/api"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/leaktest"
)

// What is scraped tells how the server is doing, in Prometheus's own form, and nothing of anybody.
func TestMetricsTellOfOperationsAndOfNobody(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	patient := w.patient()
	lw.get("/patients/" + patient).want(200)
	lw.get("/patients/" + patient).want(200)
	lw.get("/patients/"+nobody()).problem(404, "not_found")
	w.anybody().do("GET", "/made-up/path-of-mary", "").problem(404, "not_found")
	w.anybody().do("BREWCOFFEE", "/patients/"+patient, "")
	text := w.scrape()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`waypost_request_duration_seconds_count{operation="get-patient",status="200"} 2`,
		`waypost_request_duration_seconds_count{operation="get-patient",status="404"} 1`,
		`waypost_request_duration_seconds_count{operation="none",status="404"} 1`,
		`waypost_database_up 1`, `waypost_build_info{version="` + api.Version + `"} 1`,
		`go_sql_max_open_connections{db_name="requests"} 8`, `go_sql_max_open_connections{db_name="background"} 4`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("not told: %s", want)
		}
	}
	for _, name := range []string{
		"waypost_database_bytes", "waypost_database_migration", "waypost_database_connections",
		"process_resident_memory_bytes",
	} {
		if f := families[name]; f == nil || f.Metric[0].GetGauge().GetValue() <= 0 {
			t.Errorf("%s tells nothing", name)
		}
	}
	leaktest.Hidden(t, "the metrics", text, patient, "path-of-mary", "BREWCOFFEE", w.keys["link_worker"])
}

func (w *world) scrape() string {
	w.t.Helper()
	answer, err := http.Get(w.url + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.t.Fatalf("metrics: %d %v", answer.StatusCode, err)
	}
	return string(text)
}

// A trace follows a request from the caller's own trace into the database's statements, without a value of either.
func TestTracesHoldNoValues(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	c := on(dbtest.New(t))
	c.Tracing = trace.NewTracerProvider(trace.WithSpanProcessor(spans))
	w := serving(t, c)
	patient := w.as("link_worker").
		with("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").
		with("tracestate", "person=zebedee-walked").
		with("baggage", "person=zebedee-walked").
		post("/patients", `{"given_name":"Zebedee","family_name":"Walked","birth_date":"1950-04-01",
			"nhs_number":"943 476 5919"}`).
		made()
	var operation, statements int
	for _, s := range spans.Ended() {
		if s.SpanContext().TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
			continue
		}
		told := s.Name() + fmt.Sprint(
			s.Attributes(),
			s.Events(),
			s.Links(),
			s.Status(),
			s.SpanContext().TraceState(),
			s.Parent().TraceState(),
		)
		leaktest.Hidden(
			t,
			"a span",
			told,
			"Zebedee",
			"zebedee",
			"9434765919",
			"1950-04-01",
			patient,
			w.keys["link_worker"],
		)
		if s.Name() == "record-patient" {
			operation++
		}
		if strings.Contains(told, "INSERT INTO") {
			statements++
		}
	}
	if operation != 1 || statements == 0 {
		t.Errorf("%d spans of the operation, %d of statements that insert", operation, statements)
	}
}

func TestMetricsWithoutADatabase(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	e := api.New(on(d))
	d.Close()
	r := httptest.NewRecorder()
	e.ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "waypost_database_up 0\n") {
		t.Errorf("%d %.200s", r.Code, r.Body)
	}
}
