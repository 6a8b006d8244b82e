package partners_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/secret"
)

// A process of an older version, which knows nothing of confirmations, goes on serving beside a newer one: what it inserts waits, unless it
// was made on the server, and what is no key to the newer process is none to it.
func TestAnOlderProcessGoesOnServing(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	store := partners.Store{DB: d}
	administrator := actor.Actor{Role: actor.Administrator, KeyID: uuid.New()}
	insert := func(who actor.Actor, role string) (key string) {
		key = partners.NewSecret()
		err := d.Do(actor.With(t.Context(), who), func(tx *db.Tx) error {
			id := tx.NewID()
			return tx.Exec(`insert into api_keys (id, partner_id, key_hash, hint, label, role, site_ids, project_ids, expires_on, created_by, version, created_at, updated_at)
				values (?, ?, ?, 'abcd', 'older', ?, '{}', '{}', ?, ?, 1, ?, ?)`, id, id, secret.Hash(key), role, day.Of(tx.Now), who.Key(), tx.Now, tx.Now).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	knows := func(key string) (older, newer bool) {
		err := d.Do(actor.With(t.Context(), actor.Named("test")), func(tx *db.Tx) error {
			return tx.Raw("select exists (select id, key_hash, role, label, site_ids, organisation_id, project_ids, link_worker_id, expires_on, revoked_at, worker_is from enter(hash => ?, worker => null))", secret.Hash(key)).Scan(&older).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		_, leave, err := store.Admit(t.Context(), key, nil)
		leave()
		return older, err == nil
	}
	server, waits := insert(actor.Named("command-line"), "data_steward"), insert(administrator, "data_steward")
	check := func(key string, want string) {
		t.Helper()
		older, newer := knows(key)
		if got := fmt.Sprint(older, newer); got != want {
			t.Errorf("known to the older and the newer process: %s, want %s", got, want)
		}
	}
	check(server, "true true")
	check(waits, "false false")
	check(partners.NewSecret(), "false false")
	d.Clock.SetOffset(48 * time.Hour)
	check(server, "true false") // the older one sees by itself that it has expired
}
