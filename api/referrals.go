package api

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
	"waypost/internal/referrals"
)

func (s *server) referralOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:      "list-referrals",
		Path:    "/referrals",
		Tag:     "referrals",
		Scope:   actor.ReferralsRead,
		Summary: "List referrals",
		Description: "Lists referrals by id: of the caller's sites, or, for an organisation, those sent to it, in the " +
			"shape ReceivedReferral.",
	}, s.listReferrals)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "record-referral",
			Path:    "/referrals",
			Tag:     "referrals",
			Scope:   actor.ReferralsWrite,
			Faults:  []fault.Kind{fault.ConsentRequired, fault.NotFound},
			Summary: "Record a referral",
			Description: "Records a referral as sent (or as a draft), or a signpost. A referral needs the person's standing " +
				"consent to share with organisations; a signpost shares nothing and needs none. A service that is " +
				"closed is refused, and one that is full needs an override_reason. Warnings tell of an open " +
				"referral to the same place and of a service that is not simply open.",
		},
		func(r referrals.Referral) string { return "/referrals/" + r.ID.String() },
		s.recordReferral,
	)
	wire.Get(s.Server, wire.Operation{
		ID:      "get-referral",
		Path:    "/referrals/{id}",
		Tag:     "referrals",
		Scope:   actor.ReferralsRead,
		Summary: "Get a referral",
		Description: "Returns a referral with two accounts of it, kept apart: what the organisation says and what the " +
			"person says. For an organisation: one sent to it, in the shape ReceivedReferral, without the person's account.",
	}, s.getReferral)
	wire.Patch(s.Server, wire.Operation{
		ID:          "change-referral",
		Path:        "/referrals/{id}",
		Tag:         "referrals",
		Scope:       actor.ReferralsWrite,
		Summary:     "Change what is said of a referral",
		Description: "Puts right the need, the reason, what it follows, or other systems' ids. How it stands is changed by moves.",
	}, s.changeReferral)
	wire.Get(s.Server, wire.Operation{
		ID:          "list-referral-moves",
		Path:        "/referrals/{id}/moves",
		Tag:         "referrals",
		Scope:       actor.ReferralsRead,
		Summary:     "List a referral's moves",
		Description: "Lists every move in the order in which it was recorded, undone ones too.",
	}, s.listMoves)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "move-referral",
			Path:    "/referrals/{id}/moves",
			Tag:     "referrals",
			Scope:   actor.ReferralsReply,
			Faults:  []fault.Kind{fault.MoveNotAllowed, fault.ConsentRequired},
			Summary: "Move a referral",
			Description: "Records an answer or another move; the answer is the referral as it then stands. The move is " +
				"checked before its reason. A late answer to an expired referral still counts. An organisation " +
				"that answered by phone: reported_by organisation. Of two who move it at the same instant one is " +
				"answered with move_not_allowed, which says where it stands now; whoever acts on what they saw " +
				"earlier can have the same with from.",
		},
		s.moveReferral,
	)
	wire.Post(s.Server, wire.Operation{
		ID:          "undo-referral-move",
		Path:        "/referrals/{id}/undo",
		Tag:         "referrals",
		Scope:       actor.ReferralsWrite,
		Summary:     "Undo the latest move",
		Description: "Voids the latest move that stands. The move and its undoing both stay visible; figures ignore an undone move.",
	}, s.undoMove)
	wire.Get(
		s.Server,
		wire.Operation{
			ID:          "list-attendances",
			Path:        "/referrals/{id}/attendances",
			Tag:         "referrals",
			Scope:       actor.ReferralsRead,
			Summary:     "List attendances",
			Description: "Lists who reported what of the person's attendance, by day.",
		},
		s.listAttendances,
	)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-site-attendances",
		Path:    "/attendances",
		Tag:     "referrals",
		Scope:   actor.RecordRead,
		Summary: "List attendances across people",
		Description: "Lists the attendances of the caller's sites in the order in which they changed, those entered in error " +
			"too. With updated_since it is what changed, for a system that keeps a copy.",
	}, s.listSiteAttendances)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "record-attendance",
			Path:    "/referrals/{id}/attendances",
			Tag:     "referrals",
			Scope:   actor.ReferralsReply,
			Summary: "Report attendance",
			Description: "Records whether the person came. One who came moves an open referral to in_progress. Of one day " +
				"one side is heard once: the same again is answered with the attendance there is, and what says " +
				"otherwise is a conflict. What the person says of it is asked at a follow-up and kept apart.",
		},
		func(a referrals.Attendance) string { return "/referrals/" + a.ReferralID.String() + "/attendances" },
		s.recordAttendance,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "mark-attendance-in-error",
			Path:    "/attendances/{id}/entered-in-error",
			Tag:     "referrals",
			Scope:   actor.ReferralsReply,
			Summary: "Take an attendance back",
			Description: "Says that a report of attendance was wrong. It stays in the list, with who took it back and why, " +
				"and counts in nothing. Where the referral was in_progress for that report alone, it goes back to " +
				"where it stood before. Only the side that recorded it may take it back: the organisation what it " +
				"reported by its key or link, the site what it recorded; anybody else is forbidden. One that was " +
				"taken back already stays as it is.",
		},
		s.markAttendanceInError,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "restore-attendance",
			Path:    "/attendances/{id}/entered-in-error/undo",
			Tag:     "referrals",
			Scope:   actor.ReferralsReply,
			Summary: "Restore an attendance",
			Description: "Says that a report of attendance that was taken back was right after all: it counts again, and " +
				"one that says the person came moves an open referral to in_progress. Only the side that recorded it " +
				"may restore it. Conflict: it stands, or the same side has reported that day again since.",
		},
		s.restoreAttendance,
	)
	wire.Get(
		s.Server,
		wire.Operation{
			ID:          "get-attendance",
			Path:        "/attendances/{id}",
			Tag:         "referrals",
			Scope:       actor.ReferralsRead,
			Summary:     "Get an attendance",
			Description: "Returns a report of attendance, also one that was taken back. The reading is logged.",
		},
		s.getAttendance,
	)
	wire.Get(
		s.Server,
		wire.Operation{
			ID:          "list-referral-questions",
			Path:        "/referrals/{id}/questions",
			Tag:         "referrals",
			Scope:       actor.ReferralsRead,
			Summary:     "List an organisation's questions",
			Description: "Lists what the organisation asked of a referral, oldest first, and which questions were answered.",
		},
		s.listQuestions,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "ask-referral-question",
			Path:    "/referrals/{id}/questions",
			Tag:     "referrals",
			Scope:   actor.ReferralsReply,
			Summary: "Ask the link worker a question",
			Description: "Records an organisation's question about a referral that was sent to it. It changes nothing of " +
				"how the referral stands; it leads the worklist awaiting_reply until somebody at the site marks it " +
				"as answered. Only an organisation may ask (forbidden); a referral that is over takes no question, " +
				"and one of which ten wait takes no other (conflict). The same words again, while they wait, are " +
				"answered with the question there is.",
		},
		func(q referrals.Question) string { return "/referrals/" + q.ReferralID.String() + "/questions" },
		s.askQuestion,
	)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:      "mark-question-answered",
			Path:    "/questions/{id}/answered",
			Tag:     "referrals",
			Scope:   actor.ReferralsWrite,
			Summary: "Mark a question as answered",
			Description: "Notes that an organisation's question was answered, by telephone or mail: the organisation sees " +
				"that it was, and it leaves the worklist. One that was marked already stays as it is.",
		},
		s.markAnswered,
	)
	wire.Get(s.Server, wire.Operation{
		ID:          "get-referral-timeline",
		Path:        "/referrals/{id}/timeline",
		Tag:         "referrals",
		Scope:       actor.RecordRead,
		Summary:     "Get a referral's timeline",
		Description: "Lists what happened to a referral, oldest first, from all sides.",
	}, s.referralTimeline)
}

