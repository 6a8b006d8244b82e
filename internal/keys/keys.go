// Package keys turns a credential into the actor behind it: an API key, a person's link to a follow-up, or an
// organisation's link to a referral. It keeps the API keys: who may make, confirm, change and end one.
package keys

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/secret"
)

// Store keeps API keys.
type Store struct {
	DB *db.DB

	organisations recentHashes // of keys that are organisations': their requests begin on the pool for outsiders
}

// Key is a credential. The secret itself is shown once, when it is made, and stored only as a hash.
type Key struct {
	// The key's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	NewKey
	// Where it stands; only one that works is a credential, and with any other every call is 401.
	// pending: it opens people's records, and waits for its confirmation. inactive: the link worker
	// or the organisation it is for is no longer active. expired: its last day has passed. revoked:
	// it was ended, for good.
	State KeyState `json:"state" gorm:"->;-:migration" enum:"pending,works,inactive,expired,revoked" example:"works"`
	// Whose key it is: those that replace one another share it, and with it webhooks and cursors.
	PartnerID uuid.UUID `json:"partner_id" format:"uuid"`
	// The last four characters, to tell keys apart.
	Hint string `json:"hint" example:"x7Qa"`
	// The key that made it; null: it was made on the server.
	CreatedBy *NamedKey `json:"created_by" gorm:"->;-:migration;column:maker" format:"or-null"`
	// The key that confirmed it; null: nobody has, or it was made on the server, or a key of its role
	// needs no confirmation.
	ConfirmedBy *NamedKey `json:"confirmed_by" gorm:"->;-:migration;column:confirmer" format:"or-null"`
	// When it was confirmed; of a key that waited for nobody, when it was made. null: it is pending.
	ConfirmedAt *time.Time `json:"confirmed_at"`
	// When it was last used for a call that was not refused. It is noted hourly: it may be an hour
	// older than the last call. null: never.
	LastUsedAt *time.Time `json:"last_used_at"`
	// When it was revoked.
	RevokedAt *time.Time `json:"revoked_at"`
	// Rises with each change.
	Version int `json:"version" example:"1"`
	// When it was made.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`
	// The key itself, in the answer that made it and never again.
	Secret      string     `json:"key,omitempty" gorm:"-" example:"wp_…"`
	KeyHash     []byte     `json:"-"`
	CreatedByID *uuid.UUID `json:"-" gorm:"column:created_by"`
	ConfirmerID *uuid.UUID `json:"-" gorm:"column:confirmed_by"`
}

// Revision is another after each change.
func (k Key) Revision() int64 { return int64(k.Version) }

func (Key) TableName() string { return "api_keys" }

// WithoutSecret is the answer as it may be stored for repeats.
func (k Key) WithoutSecret() any {
	k.Secret = ""
	return k
}

// NewKey is the command to make a key. What it needs besides a role depends on the role.
type NewKey struct {
	// What kind of user it is for.
	Role actor.Role `json:"role" enum:"link_worker,site_manager,integration,organisation,dashboard,researcher,data_steward,administrator"`
	Details
	// The sites it reaches: exactly one for a link worker; one or more for site_manager and
	// integration; all sites when a dashboard names none.
	SiteIDs db.IDs `json:"site_ids" required:"false" format:"uuid" maxItems:"200"`
	// Of the role organisation: which. It must not be inactive; the key ends with it.
	OrganisationID *uuid.UUID `json:"organisation_id" required:"false" nullable:"true" format:"uuid"`
	// Of the role researcher: whose releases it reads.
	ProjectIDs db.IDs `json:"project_ids" required:"false" format:"uuid" maxItems:"200"`
	// Of the role link_worker: who. Of the role site_manager it may name a manager who is a link
	// worker of one of its sites, so that events name them. They must be active; the key ends with
	// them.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" required:"false" nullable:"true" format:"uuid"`
	// The key whose place this one takes, of the same role and reach: it has the same webhooks and
	// goes on with the same cursors. Where the older one works, this one needs no confirmation, and
	// the older one works for seven more days at most.
	Replaces *uuid.UUID `json:"replaces" required:"false" nullable:"true" format:"uuid"`
}

// Details is what may be changed of a key.
type Details struct {
	// What it is for, in words.
	Label string `json:"label" pattern:"\\S" maxLength:"200" example:"Partner dashboard"`
	// The last day it works, at the first of its sites (Europe/London where it names none). A key
	// that is made without one works for a year. In a PATCH null takes it away: the key then works
	// until it is revoked.
	ExpiresOn *day.Date `json:"expires_on" required:"false" format:"date"`
}

// Changes is a merge patch.
type Changes = patch.Merge[Details]

