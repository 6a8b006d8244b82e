package insights

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Summary is how things stand with the people of one link worker: live, and not protected, for the one who
// supports them and knows them all. Its rows are those of the figures of the same names, by the same
// definitions.
type Summary struct {
	// What the figures stand at: now.
	AsOf time.Time `json:"as_of"`
	// Whose people they are about; null: of everybody at the caller's sites, since the credential is
	// no link worker's.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" nullable:"true" format:"uuid"`
	// What must be known to read them.
	Caution string `json:"caution"`
	// How many people are on the list.
	Caseload Caseload `json:"caseload"`
	// What became of the follow-ups that were planned, for each timepoint: see get-retention.
	FollowUps []RetentionRow `json:"follow_ups"`
	// What changed between the baseline and each follow-up, within each person: see get-outcomes. A
	// row for each score that was asked at a baseline.
	Outcomes []OutcomeRow `json:"outcomes"`
	// What is not recorded of some of the people: see get-missing. A row for each field that lacks
	// something.
	Missing []MissingRow `json:"missing"`
}

// Caseload counts episodes by where they stand; a person may have more than one.
type Caseload struct {
	// Episodes that are waiting, active or paused.
	Open int `json:"open" example:"42"`
	// Of open: nobody has reached the person yet.
	Waiting int `json:"waiting" example:"3"`
	// Of open: the person is supported now.
	Active int `json:"active" example:"37"`
	// Of open: support is paused.
	Paused int `json:"paused" example:"2"`
	// Episodes whose support has ended. Their follow-ups go on.
	Closed int `json:"closed" example:"180"`
}

const ownCaution = "These are figures of few people, and not protected: they are for the work with these people, " +
	"not for publication. " + caution

// Summary reads how things stand with the actor's own people; a credential that is no link worker's, with
// everybody at its sites, or with the people of the link worker whom a site manager names. Faults: forbidden (somebody
// else's figures), not_found (no such link worker).
func (s *Store) Summary(ctx context.Context, named *uuid.UUID) (out Summary, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		worker, err := whose(tx, named)
		if err != nil {
			return err
		}
		out = Summary{AsOf: tx.Now, LinkWorkerID: worker, Caution: ownCaution}
		a := question{
			from:    earliest,
			until:   latest,
			sites:   slices.Clone(tx.Actor.Sites),
			profile: disclosure.None(),
			worker:  worker,
		}
		a.places = []span{{from: monthOf(a.from), until: monthOf(a.until)}}
		if out.Caseload, err = a.caseload(tx); err != nil {
			return err
		}
		if out.FollowUps, err = retention.rows(tx, a, retention.live); err != nil {
			return err
		}
		if out.Outcomes, err = liveOutcomes(tx, a); err != nil {
			return err
		}
		out.Outcomes = slices.DeleteFunc(out.Outcomes, func(r OutcomeRow) bool { return *r.BaselineN == 0 })
		out.Missing, err = missing.rows(tx, a, missing.live)
		out.Missing = slices.DeleteFunc(out.Missing, func(r MissingRow) bool { return *r.Missing == 0 })
		return err
	})
	return out, err
}

// whose is the link worker whose people a summary is of; nil: everybody's at the actor's sites.
func whose(tx *db.Tx, named *uuid.UUID) (*uuid.UUID, error) {
	own := tx.Actor.Own()
	if named == nil || own != nil && *own == *named {
		return own, nil
	}
	if tx.Actor.Role != actor.SiteManager {
		return nil, fault.New(fault.Forbidden, "Figures of a link worker are for themselves, and for the manager of their site.")
	}
	var there bool
	err := tx.Raw("select exists (select from link_workers where site_id = any(?::uuid[]) and id = ?)",
		db.IDs(tx.Actor.Sites), *named).
		Scan(&there).
		Error
	if err == nil && !there {
		err = fault.Missing("link worker")
	}
	return named, err
}

func (a question) caseload(tx *db.Tx) (c Caseload, err error) {
	sql := `select count(*) filter (where status <> 'closed') as open, count(*) filter (where status =
		'waiting') as waiting, count(*) filter (where status = 'active') as active,
		count(*) filter (where status = 'paused') as paused, count(*) filter (where status = 'closed') as closed
		from episodes where site_id = any(cast(@sites as uuid[]))`
	if a.worker != nil {
		sql += " and link_worker_id = @worker"
	}
	err = tx.Raw(sql, a.args(map[string]any{"sites": a.sites})).Scan(&c).Error
	return c, err
}
