package insights

import (
	"context"
)

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
	CameWithin42Days *int `json:"came_within_42_days" example:"10"`
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

// taken is referrals of one place by how far they came, and how soon.
type taken struct {
	Cell
	Sent, Accepted, Attended, Completed, Within14, Within42, Later int
}

func (s taken) steps() []int {
	return []int{s.Sent - s.Accepted, s.Accepted - s.Attended, s.Attended - s.Completed, s.Completed}
}

func (s taken) waits() []int {
	return []int{s.Within14, s.Within42, s.Later, s.Sent - s.Within14 - s.Within42 - s.Later}
}

func (s taken) plus(o taken) taken {
	s.Sent, s.Accepted, s.Attended, s.Completed = s.Sent+o.Sent, s.Accepted+o.Accepted, s.Attended+o.Attended, s.Completed+o.Completed
	s.Within14, s.Within42, s.Later = s.Within14+o.Within14, s.Within42+o.Within42, s.Later+o.Later
	return s
}

// services is what became of referrals, by service. Its columns are in the order of ServiceRow's fields.
var services = metric[taken, ServiceRow]{
	Entry: Entry{
		ID:         "services",
		Title:      "What became of referrals, by service",
		Definition: servicesDefinition,
		Formula:    "accepted_percent = 100 × accepted / sent",
		Dimensions: []Dimension{ByService},
		Filters:    countFilters,
		Version:    1,
	},
	sql:     "services.sql.tmpl",
	columns: serviceColumns(),
	subs:    one,
	row:     serviceRow,
}

func serviceColumns() []column[taken] {
	steps, waits := sorted(taken.steps), sorted(taken.waits)
	return []column[taken]{
		steps.whole(),
		steps.left(0),
		steps.left(1),
		steps.left(2),
		waits.kind(0, steps.whole()),
		waits.kind(1, steps.whole()),
		waits.kind(2, steps.whole()),
	}
}

func serviceRow(at Divider, _ string, n []*int, suppressed bool) ServiceRow {
	r := ServiceRow{Divider: at, Withheld: withheld(suppressed)}
	fill(n, &r.Sent, &r.Accepted, &r.Attended, &r.Completed, &r.CameWithin14Days, &r.CameWithin42Days, &r.CameLater)
	r.AcceptedPercent = percent(r.Accepted, r.Sent)
	return r
}

// Services is what became of referrals, by service. For partners it is of all time.
func (s *Store) Services(ctx context.Context, q Query) (Figures[ServiceRow], error) {
	q.By = ByService
	return ask(ctx, s, services, q)
}
