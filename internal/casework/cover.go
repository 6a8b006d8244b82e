package casework

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

// cover is that somebody stands in for somebody.
type cover struct {
	SiteID           uuid.UUID
	ID               uuid.UUID
	HandoverID       uuid.UUID
	FromLinkWorkerID uuid.UUID
	LinkWorkerID     uuid.UUID
	EpisodeID        *uuid.UUID // nil: all of the work
	StartsOn         day.Date
	EndsOn           day.Date
	EndTold          bool // the timelines say that it ended
}

// endCovers ends covers of one site before their day: from today on nobody stands in. A handover of which nothing is
// covered any more has ended.
func endCovers(tx *db.Tx, list []cover, today day.Date) error {
	for _, c := range list {
		if err := tx.Exec("update covers set ends_on = ? where site_id = ? and id = ?", today.AddDays(-1), c.SiteID, c.ID).
			Error; err != nil {
			return err
		}
		if err := tx.Exec(`update handovers set ended_at = ?, updated_at = ? where site_id = ? and id = ? and not exists (
				select from covers c where c.site_id = handovers.site_id and c.handover_id = handovers.id and c.ends_on >= ?
			)`, tx.Now, tx.Now, c.SiteID, c.HandoverID, today).Error; err != nil {
			return err
		}
		if err := c.tellEnd(tx); err != nil {
			return err
		}
	}
	return nil
}

// tellEnd puts onto the timelines of what was covered that nobody stands in any more.
func (c cover) tellEnd(tx *db.Tx) error {
	var of []HandoverItem
	if err := tx.Raw(`select e.id as episode_id, e.patient_id from episodes e
		where e.site_id = ? and e.id in (
			select coalesce(?, i.episode_id) from handover_items i where i.site_id = ? and i.handover_id = ?
		) order by e.id`, c.SiteID, c.EpisodeID, c.SiteID, c.HandoverID).
		Scan(&of).
		Error; err != nil {
		return err
	}
	h := c.handover()
	for i := range of {
		of[i].ToLinkWorkerID = c.LinkWorkerID
	}
	if err := h.recordEvents(tx, events.EpisodeCoverEnded, of, nil); err != nil {
		return err
	}
	return tx.Exec("update covers set end_told = true where site_id = ? and id = ?", c.SiteID, c.ID).Error
}

// handover is what events of the cover name.
func (c cover) handover() *Handover {
	return &Handover{HandoverDetails: HandoverDetails{ID: &c.HandoverID, SiteID: c.SiteID, FromLinkWorkerID: c.FromLinkWorkerID}}
}

// mostToldAtATime is how many covers one transaction tells of.
const mostToldAtATime = 100

// TellEndedCovers puts onto the timelines that covers are over whose last day has passed at their site.
func (s *Store) TellEndedCovers(ctx context.Context) error {
	for {
		var list []cover
		err := s.DB.Do(ctx, func(tx *db.Tx) error {
			err := tx.Raw(`select c.* from covers c join sites s on s.id = c.site_id
				where not c.end_told and c.ends_on < (? at time zone s.time_zone)::date
				order by c.ends_on, c.id limit ? for no key update of c skip locked`, tx.Now, mostToldAtATime).
				Scan(&list).
				Error
			for i := 0; i < len(list) && err == nil; i++ {
				err = list[i].tellEnd(tx)
			}
			return err
		})
		if err != nil || len(list) < mostToldAtATime {
			return err
		}
	}
}

// EndCoversBy ends what somebody stands in for who is not active any more, and says how many covers that were. It acts as
// Waypost itself: whoever changes link workers may not see their work.
func (s *Store) EndCoversBy(ctx context.Context, site, id uuid.UUID) (n int, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.As(actor.Actor{Role: actor.System, Job: "covers", Sites: []uuid.UUID{site}}, func() error {
			today, err := tx.Today(site)
			if err != nil {
				return err
			}
			var running []cover
			if err := tx.Where("site_id = ? and link_worker_id = ? and ends_on >= ?", site, id, today).
				Order("id").Find(&running).Error; err != nil {
				return err
			}
			n = len(running)
			return endCovers(tx, running, today)
		})
	})
	return n, err
}

// coverOpened notes of an episode that was opened while all of the link worker's work is covered that it is covered too.
func coverOpened(tx *db.Tx, e episodes.Episode) error {
	today, err := tx.Today(e.SiteID)
	if err != nil {
		return err
	}
	var running []cover
	if err := tx.Where(`site_id = ? and from_link_worker_id = ? and episode_id is null and ? between starts_on and ends_on`,
		e.SiteID, e.LinkWorkerID, today).
		Find(&running).
		Error; err != nil {
		return err
	}
	for _, c := range running {
		item := HandoverItem{Kind: "episode", ID: e.ID, EpisodeID: e.ID, PatientID: e.PatientID, ToLinkWorkerID: c.LinkWorkerID,
			SiteID: c.SiteID, HandoverID: c.HandoverID}
		if err := tx.Create(&item).Error; err != nil {
			return err
		}
		data := events.Data{"until": c.EndsOn.String()}
		if err := c.handover().recordEvents(tx, events.EpisodeCovered, []HandoverItem{item}, data); err != nil {
			return err
		}
	}
	return nil
}
