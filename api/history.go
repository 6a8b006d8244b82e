package api

import (
	"context"

	"waypost/api/wire"
	"waypost/internal/casework"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

type historyInput struct {
	OnePaged
	// Why former names, genders and NHS numbers are asked for; it is logged. The manager of the site alone is shown them.
	// It stands in an address, so no name of a person belongs into it.
	Reason string `query:"reason" pattern:"\\S" maxLength:"200" example:"complaint"`
}

func (s *server) historyOperations() {
	for _, o := range []struct {
		id, path, tag, name string
		of                  casework.HistoryOf
	}{
		{"patient", "/patients", "patients", "a patient", casework.OfPatient},
		{"episode", "/episodes", "episodes", "an episode", casework.OfEpisode},
		{"referral", "/referrals", "referrals", "a referral", casework.OfReferral},
		{"contact", "/contacts", "episodes", "a contact", casework.OfContact},
		{"follow-up", "/follow-ups", "outcomes", "a follow-up", casework.OfFollowUp},
		{"consent", "/consents", "patients", "a consent", casework.OfConsent},
		{"assessment", "/assessments", "outcomes", "an assessment", casework.OfAssessment},
		{"attendance", "/attendances", "referrals", "an attendance", casework.OfAttendance},
	} {
		wire.Get(s.Server, wire.Operation{
			ID:      "get-" + o.id + "-history",
			Path:    o.path + "/{id}/history",
			Tag:     o.tag,
			Scope:   actor.RecordRead,
			Summary: "Get the history of " + o.name,
			Description: "Lists which fields of " + o.name + " were changed since it was recorded, from what to what, when and " +
				"by whom, oldest first; and when and why it was entered in error and restored (mistake). The reading is logged.",
		}, func(ctx context.Context, in *historyInput) (wire.Page[casework.FieldChange], error) {
			return wire.List(ctx, in, func(p db.Page[int64]) ([]casework.FieldChange, error) {
				return s.Casework.History(ctx, o.of, in.ID.ID, in.Reason, p)
			}, casework.FieldChange.Position)
		})
	}
}
