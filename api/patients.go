package api

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/people"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

const viaAPI = "api"

func (s *server) patientOperations() {
	post(
		s.Server,
		op{
			id:      "record-patient",
			path:    "/patients",
			tag:     "patients",
			scope:   actor.RecordWrite,
			created: "/patients/{id}",
			faults:  []fault.Kind{fault.NotFound},
			summary: "Record a patient",
			about:   "Records a person at a site. An NHS number can be recorded once per site.",
		},
		s.recordPatient,
	)
	search(s.Server, op{
		id:      "search-patients",
		path:    "/patients/search",
		tag:     "patients",
		scope:   actor.RecordRead,
		summary: "Search patients",
		about: "Finds people of the caller's sites in one of four ways: by NHS number, by family name with birth " +
			"date, by external id, or by the beginning of a name. A POST, so that nothing of a person stands in a URL.",
	}, s.searchPatients)
	read(s.Server, op{id: "get-patient", path: "/patients/{id}", tag: "patients", scope: actor.RecordRead,
		summary: "Get a patient", about: "Returns a person. The reading is logged."}, s.getPatient)
	change(s.Server, op{id: "change-patient", path: "/patients/{id}", tag: "patients", scope: actor.RecordWrite,
		summary: "Change a patient", about: "Changes what is known of a person."}, s.changePatient)
	read(s.Server, op{
		id:      "get-patient-timeline",
		path:    "/patients/{id}/timeline",
		tag:     "patients",
		scope:   actor.RecordRead,
		summary: "Get a patient's timeline",
		about:   "Lists what happened to and for a person, oldest first, from all sides.",
	}, s.patientTimeline)
}

func (s *server) recordPatient(ctx context.Context, in *With[people.New]) (people.Patient, error) {
	return s.people.Record(ctx, in.Body, viaAPI)
}

func (s *server) searchPatients(ctx context.Context, in *struct {
	Paging
	Body people.Search
}) (Page[people.Patient], error) {
	return listing(ctx, in, func(p db.Page[uuid.UUID]) ([]people.Patient, error) {
		return s.people.Find(ctx, in.Body, p)
	}, func(p people.Patient) uuid.UUID { return p.ID })
}

func (s *server) getPatient(ctx context.Context, in *ID) (people.Patient, error) {
	return s.people.Get(ctx, in.ID)
}

func (s *server) changePatient(ctx context.Context, in *Merge[people.Changes], version int) (people.Patient, error) {
	return s.people.Change(ctx, in.ID.ID, version, in.Body)
}

// OnePaged is the input of a list that belongs to one thing.
type OnePaged struct {
	ID
	Paging
}

// OneChanging is OnePaged where items change, or come late.
type OneChanging struct {
	ID
	Changing
}

func (s *server) patientTimeline(ctx context.Context, in *OnePaged) (Page[events.Event], error) {
	return listing(ctx, in, func(p db.Page[events.Position]) ([]events.Event, error) {
		return s.people.Timeline(ctx, in.ID.ID, p)
	}, eventPosition)
}

func eventPosition(e events.Event) events.Position {
	return events.Position{OccurredAt: e.OccurredAt, ID: e.ID}
}

func (s *server) consentOperations() {
	read(s.Server, op{
		id:      "list-consents",
		path:    "/patients/{id}/consents",
		tag:     "patients",
		scope:   actor.RecordRead,
		summary: "List a patient's consents",
		about:   "Lists every decision, latest first. Of each purpose, stands is true for the one that counts, if any.",
	}, s.listConsents)
	post(
		s.Server,
		op{
			id:      "record-consent",
			path:    "/patients/{id}/consents",
			tag:     "patients",
			scope:   actor.RecordWrite,
			created: "/patients/{patient_id}/consents",
			summary: "Record a consent",
			about: "Records a decision for one purpose. Decisions are never changed. The latest decision of a purpose " +
				"stands, and of one day a refusal, unless a later decision names it in replaces; not_asked and " +
				"not_obtained replace no decision. best_interests is refused for research, recontact and share_my_words.",
		},
		s.recordConsent,
	)
}

func (s *server) listConsents(ctx context.Context, in *OneChanging) (Page[people.Consent], error) {
	return listing(ctx, in, func(p db.Page[people.ConsentPosition]) ([]people.Consent, error) {
		return s.people.Consents(ctx, in.ID.ID, p)
	}, people.Consent.Position)
}

func (s *server) recordConsent(ctx context.Context, in *Of[people.NewConsent]) (people.Consent, error) {
	return s.people.RecordConsent(ctx, in.ID.ID, in.Body)
}
