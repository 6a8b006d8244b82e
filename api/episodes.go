package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/casework"
	"waypost/internal/episodes"
	"waypost/internal/gpmessage"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) episodeOperations() {
	read(s.Server, op{id: "list-episodes", path: "/episodes", tag: "episodes", scope: actor.RecordRead,
		summary: "List episodes", about: "Lists episodes of the caller's sites by id."}, s.listEpisodes)
	post(
		s.Server,
		op{
			id:      "open-episode",
			path:    "/episodes",
			tag:     "episodes",
			scope:   actor.RecordWrite,
			created: "/episodes/{id}",
			faults:  []fault.Kind{fault.NotFound},
			summary: "Open an episode",
			about:   "Opens a spell of support, waiting for a first contact, a baseline or a referral.",
		},
		s.openEpisode,
	)
	read(s.Server, op{
		id:      "get-episode",
		path:    "/episodes/{id}",
		tag:     "episodes",
		scope:   actor.RecordRead,
		summary: "Get an episode",
		about:   "Returns an episode, with the answers that are a safeguarding concern and that nobody has marked as seen.",
	}, s.getEpisode)
	change(s.Server, op{
		id:      "change-episode",
		path:    "/episodes/{id}",
		tag:     "episodes",
		scope:   actor.RecordWrite,
		summary: "Change an episode",
		about: "Changes an episode's details, such as who supports the person. A corrected day moves the windows " +
			"of open follow-ups that count from it.",
	}, s.changeEpisode)
	read(s.Server, op{id: "list-contacts", path: "/episodes/{id}/contacts", tag: "episodes", scope: actor.RecordRead,
		summary: "List contacts", about: "Lists an episode's contacts by id."}, s.listContacts)
	post(
		s.Server,
		op{
			id:      "record-contact",
			path:    "/episodes/{id}/contacts",
			tag:     "episodes",
			scope:   actor.RecordWrite,
			created: "/contacts/{id}",
			summary: "Record a contact",
			about:   "Records a contact. With a referral_id and attended, the attendance is recorded with it, or neither is.",
		},
		s.recordContact,
	)
	read(s.Server, op{id: "get-contact", path: "/contacts/{id}", tag: "episodes", scope: actor.RecordRead,
		summary: "Get a contact", about: "Returns a contact."}, s.getContact)
	change(s.Server, op{
		id:      "change-contact",
		path:    "/contacts/{id}",
		tag:     "episodes",
		scope:   actor.RecordWrite,
		summary: "Change a contact",
		about: "Puts right what was recorded of a contact. The episode's first contact, and the windows of open " +
			"follow-ups that count from it, follow; an attendance that was recorded with the contact stays as it is.",
	}, s.changeContact)
	post(
		s.Server,
		op{
			id:      "pause-episode",
			path:    "/episodes/{id}/pause",
			tag:     "episodes",
			scope:   actor.RecordWrite,
			faults:  []fault.Kind{fault.MoveNotAllowed},
			summary: "Pause an episode",
			about:   "Pauses support, for instance during a stay in hospital.",
		},
		s.pauseEpisode,
	)
	post(
		s.Server,
		op{
			id:      "resume-episode",
			path:    "/episodes/{id}/resume",
			tag:     "episodes",
			scope:   actor.RecordWrite,
			faults:  []fault.Kind{fault.MoveNotAllowed},
			summary: "Resume an episode",
			about:   "Takes paused support up again.",
		},
		s.resumeEpisode,
	)
	post(
		s.Server,
		op{
			id:      "close-episode",
			path:    "/episodes/{id}/closure",
			tag:     "episodes",
			scope:   actor.RecordWrite,
			faults:  []fault.Kind{fault.MoveNotAllowed},
			summary: "Close an episode",
			about: "Closes an episode with a reason. It then takes no new referrals, and no contacts but those of " +
				"days before it closed; replies, attendance and follow-ups stay writable. A final assessment may " +
				"come with it: both are recorded, or neither. Names the referrals that are still open.",
		},
		s.closeEpisode,
	)
	post(
		s.Server,
		op{
			id:      "take-on",
			path:    "/intakes",
			tag:     "episodes",
			scope:   actor.RecordWrite,
			created: "/episodes/{episode_id}",
			faults:  []fault.Kind{fault.ConsentRequired, fault.NotFound},
			summary: "Take somebody on",
			about: "Records in one call what a first conversation brings: the person (or patient_id of somebody the " +
				"site knows), what they agreed to, the episode, a contact, the baseline, and referrals. All of it " +
				"is recorded, or nothing. Each part follows the rules of its own operation, and whatever is " +
				"refused says which part it is of, such as body.referrals[1].need. A consent in the call " +
				"counts for its referrals.",
		},
		s.takeOn,
	)
	read(
		s.Server,
		op{
			id:      "get-gp-message",
			path:    "/episodes/{id}/gp-message",
			tag:     "episodes",
			scope:   actor.RecordRead,
			also:    forms{textForm},
			faults:  []fault.Kind{fault.ConsentRequired},
			summary: "Make the message to the practice",
			about: "Returns the message back to the general practice in the shape of the Social Prescribing " +
				"Information Standard, as JSON or as plain text to paste: requested actions first, scores before " +
				"and after, everything that was tried. It is made from what is recorded now, and holds as much as " +
				"the person's standing consent report_to_gp says; without one there is none. The reading is logged.",
		},
		s.gpMessage,
	)
	read(
		s.Server,
		op{
			id:      "list-safeguarding-flags",
			path:    "/episodes/{id}/safeguarding",
			tag:     "outcomes",
			scope:   actor.RecordRead,
			summary: "List safeguarding flags",
			about: "Lists, by id, the answers of an episode that were a safeguarding concern when they were recorded: " +
				"at or above what an item of a site's own instrument names (flag_from). Those that were seen too.",
		},
		s.safeguardingFlags,
	)
	post(
		s.Server,
		op{
			id:      "see-safeguarding-flag",
			path:    "/episodes/{id}/safeguarding/{flag_id}/seen",
			tag:     "outcomes",
			scope:   actor.RecordWrite,
			summary: "Say that a flag was seen",
			about: "Records that somebody has seen a safeguarding flag and acted. It then leads no list any more, and " +
				"stays in the record and on the timeline. Nothing else closes a flag, a correction of the answer neither.",
		},
		s.seeSafeguardingFlag,
	)
	read(
		s.Server,
		op{
			id:      "list-episode-assessments",
			path:    "/episodes/{id}/assessments",
			tag:     "outcomes",
			scope:   actor.RecordRead,
			summary: "List an episode's assessments",
			about:   "Lists an episode's assessments by id, corrected ones too.",
		},
		s.episodeAssessments,
	)
}

