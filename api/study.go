package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/study"
)

func (s *server) studyOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:          "get-study",
		Path:        "/projects/{id}/study",
		Tag:         "study",
		Scope:       actor.ProjectsUse,
		Summary:     "Get a project as a study",
		Description: "Returns who pays for the study, of what it consists, and how many people are to join at each site.",
	}, s.getStudy)
	wire.Patch(s.Server, wire.Operation{
		ID:          "change-study",
		Path:        "/projects/{id}/study",
		Tag:         "study",
		Scope:       actor.StudiesWrite,
		Summary:     "Write of a project as a study",
		Description: "Changes what stands in the study's update about the study itself. Before anything was written its ETag is \"0\".",
	}, s.changeStudy)
	wire.Get(
		s.Server,
		wire.Operation{ID: "list-notes", Path: "/projects/{id}/notes", Tag: "study", Scope: actor.ProjectsUse,
			Summary: "List a study's notes", Description: "Lists what happened in the study, by id."},
		s.listNotes,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "add-note",
			Path:        "/projects/{id}/notes",
			Tag:         "study",
			Scope:       actor.StudiesWrite,
			Summary:     "Note something",
			Description: "Notes something that happened in the study. It stands in the update as it is written.",
		},
		func(n study.Note) string { return "/projects/" + n.ProjectID.String() + "/notes" },
		s.addNote,
	)
	wire.Delete(
		s.Server,
		wire.Operation{
			ID:          "remove-note",
			Path:        "/projects/{id}/notes/{note_id}",
			Tag:         "study",
			Scope:       actor.StudiesWrite,
			Summary:     "Take a note away",
			Description: "Takes a note away. Updates that were published keep it.",
		},
		s.removeNote,
	)
	wire.Get(s.Server, wire.Operation{
		ID:          "list-interviews",
		Path:        "/projects/{id}/interviews",
		Tag:         "study",
		Scope:       actor.ProjectsUse,
		Summary:     "List a study's interviews",
		Description: "Lists which interviews were held, by id; never what was said.",
	}, s.listInterviews)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "add-interview",
			Path:        "/projects/{id}/interviews",
			Tag:         "study",
			Scope:       actor.StudiesWrite,
			Summary:     "Record an interview",
			Description: "Records that somebody was interviewed. The update counts interviews.",
		},
		func(i study.Interview) string { return "/projects/" + i.ProjectID.String() + "/interviews" },
		s.addInterview,
	)
	wire.Delete(
		s.Server,
		wire.Operation{
			ID:          "remove-interview",
			Path:        "/projects/{id}/interviews/{interview_id}",
			Tag:         "study",
			Scope:       actor.StudiesWrite,
			Summary:     "Take an interview away",
			Description: "Takes an interview away that was recorded in error.",
		},
		s.removeInterview,
	)
	s.quoteOperations()
	s.updateOperations()
}

func (s *server) quoteOperations() {
	wire.Get(
		s.Server,
		wire.Operation{
			ID:      "list-narratives",
			Path:    "/projects/{id}/narratives",
			Tag:     "study",
			Scope:   actor.StudiesWrite,
			Faults:  []fault.Kind{fault.Conflict},
			Summary: "List what may be quoted",
			Description: "Lists, by follow-up, what people of the project's sites said in their own words whose consent to " +
				"show it (`share_my_words`) and to research stands. Who they are is not told; that they were read is noted.",
		},
		s.listNarratives,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "add-quote",
			Path:    "/projects/{id}/quotes",
			Tag:     "study",
			Scope:   actor.StudiesWrite,
			Summary: "Choose a quote",
			Description: "Chooses a sentence from what somebody said. It shows nowhere before a second person has looked " +
				"for names and places in it.",
		},
		func(study.Quote) string { return "/quotes" },
		s.addQuote,
	)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-quotes",
		Path:    "/quotes",
		Tag:     "study",
		Scope:   actor.QuotesCheck,
		Summary: "List quotes",
		Description: "Lists quotes by id: to a data steward all, to a site manager those of people of their sites. " +
			"Where consent no longer stands, the words are gone.",
	}, s.listQuotes)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "check-quote",
			Path:    "/quotes/{id}/check",
			Tag:     "study",
			Scope:   actor.QuotesCheck,
			Faults:  []fault.Kind{fault.ConsentRequired},
			Summary: "Check a quote",
			Description: "Says what a second person found who looked for names and places: approved, or refused. Whoever " +
				"chose the quote may not check it (403).",
		},
		s.checkQuote,
	)
	wire.Delete(s.Server, wire.Operation{
		ID:      "withdraw-quote",
		Path:    "/quotes/{id}",
		Tag:     "study",
		Scope:   actor.StudiesWrite,
		Summary: "Take a quote back",
		Description: "Takes a quote back: it shows nowhere any more, and an update that was published with it says that " +
			"something was withdrawn.",
	}, s.withdrawQuote)
}

