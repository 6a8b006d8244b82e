package keys

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/secret"
)

// Authenticate begins the transaction of a request by its API key (see db.Admit). A partner system may name the
// link worker on whose behalf it acts. Faults: unauthenticated (no key that works; which of unknown,
// pending, inactive, expired or revoked is not told), forbidden (the role may act for nobody), invalid (no
// active link worker of the credential's sites).
func (s *Store) Authenticate(ctx context.Context, key string, behalf *uuid.UUID) (_ context.Context, leave func(), err error) {
	hash := secret.Hash(key)
	args := []any{hash, behalf, s.DB.Clock.Now()}
	if s.organisations.has(hash) {
		ctx = db.Outside(ctx)
	}
	return s.DB.Admit(
		ctx,
		"select * from authenticate($1, $2, $3)",
		args,
		func(row pgx.Row) (a actor.Actor, err error) {
			var found []byte
			var worker *string
			err = row.Scan(
				&a.KeyID,
				&found,
				&a.Role,
				&a.Label,
				&a.Sites,
				&a.OrganisationID,
				&a.Projects,
				&a.LinkWorkerID,
				&a.ExpiresOn,
				&worker,
			)
			if errors.Is(err, pgx.ErrNoRows) || err == nil && subtle.ConstantTimeCompare(found, hash) != 1 {
				return actor.Actor{}, fault.New(
					fault.Unauthenticated,
					"This needs a valid API key: Authorization: Bearer wp_…",
				)
			}
			if err != nil {
				return actor.Actor{}, err
			}
			if a.Role == actor.Organisation {
				s.organisations.add(hash)
			}
			return onBehalf(a, behalf, worker)
		},
	)
}

// Ping asks the database for the holder of a key that nobody has, as each request begins. The error is nil when it answers.
func (s *Store) Ping(ctx context.Context) error {
	_, leave, err := s.Authenticate(ctx, "", nil)
	leave()
	if fault.Is(err, fault.Unauthenticated) {
		return nil
	}
	return err
}

const behalfHeader = "header.Waypost-On-Behalf-Of" // where an error is

// onBehalf lets a partner system act for a link worker of its sites, of whom the database says what they are.
func onBehalf(a actor.Actor, worker *uuid.UUID, is *string) (actor.Actor, error) {
	switch {
	case worker == nil:
		return a, nil
	case a.Role != actor.Integration:
		return a, fault.New(fault.Forbidden, "Only the role integration may act on behalf of a link worker.")
	case *is == "unknown":
		return a, fault.New(fault.Invalid, "Waypost-On-Behalf-Of names no link worker of the credential's sites.").
			At(behalfHeader, fault.UnknownReference, "names no link worker of the credential's sites")
	case *is == "inactive":
		return a, fault.New(fault.Invalid, "Waypost-On-Behalf-Of names a link worker who is not active.").
			At(behalfHeader, fault.NotAllowed, "names a link worker who is not active")
	}
	a.LinkWorkerID, a.OnBehalf = worker, true
	return a, nil
}
