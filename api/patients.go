package api

import (
	"context"

	"waypost/api/wire"
	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

const viaAPI = "api"

func (s *server) patientOperations() {
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "record-patient",
			Path:    "/patients",
			Tag:     "patients",
			Scope:   actor.RecordWrite,
			Faults:  []fault.Kind{fault.NotFound},
			Summary: "Record a patient",
			Description: "Records a person at a site. An NHS number can be recorded once per site. Whom the site knows and " +
				"who may be the same person is named in possible_duplicates, with a warning.",
		},
		func(p people.RecordedPatient) string { return "/patients/" + p.ID.String() },
		s.recordPatient,
	)
	wire.Search(s.Server, wire.Operation{
		ID:      "search-patients",
		Path:    "/patients/search",
		Tag:     "patients",
		Scope:   actor.RecordRead,
		Summary: "Search patients",
		Description: "Finds people of the caller's sites in one of four ways: by NHS number, by family name with birth " +
			"date, by external id, or by what a person types (q). Those who fit best come first, each with what tells " +
			"people apart. Of q, at most 200 people are weighed for each way of fitting. A POST, so that nothing of a " +
			"person stands in a URL.",
	}, s.searchPatients)
	wire.GetRelocated(
		s.Server,
		wire.Operation{ID: "get-patient", Path: "/patients/{id}", Tag: "patients", Scope: actor.RecordRead,
			Summary: "Get a patient", Description: "Returns a person. A record that was merged into another one of the " +
				"same person answers that one, whose path Content-Location has. The reading is logged."},
		s.getPatient,
	)
	wire.Patch(
		s.Server,
		wire.Operation{ID: "change-patient", Path: "/patients/{id}", Tag: "patients", Scope: actor.RecordWrite,
			Summary: "Change a patient", Description: "Changes what is known of a person. Where that says who the person is, " +
				"people of the site who may be the same person are named in possible_duplicates, with a warning. A record " +
				"that was merged into another one is not changed: 409 names that one, as does any other writing to it."},
		s.changePatient,
	)
	wire.Get(s.Server, wire.Operation{
		ID:      "get-patient-timeline",
		Path:    "/patients/{id}/timeline",
		Tag:     "patients",
		Scope:   actor.RecordRead,
		Summary: "Get a patient's timeline",
		Description: "Lists what happened to and for a person, oldest first, from all sides, and also what was recorded " +
			"of the records that were merged into this one. A record that was merged away has that of the one that is kept.",
	}, s.patientTimeline)
}

func (s *server) recordPatient(ctx context.Context, in *wire.With[people.Recording]) (people.RecordedPatient, error) {
	return s.People.Record(ctx, in.Body, viaAPI)
}

func (s *server) searchPatients(ctx context.Context, in *struct {
	wire.Paging
	Body people.Search
}) (out FoundPeople, err error) {
	out.Warnings = []fault.Warning{}
	out.Page, err = wire.List(ctx, in, func(p db.Page[people.Place]) ([]people.FoundPatient, error) {
		list, more, err := s.People.Find(ctx, in.Body, p)
		if more {
			out.Warnings = append(out.Warnings, fault.Warning{Code: "more_people_fit",
				Detail: "More people fit than were weighed: type more of a name, or a date of birth."})
		}
		return list, err
	}, people.FoundPatient.Place)
	return out, err
}

// FoundPeople is a page of a search.
type FoundPeople struct {
	wire.Page[people.FoundPatient]
	// A warning more_people_fit says that more people fit than were weighed.
	Warnings []fault.Warning `json:"warnings"`
}

func (s *server) getPatient(ctx context.Context, in *wire.ID) (people.Patient, error) {
	return s.People.Get(ctx, in.ID)
}

func (s *server) changePatient(
	ctx context.Context,
	in *wire.Merge[people.Changes],
	version int,
) (people.RecordedPatient, error) {
	return s.People.Change(ctx, in.ID.ID, version, in.Body)
}

// OnePaged is the input of a list that belongs to one thing.
type OnePaged struct {
	wire.ID
	wire.Paging
}

// OneChanging is OnePaged where items change, or come late.
type OneChanging struct {
	wire.ID
	wire.Changing
}

func (s *server) patientTimeline(ctx context.Context, in *OnePaged) (wire.Page[events.Event], error) {
	return wire.List(ctx, in, func(p db.Page[events.Position]) ([]events.Event, error) {
		return s.People.Timeline(ctx, in.ID.ID, p)
	}, eventPosition)
}

func eventPosition(e events.Event) events.Position {
	return events.Position{OccurredAt: e.OccurredAt, ID: e.ID}
}

func (s *server) consentOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:          "list-consents",
		Path:        "/patients/{id}/consents",
		Tag:         "patients",
		Scope:       actor.RecordRead,
		Summary:     "List a patient's consents",
		Description: "Lists every decision, latest first. Of each purpose, stands is true for the one that counts, if any.",
	}, s.listConsents)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-site-consents",
		Path:    "/consents",
		Tag:     "patients",
		Scope:   actor.RecordRead,
		Summary: "List consents across people",
		Description: "Lists the consents of the caller's sites in the order in which they changed, those entered in error " +
			"too. With updated_since it is what changed, for a system that keeps a copy.",
	}, s.listSiteConsents)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:      "record-consent",
			Path:    "/patients/{id}/consents",
			Tag:     "patients",
			Scope:   actor.RecordWrite,
			Summary: "Record a consent",
			Description: "Records a decision for one purpose. Decisions are never changed. The latest decision of a purpose " +
				"stands, and of one day a refusal, unless a later decision names it in replaces; not_asked and " +
				"not_obtained replace no decision. best_interests is refused for research, recontact and share_my_words.",
		},
		func(c people.Consent) string { return "/patients/" + c.PatientID.String() + "/consents" },
		s.recordConsent,
	)
}

func (s *server) listConsents(ctx context.Context, in *OneChanging) (wire.Page[people.Consent], error) {
	return wire.List(ctx, in, func(p db.Page[people.ConsentPosition]) ([]people.Consent, error) {
		return s.People.Consents(ctx, in.ID.ID, p)
	}, people.Consent.Position)
}

func (s *server) recordConsent(ctx context.Context, in *wire.Of[people.NewConsent]) (people.Consent, error) {
	return s.People.RecordConsent(ctx, in.ID.ID, in.Body)
}

func (s *server) listSiteConsents(
	ctx context.Context,
	in *struct{ wire.Changing },
) (wire.Page[people.Consent], error) {
	return wire.List(ctx, in, func(p db.Page[db.Changed]) ([]people.Consent, error) {
		return s.People.AllConsents(ctx, p)
	}, func(c people.Consent) db.Changed { return db.Changed{UpdatedAt: c.UpdatedAt, ID: c.ID} })
}
