package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
)

func (s *server) assessmentOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:      "list-instruments",
		Path:    "/instruments",
		Tag:     "outcomes",
		Scope:   actor.Self,
		Summary: "List instruments",
		Description: "Lists the newest version of each instrument by key, those that come with Waypost and the caller's " +
			"sites' own: its items, how it is scored, its bands and its licence.",
	}, s.listInstruments)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "add-instrument",
			Path:    "/instruments",
			Tag:     "outcomes",
			Scope:   actor.InstrumentsWrite,
			Faults:  []fault.Kind{fault.NotFound},
			Summary: "Add an instrument",
			Description: "Adds an instrument of a site's own, or a new version of one: what is there is never changed. The " +
				"definition is checked as a whole, so that whatever is taken can be scored. From a new version on " +
				"people are compared within that version alone.",
		},
		func(i instruments.Instrument) string { return "/instruments/" + i.Key },
		s.addInstrument,
	)
	wire.Get(s.Server, wire.Operation{
		ID:          "get-instrument",
		Path:        "/instruments/{key}",
		Tag:         "outcomes",
		Scope:       actor.Self,
		Summary:     "Get an instrument",
		Description: "Returns an instrument, with the words that the caller's site has loaded.",
	}, s.getInstrument)
	wire.Put(s.Server, wire.Operation{
		ID:      "set-instrument-wording",
		Path:    "/instruments/{key}/wording",
		Tag:     "outcomes",
		Scope:   actor.InstrumentsWrite,
		Summary: "Load an instrument's words",
		Description: "Sets the words that a site may use for the newest version of an instrument whose words do not " +
			"come with it, in place of earlier ones. No other site sees them.",
	}, s.setInstrumentWording)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-site-assessments",
		Path:    "/assessments",
		Tag:     "outcomes",
		Scope:   actor.RecordRead,
		Summary: "List assessments across people",
		Description: "Lists the assessments of the caller's sites in the order in which they changed, those entered in error " +
			"too. With updated_since it is what changed, for a system that keeps a copy.",
	}, s.listSiteAssessments)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "record-assessment",
			Path:    "/assessments",
			Tag:     "outcomes",
			Scope:   actor.RecordWrite,
			Faults:  []fault.Kind{fault.NotFound},
			Summary: "Record an assessment",
			Description: "Records answers, which the server scores. A baseline makes a waiting episode active and plans its " +
				"follow-ups. One of an instrument at a timepoint (but review): a second is refused, and a " +
				"correction takes its place. At the timepoint of a follow-up it belongs to that one, which stays " +
				"due. What is worth knowing of the answers comes back as warnings.",
		},
		func(a outcomes.Assessment) string { return "/assessments/" + a.ID.String() },
		s.recordAssessment,
	)
	wire.Get(
		s.Server,
		wire.Operation{ID: "get-assessment", Path: "/assessments/{id}", Tag: "outcomes", Scope: actor.RecordRead,
			Summary: "Get an assessment", Description: "Returns an assessment with its scores."},
		s.getAssessment,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "correct-assessment",
			Path:    "/assessments/{id}/correction",
			Tag:     "outcomes",
			Scope:   actor.RecordWrite,
			Summary: "Correct an assessment",
			Description: "Records what was really answered, in place of an assessment, which stays visible and counts " +
				"in no figure any more.",
		},
		func(a outcomes.Assessment) string { return "/assessments/" + a.ID.String() },
		s.correctAssessment,
	)
}

// Worded is the query of instruments, whose words may be a site's.
type Worded struct {
	// Whose words to show, where the caller reaches several sites.
	SiteID uuid.UUID `query:"site_id" format:"uuid"`
}