// ReferralSeen is a referral as the caller may see it: whole, or as the organisation it was sent to.
type ReferralSeen struct {
	whole    *referrals.Referral
	received *referrals.Received
}

func (r ReferralSeen) MarshalJSON() ([]byte, error) {
	if r.received != nil {
		return json.Marshal(r.received)
	}
	return json.Marshal(r.whole)
}

// Schema writes both forms into the document, which their field view tells apart.
func (ReferralSeen) Schema(r huma.Registry) *huma.Schema {
	site := r.Schema(reflect.TypeFor[referrals.Referral](), true, "")
	organisation := r.Schema(reflect.TypeFor[referrals.Received](), true, "")
	return &huma.Schema{
		OneOf: []*huma.Schema{site, organisation},
		Discriminator: &huma.Discriminator{
			PropertyName: "view",
			Mapping:      map[string]string{"site": site.Ref, "organisation": organisation.Ref},
		},
	}
}

func (r ReferralSeen) Revision() int64 {
	if r.received != nil {
		return r.received.Revision()
	}
	return r.whole.Revision()
}

// Person is whom the referral is about. No organisation asks: see wire.OfPerson.
func (r ReferralSeen) Person() (site, patient uuid.UUID) { return r.whole.Person() }

// WithoutSecret is the answer as it may be kept for a replay: consent may be withdrawn before it is asked for again.
func (r ReferralSeen) WithoutSecret() any {
	if r.received == nil {
		return r
	}
	kept := *r.received
	kept.Person = nil
	return kept
}

