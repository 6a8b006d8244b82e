package api

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/referrals"
)

func (s *server) referralOperations() {
	read(s.Server, op{
		id:      "list-referrals",
		path:    "/referrals",
		tag:     "referrals",
		scope:   actor.ReferralsRead,
		summary: "List referrals",
		about: "Lists referrals by id: of the caller's sites, or, for an organisation, those sent to it, in the " +
			"shape ReceivedReferral.",
	}, s.listReferrals)
	post(
		s.Server,
		op{
			id:      "record-referral",
			path:    "/referrals",
			tag:     "referrals",
			scope:   actor.ReferralsWrite,
			created: "/referrals/{id}",
			faults:  []fault.Kind{fault.ConsentRequired, fault.NotFound},
			summary: "Record a referral",
			about: "Records a referral as sent (or as a draft), or a signpost. A referral needs the person's standing " +
				"consent to share with organisations; a signpost shares nothing and needs none. A service that is " +
				"closed is refused, and one that is full needs an override_reason. Warnings tell of an open " +
				"referral to the same place and of a service that is not simply open.",
		},
		s.recordReferral,
	)
	read(s.Server, op{
		id:      "get-referral",
		path:    "/referrals/{id}",
		tag:     "referrals",
		scope:   actor.ReferralsRead,
		summary: "Get a referral",
		about: "Returns a referral with two accounts of it, kept apart: what the organisation says and what the " +
			"person says. For an organisation: one sent to it, in the shape ReceivedReferral, without the person's account.",
	}, s.getReferral)
	change(s.Server, op{
		id:      "change-referral",
		path:    "/referrals/{id}",
		tag:     "referrals",
		scope:   actor.ReferralsWrite,
		summary: "Change what is said of a referral",
		about:   "Puts right the need, the reason, what it follows, or other systems' ids. How it stands is changed by moves.",
	}, s.changeReferral)
	read(s.Server, op{
		id:      "list-referral-moves",
		path:    "/referrals/{id}/moves",
		tag:     "referrals",
		scope:   actor.ReferralsRead,
		summary: "List a referral's moves",
		about:   "Lists every move in the order in which it was recorded, undone ones too.",
	}, s.listMoves)
	post(
		s.Server,
		op{
			id:      "move-referral",
			path:    "/referrals/{id}/moves",
			tag:     "referrals",
			scope:   actor.ReferralsReply,
			faults:  []fault.Kind{fault.MoveNotAllowed, fault.ConsentRequired},
			summary: "Move a referral",
			about: "Records an answer or another move; the answer is the referral as it then stands. The move is " +
				"checked before its reason. A late answer to an expired referral still counts. An organisation " +
				"that answered by phone: reported_by organisation. Of two who move it at the same instant one is " +
				"answered with move_not_allowed, which says where it stands now; whoever acts on what they saw " +
				"earlier can have the same with from.",
		},
		s.moveReferral,
	)
	post(s.Server, op{
		id:      "undo-referral-move",
		path:    "/referrals/{id}/undo",
		tag:     "referrals",
		scope:   actor.ReferralsWrite,
		summary: "Undo the latest move",
		about:   "Voids the latest move that stands. The move and its undoing both stay visible; figures ignore an undone move.",
	}, s.undoMove)
	read(
		s.Server,
		op{
			id:      "list-attendances",
			path:    "/referrals/{id}/attendances",
			tag:     "referrals",
			scope:   actor.ReferralsRead,
			summary: "List attendances",
			about:   "Lists who reported what of the person's attendance, by day.",
		},
		s.listAttendances,
	)
	post(
		s.Server,
		op{
			id:      "record-attendance",
			path:    "/referrals/{id}/attendances",
			tag:     "referrals",
			scope:   actor.ReferralsReply,
			created: "/referrals/{referral_id}/attendances",
			summary: "Report attendance",
			about: "Records whether the person came. One who came moves an open referral to in_progress. Of one day " +
				"one side is heard once: the same again is answered with the attendance there is, and what says " +
				"otherwise is a conflict. What the person says of it is asked at a follow-up and kept apart.",
		},
		s.recordAttendance,
	)
	post(
		s.Server,
		op{
			id:      "take-back-attendance",
			path:    "/attendances/{id}/entered-in-error",
			tag:     "referrals",
			scope:   actor.ReferralsReply,
			summary: "Take an attendance back",
			about: "Says that a report of attendance was wrong. It stays in the list, with who took it back and why, " +
				"and counts in nothing. Where the referral was in_progress for that report alone, it goes back to " +
				"where it stood before. Only the side that recorded it may take it back: the organisation what it " +
				"reported by its key or link, the site what it recorded; anybody else is forbidden. One that was " +
				"taken back already stays as it is.",
		},
		s.takeBackAttendance,
	)
	read(
		s.Server,
		op{
			id:      "list-referral-questions",
			path:    "/referrals/{id}/questions",
			tag:     "referrals",
			scope:   actor.ReferralsRead,
			summary: "List an organisation's questions",
			about:   "Lists what the organisation asked of a referral, oldest first, and which questions were answered.",
		},
		s.listQuestions,
	)
	post(
		s.Server,
		op{
			id:      "ask-referral-question",
			path:    "/referrals/{id}/questions",
			tag:     "referrals",
			scope:   actor.ReferralsReply,
			created: "/referrals/{referral_id}/questions",
			summary: "Ask the link worker a question",
			about: "Records an organisation's question about a referral that was sent to it. It changes nothing of " +
				"how the referral stands; it leads the worklist awaiting_reply until somebody at the site marks it " +
				"as answered. Only an organisation may ask (forbidden); a referral that is over takes no question, " +
				"and one of which ten wait takes no other (conflict). The same words again, while they wait, are " +
				"answered with the question there is.",
		},
		s.askQuestion,
	)
	post(
		s.Server,
		op{
			id:      "mark-question-answered",
			path:    "/questions/{id}/answered",
			tag:     "referrals",
			scope:   actor.ReferralsWrite,
			summary: "Mark a question as answered",
			about: "Notes that an organisation's question was answered, by telephone or mail: the organisation sees " +
				"that it was, and it leaves the worklist. One that was marked already stays as it is.",
		},
		s.markAnswered,
	)
	read(s.Server, op{
		id:      "get-referral-timeline",
		path:    "/referrals/{id}/timeline",
		tag:     "referrals",
		scope:   actor.RecordRead,
		summary: "Get a referral's timeline",
		about:   "Lists what happened to a referral, oldest first, from all sides.",
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

// Schema writes both forms into the document.
func (ReferralSeen) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[referrals.Referral](), true, ""),
		r.Schema(reflect.TypeFor[referrals.Received](), true, ""),
	}}
}

