package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/keys"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

func (s *server) keyOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:      "list-api-keys",
		Path:    "/api-keys",
		Tag:     "administration",
		Scope:   actor.KeysRead,
		Summary: "List API keys",
		Description: "Lists keys by id, revoked ones too, without their secrets. A site manager sees those that reach " +
			"their own sites alone; state=pending are those that wait for a confirmation.",
	}, s.listKeys)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "add-api-key",
			Path:    "/api-keys",
			Tag:     "administration",
			Scope:   actor.KeysWrite,
			Summary: "Make an API key",
			Description: "Makes a key. Its secret stands in this answer and is never shown again: a replay under the same " +
				"Idempotency-Key does not hold it. A key that opens people's records is pending, and every call " +
				"with it 401, until a data steward or the manager of all its sites has confirmed it: one of the " +
				"roles link_worker, site_manager, integration, organisation and data_steward, and of the role " +
				"researcher one that names projects. One that replaces a key that works needs no confirmation.",
		},
		func(k keys.Key) string { return "/api-keys/" + k.ID.String() },
		s.addKey,
	)
	wire.Get(
		s.Server,
		wire.Operation{ID: "get-api-key", Path: "/api-keys/{id}", Tag: "administration", Scope: actor.KeysRead,
			Summary: "Get an API key", Description: "Returns a key without its secret."},
		s.getKey,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "confirm-api-key",
			Path:    "/api-keys/{id}/confirmation",
			Tag:     "administration",
			Scope:   actor.KeysConfirm,
			Summary: "Confirm an API key",
			Description: "Opens a pending key, whoever it is for being known to the caller: it works from now on. A data " +
				"steward confirms any key; a site manager those whose sites are all theirs (not an organisation's, " +
				"which reaches people of every site that refers to it). It takes a second person: a caller whose " +
				"own key was made by the same administrator, with nobody else having confirmed it, is refused " +
				"(forbidden). A key that took another's place without confirmation can be confirmed too. One that " +
				"is confirmed, needs no confirmation or can never work is a conflict.",
		},
		s.confirmKey,
	)
	wire.Patch(s.Server, wire.Operation{
		ID:          "change-api-key",
		Path:        "/api-keys/{id}",
		Tag:         "administration",
		Scope:       actor.KeysWrite,
		Summary:     "Change an API key",
		Description: "Changes what a key is called, or the last day it works. What it may do cannot be changed: make another.",
	}, s.changeKey)
	wire.Delete(
		s.Server,
		wire.Operation{
			ID:          "revoke-api-key",
			Path:        "/api-keys/{id}",
			Tag:         "administration",
			Scope:       actor.KeysWrite,
			Summary:     "Revoke an API key",
			Description: "Ends a key at once, for good. The record of it stays.",
		},
		s.revokeKey,
	)
}

type listKeysInput struct {
	wire.Changing
	// Only keys that stand so.
	State string `query:"state" enum:"pending,works,inactive,expired,revoked"`
	// Only keys of this role.
	Role string `query:"role" enum:"link_worker,site_manager,integration,organisation,dashboard,researcher,data_steward,administrator"`
}

func (s *server) listKeys(ctx context.Context, in *listKeysInput) (wire.Page[keys.Key], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]keys.Key, error) {
		return s.Keys.List(ctx, keys.Filter{Role: actor.Role(in.Role), State: keys.KeyState(in.State)}, p)
	}, func(k keys.Key) uuid.UUID { return k.ID })
}

func (s *server) addKey(ctx context.Context, in *wire.With[keys.NewKey]) (keys.Key, error) {
	return s.Keys.Add(ctx, in.Body)
}

func (s *server) getKey(ctx context.Context, in *wire.ID) (keys.Key, error) {
	return s.Keys.Get(ctx, in.ID)
}

func (s *server) confirmKey(ctx context.Context, in *wire.ID) (keys.Key, error) {
	return s.Keys.Confirm(ctx, in.ID)
}

func (s *server) changeKey(ctx context.Context, in *wire.Merge[keys.Changes], version int) (keys.Key, error) {
	return s.Keys.Change(ctx, in.ID.ID, version, in.Body)
}

func (s *server) revokeKey(ctx context.Context, in *wire.ID) error {
	return s.Keys.Revoke(ctx, in.ID)
}
