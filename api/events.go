package api

import (
	"context"
	"strings"

	"waypost/api/wire"
	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// EventPage is a page of the feed. Unlike that of a list its cursor is never null: the feed has no last page.
type EventPage struct {
	// The page's events, in the one order in which every reader sees them.
	Items []partners.Event `json:"items"`
	// Where to go on: keep it, and pass it as cursor the next time. It never expires.
	NextCursor string `json:"next_cursor"`
	// Whether there may be more already: ask again at once. Otherwise ask again in some seconds.
	More bool `json:"more"`
}

func (s *server) eventOperations() {
	wire.Get(
		s.Server,
		wire.Operation{
			ID: "list-events", FromStandby: true,
			Path:    "/events",
			Tag:     "partners",
			Scope:   actor.EventsRead,
			Faults:  []fault.Kind{fault.Conflict},
			Summary: "Read the event feed",
			Description: "Lists what happened: type, thing, links and both clocks, and nothing of a person. An organisation " +
				"reads of the referrals that were sent to it, an administrator of everything, everybody " +
				"else of their own sites. " +
				"All events stand in one order, in which none is missing and none comes twice; those of one " +
				"referral in the order in which they were made. An event that was recorded late stands late. " +
				"Begin without a cursor, handle the page, keep next_cursor, ask again. A cursor belongs to one " +
				"partner, does not depend on types, and outlives a backup that is restored. " +
				"409: the database was set back to an older state, and the event that the cursor points to is gone.",
		},
		s.listEvents,
	)
}

type listEventsInput struct {
	// How many events a page has at most.
	Limit int `query:"limit" default:"50" minimum:"1" maximum:"200"`
	// The next_cursor of the page before. Without it the feed starts from its beginning.
	Cursor string `query:"cursor" maxLength:"1000"`
	// Only these types, separated by commas: referral.accepted, or referral.* for a family.
	Types string `query:"types" maxLength:"1000" example:"referral.*,follow_up.completed"`
}

func (s *server) listEvents(ctx context.Context, in *listEventsInput) (EventPage, error) {
	var types db.Texts
	if in.Types != "" {
		types = strings.Split(in.Types, ",")
	}
	f, err := s.Partners.Events(ctx, in.Cursor, types, in.Limit)
	return EventPage{f.Items, f.Next.String(), f.More}, err
}
