package referrals

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/directory"
	"waypost/internal/episodes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// NewMove is the command to move a referral.
type NewMove struct {
	To              Status      `json:"to" enum:"sent,accepted,waitlisted,in_progress,completed,not_completed,declined,withdrawn,expired,entered_in_error" doc:"Where it goes; allowed_moves of the referral lists what may be." example:"accepted"`
	Reason          *string     `json:"reason,omitempty" maxLength:"50" doc:"Needed for declined and not_completed (a code of organisation_reasons or patient_reasons), withdrawn (patient_reasons or withdrawal_reasons) and waitlisted (a code of wait_bands)."`
	Note            *string     `json:"note,omitempty" maxLength:"5000" doc:"More on why."`
	OccurredAt      *time.Time  `json:"occurred_at,omitempty" doc:"When it happened; now when left out. Not in the future, and not before the referral was sent."`
	ReportedBy      *actor.Side `json:"reported_by,omitempty" enum:"link_worker,organisation,patient" doc:"Whose account it is, such as organisation when it answered a link worker by phone; the caller's own side when left out."`
	ExpectedStartOn *day.Date   `json:"expected_start_on,omitempty" format:"date" doc:"With accepted or waitlisted: when the person is expected to start."`
}

// Move makes a move. The move is checked before its reason. Faults: move_not_allowed, invalid, consent_required (sending a draft).
func (s *Store) Move(ctx context.Context, id uuid.UUID, n NewMove) (r Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if r, err = lock(tx, id); err != nil {
			return err
		}
		m, err := n.make(tx, &r)
		if err != nil {
			return err
		}
		return r.apply(tx, m)
	})
	return r, err
}

// lock holds a referral that the actor may see until the transaction ends.
func lock(tx *db.Tx, id uuid.UUID) (Referral, error) {
	return db.First[Referral](mine(tx, id).Clauses(clause.Locking{Strength: "UPDATE"}), "referral")
}

// send asks of a draft that goes out what is asked of a new referral.
func (r *Referral) send(tx *db.Tx) error {
	e, err := db.Find[episodes.Episode](tx, "episode", r.EpisodeID)
	if err != nil {
		return err
	}
	if e.Status == episodes.Closed {
		return fault.New(fault.Conflict, "The episode is closed: it takes no new referrals.")
	}
	target, err := directory.Resolve(tx, &r.OrganisationID, r.ServiceID)
	if err != nil {
		return err
	}
	if err := target.Takes(); err != nil {
		return err
	}
	return r.checkSending(tx, e)
}

// make checks a command against the referral, and returns the move it asks for.
func (n NewMove) make(tx *db.Tx, r *Referral) (Move, error) {
	if !slices.Contains(Allowed(r.Status, tx.Actor.Role), n.To) {
		return Move{}, fault.New(fault.MoveNotAllowed, "A referral that is "+string(r.Status)+" cannot be moved to "+string(n.To)+" by this caller.")
	}
	if err := checkReason(n.To, n.Reason); err != nil {
		return Move{}, err
	}
	side, err := sideOf(tx.Actor, n.ReportedBy)
	if err != nil {
		return Move{}, err
	}
	m := newMove(tx, r, n.To, side)
	m.Reason, m.Note, m.ExpectedStartOn = n.Reason, n.Note, n.ExpectedStartOn
	if n.To == Waitlisted {
		m.Reason, m.ExpectedWait = nil, n.Reason
	}
	if n.OccurredAt != nil {
		m.OccurredAt = n.OccurredAt.UTC()
	}
	var c fault.Checks
	c.Require(!m.OccurredAt.After(tx.Now), "occurred_at", "must not lie in the future")
	c.Require(r.SentAt == nil || !m.OccurredAt.Before(*r.SentAt), "occurred_at", "lies before the referral was sent")
	c.Require(n.ExpectedStartOn == nil || n.To == Accepted || n.To == Waitlisted, "expected_start_on", "goes with accepted or waitlisted only")
	return m, c.Err()
}

func newMove(tx *db.Tx, r *Referral, to Status, side actor.Side) Move {
	m := Move{
		ID: tx.NewID(), SiteID: r.SiteID, ReferralID: r.ID, From: r.Status, To: to, Side: side,
		OccurredAt: tx.Now, RecordedAt: tx.Now, ActorRole: tx.Actor.Role, LinkWorkerID: tx.Actor.LinkWorkerID,
	}
	if tx.Actor.KeyID != uuid.Nil {
		m.ActorKeyID = &tx.Actor.KeyID
	}
	return m
}

