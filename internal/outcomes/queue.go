package outcomes

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

// FollowUpFilter narrows a list of follow-ups; empty fields ask nothing.
type FollowUpFilter struct {
	States       []State // any of these
	LinkWorkerID *uuid.UUID
	EpisodeID    *uuid.UUID
	DueBefore    *day.Date // target_on before this day
}

// FollowUpPosition is a place in a list of follow-ups. AsOf pins the day that states are derived on and the concerns that
// were open, so that a list read over midnight, or while somebody sees to a concern, is one list.
type FollowUpPosition struct {
	Calm     bool      `json:"s"` // past those with a concern
	TargetOn day.Date  `json:"t"`
	ID       uuid.UUID `json:"i"`
	AsOf     time.Time `json:"n"`
}

// FollowUps lists follow-ups of the actor's sites, after the position given: those with an open
// concern first, then by target day.
func (s *Store) FollowUps(
	ctx context.Context,
	by FollowUpFilter,
	page db.Page[FollowUpPosition],
) (list []FollowUp, asOf time.Time, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if asOf = page.After.AsOf; asOf.IsZero() {
			asOf = tx.Now
		}
		q := followUps(tx, asOf)
		if page.After.ID != uuid.Nil {
			q = q.Where(
				"(not safeguarding, target_on, id) > (?, ?, ?)",
				page.After.Calm,
				page.After.TargetOn,
				page.After.ID,
			)
		}
		if by.LinkWorkerID != nil {
			covered, err := tx.Covered(*by.LinkWorkerID, asOf)
			if err != nil {
				return err
			}
			if len(covered) > 0 {
				q = q.Where("(link_worker_id = ? or episode_id = any(?::uuid[]))", *by.LinkWorkerID, covered)
			} else {
				q = q.Where("link_worker_id = ?", *by.LinkWorkerID)
			}
		}
		if by.EpisodeID != nil {
			q = q.Where("episode_id = ?", *by.EpisodeID)
		}
		if by.DueBefore != nil {
			q = q.Where("target_on < ?", *by.DueBefore)
		}
		if len(by.States) > 0 {
			q = inState(q, by.States)
		}
		if err := q.Order("not safeguarding, target_on, id").Scopes(page.Cut).Find(&list).Error; err != nil {
			return err
		}
		return events.ReadAll(
			tx,
			"follow_ups",
			list,
			func(f FollowUp) (site, patient uuid.UUID) { return f.SiteID, f.PatientID },
		)
	})
	return list, asOf, err
}
