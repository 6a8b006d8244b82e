package partners

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Event is what partners are told of one: that it happened, to what, and where to read more. It says
// nothing of a person.
type Event struct {
	// The event's id; also the webhook-id of its deliveries.
	ID uuid.UUID `json:"id" format:"uuid"`
	// What happened.
	Type string `json:"type" example:"referral.accepted"`
	// The thing it happened to.
	Subject events.SubjectRef `json:"subject" gorm:"embedded;embeddedPrefix:subject_"`
	// The site whose record it is about; null: the directory or the installation.
	SiteID *uuid.UUID `json:"site_id" nullable:"true" format:"uuid"`
	// When it happened.
	OccurredAt time.Time `json:"occurred_at"`
	// When it was recorded.
	RecordedAt time.Time `json:"recorded_at"`
	// Where its reader can read more.
	Links Links `json:"links" gorm:"-"`

	PatientID  *uuid.UUID `json:"-"`
	ReferralID *uuid.UUID `json:"-"`
	Position   int64      `json:"-"`
	Matches    bool       `json:"-"`
	Looked     int        `json:"-"` // how many were looked at for the page
}

// Links are paths of this API.
type Links struct {
	// The thing it happened to, or the list that it is in; left out where the reader may not read it.
	Subject string `json:"subject,omitempty" example:"/v1/referrals/01938c2e-7a40-7000-8000-000000000009"`
	// The referral that it is about, where there is one.
	Referral string `json:"referral,omitempty"`
}

// Feed is a page of events.
type Feed struct {
	Items []Event
	Next  Cursor // where the next page begins
	More  bool   // whether there may be more already
}

// Cursor is a place in the feed of one partner: after the event of that position. It holds nothing that a
// dump and restore changes.
type Cursor struct {
	Partner  uuid.UUID
	Position int64     // 0: the beginning
	Event    uuid.UUID // the one at the position, so that a feed that was set back by a restore is noticed
}

func (c Cursor) String() string {
	b := append(c.Partner[:], c.Event[:]...)
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, uint64(c.Position)))
}

// ParseCursor reads what String wrote.
func ParseCursor(text string) (c Cursor, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 40 {
		return c, false
	}
	c.Partner, c.Event, c.Position = uuid.UUID(b[:16]), uuid.UUID(b[16:32]), int64(binary.BigEndian.Uint64(b[32:]))
	return c, c.Position >= 0
}

// reach is whose events somebody is told of.
type reach struct {
	Role           actor.Role
	SiteIDs        db.IDs
	OrganisationID *uuid.UUID
	base           string // what the paths that it is shown begin with
}

func (s *Store) reachOf(a actor.Actor) reach { return reach{a.Role, a.Sites, a.OrganisationID, s.Base} }

const feedColumns = "id, type, subject_type, subject_id, site_id, patient_id, referral_id, occurred_at, recorded_at, position"

// after is the query for the events after a position, in order, so many at most.
func (r reach) after(position int64, most int) (sql string, args []any) {
	const rest = " position > ? order by position limit ?"
	switch {
	case r.Role == actor.Administrator:
		return "select " + feedColumns + " from events where" + rest, []any{position, most}
	case r.Role == actor.DataSteward: // keys, projects and the directory
		return "select " + feedColumns + " from events where site_id is null and" + rest, []any{position, most}
	case r.OrganisationID != nil:
		return "select " + feedColumns + " from events where told_organisation_id = ? and" + rest, []any{
			*r.OrganisationID,
			position,
			most,
		}
	default: // a site after the other, so that each is read in the order of its index
		return "select e.* from unnest(?::uuid[]) site cross join lateral (select " + feedColumns +
				" from events where site_id = site and" + rest + ") e order by position limit ?",
			[]any{
				r.SiteIDs,
				position,
				most,
				most,
			}
	}
}

// looked is how many events one page looks at for those of the types that were asked for.
const looked = 2000

