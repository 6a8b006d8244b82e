package datasets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

const (
	tries    = 8                // how often a release that fails is begun
	pause    = time.Minute      // after the first failure; each is twice the one before
	Longest  = 2 * time.Hour    // that releases are made for in one turn
	HowOften = 10 * time.Second // releases that were asked for are looked for
	most     = 12 * time.Hour   // between two tries
)

// reading is a context in which one snapshot of the record is read, as a job of Waypost's own.
func reading(ctx context.Context, job string) context.Context {
	return db.Apart(db.Snapshot(db.Background(actor.With(ctx, actor.Named(job)))))
}

// Build makes what is to be made, one after the other, and one at a time in a process. A release that is
// cut off is begun again: until everything of it is written, nothing of it can be had.
func (s *Store) Build(ctx context.Context) error {
	if s.Cipher == nil || s.Files == nil || !s.busy.TryLock() {
		return nil
	}
	defer s.busy.Unlock()
	var due []Release
	err := s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Where("try_at <= ?", tx.Now).Order("try_at, id").Find(&due).Error
	})
	for _, r := range due {
		err = errors.Join(err, s.build(ctx, r.ID))
	}
	return err
}

// build makes one release, unless another process does. What comes of it is recorded before the lock is given up.
func (s *Store) build(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(reading(ctx, "releases"), func(tx *db.Tx) error {
		var mine bool
		if err := tx.Raw("select pg_try_advisory_xact_lock(hashtextextended('release ' || ?::text, 0))", id).
			Scan(&mine).
			Error; err != nil ||
			!mine {
			return err
		}
		r, mine, err := s.begin(ctx, id)
		if err != nil || !mine {
			return err
		}
		done, failure := r, errCutOff
		if r.Attempts <= tries {
			done, failure = s.make(tx, r)
		}
		if ctx.Err() != nil { // Waypost is stopping: it is begun again by itself
			return ctx.Err()
		}
		if failure != nil {
			_ = s.clear(ctx, r.key("")) // what it leaves is in nobody's way
		}
		return errors.Join(unlessRefused(failure), s.end(ctx, r, done, failure))
	})
}

// errCutOff is the error of a release with which Waypost ended each time.
var errCutOff = errors.New("datasets: every attempt was cut off")

// begin counts the attempt, whatever becomes of it. It looks at what stands now, and not at the snapshot:
// the release may have been made since that was taken.
func (s *Store) begin(ctx context.Context, id uuid.UUID) (r Release, due bool, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		done := tx.Raw(`update releases set attempts = attempts + 1, updated_at = ?
			where id = ? and try_at <= ? returning *`, tx.Now, id, tx.Now).Scan(&r)
		due = done.RowsAffected == 1
		return done.Error
	})
	return r, due, err
}

// end records what came of an attempt, unless another was begun since, which the database thought dead.
func (s *Store) end(ctx context.Context, r, done Release, failure error) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		var refused errRefused
		change := Release{UpdatedAt: tx.Now, Reasons: []Reason{}, Files: []File{}, Report: done.Report}
		switch {
		case errors.As(failure, &refused):
			change.State, change.Reasons, change.FinishedAt = Refused, refused.reasons, &tx.Now
		case failure != nil:
			change.State, change.Reasons = Failed, []Reason{reasonOf(failure)}
			if r.Attempts < tries {
				change.TryAt = new(tx.Now.Add(min(pause<<(r.Attempts-1), most)))
			}
		default:
			change.State, change.FinishedAt, change.AsOf, change.Files = Ready, &tx.Now, done.AsOf, done.Files
		}
		written := tx.Model(&change).Where("id = ? and try_at is not null and attempts = ?", r.ID, r.Attempts).
			Select("state", "reasons", "try_at", "as_of", "finished_at", "report", "files", "updated_at").
			Updates(&change)
		if written.Error != nil || written.RowsAffected == 0 {
			return written.Error
		}
		return events.Record(
			tx,
			events.ReleaseEnded(string(change.State)),
			r.subject(),
			events.Data{"project_id": r.ProjectID.String()},
		)
	})
}