func (s *server) updateOperations() {
	wire.Get(
		s.Server,
		wire.Operation{
			ID:      "get-update-draft",
			Path:    "/projects/{id}/update",
			Tag:     "study",
			Scope:   actor.ProjectsUse,
			Forms:   wire.Forms{wire.HTMLForm, wire.MarkdownForm},
			Faults:  []fault.Kind{fault.Conflict},
			Summary: "Get the study's update",
			Description: "Returns the update as it stands now, for the project's members: its counts of progress are exact, " +
				"and not for publication; all other figures are protected. As JSON, HTML or Markdown.",
		},
		s.getUpdateDraft,
	)
	wire.Get(s.Server, wire.Operation{
		ID:          "list-updates",
		Path:        "/projects/{id}/updates",
		Tag:         "study",
		Scope:       actor.ProjectsUse,
		Summary:     "List published updates",
		Description: "Lists the updates that the project published, by id.",
	}, s.listUpdates)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "publish-update",
			Path:    "/projects/{id}/updates",
			Tag:     "study",
			Scope:   actor.StudiesWrite,
			Summary: "Publish the study's update",
			Description: "Freezes the update as it stands now, without what is not for publication. It never changes; a " +
				"correction is a new one, which says so. " +
				"The link in this answer is for everybody, and is never shown again: a replay under the same " +
				"Idempotency-Key does not hold it.",
		},
		func(p study.Published) string { return "/updates/" + p.ID.String() },
		s.publishUpdate,
	)
	wire.Get(
		s.Server,
		wire.Operation{ID: "get-published-update", Path: "/updates/{id}", Tag: "study", Scope: actor.ProjectsUse,
			Summary: "Get a published update", Description: "Returns a published update with what it says."},
		s.getUpdate,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "create-update-link",
			Path:    "/updates/{id}/link",
			Tag:     "study",
			Scope:   actor.StudiesWrite,
			Faults:  []fault.Kind{fault.Conflict},
			Summary: "Make a new link of an update",
			Description: "Makes a new link of a published update; the one before ends at once. A replay under the same " +
				"Idempotency-Key does not hold it.",
		},
		s.linkUpdate,
	)
	wire.Delete(s.Server, wire.Operation{
		ID:          "withdraw-update",
		Path:        "/updates/{id}/link",
		Tag:         "study",
		Scope:       actor.StudiesWrite,
		Summary:     "Withdraw a published update",
		Description: "Ends the link of a published update for good: whoever follows it is told that the update was withdrawn.",
	}, s.withdrawUpdate)
}

func (s *server) getStudy(ctx context.Context, in *wire.ID) (study.Study, error) {
	return s.Study.Get(ctx, in.ID)
}

func (s *server) changeStudy(ctx context.Context, in *wire.Merge[study.Changes], version int) (study.Study, error) {
	return s.Study.Change(ctx, in.ID.ID, version, in.Body)
}

func (s *server) listNotes(ctx context.Context, in *struct {
	wire.ID
	wire.Changing
}) (wire.Page[study.Note], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Note, error) {
		return s.Study.Notes(ctx, in.ID.ID, p)
	}, func(n study.Note) uuid.UUID { return n.ID })
}

func (s *server) addNote(ctx context.Context, in *wire.Of[study.NewNote]) (study.Note, error) {
	return s.Study.AddNote(ctx, in.ID.ID, in.Body)
}

type removeNoteInput struct {
	wire.ID
	// The note's id.
	NoteID uuid.UUID `path:"note_id" format:"uuid"`
}

