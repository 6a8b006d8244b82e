package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) assessmentOperations() {
	read(s.Server, op{
		id:      "list-instruments",
		path:    "/instruments",
		tag:     "outcomes",
		scope:   actor.Self,
		summary: "List instruments",
		about: "Lists the newest version of each instrument by key, those that come with Waypost and the caller's " +
			"sites' own: its items, how it is scored, its bands and its licence.",
	}, s.listInstruments)
	post(
		s.Server,
		op{
			id:      "add-instrument",
			path:    "/instruments",
			tag:     "outcomes",
			scope:   actor.InstrumentsWrite,
			created: "/instruments/{key}",
			faults:  []fault.Kind{fault.NotFound},
			summary: "Add an instrument",
			about: "Adds an instrument of a site's own, or a new version of one: what is there is never changed. The " +
				"definition is checked as a whole, so that whatever is taken can be scored. From a new version on " +
				"people are compared within that version alone.",
		},
		s.addInstrument,
	)
	read(s.Server, op{
		id:      "get-instrument",
		path:    "/instruments/{key}",
		tag:     "outcomes",
		scope:   actor.Self,
		summary: "Get an instrument",
		about:   "Returns an instrument, with the words that the caller's site has loaded.",
	}, s.getInstrument)
	put(s.Server, op{
		id:      "load-wording",
		path:    "/instruments/{key}/wording",
		tag:     "outcomes",
		scope:   actor.InstrumentsWrite,
		summary: "Load an instrument's words",
		about: "Sets the words that a site may use for the newest version of an instrument whose words do not " +
			"come with it, in place of earlier ones. No other site sees them.",
	}, s.loadWording)
	post(
		s.Server,
		op{
			id:      "record-assessment",
			path:    "/assessments",
			tag:     "outcomes",
			scope:   actor.RecordWrite,
			created: "/assessments/{id}",
			faults:  []fault.Kind{fault.NotFound},
			summary: "Record an assessment",
			about: "Records answers, which the server scores. A baseline makes a waiting episode active and plans its " +
				"follow-ups. One of an instrument at a timepoint (but review): a second is refused, and a " +
				"correction takes its place. At the timepoint of a follow-up it belongs to that one, which stays " +
				"due. What is worth knowing of the answers comes back as warnings.",
		},
		s.recordAssessment,
	)
	read(s.Server, op{id: "get-assessment", path: "/assessments/{id}", tag: "outcomes", scope: actor.RecordRead,
		summary: "Get an assessment", about: "Returns an assessment with its scores."}, s.getAssessment)
	post(
		s.Server,
		op{
			id:      "correct-assessment",
			path:    "/assessments/{id}/correction",
			tag:     "outcomes",
			scope:   actor.RecordWrite,
			created: "/assessments/{id}",
			summary: "Correct an assessment",
			about: "Records what was really answered, in place of an assessment, which stays visible and counts " +
				"in no figure any more.",
		},
		s.correctAssessment,
	)
}

// Worded is the query of instruments, whose words may be a site's.
type Worded struct {
	// Whose words to show, where the caller reaches several sites.
	SiteID uuid.UUID `query:"site_id" format:"uuid"`
}

func (s *server) listInstruments(ctx context.Context, in *struct {
	Paging
	Worded
}) (Page[instruments.Instrument], error) {
	return listing(ctx, in, func(p db.Page[string]) ([]instruments.Instrument, error) {
		return s.instruments.List(ctx, given(in.SiteID), p)
	}, func(i instruments.Instrument) string { return i.Key })
}

// Key is the path of operations on one instrument.
type Key struct {
	// The instrument's key.
	Key string `path:"key" maxLength:"50" example:"ons4"`
}

type getInstrumentInput struct {
	Key
	Worded
	// Which version; the newest when left out.
	Version int `query:"version" minimum:"1" maximum:"1000000"`
}

func (s *server) getInstrument(ctx context.Context, in *getInstrumentInput) (instruments.Instrument, error) {
	return s.instruments.Get(ctx, in.Key.Key, in.Version, given(in.SiteID))
}

func (s *server) addInstrument(
	ctx context.Context,
	in *With[instruments.NewInstrument],
) (instruments.Instrument, error) {
	return s.instruments.Add(ctx, in.Body)
}

func (s *server) loadWording(ctx context.Context, in *struct {
	Key
	Body instruments.NewWording
}) (instruments.Instrument, error) {
	return s.instruments.LoadWording(ctx, in.Key.Key, in.Body)
}

func (s *server) recordAssessment(ctx context.Context, in *With[outcomes.New]) (outcomes.Assessment, error) {
	return s.casework.Outcomes.Record(ctx, in.Body, viaAPI)
}

func (s *server) getAssessment(ctx context.Context, in *ID) (outcomes.Assessment, error) {
	return s.casework.Outcomes.Get(ctx, in.ID)
}

