package casework

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/sqlfile"
)

//go:embed *.sql
var folder embed.FS

var files = sqlfile.Load(folder)

// NewHandover is the command to hand a link worker's work over, for good or while they are away.
type NewHandover struct {
	// Whose work it is. A link worker hands over their own; a site manager that of anybody at the site.
	FromLinkWorkerID uuid.UUID `json:"from_link_worker_id" format:"uuid"`
	// Who takes all of it, or the episodes in episode_ids; in place of shares.
	ToLinkWorkerID *uuid.UUID `json:"to_link_worker_id,omitempty" nullable:"true" format:"uuid"`
	// Who takes which episodes, where several share them; in place of to_link_worker_id. An episode that
	// no share names stays where it is.
	Shares []Share `json:"shares,omitempty" minItems:"1" maxItems:"50"`
	// The episodes alone that to_link_worker_id takes; all when left out.
	EpisodeIDs []uuid.UUID `json:"episode_ids,omitempty" minItems:"1" maxItems:"1000"`
	// Why, in free text; not blank.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"1000" example:"Leaves the team."`
	// With it, it is cover: the last day on which somebody stands in. Both see the work on their lists,
	// nothing moves, and it ends by itself. Not before today, and within a year.
	Until *day.Date `json:"until,omitempty" format:"date"`
	// Say what would move, and change nothing.
	DryRun bool `json:"dry_run,omitempty"`
}

// Share is what one of several takes.
type Share struct {
	// Who takes them.
	LinkWorkerID uuid.UUID `json:"link_worker_id" format:"uuid"`
	// Which episodes.
	EpisodeIDs []uuid.UUID `json:"episode_ids" minItems:"1" maxItems:"1000"`
}

// Handover is work that somebody else took over, or that somebody stands in for.
type Handover struct {
	HandoverDetails
	Left `gorm:"-"`
	// Each of these, by episode.
	Items []HandoverItem `json:"items" gorm:"-"`
}

// Left counts what there is to do with somebody's people.
type Left struct {
	// How many open episodes.
	Episodes int `json:"episodes" example:"12"`
	// How many referrals of which something is still expected, also of closed episodes.
	Referrals int `json:"referrals" example:"4"`
	// How many follow-ups that are due or overdue, also of closed episodes.
	FollowUps int `json:"follow_ups" example:"3"`
	// How many open concerns, also of closed episodes.
	Concerns int `json:"concerns" example:"0"`
	// How many follow-ups of closed episodes that are not due yet, and would otherwise come due on
	// nobody's list.
	FollowUpsToCome int `json:"follow_ups_to_come" example:"5"`
}

// HandoverDetails is who handed over, when and why.
type HandoverDetails struct {
	// The handover's id; null: nothing was changed, since dry_run was asked for.
	ID *uuid.UUID `json:"id" nullable:"true" format:"uuid"`
	// The site.
	SiteID uuid.UUID `json:"site_id" format:"uuid"`
	// Whose work it was, or is where somebody stands in.
	FromLinkWorkerID uuid.UUID `json:"from_link_worker_id" format:"uuid"`
	// Why the work was handed over, or is covered.
	Reason string `json:"reason"`
	// The last day of cover; null: the work changed hands.
	Until *day.Date `json:"until" format:"date" gorm:"column:until_on"`
	// When somebody ended the cover before that day.
	EndedAt *time.Time `json:"ended_at"`
	// Who recorded it.
	By actor.By `json:"by" gorm:"-"`
	// When it was recorded.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`

	ActorRole    actor.Role `json:"-"`
	ActorKeyID   *uuid.UUID `json:"-"`
	LinkWorkerID *uuid.UUID `json:"-"`
	OnBehalf     bool       `json:"-"`
}

func (HandoverDetails) TableName() string { return "handovers" }

