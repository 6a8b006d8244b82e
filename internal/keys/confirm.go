package keys

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// KeyState is where a key stands; key_state of the database is the rule.
type KeyState string

// Works is the state of a key that is a credential.
const Works KeyState = "works"

// NamedKey is what is told of a key that made or confirmed another.
type NamedKey struct {
	// The key's id.
	KeyID uuid.UUID `json:"key_id" format:"uuid"`
	// Its role.
	Role actor.Role `json:"role" example:"administrator"`
	// What it is for, in words.
	Label string `json:"label" example:"Alex, who runs the server"`
}

func (NamedKey) GormDataType() string           { return "jsonb" }
func (k NamedKey) Value() (driver.Value, error) { return db.JSON[NamedKey]{V: k}.Value() }

func (k *NamedKey) Scan(src any) error {
	var j db.JSON[NamedKey]
	err := j.Scan(src)
	*k = j.V
	return err
}

// opensRecords reports whether a key reaches people's records, also pseudonymised ones, or may confirm keys
// that do. Such a key waits until a second person has confirmed it. A researcher's reaches the releases of
// its projects; a data steward adds it to later ones.
func (n *NewKey) opensRecords() bool {
	switch n.Role {
	case actor.Administrator, actor.Dashboard:
		return false
	case actor.Researcher:
		return len(n.ProjectIDs) > 0
	default: // link_worker, site_manager, integration, organisation, data_steward
		return true
	}
}

// Confirm opens a key that is pending, or vouches for one that took another's place unconfirmed. It takes a
// second person: the caller's key must not come from the administrator who made this one, by any chain of
// keys that nobody else has confirmed. A data steward confirms any key, and a manager those that reach
// their own sites alone. Faults: not_found (a manager cannot see it), forbidden (the caller's key is of the
// same origin), conflict (it is confirmed, needs no confirmation, or can never work).
func (s *Store) Confirm(ctx context.Context, id uuid.UUID) (k Key, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if k, err = forUpdate(tx, id); err != nil {
			return err
		}
		if err := k.confirmable(); err != nil {
			return err
		}
		if err := tx.SecondPerson(&k.ID, "made this one"); err != nil {
			return err
		}
		k.ConfirmerID = tx.Actor.Key()
		if k.ConfirmedAt == nil {
			k.ConfirmedAt = &tx.Now
			if err := k.recordProjects(tx); err != nil {
				return err
			}
		}
		if err := k.save(tx, events.APIKeyConfirmed, events.Data{"role": string(k.Role)}); err != nil {
			return err
		}
		k, err = one(view(tx), id)
		return err
	})
	return k, err
}

func (k *Key) confirmable() error {
	switch {
	case k.ConfirmerID != nil:
		return fault.New(fault.Conflict, "The key is confirmed already.")
	case k.CreatedByID == nil || !k.opensRecords():
		return fault.New(fault.Conflict, "The key needs no confirmation.")
	case k.State != Works && k.State != "pending":
		return fault.New(
			fault.Conflict,
			"The key can no longer be confirmed: it was revoked, has expired, or is for somebody who is not active.",
		)
	}
	return nil
}

// lockReplaced finds and locks the key that the new one replaces; nil: it replaces none.
func (n *NewKey) lockReplaced(tx *db.Tx) (*Key, error) {
	if n.Replaces == nil {
		return nil, nil
	}
	k, err := forUpdate(tx, *n.Replaces)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.InvalidAt("replaces", fault.UnknownReference, "names something that does not exist")
	}
	alike := k.Role == n.Role && sameIDs(k.SiteIDs, n.SiteIDs) && sameIDs(k.ProjectIDs, n.ProjectIDs) &&
		sameID(k.OrganisationID, n.OrganisationID) && sameID(k.LinkWorkerID, n.LinkWorkerID)
	if err == nil && !alike {
		return nil, fault.InvalidAt("replaces", fault.UnknownReference, "names a key of another role or reach")
	}
	return &k, err
}

// overlapDays is for how many days the older key still works beside the one that replaces it, so that whoever
// has it must notice.
const overlapDays = 7

// expireSoon lets a replaced key work for overlapDays more.
func (k *Key) expireSoon(tx *db.Tx, by uuid.UUID) error {
	today, err := tx.TodayAt(k.SiteIDs)
	if err != nil {
		return err
	}
	if last := today.AddDays(overlapDays); k.ExpiresOn == nil || k.ExpiresOn.After(last) {
		k.ExpiresOn = &last
	}
	return k.save(tx, events.APIKeyReplaced, events.Data{"by": by.String()})
}

// checkNotReplaced refuses to let a replaced key work for longer, so that its holder notices.
func (k *Key) checkNotReplaced(tx *db.Tx) error {
	var replaced bool
	err := tx.Raw("select exists (select from api_keys where replaces = ? and confirmed_at is not null)", k.ID).
		Scan(&replaced).
		Error
	if err != nil {
		return err
	}
	if replaced {
		return fault.New(fault.Conflict, "Another key has taken its place: it can end earlier, and not later.")
	}
	return nil
}

func sameID(a, b *uuid.UUID) bool { return a == b || a != nil && b != nil && *a == *b }

func sameIDs(a, b db.IDs) bool {
	for _, id := range a {
		if !slices.Contains(b, id) {
			return false
		}
	}
	return len(a) == len(b)
}
