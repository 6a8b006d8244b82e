package referrals

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// TakeBackAttendance says that a report of attendance was wrong. Where the referral is in_progress for that
// report alone, it goes back to where it stood before. One that was taken back already stays as it is.
// Faults: not_found, forbidden (somebody else reported it).
func (s *Store) TakeBackAttendance(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (a Attendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		h, err := lockOfAttendance(tx, id)
		if err != nil {
			return err
		}
		a, err = h.takeBack(tx, id, &why.Reason)
		return err
	})
	return a, err
}

// RestoreAttendance says that a report of attendance that was taken back was right after all. One that says the person
// came moves an open referral to in_progress. Faults: conflict (it stands, or the same side has said something of that
// day since), forbidden (somebody else reported it).
func (s *Store) RestoreAttendance(ctx context.Context, id uuid.UUID, why voids.InErrorReason) (a Attendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		h, err := lockOfAttendance(tx, id)
		if err != nil {
			return err
		}
		a, err = h.restore(tx, id, why.Reason)
		return err
	})
	return a, err
}

// lockOfAttendance locks the referral of an attendance, which may be entered in error.
func lockOfAttendance(tx *db.Tx, id uuid.UUID) (*History, error) {
	of, err := recordedAttendance(tx, id)
	if err != nil {
		return nil, err
	}
	return lockForUpdate(tx, of.ReferralID)
}

// recordedAttendance finds a report of attendance; one that was taken back, too.
func recordedAttendance(tx *db.Tx, id uuid.UUID) (Attendance, error) {
	return db.First[Attendance](tx.Table("recorded_attendances").Where("id = ?", id), "attendance")
}

// Attendance returns a report of attendance; one that was taken back, too.
func (s *Store) Attendance(ctx context.Context, id uuid.UUID) (a Attendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := tx.Table("recorded_attendances").Where("id = ?", id)
		if tx.Actor.OrganisationID != nil {
			q = q.Select(attendancesReceived)
		}
		if a, err = db.First[Attendance](q, "attendance"); err != nil {
			return err
		}
		r, err := find(tx, a.ReferralID)
		if err != nil || tx.Actor.OrganisationID != nil {
			return err
		}
		return events.Read(tx, "attendance", r.SiteID, r.PatientID)
	})
	return a, err
}

// reports reads every report of attendance of the referral, which is held, and where in them one is.
func (h *History) reports(tx *db.Tx, id uuid.UUID) (all []Attendance, at int, err error) {
	if err := tx.Table("recorded_attendances").
		Where("site_id = ? and referral_id = ?", h.SiteID, h.ID).
		Order("attended_on, id").
		Find(&all).
		Error; err != nil {
		return nil, 0, err
	}
	at = slices.IndexFunc(all, func(a Attendance) bool { return a.ID == id })
	switch {
	case at < 0:
		return nil, at, fault.Missing("attendance")
	case !all[at].recordedBy(tx.Actor):
		return nil, at, fault.New(
			fault.Forbidden,
			"Only the side that recorded this attendance may take it back: the organisation its own, the "+
				"site what it recorded.",
		)
	}
	return all, at, nil
}

func (h *History) voidSubject(a *Attendance) voids.Subject {
	return voids.Subject{Type: "attendance", SiteID: h.SiteID, ID: a.ID, PatientID: h.PatientID}
}

// takeBack marks a report of the referral, which is held, as entered in error.
func (h *History) takeBack(tx *db.Tx, id uuid.UUID, reason *string) (Attendance, error) {
	all, at, err := h.reports(tx, id)
	if err != nil {
		return Attendance{}, err
	}
	a := &all[at]
	switch {
	case a.EnteredInError != nil:
		return *a, nil
	case reason != nil && utf8.RuneCountInString(*reason) > voids.MaxReason:
		return Attendance{}, fault.InvalidAt("reason", fault.TooLong, "may have at most 500 characters")
	}
	void, err := voids.Enter(tx, h.voidSubject(a), reason, "attendances_all", "id = ?", a.ID)
	if err != nil {
		return *a, err
	}
	a.EnteredInError, a.UpdatedAt = void.InError(), tx.Now
	h.logAttendance(tx, events.AttendanceEnteredInError, *a)
	return *a, h.without(tx, *a, all)
}