// HandoverItem is one thing that is handed over. It goes with its episode.
type HandoverItem struct {
	// What it is. follow_up_to_come: a follow-up of a closed episode that is not due yet.
	Kind string `json:"kind" enum:"episode,referral,follow_up,concern,follow_up_to_come"`
	// Its id.
	ID uuid.UUID `json:"id" format:"uuid" gorm:"column:subject_id"`
	// The episode.
	EpisodeID uuid.UUID `json:"episode_id" format:"uuid"`
	// The person.
	PatientID uuid.UUID `json:"patient_id" format:"uuid" gorm:"->"`
	// Who takes it, or stands in.
	ToLinkWorkerID uuid.UUID `json:"to_link_worker_id" format:"uuid" gorm:"column:link_worker_id"`

	SiteID     uuid.UUID `json:"-"`
	HandoverID uuid.UUID `json:"-"`
}

// longestCover is how many days somebody can stand in: for longer, the work is handed over.
const longestCover = 366

// HandOver hands a link worker's work over: all of it happens, or nothing. With until, nothing moves. Faults: not_found
// (the link worker), forbidden (somebody else's work), invalid (who takes it, the episodes), conflict (somebody stands
// in for them already, or an episode changed hands meanwhile).
func (s *Store) HandOver(ctx context.Context, n NewHandover) (h Handover, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		from, err := workerForUpdate(tx, n.FromLinkWorkerID)
		if err != nil {
			return err
		}
		if err := mayHandOver(tx, from.ID); err != nil {
			return err
		}
		h.HandoverDetails = HandoverDetails{
			SiteID:           from.SiteID,
			FromLinkWorkerID: from.ID,
			Reason:           n.Reason,
			Until:            n.Until,
			CreatedAt:        tx.Now,
			UpdatedAt:        tx.Now,
			ActorRole:        tx.Actor.Role,
			ActorKeyID:       tx.Actor.Key(),
			LinkWorkerID:     tx.Actor.LinkWorkerID,
			OnBehalf:         tx.Actor.OnBehalf,
		}
		today, err := tx.Today(from.SiteID)
		if err != nil {
			return err
		}
		if err := n.check(tx, from.SiteID, today); err != nil {
			return err
		}
		if h.Items, err = workOf(tx, from, today); err != nil {
			return err
		}
		if err := n.share(&h); err != nil {
			return err
		}
		h.show()
		if !n.DryRun {
			if n.Until == nil && len(h.Items) == 0 { // cover is also of what comes meanwhile
				return fault.New(fault.Conflict, "This link worker has nothing to hand over.")
			}
			if err := h.write(tx, n, today); err != nil {
				return err
			}
		}
		return h.noteRead(tx)
	})
	return h, err
}

// worker is a link worker whose work is handed over.
type worker struct{ SiteID, ID uuid.UUID }

func (worker) TableName() string { return "link_workers" }

// workerForUpdate finds a link worker of the actor's sites, and lets two handovers of one follow each other.
func workerForUpdate(tx *db.Tx, id uuid.UUID) (worker, error) {
	return db.FindForUpdate[worker](tx, "link worker", id)
}

// mayHandOver refuses a link worker to hand over the work of another.
func mayHandOver(tx *db.Tx, from ...uuid.UUID) error {
	own := tx.Actor.LinkWorkerID
	if tx.Actor.Role != actor.LinkWorker || own != nil && slices.Contains(from, *own) {
		return nil
	}
	return fault.New(fault.Forbidden, "A link worker hands over their own work: ask the manager of the site.")
}

