// Package jobs runs Waypost's periodic work on River, in Waypost's own database: of however many processes
// share it, one leads and sees to it that each job runs once a period. Nothing else is ever enqueued: each
// job finds by itself what is due, so that whatever a crash left undone is done the next time.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/telemetry"
)

// Job is one piece of periodic work.
type Job struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error // as the actor of that name, on connections that nobody who waits needs
	// it has a worker of its own, so that nothing that takes long keeps it waiting
	Apart bool

	Longest time.Duration // how long it may run; nought: limit
}

// schema is where River's tables are (migrations/0015_outbox.sql).
const schema = "river"

const (
	poll    = 5 * time.Second // how soon a process that does not lead sees what is to be done
	limit   = 5 * time.Minute // the longest that a job runs
	keep    = time.Hour       // how long River remembers what it has done
	workers = 3               // jobs at once in one process
)

// Migrate brings River's tables to what this program needs; it is for the database's owner. Two at once
// wait for each other.
func Migrate(ctx context.Context, owner *sql.DB) error {
	m, err := rivermigrate.New(riverdatabasesql.New(owner), &rivermigrate.Config{Schema: schema, Logger: quiet})
	if err != nil {
		return err
	}
	conn, err := owner.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock(hashtext('waypost river'))"); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "select pg_advisory_unlock(hashtext('waypost river'))")
	}()
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the tables of jobs: %w", err)
	}
	return nil
}

// Migrated reports whether River's tables are what this program needs.
func Migrated(ctx context.Context, d *db.DB) error {
	m, err := rivermigrate.New(
		riverdatabasesql.New(d.Pools()["background"]),
		&rivermigrate.Config{Schema: schema, Logger: quiet},
	)
	if err != nil {
		return err
	}
	found, err := m.Validate(ctx, nil)
	if err == nil && !found.OK {
		err = errors.New(
			"migrations are behind: the tables of jobs are not those this program needs; run: waypost migrate up",
		)
	}
	return err
}

// Runner runs jobs until it is stopped.
type Runner struct{ client *river.Client[*sql.Tx] }

// tick is a job's turn. It names the process that put it there, so that a run that died with its process
// does not keep the next process's turn waiting until River takes the dead one for lost.
type tick struct {
	Name string `json:"name"`
	By   string `json:"by"`
}

func (tick) Kind() string { return "waypost" }

type worker struct {
	river.WorkerDefaults[tick]
	jobs    map[string]Job
	metrics *telemetry.Metrics
}

// Start begins; the jobs run for the first time at once. It fails where River's tables are not those of this program.
func Start(ctx context.Context, d *db.DB, metrics *telemetry.Metrics, jobs ...Job) (*Runner, error) {
	w, here := worker{jobs: map[string]Job{}, metrics: metrics}, uuid.NewString()
	config := river.Config{
		Schema: schema, PollOnly: true, FetchPollInterval: poll, FetchCooldown: poll / 2, Logger: quiet,
		Queues:      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		MaxAttempts: 1, JobTimeout: limit, RescueStuckJobsAfter: 2 * limit, // the next period is the retry
		CompletedJobRetentionPeriod: keep, DiscardedJobRetentionPeriod: keep, CancelledJobRetentionPeriod: keep,
		ReindexerIndexNames: []string{}, // the app's role owns no index
		Workers:             river.NewWorkers(),
	}
	for _, j := range jobs {
		w.jobs[j.Name] = j
		if j.Apart {
			config.Queues[j.queue()] = river.QueueConfig{MaxWorkers: 1}
		}
		config.PeriodicJobs = append(
			config.PeriodicJobs,
			river.NewPeriodicJob(river.PeriodicInterval(j.Every), func() (river.JobArgs, *river.InsertOpts) {
				return tick{
						j.Name,
						here,
					}, &river.InsertOpts{
						Queue:      j.queue(),
						UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished},
					}
			}, &river.PeriodicJobOpts{ID: j.Name, RunOnStart: true}),
		)
	}
	river.AddWorker(config.Workers, &w)
	driver := riverdatabasesql.New(d.Pools()["background"])
	client, err := river.NewClient(driver, &config)
	if err != nil {
		return nil, err
	}
	if err := client.Start(ctx); err != nil {
		return nil, err
	}
	return &Runner{client}, nil
}

func (j Job) queue() string {
	if j.Apart {
		return j.Name
	}
	return river.QueueDefault
}

// unfinished are the states in which a job's turn has not come to its end: a second is not put behind it.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable,
	rivertype.JobStatePending,
	rivertype.JobStateRetryable,
	rivertype.JobStateRunning,
	rivertype.JobStateScheduled,
}

// Stop lets the jobs under way finish, as long as ctx lasts.
func (r *Runner) Stop(ctx context.Context) error {
	if r == nil {
		return nil
	}
	if err := r.client.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return errors.Join(err, r.client.StopAndCancel(context.WithoutCancel(ctx)))
	}
	return nil
}

// Timeout is how long a turn may take.
func (w *worker) Timeout(turn *river.Job[tick]) time.Duration {
	return max(w.jobs[turn.Args.Name].Longest, limit)
}

// Work runs a turn. A failure is logged and counted; the next turn tries again.
func (w *worker) Work(ctx context.Context, turn *river.Job[tick]) error {
	j, known := w.jobs[turn.Args.Name]
	if !known { // of a newer Waypost that shares the database
		return nil
	}
	ctx = db.Background(actor.With(ctx, actor.Named(j.Name)))
	err := w.metrics.Job(j.Name, func() error { return j.Run(ctx) })
	if err != nil && ctx.Err() == nil {
		slog.Error("a job failed", "job", j.Name, "error", err)
	}
	return nil
}

// quiet keeps River's own words out of the log: it tells of every failed query while a database is away.
var quiet = slog.New(slog.DiscardHandler)