type listEpisodesInput struct {
	Changing
	// Who supports the person.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
	// The person.
	PatientID uuid.UUID `query:"patient_id" format:"uuid"`
	// Where it stands.
	Status string `query:"status" format:"code:episode_statuses"`
}

func (s *server) listEpisodes(ctx context.Context, in *listEpisodesInput) (Page[episodes.Episode], error) {
	by := episodes.Filter{
		LinkWorkerID: given(in.LinkWorkerID),
		PatientID:    given(in.PatientID),
		Status:       episodes.Status(in.Status),
	}
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]episodes.Episode, error) {
		return s.casework.Episodes.List(ctx, by, p)
	}, func(e episodes.Episode) uuid.UUID { return e.ID })
}

func (s *server) openEpisode(ctx context.Context, in *With[episodes.New]) (episodes.Episode, error) {
	return s.casework.OpenEpisode(ctx, in.Body, viaAPI)
}

func (s *server) getEpisode(ctx context.Context, in *ID) (episodes.Episode, error) {
	return s.casework.Episodes.Get(ctx, in.ID)
}

func (s *server) changeEpisode(
	ctx context.Context,
	in *Merge[episodes.Changes],
	version int,
) (episodes.Episode, error) {
	return s.casework.ChangeEpisode(ctx, in.ID.ID, version, in.Body)
}

func (s *server) listContacts(ctx context.Context, in *OneChanging) (Page[episodes.Contact], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]episodes.Contact, error) {
		return s.casework.Episodes.Contacts(ctx, in.ID.ID, p)
	}, func(c episodes.Contact) uuid.UUID { return c.ID })
}

func (s *server) getContact(ctx context.Context, in *ID) (episodes.Contact, error) {
	return s.casework.Episodes.Contact(ctx, in.ID)
}

func (s *server) changeContact(
	ctx context.Context,
	in *Merge[episodes.ContactChanges],
	version int,
) (episodes.Contact, error) {
	return s.casework.ChangeContact(ctx, in.ID.ID, version, in.Body)
}

func (s *server) recordContact(ctx context.Context, in *Of[episodes.NewContact]) (episodes.Contact, error) {
	return s.casework.RecordContact(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) pauseEpisode(ctx context.Context, in *MayHave[episodes.Pause]) (episodes.Episode, error) {
	return s.casework.Episodes.Pause(ctx, in.ID.ID, in.body())
}

func (s *server) resumeEpisode(ctx context.Context, in *MayHave[episodes.Resume]) (episodes.Episode, error) {
	return s.casework.Episodes.Resume(ctx, in.ID.ID, in.body())
}

func (s *server) closeEpisode(ctx context.Context, in *Of[casework.Closure]) (casework.Closed, error) {
	return s.casework.CloseEpisode(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) takeOn(ctx context.Context, in *With[casework.Intake]) (casework.TakenOn, error) {
	return s.casework.TakeOn(ctx, in.Body, viaAPI)
}

func (s *server) episodeAssessments(ctx context.Context, in *OneChanging) (Page[outcomes.Assessment], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]outcomes.Assessment, error) {
		return s.casework.Outcomes.OfEpisode(ctx, in.ID.ID, p)
	}, func(a outcomes.Assessment) uuid.UUID { return a.ID })
}

type gpMessageInput struct {
	ID
	// The form of the answer. A format of text is the same as Accept: text/plain.
	Format string `query:"format" enum:"json,text"`
}

func (s *server) gpMessage(ctx context.Context, in *gpMessageInput) (gpmessage.Message, error) {
	return s.gpMessages.Make(ctx, in.ID.ID)
}

func (s *server) safeguardingFlags(ctx context.Context, in *OneChanging) (Page[outcomes.SafeguardingFlag], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]outcomes.SafeguardingFlag, error) {
		return s.casework.Outcomes.Flags(ctx, in.ID.ID, p)
	}, func(f outcomes.SafeguardingFlag) uuid.UUID { return f.ID })
}

type seeSafeguardingFlagInput struct {
	MayHave[outcomes.Seen]
	// The flag's id.
	FlagID uuid.UUID `path:"flag_id" format:"uuid"`
}

func (s *server) seeSafeguardingFlag(
	ctx context.Context,
	in *seeSafeguardingFlagInput,
) (outcomes.SafeguardingFlag, error) {
	return s.casework.Outcomes.See(ctx, in.ID.ID, in.FlagID, in.body())
}
