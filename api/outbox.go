package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/outbox"
)

func (s *server) outboxOperations() {
	read(s, op{id: "list-outbox", path: "/outbox", tag: "outcomes", scope: actor.RecordRead,
		summary: "List what is to be sent", about: "Lists invitations to follow-ups that wait, were sent, failed or were cancelled, and why. None holds an address or a name. One that waits by_hand or with no_smtp is for the link worker: make the person's own link and hand it on."}, s.listOutbox)
}

func (s *server) listOutbox(ctx context.Context, in *struct {
	Paging
	State string `query:"state" enum:"waiting,sending,sent,failed,cancelled" doc:"Where they stand."`
}) (Page[outbox.Message], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]outbox.Message, error) {
		return s.outbox.List(ctx, outbox.State(in.State), p)
	}, func(n outbox.Message) uuid.UUID { return n.ID })
}