func (s *server) listInstruments(ctx context.Context, in *struct {
	wire.Paging
	Worded
}) (wire.Page[instruments.Instrument], error) {
	return wire.List(ctx, in, func(p db.Page[string]) ([]instruments.Instrument, error) {
		return s.Instruments.List(ctx, given(in.SiteID), p)
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
	return s.Instruments.Get(ctx, in.Key.Key, in.Version, given(in.SiteID))
}

func (s *server) addInstrument(
	ctx context.Context,
	in *wire.With[instruments.NewInstrument],
) (instruments.Instrument, error) {
	return s.Instruments.Add(ctx, in.Body)
}

func (s *server) setInstrumentWording(ctx context.Context, in *struct {
	Key
	Body instruments.NewWording
}) (instruments.Instrument, error) {
	return s.Instruments.LoadWording(ctx, in.Key.Key, in.Body)
}

func (s *server) recordAssessment(ctx context.Context, in *wire.With[outcomes.New]) (outcomes.Assessment, error) {
	return s.Outcomes.Record(ctx, in.Body, viaAPI)
}

func (s *server) getAssessment(ctx context.Context, in *wire.ID) (outcomes.Assessment, error) {
	return s.Outcomes.Get(ctx, in.ID)
}

func (s *server) correctAssessment(ctx context.Context, in *wire.Of[outcomes.Answers]) (outcomes.Assessment, error) {
	return s.Outcomes.Correct(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) followUpOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:      "list-follow-ups",
		Path:    "/follow-ups",
		Tag:     "outcomes",
		Scope:   actor.RecordRead,
		Summary: "List follow-ups",
		Description: "Lists follow-ups: first those of episodes with an open concern, then by target day. " +
			"States are derived from today's date, which a cursor pins, and the concerns with it.",
	}, s.listFollowUps)
	wire.Get(s.Server, wire.Operation{
		ID:          "get-follow-up",
		Path:        "/follow-ups/{id}",
		Tag:         "outcomes",
		Scope:       actor.RecordRead,
		Summary:     "Get a follow-up",
		Description: "Returns a follow-up with its attempts, its assessments and what the person said.",
	}, s.getFollowUp)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "record-attempt",
			Path:        "/follow-ups/{id}/attempts",
			Tag:         "outcomes",
			Scope:       actor.RecordWrite,
			Summary:     "Record an attempt",
			Description: "Records a try at reaching the person for a follow-up.",
		},
		func(a outcomes.Attempt) string { return "/follow-ups/" + a.FollowUpID.String() },
		s.recordAttempt,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "complete-follow-up",
			Path:    "/follow-ups/{id}/completion",
			Tag:     "outcomes",
			Scope:   actor.RecordWrite,
			Summary: "Complete a follow-up",
			Description: "Records how the person has been, what they say of each service they were connected to, and " +
				"instruments answered with it; all or nothing. The answer is the follow-up with its completion. A " +
				"late one is kept; the analysis window decides whether it counts as change.",
		},
		func(f outcomes.FollowUp) string { return "/follow-ups/" + f.ID.String() },
		s.completeFollowUp,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "record-follow-up-service",
			Path:    "/follow-ups/{id}/services",
			Tag:     "outcomes",
			Scope:   actor.RecordWrite,
			Summary: "Record what a person says of one service",
			Description: "Adds to a completed follow-up what the person says of a referral that is not recorded with it " +
				"yet: see ask_in_person. The answer is the follow-up.",
		},
		func(f outcomes.FollowUp) string { return "/follow-ups/" + f.ID.String() },
		s.recordFollowUpService,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "create-follow-up-link",
			Path:    "/follow-ups/{id}/link",
			Tag:     "outcomes",
			Scope:   actor.RecordWrite,
			Faults:  []fault.Kind{fault.ConsentRequired},
			Summary: "Make the person's own link",
			Description: "Makes a link for the person to answer the follow-up by themselves, to hand on by text message, " +
				"letter or e-mail. It shows nothing of the record but the names of the link worker and of the " +
				"organisations they were connected to, and never those of sensitive services: see ask_in_person of " +
				"the follow-up. Refused with 422 at privacy_notice_url while the site has no privacy notice. It " +
				"stands in this answer and is never shown again; earlier links go on working.",
		},
		func(l outcomes.Link) string { return "/follow-ups/" + l.FollowUpID.String() },
		s.createFollowUpLink,
	)
	wire.Delete(s.Server, wire.Operation{
		ID:      "revoke-follow-up-link",
		Path:    "/follow-ups/{id}/link",
		Tag:     "outcomes",
		Scope:   actor.RecordWrite,
		Summary: "End the person's own links",
		Description: "Ends every link to this follow-up at once, such as one that was sent to a wrong number: its page " +
			"then says that it does not work. Where none works, nothing changes. What the person has answered " +
			"by it is kept; another link can be made, and an invitation or reminder that is due sends one.",
	}, s.revokeFollowUpLink)
	wire.Post(s.Server, wire.Operation{
		ID:      "record-follow-up-loss",
		Path:    "/follow-ups/{id}/loss",
		Tag:     "outcomes",
		Scope:   actor.RecordWrite,
		Summary: "Give a follow-up up",
		Description: "Records that a follow-up will not happen, with the reason. If the person turns up after all, it " +
			"can still be completed.",
	}, s.recordFollowUpLoss)
}