// restore brings a report back that was taken back.
func (h *History) restore(tx *db.Tx, id uuid.UUID, reason string) (Attendance, error) {
	all, at, err := h.reports(tx, id)
	if err != nil {
		return Attendance{}, err
	}
	a := &all[at]
	if _, err := voids.Standing(tx, h.voidSubject(a)); err != nil {
		return *a, err
	}
	said, err := h.existingReport(tx, a.NewAttendance)
	if err != nil {
		return *a, err
	}
	if said != nil {
		return *a, fault.New(fault.Conflict, "The same side has said this of that day again since: that report stands.")
	}
	if _, err := voids.TakeBack(tx, h.voidSubject(a), reason, "attendances_all"); err != nil {
		return *a, err
	}
	a.EnteredInError, a.UpdatedAt = nil, tx.Now
	h.logAttendance(tx, events.AttendanceRestored, *a)
	if a.Attended {
		if err := h.cameOn(tx, *a); err != nil {
			return *a, err
		}
	}
	return *a, h.write(tx, &h.Referral)
}

func (h *History) logAttendance(tx *db.Tx, kind events.Kind, a Attendance) {
	subject := h.subject()
	subject.ID = a.ID
	h.log.Record(tx, kind, subject, h.eventData(events.Data{}), events.From(a.ReportedBy))
}

// recordedBy reports whether the actor is of the side that recorded it: the organisation, by whatever key or
// link, or the site.
func (a *Attendance) recordedBy(who actor.Actor) bool {
	theirs := a.RecordedVia == viaLink || a.ActorRole != nil && *a.ActorRole == actor.Organisation
	return theirs == (who.Role == actor.Organisation)
}

// byOrganisation is recordedBy for an organisation, in SQL.
const byOrganisation = "recorded_via = 'link' or actor_role = 'organisation'"

// firstAttended is the first day of which a report that stands says that the person came.
func firstAttended(list []Attendance) (first *day.Date) {
	for i := range list {
		a := &list[i]
		if a.Attended && a.EnteredInError == nil && (first == nil || a.On.Before(*first)) {
			first = &a.On
		}
	}
	return first
}

// without works out how the referral stands without a report, of all that there are. Where none that stands says that the
// person came, the move that a report made is undone, unless somebody has moved the referral since.
func (h *History) without(tx *db.Tx, a Attendance, all []Attendance) error {
	if !a.Attended {
		return h.log.Write(tx)
	}
	if err := movesOf(tx, h.Referral).Find(&h.Moves).Error; err != nil {
		return err
	}
	h.FirstAttendedOn = firstAttended(all)
	stand := h.standingMoves()
	if h.FirstAttendedOn == nil && len(stand) > 0 && stand[len(stand)-1].AttendanceID != nil {
		return h.undo(tx, nil, &h.Referral)
	}
	h.Moves = nil // all are stored already
	h.touch(tx)
	return h.write(tx, &h.Referral)
}

// EnterInError moves every referral and signpost of an episode to entered_in_error, since the episode falls with a void.
func EnterInError(tx *db.Tx, e episodes.Episode, void voids.Void) error {
	var ids []uuid.UUID
	err := tx.Table("referrals").
		Where("site_id = ? and episode_id = ? and status <> ?", e.SiteID, e.ID, EnteredInError).
		Order("id").
		Pluck("id", &ids).
		Error
	if err != nil {
		return err
	}
	for _, id := range ids {
		h, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		m, err := NewMove{To: EnteredInError}.make(tx, &h.Referral)
		if err != nil {
			return err
		}
		m.VoidID = &void.ID
		if err := h.step(tx, m); err != nil {
			return err
		}
		if err := h.write(tx, &h.Referral); err != nil {
			return err
		}
	}
	return nil
}

// Restore undoes the moves that were made since an episode fell with a void.
func Restore(tx *db.Tx, void voids.Void, reason string) error {
	var ids []uuid.UUID
	err := tx.Table("referral_moves").
		Where("site_id = ? and void_id = ? and voided_at is null", void.SiteID, void.ID).
		Order("referral_id").
		Pluck("referral_id", &ids).
		Error
	if err != nil {
		return err
	}
	for _, id := range ids {
		h, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		if err := movesOf(tx, h.Referral).Find(&h.Moves).Error; err != nil {
			return err
		}
		if err := h.undo(tx, &reason, &h.Referral); err != nil {
			return err
		}
	}
	return nil
}
