// Package partners holds the credentials by which people and systems reach Waypost.
package partners

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/tink-crypto/tink-go/v2/tink"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/outward"
	"waypost/internal/platform/patch"
	"waypost/internal/platform/secret"
)

// Store keeps API keys, the feed of events, and webhooks.
type Store struct {
	DB     *db.DB
	Target *outward.Client // where webhooks may lead
	Cipher tink.AEAD       // encrypts webhooks' secrets in the database; nil: no master key is set, and they are kept as they are
}

// Key is a credential. The secret itself is shown once, when it is made, and stored only as a hash.
type Key struct {
	ID uuid.UUID `json:"id" format:"uuid" doc:"The key's id."`
	NewKey
	PartnerID uuid.UUID  `json:"partner_id" format:"uuid" doc:"Whose key it is: those that replace one another share it, and with it webhooks and cursors."`
	Hint      string     `json:"hint" doc:"The last four characters, to tell keys apart." example:"x7Qa"`
	RevokedAt *time.Time `json:"revoked_at" doc:"When it was revoked."`
	Version   int        `json:"version" doc:"Rises with each change." example:"1"`
	CreatedAt time.Time  `json:"created_at" gorm:"autoCreateTime:false" doc:"When it was made."`
	UpdatedAt time.Time  `json:"updated_at" gorm:"autoUpdateTime:false" doc:"When it last changed."`
	Secret    string     `json:"key,omitempty" gorm:"-" doc:"The key itself, in the answer that made it and never again." example:"wp_…"`
	KeyHash   []byte     `json:"-"`
	CreatedBy *uuid.UUID `json:"-"`
}

func (Key) TableName() string { return "api_keys" }

// WithoutSecret is the answer as it may be kept.
func (k Key) WithoutSecret() any {
	k.Secret = ""
	return k
}

// NewKey is the command to make a key. What it needs besides a role depends on the role.
type NewKey struct {
	Role actor.Role `json:"role" enum:"link_worker,site_manager,integration,organisation,dashboard,researcher,data_steward,administrator" doc:"What kind of user it is for." example:"dashboard"`
	Details
	SiteIDs        db.IDs     `json:"site_ids" required:"false" format:"uuid" maxItems:"200" doc:"The sites it reaches: exactly one for a link worker; one or more for site_manager and integration; all sites when a dashboard names none."`
	OrganisationID *uuid.UUID `json:"organisation_id" required:"false" nullable:"true" format:"uuid" doc:"Of the role organisation: which."`
	ProjectIDs     db.IDs     `json:"project_ids" required:"false" format:"uuid" maxItems:"200" doc:"Of the role researcher: whose releases it reads."`
	LinkWorkerID   *uuid.UUID `json:"link_worker_id" required:"false" nullable:"true" format:"uuid" doc:"Of the role link_worker: who."`
	Replaces       *uuid.UUID `json:"replaces" required:"false" nullable:"true" format:"uuid" doc:"The key whose place this one takes, of the same role and reach: it has the same webhooks and goes on with the same cursors. The older one works until it is revoked."`
}

// Details is what may be changed of a key.
type Details struct {
	Label     string    `json:"label" minLength:"1" pattern:"\\S" patternDescription:"text that is not blank" maxLength:"200" doc:"What it is for, in words." example:"Partner dashboard"`
	ExpiresOn *day.Date `json:"expires_on" required:"false" format:"date" doc:"The last day it works, in UTC; it does not end when left out."`
}

// Changes is a merge patch.
type Changes = patch.Merge[Details]

// Add makes a key. The answer alone holds its secret.
func (s *Store) Add(ctx context.Context, n NewKey) (k Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if err := n.check(tx); err != nil {
			return err
		}
		key := NewSecret()
		k = Key{ID: tx.NewID(), NewKey: n, Hint: key[len(key)-4:], Secret: key, KeyHash: secret.Hash(key), Version: 1, CreatedBy: tx.Actor.Key(), CreatedAt: tx.Now, UpdatedAt: tx.Now}
		if k.PartnerID, err = n.partner(tx, k.ID); err != nil {
			return err
		}
		if err := tx.Create(&k).Error; err != nil {
			return err
		}
		for _, project := range k.ProjectIDs {
			if err := events.Record(tx, "project.member_added", events.Subject{Type: "project", ID: project}, events.Data{"api_key_id": k.ID.String()}); err != nil {
				return err
			}
		}
		return events.Record(tx, "api_key.added", k.subject(), events.Data{"role": string(k.Role)})
	})
	return k, err
}

