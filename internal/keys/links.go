package keys

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
)

// FollowUpLink is what a person's link leads to.
type FollowUpLink struct {
	SiteID     uuid.UUID
	FollowUpID uuid.UUID
	ExpiresOn  day.Date // the last day it works, at the site
}

// ErrFollowUpLink is what is said of a person's link that leads to nothing, whatever the reason.
var ErrFollowUpLink = fault.New(fault.NotFound, "This link does not work.")

// AuthenticateFollowUpLink begins the transaction of a request by the token of a person's link (see db.Admit): as that
// person. Whether the link still works today is for the caller to ask. Fault: not_found (ErrFollowUpLink).
func AuthenticateFollowUpLink(
	ctx context.Context,
	d *db.DB,
	token string,
) (_ context.Context, l FollowUpLink, leave func(), err error) {
	ctx, leave, err = d.Admit(
		db.Outside(ctx),
		"select * from authenticate_by_follow_up_link($1)",
		[]any{link.Hash(token)},
		func(row pgx.Row) (a actor.Actor, err error) {
			var found []byte
			var patient uuid.UUID
			err = row.Scan(&found, &l.SiteID, &l.FollowUpID, &patient, &l.ExpiresOn)
			if errors.Is(err, pgx.ErrNoRows) || err == nil && !link.Matches(found, token) {
				return a, ErrFollowUpLink
			}
			return actor.Actor{Role: actor.Patient, Sites: []uuid.UUID{l.SiteID}, PatientID: &patient}, err
		},
	)
	return ctx, l, leave, err
}

var (
	// ErrReplyLink is what is said of an organisation's link that does not work, whatever the reason.
	ErrReplyLink = fault.New(
		fault.NotFound,
		"This link does not work: it has run out, a newer one took its place, or a part of it is missing. "+
			"Whoever sent the referral can make another.",
	)

	// ErrNotActive is what a link says of an organisation that is no longer active.
	ErrNotActive = fault.New(
		fault.NotFound,
		"This link does not work any more: the organisation it was made for is no longer active in Waypost. If "+
			"that is wrong, tell whoever sent the referral.",
	)
)

// AuthenticateReplyLink begins the transaction of a request by the token of an organisation's link (see db.Admit): as the
// organisation, on the one referral. Faults: not_found (which of unknown, cut, expired, ended or replaced is not told;
// ErrNotActive).
func (s *Store) AuthenticateReplyLink(
	ctx context.Context,
	token string,
) (_ context.Context, leave func(), err error) {
	now := s.DB.Clock.Now()
	return s.DB.Admit(
		db.Outside(ctx),
		"select * from authenticate_by_reply_link($1)",
		[]any{link.Hash(token)},
		func(row pgx.Row) (actor.Actor, error) {
			var id, referral, organisation uuid.UUID
			var found []byte
			var endsAt time.Time
			var active bool
			err := row.Scan(&id, &found, &endsAt, &referral, &organisation, &active)
			if errors.Is(err, pgx.ErrNoRows) ||
				err == nil && (!link.Matches(found, token) || !now.Before(endsAt)) {
				return actor.Actor{}, ErrReplyLink
			}
			if err == nil && !active {
				err = ErrNotActive
			}
			return actor.Actor{
				Role:           actor.Organisation,
				KeyID:          id,
				OrganisationID: &organisation,
				ReferralID:     &referral,
			}, err
		},
	)
}
