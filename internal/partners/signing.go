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
	w.Kept, err = s.encrypt(*w, w.Secret)
	return err
}

// encrypt returns a secret as it is stored: not as a hash, since it has to sign. Without a master key it is plain.
func (s *Store) encrypt(w Webhook, secret string) ([]byte, error) {
	if !w.Sealed {
		return []byte(secret), nil
	}
	return s.Cipher.Encrypt([]byte(secret), associatedData(w.ID))
}

// decrypt returns the secret that was stored.
func (s *Store) decrypt(w Webhook, kept []byte) (string, error) {
	if !w.Sealed {
		return string(kept), nil
	}
	if s.Cipher == nil {
		return "", fault.New(fault.Internal, "The secret of this webhook is encrypted, and no master key is set.")
	}
	secret, err := s.Cipher.Decrypt(kept, associatedData(w.ID))
	if err != nil {
		return "", fault.New(
			fault.Internal,
			"The secret of this webhook cannot be opened: the master key is not the one it was made under.",
		)
	}
	return string(secret), nil
}

// associatedData ties a ciphertext to its webhook, so that it cannot be moved to another.
func associatedData(webhook uuid.UUID) []byte { return []byte("webhooks.secret " + webhook.String()) }

// Sealed is what the database holds encrypted of partners: the secrets of webhooks that were added where
// there is a master key.
func Sealed(tx *db.Tx) (all []vault.Sealed, err error) {
	var webhooks []Webhook
	err = tx.Where("sealed").Find(&webhooks).Error
	for _, w := range webhooks {
		all = append(all, vault.Sealed{Text: w.Kept, Place: associatedData(w.ID)})
	}
	return all, err
}

// secrets returns those that sign now: the current one, and for a day after a replacement also the old one.
func (s *Store) secrets(w Webhook, now time.Time) ([]string, error) {
	newest, err := s.decrypt(w, w.Kept)
	if err != nil || w.OldSecretUntil == nil || !now.Before(*w.OldSecretUntil) {
		return []string{newest}, err
	}
	old, err := s.decrypt(w, w.Old)
	return []string{newest, old}, err
}

// signatureHeaders returns the headers of a message, by the Standard Webhooks specification. at is the machine's time,
// also in a demo, since the receiver compares it with its own clock.
func signatureHeaders(secrets []string, id uuid.UUID, at time.Time, body []byte) (map[string]string, error) {
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