func (n *NewKey) check(tx *db.Tx) error {
	var c fault.Checks
	one, some := len(n.SiteIDs) == 1, len(n.SiteIDs) > 0
	switch n.Role {
	case actor.LinkWorker:
		c.Require(one, "site_ids", "names exactly one site for a link worker")
		c.Require(n.LinkWorkerID != nil, "link_worker_id", "is needed for a link worker")
	case actor.SiteManager, actor.Integration:
		c.Require(some, "site_ids", "names at least one site for this role")
	case actor.Organisation:
		c.Require(n.OrganisationID != nil, "organisation_id", "is needed for an organisation")
	}
	misplaced := some && n.Role != actor.LinkWorker && n.Role != actor.SiteManager && n.Role != actor.Integration && n.Role != actor.Dashboard
	c.Require(!misplaced, "site_ids", "goes with the roles link_worker, site_manager, integration and dashboard only")
	c.Require(n.LinkWorkerID == nil || n.Role == actor.LinkWorker, "link_worker_id", "goes with the role link_worker only")
	c.Require(n.OrganisationID == nil || n.Role == actor.Organisation, "organisation_id", "goes with the role organisation only")
	c.Require(len(n.ProjectIDs) == 0 || n.Role == actor.Researcher, "project_ids", "goes with the role researcher only")
	c.Require(!n.Details.past(tx), "expires_on", "lies in the past")
	if err := c.Err(); err != nil {
		return err
	}
	return n.exist(tx)
}

func (d Details) past(tx *db.Tx) bool {
	return d.ExpiresOn != nil && d.ExpiresOn.Before(day.Of(tx.Now))
}

// exist asks whether the things the key names are there.
func (n *NewKey) exist(tx *db.Tx) error {
	var c fault.Checks
	ask := func(field, sql string, args ...any) error {
		var ok bool
		err := tx.Raw("select "+sql, args...).Scan(&ok).Error
		c.Require(ok, field, "names something that does not exist")
		return err
	}
	if err := ask("site_ids", "(select count(*) from sites where id = any(?::uuid[])) = ?", n.SiteIDs, len(n.SiteIDs)); err != nil {
		return err
	}
	if err := ask("project_ids", "projects_there(?::uuid[]) = ?", n.ProjectIDs, len(n.ProjectIDs)); err != nil {
		return err
	}
	if n.OrganisationID != nil {
		if err := ask("organisation_id", "exists (select from organisations where id = ?)", *n.OrganisationID); err != nil {
			return err
		}
	}
	if n.LinkWorkerID != nil {
		if err := ask("link_worker_id", "exists (select from link_workers where site_id = ? and id = ?)", n.SiteIDs[0], *n.LinkWorkerID); err != nil {
			return err
		}
	}
	return c.Err()
}

// partner is whose key it will be: of a new partner, or of the one whose key it replaces.
func (n *NewKey) partner(tx *db.Tx, own uuid.UUID) (uuid.UUID, error) {
	if n.Replaces == nil {
		return own, nil
	}
	var found []Key
	if err := tx.Where("id = ?", *n.Replaces).Find(&found).Error; err != nil {
		return own, err
	}
	if len(found) == 0 {
		return own, fault.InvalidAt("replaces", "names something that does not exist")
	}
	k := found[0]
	alike := k.Role == n.Role && sameIDs(k.SiteIDs, n.SiteIDs) && sameIDs(k.ProjectIDs, n.ProjectIDs) &&
		text(k.OrganisationID) == text(n.OrganisationID) && text(k.LinkWorkerID) == text(n.LinkWorkerID)
	if !alike {
		return own, fault.InvalidAt("replaces", "names a key of another role or reach")
	}
	return k.PartnerID, nil
}

func sameIDs(a, b db.IDs) bool {
	for _, id := range a {
		if !slices.Contains(b, id) {
			return false
		}
	}
	return len(a) == len(b)
}

// List returns keys by id, after the id given; all, or those of a role.
func (s *Store) List(ctx context.Context, role actor.Role, page db.Page[uuid.UUID]) (list []Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		return tx.Where("id > ? and (role = ? or ? = '')", page.After, role, role).Order("id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// Get returns a key, without its secret, which nobody has.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (k Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		k, err = db.First[Key](tx.Where("id = ?", id), "API key")
		return err
	})
	return k, err
}