// sideOf is whose account something is: an organisation gives its own and nobody else's.
func sideOf(who actor.Actor, reportedBy *actor.Side) (actor.Side, error) {
	if reportedBy == nil {
		return who.Side(), nil
	}
	if who.Role == actor.Organisation && *reportedBy != actor.SideOrganisation {
		return "", fault.InvalidAt("reported_by", "must be organisation: an organisation gives its own account")
	}
	return *reportedBy, nil
}

// apply writes the move and what follows from it.
func (r *Referral) apply(tx *db.Tx, m Move) error {
	on, err := tx.DayOf(r.SiteID, m.OccurredAt)
	if err != nil {
		return err
	}
	wasDraft := r.Status == Draft
	r.Progress = r.Progress.after(m, on)
	if wasDraft && m.To == Sent {
		if err := r.send(tx); err != nil {
			return err
		}
	}
	if err := tx.Create(&m).Error; err != nil {
		return err
	}
	data := events.Data{"from": string(m.From)}
	if m.Reason != nil {
		data["reason"] = *m.Reason
	}
	return r.save(tx, "referral."+string(m.To), data, events.At(m.OccurredAt), events.From(m.Side))
}

// save writes the referral with a new version, and notes what happened.
func (r *Referral) save(tx *db.Tx, kind string, data events.Data, options ...events.Option) error {
	r.Version, r.UpdatedAt = r.Version+1, tx.Now
	r.AllowedMoves, r.Warnings = Allowed(r.Status, tx.Actor.Role), []fault.Warning{}
	if err := db.Save(tx, r.SiteID, r.ID, r); err != nil {
		return err
	}
	return events.Record(tx, kind, r.subject(), data, options...)
}

// Undo is the command to undo the latest move.
type Undo struct {
	Note *string `json:"note,omitempty" maxLength:"5000" doc:"Why; it is kept with the voided move."`
}

// Undo voids the latest move of a referral; both the move and its undoing stay visible. Fault: conflict (nothing to undo).
func (s *Store) Undo(ctx context.Context, id uuid.UUID, u Undo) (r Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if r, err = lock(tx, id); err != nil {
			return err
		}
		made, err := standing(tx, r)
		if err != nil {
			return err
		}
		if len(made) == 0 {
			return fault.New(fault.Conflict, "The referral has made no move that could be undone.")
		}
		last := made[len(made)-1]
		void := tx.Model(&Move{}).Where("site_id = ? and id = ?", r.SiteID, last.ID)
		if err := void.Updates(map[string]any{"voided_at": tx.Now, "void_note": u.Note}).Error; err != nil {
			return err
		}
		if err := r.replay(tx, made[0].From, made[:len(made)-1]); err != nil {
			return err
		}
		return r.save(tx, "referral.undone", events.Data{"move_id": last.ID.String(), "from": string(last.To), "to": string(r.Status)})
	})
	return r, err
}

// replay works the referral's progress out again from where it began and the moves that stand.
func (r *Referral) replay(tx *db.Tx, began Status, stand []Move) error {
	p := Progress{Status: began, FirstAttendedOn: r.FirstAttendedOn}
	if began != Draft {
		p.SentAt = r.SentAt // recorded as sent: no move made it so
	}
	for _, m := range stand {
		on, err := tx.DayOf(r.SiteID, m.OccurredAt)
		if err != nil {
			return err
		}
		p = p.after(m, on)
	}
	r.Progress = p
	return nil
}

// Moves lists a referral's moves, voided ones too, in the order in which they were recorded, after the id given.
func (s *Store) Moves(ctx context.Context, id, after uuid.UUID, limit int) (list []Move, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		return tx.Where("site_id = ? and referral_id = ? and id > ?", r.SiteID, r.ID, after).Order("id").Limit(limit).Find(&list).Error
	})
	return list, err
}

// standing lists the moves that were not undone.
func standing(tx *db.Tx, r Referral) (list []Move, err error) {
	err = tx.Where("site_id = ? and referral_id = ? and voided_at is null", r.SiteID, r.ID).Order("id").Find(&list).Error
	return list, err
}
