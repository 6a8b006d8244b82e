package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) mergeOperations() {
	wire.Post(s.Server, wire.Operation{
		ID:      "merge-patients",
		Path:    "/patients/{id}/merge",
		Tag:     "patients",
		Scope:   actor.RecordWrite,
		Summary: "Merge a record into another one of the same person",
		Description: "Makes one record of two: what hangs on the person in the path (consents, episodes, and what hangs on " +
			"these) goes over to into_patient_id, which is answered with its merged_ids. It keeps its own details, and " +
			"takes those that it lacks (merge.filled). A refusal that stood on either stands until the person decides " +
			"anew. Links of both end. Reading the id that was merged away answers the one that is kept, and writing to it " +
			"is 409. Where the two have different NHS numbers nothing moves yet: merge.state is pending, until a second " +
			"person confirms it.",
	}, s.mergePatients)
	wire.Post(s.Server, wire.Operation{
		ID:      "undo-merge",
		Path:    "/patients/{id}/merge/undo",
		Tag:     "patients",
		Scope:   actor.RecordWrite,
		Summary: "Undo a merge",
		Description: "Gives the person in the path, who was merged away, their record back: what the merge moved, what " +
			"hangs on their episodes since, and what assign gives them. Consents and episodes that were recorded since must " +
			"be assigned: 409 lists those that are not. Of several merges into one record the newest is undone first: 409 " +
			"names it. The links that the merge ended stay ended, and the two are not proposed as duplicates again.",
	}, s.undoMerge)
	wire.Post(s.Server, wire.Operation{
		ID:      "record-not-duplicate",
		Path:    "/patients/{id}/not-duplicate",
		Tag:     "patients",
		Scope:   actor.RecordWrite,
		Summary: "Say that two records are not of one person",
		Description: "Remembers it: the two are not proposed as possible duplicates any more, and a merge of them that waits " +
			"for a second person is given up. To say it again changes nothing.",
	}, s.recordNotDuplicate)
	wire.Get(s.Server, wire.Operation{
		ID:          "list-merges",
		Path:        "/merges",
		Tag:         "patients",
		Scope:       actor.RecordRead,
		Summary:     "List merges",
		Description: "Lists the merges of the caller's sites, the newest first: with state=pending those that wait for a second person.",
	}, s.listMerges)
	wire.Get(s.Server, wire.Operation{
		ID:          "get-merge",
		Path:        "/merges/{id}",
		Tag:         "patients",
		Scope:       actor.RecordRead,
		Summary:     "Get a merge",
		Description: "Returns a merge: which records, why, where it stands, and by whom.",
	}, s.getMerge)
	wire.Post(s.Server, wire.Operation{
		ID:      "confirm-merge",
		Path:    "/merges/{id}/confirmation",
		Tag:     "patients",
		Scope:   actor.RecordWrite,
		Faults:  []fault.Kind{fault.Forbidden},
		Summary: "Confirm a merge",
		Description: "Does a merge that waits for a second person, and answers the record that is kept. The second person is " +
			"another link worker than asked for it; where one of the two acts for no link worker, another key. Whoever " +
			"finds that these are two people says so with not-duplicate.",
	}, s.confirmMerge)
}

func (s *server) mergePatients(ctx context.Context, in *wire.Of[people.NewMerge]) (people.MergedPatient, error) {
	return s.People.Merge(ctx, in.ID.ID, in.Body)
}

func (s *server) undoMerge(ctx context.Context, in *wire.Of[people.UndoMerge]) (people.MergedPatient, error) {
	return s.People.UndoMerge(ctx, in.ID.ID, in.Body)
}

func (s *server) recordNotDuplicate(ctx context.Context, in *wire.Of[people.NotDuplicate]) (people.Judgement, error) {
	return s.People.NotDuplicate(ctx, in.ID.ID, in.Body)
}

type listMergesInput struct {
	wire.Paging
	// Only merges that stand there.
	State string `query:"state" enum:"pending,done,undone,given_up"`
}

func (s *server) listMerges(ctx context.Context, in *listMergesInput) (wire.Page[people.Merge], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]people.Merge, error) {
		return s.People.Merges(ctx, people.MergeState(in.State), p)
	}, func(m people.Merge) uuid.UUID { return m.ID })
}

func (s *server) getMerge(ctx context.Context, in *wire.ID) (people.Merge, error) {
	return s.People.GetMerge(ctx, in.ID)
}

func (s *server) confirmMerge(ctx context.Context, in *wire.ID) (people.MergedPatient, error) {
	return s.People.ConfirmMerge(ctx, in.ID)
}
