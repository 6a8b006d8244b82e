package referrals

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// InError says that something should never have been recorded. It stays to be seen, and counts in nothing.
type InError struct {
	// When it was taken back.
	At time.Time `json:"at"`
	// By whom.
	By By `json:"by"`
	// Why, in free text.
	Reason *string `json:"reason"`
}

// By is who did something.
type By struct {
	// The role of the credential.
	Role actor.Role `json:"role" example:"organisation"`
	// The link worker, where one did it.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" nullable:"true" format:"uuid"`
	// Whether a system did it on the link worker's behalf.
	OnBehalf bool `json:"on_behalf"`
}

func (InError) GormDataType() string { return "jsonb" }

// Value is how the database keeps it.
func (e InError) Value() (driver.Value, error) {
	b, err := json.Marshal(e)
	return string(b), err
}

// Scan reads what the database keeps.
func (e *InError) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		return json.Unmarshal(v, e)
	case string:
		return json.Unmarshal([]byte(v), e)
	default:
		return fmt.Errorf("referrals: cannot scan a %T as InError", src)
	}
}

// TakeBack is the command to say that something was recorded in error.
type TakeBack struct {
	// Why, in free text.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"500" example:"It was somebody else of the same name."`
}

// MaxReason is how long the reason of taking something back may be, in characters.
const MaxReason = 500

// TakeBackAttendance says that a report of attendance was wrong. Where the referral is in_progress for that
// report alone, it goes back to where it stood before. One that was taken back already stays as it is.
// Faults: not_found, forbidden (somebody else reported it).
func (s *Store) TakeBackAttendance(ctx context.Context, id uuid.UUID, n TakeBack) (a Attendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		of, err := db.First[Attendance](tx.Where("id = ?", id), "attendance")
		if err != nil {
			return err
		}
		h, err := lockForUpdate(tx, of.ReferralID)
		if err != nil {
			return err
		}
		a, err = h.takeBack(tx, id, &n.Reason)
		return err
	})
	return a, err
}

// takeBack marks a report of the referral, which is held, as entered in error.
func (h *History) takeBack(tx *db.Tx, id uuid.UUID, reason *string) (Attendance, error) {
	var all []Attendance
	if err := tx.Where("site_id = ? and referral_id = ?", h.SiteID, h.ID).
		Order("attended_on, id").
		Find(&all).
		Error; err != nil {
		return Attendance{}, err
	}
	at := slices.IndexFunc(all, func(a Attendance) bool { return a.ID == id })
	switch {
	case at < 0:
		return Attendance{}, fault.Missing("attendance")
	case all[at].EnteredInError != nil:
		return all[at], nil
	case !all[at].recordedBy(tx.Actor):
		return Attendance{}, fault.New(
			fault.Forbidden,
			"Only the side that recorded this attendance may take it back: the organisation its own, the "+
				"site what it recorded.",
		)
	case reason != nil && utf8.RuneCountInString(*reason) > MaxReason:
		return Attendance{}, fault.InvalidAt("reason", fault.TooLong, "may have at most 500 characters")
	}
	a := &all[at]
	a.EnteredInError = &InError{
		At:     tx.Now,
		By:     By{tx.Actor.Role, tx.Actor.LinkWorkerID, tx.Actor.OnBehalf},
		Reason: reason,
	}
	a.UpdatedAt = tx.Now
	row := tx.Model(&Attendance{}).Where("site_id = ? and id = ?", a.SiteID, a.ID)
	if err := row.Updates(
		map[string]any{"entered_in_error": a.EnteredInError, "updated_at": tx.Now},
	).Error; err != nil {
		return *a, err
	}
	subject := h.subject()
	subject.ID = a.ID
	h.log.Record(tx, events.AttendanceEnteredInError, subject, h.eventData(events.Data{}), events.From(a.ReportedBy))
	return *a, h.without(tx, *a, firstAttended(all))
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

// without works out how the referral stands without a report. The move that the report made is undone where
// nothing else says that the person came, and nobody has moved the referral since.
func (h *History) without(tx *db.Tx, a Attendance, first *day.Date) error {
	if !a.Attended {
		return h.log.Write(tx)
	}
	if err := movesOf(tx, h.Referral).Find(&h.Moves).Error; err != nil {
		return err
	}
	h.FirstAttendedOn = first
	stand := h.standingMoves()
	if first == nil && len(stand) > 0 && stand[len(stand)-1].madeBy(a) {
		return h.undo(tx, nil, &h.Referral)
	}
	h.Moves = nil // all are stored already
	h.touch(tx)
	return h.write(tx, &h.Referral)
}

// madeBy reports whether a move came of a report: both were recorded at once, by the same side.
func (m Move) madeBy(a Attendance) bool {
	return m.To == InProgress && m.Side == a.ReportedBy && m.RecordedAt.Equal(a.CreatedAt)
}
