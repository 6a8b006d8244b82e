package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/study"
)

func (s *server) studyOperations() {
	read(s.Server, op{
		id:      "get-study",
		path:    "/projects/{id}/study",
		tag:     "study",
		scope:   actor.ProjectsUse,
		summary: "Get a project as a study",
		about:   "Returns who pays for the study, of what it consists, and how many people are to join at each site.",
	}, s.getStudy)
	change(s.Server, op{
		id:      "change-study",
		path:    "/projects/{id}/study",
		tag:     "study",
		scope:   actor.StudiesWrite,
		summary: "Write of a project as a study",
		about:   "Changes what stands in the study's update about the study itself. Before anything was written its ETag is \"0\".",
	}, s.changeStudy)
	read(s.Server, op{id: "list-notes", path: "/projects/{id}/notes", tag: "study", scope: actor.ProjectsUse,
		summary: "List a study's notes", about: "Lists what happened in the study, by id."}, s.listNotes)
	post(
		s.Server,
		op{
			id:      "add-note",
			path:    "/projects/{id}/notes",
			tag:     "study",
			scope:   actor.StudiesWrite,
			created: "/projects/{project_id}/notes",
			summary: "Note something",
			about:   "Notes something that happened in the study. It stands in the update as it is written.",
		},
		s.addNote,
	)
	remove(s.Server, op{id: "remove-note", path: "/projects/{id}/notes/{note_id}", tag: "study", scope: actor.StudiesWrite,
		summary: "Take a note away", about: "Takes a note away. Updates that were published keep it."}, s.removeNote)
	read(s.Server, op{
		id:      "list-interviews",
		path:    "/projects/{id}/interviews",
		tag:     "study",
		scope:   actor.ProjectsUse,
		summary: "List a study's interviews",
		about:   "Lists which interviews were held, by id; never what was said.",
	}, s.listInterviews)
	post(
		s.Server,
		op{
			id:      "add-interview",
			path:    "/projects/{id}/interviews",
			tag:     "study",
			scope:   actor.StudiesWrite,
			created: "/projects/{project_id}/interviews",
			summary: "Record an interview",
			about:   "Records that somebody was interviewed. The update counts interviews.",
		},
		s.addInterview,
	)
	remove(
		s.Server,
		op{
			id:      "remove-interview",
			path:    "/projects/{id}/interviews/{interview_id}",
			tag:     "study",
			scope:   actor.StudiesWrite,
			summary: "Take an interview away",
			about:   "Takes an interview away that was recorded in error.",
		},
		s.removeInterview,
	)
	s.quoteOperations()
	s.updateOperations()
}

func (s *server) quoteOperations() {
	read(
		s.Server,
		op{
			id:      "list-narratives",
			path:    "/projects/{id}/narratives",
			tag:     "study",
			scope:   actor.StudiesWrite,
			faults:  []fault.Kind{fault.Conflict},
			summary: "List what may be quoted",
			about: "Lists, by follow-up, what people of the project's sites said in their own words whose consent to " +
				"show it (`share_my_words`) and to research stands. Who they are is not told; that they were read is noted.",
		},
		s.listNarratives,
	)
	post(
		s.Server,
		op{
			id:      "choose-quote",
			path:    "/projects/{id}/quotes",
			tag:     "study",
			scope:   actor.StudiesWrite,
			created: "/quotes",
			summary: "Choose a quote",
			about: "Chooses a sentence from what somebody said. It shows nowhere before a second person has looked " +
				"for names and places in it.",
		},
		s.chooseQuote,
	)
	read(s.Server, op{
		id:      "list-quotes",
		path:    "/quotes",
		tag:     "study",
		scope:   actor.QuotesCheck,
		summary: "List quotes",
		about: "Lists quotes by id: to a data steward all, to a site manager those of people of their sites. " +
			"Where consent no longer stands, the words are gone.",
	}, s.listQuotes)
	post(
		s.Server,
		op{
			id:      "check-quote",
			path:    "/quotes/{id}/check",
			tag:     "study",
			scope:   actor.QuotesCheck,
			faults:  []fault.Kind{fault.ConsentRequired},
			summary: "Check a quote",
			about: "Says what a second person found who looked for names and places: approved, or refused. Whoever " +
				"chose the quote may not check it (403).",
		},
		s.checkQuote,
	)
	remove(s.Server, op{
		id:      "take-back-quote",
		path:    "/quotes/{id}",
		tag:     "study",
		scope:   actor.StudiesWrite,
		summary: "Take a quote back",
		about: "Takes a quote back: it shows nowhere any more, and an update that was published with it says that " +
			"something was withdrawn.",
	}, s.takeBackQuote)
}

