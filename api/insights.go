package api

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"waypost/internal/insights"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/fault"
)

func (s *server) insightOperations() {
	read(s, op{id: "get-outcomes", path: "/insights/outcomes", tag: "insights", scope: actor.InsightsRead, also: csvForm, faults: []fault.Kind{fault.NotFound},
		summary: "Paired change", about: "Returns how scores changed between the baseline and each follow-up, within each person: paired n, baseline n, completion, spread and confidence interval. Small numbers are protected, except for a site manager's own sites. As JSON or CSV."}, s.outcomes)
}

// InsightQuery is what every figure can be asked for.
type InsightQuery struct {
	From   string    `query:"from" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"First month, included." example:"2026-01"`
	To     string    `query:"to" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"Last month, included." example:"2026-06"`
	By     string    `query:"by" enum:"site" doc:"A row for each of these beside the one of all together."`
	SiteID uuid.UUID `query:"site_id" format:"uuid" doc:"This site's rows alone."`
	Format string    `query:"format" enum:"json,csv" doc:"csv is the same as Accept: text/csv."`
}

func (s *server) outcomes(ctx context.Context, in *InsightQuery) (insights.Outcomes, error) {
	return s.insights.Outcomes(ctx, insights.Query{From: in.From, To: in.To, BySite: in.By == "site", SiteID: given(in.SiteID)})
}

// scales are the scores of the instruments that come with Waypost, for insights, which imports no other area.
func scales() (out []insights.Scale) {
	for _, i := range outcomes.Instruments() {
		for _, s := range i.Scores {
			out = append(out, insights.Scale{Instrument: i.Key, Version: i.Version, Score: s.Code, Better: insights.Better(s.Better), Responder: s.ResponderThreshold})
		}
	}
	return out
}

// asCSV writes the rows of a figure; only operations that declare it are ever asked for it.
var asCSV = huma.Format{Marshal: func(w io.Writer, v any) error {
	rows := reflect.ValueOf(v).FieldByName("Rows")
	out := csv.NewWriter(w)
	if err := out.Write(columns(rows.Type().Elem())); err != nil {
		return err
	}
	for i := range rows.Len() {
		if err := out.Write(cells(rows.Index(i))); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}}

// columns are the names of the row's fields on the wire.
func columns(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return names
}

func cells(row reflect.Value) []string {
	texts := make([]string, row.NumField())
	for i := range texts {
		v := row.Field(i)
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				continue // null: an empty cell
			}
			v = v.Elem()
		}
		texts[i] = fmt.Sprint(v.Interface())
	}
	return texts
}
