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
	// The person's telephone number, in E.164, or as it was written.
	Phone *string `json:"phone" example:"+447700900123"`
	// The postcode of the home.
	Postcode *string `json:"postcode" example:"ZZ99 3WZ"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// Who supports the person.
	LinkWorkerID uuid.UUID `json:"link_worker_id" format:"uuid"`
	// Who stands in for them today, where somebody does.
	CoveredByLinkWorkerID *uuid.UUID `json:"covered_by_link_worker_id" gorm:"-" nullable:"true" format:"uuid"`
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
	// concerns, then what the list puts first, then people who are supported, then people whom nobody supports any more
	Rank int       `json:"r"`
	Due  day.Date  `json:"d"`
	ID   uuid.UUID `json:"i"`
	AsOf time.Time `json:"n"`
}

// queryRow is a row as the query returns it: with its place in the list, and what its reason and next day are made of.
type queryRow struct {
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
	due   string // the day that the list is sorted by,
	key   string // and then by this; empty: nothing
	why   func(queryRow) string
	next  func(queryRow) *Due
	may   func(queryRow) []string
}

// Of finds a list by its name.
func Of(name string) (List, error) {
	at := slices.IndexFunc(lists, func(l List) bool { return l.Name == name })
	if at < 0 {
		return List{}, fault.Missing("worklist")
	}
	return lists[at], nil
}

// Narrow says which rows of the caseload to show, and in which order; the zero Narrow: all, by what is due next.
type Narrow struct {
	Q        string   // words of the person's names
	Needs    []string // any of these, the primary one or another
	Statuses []string // of the episode, any of these
	Sort     string   // one of the keys of sorts
}

// sorts are the orders that the caseload can have beside that of what is due: by a day, which stands in for the day that
// is due, or by names. Rows with a concern lead in each.
var sorts = map[string]struct{ due, key string }{
	"due":             {},
	"name":            {"date '9999-12-31'", "fold_name(concat_ws(' ', p.family_name, p.given_name))"},
	"received_on":     {"l.received_on", ""},
	"last_contact_on": {"coalesce(l.reached_on, date '1900-01-01')", ""},
}

// by is the list in another order. Fault: invalid (only the caseload can be narrowed or sorted).
func (l List) by(n Narrow) (List, error) {
	if l.Name != "caseload" {
		for parameter, asked := range map[string]bool{
			"q": n.Q != "", "need": len(n.Needs) > 0, "status": len(n.Statuses) > 0, "sort": n.Sort != "",
		} {
			if asked {
				return l, fault.New(fault.Invalid, "The query is not right.").
					At("query."+parameter, fault.NotAllowed, "goes with the list caseload alone")
			}
		}
		return l, nil
	}
	if s := sorts[n.Sort]; s.due != "" {
		l.due, l.key = s.due, s.key
	}
	return l, nil
}

// narrow adds what is asked for to the scope.
func (n Narrow) narrow(of *scope, args map[string]any) {
	of.Words, of.Needs, of.Statuses = n.Q != "", len(n.Needs) > 0, len(n.Statuses) > 0
	args["q"], args["needs"], args["statuses"] = n.Q, db.Texts(n.Needs), db.Texts(n.Statuses)
}

// Rows reads a list after a position, the most urgent first, and counts all of it. Without a worker it is of the
// actor's own people, if the actor is a link worker.
func (s *Store) Rows(
	ctx context.Context,
	l List,
	n Narrow,
	worker *uuid.UUID,
	page db.Page[Position],
) (rows []PositionedRow, total int, err error) {
	if l, err = l.by(n); err != nil {
		return nil, 0, err
	}
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		asOf := page.After.AsOf
		if asOf.IsZero() {
			asOf = tx.Now
		}
		covers, err := prepare(tx, asOf)
		if err != nil {
			return err
		}
		of, args, err := scopeOf(tx, worker, covers, asOf)
		if err != nil {
			return err
		}
		n.narrow(&of, args)
		after := page.After.ID != uuid.Nil
		if after {
			args["rank"], args["due"], args["id"] = page.After.Rank, page.After.Due, page.After.ID
		}
		args["limit"] = page.Limit
		var list []queryRow
		if err := tx.Query(l.page(of, after), args).Scan(&list).Error; err != nil {
			return err
		}
		total = list[0].Total
		for _, f := range list {
			if f.Subject.ID != uuid.Nil { // a page without rows holds one empty row, with the total
				f.CoveredByLinkWorkerID = covers.By(f.SiteID, f.LinkWorkerID, f.EpisodeID)
				rows = append(rows, l.positioned(f, asOf))
			}
		}
		return events.ReadAll(
			tx,
			"worklist_"+l.Name,
			rows,
			func(r PositionedRow) (site, patient uuid.UUID) { return r.SiteID, r.PatientID },
		)
	})
	return rows, total, err
}

// PositionedRow is a row with its position.
type PositionedRow struct {
	Row
	At Position
}

func (l List) positioned(f queryRow, asOf time.Time) PositionedRow {
	f.Why, f.NextDue, f.May = l.why(f), l.next(f), l.may(f)
	return PositionedRow{f.Row, Position{f.Rank, f.DueOn, f.Subject.ID, asOf}}
}

// Counts returns how many are on each list, by its name.
func (s *Store) Counts(ctx context.Context, worker *uuid.UUID) (n map[string]int, err error) {
	n = map[string]int{}
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		covers, err := prepare(tx, tx.Now)
		if err != nil {
			return err
		}
		of, args, err := scopeOf(tx, worker, covers, tx.Now)
		if err != nil {
			return err
		}
		var found []struct {
			Name string
			N    int
		}
		err = tx.Query(counts(of, worker != nil), args).Scan(&found).Error
		for _, f := range found {
			n[f.Name] = f.N
		}
		return err
	})
	return n, err
}

// Warnings returns what is wrong with the set-up of the caller's sites: without a privacy notice a site can make no
// link to a person's own page.
func (s *Store) Warnings(ctx context.Context) (out []fault.Warning, err error) {
	out = []fault.Warning{}
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var without []string
		err := tx.Raw("select name from sites where id = any(?::uuid[]) and privacy_notice_url is null order by name, id",
			db.IDs(tx.Actor.Sites)).
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

// prepare makes PostgreSQL plan each list once for a connection, not for each call: with the policies of all its tables,
// planning a list takes longer than running it, and the plan is the same for all callers. In the same round trip it
// reads who stands in for whom.
func prepare(tx *db.Tx, at time.Time) (covers db.Covers, err error) {
	err = tx.Raw(`select c.* from (select set_config('plan_cache_mode', 'force_generic_plan', true)) plans
		left join covers_at(?) c on true`, at).
		Scan(&covers).
		Error
	return slices.DeleteFunc(covers, func(c db.Cover) bool { return c.SiteID == uuid.Nil }), err
}

// rank is the SQL of Position.Rank.
func (l List) rank() string {
	first := "false"
	if l.first != "" {
		first = l.first
	}
	return "case when l.safeguarding then 0 when " + first + " then 1 when l.unsupported then 3 else 2 end"
}

// scope is whose rows a list holds.
type scope struct {
	Worker bool // of the link worker in the parameter worker; else of everybody
	Covers bool // and of the episodes in the parameter covered, for which that link worker stands in

	Words, Needs, Statuses bool // the caseload: only those of the parameters q, needs, statuses
}

// page is the query of a page of a list, from its beginning or after a row.
func (l List) page(of scope, after bool) sqlfile.Text {
	return files.Render(
		"page.sql.tmpl",
		map[string]any{"List": l.sql(of), "Rank": l.rank(), "Due": l.due, "Key": l.key, "After": after},
	)
}

// sql is the SQL of a list.
func (l List) sql(of scope) string { return files.Make(l.Name+".sql.tmpl", of) }

// scopeOf returns the scope of a list for the actor, and its parameters.
func scopeOf(
	tx *db.Tx,
	worker *uuid.UUID,
	covers db.Covers,
	asOf time.Time,
) (of scope, args map[string]any, err error) {
	worker = workerOrOwn(tx, worker)
	args = argsOf(tx, worker, asOf)
	if of.Worker = worker != nil; of.Worker {
		covered, err := covers.Episodes(tx, *worker, asOf)
		if err != nil {
			return of, args, err
		}
		of.Covers, args["covered"] = len(covered) > 0, covered
	}
	return of, args, nil
}

func argsOf(tx *db.Tx, worker *uuid.UUID, asOf time.Time) map[string]any {
	args := map[string]any{"sites": db.IDs(tx.Actor.Sites), "at": asOf}
	if worker != nil {
		args["worker"] = *worker
	}
	return args
}

// workerOrOwn returns the named link worker, or else the actor itself if it is one; nil: everybody at its sites.
func workerOrOwn(tx *db.Tx, named *uuid.UUID) *uuid.UUID {
	if named != nil {
		return named
	}
	return tx.Actor.Own()
}
