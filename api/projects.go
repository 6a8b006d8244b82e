package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/datasets"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

func (s *server) projectOperations() {
	read(s.Server, op{
		id:      "get-codebook",
		path:    "/datasets/codebook",
		tag:     "datasets",
		scope:   actor.Self,
		summary: "Get the codebook",
		about:   "Returns what every table and column of a release means, before there is any project.",
	}, s.codebook)
	read(s.Server, op{
		id:      "list-projects",
		path:    "/projects",
		tag:     "datasets",
		scope:   actor.ProjectsUse,
		summary: "List projects",
		about:   "Lists projects by id: a researcher's own, a data steward's all.",
	}, s.listProjects)
	post(
		s.Server,
		op{
			id:      "add-project",
			path:    "/projects",
			tag:     "datasets",
			scope:   actor.ProjectsUse,
			created: "/projects/{id}",
			summary: "Propose a project",
			about: "Records a piece of research: what it may have, of which sites, on which legal basis, and how " +
				"people are protected. A data steward's is approved; a researcher's is a draft, until a data " +
				"steward approves it.",
		},
		s.addProject,
	)
	read(s.Server, op{id: "get-project", path: "/projects/{id}", tag: "datasets", scope: actor.ProjectsUse,
		summary: "Get a project", about: "Returns a project."}, s.getProject)
	post(s.Server, op{
		id:      "approve-project",
		path:    "/projects/{id}/approval",
		tag:     "datasets",
		scope:   actor.ProjectsApprove,
		summary: "Approve a project",
		about: "Lets a draft make releases, and records why small groups are acceptable in a safe setting. " +
			"Approving it again changes nothing.",
	}, s.approveProject)
	read(s.Server, op{
		id:      "list-project-members",
		path:    "/projects/{id}/members",
		tag:     "datasets",
		scope:   actor.ProjectsUse,
		summary: "List a project's members",
		about:   "Lists the researchers' keys that reach the project.",
	}, s.projectMembers)
	post(
		s.Server,
		op{
			id:      "add-project-member",
			path:    "/projects/{id}/members",
			tag:     "datasets",
			scope:   actor.ProjectsApprove,
			created: "/projects/{project_id}/members",
			summary: "Make somebody a member",
			about:   "Lets a researcher's key reach the project and its releases.",
		},
		s.joinProject,
	)
	remove(
		s.Server,
		op{
			id:      "remove-project-member",
			path:    "/projects/{id}/members/{api_key_id}",
			tag:     "datasets",
			scope:   actor.ProjectsApprove,
			summary: "Remove a member",
			about:   "Takes a researcher's key off the project at once.",
		},
		s.leaveProject,
	)
}

func (s *server) codebook(context.Context, *struct{}) (datasets.Codebook, error) {
	return datasets.Book(), nil
}

func (s *server) listProjects(ctx context.Context, in *struct{ Changing }) (Page[datasets.Project], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]datasets.Project, error) {
		return s.datasets.List(ctx, p)
	}, func(p datasets.Project) uuid.UUID { return p.ID })
}

func (s *server) addProject(ctx context.Context, in *With[datasets.Details]) (datasets.Project, error) {
	return s.datasets.Add(ctx, in.Body)
}

func (s *server) getProject(ctx context.Context, in *ID) (datasets.Project, error) {
	return s.datasets.Get(ctx, in.ID)
}

func (s *server) approveProject(ctx context.Context, in *MayHave[datasets.Approval]) (datasets.Project, error) {
	return s.datasets.Approve(ctx, in.ID.ID, in.body())
}

func (s *server) projectMembers(ctx context.Context, in *struct {
	ID
	Paging
}) (Page[datasets.Member], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]datasets.Member, error) {
		return s.datasets.Members(ctx, in.ID.ID, p)
	}, func(m datasets.Member) uuid.UUID { return m.ID })
}

func (s *server) joinProject(ctx context.Context, in *Of[datasets.NewMember]) (datasets.Member, error) {
	return s.datasets.Join(ctx, in.ID.ID, in.Body.APIKeyID)
}

type leaveProjectInput struct {
	ID
	// The member's key.
	APIKeyID uuid.UUID `path:"api_key_id" format:"uuid"`
}

func (s *server) leaveProject(ctx context.Context, in *leaveProjectInput) error {
	return s.datasets.Leave(ctx, in.ID.ID, in.APIKeyID)
}