// page returns the events after the cursor that are of the types. It ends after the last of them, or, where types were
// named and there are fewer than limit, after the last that was looked at.
func (r reach) page(tx *db.Tx, from Cursor, types db.Texts, limit int) (Feed, error) {
	f, most := Feed{Items: []Event{}, Next: from}, limit
	if !everything(types) {
		most = max(limit, looked)
	}
	exact, family := families(types)
	seen, args := r.after(from.Position, most)
	args = append(append([]any{everything(types), exact, family}, args...), limit+1)
	var rows []Event
	err := tx.Raw("select * from (select *, (? or type = any(?::text[]) or split_part(type, '.', 1) = any(?::text[])) as "+
		"matches, max(position) over () as last, count(*) over () as looked from ("+
		seen+") seen) seen where matches or position = last order by position limit ?", args...).
		Scan(&rows).
		Error
	for _, e := range rows {
		if f.More = e.Looked == most; len(f.Items) == limit {
			f.More = true
			break
		}
		f.Next.Position, f.Next.Event = e.Position, e.ID
		if e.Matches {
			e.Links = r.links(e)
			f.Items = append(f.Items, e)
		}
	}
	return f, err
}

// Events returns a page of the caller's feed, from its beginning without a cursor. Faults: invalid (a cursor of another
// partner, or one that was made up), conflict (the feed was set back: see place).
func (s *Store) Events(ctx context.Context, cursor string, types db.Texts, limit int) (f Feed, err error) {
	if err := checkTypes(types, "query.types"); err != nil {
		return f, err
	}
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if tx.Standby.Is && tx.Actor.Role == actor.Integration {
			return db.ErrStandby // how far it reads must be noted
		}
		from, wait, err := place(tx, cursor, "query.cursor")
		if err == nil && wait && !tx.Standby.Is { // there the leader publishes
			err = s.publishNow(tx)
		}
		if err != nil {
			return err
		}
		if f, err = s.reachOf(tx.Actor).page(tx, from, types, limit); err != nil {
			return err
		}
		return f.noteRead(tx)
	})
	return f, err
}

// noteRead notes how far a partner system has read: who has received what was on the wrong record is known by it. A page
// without events tells nobody anything.
func (f Feed) noteRead(tx *db.Tx) error {
	if tx.Actor.Role != actor.Integration || len(f.Items) == 0 {
		return nil
	}
	now := tx.Now
	return tx.WithCommit(func(tx *gorm.DB) *gorm.DB {
		return tx.Exec(`insert into feed_reads (partner_id, position, read_at) values (?, ?, ?)
			on conflict (partner_id) do update
			set position = greatest(feed_reads.position, excluded.position), read_at = excluded.read_at`,
			f.Next.Partner, f.Items[len(f.Items)-1].Position, now)
	})
}

// place is where a cursor of the caller's points to. A restore of an older dump takes away events that a
// partner has read already, and gives their positions to others: the event of the cursor is not there then,
// and nothing may be passed over silently. wait tells in the same round trip whether anything waits to be
// published.
func place(tx *db.Tx, text, location string) (c Cursor, wait bool, err error) {
	var own struct {
		Partner uuid.UUID
		There   bool
	}
	c, ok := ParseCursor(text)
	err = tx.Raw("select caller_partner(), ? = 0 or exists (select from events where position = ? and id = ?), events_wait()",
		c.Position, c.Position, c.Event).
		Row().
		Scan(&own.Partner, &own.There, &wait)
	if err != nil {
		return c, wait, err
	}
	switch {
	case text == "":
		return Cursor{Partner: own.Partner}, wait, nil
	case !ok:
		return c, wait, fault.New(fault.Invalid, "The cursor is none of this feed's. Start again without it.").
			At(location, fault.WrongFormat, "is no cursor of this feed, or was cut off")
	case c.Partner != own.Partner:
		return c, wait, fault.New(fault.Invalid, "The cursor belongs to another partner: each has a feed of its own.").
			At(location, fault.WrongFormat, "belongs to another partner")
	case !own.There:
		return c, wait, fault.New(fault.Conflict,
			"The event of this cursor is not in the feed: the database was set back to an older state. Start "+
				"again without a cursor, and compare by event id.").
			At(location, fault.UnknownReference, "points to an event that is not there")
	}
	return c, wait, nil
}