// unlessRefused is a failure that the log should tell of.
func unlessRefused(failure error) error {
	var refused errRefused
	if failure == nil || errors.As(failure, &refused) {
		return nil
	}
	return fmt.Errorf("a release could not be made: %w", failure)
}

// errStorage is the error of a place for files that does not take them.
type errStorage struct{ error }

func reasonOf(err error) Reason {
	var storage errStorage
	if errors.As(err, &storage) {
		return Reason{"storage", "Its files could not be written: the place for them is full, or does not answer."}
	}
	return Reason{"internal", "Something went wrong on our side."}
}

// prepare finds the people of a release, and puts them together in the transaction.
func (s *Store) prepare(
	tx *db.Tx,
	p Project,
	release uuid.UUID,
) (sel selection, args map[string]any, report Report, names *pseudonyms, err error) {
	if names, err = s.named(p.ID, p.PseudonymKey); err != nil {
		return sel, nil, report, nil, err
	}
	codes := map[uuid.UUID]string{}
	for _, id := range p.SiteIDs {
		codes[id] = names.short("site", id)
	}
	if sel, err = s.choose(tx, p, codes, names.seed()); err != nil {
		return sel, nil, report, nil, err
	}
	var before *time.Time
	if err = tx.Raw("select max(as_of) from releases where project_id = ? and id <> ?", p.ID, release).
		Row().
		Scan(&before); err != nil {
		return sel, nil, report, nil, err
	}
	if report, err = sel.report(tx, before); err != nil {
		return sel, nil, report, nil, err
	}
	reasons := sel.refusals()
	tells, err := s.revealingSite(tx, sel)
	if len(tells) > 0 {
		reasons = append(
			reasons,
			Reason{
				"tells_site",
				"People must not be told by their site, and not all of the project's sites have this, " +
					"which would tell it: " + strings.Join(
					tells,
					", ",
				) + ". Make a project without it.",
			},
		)
	}
	if err == nil && len(reasons) > 0 {
		err = errRefused{reasons}
	}
	if err != nil {
		return sel, nil, report, nil, err
	}
	if err = sel.gather(tx); err != nil {
		return sel, nil, report, nil, err
	}
	if args, err = s.tableArgs(tx, sel, names); err != nil {
		return sel, nil, report, nil, err
	}
	return sel, args, report, names, sel.addStates(tx, args, &report)
}

// joinWhole has tables joined whole, by hashes of every column of the condition. PostgreSQL takes what
// row-level security asks of a row for rare: it would look each row up by itself, or join by the site
// alone, and take hours for what takes seconds.
const joinWhole = "set local enable_nestloop = off; set local enable_mergejoin = off; set local work_mem = '64MB'"

// unlimited lets a transaction take the time and the memory that a release takes.
func unlimited(tx *db.Tx) error {
	return tx.Exec(
		"set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; " + joinWhole,
	).Error
}

// make writes every file of a release, from the one snapshot of tx.
func (s *Store) make(tx *db.Tx, r Release) (Release, error) {
	if err := unlimited(tx); err != nil {
		return r, err
	}
	p, err := project(tx, r.ProjectID)
	if err == nil && p.State != "approved" {
		err = errRefused{[]Reason{{"term_over", "The project's term ended before it was made."}}}
	}
	if err != nil {
		return r, err
	}
	_, args, report, names, err := s.prepare(tx, p, r.ID)
	if report.Flow != nil { // it got so far
		r.Report = &report
	}
	if err != nil {
		return r, err
	}
	if err := s.clear(tx.Context(), r.folder()); err != nil {
		return r, err
	}
	pack := packer{store: s, ctx: tx.Context(), release: r, about: s.describe(p, r, report, tx.Now)}
	for _, t := range tables {
		if err := pack.table(tx, t, args, names); err != nil {
			return r, err
		}
	}
	if err := pack.documents(); err != nil {
		return r, err
	}
	r.AsOf, r.Files = &tx.Now, pack.files
	return r, nil
}