// Change applies a merge patch to the version the caller read. Fault: conflict (it was revoked).
func (s *Store) Change(ctx context.Context, id uuid.UUID, version int, c Changes) (k Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if k, err = hold(tx, id); err != nil {
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
		if k.past(tx) && (before == nil || *before != *k.ExpiresOn) {
			return fault.InvalidAt("expires_on", "lies in the past")
		}
		return k.save(tx, "api_key.changed")
	})
	return k, err
}

// hold finds a key and holds its row until the transaction ends.
func hold(tx *db.Tx, id uuid.UUID) (Key, error) {
	return db.First[Key](tx.Where("id = ?", id).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), "API key")
}

func (k *Key) save(tx *db.Tx, kind string) error {
	k.Version, k.UpdatedAt = k.Version+1, tx.Now
	if err := tx.Model(k).Where("id = ?", k.ID).Select("label", "expires_on", "revoked_at", "version", "updated_at").Updates(k).Error; err != nil {
		return err
	}
	return events.Record(tx, kind, k.subject(), nil)
}

// Revoke ends a key at once, for good. Revoking it again changes nothing.
func (s *Store) Revoke(ctx context.Context, id uuid.UUID) error {
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		k, err := hold(tx, id)
		if err != nil || k.RevokedAt != nil {
			return err
		}
		k.RevokedAt = &tx.Now
		return k.save(tx, "api_key.revoked")
	})
}

func (k Key) subject() events.Subject { return events.Subject{Type: "api_key", ID: k.ID} }

// NewSecret makes a key's secret.
func NewSecret() string { return secret.New("wp_") }

// Admit begins the transaction of a request by its credential (see db.Admit). A partner system may name the link worker
// on whose behalf it acts. Faults: unauthenticated (unknown, revoked or expired: which is not told), forbidden (the role may
// act for nobody), invalid (no active link worker of the credential's sites).
func (s *Store) Admit(ctx context.Context, key string, behalf *uuid.UUID) (_ context.Context, leave func(), err error) {
	hash, now := secret.Hash(key), s.DB.Clock.Now()
	return s.DB.Admit(ctx, "select * from enter($1, $2)", []any{hash, behalf}, func(row pgx.Row) (a actor.Actor, err error) {
		var k Key
		var worker *string
		err = row.Scan(&k.ID, &k.KeyHash, &k.Role, &k.Label, (*[]uuid.UUID)(&k.SiteIDs), &k.OrganisationID, (*[]uuid.UUID)(&k.ProjectIDs), &k.LinkWorkerID, &k.ExpiresOn, &k.RevokedAt, &worker)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && (subtle.ConstantTimeCompare(k.KeyHash, hash) != 1 || !k.worksOn(now)) {
			return a, fault.New(fault.Unauthenticated, "This needs a valid API key: Authorization: Bearer wp_…")
		}
		if err != nil {
			return a, err
		}
		a = actor.Actor{Role: k.Role, KeyID: k.ID, Label: k.Label, Sites: k.SiteIDs, Projects: k.ProjectIDs, LinkWorkerID: k.LinkWorkerID, OrganisationID: k.OrganisationID, ExpiresOn: k.ExpiresOn}
		return onBehalf(a, behalf, worker)
	})
}

// Answers makes the beginning of a request, by a key that nobody has. The error is nil when the database answers it.
func (s *Store) Answers(ctx context.Context) error {
	_, leave, err := s.Admit(ctx, "", nil)
	leave()
	if fault.Is(err, fault.Unauthenticated) {
		return nil
	}
	return err
}

// onBehalf lets a partner system act for a link worker of its sites, of whom the database says what they are.
func onBehalf(a actor.Actor, worker *uuid.UUID, is *string) (actor.Actor, error) {
	switch {
	case worker == nil:
		return a, nil
	case a.Role != actor.Integration:
		return a, fault.New(fault.Forbidden, "Only the role integration may act on behalf of a link worker.")
	case *is == "unknown":
		return a, fault.New(fault.Invalid, "Waypost-On-Behalf-Of names no link worker of the credential's sites.")
	case *is == "inactive":
		return a, fault.New(fault.Invalid, "Waypost-On-Behalf-Of names a link worker who is not active.")
	}
	a.LinkWorkerID, a.OnBehalf = worker, true
	return a, nil
}

func (k Key) worksOn(now time.Time) bool { return k.State(now) == "works" }

// State is whether a key works, as a code: works, expired, revoked.
func (k Key) State(now time.Time) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.ExpiresOn != nil && day.Of(now).After(*k.ExpiresOn):
		return "expired"
	default:
		return "works"
	}
}