func (s *server) correctAssessment(ctx context.Context, in *Of[outcomes.Answers]) (outcomes.Assessment, error) {
	return s.casework.Outcomes.Correct(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) followUpOperations() {
	read(s.Server, op{
		id:      "list-follow-ups",
		path:    "/follow-ups",
		tag:     "outcomes",
		scope:   actor.RecordRead,
		summary: "List follow-ups",
		about: "Lists follow-ups: first those of episodes with an open safeguarding flag, then by target day. " +
			"States are derived from today's date, which a cursor pins, and the flags with it.",
	}, s.listFollowUps)
	read(s.Server, op{
		id:      "get-follow-up",
		path:    "/follow-ups/{id}",
		tag:     "outcomes",
		scope:   actor.RecordRead,
		summary: "Get a follow-up",
		about:   "Returns a follow-up with its attempts, its assessments and what the person said.",
	}, s.getFollowUp)
	post(
		s.Server,
		op{
			id:      "record-attempt",
			path:    "/follow-ups/{id}/attempts",
			tag:     "outcomes",
			scope:   actor.RecordWrite,
			created: "/follow-ups/{follow_up_id}",
			summary: "Record an attempt",
			about:   "Records a try at reaching the person for a follow-up.",
		},
		s.recordAttempt,
	)
	post(
		s.Server,
		op{
			id:      "complete-follow-up",
			path:    "/follow-ups/{id}/completion",
			tag:     "outcomes",
			scope:   actor.RecordWrite,
			created: "/follow-ups/{id}",
			summary: "Complete a follow-up",
			about: "Records how the person has been, what they say of each service they were connected to, and " +
				"instruments answered with it; all or nothing. The answer is the follow-up with its completion. A " +
				"late one is kept; the analysis window decides whether it counts as change.",
		},
		s.completeFollowUp,
	)
	post(
		s.Server,
		op{
			id:      "report-follow-up-service",
			path:    "/follow-ups/{id}/services",
			tag:     "outcomes",
			scope:   actor.RecordWrite,
			created: "/follow-ups/{id}",
			summary: "Record what a person says of one service",
			about: "Adds to a completed follow-up what the person says of a referral that is not recorded with it " +
				"yet: see ask_in_person. The answer is the follow-up.",
		},
		s.reportService,
	)
	post(
		s.Server,
		op{
			id:      "make-follow-up-link",
			path:    "/follow-ups/{id}/link",
			tag:     "outcomes",
			scope:   actor.RecordWrite,
			created: "/follow-ups/{follow_up_id}",
			faults:  []fault.Kind{fault.ConsentRequired},
			summary: "Make the person's own link",
			about: "Makes a link for the person to answer the follow-up by themselves, to hand on by text message, " +
				"letter or e-mail. It shows nothing of the record but the names of the link worker and of the " +
				"organisations they were connected to, and never those of sensitive services: see ask_in_person of " +
				"the follow-up. Refused with 422 at privacy_notice_url while the site has no privacy notice. It " +
				"stands in this answer and is never shown again; earlier links go on working.",
		},
		s.makeLink,
	)
	remove(s.Server, op{
		id:      "end-follow-up-link",
		path:    "/follow-ups/{id}/link",
		tag:     "outcomes",
		scope:   actor.RecordWrite,
		summary: "End the person's own links",
		about: "Ends every link to this follow-up at once, such as one that was sent to a wrong number: its page " +
			"then says that it does not work. Where none works, nothing changes. What the person has answered " +
			"by it is kept; another link can be made, and an invitation or reminder that is due sends one.",
	}, s.endLink)
	post(s.Server, op{
		id:      "lose-follow-up",
		path:    "/follow-ups/{id}/loss",
		tag:     "outcomes",
		scope:   actor.RecordWrite,
		summary: "Give a follow-up up",
		about: "Records that a follow-up will not happen, with the reason. If the person turns up after all, it " +
			"can still be completed.",
	}, s.loseFollowUp)
}

type listFollowUpsInput struct {
	Changing
	// Its state today.
	State string `query:"state" format:"code:follow_up_states"`
	// Who supports the person.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `query:"episode_id" format:"uuid"`
	// Whose target day lies before this day.
	DueBefore day.Date `query:"due_before" format:"date"`
}

func (s *server) listFollowUps(ctx context.Context, in *listFollowUpsInput) (Page[outcomes.FollowUp], error) {
	by := outcomes.FollowUpFilter{
		State:        outcomes.State(in.State),
		LinkWorkerID: given(in.LinkWorkerID),
		EpisodeID:    given(in.EpisodeID),
	}
	if !in.DueBefore.IsZero() {
		by.DueBefore = &in.DueBefore
	}
	var asOf time.Time
	return listing(ctx, in, func(p db.Page[outcomes.FollowUpPosition]) (list []outcomes.FollowUp, err error) {
		list, asOf, err = s.casework.Outcomes.FollowUps(ctx, by, p)
		return list, err
	}, func(f outcomes.FollowUp) outcomes.FollowUpPosition {
		return outcomes.FollowUpPosition{Calm: !f.Safeguarding, TargetOn: f.TargetOn, ID: f.ID, AsOf: asOf}
	})
}

func (s *server) getFollowUp(ctx context.Context, in *ID) (outcomes.FollowUp, error) {
	return s.casework.Outcomes.FollowUp(ctx, in.ID)
}

func (s *server) recordAttempt(ctx context.Context, in *Of[outcomes.NewAttempt]) (outcomes.Attempt, error) {
	return s.casework.Outcomes.Attempt(ctx, in.ID.ID, in.Body)
}

func (s *server) completeFollowUp(ctx context.Context, in *Of[outcomes.Completion]) (outcomes.FollowUp, error) {
	return s.casework.Outcomes.Complete(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) reportService(ctx context.Context, in *Of[outcomes.Used]) (outcomes.FollowUp, error) {
	return s.casework.Outcomes.ReportService(ctx, in.ID.ID, in.Body)
}

func (s *server) makeLink(ctx context.Context, in *ID) (outcomes.Link, error) {
	l, err := s.casework.Outcomes.Link(ctx, in.ID)
	l.URL = s.PublicURL + outcomes.LinkPath + l.Token
	return l, err
}

func (s *server) endLink(ctx context.Context, in *ID) error {
	return s.casework.Outcomes.EndLink(ctx, in.ID)
}

func (s *server) loseFollowUp(ctx context.Context, in *Of[outcomes.Loss]) (outcomes.FollowUp, error) {
	return s.casework.Outcomes.Lose(ctx, in.ID.ID, in.Body)
}
