package directory

import (
	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Target is where somebody is to be referred, an organisation and, where one is named, its service: what decides
// whether and how people may be referred there.
type Target struct {
	OrganisationID     uuid.UUID
	OrganisationStatus string
	ServiceStatus      string // empty: no service is named
	Capacity           string // of the service
	EmailPending       bool   // whether an administrator changed where notices go, and nobody else has confirmed it
}

// Resolve finds the target by organisation, by service, or by both, which must then belong together.
func Resolve(tx *db.Tx, organisation, service *uuid.UUID) (t Target, err error) {
	if organisation == nil && service == nil {
		return t, fault.InvalidAt("organisation_id", fault.Required, "or service_id is needed")
	}
	err = tx.Raw(`select o.id as organisation_id, o.status as organisation_status, s.status as service_status,
		s.capacity,
			(select pending_since is not null from notice_address(o.id, s.id)) as email_pending
		from (select ?::uuid as organisation, ?::uuid as service) asked
		left join services s on s.id = asked.service
		left join organisations o on o.id = coalesce(s.organisation_id, asked.organisation)`, organisation, service).Scan(&t).Error
	switch {
	case err != nil:
		return t, err
	case service != nil && t.ServiceStatus == "":
		return t, fault.InvalidAt("service_id", fault.UnknownReference, "names no service of the directory")
	case t.OrganisationStatus == "":
		return t, fault.InvalidAt("organisation_id", fault.UnknownReference, "names no organisation of the directory")
	case organisation != nil && *organisation != t.OrganisationID:
		return t, fault.InvalidAt("service_id", fault.UnknownReference, "names a service of another organisation")
	}
	return t, nil
}

// Takes is nil when people may be referred there.
func (t Target) Takes() error {
	switch {
	case t.OrganisationStatus == "inactive":
		return fault.New(fault.Conflict, "The organisation is no longer active: it takes no referrals.")
	case t.ServiceStatus == "inactive":
		return fault.New(fault.Conflict, "The service is no longer active: it takes no referrals.")
	case t.Capacity == "closed":
		return fault.New(fault.Conflict, "The service is closed to referrals.")
	}
	return nil
}

// Full reports whether somebody is referred there only for a reason that is kept.
func (t Target) Full() bool { return t.Capacity == "full" }

// Warnings says what is worth knowing before somebody is referred there.
func (t Target) Warnings() (out []fault.Warning) {
	if t.OrganisationStatus == "unverified" || t.ServiceStatus == "unverified" {
		out = append(
			out,
			fault.Warning{Code: "unverified", Detail: "Nobody has checked this entry of the directory yet."},
		)
	}
	if t.EmailPending {
		out = append(
			out,
			fault.Warning{
				Code: "email_unconfirmed",
				Detail: "Its e-mail address was changed, and nobody else has confirmed it: check that it is " +
					"theirs, and confirm it.",
			},
		)
	}
	switch t.Capacity {
	case "full":
		out = append(out, fault.Warning{Code: "service_full", Detail: "The service is said to be full."})
	case "waitlist":
		out = append(out, fault.Warning{Code: "service_waitlist", Detail: "The service has a waiting list."})
	case "assessment_required":
		out = append(
			out,
			fault.Warning{Code: "service_assesses", Detail: "The service takes people after its own assessment."},
		)
	}
	return out
}
