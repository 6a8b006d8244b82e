// Package actor says who is acting: a person or a system behind a credential, or a named job of Waypost itself.
//
// What an actor may do is its role's scopes; which rows it may see follows from
// its sites or its organisation, enforced by row-level security (see platform/db).
package actor

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
)

// Role is what kind of user a credential belongs to.
type Role string

const (
	LinkWorker    Role = "link_worker"
	SiteManager   Role = "site_manager"
	Integration   Role = "integration"
	Organisation  Role = "organisation"
	Dashboard     Role = "dashboard"
	Researcher    Role = "researcher"
	DataSteward   Role = "data_steward"
	Administrator Role = "administrator"
	System        Role = "system"  // Waypost's own jobs; no key has it
	Patient       Role = "patient" // a person behind their own link; no key has it
)

// Side is whose account of a referral something is.
type Side string

const (
	SideLinkWorker   Side = "link_worker"
	SideOrganisation Side = "organisation"
	SidePatient      Side = "patient"
	SideSystem       Side = "system"
)

// Actor is who is acting.
type Actor struct {
	Role           Role
	KeyID          uuid.UUID   // the API key; zero for a job
	Label          string      // what the key is for, in words
	ExpiresOn      *day.Date   // the key's last day, where it has one
	Job            string      // the job's name, for System alone
	Sites          []uuid.UUID // whose records are visible
	Projects       []uuid.UUID // of a researcher: whose releases are visible
	LinkWorkerID   *uuid.UUID  // the link worker the key belongs to, or is used on behalf of
	OrganisationID *uuid.UUID
	PatientID      *uuid.UUID // whose own link it is, for Patient alone
	// of an organisation that came by a link: the one referral it reaches; KeyID is then the link
	ReferralID *uuid.UUID
	OnBehalf   bool // LinkWorkerID came from Waypost-On-Behalf-Of
}

// Can reports whether the actor's role carries the scope.
func (a Actor) Can(s Scope) bool { return slices.Contains(scopes[a.Role], s) }

// Scopes lists what the actor's role may do.
func (a Actor) Scopes() []Scope { return slices.Clone(scopes[a.Role]) }

// Own is the link worker to whose people the actor's lists are narrowed; nil: to nobody's. A manager who is
// a link worker too sees everybody at their sites.
func (a Actor) Own() *uuid.UUID {
	if a.Role == SiteManager {
		return nil
	}
	return a.LinkWorkerID
}

// Side is whose account the actor gives unless it says it reports another's.
func (a Actor) Side() Side {
	switch a.Role {
	case Organisation:
		return SideOrganisation
	case System:
		return SideSystem
	case Patient:
		return SidePatient
	default:
		return SideLinkWorker
	}
}

// Outside reports whether the actor is no member of staff: an organisation, or a person behind their own link.
func (a Actor) Outside() bool { return a.Role == Organisation || a.Role == Patient }

// Key is the API key's id, or nil for a job.
func (a Actor) Key() *uuid.UUID {
	if a.KeyID == uuid.Nil {
		return nil
	}
	return &a.KeyID
}

// HasSite reports whether the site's records are the actor's to see.
func (a Actor) HasSite(site uuid.UUID) bool { return slices.Contains(a.Sites, site) }

// Named is the actor of one of Waypost's own jobs.
func Named(job string) Actor { return Actor{Role: System, Job: job} }

type key struct{}

// With puts the actor into the context.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// From takes the actor out of the context; the zero Actor sees no row and may do nothing.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(key{}).(Actor)
	return a
}

// By is who did something.
type By struct {
	// The role of the credential.
	Role Role `json:"role" example:"organisation"`
	// The link worker, where one did it.
	LinkWorkerID *uuid.UUID `json:"link_worker_id" nullable:"true" format:"uuid"`
	// Whether a system did it on the link worker's behalf.
	OnBehalf bool `json:"on_behalf"`
}
