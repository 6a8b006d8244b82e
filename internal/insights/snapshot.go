package insights

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// snapshot is figures as they stood at the end of a day.
type snapshot struct {
	ID        uuid.UUID
	Day       day.Date
	AsOf      time.Time
	Sites     db.IDs
	Threshold int
	Made      db.Texts   // the metrics that are in it
	BuiltAt   *time.Time // nil: not all are yet, and nobody reads it

	now time.Time // when the metric that is being made is
}

func (snapshot) TableName() string { return "figure_snapshots" }

// figure is a line of a table of a snapshot.
type figure struct {
	SnapshotID uuid.UUID
	Metric     string
	Dimension  Dimension
	SiteID     *uuid.UUID // nil: all sites together
	Value      string
	Sub        string
	Position   int
	Stretches  db.JSON[line]
	Means      *db.JSON[OutcomeRow]
	Moves      *db.JSON[[]MovementRow]
	Pairs      *int
	Members    *int64
	Since      *time.Time
}

func (figure) TableName() string { return "figures" }

// Freeze makes the snapshot of the last day that has ended at every site, unless it is there. It is a job's
// work, and goes on where it was cut off: each metric is one transaction. Two processes at once share the
// work. Nobody sees half of it: it is swapped for the one before at the end.
func (s *Store) Freeze(ctx context.Context) error { return s.freeze(ctx, "0") }

// freeze waits for another that makes a metric as long as patience says, as PostgreSQL writes it; 0: for ever.
func (s *Store) freeze(ctx context.Context, patience string) error {
	for more := true; more; {
		err := s.DB.Do(ctx, func(tx *db.Tx) (err error) {
			if err := tx.Exec(
				"set local statement_timeout = 0; set local lock_timeout = '" + patience + "'; select pg_advisory_xact_lock(hashtextextended('figures', 0))",
			).Error; err != nil {
				return err
			}
			more, err = s.step(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// step makes the next metric of the snapshot that should be there, or swaps it in when all are made.
func (s *Store) step(tx *db.Tx) (more bool, err error) {
	next, err := due(tx)
	if err != nil || next == nil {
		return false, err
	}
	tx.Actor.Sites, next.now = next.Sites, tx.Now
	for _, m := range s.metrics() {
		if slices.Contains(next.Made, m.name()) {
			continue
		}
		lines, err := m.freeze(tx, *next)
		if err != nil {
			return false, err
		}
		return true, errors.Join(tx.CreateInBatches(lines, 500).Error,
			tx.Exec("update figure_snapshots set made = made || array[?::text] where id = ?", m.name(), next.ID).Error)
	}
	return false, errors.Join(tx.Exec("delete from figure_snapshots where id <> ?", next.ID).Error,
		tx.Exec("update figure_snapshots set built_at = ? where id = ?", tx.Now, next.ID).Error)
}

// due is the snapshot that should be there, if it is not: begun, or new. One that was begun for other days
// or sites is dropped.
func due(tx *db.Tx) (*snapshot, error) {
	next := snapshot{ID: tx.NewID(), Made: db.Texts{}}
	var sites []struct {
		ID                  uuid.UUID
		DisclosureThreshold int
	}
	if err := tx.Raw("select id, disclosure_threshold from sites order by id").
		Scan(&sites).
		Error; err != nil ||
		len(sites) == 0 {
		return nil, err
	}
	for i, site := range sites {
		today, err := tx.Today(site.ID)
		if err != nil {
			return nil, err
		}
		next.Sites, next.Threshold = append(next.Sites, site.ID), max(next.Threshold, site.DisclosureThreshold)
		if ended := today.AddDays(-1); i == 0 || ended.Before(next.Day) {
			next.Day = ended
		}
	}
	// the day ends at each site by its own clock, and the figures stand at the last of these
	for _, site := range next.Sites {
		end, err := tx.Midnight(site, next.Day.AddDays(1))
		if err != nil {
			return nil, err
		}
		if end.After(next.AsOf) {
			next.AsOf = end
		}
	}
	have, err := current(tx)
	if err != nil || have != nil && !have.Day.Before(next.Day) && slices.Equal(have.Sites, next.Sites) {
		return nil, err
	}
	var begun []snapshot
	if err := tx.Where("built_at is null").Find(&begun).Error; err != nil {
		return nil, err
	}
	for _, b := range begun {
		if b.Day == next.Day && slices.Equal(b.Sites, next.Sites) && b.Threshold == next.Threshold {
			return &b, nil
		}
	}
	return &next, errors.Join(
		tx.Exec("delete from figure_snapshots where built_at is null").Error,
		tx.Create(&next).Error,
	)
}

// current is the newest snapshot that is whole, or nil.
func current(tx *db.Tx) (*snapshot, error) {
	var found []snapshot
	err := tx.Where("built_at is not null").Order("day desc").Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// patience is how long an answer waits for a metric of the snapshot that somebody else makes.
const patience = "5s"

// makeNow makes the snapshot for an answer that needs it, outside the caller's transaction and as Waypost
// itself. What it cannot do in time is there for the next one.
func (s *Store) makeNow(ctx context.Context) error {
	err := s.freeze(db.Background(db.Apart(actor.With(ctx, actor.Named("figures")))), patience)
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "The figures up to yesterday are being made. Ask again in a minute.").
		Because(err).
		RetryIn(time.Minute)
}
