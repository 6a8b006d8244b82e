package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/casework"
	"waypost/internal/episodes"
	"waypost/internal/gpmessage"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) episodeOperations() {
	wire.Get(s.Server, wire.Operation{ID: "list-episodes", Path: "/episodes", Tag: "episodes", Scope: actor.RecordRead,
		Summary: "List episodes", Description: "Lists episodes of the caller's sites by id."}, s.listEpisodes)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "open-episode",
			Path:        "/episodes",
			Tag:         "episodes",
			Scope:       actor.RecordWrite,
			Faults:      []fault.Kind{fault.NotFound},
			Summary:     "Open an episode",
			Description: "Opens a spell of support, waiting for a first contact, a baseline or a referral.",
		},
		func(e episodes.Episode) string { return "/episodes/" + e.ID.String() },
		s.openEpisode,
	)
	wire.Get(s.Server, wire.Operation{
		ID:          "get-episode",
		Path:        "/episodes/{id}",
		Tag:         "episodes",
		Scope:       actor.RecordRead,
		Summary:     "Get an episode",
		Description: "Returns an episode, with the answers that are a safeguarding concern and that nobody has marked as seen.",
	}, s.getEpisode)
	wire.Patch(s.Server, wire.Operation{
		ID:      "change-episode",
		Path:    "/episodes/{id}",
		Tag:     "episodes",
		Scope:   actor.RecordWrite,
		Summary: "Change an episode",
		Description: "Changes an episode's details, such as who supports the person. A corrected day moves the windows " +
			"of open follow-ups that count from it.",
	}, s.changeEpisode)
	wire.Get(
		s.Server,
		wire.Operation{ID: "list-contacts", Path: "/episodes/{id}/contacts", Tag: "episodes", Scope: actor.RecordRead,
			Summary: "List contacts", Description: "Lists an episode's contacts by id."},
		s.listContacts,
	)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-site-contacts",
		Path:    "/contacts",
		Tag:     "episodes",
		Scope:   actor.RecordRead,
		Summary: "List contacts across people",
		Description: "Lists the contacts of the caller's sites in the order in which they changed, those entered in error " +
			"too. With updated_since it is what changed, for a system that keeps a copy.",
	}, s.listSiteContacts)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "record-contact",
			Path:        "/episodes/{id}/contacts",
			Tag:         "episodes",
			Scope:       actor.RecordWrite,
			Summary:     "Record a contact",
			Description: "Records a contact. With a referral_id and attended, the attendance is recorded with it, or neither is.",
		},
		func(c episodes.Contact) string { return "/contacts/" + c.ID.String() },
		s.recordContact,
	)
	wire.Get(
		s.Server,
		wire.Operation{ID: "get-contact", Path: "/contacts/{id}", Tag: "episodes", Scope: actor.RecordRead,
			Summary: "Get a contact", Description: "Returns a contact."},
		s.getContact,
	)
	wire.Patch(s.Server, wire.Operation{
		ID:      "change-contact",
		Path:    "/contacts/{id}",
		Tag:     "episodes",
		Scope:   actor.RecordWrite,
		Summary: "Change a contact",
		Description: "Puts right what was recorded of a contact. The episode's first contact, and the windows of open " +
			"follow-ups that count from it, follow; an attendance that was recorded with the contact stays as it is.",
	}, s.changeContact)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:          "pause-episode",
			Path:        "/episodes/{id}/pause",
			Tag:         "episodes",
			Scope:       actor.RecordWrite,
			Faults:      []fault.Kind{fault.MoveNotAllowed},
			Summary:     "Pause an episode",
			Description: "Pauses support, for instance during a stay in hospital.",
		},
		s.pauseEpisode,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:          "resume-episode",
			Path:        "/episodes/{id}/resume",
			Tag:         "episodes",
			Scope:       actor.RecordWrite,
			Faults:      []fault.Kind{fault.MoveNotAllowed},
			Summary:     "Resume an episode",
			Description: "Takes paused support up again.",
		},
		s.resumeEpisode,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "close-episode",
			Path:    "/episodes/{id}/closure",
			Tag:     "episodes",
			Scope:   actor.RecordWrite,
			Faults:  []fault.Kind{fault.MoveNotAllowed},
			Summary: "Close an episode",
			Description: "Closes an episode with a reason. It then takes no new referrals, and no contacts but those of " +
				"days before it closed; replies, attendance and follow-ups stay writable. A final assessment may " +
				"come with it: both are recorded, or neither. Names the referrals that are still open.",
		},
		s.closeEpisode,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "open-closed-episode",
			Path:    "/episodes/{id}/reopening",
			Tag:     "episodes",
			Scope:   actor.RecordWrite,
			Faults:  []fault.Kind{fault.MoveNotAllowed},
			Summary: "Open a closed episode again",
			Description: "Says that a closed episode was not over. It is active again, or waiting where nobody has met the " +
				"person; its follow-ups stay as they are, and what its closure said is kept in reopenings. Refused " +
				"for somebody who died. Warns of another episode of the person that is open (open_episode_exists), " +
				"and of a link worker who is not active (link_worker_not_active).",
		},
		s.reopenEpisode,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "create-intake",
			Path:    "/intakes",
			Tag:     "episodes",
			Scope:   actor.RecordWrite,
			Faults:  []fault.Kind{fault.ConsentRequired, fault.NotFound},
			Summary: "Take somebody on",
			Description: "Records in one call what a first conversation brings: the person (or patient_id of somebody the " +
				"site knows), what they agreed to, the episode, a contact, the baseline, and referrals. All of it " +
				"is recorded, or nothing. Each part follows the rules of its own operation, and whatever is " +
				"refused says which part it is of, such as body.referrals[1].need. A consent in the call " +
				"counts for its referrals.",
		},
		func(t casework.Intake) string { return "/episodes/" + t.EpisodeID.String() },
		s.createIntake,
	)
	wire.Get(
		s.Server,
		wire.Operation{
			ID:      "get-gp-message",
			Path:    "/episodes/{id}/gp-message",
			Tag:     "episodes",
			Scope:   actor.RecordRead,
			Forms:   wire.Forms{wire.TextForm},
			Faults:  []fault.Kind{fault.ConsentRequired, fault.Conflict},
			Summary: "Make the message to the practice",
			Description: "Returns the message back to the general practice in the shape of the Social Prescribing " +
				"Information Standard, as JSON or as plain text to paste: requested actions first, scores before " +
				"and after, everything that was tried. It is made from what is recorded now, and holds as much as " +
				"the person's standing consent report_to_gp says; without one there is none. The reading is logged. " +
				"409: the episode is entered in error.",
		},
		s.gpMessage,
	)
	wire.Get(
		s.Server,
		wire.Operation{
			ID:      "list-concerns",
			Path:    "/episodes/{id}/safeguarding",
			Tag:     "outcomes",
			Scope:   actor.RecordRead,
			Summary: "List concerns",
			Description: "Lists, by id, the answers of an episode that were a safeguarding concern when they were recorded: " +
				"at or above what an item of a site's own instrument names (flag_from). Those that were seen too.",
		},
		s.listConcerns,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "acknowledge-concern",
			Path:    "/episodes/{id}/safeguarding/{flag_id}/seen",
			Tag:     "outcomes",
			Scope:   actor.RecordWrite,
			Summary: "Say that a concern was seen",
			Description: "Records that somebody has seen a concern and acted. It then leads no list any more, and " +
				"stays in the record and on the timeline. Nothing else closes a concern, a correction of the answer neither.",
		},
		s.acknowledgeConcern,
	)
	wire.Get(
		s.Server,
		wire.Operation{
			ID:          "list-episode-assessments",
			Path:        "/episodes/{id}/assessments",
			Tag:         "outcomes",
			Scope:       actor.RecordRead,
			Summary:     "List an episode's assessments",
			Description: "Lists an episode's assessments by id, corrected ones too.",
		},
		s.episodeAssessments,
	)
}

