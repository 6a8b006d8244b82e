package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/casework"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// declareReassignment declares the operation by which something moves to the record that it belongs to.
func declareReassignment[N, T any](
	s *server,
	id, path, tag, name, follows string,
	move func(context.Context, uuid.UUID, N) (T, error),
) {
	wire.Post(s.Server, wire.Operation{
		ID:      "move-" + id,
		Path:    path + "/reassignment",
		Tag:     tag,
		Scope:   actor.RecordWrite,
		Summary: "Move " + name + " to the right record",
		Description: "Moves " + name + " that was recorded on the wrong record to the right one, of the same site, in one step. " +
			follows + " What is asked of recording it there is asked here. The answer names who has received it meanwhile " +
			"(received_by); telling them is on the list of corrections, which asks whether it is a breach.",
	}, func(ctx context.Context, in *wire.Of[N]) (T, error) { return move(ctx, in.ID.ID, in.Body) })
}

func (s *server) reassignmentOperations() {
	declareReassignment(s, "contact", "/contacts/{id}", "episodes", "a contact",
		"The first contacts of both episodes follow; a referral of the other person is named no more.", s.Casework.ReassignContact)
	declareReassignment(s, "assessment", "/assessments/{id}", "outcomes", "an assessment",
		"What it corrected and the concerns that its answers raised move along; the baselines of both episodes follow.",
		s.Casework.ReassignAssessment)
	declareReassignment(s, "referral-record", "/referrals/{id}", "referrals", "a referral",
		"Its moves, attendances and questions move along, and links to answer it stop. The organisation sees the other "+
			"person from then on, if they agreed to it: tell it.", s.Casework.ReassignReferral)
	declareReassignment(s, "attendance", "/attendances/{id}", "referrals", "an attendance",
		"Both referrals follow. Only what the site recorded can be moved; an organisation takes its own back.",
		s.Casework.ReassignAttendance)
	declareReassignment(s, "completion", "/follow-ups/{id}/completion", "outcomes", "a completion",
		"The assessments that were recorded with it move along, and the first follow-up is open again. What was said of "+
			"the other person's referrals does not: it falls as entered in error.", s.Casework.ReassignCompletion)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-corrections",
		Path:    "/corrections",
		Tag:     "patients",
		Scope:   actor.RecordRead,
		Summary: "List corrections",
		Description: "Lists what was moved from the wrong record to the right one, by id: who has received it meanwhile, whether " +
			"they were told, and whether it was a breach.",
	}, s.listCorrections)
	wire.Post(s.Server, wire.Operation{
		ID:      "close-correction",
		Path:    "/corrections/{id}/told",
		Tag:     "patients",
		Scope:   actor.RecordWrite,
		Summary: "Say that recipients were told",
		Description: "Records that whoever received something from the wrong record was told, and whether it was a breach of " +
			"personal data. Conflict: somebody has said so already.",
	}, s.closeCorrection)
}

type listCorrectionsInput struct {
	wire.Changing
	// Only those of which nobody has said that recipients were told.
	Open bool `query:"open"`
}

func (s *server) listCorrections(ctx context.Context, in *listCorrectionsInput) (wire.Page[casework.Correction], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]casework.Correction, error) {
		return s.Casework.Corrections(ctx, in.Open, p)
	}, func(c casework.Correction) uuid.UUID { return c.ID })
}

func (s *server) closeCorrection(ctx context.Context, in *wire.Of[casework.Told]) (casework.Correction, error) {
	return s.Casework.CloseCorrection(ctx, in.ID.ID, in.Body)
}