func (r ReferralSeen) id() uuid.UUID {
	if r.received != nil {
		return r.received.ID
	}
	return r.whole.ID
}

// ReferralFilter is the query of a list of referrals.
type ReferralFilter struct {
	wire.Changing
	// Where it stands; several separated by commas.
	Status []string `query:"status" format:"code:referral_statuses"`
	// Where it was sent.
	OrganisationID uuid.UUID `query:"organisation_id" format:"uuid"`
	// Who supports the person.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `query:"episode_id" format:"uuid"`
	// The need it is for; several separated by commas.
	Need []string `query:"need" format:"code:needs"`
	// Sent from here on: an instant (RFC 3339), or a day at the site.
	SentFrom string `query:"sent_from" maxLength:"40" example:"2026-01-01"`
	// Sent to here: before an instant, or up to the end of a day at the site.
	SentTo string `query:"sent_to" maxLength:"40" example:"2026-01-31"`
	// What to show with each, separated by commas.
	Include []string `query:"include" enum:"organisation,service"`
}

func (in *ReferralFilter) filter() (by referrals.Filter, with referrals.Include, err error) {
	by = referrals.Filter{
		Statuses:       as[referrals.Status](in.Status),
		Needs:          in.Need,
		OrganisationID: given(in.OrganisationID),
		LinkWorkerID:   given(in.LinkWorkerID),
		EpisodeID:      given(in.EpisodeID),
	}
	if by.SentFrom, err = moment("sent_from", in.SentFrom); err != nil {
		return by, with, err
	}
	if by.SentTo, err = moment("sent_to", in.SentTo); err != nil {
		return by, with, err
	}
	for _, what := range in.Include {
		with.Organisation = with.Organisation || what == "organisation"
		with.Service = with.Service || what == "service"
	}
	return by, with, nil
}

// moment reads an instant or a day.
func moment(parameter, text string) (m referrals.Moment, err error) {
	if text == "" {
		return m, nil
	}
	if m.Day, err = day.Parse(text); err == nil {
		return m, nil
	}
	if m.At, err = time.Parse(time.RFC3339, text); err != nil {
		return m, badQuery(parameter, fault.WrongFormat, "takes an instant (RFC 3339) or a day (YYYY-MM-DD)")
	}
	return m, nil
}

func (s *server) listReferrals(ctx context.Context, in *ReferralFilter) (wire.Page[ReferralSeen], error) {
	by, with, err := in.filter()
	if err != nil {
		return wire.Page[ReferralSeen]{}, err
	}
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]ReferralSeen, error) {
		if actor.From(ctx).Role == actor.Organisation {
			list, err := s.Referrals.ListReceived(ctx, by, p)
			return seen(list, func(r *referrals.Received) ReferralSeen { return ReferralSeen{received: r} }), err
		}
		list, err := s.Referrals.List(ctx, by, with, p)
		return seen(list, func(r *referrals.Referral) ReferralSeen { return ReferralSeen{whole: r} }), err
	}, ReferralSeen.id)
}

func seen[R any](list []R, as func(*R) ReferralSeen) []ReferralSeen {
	out := make([]ReferralSeen, len(list))
	for i := range list {
		out[i] = as(&list[i])
	}
	return out
}

func (s *server) getReferral(ctx context.Context, in *wire.ID) (ReferralSeen, error) {
	if actor.From(ctx).Role == actor.Organisation {
		r, err := s.Referrals.GetReceived(ctx, in.ID)
		return ReferralSeen{received: &r}, err
	}
	r, err := s.Referrals.Get(ctx, in.ID)
	return ReferralSeen{whole: &r}, err
}

