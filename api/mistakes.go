package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/voids"
)

// mistake declares the two operations by which a thing is entered in error and restored. What they say of it: its name
// with an article, what follows when it is entered in error, and when it cannot be.
type mistake struct {
	id, path, tag   string // of its operations: mark-<id>-in-error and restore-<id>
	name            string // such as a contact
	follows, unless string
}

// inError is the input of both operations.
type inError = wire.Of[voids.InErrorReason]

// declareMistake declares both operations of a thing.
func declareMistake[T any](
	s *server,
	m mistake,
	enter, restore func(context.Context, uuid.UUID, voids.InErrorReason) (T, error),
) {
	o := wire.Operation{
		ID:      "mark-" + m.id + "-in-error",
		Path:    m.path + "/entered-in-error",
		Tag:     m.tag,
		Scope:   actor.RecordWrite,
		Summary: "Enter " + m.name + " in error",
		Description: "Says that " + m.name + " should never have been recorded, with the reason. It stays readable, with " +
			"entered_in_error, and counts in no live figure, list or dataset from then on. " + m.follows +
			" Conflict: it is in error already" + m.unless + ".",
	}
	wire.Post(s.Server, o, func(ctx context.Context, in *inError) (T, error) { return enter(ctx, in.ID.ID, in.Body) })
	o.ID, o.Path, o.Summary = "restore-"+m.id, o.Path+"/undo", "Restore "+m.name
	o.Description = "Says that " + m.name + " that was entered in error was right after all: exactly what fell with it is " +
		"back, and counts again. Conflict: it is not in error by itself, or something else was recorded in its place since."
	wire.Post(s.Server, o, func(ctx context.Context, in *inError) (T, error) { return restore(ctx, in.ID.ID, in.Body) })
}

func (s *server) mistakeOperations() {
	declareMistake(s, mistake{
		id: "contact", path: "/contacts/{id}", tag: "episodes", name: "a contact",
		follows: "The episode's first contact, and follow-ups that count from it, follow. An attendance that was " +
			"recorded with the contact is a report of its own, and stays.",
	}, s.Casework.ContactInError, s.Casework.RestoreContact)
	declareMistake(s, mistake{
		id: "episode", path: "/episodes/{id}", tag: "episodes", name: "an episode",
		follows: "Everything that belongs to it falls with it: contacts, assessments, follow-ups and what was said at " +
			"them, attendances; its referrals and signposts move to entered_in_error, and links to them stop.",
		unless: ", or an answer raised a concern that nobody has marked as seen",
	}, s.Casework.EpisodeInError, s.Casework.RestoreEpisode)
	declareMistake(s, mistake{
		id: "patient", path: "/patients/{id}", tag: "patients", name: "a patient",
		follows: "Their consents and episodes, and everything that belongs to these, fall with them; nobody finds them, and " +
			"their NHS number and external ids can be recorded again. For one person with two records, merge them instead.",
		unless: ", other records are merged with it, or an answer raised a concern that nobody has marked as seen",
	}, s.Casework.PatientInError, s.Casework.RestorePatient)
	declareMistake(s, mistake{
		id: "consent", path: "/consents/{id}", tag: "patients", name: "a consent",
		follows: "What the person decided before stands again, by the ordinary rule.",
	}, s.People.ConsentInError, s.People.RestoreConsent)
	declareMistake(s, mistake{
		id: "assessment", path: "/assessments/{id}", tag: "outcomes", name: "an assessment",
		follows: "What it corrected falls with it. Where it was the only baseline, so do follow-ups that count from it " +
			"and of which nothing is recorded. To put single answers right, correct it instead.",
		unless: ", a correction took its place, or an answer raised a concern that nobody has marked as seen",
	}, s.Outcomes.AssessmentInError, s.Outcomes.RestoreAssessment)
	declareMistake(s, mistake{
		id: "completion", path: "/follow-ups/{id}/completion", tag: "outcomes", name: "a completion",
		follows: "What the person said of services, and the assessments that were recorded with it, fall with it; the " +
			"follow-up is open again.",
		unless: ", the follow-up is not completed, or an answer raised a concern that nobody has marked as seen",
	}, s.Outcomes.CompletionInError, s.Outcomes.RestoreCompletion)
	declareMistake(s, mistake{
		id: "loss", path: "/follow-ups/{id}/loss", tag: "outcomes", name: "a loss",
		follows: "The follow-up is open again.",
		unless:  ", or the follow-up is not lost",
	}, s.Outcomes.LossInError, s.Outcomes.RestoreLoss)
	declareMistake(s, mistake{
		id: "attempt", path: "/attempts/{id}", tag: "outcomes", name: "an attempt",
		follows: "It is no attempt of the follow-up any more.",
	}, s.Outcomes.AttemptInError, s.Outcomes.RestoreAttempt)
	s.recordedOperations()
}

// recordedOperations are the reads of single things that no other file has.
func (s *server) recordedOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:          "get-consent",
		Path:        "/consents/{id}",
		Tag:         "patients",
		Scope:       actor.RecordRead,
		Summary:     "Get a consent",
		Description: "Returns one decision of a person, also one that was entered in error. The reading is logged.",
	}, func(ctx context.Context, in *wire.ID) (people.Consent, error) { return s.People.Consent(ctx, in.ID) })
	wire.Get(s.Server, wire.Operation{
		ID:      "get-attempt",
		Path:    "/attempts/{id}",
		Tag:     "outcomes",
		Scope:   actor.RecordRead,
		Summary: "Get an attempt",
		Description: "Returns one try at reaching a person for a follow-up, also one that was entered in error. The reading " +
			"is logged.",
	}, func(ctx context.Context, in *wire.ID) (outcomes.Attempt, error) {
		return s.Outcomes.GetAttempt(ctx, in.ID)
	})
	wire.Get(s.Server, wire.Operation{
		ID:      "get-completion",
		Path:    "/follow-ups/{id}/completion",
		Tag:     "outcomes",
		Scope:   actor.RecordRead,
		Summary: "Get a completion",
		Description: "Returns what a person said at a follow-up: what stands, or else what was entered in error last. The " +
			"reading is logged.",
	}, func(ctx context.Context, in *wire.ID) (outcomes.RecordedCompletion, error) {
		return s.Outcomes.Completion(ctx, in.ID)
	})
	wire.Patch(s.Server, wire.Operation{
		ID:      "change-completion",
		Path:    "/follow-ups/{id}/completion",
		Tag:     "outcomes",
		Scope:   actor.RecordWrite,
		Summary: "Change a completion",
		Description: "Puts right what a person said at a follow-up, answer by answer; services that are named take the place of all " +
			"that were. Instruments are put right by correct-assessment. When, how and by whom it was answered stays: where " +
			"that is wrong, enter the completion in error and record it anew.",
	}, s.changeCompletion)
	wire.Get(s.Server, wire.Operation{
		ID:      "get-loss",
		Path:    "/follow-ups/{id}/loss",
		Tag:     "outcomes",
		Scope:   actor.RecordRead,
		Summary: "Get a loss",
		Description: "Returns that a follow-up was given up, and why: what stands, or else what was entered in error last. " +
			"The reading is logged.",
	}, func(ctx context.Context, in *wire.ID) (outcomes.RecordedLoss, error) {
		return s.Outcomes.Loss(ctx, in.ID)
	})
}

func (s *server) changeCompletion(
	ctx context.Context,
	in *wire.Merge[outcomes.CompletionChanges],
	version int,
) (outcomes.RecordedCompletion, error) {
	return s.Outcomes.ChangeCompletion(ctx, in.ID.ID, version, in.Body)
}
