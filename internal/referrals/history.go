package referrals

import (
	"slices"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// History is a referral and what happens to it: the one place where moves, attendances and undoing take
// effect. A store takes one step and writes it; records that come in whole, such as a demo's, tell one thing after the
// other, each with a copy of the transaction whose Actor and Now are set to who recorded it and when.
type History struct {
	Referral
	Moves       []Move
	Attendances []Attendance
	diedOn      *day.Date // when the person died, of a referral that is taken
	via         string    // how what is added came in
	log         *events.Log
}

// Begin starts a history with the referral as it was first recorded; its events go to the log.
func Begin(tx *db.Tx, r Referral, log *events.Log) *History {
	h := &History{Referral: r, via: r.RecordedVia, log: log}
	kind, at := events.ReferralSent, tx.Now
	switch r.Status {
	case Draft:
		kind = events.ReferralDrafted
	case Signposted:
		kind = events.SignpostGiven
	}
	if r.SentAt != nil {
		at = *r.SentAt
	}
	log.Record(
		tx,
		kind,
		r.subject(),
		events.Data{"need": r.Need, "organisation_id": r.OrganisationID.String()},
		events.At(at),
	)
	return h
}

// Move makes a move.
func (h *History) Move(tx *db.Tx, n NewMove) error {
	if err := h.checkDeath(tx, n); err != nil {
		return err
	}
	m, err := n.make(tx, &h.Referral)
	if err != nil {
		return err
	}
	return h.step(tx, m)
}

// step lets the referral follow from a move.
func (h *History) step(tx *db.Tx, m Move) error {
	on, err := tx.DayOf(h.SiteID, m.OccurredAt)
	if err != nil {
		return err
	}
	h.Progress = h.Progress.after(m, on)
	m.RecordedVia = h.via
	h.Moves = append(h.Moves, m)
	data := h.eventData(events.Data{"from": string(m.From)})
	if m.Reason != nil {
		data["reason"] = *m.Reason
	}
	h.touch(tx)
	h.log.Record(tx, events.ReferralMoved(string(m.To)), h.subject(), data, events.At(m.OccurredAt), events.From(m.Side))
	return nil
}

// eventData adds to an event's data that it came by a link and not by an API key.
func (h *History) eventData(data events.Data) events.Data {
	if h.via == viaLink {
		data["via"] = viaLink
	}
	return data
}

func (h *History) touch(tx *db.Tx) { h.Version, h.UpdatedAt = h.Version+1, tx.Now }

// Attend reports attendance. One that says the person came moves an open referral to in_progress.
func (h *History) Attend(tx *db.Tx, n NewAttendance) error {
	if err := n.check(tx, h); err != nil {
		return err
	}
	return h.add(tx, n)
}

// add adds a report that was checked.
func (h *History) add(tx *db.Tx, n NewAttendance) error {
	a := Attendance{
		ID:            tx.NewID(),
		SiteID:        h.SiteID,
		ReferralID:    h.ID,
		NewAttendance: n,
		RecordedVia:   h.via,
		ActorRole:     new(tx.Actor.Role),
		CreatedAt:     tx.Now,
		UpdatedAt:     tx.Now,
	}
	h.Attendances = append(h.Attendances, a)
	at, err := h.noon(tx, n.On)
	if err != nil {
		return err
	}
	kind := events.AttendanceDidNotAttend
	if n.Attended {
		kind = events.AttendanceAttended
	}
	subject := h.subject()
	subject.ID = a.ID
	h.log.Record(tx, kind, subject, h.eventData(events.Data{}), events.At(at), events.From(n.ReportedBy))
	if !n.Attended {
		return nil
	}
	return h.cameOn(tx, a)
}

// noon is an instant of a day of attendance. On the day that the referral was sent it is not before that.
func (h *History) noon(tx *db.Tx, on day.Date) (time.Time, error) {
	at, err := tx.Noon(h.SiteID, on)
	if err == nil && at.Before(*h.SentAt) {
		at = *h.SentAt
	}
	return at, err
}

// cameOn lets the referral follow from a report that the person came.
func (h *History) cameOn(tx *db.Tx, a Attendance) error {
	at, err := h.noon(tx, a.On)
	if err != nil {
		return err
	}
	earliest := h.FirstAttendedOn == nil || a.On.Before(*h.FirstAttendedOn)
	if earliest {
		h.FirstAttendedOn = &a.On
	}
	if !h.Status.Open() || h.Status == InProgress {
		if earliest {
			h.touch(tx)
		}
		return nil
	}
	m := newMove(tx, &h.Referral, InProgress, a.ReportedBy)
	m.OccurredAt, m.AttendanceID = at, &a.ID
	return h.step(tx, m)
}

// Undo voids the latest move that stands, and says which it was. The history must hold every move.
func (h *History) Undo(tx *db.Tx) (Move, error) {
	stand := h.standingMoves()
	if len(stand) == 0 {
		return Move{}, fault.New(fault.Conflict, "The referral has made no move that could be undone.")
	}
	last := stand[len(stand)-1]
	at := slices.IndexFunc(h.Moves, func(m Move) bool { return m.ID == last.ID })
	h.Moves[at].VoidedAt = &tx.Now
	if err := h.replay(tx, stand[0].From, stand[:len(stand)-1]); err != nil {
		return last, err
	}
	h.touch(tx)
	h.log.Record(
		tx,
		events.ReferralUndone,
		h.subject(),
		events.Data{"move_id": last.ID.String(), "from": string(last.To), "to": string(h.Status)},
	)
	return last, nil
}

func (h *History) standingMoves() []Move {
	return slices.DeleteFunc(slices.Clone(h.Moves), func(m Move) bool { return m.VoidedAt != nil })
}

// Replayed is the referral's progress worked out anew from where it began, the moves that stand and the attendances.
func (h *History) Replayed(tx *db.Tx) (Progress, error) {
	r := h.Referral
	began := r.Status
	if len(h.Moves) > 0 {
		began = h.Moves[0].From
	}
	r.FirstAttendedOn = firstAttended(h.Attendances)
	err := r.replay(tx, began, h.standingMoves())
	return r.Progress, err
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

// newMove is a move from where the referral stands. Its place in the order of moves is the version it starts from:
// the referral's row is held, so no two moves share one.
func newMove(tx *db.Tx, r *Referral, to Status, side actor.Side) Move {
	return Move{
		ID:           tx.NewID(),
		SiteID:       r.SiteID,
		ReferralID:   r.ID,
		Sequence:     r.Version,
		From:         r.Status,
		To:           to,
		Side:         side,
		OccurredAt:   tx.Now,
		RecordedAt:   tx.Now,
		ActorRole:    tx.Actor.Role,
		ActorKeyID:   tx.Actor.Key(),
		LinkWorkerID: tx.Actor.LinkWorkerID,
	}
}
