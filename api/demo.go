package api

import (
	"context"
	"time"

	"waypost/api/wire"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

func (s *server) demoOperations() {
	wire.Post(s.Server, wire.Operation{
		ID:      "advance-demo-clock",
		Path:    "/demo/clock",
		Tag:     "demo",
		Scope:   actor.DemoClock,
		Summary: "Move a demo's clock",
		Description: "Moves the clock of a demo forward by a period such as P10M, so that follow-ups fall due. Not " +
			"there (404) on any other server.",
	}, s.advanceClock)
}

// Advance says how far a demo's clock moves.
type Advance struct {
	// An ISO 8601 period of years, months, weeks and days.
	Advance string `json:"advance" pattern:"^P([0-9]+[YMWD])+$" maxLength:"20" example:"P10M"`
}

// ClockNow is what a demo's clock says.
type ClockNow struct {
	// What the demo's clock says now.
	Now time.Time `json:"now"`
}

func (s *server) advanceClock(ctx context.Context, in *wire.With[Advance]) (out ClockNow, err error) {
	if !s.Demo {
		return out, fault.Missing("clock that can be moved: this is no demo")
	}
	p, err := day.ParsePeriod(in.Body.Advance)
	if err != nil {
		return out, fault.InvalidAt("advance", fault.WrongFormat, "takes a period such as P10M or P2W")
	}
	err = s.DB.Do(ctx, func(tx *db.Tx) (err error) {
		out.Now, err = s.DB.Advance(tx, p)
		return err
	})
	return out, err
}
