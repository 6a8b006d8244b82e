// Package partners tells partner systems what happened: the feed of events, and webhooks.
package partners

import (
	"github.com/tink-crypto/tink-go/v2/tink"

	"waypost/internal/platform/db"
	"waypost/internal/platform/outward"
)

// Store keeps the feed of events, and webhooks.
type Store struct {
	DB     *db.DB
	Target *outward.Client // where webhooks may lead
	Base   string          // what paths in events begin with, before /v1; "" at the root of a host
	// encrypts webhooks' secrets in the database; nil: no master key is set, and they are kept as they are
	Cipher tink.AEAD
}
