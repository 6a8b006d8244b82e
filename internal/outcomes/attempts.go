package outcomes

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// Attempt is one try at reaching a person for a follow-up.
type Attempt struct {
	// The attempt's id.
	ID     uuid.UUID `json:"id" format:"uuid"`
	SiteID uuid.UUID `json:"-"`
	// The follow-up.
	FollowUpID uuid.UUID `json:"follow_up_id" format:"uuid"`
	// When the attempt was made.
	At time.Time `json:"at"`
	// How the person was tried.
	Channel string `json:"channel" format:"code:modes"`
	// The result of the attempt.
	Result string `json:"result" format:"code:attempt_results"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed, which is when it was recorded: it is never changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// It should never have been recorded, and counts in nothing; null: it stands.
	EnteredInError *voids.InError `json:"entered_in_error" gorm:"->;-:migration" format:"or-null"`
}

// Revision is another after each change.
func (a Attempt) Revision() int64 { return a.UpdatedAt.UnixMicro() }

func (Attempt) TableName() string { return "follow_up_attempts" }

// NewAttempt is the command to record an attempt.
type NewAttempt struct {
	// When; now when left out. Not in the future, and not before the episode began.
	At *time.Time `json:"at,omitempty"`
	// How the person was tried.
	Channel string `json:"channel" format:"code:modes" example:"telephone"`
	// The result of the attempt.
	Result string `json:"result" format:"code:attempt_results" example:"no_answer"`
}

// Loss is the command to give a follow-up up, with the reason.
type Loss struct {
	// Why the follow-up was given up.
	Reason string `json:"reason" format:"code:loss_reasons" example:"could_not_contact"`
	// More about the reason, in free text.
	Note *string `json:"note,omitempty" format:"prose" maxLength:"5000"`
	// When; today when left out.
	LostOn *day.Date `json:"lost_on,omitempty" format:"date"`
}

// Attempt records a try at reaching the person.
func (s *Store) Attempt(ctx context.Context, id uuid.UUID, n NewAttempt) (a Attempt, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		f, e, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		a = Attempt{
			ID:         tx.NewID(),
			SiteID:     f.SiteID,
			FollowUpID: f.ID,
			At:         tx.Now,
			Channel:    n.Channel,
			Result:     n.Result,
			CreatedAt:  tx.Now,
			UpdatedAt:  tx.Now,
		}
		past := true
		if n.At != nil {
			a.At, past = tx.NotFuture(*n.At)
		}
		on, err := tx.DayOf(f.SiteID, a.At)
		if err != nil {
			return err
		}
		if !past || on.Before(e.ReceivedOn) {
			return fault.InvalidAt("at", fault.OutOfRange, "lies in the future, or before the episode began")
		}
		return a.write(tx, f)
	})
	return a, err
}

func (a Attempt) write(tx *db.Tx, f FollowUp) error {
	on, err := tx.DayOf(f.SiteID, a.At)
	if err != nil {
		return err
	}
	if err := tx.Create(&a).Error; err != nil {
		return err
	}
	return f.recordEvent(tx, events.FollowUpAttempted, &on, events.Data{"channel": a.Channel, "result": a.Result})
}

// RecordLoss records that a follow-up is lost. Fault: conflict (it is completed or lost already).
func (s *Store) RecordLoss(ctx context.Context, id uuid.UUID, l Loss) (f FollowUp, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var e episodes.Episode
		if f, e, err = lockForUpdate(tx, id); err != nil {
			return err
		}
		if f.CompletedOn != nil || f.LostOn != nil {
			return fault.New(fault.Conflict, "This follow-up is "+string(f.State)+" already.")
		}
		today, err := tx.Today(f.SiteID)
		if err != nil {
			return err
		}
		if l.LostOn == nil {
			l.LostOn = &today
		}
		if err := checkDay(tx, &e, "lost_on", *l.LostOn); err != nil {
			return err
		}
		f.LostOn, f.LossReason, f.LossNote = l.LostOn, &l.Reason, l.Note
		f.State = Lost
		if f.Warnings, err = f.tooFewAttempts(tx); err != nil {
			return err
		}
		return f.save(tx, events.FollowUpLost, l.LostOn, events.Data{"reason": l.Reason})
	})
	return f, err
}

// tooFewAttempts warns where a site tries more often before it says that somebody could not be contacted.
func (f FollowUp) tooFewAttempts(tx *db.Tx) ([]fault.Warning, error) {
	if *f.LossReason != "could_not_contact" {
		return nil, nil
	}
	var wanted int
	err := tx.Raw("select attempts_wanted from sites where id = ?", f.SiteID).Scan(&wanted).Error
	if err != nil || f.AttemptsMade >= wanted {
		return nil, err
	}
	return []fault.Warning{
		{
			Code: "too_few_attempts",
			Detail: fmt.Sprintf(
				"This site makes %d attempts before it says that somebody could not be contacted; %d are recorded.",
				wanted,
				f.AttemptsMade,
			),
		},
	}, nil
}
