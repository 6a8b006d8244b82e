// Package replay keeps the answer to each POST that carried an Idempotency-Key, so that a
// client that lost it can ask again and nothing happens twice.
package replay

import (
	"bytes"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

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
	CreatedAt time.Time
}

func (Answer) TableName() string { return "idempotency" }

// Find returns the answer that the caller got under the key before, or nil when this is the first time. It holds the key
// until the transaction ends. Faults: conflict (a twin is in flight), idempotency_mismatch (the key was used for another
// request), not_found (the caller may no longer see what it saw then).
func Find(tx *db.Tx, key string, request, authority []byte) (*Answer, error) {
	caller := tx.Actor.KeyID
	var alone bool
	if err := tx.Raw("select pg_try_advisory_xact_lock(hashtextextended(?, 0))", caller.String()+"/"+key).Scan(&alone).Error; err != nil {
		return nil, err
	}
	if !alone {
		return nil, fault.New(fault.Conflict, "A request with this Idempotency-Key is being worked on. Try again.")
	}
	var a Answer
	err := tx.Where("caller_id = ? and key = ? and created_at > ?", caller, key, tx.Now.Add(-Kept)).Take(&a).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !bytes.Equal(a.Request, request):
		return nil, fault.New(fault.IdempotencyMismatch, "This Idempotency-Key was used for another request. Use a new key for each new request.")
	case !bytes.Equal(a.Authority, authority):
		return nil, fault.Missing("answer that you may still see")
	}
	return &a, nil
}

// Keep stores the answer under the key that Find holds.
func Keep(tx *db.Tx, a Answer) error {
	a.CallerID, a.CreatedAt = tx.Actor.KeyID, tx.Now
	if err := tx.Where("caller_id = ? and key = ?", a.CallerID, a.Key).Delete(&Answer{}).Error; err != nil {
		return err // only an answer older than Kept can be there
	}
	return tx.Create(&a).Error
}

// Forget removes answers that are older than Kept. It is for a job, which sees every caller's.
func Forget(tx *db.Tx) error {
	return tx.Where("created_at <= ?", tx.Now.Add(-Kept)).Delete(&Answer{}).Error
}
