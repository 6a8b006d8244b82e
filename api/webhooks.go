package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) webhookOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:          "list-webhooks",
		Path:        "/webhooks",
		Tag:         "partners",
		Scope:       actor.WebhooksWrite,
		Summary:     "List webhooks",
		Description: "Lists the webhooks of the caller's partner by id, and to an administrator those of all, without their secrets.",
	}, s.listWebhooks)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "add-webhook",
			Path:    "/webhooks",
			Tag:     "partners",
			Scope:   actor.WebhooksWrite,
			Summary: "Make a webhook",
			Description: "Has events sent to a URL as they happen, by the Standard Webhooks specification: signed, retried " +
				"for three days, each with one id. What is sent is an event of the feed, as `data`. " +
				"The secret stands in this answer and is never shown again: a replay under the same " +
				"Idempotency-Key does not hold it.",
		},
		func(w partners.Webhook) string { return "/webhooks/" + w.ID.String() },
		s.addWebhook,
	)
	wire.Get(
		s.Server,
		wire.Operation{ID: "get-webhook", Path: "/webhooks/{id}", Tag: "partners", Scope: actor.WebhooksWrite,
			Summary: "Get a webhook", Description: "Returns a webhook without its secret."},
		s.getWebhook,
	)
	wire.Patch(s.Server, wire.Operation{
		ID:          "change-webhook",
		Path:        "/webhooks/{id}",
		Tag:         "partners",
		Scope:       actor.WebhooksWrite,
		Summary:     "Change a webhook",
		Description: "Changes where events are sent, which, or whether. One that is enabled again goes on where it stopped.",
	}, s.changeWebhook)
	wire.Delete(
		s.Server,
		wire.Operation{
			ID:          "remove-webhook",
			Path:        "/webhooks/{id}",
			Tag:         "partners",
			Scope:       actor.WebhooksWrite,
			Summary:     "Remove a webhook",
			Description: "Takes a webhook away, with the list of its deliveries.",
		},
		s.removeWebhook,
	)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-webhook-deliveries",
		Path:    "/webhooks/{id}/deliveries",
		Tag:     "partners",
		Scope:   actor.WebhooksWrite,
		Summary: "List deliveries",
		Description: "Lists what was sent to a webhook or is on its way, newest first, with each attempt: when, which " +
			"HTTP status came back, how long it took. What the receiver said is not kept. One that has ended " +
			"is listed for 30 days.",
	}, s.listWebhookDeliveries)
	wire.Get(
		s.Server,
		wire.Operation{
			ID:          "get-webhook-delivery",
			Path:        "/webhooks/{id}/deliveries/{delivery_id}",
			Tag:         "partners",
			Scope:       actor.WebhooksWrite,
			Summary:     "Get a delivery",
			Description: "Returns a delivery with its attempts.",
		},
		s.getWebhookDelivery,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "retry-webhook-delivery",
			Path:    "/webhooks/{id}/deliveries/{delivery_id}/retry",
			Tag:     "partners",
			Scope:   actor.WebhooksWrite,
			Summary: "Send a delivery again",
			Description: "Has a delivery sent again within seconds under the same id, whether it was delivered, is " +
				"waiting or was given up.",
		},
		s.retryWebhookDelivery,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "test-webhook",
			Path:    "/webhooks/{id}/test",
			Tag:     "partners",
			Scope:   actor.WebhooksWrite,
			Summary: "Test a webhook",
			Description: "Sends a signed message of the type `webhook.test`, which tells of nothing, within seconds. Read " +
				"the delivery to see what came of it.",
		},
		func(d partners.Delivery) string {
			return "/webhooks/" + d.WebhookID.String() + "/deliveries/" + d.ID.String()
		},
		s.testWebhook,
	)
	wire.Post(s.Server, wire.Operation{
		ID:      "replace-webhook-secret",
		Path:    "/webhooks/{id}/secret",
		Tag:     "partners",
		Scope:   actor.WebhooksWrite,
		Summary: "Replace a webhook's secret",
		Description: "Makes a new secret, which stands in this answer and is never shown again. For 24 hours deliveries " +
			"are signed with the old one too, so that the receiver can change over.",
	}, s.replaceWebhookSecret)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "replay-webhook",
			Path:    "/webhooks/{id}/replay",
			Tag:     "partners",
			Scope:   actor.WebhooksWrite,
			Faults:  []fault.Kind{fault.Conflict},
			Summary: "Replay events to a webhook",
			Description: "Has every event after a cursor of the feed sent again, under the ids they had. What happens " +
				"meanwhile goes first.",
		},
		s.replayWebhook,
	)
}

func (s *server) listWebhooks(ctx context.Context, in *struct{ wire.Changing }) (wire.Page[partners.Webhook], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]partners.Webhook, error) {
		return s.Partners.Webhooks(ctx, p)
	}, func(w partners.Webhook) uuid.UUID { return w.ID })
}

func (s *server) addWebhook(ctx context.Context, in *wire.With[partners.WebhookDetails]) (partners.Webhook, error) {
	return s.Partners.AddWebhook(ctx, in.Body)
}

func (s *server) getWebhook(ctx context.Context, in *wire.ID) (partners.Webhook, error) {
	return s.Partners.GetWebhook(ctx, in.ID)
}

func (s *server) changeWebhook(
	ctx context.Context,
	in *wire.Merge[partners.WebhookChanges],
	version int,
) (partners.Webhook, error) {
	return s.Partners.ChangeWebhook(ctx, in.ID.ID, version, in.Body)
}

func (s *server) removeWebhook(ctx context.Context, in *wire.ID) error {
	return s.Partners.RemoveWebhook(ctx, in.ID)
}

type listWebhookDeliveriesInput struct {
	wire.ID
	wire.Changing
	// Only deliveries in this state.
	State string `query:"state" enum:"pending,delivered,failed"`
}

func (s *server) listWebhookDeliveries(
	ctx context.Context,
	in *listWebhookDeliveriesInput,
) (wire.Page[partners.Delivery], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]partners.Delivery, error) {
		return s.Partners.Deliveries(ctx, in.ID.ID, partners.DeliveryState(in.State), p)
	}, func(d partners.Delivery) uuid.UUID { return d.ID })
}

// DeliveryOf is the path of operations on one delivery of a webhook.
type DeliveryOf struct {
	wire.ID
	// The delivery's id.
	DeliveryID uuid.UUID `path:"delivery_id" format:"uuid"`
}

func (s *server) getWebhookDelivery(ctx context.Context, in *DeliveryOf) (partners.Delivery, error) {
	return s.Partners.GetDelivery(ctx, in.ID.ID, in.DeliveryID)
}

func (s *server) retryWebhookDelivery(ctx context.Context, in *DeliveryOf) (partners.Delivery, error) {
	return s.Partners.Retry(ctx, in.ID.ID, in.DeliveryID)
}

func (s *server) testWebhook(ctx context.Context, in *wire.ID) (partners.Delivery, error) {
	return s.Partners.Test(ctx, in.ID)
}

func (s *server) replaceWebhookSecret(ctx context.Context, in *wire.ID) (partners.Webhook, error) {
	return s.Partners.ReplaceSecret(ctx, in.ID)
}

// Replay is the command to send events again.
type Replay struct {
	// A next_cursor of the feed: what came after it is sent again.
	Cursor string `json:"cursor" minLength:"1" maxLength:"1000"`
}

func (s *server) replayWebhook(ctx context.Context, in *wire.Of[Replay]) (partners.Webhook, error) {
	return s.Partners.Replay(ctx, in.ID.ID, in.Body.Cursor)
}