func (s *server) recordReferral(ctx context.Context, in *wire.With[referrals.New]) (referrals.Referral, error) {
	return s.Referrals.Record(ctx, in.Body, viaAPI)
}

func (s *server) changeReferral(
	ctx context.Context,
	in *wire.Merge[referrals.Changes],
	version int,
) (referrals.Referral, error) {
	return s.Referrals.Change(ctx, in.ID.ID, version, in.Body)
}

func (s *server) moveReferral(ctx context.Context, in *wire.Of[referrals.NewMove]) (ReferralSeen, error) {
	r, err := s.Referrals.Move(ctx, in.ID.ID, in.Body)
	if err != nil || actor.From(ctx).Role != actor.Organisation {
		return ReferralSeen{whole: &r}, err
	}
	return s.getReferral(ctx, &in.ID)
}

func (s *server) undoMove(ctx context.Context, in *wire.MayHave[referrals.Undo]) (referrals.Referral, error) {
	return s.Referrals.Undo(ctx, in.ID.ID, in.BodyOrZero())
}

func (s *server) listMoves(ctx context.Context, in *OnePaged) (wire.Page[referrals.Move], error) {
	return wire.List(ctx, in, func(p db.Page[int]) ([]referrals.Move, error) {
		return s.Referrals.Moves(ctx, in.ID.ID, p)
	}, func(m referrals.Move) int { return m.Sequence })
}

func (s *server) listAttendances(ctx context.Context, in *OneChanging) (wire.Page[referrals.Attendance], error) {
	return wire.List(ctx, in, func(p db.Page[referrals.AttendancePosition]) ([]referrals.Attendance, error) {
		return s.Referrals.Attendances(ctx, in.ID.ID, p)
	}, func(a referrals.Attendance) referrals.AttendancePosition {
		return referrals.AttendancePosition{On: a.On, ID: a.ID}
	})
}

func (s *server) recordAttendance(
	ctx context.Context,
	in *wire.Of[referrals.NewAttendance],
) (referrals.Attendance, error) {
	return s.Referrals.RecordAttendance(ctx, in.ID.ID, in.Body)
}

func (s *server) markAttendanceInError(
	ctx context.Context,
	in *wire.Of[voids.InErrorReason],
) (referrals.Attendance, error) {
	return s.Referrals.TakeBackAttendance(ctx, in.ID.ID, in.Body)
}

func (s *server) restoreAttendance(
	ctx context.Context,
	in *wire.Of[voids.InErrorReason],
) (referrals.Attendance, error) {
	return s.Referrals.RestoreAttendance(ctx, in.ID.ID, in.Body)
}

func (s *server) getAttendance(ctx context.Context, in *wire.ID) (referrals.Attendance, error) {
	return s.Referrals.Attendance(ctx, in.ID)
}

func (s *server) listQuestions(ctx context.Context, in *OnePaged) (wire.Page[referrals.Question], error) {
	return wire.List(ctx, in, func(p db.Page[referrals.QuestionPosition]) ([]referrals.Question, error) {
		return s.Referrals.Questions(ctx, in.ID.ID, p)
	}, func(q referrals.Question) referrals.QuestionPosition {
		return referrals.QuestionPosition{At: q.AskedAt, ID: q.ID}
	})
}

func (s *server) askQuestion(ctx context.Context, in *wire.Of[referrals.NewQuestion]) (referrals.Question, error) {
	return s.Referrals.AskQuestion(ctx, in.ID.ID, in.Body)
}

func (s *server) markAnswered(ctx context.Context, in *wire.ID) (referrals.Question, error) {
	return s.Referrals.MarkAnswered(ctx, in.ID)
}

func (s *server) referralTimeline(ctx context.Context, in *OnePaged) (wire.Page[events.Event], error) {
	return wire.List(ctx, in, func(p db.Page[events.Position]) ([]events.Event, error) {
		return s.Referrals.Timeline(ctx, in.ID.ID, p)
	}, eventPosition)
}

func (s *server) listSiteAttendances(
	ctx context.Context,
	in *struct{ wire.Changing },
) (wire.Page[referrals.Attendance], error) {
	return wire.List(ctx, in, func(p db.Page[db.Changed]) ([]referrals.Attendance, error) {
		return s.Referrals.AllAttendances(ctx, p)
	}, func(a referrals.Attendance) db.Changed { return db.Changed{UpdatedAt: a.UpdatedAt, ID: a.ID} })
}
