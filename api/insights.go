package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

func (s *server) insightOperations() {
	wire.Get(s.Server, wire.Operation{
		ID: "list-insights", FromStandby: true,
		Path:        "/insights",
		Tag:         "insights",
		Scope:       actor.InsightsRead,
		Summary:     "The catalogue of figures",
		Description: "Returns each metric with its definition in words, its formula, what it can be divided by, and its other parameters.",
	}, s.catalogue)
	for _, m := range insights.Metrics() {
		s.figure(m)
	}
}

// InsightQuery is what every figure can be asked for.
type InsightQuery struct {
	// First month, included.
	From string `query:"from" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2026-01"`
	// Last month, included.
	To string `query:"to" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2026-06"`
	// This site's rows alone.
	SiteID uuid.UUID `query:"site_id" format:"uuid"`
	// The form of the answer. A format of csv is the same as Accept: text/csv.
	Format string `query:"format" enum:"json,csv"`
}

func (in *InsightQuery) query() insights.Query {
	return insights.Query{From: in.From, To: in.To, SiteID: given(in.SiteID)}
}

func (in *Divided) query() insights.Query {
	q := in.InsightQuery.query()
	q.By = insights.Dimension(in.By)
	return q
}

func (in *OfPopulation) query() insights.Query {
	q := in.Divided.query()
	if in.Population == insights.ResearchConsented {
		q.Population = in.Population
	}
	return q
}

func (s *server) catalogue(ctx context.Context, in *struct{ wire.Paging }) (wire.Page[insights.Entry], error) {
	return wire.List(ctx, in, func(p db.Page[string]) (list []insights.Entry, _ error) {
		for _, e := range insights.Catalogue() {
			if e.ID > p.After && len(list) < p.Limit {
				list = append(list, e)
			}
		}
		return list, nil
	}, func(e insights.Entry) string { return e.ID })
}

// Divided is the query of figures that can be divided by one thing at a time.
type Divided struct {
	InsightQuery
	// A row for each of these beside the one of all together.
	By string `query:"by"`
}

// OfPopulation is the query of figures that can be of some people alone.
type OfPopulation struct {
	Divided
	// Whom to count. research_consented: only people whose consent to research stands, as in
	// datasets; not together with by. For partners it is of all sites together.
	Population string `query:"population" enum:"all,research_consented"`
}
