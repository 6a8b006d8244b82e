package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/jobs"
	"waypost/internal/platform/telemetry"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// Two processes share a database: each job runs at once, then once a period wherever, as itself, and never
// beside itself.
func TestOneOfTwoProcesses(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var runs, failures, beside, busy atomic.Int64
	work := []jobs.Job{
		{Name: "counting", Every: 4 * time.Second, Run: func(ctx context.Context) error {
			if busy.Add(1) > 1 {
				beside.Add(1)
			}
			defer busy.Add(-1)
			runs.Add(1)
			if a := actor.From(ctx); a.Role != actor.System || a.Job != "counting" {
				t.Errorf("runs as %+v", a)
			}
			return d.Do(ctx, func(tx *db.Tx) error { return tx.Exec("select count(*) from patients").Error })
		}},
		{Name: "failing", Every: time.Hour, Run: func(context.Context) error {
			failures.Add(1)
			return errors.New("not today")
		}},
	}
	var runners []*jobs.Runner
	for range 2 {
		r, err := jobs.Start(t.Context(), d, telemetry.NewMetrics(d, telemetry.Build{Version: "test"}), work...)
		if err != nil {
			t.Fatal(err)
		}
		runners = append(runners, r)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for (runs.Load() < 3 || failures.Load() < 1) && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, r := range runners {
		if err := r.Stop(ctx); err != nil {
			t.Error(err)
		}
	}
	if n := runs.Load(); n < 3 || n > 12 {
		t.Errorf("%d runs", n)
	}
	if beside.Load() > 0 {
		t.Errorf("beside itself %d times", beside.Load())
	}
	if n := failures.Load(); n != 1 {
		t.Errorf("a job that fails ran %d times in its period", n)
	}
	stopped := runs.Load()
	time.Sleep(6 * time.Second)
	if runs.Load() != stopped {
		t.Error("it runs after it was stopped")
	}
}

// A process that is killed in the middle of a run leaves it behind: the next process does not wait for it.
func TestARunThatDiedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	begun, release := make(chan bool, 10), make(chan bool)
	work := jobs.Job{Name: "dying", Every: time.Second, Apart: true, Run: func(context.Context) error {
		begun <- true
		<-release
		return nil
	}}
	ctx, kill := context.WithCancel(t.Context())
	dead, err := jobs.Start(ctx, d, telemetry.NewMetrics(d, telemetry.Build{Version: "test"}), work)
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	kill() // it stops to lead, and its run goes on for ever
	next, err := jobs.Start(t.Context(), d, telemetry.NewMetrics(d, telemetry.Build{Version: "test"}), work)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-begun:
	case <-time.After(2 * time.Minute):
		t.Error("the next process waits for the run of the one that died")
	}
	close(release)
	stop, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, _ = dead.Stop(stop), next.Stop(stop)
}

func TestADatabaseWithoutItsTablesIsTold(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if err := jobs.Migrated(t.Context(), d); err != nil {
		t.Errorf("migrated: %v", err)
	}
}
