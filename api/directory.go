package api

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/directory"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) organisationOperations() {
	wire.Get(s.Server, wire.Operation{
		ID: "list-organisations", FromStandby: true,
		Path:        "/organisations",
		Tag:         "directory",
		Scope:       actor.DirectoryRead,
		Summary:     "List organisations",
		Description: "Lists organisations by id; q narrows by a part of the name.",
	}, s.listOrganisations)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "add-organisation",
			Path:    "/organisations",
			Tag:     "directory",
			Scope:   actor.DirectorySuggest,
			Summary: "Add an organisation",
			Description: "Adds an organisation. One that is not added by an administrator is unverified; likely " +
				"duplicates are warned of.",
		},
		func(o directory.Organisation) string { return "/organisations/" + o.ID.String() },
		s.addOrganisation,
	)
	wire.Get(
		s.Server,
		wire.Operation{
			ID: "get-organisation", FromStandby: true,
			Path:        "/organisations/{id}",
			Tag:         "directory",
			Scope:       actor.DirectoryRead,
			Summary:     "Get an organisation",
			Description: "Returns an organisation.",
		},
		s.getOrganisation,
	)
	wire.Patch(s.Server, wire.Operation{
		ID:      "change-organisation",
		Path:    "/organisations/{id}",
		Tag:     "directory",
		Scope:   actor.DirectoryWrite,
		Summary: "Change an organisation",
		Description: "Changes an organisation. Where its e-mail address changes, notices of referrals that were sent " +
			"before wait until somebody else has confirmed the new one.",
	}, s.changeOrganisation)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:          "confirm-organisation-email",
			Path:        "/organisations/{id}/email/confirmation",
			Tag:         "directory",
			Scope:       actor.DirectoryConfirm,
			Faults:      []fault.Kind{fault.NotFound, fault.Conflict},
			Summary:     "Confirm an organisation's e-mail address",
			Description: confirmsAddress,
		},
		s.confirmOrganisationEmail,
	)
}

type listOrganisationsInput struct {
	wire.Changing
	// A part of the name.
	Q string `query:"q" maxLength:"200"`
}

func (s *server) listOrganisations(
	ctx context.Context,
	in *listOrganisationsInput,
) (wire.Page[directory.Organisation], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]directory.Organisation, error) {
		return s.Directory.Organisations(ctx, in.Q, p)
	}, func(o directory.Organisation) uuid.UUID { return o.ID })
}

func (s *server) addOrganisation(
	ctx context.Context,
	in *wire.With[directory.NewOrganisation],
) (directory.Organisation, error) {
	return s.Directory.AddOrganisation(ctx, in.Body)
}

func (s *server) getOrganisation(ctx context.Context, in *wire.ID) (directory.Organisation, error) {
	return s.Directory.Organisation(ctx, in.ID)
}

func (s *server) changeOrganisation(
	ctx context.Context,
	in *wire.Merge[directory.OrganisationChanges],
	version int,
) (directory.Organisation, error) {
	return s.Directory.ChangeOrganisation(ctx, in.ID.ID, version, in.Body)
}

const confirmsAddress = "Vouches for an e-mail address that an administrator changed (email_pending_since says since when): " +
	"notices of referrals go there from now on, with links that show whose they are. Ask them first whether it " +
	"is theirs. It takes a second person: a caller whose own key was made by the same administrator, with " +
	"nobody else having confirmed it, is refused (forbidden). An address that waits for nobody, or is not the " +
	"one that stands, is a conflict."

func (s *server) confirmOrganisationEmail(
	ctx context.Context,
	in *wire.Of[directory.Address],
) (directory.Organisation, error) {
	return s.Directory.ConfirmOrganisationEmail(ctx, in.ID.ID, in.Body)
}

func (s *server) serviceOperations() {
	wire.Get(
		s.Server,
		wire.Operation{
			ID: "list-organisation-services", FromStandby: true,
			Path:        "/organisations/{id}/services",
			Tag:         "directory",
			Scope:       actor.DirectoryRead,
			Summary:     "List an organisation's services",
			Description: "Lists the services of an organisation by id.",
		},
		s.listOrganisationServices,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "add-service",
			Path:        "/organisations/{id}/services",
			Tag:         "directory",
			Scope:       actor.DirectorySuggest,
			Summary:     "Add a service",
			Description: "Adds a service to an organisation. One that is not added by an administrator is unverified.",
		},
		func(service directory.Service) string { return "/services/" + service.ID.String() },
		s.addService,
	)
	wire.Get(s.Server, wire.Operation{
		ID: "search-services", FromStandby: true,
		Path:    "/services",
		Tag:     "directory",
		Scope:   actor.DirectoryRead,
		Summary: "Search services",
		Description: "Finds services that are not inactive: the nearest first when a place is given, else the best " +
			"match for the words first. Holds no personal data, so it can be asked before a referral.",
	}, s.searchServices)
	wire.Get(
		s.Server,
		wire.Operation{ID: "get-service", FromStandby: true, Path: "/services/{id}", Tag: "directory", Scope: actor.DirectoryRead,
			Summary: "Get a service", Description: "Returns a service."},
		s.getService,
	)
	wire.Patch(s.Server, wire.Operation{
		ID:      "change-service",
		Path:    "/services/{id}",
		Tag:     "directory",
		Scope:   actor.DirectoryWrite,
		Summary: "Change a service",
		Description: "Changes a service. Needs that are sent become stated. Where its e-mail address changes, notices " +
			"of referrals that were sent before wait until somebody else has confirmed the new one.",
	}, s.changeService)
	wire.Post(
		s.Server,
		wire.Operation{
			ID:          "confirm-service-email",
			Path:        "/services/{id}/email/confirmation",
			Tag:         "directory",
			Scope:       actor.DirectoryConfirm,
			Faults:      []fault.Kind{fault.NotFound, fault.Conflict},
			Summary:     "Confirm a service's e-mail address",
			Description: confirmsAddress,
		},
		s.confirmServiceEmail,
	)
	wire.Put(s.Server, wire.Operation{
		ID:      "set-service-capacity",
		Path:    "/services/{id}/capacity",
		Tag:     "directory",
		Scope:   actor.CapacityWrite,
		Summary: "Say how many a service can take",
		Description: "Records a service's capacity and wait: an organisation says so of its own services, a link worker " +
			"reports what they heard, and when.",
	}, s.setCapacity)
	wire.Get(
		s.Server,
		wire.Operation{
			ID: "get-service-capacity", FromStandby: true,
			Path:    "/services/{id}/capacity",
			Tag:     "directory",
			Scope:   actor.DirectoryRead,
			Summary: "Ask whether a service can take somebody",
			Description: "Tells before a referral whether it would be taken, would need an override_reason, or would be " +
				"warned of. It asks nothing about a person.",
		},
		s.getCapacity,
	)
}

