// Package worklists says what a link worker has to do today: who is on which list, why, and what comes
// next. It only reads; nothing is stored or enqueued for it, so that a list is right whatever went wrong
// the day before.
package worklists

import (
	"context"
	"embed"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/sqlfile"
)

//go:embed *.sql.tmpl
var folder embed.FS

var files = sqlfile.Load(folder)

// Store reads worklists.
type Store struct{ DB *db.DB }

// Row is somebody on a worklist.
type Row struct {
	// What the row is about: an episode, a referral or a follow-up.
	Subject events.SubjectRef `json:"subject" gorm:"embedded;embeddedPrefix:subject_"`
	// The site whose record this is.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// The person.
	PatientID uuid.UUID `json:"patient_id" format:"uuid"`
	// What they are called: the preferred or else the given name, and the family name.
	Name string `json:"name" example:"Mary Example"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// Who supports the person.
	LinkWorkerID uuid.UUID `json:"link_worker_id" format:"uuid"`
	// An answer of the episode is a safeguarding concern that nobody has marked as seen. Such rows
	// come first.
	Safeguarding bool `json:"safeguarding"`
	// Why the row is on the list, in a line.
	Why string `json:"why" gorm:"-" example:"Sent 12 days ago to Example Lunch Club, which has not answered."`
	// What is due next; null: nothing has a day.
	NextDue *Due     `json:"next_due" format:"or-null" gorm:"-"`
	May     []string `json:"-" gorm:"-"` // what can be done, as operations of the API
}

// Due is something that has a day.
type Due struct {
	// What is due. first_contact: the person waits since that day. contact, holding: to be reached
	// again, or while they wait. follow_up: best asked. follow_up_closes: the last day to ask. chase:
	// the organisation is asked again. expiry: silence expires the referral. answer: of an expired
	// referral, since when to ask by telephone, or withdraw it; in caseload, when a silent referral
	// expires. closure: the person died then, and the episode is open. question: an organisation's
	// question waits since then.
	What string `json:"what" enum:"first_contact,contact,holding,follow_up,follow_up_closes,chase,expiry,answer,closure,question"`
	// The day; one that has passed is overdue since then.
	On day.Date `json:"on" format:"date"`
}

// Position is a place in a worklist. AsOf pins the day that the list is of, and the concerns that were open,
// so that one read over midnight is one list.
type Position struct {
	Rank int       `json:"r"` // concerns, then what the list puts first, then those who are supported, then those whom nobody supports any more
	Due  day.Date  `json:"d"`
	ID   uuid.UUID `json:"i"`
	AsOf time.Time `json:"n"`
}

// found is a row as the database tells it: with where it stands in its list, and what its why and its next
// day are made of.
type found struct {
	Row
	Total int
	Rank  int
	DueOn day.Date

	Today          day.Date
	Status         string
	Organisation   string
	Shared         bool // consent to share with organisations stands
	Code           string
	ExpectedWait   *string
	Attempts       int
	OpenReferrals  int
	AttemptedOn    *day.Date
	ReceivedOn     day.Date
	PausedOn       *day.Date
	BaselineOn     *day.Date
	MetOn          *day.Date // first contact, or baseline
	DiedOn         *day.Date
	ClosedOn       *day.Date
	ReachedOn      *day.Date
	FirstContactOn *day.Date
	ContactOn      *day.Date
	FollowUpOn     *day.Date
	AnswerOn       *day.Date
	SentOn         day.Date
	ExpiryOn       day.Date
	ChaseOn        *day.Date
	OpensOn        day.Date
	TargetOn       day.Date
	ClosesOn       day.Date
	QuestionOn     *day.Date // when the oldest question that waits was asked
	WaitingSince   day.Date
	HeldOn         *day.Date
	ExpectedStart  *day.Date `gorm:"column:expected_start_on"`
}

// List is one of the worklists.
type List struct {
	Name  string
	About string
	first string // which rows come before others, after those with a concern; empty: none
	due   string // the day that the list is sorted by
	why   func(found) string
	next  func(found) *Due
	may   func(found) []string
}

// Lists are all of them, by name.
func Lists() []List { return lists }

// Of finds a list by its name.
func Of(name string) (List, error) {
	at := slices.IndexFunc(lists, func(l List) bool { return l.Name == name })
	if at < 0 {
		return List{}, fault.Missing("worklist")
	}
	return lists[at], nil
}

// Rows reads a list after the position given, the most urgent first, and how many are on it. A link
// worker's own people when nobody says whose.
func (s *Store) Rows(
	ctx context.Context,
	l List,
	worker *uuid.UUID,
	page db.Page[Position],
) (rows []Placed, total int, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		asOf := page.After.AsOf
		if asOf.IsZero() {
			asOf = tx.Now
		}
		of, args := whose(tx, worker, asOf)
		after := page.After.ID != uuid.Nil
		if after {
			args["rank"], args["due"], args["id"] = page.After.Rank, page.After.Due, page.After.ID
		}
		args["limit"] = page.Limit
		if err := planOnce(tx); err != nil {
			return err
		}
		var list []found
		if err := tx.Query(l.page(of, after), args).Scan(&list).Error; err != nil {
			return err
		}
		total = list[0].Total
		for _, f := range list {
			if f.Subject.ID != uuid.Nil { // a page of nobody says how many there are all the same
				rows = append(rows, l.placed(f, asOf))
			}
		}
		return events.ReadAll(
			tx,
			"worklist_"+l.Name,
			rows,
			func(r Placed) (site, patient uuid.UUID) { return r.SiteID, r.PatientID },
		)
	})
	return rows, total, err
}

// Placed is a row and where it stands.
type Placed struct {
	Row
	At Position
}

func (l List) placed(f found, asOf time.Time) Placed {
	f.Why, f.NextDue, f.May = l.why(f), l.next(f), l.may(f)
	return Placed{f.Row, Position{f.Rank, f.DueOn, f.Subject.ID, asOf}}
}

// Counts are how many are on each list, by its name.
func (s *Store) Counts(ctx context.Context, worker *uuid.UUID) (n map[string]int, err error) {
	n = map[string]int{}
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		of, args := whose(tx, worker, tx.Now)
		if err := planOnce(tx); err != nil {
			return err
		}
		var found []struct {
			Name string
			N    int
		}
		err := tx.Query(counts(of), args).Scan(&found).Error
		for _, f := range found {
			n[f.Name] = f.N
		}
		return err
	})
	return n, err
}

// Warnings says what keeps the caller's sites from working as they should, beside the lists: a site without
// a privacy notice can ask nobody by a link.
func (s *Store) Warnings(ctx context.Context) (out []fault.Warning, err error) {
	out = []fault.Warning{}
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var without []string
		err := tx.Raw("select name from sites where id = any(?::uuid[]) and privacy_notice_url is null order by name, id", db.IDs(tx.Actor.Sites)).
			Scan(&without).
			Error
		for _, name := range without {
			out = append(
				out,
				fault.Warning{
					Code: "no_privacy_notice",
					Detail: name + " has no privacy notice: no link to a person's own page can be made, and invitations wait " +
						"until an administrator sets privacy_notice_url of the site.",
				},
			)
		}
		return err
	})
	return out, err
}

// planOnce lets the lists be planned once for a connection, and not for each reader: to plan one, with the
// policies of every table in it, takes longer than to run it, and the plan is the same whoever asks.
func planOnce(tx *db.Tx) error {
	return tx.Exec("set local plan_cache_mode = force_generic_plan").Error
}

// rank is the first thing that a list is sorted by.
func (l List) rank() string {
	first := "false"
	if l.first != "" {
		first = l.first
	}
	return "case when l.safeguarding then 0 when " + first + " then 1 when l.unsupported then 3 else 2 end"
}

// people are whose rows a list is asked for.
type people struct {
	Worker bool // one link worker's, whom the parameter worker names; else everybody's
}

// page is the query of a page of a list, from its beginning or after a row.
func (l List) page(of people, after bool) sqlfile.Text {
	return files.Render(
		"page.sql.tmpl",
		map[string]any{"List": l.sql(of), "Rank": l.rank(), "Due": l.due, "After": after},
	)
}

// sql is the SQL of a list.
func (l List) sql(of people) string { return files.Make(l.Name+".sql.tmpl", of) }

// counts is the query of how many are on each list.
func counts(of people) sqlfile.Text {
	type list struct{ Name, SQL string }
	var all []list
	for _, l := range lists {
		all = append(all, list{l.Name, l.sql(of)})
	}
	return files.Render("counts.sql.tmpl", map[string]any{"Lists": all})
}

// whose is for whom a list is asked, and the parameters of that.
func whose(tx *db.Tx, worker *uuid.UUID, asOf time.Time) (of people, args map[string]any) {
	args = map[string]any{"sites": db.IDs(tx.Actor.Sites), "at": asOf}
	if worker = orOwn(tx, worker); worker != nil {
		args["worker"] = *worker
	}
	return people{Worker: worker != nil}, args
}

// orOwn is the link worker whose people are asked for: the actor's own when none is named; nil: everybody at its sites.
func orOwn(tx *db.Tx, named *uuid.UUID) *uuid.UUID {
	if named != nil {
		return named
	}
	return tx.Actor.Own()
}
