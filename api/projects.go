package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/datasets"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

func (s *server) projectOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:          "get-codebook",
		Path:        "/datasets/codebook",
		Tag:         "datasets",
		Scope:       actor.Self,
		Summary:     "Get the codebook",
		Description: "Returns what every table and column of a release means, before there is any project.",
	}, s.codebook)
	wire.Get(s.Server, wire.Operation{
		ID:          "list-projects",
		Path:        "/projects",
		Tag:         "datasets",
		Scope:       actor.ProjectsUse,
		Summary:     "List projects",
		Description: "Lists projects by id: a researcher's own, a data steward's all.",
	}, s.listProjects)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "add-project",
			Path:    "/projects",
			Tag:     "datasets",
			Scope:   actor.ProjectsUse,
			Summary: "Propose a project",
			Description: "Records a piece of research: what it may have, of which sites, on which legal basis, and how " +
				"people are protected. A data steward's is approved; a researcher's is a draft, until a data " +
				"steward approves it.",
		},
		func(p datasets.Project) string { return "/projects/" + p.ID.String() },
		s.addProject,
	)
	wire.Get(
		s.Server,
		wire.Operation{ID: "get-project", Path: "/projects/{id}", Tag: "datasets", Scope: actor.ProjectsUse,
			Summary: "Get a project", Description: "Returns a project."},
		s.getProject,
	)
	wire.Post(s.Server, wire.Operation{
		ID:      "approve-project",
		Path:    "/projects/{id}/approval",
		Tag:     "datasets",
		Scope:   actor.ProjectsApprove,
		Summary: "Approve a project",
		Description: "Lets a draft make releases, and records why small groups are acceptable in a safe setting. " +
			"Approving it again changes nothing.",
	}, s.approveProject)
	wire.Get(s.Server, wire.Operation{
		ID:          "list-project-members",
		Path:        "/projects/{id}/members",
		Tag:         "datasets",
		Scope:       actor.ProjectsUse,
		Summary:     "List a project's members",
		Description: "Lists the researchers' keys that reach the project.",
	}, s.projectMembers)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "add-project-member",
			Path:        "/projects/{id}/members",
			Tag:         "datasets",
			Scope:       actor.ProjectsApprove,
			Summary:     "Make somebody a member",
			Description: "Lets a researcher's key reach the project and its releases.",
		},
		func(m datasets.Member) string { return "/projects/" + m.ProjectID.String() + "/members" },
		s.joinProject,
	)
	wire.Delete(
		s.Server,
		wire.Operation{
			ID:          "remove-project-member",
			Path:        "/projects/{id}/members/{api_key_id}",
			Tag:         "datasets",
			Scope:       actor.ProjectsApprove,
			Summary:     "Remove a member",
			Description: "Takes a researcher's key off the project at once.",
		},
		s.leaveProject,
	)
}

func (s *server) codebook(context.Context, *struct{}) (datasets.Codebook, error) {
	return datasets.Book(), nil
}

func (s *server) listProjects(ctx context.Context, in *struct{ wire.Changing }) (wire.Page[datasets.Project], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]datasets.Project, error) {
		return s.Datasets.List(ctx, p)
	}, func(p datasets.Project) uuid.UUID { return p.ID })
}

func (s *server) addProject(ctx context.Context, in *wire.With[datasets.Details]) (datasets.Project, error) {
	return s.Datasets.Add(ctx, in.Body)
}

func (s *server) getProject(ctx context.Context, in *wire.ID) (datasets.Project, error) {
	return s.Datasets.Get(ctx, in.ID)
}

func (s *server) approveProject(ctx context.Context, in *wire.MayHave[datasets.Approval]) (datasets.Project, error) {
	return s.Datasets.Approve(ctx, in.ID.ID, in.BodyOrZero())
}

func (s *server) projectMembers(ctx context.Context, in *struct {
	wire.ID
	wire.Paging
}) (wire.Page[datasets.Member], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]datasets.Member, error) {
		return s.Datasets.Members(ctx, in.ID.ID, p)
	}, func(m datasets.Member) uuid.UUID { return m.ID })
}

func (s *server) joinProject(ctx context.Context, in *wire.Of[datasets.NewMember]) (datasets.Member, error) {
	return s.Datasets.Join(ctx, in.ID.ID, in.Body.APIKeyID)
}

type leaveProjectInput struct {
	wire.ID
	// The member's key.
	APIKeyID uuid.UUID `path:"api_key_id" format:"uuid"`
}

func (s *server) leaveProject(ctx context.Context, in *leaveProjectInput) error {
	return s.Datasets.Leave(ctx, in.ID.ID, in.APIKeyID)
}