type listFollowUpsInput struct {
	wire.Changing
	// Its state today; several separated by commas.
	State []string `query:"state" format:"code:follow_up_states"`
	// Who supports the person.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `query:"episode_id" format:"uuid"`
	// Whose target day lies before this day.
	DueBefore day.Date `query:"due_before" format:"date"`
}

func (s *server) listFollowUps(ctx context.Context, in *listFollowUpsInput) (wire.Page[outcomes.FollowUp], error) {
	by := outcomes.FollowUpFilter{
		States:       as[outcomes.State](in.State),
		LinkWorkerID: given(in.LinkWorkerID),
		EpisodeID:    given(in.EpisodeID),
	}
	if !in.DueBefore.IsZero() {
		by.DueBefore = &in.DueBefore
	}
	var asOf time.Time
	return wire.List(ctx, in, func(p db.Page[outcomes.FollowUpPosition]) (list []outcomes.FollowUp, err error) {
		list, asOf, err = s.Outcomes.FollowUps(ctx, by, p)
		return list, err
	}, func(f outcomes.FollowUp) outcomes.FollowUpPosition {
		return outcomes.FollowUpPosition{Calm: !f.Safeguarding, TargetOn: f.TargetOn, ID: f.ID, AsOf: asOf}
	})
}

func (s *server) getFollowUp(ctx context.Context, in *wire.ID) (outcomes.FollowUp, error) {
	return s.Outcomes.FollowUp(ctx, in.ID)
}

func (s *server) recordAttempt(ctx context.Context, in *wire.Of[outcomes.NewAttempt]) (outcomes.Attempt, error) {
	return s.Outcomes.Attempt(ctx, in.ID.ID, in.Body)
}

func (s *server) completeFollowUp(ctx context.Context, in *wire.Of[outcomes.Completion]) (outcomes.FollowUp, error) {
	return s.Outcomes.Complete(ctx, in.ID.ID, in.Body, viaAPI)
}

func (s *server) recordFollowUpService(ctx context.Context, in *wire.Of[outcomes.Used]) (outcomes.FollowUp, error) {
	return s.Outcomes.ReportService(ctx, in.ID.ID, in.Body)
}

func (s *server) createFollowUpLink(ctx context.Context, in *wire.ID) (outcomes.Link, error) {
	l, err := s.Outcomes.Link(ctx, in.ID)
	l.URL = link.FollowUp.URL(s.PublicURL, l.Token)
	return l, err
}

func (s *server) revokeFollowUpLink(ctx context.Context, in *wire.ID) error {
	return s.Outcomes.EndLink(ctx, in.ID)
}

func (s *server) recordFollowUpLoss(ctx context.Context, in *wire.Of[outcomes.Loss]) (outcomes.FollowUp, error) {
	return s.Outcomes.RecordLoss(ctx, in.ID.ID, in.Body)
}

func (s *server) listSiteAssessments(
	ctx context.Context,
	in *struct{ wire.Changing },
) (wire.Page[outcomes.Assessment], error) {
	return wire.List(ctx, in, func(p db.Page[db.Changed]) ([]outcomes.Assessment, error) {
		return s.Outcomes.AllAssessments(ctx, p)
	}, func(a outcomes.Assessment) db.Changed { return db.Changed{UpdatedAt: a.UpdatedAt, ID: a.ID} })
}
