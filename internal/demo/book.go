package demo

import (
	"fmt"
	"strconv"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/referrals"
)

// book gathers the rows of some people.
type book struct {
	patients    []people.Patient
	consents    []people.Consent
	episodes    []episodes.Episode
	contacts    []episodes.Contact
	referrals   []referrals.Referral
	moves       []referrals.Move
	attendances []referrals.Attendance
	outcomes    outcomes.Batch
	log         *events.Log
}

// write writes the rows, those that others refer to first.
func (b *book) write(tx *db.Tx) error {
	for _, write := range []func() error{
		func() error { return db.Copy(tx, b.patients) },
		func() error { return db.Copy(tx, b.consents) },
		func() error { return db.Copy(tx, b.episodes) },
		func() error { return db.Copy(tx, b.referrals) },
		func() error { return db.Copy(tx, b.attendances) },
		func() error { return db.Copy(tx, b.moves) },
		func() error { return db.Copy(tx, b.contacts) },
		func() error { return b.outcomes.Write(tx) },
		func() error { return b.log.Copy(tx) },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// Report counts what a demo was filled with.
type Report struct {
	Sites, LinkWorkers, Organisations, Services, Patients, Consents, Episodes, Contacts, Referrals, Moves, Attendances,
	Assessments, FollowUps, Opened, Attempts, Completions, Events int // Opened: follow-ups whose window has opened
}

func (r *Report) found(t *town) {
	r.Sites++
	r.LinkWorkers += len(t.workers)
	r.Organisations += len(t.byOffer)
	r.Services += t.place.Services
}

func (r *Report) count(b *book, today day.Date) {
	r.Patients += len(b.patients)
	r.Consents += len(b.consents)
	r.Episodes += len(b.episodes)
	r.Contacts += len(b.contacts)
	r.Referrals += len(b.referrals)
	r.Moves += len(b.moves)
	r.Attendances += len(b.attendances)
	r.Assessments += len(b.outcomes.Assessments)
	r.FollowUps += len(b.outcomes.FollowUps)
	for _, f := range b.outcomes.FollowUps {
		if !f.OpensOn.After(today) {
			r.Opened++
		}
	}
	r.Attempts += len(b.outcomes.Attempts)
	r.Completions += len(b.outcomes.Completed)
	r.Events += b.log.Len()
}

// String is what whoever started the demo reads.
func (r Report) String() string {
	return fmt.Sprintf(
		"The demo is loaded, and all of it is made up: %s people at %d sites with %d link workers, %d "+
			"organisations offering %d services, %s referrals and signposts, %s assessments, %s follow-ups. Of the "+
			"%s follow-ups whose window has opened, %s (%d %%) are completed; the places differ.",
		thousands(
			r.Patients,
		),
		r.Sites,
		r.LinkWorkers,
		r.Organisations,
		r.Services,
		thousands(r.Referrals),
		thousands(r.Assessments),
		thousands(r.FollowUps),
		thousands(r.Opened),
		thousands(r.Completions),
		100*r.Completions/max(1, r.Opened),
	)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