type listEpisodesInput struct {
	wire.Changing
	// Who supports the person.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
	// The person.
	PatientID uuid.UUID `query:"patient_id" format:"uuid"`
	// Where it stands; several separated by commas.
	Status []string `query:"status" format:"code:episode_statuses"`
	// A need of the person, the primary one or another; several separated by commas.
	Need []string `query:"need" format:"code:needs"`
}

func (s *server) listEpisodes(ctx context.Context, in *listEpisodesInput) (wire.Page[episodes.Episode], error) {
	by := episodes.Filter{
		LinkWorkerID: given(in.LinkWorkerID),
		PatientID:    given(in.PatientID),
		Statuses:     as[episodes.Status](in.Status),
		Needs:        in.Need,
	}
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]episodes.Episode, error) {
		return s.Episodes.List(ctx, by, p)
	}, func(e episodes.Episode) uuid.UUID { return e.ID })
}

func (s *server) openEpisode(ctx context.Context, in *wire.With[episodes.New]) (episodes.Episode, error) {
	return s.Casework.OpenEpisode(ctx, in.Body, viaAPI)
}

func (s *server) getEpisode(ctx context.Context, in *wire.ID) (episodes.Episode, error) {
	return s.Episodes.Get(ctx, in.ID)
}

func (s *server) changeEpisode(
	ctx context.Context,
	in *wire.Merge[episodes.Changes],
	version int,
) (episodes.Episode, error) {
	return s.Casework.ChangeEpisode(ctx, in.ID.ID, version, in.Body)
}