// check looks at all that does not depend on what there is to hand over.
func (n NewHandover) check(tx *db.Tx, site uuid.UUID, today day.Date) error {
	var c fault.Checks
	c.Require(n.ToLinkWorkerID != nil || len(n.Shares) > 0, "to_link_worker_id", fault.Required, "or shares is needed")
	c.Require(
		n.ToLinkWorkerID == nil || len(n.Shares) == 0,
		"shares",
		fault.NotAllowed,
		"does not go with to_link_worker_id: one or the other",
	)
	c.Require(
		len(n.EpisodeIDs) == 0 || len(n.Shares) == 0,
		"episode_ids",
		fault.NotAllowed,
		"goes with to_link_worker_id: each of the shares names its own",
	)
	if n.Until != nil {
		c.Require(!n.Until.Before(today), "until", fault.OutOfRange, "lies before today")
		c.Require(
			!n.Until.After(today.AddDays(longestCover)),
			"until",
			fault.OutOfRange,
			"lies more than a year ahead: hand the work over without it",
		)
	}
	active, err := activeWorkers(tx, site, n.takers())
	if err != nil {
		return err
	}
	for at, to := range n.takers() {
		field := "to_link_worker_id"
		if n.ToLinkWorkerID == nil {
			field = fmt.Sprintf("shares[%d].link_worker_id", at)
		}
		c.Require(to != n.FromLinkWorkerID, field, fault.NotAllowed, "is the one who hands over")
		c.Require(slices.Contains(active, to), field, fault.UnknownReference, "is no active link worker of this site")
	}
	return c.Err()
}

// takers are those who take the work, in the order of the request.
func (n NewHandover) takers() (list []uuid.UUID) {
	if n.ToLinkWorkerID != nil {
		list = append(list, *n.ToLinkWorkerID)
	}
	for _, share := range n.Shares {
		list = append(list, share.LinkWorkerID)
	}
	return list
}

// activeWorkers are those of the link workers who are active at the site; they stay so until the transaction ends.
func activeWorkers(tx *db.Tx, site uuid.UUID, ids []uuid.UUID) (active []uuid.UUID, err error) {
	err = tx.Model(&worker{}).
		Where("site_id = ? and id = any(?::uuid[]) and active", site, db.IDs(ids)).
		Clauses(clause.Locking{Strength: "SHARE"}).
		Order("id").
		Pluck("id", &active).
		Error
	return active, err
}

func workOf(tx *db.Tx, from worker, today day.Date) (list []HandoverItem, err error) {
	args := map[string]any{"site": from.SiteID, "worker": from.ID, "today": today}
	err = tx.Query(files.SQL("handover.sql"), args).Scan(&list).Error
	return list, err
}

// share says who takes each item, and drops what stays where it is. Faults: invalid (an episode that is not theirs, that
// has nothing left to do, or that is named twice).
func (n NewHandover) share(h *Handover) error {
	var c fault.Checks
	to := map[uuid.UUID]uuid.UUID{}
	name := func(field string, taker uuid.UUID, ids []uuid.UUID) {
		for i, id := range ids {
			_, twice := to[id]
			at := fmt.Sprintf("%s[%d]", field, i)
			c.Require(!twice, at, fault.Duplicate, "is named twice")
			has := func(item HandoverItem) bool { return item.EpisodeID == id }
			c.Require(
				slices.ContainsFunc(h.Items, has),
				at,
				fault.UnknownReference,
				"is no episode of this link worker with anything left to do",
			)
			to[id] = taker
		}
	}
	for i, share := range n.Shares {
		name(fmt.Sprintf("shares[%d].episode_ids", i), share.LinkWorkerID, share.EpisodeIDs)
	}
	if n.ToLinkWorkerID != nil {
		name("episode_ids", *n.ToLinkWorkerID, n.EpisodeIDs)
	}
	if err := c.Err(); err != nil {
		return err
	}
	if n.whole() {
		for i := range h.Items {
			h.Items[i].ToLinkWorkerID = *n.ToLinkWorkerID
		}
		return nil
	}
	kept := []HandoverItem{}
	for _, item := range h.Items {
		if taker, moves := to[item.EpisodeID]; moves {
			item.ToLinkWorkerID = taker
			kept = append(kept, item)
		}
	}
	h.Items = kept
	return nil
}

// whole reports whether one link worker takes all of the work.
func (n NewHandover) whole() bool { return n.ToLinkWorkerID != nil && len(n.EpisodeIDs) == 0 }

// show counts the items.
func (h *Handover) show() {
	h.showBy()
	h.Items = append([]HandoverItem{}, h.Items...)
	h.Left = count(h.Items)
}

