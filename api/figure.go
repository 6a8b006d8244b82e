package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api/wire"
	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/spreadsheet"
)

// figures is the answer of an operation that answers with figures.
type figures struct {
	Status int
	// Tells this answer of a snapshot from every other: send it as If-None-Match to be told with 304
	// that nothing is new. Live figures have none.
	ETag string `header:"ETag"`
	// Figures of a snapshot may be kept by whoever asked, and asked for again with If-None-Match;
	// live figures may not be kept.
	CacheControl string `header:"Cache-Control"`
	// What the answer depends on beside its address.
	Vary string `header:"Vary"`
	Body insights.Answer
}

// figure registers the operation that answers with a metric, as JSON or CSV.
func (s *server) figure(m insights.Metric) {
	switch {
	case m.Operation.Population:
		registerFigure[OfPopulation](s, m)
	case len(m.Dimensions) > 0:
		registerFigure[Divided](s, m)
	default:
		registerFigure[InsightQuery](s, m)
	}
}

// registerFigure registers a metric with its query. The same key that asks the same question of the same
// snapshot gets the same bytes.
func registerFigure[I any, Q interface {
	*I
	query() insights.Query
}](s *server, m insights.Metric) {
	declared := s.declareFigure(m)
	wire.Register(s.Server, declared, func(ctx context.Context, in *I) (*figures, error) {
		answer, err := wire.Respond(
			db.Relaxed(ctx),
			s.Server,
			func(ctx context.Context) (insights.Answer, error) { return s.Insights.Ask(ctx, m, Q(in).query()) },
		)
		if err != nil {
			return nil, err
		}
		out := figures{
			Status:       http.StatusOK,
			CacheControl: "no-store",
			Vary:         "Origin, Authorization, Accept",
			Body:         answer.Body,
		}
		if mark := answer.Body.Mark(); mark != "" {
			out.CacheControl, out.ETag = "private, no-cache", entityTag(ctx, mark)
			if wire.NoneMatch(wire.RequestOf(ctx).Header, out.ETag) {
				out.Status = http.StatusNotModified
			}
		}
		return &out, nil
	})
	describeBy(s.API.OpenAPI().Paths[declared.Path].Get, m)
}

// declareFigure makes the operation of a metric, whose answer has the metric's rows.
func (s *server) declareFigure(m insights.Metric) huma.Operation {
	declared := s.Declare(wire.Operation{
		ID:      m.Operation.ID,
		Method:  http.MethodGet,
		Path:    "/insights/" + m.ID,
		Tag:     "insights",
		Scope:   actor.InsightsRead,
		Summary: m.Operation.Summary,
		Description: m.Operation.About + " Small numbers are protected, except for a site manager's own sites. " +
			"As JSON or CSV.",
		FromStandby: true,
		Forms:       wire.Forms{wire.CSVForm},
		Faults:      []fault.Kind{fault.NotFound},
	})
	declared.Responses["200"].Content["application/json"].Schema = s.API.OpenAPI().Components.Schemas.
		Schema(m.Answer, true, "")
	declared.Responses["304"] = &huma.Response{Description: "The figures are those of If-None-Match."}
	declared.Parameters = append(
		declared.Parameters,
		&huma.Param{
			Name:        "If-None-Match",
			In:          "header",
			Schema:      &huma.Schema{Type: "string"},
			Description: "The ETag of an answer that is at hand: the same figures are not sent again (304).",
		},
	)
	return declared
}

// describeBy says what the parameter by takes. huma checks a request against the same schema.
func describeBy(o *huma.Operation, m insights.Metric) {
	for _, p := range o.Parameters {
		if p.Name != "by" {
			continue
		}
		p.Description = strings.TrimSpace("A row for each of these beside the one of all together. " + m.Operation.By)
		for _, d := range m.Dimensions {
			p.Schema.Enum = append(p.Schema.Enum, string(d))
		}
		p.Schema.Description = p.Description
		p.Schema.PrecomputeMessages()
	}
}

// entityTag is that of the answer to a request from a snapshot: another for another question, form or reader.
func entityTag(ctx context.Context, mark string) string {
	req, who := wire.RequestOf(ctx), actor.From(ctx)
	sum := sha256.Sum256(
		fmt.Append(nil, mark, req.Path, "?", req.Query, " ", req.Header.Get("Accept"), " ", who.Role, " ", who.Sites),
	)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// about is what each line of CSV ends with, since whoever prints a line needs it: which figures, of when,
// and with which caution.
var about = []string{"Metric", "Version", "AsOf", "Caution"}

// asCSV writes the rows of a figure; only operations that declare it are ever asked for it.
var asCSV = huma.Format{Marshal: func(w io.Writer, v any) error {
	whole := reflect.ValueOf(v)
	rows := whole.FieldByName("Rows")
	names, same := columns(rows.Type().Elem()), []string{}
	for _, name := range about {
		field, _ := whole.Type().FieldByName(name)
		names, same = append(names, wireName(field)), append(same, cell(whole.FieldByName(name)))
	}
	out := csv.NewWriter(w)
	if err := out.Write(names); err != nil {
		return err
	}
	for i := range rows.Len() {
		if err := out.Write(append(cells(rows.Index(i)), same...)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}}

// columns are the names of the row's fields on the wire.
func columns(t reflect.Type) (names []string) {
	for _, f := range fieldsOf(t) {
		names = append(names, wireName(f))
	}
	return names
}

func wireName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// fieldsOf are the fields that a row is written with, those of an embedded struct among them.
func fieldsOf(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(
		reflect.VisibleFields(t),
		func(f reflect.StructField) bool { return f.Anonymous || !f.IsExported() },
	)
}

func cells(row reflect.Value) (texts []string) {
	for _, f := range fieldsOf(row.Type()) {
		texts = append(texts, cell(row.FieldByIndex(f.Index)))
	}
	return texts
}

// cell is a value as JSON writes it; null is empty, and a text is one that no spreadsheet runs.
func cell(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if at, is := v.Interface().(time.Time); is {
		return at.Format(time.RFC3339Nano)
	}
	if v.Kind() == reflect.String {
		return spreadsheet.Text(v.String())
	}
	return fmt.Sprint(v.Interface())
}
