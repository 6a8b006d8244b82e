package api

import (
	"context"

	"waypost/api/wire"
	"waypost/internal/casework"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

func (s *server) transferOperations() {
	wire.Create(s.Server, wire.Operation{
		ID:      "request-transfer",
		Path:    "/patients/{id}/transfer",
		Tag:     "patients",
		Scope:   actor.RecordWrite,
		Summary: "Pass a person to another site",
		Description: "Asks another site to take a person on. Until it accepts, it sees the person's name, the need and the " +
			"reason, and nothing else. It lapses after 28 days without an answer.",
	}, func(t casework.Transfer) string { return "/transfers/" + t.ID.String() }, s.requestTransfer)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-transfer-sites",
		Path:    "/transfer-sites",
		Tag:     "patients",
		Scope:   actor.RecordRead,
		Summary: "List the sites that a person can be passed to",
		Description: "Lists, by code, the sites of this server that a person can be passed to: their names, codes and ids, and " +
			"nothing else of them.",
	}, s.listTransferSites)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-transfers",
		Path:    "/transfers",
		Tag:     "patients",
		Scope:   actor.RecordRead,
		Summary: "List transfers",
		Description: "Lists, by id, the people whom the caller's sites pass to others (out), and those whom they are asked to " +
			"take on (in), each with what the site may know.",
	}, s.listTransfers)
	wire.Get(s.Server, wire.Operation{
		ID:          "get-transfer",
		Path:        "/transfers/{id}",
		Tag:         "patients",
		Scope:       actor.RecordRead,
		Summary:     "Get a transfer",
		Description: "Returns a transfer as the caller's site sees it.",
	}, s.getTransfer)
	wire.Post(s.Server, wire.Operation{
		ID:      "accept-transfer",
		Path:    "/transfers/{id}/acceptance",
		Tag:     "patients",
		Scope:   actor.RecordWrite,
		Summary: "Take a person on from another site",
		Description: "Copies the record: the person, the consents and refusals that stand, and each open episode, which waits " +
			"for a first contact. What was done stays with the other site, whose episodes close with the reason " +
			"transferred_site and whose open follow-ups are lost (moved). It is not told what becomes of the person. " +
			"Answers possible_duplicates, as recording a person does; with patient_id the episodes are opened for " +
			"somebody whom the site knows.",
	}, s.acceptTransfer)
	wire.Post(s.Server, wire.Operation{
		ID:          "refuse-transfer",
		Path:        "/transfers/{id}/refusal",
		Tag:         "patients",
		Scope:       actor.RecordWrite,
		Summary:     "Refuse to take a person on",
		Description: "Says with a reason that the site does not take the person on. It no longer sees the person's name.",
	}, s.refuseTransfer)
	wire.Post(s.Server, wire.Operation{
		ID:          "cancel-transfer",
		Path:        "/transfers/{id}/cancellation",
		Tag:         "patients",
		Scope:       actor.RecordWrite,
		Summary:     "Cancel a transfer",
		Description: "Takes back that another site is asked, which no longer sees the person's name.",
	}, s.cancelTransfer)
}

func (s *server) requestTransfer(ctx context.Context, in *wire.Of[casework.NewTransfer]) (casework.Transfer, error) {
	return s.Casework.Transfer(ctx, in.ID.ID, in.Body)
}

func (s *server) listTransferSites(ctx context.Context, in *wire.Paging) (wire.Page[casework.OtherSite], error) {
	return wire.List(ctx, in, func(p db.Page[string]) ([]casework.OtherSite, error) {
		return s.Casework.OtherSites(ctx, p)
	}, func(o casework.OtherSite) string { return o.Code })
}

type listTransfersInput struct {
	wire.Changing
	// Where it stands; several separated by commas.
	State []string `query:"state" enum:"pending,accepted,refused,cancelled,lapsed"`
	// Those that your sites are asked for (in), or that they ask of others (out). Both when left out.
	Direction string `query:"direction" enum:"in,out"`
}

func (s *server) listTransfers(ctx context.Context, in *listTransfersInput) (wire.Page[casework.Transfer], error) {
	return wire.List(ctx, in, func(p db.Page[casework.TransferPosition]) ([]casework.Transfer, error) {
		return s.Casework.Transfers(ctx, in.State, in.Direction, p)
	}, func(t casework.Transfer) casework.TransferPosition {
		return casework.TransferPosition{ID: t.ID, Direction: t.Direction}
	})
}

func (s *server) getTransfer(ctx context.Context, in *wire.ID) (casework.Transfer, error) {
	return s.Casework.TransferOf(ctx, in.ID)
}

func (s *server) acceptTransfer(ctx context.Context, in *wire.MayHave[casework.Acceptance]) (casework.Transfer, error) {
	return s.Casework.AcceptTransfer(ctx, in.ID.ID, in.BodyOrZero())
}

func (s *server) refuseTransfer(ctx context.Context, in *wire.Of[casework.Refusal]) (casework.Transfer, error) {
	return s.Casework.RefuseTransfer(ctx, in.ID.ID, in.Body)
}

func (s *server) cancelTransfer(ctx context.Context, in *wire.ID) (casework.Transfer, error) {
	return s.Casework.CancelTransfer(ctx, in.ID)
}