func count(items []HandoverItem) (n Left) {
	of := map[string]*int{
		"episode":           &n.Episodes,
		"referral":          &n.Referrals,
		"follow_up":         &n.FollowUps,
		"concern":           &n.Concerns,
		"follow_up_to_come": &n.FollowUpsToCome,
	}
	for _, item := range items {
		*of[item.Kind]++
	}
	return n
}

// StillTheirs counts what a handover of a link worker would be about. Any caller may know it, since it holds only numbers.
func (s *Store) StillTheirs(ctx context.Context, site, id uuid.UUID) (n Left, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.As(actor.Actor{Role: actor.System, Job: "open-work", Sites: []uuid.UUID{site}}, func() error {
			today, err := tx.Today(site)
			if err != nil {
				return err
			}
			items, err := workOf(tx, worker{site, id}, today)
			n = count(items)
			return err
		})
	})
	return n, err
}

func (h *HandoverDetails) showBy() {
	h.By = actor.By{Role: h.ActorRole, LinkWorkerID: h.LinkWorkerID, OnBehalf: h.OnBehalf}
}

// write records the handover, and moves the episodes or begins the cover.
func (h *Handover) write(tx *db.Tx, n NewHandover, today day.Date) error {
	id := tx.NewID()
	h.ID = &id
	if err := tx.Create(h).Error; err != nil {
		return err
	}
	for i := range h.Items {
		h.Items[i].SiteID, h.Items[i].HandoverID = h.SiteID, id
	}
	if len(h.Items) > 0 {
		if err := tx.CreateInBatches(h.Items, 1000).Error; err != nil {
			return err
		}
	}
	if n.Until != nil {
		return h.beginCover(tx, n, today)
	}
	return h.move(tx)
}

// episodes are the episodes of the items, each once, and who takes it.
func (h *Handover) episodes() (ids, takers db.IDs, of []HandoverItem) {
	for _, item := range h.Items {
		if len(ids) == 0 || ids[len(ids)-1] != item.EpisodeID { // the items are in the order of episodes
			ids, takers, of = append(ids, item.EpisodeID), append(takers, item.ToLinkWorkerID), append(of, item)
		}
	}
	return ids, takers, of
}

// move gives the episodes to those who take them.
func (h *Handover) move(tx *db.Tx) error {
	ids, takers, of := h.episodes()
	moved := tx.Exec(`update episodes e set link_worker_id = t.taker, version = e.version + 1, updated_at = ?
		from unnest(?::uuid[], ?::uuid[]) t (id, taker)
		where e.site_id = ? and e.id = t.id and e.link_worker_id = ?`, tx.Now, ids, takers, h.SiteID, h.FromLinkWorkerID)
	if moved.Error != nil {
		return moved.Error
	}
	if int(moved.RowsAffected) != len(ids) {
		return fault.New(fault.Conflict, "Somebody else gave one of the episodes away meanwhile. Ask again what there is.")
	}
	return h.recordEvents(tx, events.EpisodeHandedOver, of, nil)
}

// beginCover has somebody stand in from today on.
func (h *Handover) beginCover(tx *db.Tx, n NewHandover, today day.Date) error {
	ids, takers, of := h.episodes()
	var running bool
	err := tx.Raw(`select exists (select from covers where site_id = ? and from_link_worker_id = ? and ends_on >= ?
		and (? or episode_id is null or episode_id = any(?::uuid[])))`,
		h.SiteID, h.FromLinkWorkerID, today, n.whole(), ids).
		Scan(&running).
		Error
	if err != nil {
		return err
	}
	if running {
		return fault.New(fault.Conflict, "Somebody stands in for this work already: end that cover first.")
	}
	one := cover{
		SiteID:           h.SiteID,
		HandoverID:       *h.ID,
		FromLinkWorkerID: h.FromLinkWorkerID,
		StartsOn:         today,
		EndsOn:           *n.Until,
	}
	var all []cover
	if n.whole() {
		one.ID, one.LinkWorkerID = tx.NewID(), *n.ToLinkWorkerID
		all = append(all, one)
	} else {
		for i := range ids {
			one.ID, one.LinkWorkerID, one.EpisodeID = tx.NewID(), takers[i], &ids[i]
			all = append(all, one)
		}
	}
	if err := tx.CreateInBatches(all, 1000).Error; err != nil {
		return err
	}
	return h.recordEvents(tx, events.EpisodeCovered, of, events.Data{"until": n.Until.String()})
}

