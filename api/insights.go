package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

func (s *server) insightOperations() {
	read(s, op{
		id:      "list-insights",
		path:    "/insights",
		tag:     "insights",
		scope:   actor.InsightsRead,
		summary: "The catalogue of figures",
		about:   "Returns each metric with its definition in words, its formula, what it can be divided by, and its other parameters.",
	}, s.catalogue)
	figure(s, op{id: "get-completers", path: "/insights/completers", summary: "Whether those followed up differ",
		about: "Returns whether those who were followed up differ from those who were not in what was known of " +
			"them at the start, as standardised mean differences. For partners it is of all time."}, s.completers)
	figure(s, op{id: "get-flow", path: "/insights/flow", summary: "How far people came",
		about: "Returns how many people were referred in, and how many of them were contacted, asked how they " +
			"are, referred on, accepted, came, fell due for a follow-up, and answered it: each step of the one before."}, s.flow)
	figure(s, op{id: "get-equity", path: "/insights/equity", summary: "How far people came, by who they are",
		about: "Returns how far people came by deprivation, ethnic group, gender and age, beside all together. " +
			"For partners it is of all time."}, s.equity)
	figure(s, op{id: "get-service-figures", path: "/insights/services", summary: "What became of referrals, by service",
		about: "Returns, for each service of the directory, how many referrals were accepted, how many people " +
			"came and how long they waited, and how many finished. For partners it is of all time."}, s.serviceFigures)
	figure(s, op{id: "get-missing", path: "/insights/missing", summary: "How complete the record is",
		about: "Returns, for each field of the minimum data set, of how many people it is recorded."}, s.missing)
	figure(s, op{id: "get-movement", path: "/insights/movement", summary: "Movement between bands",
		about: "Returns how many people were in which band of a score at the baseline, and in which at each " +
			"follow-up, with both margins. For partners it is of all sites together and of all time."}, s.movement)
	figure(
		s,
		op{
			id:      "get-participants",
			path:    "/insights/participants",
			summary: "How far those came who take part in research",
			about: "Returns how many people agreed to take part in research, how far they came, and what they said at " +
				"each follow-up: how they have been, whether they used what they were connected to, and whether it helped.",
		},
		s.participants,
	)
	figure(s, op{id: "get-referral-figures", path: "/insights/referrals", summary: "Where referrals stand",
		about: "Returns where referrals stand, how often the loop was closed, and how soon organisations " +
			"answered. Signposts are apart."}, s.referralFigures)
	figure(s, op{id: "get-outcomes", path: "/insights/outcomes", summary: "Paired change",
		about: "Returns how scores changed between the baseline and each follow-up, within each person: paired n, " +
			"baseline n, completion, spread and confidence interval."}, s.outcomes)
	figure(s, op{id: "get-retention", path: "/insights/retention", summary: "Who was followed up",
		about: "Returns what became of the follow-ups that were planned: how many are not due yet, due, completed " +
			"in their window or late, missed with nothing recorded, lost with the reason, or on hold; and how " +
			"many were attempted. People who died are apart."}, s.retention)
	figure(s, op{id: "get-uptake", path: "/insights/uptake", summary: "Whether people used what they were referred to",
		about: "Returns how far referrals came by the organisations' account, what people say of the same " +
			"referrals, and how far the two agree. Signposts are apart."}, s.uptake)
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

func (in *InsightQuery) query(by string) insights.Query {
	return insights.Query{From: in.From, To: in.To, By: insights.Dimension(by), SiteID: given(in.SiteID)}
}

func (s *server) catalogue(ctx context.Context, in *struct{ Paging }) (Page[insights.Entry], error) {
	return listing(ctx, in, func(p db.Page[string]) (list []insights.Entry, _ error) {
		for _, e := range insights.Catalogue() {
			if e.ID > p.After && len(list) < p.Limit {
				list = append(list, e)
			}
		}
		return list, nil
	}, func(e insights.Entry) string { return e.ID })
}

type outcomesInput struct {
	InsightQuery
	// A row for each of these beside the one of all together. By anything but sites, partners see all
	// sites together. service: the one that the person came to first.
	By string `query:"by" enum:"site,need_group,deprivation,ethnic_group,gender,age_band,service"`
	// Whom to count. research_consented: only people whose consent to research stands, as in
	// datasets; not together with by. For partners it is of all sites together.
	Population string `query:"population" enum:"all,research_consented"`
}

func (s *server) outcomes(ctx context.Context, in *outcomesInput) (insights.Figures[insights.OutcomeRow], error) {
	q := in.query(in.By)
	if in.Population == insights.ResearchConsented {
		q.Population = in.Population
	}
	return s.insights.Outcomes(ctx, q)
}

// Divided is the query of figures that can be divided by one thing at a time.
type Divided struct {
	InsightQuery
	// A row for each of these beside the one of all together. deprivation: fifths of neighbourhoods.
	// By anything but sites and months, a partner's figures are of all time: for a shorter period
	// they are withheld.
	By string `query:"by" enum:"site,month,need_group,deprivation,ethnic_group,gender,age_band"`
}

func (s *server) completers(ctx context.Context, in *InsightQuery) (insights.Figures[insights.CompleterRow], error) {
	return s.insights.Completers(ctx, in.query(""))
}

func (s *server) equity(ctx context.Context, in *InsightQuery) (insights.Figures[insights.FlowRow], error) {
	return s.insights.Equity(ctx, in.query(""))
}

func (s *server) serviceFigures(ctx context.Context, in *InsightQuery) (insights.Figures[insights.ServiceRow], error) {
	return s.insights.Services(ctx, in.query(""))
}

func (s *server) missing(ctx context.Context, in *Divided) (insights.Figures[insights.MissingRow], error) {
	return s.insights.Missing(ctx, in.query(in.By))
}

func (s *server) movement(ctx context.Context, in *InsightQuery) (insights.Figures[insights.MovementRow], error) {
	return s.insights.Movement(ctx, in.query(""))
}

func (s *server) flow(ctx context.Context, in *Divided) (insights.Figures[insights.FlowRow], error) {
	return s.insights.Flow(ctx, in.query(in.By))
}

type participantsInput struct {
	InsightQuery
	// A row for each of these beside the one of all together.
	By string `query:"by" enum:"site,month"`
}

func (s *server) participants(
	ctx context.Context,
	in *participantsInput,
) (insights.Figures[insights.ParticipantRow], error) {
	return s.insights.Participants(ctx, in.query(in.By))
}

type referralFiguresInput struct {
	InsightQuery
	// A row for each of these beside the one of all together. By anything but sites and months, a
	// partner's figures are of all time: for a shorter period they are withheld.
	By string `query:"by" enum:"site,month,need_group,deprivation,ethnic_group,gender,age_band,organisation"`
}

func (s *server) referralFigures(
	ctx context.Context,
	in *referralFiguresInput,
) (insights.Figures[insights.ReferralRow], error) {
	return s.insights.Referrals(ctx, in.query(in.By))
}

func (s *server) retention(ctx context.Context, in *Divided) (insights.Figures[insights.RetentionRow], error) {
	return s.insights.Retention(ctx, in.query(in.By))
}

func (s *server) uptake(ctx context.Context, in *Divided) (insights.Figures[insights.UptakeRow], error) {
	return s.insights.Uptake(ctx, in.query(in.By))
}