// Thing is the form that is shown.
func (r ReferralSeen) Thing() any {
	if r.received != nil {
		return *r.received
	}
	if r.whole != nil {
		return *r.whole
	}
	return referrals.Referral{}
}

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
	Changing
	// Where it stands.
	Status string `query:"status" format:"code:referral_statuses"`
	// Where it was sent.
	OrganisationID uuid.UUID `query:"organisation_id" format:"uuid"`
	// Who supports the person.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
	// The episode.
	EpisodeID uuid.UUID `query:"episode_id" format:"uuid"`
	// The need it is for.
	Need string `query:"need" format:"code:needs"`
	// Sent from here on: an instant (RFC 3339), or a day at the site.
	SentFrom string `query:"sent_from" maxLength:"40" example:"2026-01-01"`
	// Sent to here: before an instant, or up to the end of a day at the site.
	SentTo string `query:"sent_to" maxLength:"40" example:"2026-01-31"`
	// What to show with each, separated by commas.
	Include []string `query:"include" enum:"organisation,service"`
}

func (in *ReferralFilter) filter() (by referrals.Filter, with referrals.Include, err error) {
	by = referrals.Filter{
		Status:         referrals.Status(in.Status),
		Need:           in.Need,
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

func (s *server) listReferrals(ctx context.Context, in *ReferralFilter) (Page[ReferralSeen], error) {
	by, with, err := in.filter()
	if err != nil {
		return Page[ReferralSeen]{}, err
	}
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]ReferralSeen, error) {
		if actor.From(ctx).Role == actor.Organisation {
			list, err := s.casework.Referrals.ListReceived(ctx, by, p)
			return seen(list, func(r *referrals.Received) ReferralSeen { return ReferralSeen{received: r} }), err
		}
		list, err := s.casework.Referrals.List(ctx, by, with, p)
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

func (s *server) getReferral(ctx context.Context, in *ID) (ReferralSeen, error) {
	if actor.From(ctx).Role == actor.Organisation {
		r, err := s.casework.Referrals.GetReceived(ctx, in.ID)
		return ReferralSeen{received: &r}, err
	}
	r, err := s.casework.Referrals.Get(ctx, in.ID)
	return ReferralSeen{whole: &r}, err
}

func (s *server) recordReferral(ctx context.Context, in *With[referrals.New]) (referrals.Referral, error) {
	return s.casework.Referrals.Record(ctx, in.Body, viaAPI)
}

func (s *server) changeReferral(
	ctx context.Context,
	in *Merge[referrals.Changes],
	version int,
) (referrals.Referral, error) {
	return s.casework.Referrals.Change(ctx, in.ID.ID, version, in.Body)
}

func (s *server) moveReferral(ctx context.Context, in *Of[referrals.NewMove]) (ReferralSeen, error) {
	r, err := s.casework.Referrals.Move(ctx, in.ID.ID, in.Body)
	if err != nil || actor.From(ctx).Role != actor.Organisation {
		return ReferralSeen{whole: &r}, err
	}
	return s.getReferral(ctx, &in.ID)
}

func (s *server) undoMove(ctx context.Context, in *MayHave[referrals.Undo]) (referrals.Referral, error) {
	return s.casework.Referrals.Undo(ctx, in.ID.ID, in.body())
}

func (s *server) listMoves(ctx context.Context, in *OnePaged) (Page[referrals.Move], error) {
	return listing(ctx, in, func(p db.Page[int]) ([]referrals.Move, error) {
		return s.casework.Referrals.Moves(ctx, in.ID.ID, p)
	}, func(m referrals.Move) int { return m.Sequence })
}

func (s *server) listAttendances(ctx context.Context, in *OneChanging) (Page[referrals.Attendance], error) {
	return listing(ctx, in, func(p db.Page[referrals.AttendancePosition]) ([]referrals.Attendance, error) {
		return s.casework.Referrals.Attendances(ctx, in.ID.ID, p)
	}, func(a referrals.Attendance) referrals.AttendancePosition {
		return referrals.AttendancePosition{On: a.On, ID: a.ID}
	})
}

func (s *server) recordAttendance(ctx context.Context, in *Of[referrals.NewAttendance]) (referrals.Attendance, error) {
	return s.casework.Referrals.RecordAttendance(ctx, in.ID.ID, in.Body)
}

func (s *server) takeBackAttendance(ctx context.Context, in *Of[referrals.TakeBack]) (referrals.Attendance, error) {
	return s.casework.Referrals.TakeBackAttendance(ctx, in.ID.ID, in.Body)
}

func (s *server) listQuestions(ctx context.Context, in *OnePaged) (Page[referrals.Question], error) {
	return listing(ctx, in, func(p db.Page[referrals.QuestionPosition]) ([]referrals.Question, error) {
		return s.casework.Referrals.Questions(ctx, in.ID.ID, p)
	}, func(q referrals.Question) referrals.QuestionPosition {
		return referrals.QuestionPosition{At: q.AskedAt, ID: q.ID}
	})
}

func (s *server) askQuestion(ctx context.Context, in *Of[referrals.NewQuestion]) (referrals.Question, error) {
	return s.casework.Referrals.AskQuestion(ctx, in.ID.ID, in.Body)
}

func (s *server) markAnswered(ctx context.Context, in *ID) (referrals.Question, error) {
	return s.casework.Referrals.MarkAnswered(ctx, in.ID)
}

func (s *server) referralTimeline(ctx context.Context, in *OnePaged) (Page[events.Event], error) {
	return listing(ctx, in, func(p db.Page[events.Position]) ([]events.Event, error) {
		return s.casework.Referrals.Timeline(ctx, in.ID.ID, p)
	}, eventPosition)
}