func (s *server) updateOperations() {
	read(
		s.Server,
		op{
			id:      "get-update",
			path:    "/projects/{id}/update",
			tag:     "study",
			scope:   actor.ProjectsUse,
			also:    forms{htmlForm, mdForm},
			faults:  []fault.Kind{fault.Conflict},
			summary: "Get the study's update",
			about: "Returns the update as it stands now, for the project's members: its counts of progress are exact, " +
				"and not for publication; all other figures are protected. As JSON, HTML or Markdown.",
		},
		s.getDraft,
	)
	read(s.Server, op{
		id:      "list-updates",
		path:    "/projects/{id}/updates",
		tag:     "study",
		scope:   actor.ProjectsUse,
		summary: "List published updates",
		about:   "Lists the updates that the project published, by id.",
	}, s.listUpdates)
	post(
		s.Server,
		op{
			id:      "publish-update",
			path:    "/projects/{id}/updates",
			tag:     "study",
			scope:   actor.StudiesWrite,
			created: "/updates/{id}",
			summary: "Publish the study's update",
			about: "Freezes the update as it stands now, without what is not for publication. It never changes; a " +
				"correction is a new one, which says so. " +
				"The link in this answer is for everybody, and is never shown again: a replay under the same " +
				"Idempotency-Key does not hold it.",
		},
		s.publishUpdate,
	)
	read(s.Server, op{id: "get-published-update", path: "/updates/{id}", tag: "study", scope: actor.ProjectsUse,
		summary: "Get a published update", about: "Returns a published update with what it says."}, s.getUpdate)
	post(
		s.Server,
		op{
			id:      "make-update-link",
			path:    "/updates/{id}/link",
			tag:     "study",
			scope:   actor.StudiesWrite,
			faults:  []fault.Kind{fault.Conflict},
			summary: "Make a new link of an update",
			about: "Makes a new link of a published update; the one before ends at once. A replay under the same " +
				"Idempotency-Key does not hold it.",
		},
		s.linkUpdate,
	)
	remove(s.Server, op{
		id:      "withdraw-update",
		path:    "/updates/{id}/link",
		tag:     "study",
		scope:   actor.StudiesWrite,
		summary: "Withdraw a published update",
		about:   "Ends the link of a published update for good: whoever follows it is told that the update was withdrawn.",
	}, s.withdrawUpdate)
}

func (s *server) getStudy(ctx context.Context, in *ID) (study.Study, error) {
	return s.study.Get(ctx, in.ID)
}

func (s *server) changeStudy(ctx context.Context, in *Merge[study.Changes], version int) (study.Study, error) {
	return s.study.Change(ctx, in.ID.ID, version, in.Body)
}

func (s *server) listNotes(ctx context.Context, in *struct {
	ID
	Changing
}) (Page[study.Note], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Note, error) {
		return s.study.Notes(ctx, in.ID.ID, p)
	}, func(n study.Note) uuid.UUID { return n.ID })
}

func (s *server) addNote(ctx context.Context, in *Of[study.NewNote]) (study.Note, error) {
	return s.study.AddNote(ctx, in.ID.ID, in.Body)
}

type removeNoteInput struct {
	ID
	// The note's id.
	NoteID uuid.UUID `path:"note_id" format:"uuid"`
}