// Add makes a key. The answer alone holds its secret. One that opens people's records is pending, unless it
// is made on the server or takes the place of one that works. Faults: invalid (what it names, also somebody
// who is not active).
func (s *Store) Add(ctx context.Context, n NewKey) (k Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if err := n.check(tx); err != nil {
			return err
		}
		if n.ExpiresOn == nil {
			today, err := tx.TodayAt(n.SiteIDs)
			if err != nil {
				return err
			}
			n.ExpiresOn = new(today.Add(day.Period{Months: 12}))
		}
		key := NewSecret()
		k = Key{
			ID:          tx.NewID(),
			NewKey:      n,
			Hint:        key[len(key)-4:],
			KeyHash:     secret.Hash(key),
			Version:     1,
			CreatedByID: tx.Actor.Key(),
			CreatedAt:   tx.Now,
			UpdatedAt:   tx.Now,
		}
		k.PartnerID = k.ID
		old, err := n.lockReplaced(tx)
		if err != nil {
			return err
		}
		if old != nil {
			k.PartnerID = old.PartnerID
		}
		replaces := old != nil && old.State == Works
		if tx.Actor.Role == actor.System || !n.opensRecords() || replaces {
			k.ConfirmedAt = &tx.Now
		}
		if err := tx.Create(&k).Error; err != nil {
			return err
		}
		if replaces {
			if err := old.expireSoon(tx, k.ID); err != nil {
				return err
			}
		}
		if k, err = one(view(tx), k.ID); err != nil {
			return err
		}
		k.Secret = key
		return k.recordAdded(tx)
	})
	return k, err
}

// recordAdded records that the key was made, and the projects of a researcher's key that works at once.
func (k *Key) recordAdded(tx *db.Tx) error {
	if k.State == Works {
		if err := k.recordProjects(tx); err != nil {
			return err
		}
	}
	return events.Record(
		tx,
		events.APIKeyAdded,
		k.subject(),
		events.Data{"role": string(k.Role), "state": string(k.State)},
	)
}

// recordProjects records which projects a researcher's key reaches from now on.
func (k *Key) recordProjects(tx *db.Tx) error {
	for _, project := range k.ProjectIDs {
		if err := events.Record(
			tx,
			events.ProjectMemberAdded,
			events.Subject{ID: project},
			events.Data{"api_key_id": k.ID.String()},
		); err != nil {
			return err
		}
	}
	return nil
}

func (n *NewKey) check(tx *db.Tx) error {
	var c fault.Checks
	one, some := len(n.SiteIDs) == 1, len(n.SiteIDs) > 0
	switch n.Role {
	case actor.LinkWorker:
		c.Require(one, "site_ids", fault.Required, "names exactly one site for a link worker")
		c.Require(n.LinkWorkerID != nil, "link_worker_id", fault.Required, "is needed for a link worker")
	case actor.SiteManager, actor.Integration:
		c.Require(some, "site_ids", fault.Required, "names at least one site for this role")
	case actor.Organisation:
		c.Require(n.OrganisationID != nil, "organisation_id", fault.Required, "is needed for an organisation")
	}
	misplaced := some && n.Role != actor.LinkWorker && n.Role != actor.SiteManager && n.Role != actor.Integration &&
		n.Role != actor.Dashboard
	c.Require(
		!misplaced,
		"site_ids",
		fault.NotAllowed,
		"goes with the roles link_worker, site_manager, integration and dashboard only",
	)
	c.Require(
		n.LinkWorkerID == nil || n.Role == actor.LinkWorker || n.Role == actor.SiteManager,
		"link_worker_id",
		fault.NotAllowed,
		"goes with the roles link_worker and site_manager only",
	)
	c.Require(
		n.OrganisationID == nil || n.Role == actor.Organisation,
		"organisation_id",
		fault.NotAllowed,
		"goes with the role organisation only",
	)
	c.Require(
		len(n.ProjectIDs) == 0 || n.Role == actor.Researcher,
		"project_ids",
		fault.NotAllowed,
		"goes with the role researcher only",
	)
	past, err := n.expiresInPast(tx)
	if err != nil {
		return err
	}
	c.Require(!past, "expires_on", fault.OutOfRange, "lies in the past")
	if err := c.Err(); err != nil {
		return err
	}
	return n.checkReferences(tx)
}

func (n *NewKey) expiresInPast(tx *db.Tx) (bool, error) {
	today, err := tx.TodayAt(n.SiteIDs)
	return n.ExpiresOn != nil && n.ExpiresOn.Before(today), err
}

