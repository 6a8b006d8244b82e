package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/outbox"
)

func (s *server) outboxOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:      "list-outbox",
		Path:    "/outbox",
		Tag:     "outcomes",
		Scope:   actor.RecordRead,
		Summary: "List what is to be sent",
		Description: "Lists invitations to follow-ups, and notices of referrals to organisations, that wait, were sent, " +
			"failed or were cancelled, and why. None holds an address, a name or a link. One that waits " +
			"by_hand or with no_smtp is for the link worker: make the person's or the organisation's link and hand it on.",
	}, s.listOutbox)
}

type listOutboxInput struct {
	wire.Paging
	// Only messages of this kind; several separated by commas.
	Kind []string `query:"kind" enum:"follow_up_invitation,reply_notice"`
	// Only messages in this state; several separated by commas.
	State []string `query:"state" enum:"waiting,sending,sent,failed,cancelled"`
	// What they are about: a follow-up or a referral.
	SubjectID uuid.UUID `query:"subject_id" format:"uuid"`
}

func (s *server) listOutbox(ctx context.Context, in *listOutboxInput) (wire.Page[outbox.Message], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]outbox.Message, error) {
		return s.Outbox.List(
			ctx,
			outbox.Filter{Kinds: in.Kind, States: as[outbox.State](in.State), SubjectID: given(in.SubjectID)},
			p,
		)
	}, func(n outbox.Message) uuid.UUID { return n.ID })
}