func (s *server) listContacts(ctx context.Context, in *OneChanging) (wire.Page[episodes.Contact], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]episodes.Contact, error) {
		return s.Episodes.Contacts(ctx, in.ID.ID, p)
	}, func(c episodes.Contact) uuid.UUID { return c.ID })
}

func (s *server) getContact(ctx context.Context, in *wire.ID) (episodes.Contact, error) {
	return s.Episodes.Contact(ctx, in.ID)
}

func (s *server) changeContact(
	ctx context.Context,
	in *wire.Merge[episodes.ContactChanges],
	version int,
) (episodes.Contact, error) {
	return s.Casework.ChangeContact(ctx, in.ID.ID, version, in.Body)
}

func (s *server) recordContact(ctx context.Context, in *wire.Of[episodes.NewContact]) (episodes.Contact, error) {
	return s.Casework.RecordContact(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) pauseEpisode(ctx context.Context, in *wire.MayHave[episodes.Pause]) (episodes.Episode, error) {
	return s.Episodes.Pause(ctx, in.ID.ID, in.BodyOrZero())
}

func (s *server) resumeEpisode(ctx context.Context, in *wire.MayHave[episodes.Resume]) (episodes.Episode, error) {
	return s.Episodes.Resume(ctx, in.ID.ID, in.BodyOrZero())
}

func (s *server) closeEpisode(ctx context.Context, in *wire.Of[casework.Closure]) (casework.Closed, error) {
	return s.Casework.CloseEpisode(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) reopenEpisode(ctx context.Context, in *wire.Of[episodes.Reopen]) (episodes.Episode, error) {
	return s.Episodes.Reopen(ctx, in.ID.ID, in.Body)
}

func (s *server) createIntake(ctx context.Context, in *wire.With[casework.NewIntake]) (casework.Intake, error) {
	return s.Casework.CreateIntake(ctx, in.Body, viaAPI)
}

func (s *server) episodeAssessments(ctx context.Context, in *OneChanging) (wire.Page[outcomes.Assessment], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]outcomes.Assessment, error) {
		return s.Outcomes.OfEpisode(ctx, in.ID.ID, p)
	}, func(a outcomes.Assessment) uuid.UUID { return a.ID })
}

type gpMessageInput struct {
	wire.ID
	// The form of the answer. A format of text is the same as Accept: text/plain.
	Format string `query:"format" enum:"json,text"`
}

func (s *server) gpMessage(ctx context.Context, in *gpMessageInput) (gpmessage.Message, error) {
	return s.GPMessages.Make(ctx, in.ID.ID)
}

func (s *server) listConcerns(ctx context.Context, in *OneChanging) (wire.Page[outcomes.Concern], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]outcomes.Concern, error) {
		return s.Outcomes.Concerns(ctx, in.ID.ID, p)
	}, func(f outcomes.Concern) uuid.UUID { return f.ID })
}

type acknowledgeConcernInput struct {
	wire.MayHave[outcomes.Seen]
	// The concern's id.
	FlagID uuid.UUID `path:"flag_id" format:"uuid"`
}

func (s *server) acknowledgeConcern(
	ctx context.Context,
	in *acknowledgeConcernInput,
) (outcomes.Concern, error) {
	return s.Outcomes.AcknowledgeConcern(ctx, in.ID.ID, in.FlagID, in.BodyOrZero())
}

func (s *server) listSiteContacts(
	ctx context.Context,
	in *struct{ wire.Changing },
) (wire.Page[episodes.Contact], error) {
	return wire.List(ctx, in, func(p db.Page[db.Changed]) ([]episodes.Contact, error) {
		return s.Episodes.AllContacts(ctx, p)
	}, func(c episodes.Contact) db.Changed { return db.Changed{UpdatedAt: c.UpdatedAt, ID: c.ID} })
}
