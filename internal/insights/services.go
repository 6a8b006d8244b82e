package insights

import "context"

// ServiceRow is what became of the referrals to one service. A null was withheld, because it or what it
// leaves over rests on few.
type ServiceRow struct {
	Divider
	// Referrals that were sent. Signposts are not among them.
	Referrals *int `json:"referrals" example:"30"`
	// Of referrals: the organisation took the person at some time, or the person came.
	EverAccepted *int `json:"ever_accepted" example:"20"`
	// Of ever_accepted: the person came at least once, whoever says so. The figures of uptake
	// tell the two accounts apart.
	Attended *int `json:"attended" example:"15"`
	// Of attended: the status is completed.
	Completed *int `json:"completed" example:"10"`
	// Of referrals: the person came for the first time within 14 days of sending.
	CameWithin14Days *int `json:"came_within_14_days" example:"10"`
	// Of referrals: the person came for the first time within 42 days of sending.
	CameWithin42Days *int `json:"came_within_42_days" example:"15"`
	// Of referrals: the person came for the first time 15 to 42 days after sending.
	CameIn15To42Days *int `json:"came_in_15_to_42_days" example:"5"`
	// Of referrals: the person came for the first time more than 42 days after sending.
	CameAfter42Days *int `json:"came_after_42_days" example:"0"`
	// Percent of referrals that are ever_accepted, 0 to 100, from the two as published.
	EverAcceptedPercent *float64 `json:"ever_accepted_percent" example:"66.7"`
	Withheld
}

const servicesDefinition = "Referrals sent in the period by the service that they were sent to: how many were accepted, how many " +
	"people came and how long they waited for the first time, and how many finished. " +
	"A step counts those of the step before who reached it as well. Referrals to an organisation without " +
	"one of its services are in the row none. How people changed is in outcomes, by service: people by the " +
	"service that they came to first."

// services is what became of referrals, by service: always divided, so that it takes no by.
var services = declare(counts[ServiceRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "services",
			Title:      "What became of referrals, by service",
			Definition: servicesDefinition,
			Version:    2,
		},
		Operation: Operation{
			ID:      "get-service-figures",
			Summary: "What became of referrals, by service",
			About: "Returns, for each service of the directory, how many referrals were accepted, how many people " +
				"came and how long they waited, and how many finished. For partners it is of all time.",
		},
	},
	sql:     "services.sql.tmpl",
	tableBy: []Dimension{ByService},
	sums:    map[string]string{"came_within_42_days": "came_within_14_days + came_in_15_to_42_days"},
	partitions: []partition{
		{of: "referrals", parts: []string{
			"referrals - ever_accepted", "ever_accepted - attended", "attended - completed", rest,
		}},
		{of: "referrals", parts: []string{
			"came_within_14_days", "came_in_15_to_42_days", "came_after_42_days", rest,
		}},
	},
	shares: []share{{"ever_accepted_percent", "ever_accepted", "referrals"}},
	row:    func(at Divider, _ string, w Withheld) ServiceRow { return ServiceRow{Divider: at, Withheld: w} },
	ask:    askServices,
})

func askServices(ctx context.Context, s *Store, m *counts[ServiceRow], q Query) (Figures[ServiceRow], error) {
	q.By = ByService
	return ask(ctx, s, m, q)
}
