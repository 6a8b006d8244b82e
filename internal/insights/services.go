package insights

import "context"

// ServiceRow is what became of the referrals to one service. A null was withheld, because it or what it
// leaves over rests on few.
type ServiceRow struct {
	Divider
	// Referrals that were sent. Signposts are no referrals.
	Sent *int `json:"sent" example:"30"`
	// Of sent: the service took the person, or they started.
	Accepted *int `json:"accepted" example:"20"`
	// Of accepted: the person came at least once, whoever says so; uptake tells the two accounts
	// apart.
	Attended *int `json:"attended" example:"15"`
	// Of attended: finished as meant.
	Completed *int `json:"completed" example:"10"`
	// Of sent: came for the first time within 14 days.
	CameWithin14Days *int `json:"came_within_14_days" example:"10"`
	// Of sent: after 15 to 42 days.
	CameIn15To42Days *int `json:"came_in_15_to_42_days" example:"10"`
	// Of sent: after more.
	CameLater *int `json:"came_later" example:"0"`
	// Percent of sent that were accepted, 0 to 100, from the two as published.
	AcceptedPercent *float64 `json:"accepted_percent" example:"66.7"`
	Withheld
}

const servicesDefinition = "Referrals sent in the period by the service that they were sent to: how many were accepted, how many " +
	"people came and how long they waited for the first time, and how many finished. " +
	"A step counts those of the step before who reached it as well. Referrals to an organisation without " +
	"one of its services are in the row none. How people changed is in outcomes, by service: people by the " +
	"service that they came to first."

// The metric services is what became of referrals, by service: always divided, so that it takes no by.
var _ = declare(counts[ServiceRow]{
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
	partitions: []partition{
		{of: "sent", parts: []string{"sent - accepted", "accepted - attended", "attended - completed", rest}},
		{of: "sent", parts: []string{"came_within_14_days", "came_in_15_to_42_days", "came_later", rest}},
	},
	shares: []share{{"accepted_percent", "accepted", "sent"}},
	row:    func(at Divider, _ string, w Withheld) ServiceRow { return ServiceRow{Divider: at, Withheld: w} },
	ask:    askServices,
})

func askServices(ctx context.Context, s *Store, m *counts[ServiceRow], q Query) (Figures[ServiceRow], error) {
	q.By = ByService
	return ask(ctx, s, m, q)
}
