package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) webhookOperations() {
	read(s.Server, op{
		id:      "list-webhooks",
		path:    "/webhooks",
		tag:     "partners",
		scope:   actor.WebhooksWrite,
		summary: "List webhooks",
		about:   "Lists the webhooks of the caller's partner by id, and to an administrator those of all, without their secrets.",
	}, s.listWebhooks)
	post(
		s.Server,
		op{
			id:      "add-webhook",
			path:    "/webhooks",
			tag:     "partners",
			scope:   actor.WebhooksWrite,
			created: "/webhooks/{id}",
			summary: "Make a webhook",
			about: "Has events sent to a URL as they happen, by the Standard Webhooks specification: signed, retried " +
				"for three days, each with one id. What is sent is an event of the feed, as `data`. " +
				"The secret stands in this answer and is never shown again: a replay under the same " +
				"Idempotency-Key does not hold it.",
		},
		s.addWebhook,
	)
	read(s.Server, op{id: "get-webhook", path: "/webhooks/{id}", tag: "partners", scope: actor.WebhooksWrite,
		summary: "Get a webhook", about: "Returns a webhook without its secret."}, s.getWebhook)
	change(s.Server, op{
		id:      "change-webhook",
		path:    "/webhooks/{id}",
		tag:     "partners",
		scope:   actor.WebhooksWrite,
		summary: "Change a webhook",
		about:   "Changes where events are sent, which, or whether. One that is enabled again goes on where it stopped.",
	}, s.changeWebhook)
	remove(s.Server, op{id: "remove-webhook", path: "/webhooks/{id}", tag: "partners", scope: actor.WebhooksWrite,
		summary: "Remove a webhook", about: "Takes a webhook away, with the list of its deliveries."}, s.removeWebhook)
	read(s.Server, op{
		id:      "list-deliveries",
		path:    "/webhooks/{id}/deliveries",
		tag:     "partners",
		scope:   actor.WebhooksWrite,
		summary: "List deliveries",
		about: "Lists what was sent to a webhook or is on its way, newest first, with each attempt: when, which " +
			"HTTP status came back, how long it took. What the receiver said is not kept. One that has ended " +
			"is listed for 30 days.",
	}, s.listDeliveries)
	read(
		s.Server,
		op{
			id:      "get-delivery",
			path:    "/webhooks/{id}/deliveries/{delivery_id}",
			tag:     "partners",
			scope:   actor.WebhooksWrite,
			summary: "Get a delivery",
			about:   "Returns a delivery with its attempts.",
		},
		s.getDelivery,
	)
	post(
		s.Server,
		op{
			id:      "retry-delivery",
			path:    "/webhooks/{id}/deliveries/{delivery_id}/retry",
			tag:     "partners",
			scope:   actor.WebhooksWrite,
			summary: "Send a delivery again",
			about: "Has a delivery sent again within seconds under the same id, whether it was delivered, is " +
				"waiting or was given up.",
		},
		s.retryDelivery,
	)
	post(
		s.Server,
		op{
			id:      "test-webhook",
			path:    "/webhooks/{id}/test",
			tag:     "partners",
			scope:   actor.WebhooksWrite,
			created: "/webhooks/{webhook_id}/deliveries/{id}",
			summary: "Test a webhook",
			about: "Sends a signed message of the type `webhook.test`, which tells of nothing, within seconds. Read " +
				"the delivery to see what came of it.",
		},
		s.testWebhook,
	)
	post(s.Server, op{
		id:      "replace-webhook-secret",
		path:    "/webhooks/{id}/secret",
		tag:     "partners",
		scope:   actor.WebhooksWrite,
		summary: "Replace a webhook's secret",
		about: "Makes a new secret, which stands in this answer and is never shown again. For 24 hours deliveries " +
			"are signed with the old one too, so that the receiver can change over.",
	}, s.replaceWebhookSecret)
	post(
		s.Server,
		op{
			id:      "replay-webhook",
			path:    "/webhooks/{id}/replay",
			tag:     "partners",
			scope:   actor.WebhooksWrite,
			faults:  []fault.Kind{fault.Conflict},
			summary: "Replay events to a webhook",
			about: "Has every event after a cursor of the feed sent again, under the ids they had. What happens " +
				"meanwhile goes first.",
		},
		s.replayWebhook,
	)
}

func (s *server) listWebhooks(ctx context.Context, in *struct{ Changing }) (Page[partners.Webhook], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]partners.Webhook, error) {
		return s.partners.Webhooks(ctx, p)
	}, func(w partners.Webhook) uuid.UUID { return w.ID })
}

func (s *server) addWebhook(ctx context.Context, in *With[partners.WebhookDetails]) (partners.Webhook, error) {
	return s.partners.AddWebhook(ctx, in.Body)
}

func (s *server) getWebhook(ctx context.Context, in *ID) (partners.Webhook, error) {
	return s.partners.GetWebhook(ctx, in.ID)
}

func (s *server) changeWebhook(
	ctx context.Context,
	in *Merge[partners.WebhookChanges],
	version int,
) (partners.Webhook, error) {
	return s.partners.ChangeWebhook(ctx, in.ID.ID, version, in.Body)
}

func (s *server) removeWebhook(ctx context.Context, in *ID) error {
	return s.partners.RemoveWebhook(ctx, in.ID)
}

type listDeliveriesInput struct {
	ID
	Changing
	// Only deliveries in this state.
	State string `query:"state" enum:"pending,delivered,failed"`
}

func (s *server) listDeliveries(ctx context.Context, in *listDeliveriesInput) (Page[partners.Delivery], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]partners.Delivery, error) {
		return s.partners.Deliveries(ctx, in.ID.ID, partners.DeliveryState(in.State), p)
	}, func(d partners.Delivery) uuid.UUID { return d.ID })
}

// DeliveryOf is the path of operations on one delivery of a webhook.
type DeliveryOf struct {
	ID
	// The delivery's id.
	DeliveryID uuid.UUID `path:"delivery_id" format:"uuid"`
}

func (s *server) getDelivery(ctx context.Context, in *DeliveryOf) (partners.Delivery, error) {
	return s.partners.GetDelivery(ctx, in.ID.ID, in.DeliveryID)
}

func (s *server) retryDelivery(ctx context.Context, in *DeliveryOf) (partners.Delivery, error) {
	return s.partners.Retry(ctx, in.ID.ID, in.DeliveryID)
}

func (s *server) testWebhook(ctx context.Context, in *ID) (partners.Delivery, error) {
	return s.partners.Test(ctx, in.ID)
}

func (s *server) replaceWebhookSecret(ctx context.Context, in *ID) (partners.Webhook, error) {
	return s.partners.ReplaceSecret(ctx, in.ID)
}

// Replay is the command to send events again.
type Replay struct {
	// A next_cursor of the feed: what came after it is sent again.
	Cursor string `json:"cursor" minLength:"1" maxLength:"1000"`
}

func (s *server) replayWebhook(ctx context.Context, in *Of[Replay]) (partners.Webhook, error) {
	return s.partners.Replay(ctx, in.ID.ID, in.Body.Cursor)
}