// checkReferences checks that what the key names exists, and that whoever it is for is active.
func (n *NewKey) checkReferences(tx *db.Tx) error {
	var c fault.Checks
	ask := func(field, wrong, sql string, args ...any) error {
		var ok bool
		err := tx.Raw("select "+sql, args...).Scan(&ok).Error
		c.Require(ok, field, fault.UnknownReference, wrong)
		return err
	}
	const missing = "names something that does not exist"
	const inactive = "names somebody who does not exist there, or is not active"
	if err := ask(
		"site_ids",
		missing,
		"(select count(*) from sites where id = any(?::uuid[])) = ?",
		n.SiteIDs,
		len(n.SiteIDs),
	); err != nil {
		return err
	}
	if err := ask(
		"project_ids",
		missing,
		"projects_there(?::uuid[]) = ?",
		n.ProjectIDs,
		len(n.ProjectIDs),
	); err != nil {
		return err
	}
	if n.OrganisationID != nil {
		if err := ask(
			"organisation_id",
			inactive,
			"exists (select from organisations where id = ? and status <> 'inactive')",
			*n.OrganisationID,
		); err != nil {
			return err
		}
	}
	if n.LinkWorkerID != nil {
		if err := ask(
			"link_worker_id",
			inactive,
			"exists (select from link_workers where site_id = any(?::uuid[]) and id = ? and active)",
			n.SiteIDs,
			*n.LinkWorkerID,
		); err != nil {
			return err
		}
	}
	return c.Err()
}

// Filter narrows a list of keys; an empty field matches every key.
type Filter struct {
	Role  actor.Role
	State KeyState
}

// List returns the keys that the actor may see by id, after the id given.
func (s *Store) List(ctx context.Context, by Filter, page db.Page[uuid.UUID]) (list []Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		q := view(tx).Where("id > ?", page.After)
		if by.Role != "" {
			q = q.Where("role = ?", by.Role)
		}
		if by.State != "" {
			q = q.Where("key_state(api_keys, ?) = ?", tx.Now, by.State)
		}
		return q.Order("id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// Get returns a key, without its secret, which is not stored.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (k Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		k, err = one(view(tx), id)
		return err
	})
	return k, err
}

// view selects the keys that the actor may see, with their state and who made and confirmed them. A manager sees those
// that reach only their own sites, as row-level security says too.
func view(tx *db.Tx) *gorm.DB {
	q := tx.Select(
		"*, key_state(api_keys, ?) as state, key_named(created_by) as maker, key_named(confirmed_by) as confirmer",
		tx.Now,
	)
	if tx.Actor.Role == actor.SiteManager {
		q = q.Where("site_ids <> '{}' and site_ids <@ ?::uuid[]", db.IDs(tx.Actor.Sites))
	}
	return q
}

func one(q *gorm.DB, id uuid.UUID) (Key, error) {
	return db.First[Key](q.Where("id = ?", id), "API key")
}

// Change applies a merge patch to the version the caller read. Fault: conflict (it was revoked, or another
// took its place and it would work longer).
func (s *Store) Change(ctx context.Context, id uuid.UUID, version int, c Changes) (k Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if k, err = forUpdate(tx, id); err != nil {
			return err
		}
		if err := db.Match(version, k.Version); err != nil {
			return err
		}
		if k.RevokedAt != nil {
			return fault.New(fault.Conflict, "The key was revoked, for good: make another.")
		}
		before := k.ExpiresOn
		if k.Details, err = c.Apply(k.Details); err != nil {
			return err
		}
		past, err := k.expiresInPast(tx)
		if err != nil {
			return err
		}
		if past && (before == nil || *before != *k.ExpiresOn) {
			return fault.InvalidAt("expires_on", fault.OutOfRange, "lies in the past")
		}
		if before != nil && (k.ExpiresOn == nil || k.ExpiresOn.After(*before)) {
			if err := k.checkNotReplaced(tx); err != nil {
				return err
			}
		}
		if err := k.save(tx, events.APIKeyChanged, nil); err != nil {
			return err
		}
		k, err = one(view(tx), id) // it may work again
		return err
	})
	return k, err
}

// forUpdate finds a key and locks its row until the transaction ends.
func forUpdate(tx *db.Tx, id uuid.UUID) (Key, error) {
	return one(view(tx).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), id)
}

func (k *Key) save(tx *db.Tx, kind events.Kind, data events.Data) error {
	k.Version, k.UpdatedAt = k.Version+1, tx.Now
	err := tx.Model(k).
		Where("id = ?", k.ID).
		Select("label", "expires_on", "revoked_at", "confirmed_at", "confirmed_by", "version", "updated_at").
		Updates(k).
		Error
	if err != nil {
		return err
	}
	return events.Record(tx, kind, k.subject(), data)
}

// Revoke ends a key at once, for good. Revoking it again changes nothing.
func (s *Store) Revoke(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		k, err := forUpdate(tx, id)
		if err != nil || k.RevokedAt != nil {
			return err
		}
		k.RevokedAt = &tx.Now
		return k.save(tx, events.APIKeyRevoked, nil)
	})
}

func (k Key) subject() events.Subject { return events.Subject{ID: k.ID} }

// NewSecret makes a key's secret.
func NewSecret() string { return secret.New("wp_") }