func (s *server) listOrganisationServices(ctx context.Context, in *OneChanging) (wire.Page[directory.Service], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]directory.Service, error) {
		return s.Directory.Services(ctx, in.ID.ID, p)
	}, func(v directory.Service) uuid.UUID { return v.ID })
}

func (s *server) addService(ctx context.Context, in *wire.Of[directory.NewService]) (directory.Service, error) {
	return s.Directory.AddService(ctx, in.ID.ID, in.Body)
}

func (s *server) getService(ctx context.Context, in *wire.ID) (directory.Service, error) {
	return s.Directory.Service(ctx, in.ID)
}

func (s *server) changeService(
	ctx context.Context,
	in *wire.Merge[directory.ServiceChanges],
	version int,
) (directory.Service, error) {
	return s.Directory.ChangeService(ctx, in.ID.ID, version, in.Body)
}

func (s *server) confirmServiceEmail(ctx context.Context, in *wire.Of[directory.Address]) (directory.Service, error) {
	return s.Directory.ConfirmServiceEmail(ctx, in.ID.ID, in.Body)
}

func (s *server) getCapacity(ctx context.Context, in *wire.ID) (directory.Room, error) {
	return s.Directory.Room(ctx, in.ID)
}

func (s *server) setCapacity(ctx context.Context, in *wire.Of[directory.Capacity]) (directory.Service, error) {
	return s.Directory.SetCapacity(ctx, in.ID.ID, in.Body)
}

// ServiceSearch is the query of a search for services.
type ServiceSearch struct {
	wire.Changing
	// Words to find in names, keywords and descriptions.
	Q string `query:"q" maxLength:"200"`
	// A need it serves; of several, separated by commas, any.
	Need []string `query:"need" format:"code:needs"`
	// What kind of thing it offers; several separated by commas.
	ActivityType []string `query:"activity_type" format:"code:activity_types"`
	// Whether it can take people; several separated by commas.
	Capacity []string `query:"capacity" format:"code:capacities"`
	// Who offers it.
	Organisation uuid.UUID `query:"organisation_id" format:"uuid"`
	// Latitude and longitude in degrees; the nearest come first.
	Near string `query:"near" maxLength:"50" example:"53.48,-2.24"`
	// With near: no farther than this, in kilometres.
	WithinKm float64 `query:"within_km" minimum:"0.1" maximum:"20000" example:"5"`
}

func (s *server) searchServices(ctx context.Context, in *ServiceSearch) (wire.Page[directory.Hit], error) {
	by, err := in.query()
	if err != nil {
		return wire.Page[directory.Hit]{}, err
	}
	return wire.List(ctx, in, func(p db.Page[*directory.Position]) ([]directory.Hit, error) {
		return s.Directory.Search(ctx, by, p)
	}, func(h directory.Hit) *directory.Position { return &directory.Position{Order: h.Order, ID: h.ID} })
}

func (in *ServiceSearch) query() (directory.Query, error) {
	if math.IsNaN(in.WithinKm) {
		return directory.Query{}, badQuery("within_km", fault.WrongFormat, "takes a number of kilometres")
	}
	by := directory.Query{
		Words:          in.Q,
		Needs:          in.Need,
		ActivityTypes:  in.ActivityType,
		Capacities:     in.Capacity,
		OrganisationID: given(in.Organisation),
		WithinKm:       in.WithinKm,
	}
	if in.Near == "" {
		if in.WithinKm > 0 {
			return by, badQuery("within_km", fault.NotAllowed, "needs near: within what distance of where")
		}
		return by, nil
	}
	lat, lon, _ := strings.Cut(in.Near, ",")
	latitude, err1 := strconv.ParseFloat(strings.TrimSpace(lat), 64)
	longitude, err2 := strconv.ParseFloat(strings.TrimSpace(lon), 64)
	// Written so that NaN, which compares with nothing, is refused too.
	if err1 != nil || err2 != nil || !(latitude >= -90 && latitude <= 90) || !(longitude >= -180 && longitude <= 180) {
		return by, badQuery("near", fault.WrongFormat, "takes latitude,longitude in degrees, such as 53.48,-2.24")
	}
	by.Near = &directory.Place{Latitude: latitude, Longitude: longitude}
	return by, nil
}

func badQuery(parameter string, code fault.Code, message string) error {
	return fault.New(fault.Invalid, "The query is not right.").At("query."+parameter, code, message)
}

// as are texts as values of another type of text.
func as[T ~string](texts []string) (list []T) {
	for _, text := range texts {
		list = append(list, T(text))
	}
	return list
}

// given is nil for an id that was not sent.
func given(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
