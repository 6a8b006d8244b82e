package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

func (s *server) keyOperations() {
	read(s, op{id: "list-api-keys", path: "/api-keys", tag: "administration", scope: actor.KeysWrite,
		summary: "List API keys", about: "Lists keys by id, revoked ones too, without their secrets."}, s.listKeys)
	post(s, op{id: "add-api-key", path: "/api-keys", tag: "administration", scope: actor.KeysWrite, created: "/api-keys/{id}",
		summary: "Make an API key", about: "Makes a key. Its secret stands in this answer and is never shown again: a replay under the same Idempotency-Key does not hold it."}, s.addKey)
	read(s, op{id: "get-api-key", path: "/api-keys/{id}", tag: "administration", scope: actor.KeysWrite,
		summary: "Get an API key", about: "Returns a key without its secret."}, s.getKey)
	change(s, op{id: "change-api-key", path: "/api-keys/{id}", tag: "administration", scope: actor.KeysWrite,
		summary: "Change an API key", about: "Changes what a key is called, or the last day it works. What it may do cannot be changed: make another."}, s.changeKey)
	remove(s, op{id: "revoke-api-key", path: "/api-keys/{id}", tag: "administration", scope: actor.KeysWrite,
		summary: "Revoke an API key", about: "Ends a key at once, for good. The record of it stays."}, s.revokeKey)
}

func (s *server) listKeys(ctx context.Context, in *struct {
	Changing
	Role string `query:"role" enum:"link_worker,site_manager,integration,organisation,dashboard,researcher,data_steward,administrator" doc:"Only keys of this role."`
}) (Page[partners.Key], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]partners.Key, error) {
		return s.keys.List(ctx, actor.Role(in.Role), p)
	}, func(k partners.Key) uuid.UUID { return k.ID })
}

func (s *server) addKey(ctx context.Context, in *With[partners.NewKey]) (partners.Key, error) {
	return s.keys.Add(ctx, in.Body)
}

func (s *server) getKey(ctx context.Context, in *ID) (partners.Key, error) {
	return s.keys.Get(ctx, in.ID)
}

func (s *server) changeKey(ctx context.Context, in *Merge[partners.Changes], version int) (partners.Key, error) {
	return s.keys.Change(ctx, in.ID.ID, version, in.Body)
}

func (s *server) revokeKey(ctx context.Context, in *ID) error {
	return s.keys.Revoke(ctx, in.ID)
}
