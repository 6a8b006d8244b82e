package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Me is who the caller is and what they may do.
type Me struct {
	// The role of the credential.
	Role actor.Role `json:"role" example:"link_worker"`
	// What the key is for, in words.
	Label string `json:"label"`
	// The sites it reaches.
	SiteIDs db.IDs `json:"site_ids" format:"uuid"`
	// The link worker it belongs to, or acts for; of a manager who is one too, themselves.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" nullable:"true" format:"uuid"`
	// The organisation it belongs to.
	OrganisationID *uuid.UUID `json:"organisation_id" nullable:"true" format:"uuid"`
	// What it may do.
	Scopes []actor.Scope `json:"scopes" example:"[\"record:read\"]"`
	// Its last day.
	ExpiresOn *day.Date `json:"expires_on" format:"date"`
}

func (s *server) meOperations() {
	wire.Get(s.Server, wire.Operation{ID: "get-me", FromStandby: true, Path: "/me", Tag: "me", Scope: actor.Self,
		Summary: "Who am I", Description: "Returns the role, sites, scopes and expiry of the credential."}, s.me)
	wire.Get(s.Server, wire.Operation{
		ID: "list-code-lists", FromStandby: true,
		Path:        "/code-lists",
		Tag:         "me",
		Scope:       actor.Self,
		Summary:     "List the code lists",
		Description: "Returns every closed list of codes, with what each code means.",
	}, s.codeLists)
	wire.Get(s.Server, wire.Operation{
		ID: "get-code-list", FromStandby: true,
		Path:        "/code-lists/{name}",
		Tag:         "me",
		Scope:       actor.Self,
		Summary:     "Get a code list",
		Description: "Returns one closed list of codes, in the order in which people should see them.",
	}, s.codeList)
}

func (s *server) me(ctx context.Context, _ *struct{}) (Me, error) {
	a := actor.From(ctx)
	return Me{a.Role, a.Label, a.Sites, a.LinkWorkerID, a.OrganisationID, a.Scopes(), a.ExpiresOn}, nil
}

func (s *server) codeLists(ctx context.Context, in *struct{ wire.Paging }) (wire.Page[codes.List], error) {
	return wire.List(ctx, in, func(p db.Page[string]) (lists []codes.List, _ error) {
		for _, name := range codes.Names() {
			if l, _ := codes.Lookup(name); name > p.After && len(lists) < p.Limit {
				lists = append(lists, l)
			}
		}
		return lists, nil
	}, func(l codes.List) string { return l.Name })
}

type codeListInput struct {
	// The list's name.
	Name string `path:"name" maxLength:"50" example:"needs"`
}

func (s *server) codeList(_ context.Context, in *codeListInput) (codes.List, error) {
	l, ok := codes.Lookup(in.Name)
	if !ok {
		return l, fault.Missing("code list")
	}
	return l, nil
}