func (s *server) removeNote(ctx context.Context, in *removeNoteInput) error {
	return s.Study.RemoveNote(ctx, in.ID.ID, in.NoteID)
}

func (s *server) listInterviews(ctx context.Context, in *struct {
	wire.ID
	wire.Changing
}) (wire.Page[study.Interview], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Interview, error) {
		return s.Study.Interviews(ctx, in.ID.ID, p)
	}, func(i study.Interview) uuid.UUID { return i.ID })
}

func (s *server) addInterview(ctx context.Context, in *wire.Of[study.NewInterview]) (study.Interview, error) {
	return s.Study.AddInterview(ctx, in.ID.ID, in.Body)
}

type removeInterviewInput struct {
	wire.ID
	// The interview's id.
	InterviewID uuid.UUID `path:"interview_id" format:"uuid"`
}

func (s *server) removeInterview(ctx context.Context, in *removeInterviewInput) error {
	return s.Study.RemoveInterview(ctx, in.ID.ID, in.InterviewID)
}

func (s *server) listNarratives(ctx context.Context, in *struct {
	wire.ID
	wire.Paging
}) (wire.Page[study.Narrative], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Narrative, error) {
		return s.Study.Narratives(ctx, in.ID.ID, p)
	}, func(n study.Narrative) uuid.UUID { return n.FollowUpID })
}

func (s *server) addQuote(ctx context.Context, in *wire.Of[study.NewQuote]) (study.Quote, error) {
	return s.Study.Choose(ctx, in.ID.ID, in.Body)
}

type listQuotesInput struct {
	wire.Changing
	// Only quotes in this state.
	State string `query:"state" enum:"waiting,approved,refused,taken_back"`
}

func (s *server) listQuotes(ctx context.Context, in *listQuotesInput) (wire.Page[study.Quote], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Quote, error) {
		return s.Study.Quotes(ctx, in.State, p)
	}, func(q study.Quote) uuid.UUID { return q.ID })
}

func (s *server) checkQuote(ctx context.Context, in *wire.Of[study.Check]) (study.Quote, error) {
	return s.Study.CheckQuote(ctx, in.ID.ID, in.Body)
}

func (s *server) withdrawQuote(ctx context.Context, in *wire.ID) error {
	return s.Study.TakeBack(ctx, in.ID)
}

type getUpdateDraftInput struct {
	wire.ID
	// The month up to whose end people joined, and things happened, that it tells of; this one when
	// left out.
	To string `query:"to" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2026-10"`
	// The form of the answer. A format of html or md is the same as Accept: text/html or
	// text/markdown.
	Format string `query:"format" enum:"json,html,md"`
}

func (s *server) getUpdateDraft(ctx context.Context, in *getUpdateDraftInput) (study.Update, error) {
	return s.Study.Draft(ctx, in.ID.ID, in.To)
}

func (s *server) listUpdates(ctx context.Context, in *struct {
	wire.ID
	wire.Changing
}) (wire.Page[study.Published], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Published, error) {
		return s.Study.Updates(ctx, in.ID.ID, p)
	}, func(p study.Published) uuid.UUID { return p.ID })
}

func (s *server) publishUpdate(ctx context.Context, in *wire.Of[study.NewUpdate]) (study.Published, error) {
	p, err := s.Study.Publish(ctx, in.ID.ID, in.Body)
	return s.linked(p), err
}

// linked tells where everybody reaches an update.
func (s *server) linked(p study.Published) study.Published {
	if p.Token != "" {
		p.URL = link.Update.URL(s.PublicURL, p.Token)
	}
	return p
}

func (s *server) getUpdate(ctx context.Context, in *wire.ID) (study.Whole, error) {
	return s.Study.Update(ctx, in.ID)
}

func (s *server) linkUpdate(ctx context.Context, in *wire.MayHave[study.NewLink]) (study.Published, error) {
	p, err := s.Study.Link(ctx, in.ID.ID, in.BodyOrZero())
	return s.linked(p), err
}

func (s *server) withdrawUpdate(ctx context.Context, in *wire.ID) error {
	return s.Study.Withdraw(ctx, in.ID)
}
