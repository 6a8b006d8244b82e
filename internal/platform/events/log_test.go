package events

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// many is a log of what two people recorded, of one thing and another.
func many(tx *db.Tx) (l Log) {
	worker, site := uuid.New(), uuid.New()
	then := *tx
	then.Actor, then.Now = actor.Actor{
		Role:         actor.LinkWorker,
		KeyID:        uuid.New(),
		LinkWorkerID: &worker,
		OnBehalf:     true,
	}, tx.Now.AddDate(
		-1,
		0,
		0,
	)
	for range 100 {
		l.Record(tx, SiteAdded, Subject{ID: site, SiteID: site}, nil)
		l.Record(
			&then,
			ReferralDeclined,
			Subject{ID: uuid.New(), SiteID: site, PatientID: uuid.New(), ReferralID: uuid.New()},
			Data{"from": "sent", "reason": "no_capacity"},
			At(tx.Now.Add(-time.Hour)),
			From(actor.SideOrganisation),
		)
	}
	return l
}

// A log is copied as it is written.
func TestCopyIsWrite(t *testing.T) {
	t.Parallel()
	written, copied := dbtest.New(t), dbtest.New(t)
	var l Log
	do(t, written, actor.Named("test"), func(tx *db.Tx) error {
		l = many(tx)
		again := l
		return again.Write(tx)
	})
	do(t, copied, actor.Named("test"), l.Copy)
	if a, b := all(t, written), all(t, copied); a != b || a == "" {
		t.Errorf("written: %s, copied: %s", a, b)
	}
	if l.Len() != 0 {
		t.Errorf("%d events wait still", l.Len())
	}
}

func TestOnlyAJobCopiesWhatOthersRecorded(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var l Log
	do(t, d, actor.Named("test"), func(tx *db.Tx) error {
		l = many(tx)
		return nil
	})
	err := d.Do(actor.With(t.Context(), actor.Actor{Role: actor.LinkWorker}), l.Copy)
	if err == nil || all(t, d) != "" {
		t.Errorf("a link worker copied what others recorded: %v", err)
	}
}

func do(t *testing.T, d *db.DB, who actor.Actor, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(actor.With(t.Context(), who), f); err != nil {
		t.Fatal(err)
	}
}

func all(t *testing.T, d *db.DB) (digest string) {
	do(t, d, actor.Named("test"), func(tx *db.Tx) error {
		return tx.Raw("select coalesce(md5(string_agg(e::text, '|' order by id)), '') from events e").
			Scan(&digest).
			Error
	})
	return digest
}

// What no kind is declared for is refused, and nothing of it is written.
func TestAnUndeclaredKindIsRefused(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return Record(tx, ReferralMoved("nowhere"), Subject{ID: uuid.New()}, nil)
	})
	if err == nil || all(t, d) != "" {
		t.Errorf("an event of no kind was recorded: %v", err)
	}
}
