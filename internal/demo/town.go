package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"waypost/internal/directory"
	"waypost/internal/outcomes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/sites"
)

// town is one site: who works there, and what there is near it.
type town struct {
	place
	*world
	dice
	site     sites.Site
	workers  []sites.LinkWorker
	byOffer  map[string]uuid.UUID // the organisation behind an offer's "by"
	services []service
	byNeed   map[string][]int // which services serve a need, the popular ones more than once
}

// service is one that people of the town are referred to.
type service struct {
	directory.Service
	few     bool // a person comes two or three times
	answers bool // by itself over the API; others by telephone to the link worker
}

const (
	running = 850 // days that the sites have been running: a little longer than the oldest story
	each    = 300 // people whom a link worker supports in that time, at a large site
)

// found makes the n-th site, for so many people.
func (w *world) found(n, people int) *town {
	p := places[n]
	opened := w.today.AddDays(-running)
	at := w.moment(roll(w.seed, -n-1), opened)
	t := &town{
		place:   p,
		world:   w,
		dice:    roll(w.seed, -n-100),
		byOffer: map[string]uuid.UUID{},
		byNeed:  map[string][]int{},
	}
	t.site = sites.Site{ID: db.IDAt(at), Version: 1, CreatedAt: at, UpdatedAt: at, Details: sites.Details{
		Name:                p.Name,
		Code:                p.Code,
		ODSCode:             &p.ODSCode,
		TimeZone:            timeZone,
		ChaseDays:           db.Ints{5, 10},
		ExpiryDays:          14,
		DisclosureThreshold: 8,
		AttemptsWanted:      3,
		ContactDays:         28,
		ReminderDays:        db.Ints{14},
		PrivacyNoticeURL: new(
			sites.ExampleNotice,
		),
		Controller: new(p.Name + " Primary Care Network"),
		KeptFor:    new("for 8 years after your support ends"),
		Phone:      new(fmt.Sprintf("01632 960%03d", 900+n)),
	}}
	m := sites.M9To12
	m.SiteID = t.site.ID
	t.site.Schedules = []sites.Schedule{m}
	for i, name := range t.staff(people) {
		at := at.Add(time.Duration(i+1) * time.Hour)
		email := strings.ToLower(
			strings.ReplaceAll(name, " ", "."),
		) + "@" + strings.ReplaceAll(
			p.Code,
			"_",
			"-",
		) + ".example"
		t.workers = append(
			t.workers,
			sites.LinkWorker{
				ID:        db.IDAt(at),
				SiteID:    t.site.ID,
				Version:   1,
				CreatedAt: at,
				UpdatedAt: at,
				LinkWorkerDetails: sites.LinkWorkerDetails{
					Name:   name,
					Email:  email,
					Phone:  new(workPhone(n, i)),
					Active: new(true),
				},
			},
		)
	}
	return t
}

// staff are the names of the site's link workers: those of its page of places, and as many more as a large site needs.
func (t *town) staff(people int) []string {
	all := slices.Clone(t.LinkWorkers)
	for n := len(all); n < people/each; n++ {
		h := pick(t.dice, names)
		// the number tells namesakes apart
		all = append(all, fmt.Sprintf("%s %s-%d", pick(t.dice, h.Female), pick(t.dice, h.Family), n+1))
	}
	return all
}

// write writes the site and its link workers, as an administrator set them up.
func (t *town) write(tx *db.Tx, log *events.Log) error {
	if err := tx.Create(&t.site).Error; err != nil {
		return err
	}
	if err := tx.Create(&t.site.Schedules).Error; err != nil {
		return err
	}
	log.Record(
		as(tx, administrator, t.site.CreatedAt),
		events.SiteAdded,
		events.Subject{ID: t.site.ID, SiteID: t.site.ID},
		nil,
	)
	for _, w := range t.workers {
		log.Record(
			as(tx, administrator, w.CreatedAt),
			events.LinkWorkerAdded,
			events.Subject{ID: w.ID, SiteID: t.site.ID},
			nil,
		)
	}
	return tx.Create(&t.workers).Error
}

var administrator = actor.Actor{Role: actor.Administrator}

// schedule is the site's own, as follow-ups are planned from it.
func (t *town) schedule() outcomes.Schedule {
	m := t.site.Schedules[0]
	return outcomes.Schedule{
		Code:         m.Code,
		Anchor:       m.Anchor,
		OpensAfter:   m.OpensAfter,
		TargetAfter:  m.TargetAfter,
		ClosesAfter:  m.ClosesAfter,
		AnalysisFrom: m.AnalysisFrom,
		AnalysisTo:   m.AnalysisTo,
	}
}

// worker is who supports the n-th person: the first link worker every other one, until there are as many as one can
// support; the others share the rest.
func (t *town) worker(n int) *uuid.UUID {
	if len(t.workers) == 1 || n%2 == 0 && n < 2*each {
		return &t.workers[0].ID
	}
	turn := n
	if n < 2*each {
		turn = n / 2 // every other one is the first's
	}
	return &t.workers[1+turn%(len(t.workers)-1)].ID
}

// serves draws a service for a need, other than the one given. What nobody serves goes to the community connector.
func (t *town) serves(d dice, need string, not *uuid.UUID) service {
	if len(t.byNeed[need]) == 0 {
		need = "not_yet_known"
	}
	for range 8 {
		s := t.services[pick(d, t.byNeed[need])]
		if not == nil || s.ID != *not {
			return s
		}
	}
	return t.services[pick(d, t.byNeed["not_yet_known"])]
}

// postcode looks like one, and is none: no place has the area ZZ.
func postcode(d dice) string {
	const letters = "ABDEFGHJLN"
	return fmt.Sprintf("ZZ99 %d%c%c", d.IntN(10), letters[d.IntN(len(letters))], letters[d.IntN(len(letters))])
}

// workPhone is the number of a site's link worker, as landline, made without dice so that the rest of a
// demo stays as it was.
func workPhone(site, worker int) string { return fmt.Sprintf("01632 960%03d", (100*site+worker)%1000) }

// landline is of the range that Ofcom keeps free for drama.
func landline(d dice) string { return fmt.Sprintf("+441632960%03d", d.IntN(1000)) }

// mobile is of the range that Ofcom keeps free for drama.
func mobile(d dice) string { return fmt.Sprintf("+447700900%03d", d.IntN(1000)) }

// moment is when on a day something was recorded: in the afternoon, after any meeting of that day.
func (w *world) moment(d dice, on day.Date) time.Time {
	return on.In(w.zone).Add(13*time.Hour + time.Duration(d.between(0, 4*3600))*time.Second).UTC()
}

// meeting is when on a day somebody was first met or asked how they are: in the morning, so that what
// follows from it comes later.
func (w *world) meeting(d dice, on day.Date) time.Time {
	return on.In(w.zone).Add(9*time.Hour + time.Duration(d.between(0, 3*3600))*time.Second).UTC()
}

// as is the transaction as if it were somebody else's, at another time: what is recorded with it says so.
func as(tx *db.Tx, who actor.Actor, at time.Time) *db.Tx {
	then := *tx
	then.Actor, then.Now = who, at
	return &then
}
