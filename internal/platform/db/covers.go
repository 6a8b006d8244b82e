package db

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Cover is that a link worker stands in for another.
type Cover struct {
	SiteID           uuid.UUID
	FromLinkWorkerID uuid.UUID
	LinkWorkerID     uuid.UUID  // who stands in
	EpisodeID        *uuid.UUID // nil: for all of the work
}

// Covers are those of the actor's sites that run on a day.
type Covers []Cover

// CoversAt reads who stands in for whom on the day of an instant. Lists ask this first, and ask more only where somebody
// stands in: those of everybody else stay as they are.
func (tx *Tx) CoversAt(at time.Time) (c Covers, err error) {
	err = tx.Raw("select site_id, from_link_worker_id, link_worker_id, episode_id from covers_at(?)", at).Scan(&c).Error
	return c, err
}

// By is who stands in for the link worker in an episode; nil: nobody.
func (c Covers) By(site, worker, episode uuid.UUID) *uuid.UUID {
	for _, one := range c {
		if one.SiteID == site && one.FromLinkWorkerID == worker && (one.EpisodeID == nil || *one.EpisodeID == episode) {
			return &one.LinkWorkerID
		}
	}
	return nil
}

// Episodes are the episodes for which a link worker stands in on the day of the instant that the covers are of.
func (c Covers) Episodes(tx *Tx, worker uuid.UUID, at time.Time) (ids IDs, err error) {
	if !slices.ContainsFunc(c, func(one Cover) bool { return one.LinkWorkerID == worker }) {
		return IDs{}, nil
	}
	err = tx.Raw("select coalesce(array_agg(episode_id), '{}') from covered_episodes(?, ?)", worker, at).Row().Scan(&ids)
	return ids, err
}

// Covered are the episodes for which a link worker stands in on the day of an instant.
func (tx *Tx) Covered(worker uuid.UUID, at time.Time) (IDs, error) {
	c, err := tx.CoversAt(at)
	if err != nil {
		return nil, err
	}
	return c.Episodes(tx, worker, at)
}
