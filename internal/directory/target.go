package directory

import (
	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Target is where somebody is to be referred: an organisation and, where one is named, its service.
type Target struct {
	Organisation Organisation
	Service      *Service
}

// Resolve finds the target by organisation, by service, or by both, which must then belong together.
func Resolve(tx *db.Tx, organisation, service *uuid.UUID) (t Target, err error) {
	if organisation == nil && service == nil {
		return t, fault.InvalidAt("organisation_id", "or service_id is needed")
	}
	if service != nil {
		v, err := db.First[Service](tx.Where("id = ?", *service), "service")
		if err != nil {
			return t, named("service_id", "names no service of the directory", err)
		}
		if organisation != nil && *organisation != v.OrganisationID {
			return t, fault.InvalidAt("service_id", "names a service of another organisation")
		}
		t.Service, organisation = &v, &v.OrganisationID
	}
	t.Organisation, err = db.First[Organisation](tx.Where("id = ?", *organisation), "organisation")
	return t, named("organisation_id", "names no organisation of the directory", err)
}

func named(field, message string, err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidAt(field, message)
	}
	return err
}

// Takes is nil when people may be referred there.
func (t Target) Takes() error {
	switch {
	case t.Organisation.Status == "inactive":
		return fault.New(fault.Conflict, "The organisation is no longer active: it takes no referrals.")
	case t.Service != nil && t.Service.Status == "inactive":
		return fault.New(fault.Conflict, "The service is no longer active: it takes no referrals.")
	case t.Service != nil && t.Service.Capacity == "closed":
		return fault.New(fault.Conflict, "The service is closed to referrals.")
	}
	return nil
}

// Warnings says what is worth knowing before somebody is referred there.
func (t Target) Warnings() (out []fault.Warning) {
	if t.Organisation.Status == "unverified" || t.Service != nil && t.Service.Status == "unverified" {
		out = append(out, fault.Warning{Code: "unverified", Detail: "Nobody has checked this entry of the directory yet."})
	}
	if t.Service == nil {
		return out
	}
	switch t.Service.Capacity {
	case "full":
		out = append(out, fault.Warning{Code: "service_full", Detail: "The service is said to be full."})
	case "waitlist":
		out = append(out, fault.Warning{Code: "service_waitlist", Detail: "The service has a waiting list."})
	case "assessment_required":
		out = append(out, fault.Warning{Code: "service_assesses", Detail: "The service takes people after its own assessment."})
	}
	return out
}
