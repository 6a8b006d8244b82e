// Package replay keeps the answer to each POST that carried an Idempotency-Key, so that a
// client that lost it can ask again and nothing happens twice.
package replay

import (
	"bytes"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Kept is how long an answer is kept.
const Kept = 24 * time.Hour

// Answer is what was answered, without one-time secrets.
type Answer struct {
	CallerID  uuid.UUID
	Key       string
	Request   []byte // SHA-256 of the operation and the body
	Authority []byte // SHA-256 of what the caller was allowed to see: a replay needs the same
	Status    int
	Header    db.JSON[map[string]string]
	Body      []byte
	People    db.JSON[[]db.People] // whom the answer shows
	CreatedAt time.Time
}

func (Answer) TableName() string { return "idempotency" }

// Find returns the answer that the caller got under the key before, or nil when this is the first time. It
// holds the key until the transaction ends. Faults: conflict (a twin is in flight), idempotency_mismatch
// (the key was used for another request), not_found (the caller may no longer see what it saw then).
func Find(tx *db.Tx, key string, request, authority []byte) (*Answer, error) {
	var kept struct {
		Claimed bool
		Answer
	}
	if err := tx.Raw("select * from claim_idempotency_key(?, ?)", key, tx.Now.Add(-Kept)).
		Scan(&kept).
		Error; err != nil {
		return nil, err
	}
	switch {
	case !kept.Claimed:
		return nil, fault.New(fault.Conflict, "A request with this Idempotency-Key is being worked on. Try again.")
	case kept.Status == 0:
		return nil, nil
	case !bytes.Equal(kept.Request, request):
		return nil, fault.New(
			fault.IdempotencyMismatch,
			"This Idempotency-Key was used for another request. Use a new key for each new request.",
		)
	case !bytes.Equal(kept.Authority, authority):
		return nil, fault.Missing("answer that you may still see")
	}
	return &kept.Answer, tx.Raw("select people from idempotency where caller_id = ? and key = ?", tx.Actor.KeyID, key).
		Row().
		Scan(&kept.People)
}

// Keep stores the answer under the key that Find holds, in place of one that is older than Kept.
func Keep(tx *db.Tx, a Answer) error {
	a.CallerID, a.CreatedAt = tx.Actor.KeyID, tx.Now
	replace := clause.OnConflict{Columns: []clause.Column{{Name: "caller_id"}, {Name: "key"}}, UpdateAll: true}
	return tx.WithCommit(func(tx *gorm.DB) *gorm.DB { return tx.Clauses(replace).Create(&a) })
}

// Forget removes answers that are older than Kept. It is for a job, which sees every caller's.
func Forget(tx *db.Tx) error {
	return tx.Where("created_at <= ?", tx.Now.Add(-Kept)).Delete(&Answer{}).Error
}
