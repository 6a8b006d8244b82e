package referrals

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// Attendance is one report of whether a person turned up. It says nothing of whether it helped.
type Attendance struct {
	// The attendance's id.
	ID     uuid.UUID `json:"id" format:"uuid"`
	SiteID uuid.UUID `json:"-"`
	// The referral.
	ReferralID uuid.UUID `json:"referral_id" format:"uuid"`
	NewAttendance
	// How it came in: link is an organisation without a key.
	RecordedVia string      `json:"recorded_via" enum:"api,link,import,demo,job"`
	ActorRole   *actor.Role `json:"-"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it was recorded, or taken back.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It was wrong, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
}

// Revision is another after each change.
func (a Attendance) Revision() int64 { return a.UpdatedAt.UnixMicro() }

// NewAttendance is the command to report attendance.
type NewAttendance struct {
	// The day; not before the referral was sent, and not in the future.
	On day.Date `json:"on" gorm:"column:attended_on" format:"date" example:"2026-02-04"`
	// Whether the person came.
	Attended bool `json:"attended"`
	// Where they did not come: why, if known.
	Reason *string `json:"reason" required:"false" format:"code:non_attendance_reasons"`
	// Whose account it is.
	ReportedBy actor.Side `json:"reported_by" enum:"organisation,link_worker,patient" example:"organisation"`
}

var takesAttendance = []Status{
	Sent,
	Expired,
	Accepted,
	Waitlisted,
	InProgress,
	Completed,
	NotCompleted,
	Declined,
	Withdrawn,
}

// RecordAttendance adds a report. One that says the person came moves an open referral to in_progress. A
// repeated report by the same side for the same day returns the existing one. Fault: conflict (the referral
// takes no attendance, or the side reported otherwise for that day).
func (s *Store) RecordAttendance(ctx context.Context, id uuid.UUID, n NewAttendance) (a Attendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		h, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		said, err := h.existingReport(tx, n)
		if err != nil {
			return err
		}
		if said != nil {
			a = *said
			return nil
		}
		if err := h.add(tx, n); err != nil {
			return err
		}
		a = h.Attendances[0]
		return h.write(tx, &h.Referral)
	})
	return a, err
}

// existingReport returns the report of the same side and day, or nil. A side reports a day once. The referral is locked,
// so that of two reports at the same instant the second finds the first. Faults: those of the report, conflict (the
// existing report says otherwise).
func (h *History) existingReport(tx *db.Tx, n NewAttendance) (*Attendance, error) {
	if err := n.check(tx, h); err != nil {
		return nil, err
	}
	var list []Attendance
	err := tx.Where("site_id = ? and referral_id = ? and attended_on = ? and reported_by = ?",
		h.SiteID, h.ID, n.On, n.ReportedBy).
		Order("id").
		Find(&list).
		Error
	if err != nil || len(list) == 0 {
		return nil, err
	}
	again := slices.IndexFunc(list, n.repeats)
	switch {
	case again >= 0:
		return &list[again], nil
	case list[0].Attended:
		return nil, ErrSaidCame
	default:
		return nil, ErrSaidDidNotCome
	}
}

// repeats reports whether it says nothing but what was said.
func (n NewAttendance) repeats(said Attendance) bool {
	return n.Attended == said.Attended && (n.Reason == nil || said.Reason != nil && *n.Reason == *said.Reason)
}

// What one side said of a day stands; what it says otherwise is refused.
var (
	ErrSaidCame = fault.New(
		fault.Conflict,
		"The same side has said of that day already that the person came, and that stands. If it is wrong, "+
			"whoever reported it takes it back first; or whoever sent the referral adds what they know.",
	)
	ErrSaidDidNotCome = fault.New(
		fault.Conflict,
		"The same side has said of that day already that the person did not come, and that stands with its "+
			"reason. If it is wrong, whoever reported it takes it back first; or whoever sent the referral "+
			"adds what they know.",
	)
)

func (n NewAttendance) check(tx *db.Tx, r *History) error {
	// a draft that was withdrawn never reached anybody
	if !slices.Contains(takesAttendance, r.Status) || r.SentAt == nil {
		return fault.New(fault.Conflict, "A referral that is "+string(r.Status)+" takes no attendance.")
	}
	if _, err := reportingSide(tx.Actor, &n.ReportedBy); err != nil {
		return err
	}
	today, err := tx.Today(r.SiteID)
	if err != nil {
		return err
	}
	sent, err := tx.DayOf(r.SiteID, *r.SentAt)
	if err != nil {
		return err
	}
	died := r.diedOn != nil && n.On.After(*r.diedOn)
	if died && tx.Actor.OrganisationID != nil {
		return fault.New(fault.Conflict, nothingLeft)
	}
	var c fault.Checks
	c.Require(!died, "on", fault.OutOfRange, "lies after the person's death")
	c.Require(!n.On.After(today), "on", fault.OutOfRange, "must not lie in the future")
	c.Require(!n.On.Before(sent), "on", fault.OutOfRange, "lies before the referral was sent")
	c.Require(n.Reason == nil || !n.Attended, "reason", fault.NotAllowed, "goes with attended false only")
	return c.Err()
}

// AttendancePosition is a place in a list of attendances, by day.
type AttendancePosition struct {
	On day.Date  `json:"d"`
	ID uuid.UUID `json:"i"`
}

// Attendances lists the reports of a referral by day, after the position given.
func (s *Store) Attendances(
	ctx context.Context,
	id uuid.UUID,
	page db.Page[AttendancePosition],
) (list []Attendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		q := tx.Table("recorded_attendances").Where("site_id = ? and referral_id = ?", r.SiteID, r.ID)
		if page.After.ID != uuid.Nil {
			q = q.Where("(attended_on, id) > (?, ?)", page.After.On, page.After.ID)
		}
		if tx.Actor.OrganisationID != nil {
			q = q.Select(attendancesReceived)
		}
		return q.Order("attended_on, id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// AllAttendances lists the attendances of the actor's sites in the order in which they changed, after the place given.
func (s *Store) AllAttendances(ctx context.Context, page db.Page[db.Changed]) (list []Attendance, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if list, err = db.ListChanged[Attendance](tx, page); err != nil || len(list) == 0 {
			return err
		}
		of := make(db.IDs, len(list))
		for i, a := range list {
			of[i] = a.ReferralID
		}
		var about []Referral
		if err := tx.InSites().Select("site_id", "patient_id").Where("id = any(?::uuid[])", of).Find(&about).Error; err != nil {
			return err
		}
		return noteRead(tx, "site_attendances", about)
	})
	return list, err
}
