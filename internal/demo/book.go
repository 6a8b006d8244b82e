package demo

import (
	"fmt"
	"strconv"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/people"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/referrals"
)

// book gathers a site's rows, to write them table by table.
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
	told        int // how many events there were to write
}

// write writes the rows, those that others refer to first.
func (b *book) write(tx *db.Tx) error {
	for _, add := range []func() error{
		func() error { return add(tx, b.patients) },
		func() error { return add(tx, b.consents) },
		func() error { return add(tx, b.episodes) },
		func() error { return add(tx, b.referrals) },
		func() error { return add(tx, b.moves) },
		func() error { return add(tx, b.attendances) },
		func() error { return add(tx, b.contacts) },
		func() error { return b.outcomes.Write(tx) },
		func() error { return b.log.Write(tx) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	return nil
}

const rowsAtATime = 500 // keeps each statement well within its time limit

func add[T any](tx *db.Tx, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.CreateInBatches(&rows, rowsAtATime).Error
}

// Report counts what a demo was filled with.
type Report struct {
	Sites, LinkWorkers, Organisations, Services, Patients, Consents, Episodes, Contacts, Referrals, Moves, Attendances,
	Assessments, FollowUps, Attempts, Completions, Events int
}

func (r *Report) count(t *town, b *book) {
	r.Sites++
	r.LinkWorkers += len(t.workers)
	r.Organisations += len(t.byOffer)
	r.Services += t.place.Services
	r.Patients += len(b.patients)
	r.Consents += len(b.consents)
	r.Episodes += len(b.episodes)
	r.Contacts += len(b.contacts)
	r.Referrals += len(b.referrals)
	r.Moves += len(b.moves)
	r.Attendances += len(b.attendances)
	r.Assessments += len(b.outcomes.Assessments)
	r.FollowUps += len(b.outcomes.FollowUps)
	r.Attempts += len(b.outcomes.Attempts)
	r.Completions += len(b.outcomes.Completed)
	r.Events += b.told
}

// String is what whoever started the demo reads.
func (r Report) String() string {
	return fmt.Sprintf("The demo is loaded, and all of it is made up: %s people at %d sites with %d link workers, %d organisations offering %d services, %s referrals and signposts, %s assessments, %s follow-ups of which %s are completed.",
		thousands(r.Patients), r.Sites, r.LinkWorkers, r.Organisations, r.Services, thousands(r.Referrals), thousands(r.Assessments), thousands(r.FollowUps), thousands(r.Completions))
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
