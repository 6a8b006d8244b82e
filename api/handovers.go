package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/casework"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) handoverOperations() {
	wire.CreateOrShow(
		s.Server,
		wire.Operation{
			ID:      "create-handover",
			Path:    "/handovers",
			Tag:     "sites",
			Scope:   actor.RecordWrite,
			Faults:  []fault.Kind{fault.NotFound},
			Summary: "Hand work over",
			Description: "Gives a link worker's work to another, or to several: the open episodes, and of closed ones what is " +
				"left to do. All of it moves, or nothing. With until somebody stands in: both see the work on their " +
				"lists, nothing moves, and it ends by itself after that day. With dry_run it only says what would " +
				"move, and the answer is 200. A link worker hands over their own work, others that of anybody at " +
				"their sites. Each episode's timeline says from whom to whom it went; the person's page, and " +
				"messages, name who has it then.",
		},
		func(h casework.Handover) string {
			if h.ID == nil {
				return ""
			}
			return "/handovers/" + h.ID.String()
		},
		s.handOver,
	)
	wire.Get(s.Server, wire.Operation{
		ID:          "list-handovers",
		Path:        "/handovers",
		Tag:         "sites",
		Scope:       actor.RecordRead,
		Summary:     "List handovers",
		Description: "Lists the handovers and covers of the caller's sites, by id. What each was about is in its own answer.",
	}, s.listHandovers)
	wire.Get(s.Server, wire.Operation{
		ID:      "get-handover",
		Path:    "/handovers/{id}",
		Tag:     "sites",
		Scope:   actor.RecordRead,
		Summary: "Get a handover",
		Description: "Returns a handover and what it moved, or what there was when a cover began and came meanwhile. " +
			"Who was shown is logged.",
	}, s.getHandover)
	wire.Post(s.Server, wire.Operation{
		ID:      "close-cover",
		Path:    "/handovers/{id}/ending",
		Tag:     "sites",
		Scope:   actor.RecordWrite,
		Summary: "End a cover",
		Description: "Ends a cover before its last day: somebody is back. A link worker ends one of their own work, or one " +
			"in which they stand in.",
	}, s.endCover)
}

func (s *server) handOver(ctx context.Context, in *wire.With[casework.NewHandover]) (casework.Handover, error) {
	return s.Casework.HandOver(ctx, in.Body)
}

func (s *server) listHandovers(
	ctx context.Context,
	in *struct{ wire.Changing },
) (wire.Page[casework.HandoverDetails], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]casework.HandoverDetails, error) {
		return s.Casework.Handovers(ctx, p)
	}, func(h casework.HandoverDetails) uuid.UUID { return *h.ID })
}

func (s *server) getHandover(ctx context.Context, in *wire.ID) (casework.Handover, error) {
	return s.Casework.Handover(ctx, in.ID)
}

func (s *server) endCover(ctx context.Context, in *wire.ID) (casework.Handover, error) {
	return s.Casework.EndCover(ctx, in.ID)
}