func (s *server) removeNote(ctx context.Context, in *removeNoteInput) error {
	return s.study.RemoveNote(ctx, in.ID.ID, in.NoteID)
}

func (s *server) listInterviews(ctx context.Context, in *struct {
	ID
	Changing
}) (Page[study.Interview], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Interview, error) {
		return s.study.Interviews(ctx, in.ID.ID, p)
	}, func(i study.Interview) uuid.UUID { return i.ID })
}

func (s *server) addInterview(ctx context.Context, in *Of[study.NewInterview]) (study.Interview, error) {
	return s.study.AddInterview(ctx, in.ID.ID, in.Body)
}

type removeInterviewInput struct {
	ID
	// The interview's id.
	InterviewID uuid.UUID `path:"interview_id" format:"uuid"`
}

func (s *server) removeInterview(ctx context.Context, in *removeInterviewInput) error {
	return s.study.RemoveInterview(ctx, in.ID.ID, in.InterviewID)
}

func (s *server) listNarratives(ctx context.Context, in *struct {
	ID
	Paging
}) (Page[study.Narrative], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Narrative, error) {
		return s.study.Narratives(ctx, in.ID.ID, p)
	}, func(n study.Narrative) uuid.UUID { return n.FollowUpID })
}

func (s *server) chooseQuote(ctx context.Context, in *Of[study.NewQuote]) (study.Quote, error) {
	return s.study.Choose(ctx, in.ID.ID, in.Body)
}

type listQuotesInput struct {
	Changing
	// Only quotes in this state.
	State string `query:"state" enum:"waiting,approved,refused,taken_back"`
}

func (s *server) listQuotes(ctx context.Context, in *listQuotesInput) (Page[study.Quote], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Quote, error) {
		return s.study.Quotes(ctx, in.State, p)
	}, func(q study.Quote) uuid.UUID { return q.ID })
}

func (s *server) checkQuote(ctx context.Context, in *Of[study.Check]) (study.Quote, error) {
	return s.study.CheckQuote(ctx, in.ID.ID, in.Body)
}

func (s *server) takeBackQuote(ctx context.Context, in *ID) error {
	return s.study.TakeBack(ctx, in.ID)
}

type getDraftInput struct {
	ID
	// The month up to whose end people joined, and things happened, that it tells of; this one when
	// left out.
	To string `query:"to" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2026-10"`
	// The form of the answer. A format of html or md is the same as Accept: text/html or
	// text/markdown.
	Format string `query:"format" enum:"json,html,md"`
}

func (s *server) getDraft(ctx context.Context, in *getDraftInput) (study.Update, error) {
	return s.study.Draft(ctx, in.ID.ID, in.To)
}

func (s *server) listUpdates(ctx context.Context, in *struct {
	ID
	Changing
}) (Page[study.Published], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]study.Published, error) {
		return s.study.Updates(ctx, in.ID.ID, p)
	}, func(p study.Published) uuid.UUID { return p.ID })
}

func (s *server) publishUpdate(ctx context.Context, in *Of[study.NewUpdate]) (study.Published, error) {
	p, err := s.study.Publish(ctx, in.ID.ID, in.Body)
	return s.linked(p), err
}

// linked tells where everybody reaches an update.
func (s *server) linked(p study.Published) study.Published {
	if p.Token != "" {
		p.URL = s.PublicURL + study.UpdatePath + p.Token
	}
	return p
}

func (s *server) getUpdate(ctx context.Context, in *ID) (study.Whole, error) {
	return s.study.Update(ctx, in.ID)
}

func (s *server) linkUpdate(ctx context.Context, in *MayHave[study.NewLink]) (study.Published, error) {
	p, err := s.study.Link(ctx, in.ID.ID, in.body())
	return s.linked(p), err
}

func (s *server) withdrawUpdate(ctx context.Context, in *ID) error {
	return s.study.Withdraw(ctx, in.ID)
}