// recordEvents puts onto the timeline of each episode from whom to whom it went.
func (h *Handover) recordEvents(tx *db.Tx, kind events.Kind, of []HandoverItem, more events.Data) error {
	var log events.Log
	for _, item := range of {
		data := events.Data{
			"handover_id":         h.ID.String(),
			"from_link_worker_id": h.FromLinkWorkerID.String(),
			"to_link_worker_id":   item.ToLinkWorkerID.String(),
		}
		for name, value := range more {
			data[name] = value
		}
		log.Record(tx, kind, events.Subject{ID: item.EpisodeID, SiteID: h.SiteID, PatientID: item.PatientID}, data)
	}
	return log.Write(tx)
}

// noteRead notes whose work was shown.
func (h *Handover) noteRead(tx *db.Tx) error {
	return events.ReadAll(
		tx,
		"handover",
		h.Items,
		func(i HandoverItem) (site, patient uuid.UUID) { return h.SiteID, i.PatientID },
	)
}

// Handover returns a handover and what it was about.
func (s *Store) Handover(ctx context.Context, id uuid.UUID) (h Handover, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if h, err = db.Find[Handover](tx, "handover", id); err != nil {
			return err
		}
		return h.read(tx)
	})
	return h, err
}

// read reads what a handover was about.
func (h *Handover) read(tx *db.Tx) error {
	err := tx.Raw(`select i.*, e.patient_id from handover_items i
		join episodes e on e.site_id = i.site_id and e.id = i.episode_id
		where i.site_id = ? and i.handover_id = ? order by i.episode_id, i.kind, i.subject_id`, h.SiteID, h.ID).
		Scan(&h.Items).
		Error
	if err != nil {
		return err
	}
	h.show()
	return h.noteRead(tx)
}

// Handovers lists the handovers of the actor's sites by id, after the id given, without what each was about.
func (s *Store) Handovers(ctx context.Context, page db.Page[uuid.UUID]) (list []HandoverDetails, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		err := tx.InSites().Where("id > ?", page.After).Order("id").Scopes(page.Cut).Find(&list).Error
		for i := range list {
			list[i].showBy()
		}
		return err
	})
	return list, err
}

// EndCover ends a cover before its day: from now on nobody stands in. Faults: not_found, forbidden (a cover of others),
// conflict (the work changed hands, or the cover is over).
func (s *Store) EndCover(ctx context.Context, id uuid.UUID) (h Handover, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if h, err = db.FindForUpdate[Handover](tx, "handover", id); err != nil {
			return err
		}
		if err := h.read(tx); err != nil {
			return err
		}
		_, takers, _ := h.episodes()
		if err := mayHandOver(tx, append(takers, h.FromLinkWorkerID)...); err != nil {
			return err
		}
		today, err := tx.Today(h.SiteID)
		if err != nil {
			return err
		}
		switch {
		case h.Until == nil:
			return fault.New(fault.Conflict, "The work changed hands: hand it over to whoever is to have it.")
		case h.EndedAt != nil || h.Until.Before(today):
			return fault.New(fault.Conflict, "This cover is over.")
		}
		h.EndedAt, h.UpdatedAt = &tx.Now, tx.Now
		var running []cover
		if err := tx.Where("site_id = ? and handover_id = ?", h.SiteID, h.ID).Find(&running).Error; err != nil {
			return err
		}
		return endCovers(tx, running, today)
	})
	return h, err
}
