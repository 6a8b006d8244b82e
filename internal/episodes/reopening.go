package episodes

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Reopen is the command to open a closed episode again.
type Reopen struct {
	// Why it was not over, in free text; not blank.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"1000" example:"She still comes to lunch with us."`
}

// Reopening is one time that a closed episode was opened again.
type Reopening struct {
	ID        uuid.UUID `json:"-"`
	SiteID    uuid.UUID `json:"-"`
	EpisodeID uuid.UUID `json:"-"`
	// When it was opened again.
	At time.Time `json:"at" gorm:"column:created_at;autoCreateTime:false"`
	// By whom.
	By actor.By `json:"by" gorm:"-"`
	// Why it was not over.
	Reason string `json:"reason"`
	// When it had been closed.
	ClosedOn day.Date `json:"closed_on" format:"date"`
	// Why it had been closed.
	ClosureReason string `json:"closure_reason" format:"code:closure_reasons"`
	// More about the reason of that closure, in free text.
	ClosureNote *string `json:"closure_note"`

	ActorRole    actor.Role `json:"-"`
	ActorKeyID   *uuid.UUID `json:"-"`
	LinkWorkerID *uuid.UUID `json:"-"`
	OnBehalf     bool       `json:"-"`
}

func (Reopening) TableName() string { return "episode_reopenings" }

// refuseWherePassedOn refuses what another site has taken on: two would ask one person.
func (e *Episode) refuseWherePassedOn(tx *db.Tx) error {
	if *e.ClosureReason != "transferred_site" {
		return nil
	}
	var passedOn bool
	err := tx.Raw(`select exists (select from transfers t where t.site_id = ? and t.state = 'accepted'
		and kept_patient(t.patient_id) = kept_patient(?))`, e.SiteID, e.PatientID).Scan(&passedOn).Error
	if err == nil && passedOn {
		err = fault.New(fault.Conflict, "The person was passed to another site, which took the episode on. Whoever comes back "+
			"is passed back, or has a new episode.")
	}
	return err
}

// Reopen opens a closed episode again: as active, or as waiting where nobody has met the person. Its follow-ups stay as
// they are, since closing it changed none. Faults: move_not_allowed (it is not closed), conflict (the person died, or
// was passed to another site).
func (s *Store) Reopen(ctx context.Context, id uuid.UUID, c Reopen) (e Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.FindForUpdate[Episode](tx, "episode", id); err != nil {
			return err
		}
		if e.Status != Closed {
			return fault.New(fault.MoveNotAllowed, "An episode that is "+string(e.Status)+" is not closed.")
		}
		p, err := db.Find[people.Patient](tx, "patient", e.PatientID)
		if err != nil {
			return err
		}
		if p.DiedOn != nil {
			return fault.New(fault.Conflict, "The person has died. If that is a mistake, put the date of death right first.")
		}
		if err := e.refuseWherePassedOn(tx); err != nil {
			return err
		}
		if err := e.warnOfAnother(tx); err != nil {
			return err
		}
		if err := e.warnOfInactive(tx); err != nil {
			return err
		}
		was := Reopening{
			ID:            tx.NewID(),
			SiteID:        e.SiteID,
			EpisodeID:     e.ID,
			At:            tx.Now,
			Reason:        c.Reason,
			ClosedOn:      *e.ClosedOn,
			ClosureReason: *e.ClosureReason,
			ClosureNote:   e.ClosureNote,
			ActorRole:     tx.Actor.Role,
			ActorKeyID:    tx.Actor.Key(),
			LinkWorkerID:  tx.Actor.LinkWorkerID,
			OnBehalf:      tx.Actor.OnBehalf,
		}
		if err := tx.Create(&was).Error; err != nil {
			return err
		}
		if e.Status = Active; e.MetOn() == nil {
			e.Status = Waiting
		}
		e.ClosedOn, e.ClosureReason, e.ClosureNote = nil, nil, nil
		data := events.Data{"closed_on": was.ClosedOn.String(), "reason": was.ClosureReason}
		if err := e.save(tx, events.EpisodeReopened, nil, data); err != nil {
			return err
		}
		e.Reopenings, err = reopeningsOf(tx, e)
		return err
	})
	return e, err
}

// warnOfInactive warns where nobody would see the episode on their list.
func (e *Episode) warnOfInactive(tx *db.Tx) error {
	var active bool
	err := tx.Raw("select active from link_workers where site_id = ? and id = ?", e.SiteID, *e.LinkWorkerID).
		Scan(&active).
		Error
	if err == nil && !active {
		e.Warnings = append(e.Warnings, fault.Warning{
			Code:   "link_worker_not_active",
			Detail: "The link worker whose episode it was is not active: give it to another, or nobody sees it on their list.",
		})
	}
	return err
}

func reopeningsOf(tx *db.Tx, e Episode) ([]Reopening, error) {
	list := []Reopening{}
	err := tx.Where("site_id = ? and episode_id = ?", e.SiteID, e.ID).Order("id").Find(&list).Error
	for i := range list {
		r := &list[i]
		r.By = actor.By{Role: r.ActorRole, LinkWorkerID: r.LinkWorkerID, OnBehalf: r.OnBehalf}
	}
	return list, err
}
