package partners

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/vault"
)

// newSecret makes a webhook's secret, in the form of the Standard Webhooks specification.
func (s *Store) newSecret(w *Webhook) (err error) {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	w.Secret = "whsec_" + base64.StdEncoding.EncodeToString(b)
	w.Sealed = s.Cipher != nil
	w.Kept, err = s.seal(*w, w.Secret)
	return err
}

// seal is a secret as it is stored: it must sign, so it cannot be a hash.
func (s *Store) seal(w Webhook, secret string) ([]byte, error) {
	if !w.Sealed {
		return []byte(secret), nil
	}
	return s.Cipher.Encrypt([]byte(secret), belongs(w.ID))
}

// opened is a stored secret as it signs.
func (s *Store) opened(w Webhook, kept []byte) (string, error) {
	if !w.Sealed {
		return string(kept), nil
	}
	if s.Cipher == nil {
		return "", fault.New(fault.Internal, "The secret of this webhook is encrypted, and no master key is set.")
	}
	secret, err := s.Cipher.Decrypt(kept, belongs(w.ID))
	if err != nil {
		return "", fault.New(
			fault.Internal,
			"The secret of this webhook cannot be opened: the master key is not the one it was made under.",
		)
	}
	return string(secret), nil
}

// belongs says where a ciphertext belongs, so that it is of no use elsewhere.
func belongs(webhook uuid.UUID) []byte { return []byte("webhooks.secret " + webhook.String()) }

// Sealed is what the database holds encrypted of partners: the secrets of webhooks that were added where
// there is a master key.
func Sealed(tx *db.Tx) (all []vault.Sealed, err error) {
	var webhooks []Webhook
	err = tx.Where("sealed").Find(&webhooks).Error
	for _, w := range webhooks {
		all = append(all, vault.Sealed{Text: w.Kept, Place: belongs(w.ID)})
	}
	return all, err
}

// secrets are those that sign now: the one, and for a day after it was replaced the old one.
func (s *Store) secrets(w Webhook, now time.Time) ([]string, error) {
	newest, err := s.opened(w, w.Kept)
	if err != nil || w.OldSecretUntil == nil || !now.Before(*w.OldSecretUntil) {
		return []string{newest}, err
	}
	old, err := s.opened(w, w.Old)
	return []string{newest, old}, err
}

// signed are the headers of a message, by the Standard Webhooks specification. at is the machine's time and
// not a demo's, since the receiver compares it with its own.
func signed(secrets []string, id uuid.UUID, at time.Time, body []byte) (map[string]string, error) {
	var signatures []string
	for _, secret := range secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return nil, fault.New(fault.Internal, "A webhook's secret cannot be read.")
		}
		signature, err := signer.Sign(id.String(), at, body)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, signature)
	}
	return map[string]string{
		standardwebhooks.HeaderWebhookID:        id.String(),
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(at.Unix(), 10),
		standardwebhooks.HeaderWebhookSignature: strings.Join(signatures, " "),
	}, nil
}
