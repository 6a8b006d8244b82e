package events

import (
	"errors"

	"gorm.io/gorm"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// Log gathers events, to append them all at once.
type Log struct{ rows []row }

// Record gathers one event. The transaction says who recorded it and when; an event of the past, such as a
// demo's, takes a copy of the transaction with its Actor and Now set back.
func (l *Log) Record(tx *db.Tx, kind Kind, s Subject, data Data, options ...Option) {
	if data == nil {
		data = Data{}
	}
	r := row{
		ID: tx.NewID(), SiteID: orNil(s.SiteID), Type: kind.String(), SubjectType: kind.Subject(), SubjectID: s.ID,
		PatientID: orNil(s.PatientID), ReferralID: orNil(s.ReferralID),
		ActorRole: tx.Actor.Role, ActorKeyID: orNil(tx.Actor.KeyID), LinkWorkerID: tx.Actor.LinkWorkerID,
		OnBehalf: tx.Actor.OnBehalf, Side: tx.Actor.Side(), OccurredAt: tx.Now, RecordedAt: tx.Now, Data: data,
	}
	for _, o := range options {
		o(&r)
	}
	l.rows = append(l.rows, r)
}

// Len is how many events wait.
func (l *Log) Len() int { return len(l.rows) }

// Write appends what was gathered, in the caller's transaction. Only Waypost's own jobs may append what
// others recorded.
func (l *Log) Write(tx *db.Tx) error {
	if err := l.check(tx); err != nil || len(l.rows) == 0 {
		return err
	}
	rows := l.rows
	l.rows = nil
	for _, r := range rows {
		if r.SiteID != nil && r.PatientID != nil {
			tx.Concerns(*r.SiteID, *r.PatientID)
		}
	}
	return tx.WithCommit(func(tx *gorm.DB) *gorm.DB { return tx.Create(&rows) })
}

// Copy is Write for thousands of events: they are written at once, and not kept for the commit.
func (l *Log) Copy(tx *db.Tx) error {
	if err := l.check(tx); err != nil {
		return err
	}
	err := db.Copy(tx, l.rows)
	l.rows = l.rows[:0]
	return err
}

func (l *Log) check(tx *db.Tx) error {
	for _, r := range l.rows {
		if r.Type == "" {
			return errors.New("events: no such kind is declared")
		}
		if r.ActorRole != tx.Actor.Role && tx.Actor.Role != actor.System {
			return errors.New("events: only a job of Waypost's own writes events that others recorded")
		}
	}
	return nil
}
