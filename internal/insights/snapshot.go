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
	// of each metric that is in it, the names of its counts in the order in which its lines hold them; null of
	// a snapshot that a version made which did not note them
	Columns db.JSON[map[string][]string]

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
	Subgroup   string
	Position   int
	Periods    db.JSON[line]
	Means      *db.JSON[OutcomeRow]
	Moves      *db.JSON[[]MovementRow]
	Pairs      *int
	Members    *int64
	Since      *time.Time
}

func (figure) TableName() string { return "figures" }

// positions are where the snapshot's lines hold the columns of a metric; -1: it holds no such column, since it
// was made by a version that did not know it.
func (s snapshot) positions(m tables) (list []int) {
	for _, name := range m.columnNames() {
		list = append(list, slices.Index(s.Columns.V[m.name()], name))
	}
	return list
}

// MakeSnapshot makes the snapshot of the last day that has ended at every site, unless it is there. It is a
// job's work, and goes on where it was cut off: each metric is one transaction. Two processes at once share
// the work. Nobody sees half of it: it is swapped for the one before at the end.
func (s *Store) MakeSnapshot(ctx context.Context) error { return s.makeSnapshot(ctx, "0") }

// makeSnapshot waits for another that makes a metric for so long, as PostgreSQL writes it; 0: for ever.
func (s *Store) makeSnapshot(ctx context.Context, wait string) error {
	for more := true; more; {
		err := s.DB.Do(ctx, func(tx *db.Tx) (err error) {
			if err := tx.Exec(
				"set local statement_timeout = 0; set local lock_timeout = '" + wait + "'; " +
					"select pg_advisory_xact_lock(hashtextextended('figures', 0))",
			).Error; err != nil {
				return err
			}
			more, err = s.makeNext(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// makeNext makes the next metric of the snapshot that should be there, or swaps it in when all are made.
func (s *Store) makeNext(tx *db.Tx) (more bool, err error) {
	next, err := wanted(tx)
	if err != nil || next == nil {
		return false, err
	}
	tx.Actor.Sites, next.now = next.Sites, tx.Now
	for _, m := range contents {
		if slices.Contains(next.Made, m.name()) {
			continue
		}
		lines, err := m.build(tx, *next)
		if err != nil {
			return false, err
		}
		next.Columns.V[m.name()] = m.columnNames()
		return true, errors.Join(
			tx.CreateInBatches(lines, 500).Error,
			tx.Exec("update figure_snapshots set made = made || array[?::text], columns = ? where id = ?",
				m.name(), next.Columns, next.ID).Error,
		)
	}
	return false, errors.Join(tx.Exec("delete from figure_snapshots where id <> ?", next.ID).Error,
		tx.Exec("update figure_snapshots set built_at = ? where id = ?", tx.Now, next.ID).Error)
}

// wanted is the snapshot that should be there, if it is not: begun, or new. One that was begun for other
// days or sites is dropped.
func wanted(tx *db.Tx) (*snapshot, error) {
	next, err := newSnapshot(tx)
	if err != nil || len(next.Sites) == 0 {
		return nil, err
	}
	have, err := current(tx)
	if err != nil || have != nil && have.readable() && !have.Day.Before(next.Day) && slices.Equal(have.Sites, next.Sites) {
		return nil, err
	}
	var begun []snapshot
	if err := tx.Where("built_at is null").Find(&begun).Error; err != nil {
		return nil, err
	}
	for _, b := range begun {
		if b.Day == next.Day && slices.Equal(b.Sites, next.Sites) && b.Threshold == next.Threshold && b.readable() {
			return &b, nil
		}
	}
	return next, errors.Join(
		tx.Exec("delete from figure_snapshots where built_at is null").Error,
		tx.Create(next).Error,
	)
}

// readable reports whether the snapshot says which counts its lines hold.
func (s snapshot) readable() bool { return s.Columns.V != nil }

// newSnapshot is an empty one of the sites there are, and of the last day that has ended at all of them.
func newSnapshot(tx *db.Tx) (*snapshot, error) {
	next := &snapshot{ID: tx.NewID(), Made: db.Texts{}, Columns: db.JSON[map[string][]string]{V: map[string][]string{}}}
	var sites []struct {
		ID                  uuid.UUID
		DisclosureThreshold int
	}
	if err := tx.Raw("select id, disclosure_threshold from sites order by id").Scan(&sites).Error; err != nil {
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
	return next, nil
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

// longestWait is how long an answer waits for a metric of the snapshot that somebody else makes.
const longestWait = "5s"

// makeNow makes the snapshot for an answer that needs it, outside the caller's transaction and as Waypost
// itself. What it cannot do in time is there for the next one.
func (s *Store) makeNow(ctx context.Context) error {
	err := s.makeSnapshot(db.Background(db.Apart(actor.With(ctx, actor.Named("figures")))), longestWait)
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "The figures up to yesterday are being made. Ask again in a minute.").
		Because(err).
		RetryIn(time.Minute)
}
