package episodes

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Pause is the command to pause an episode.
type Pause struct {
	// Since when; today when left out. Not in the future.
	On *day.Date `json:"on,omitempty" format:"date" example:"2026-03-02"`
	// Why, such as a stay in hospital.
	Reason *string `json:"reason,omitempty" format:"prose" maxLength:"1000"`
}

// Resume is the command to take a paused episode up again.
type Resume struct {
	// Since when; today when left out. Not in the future.
	On *day.Date `json:"on,omitempty" format:"date" example:"2026-03-30"`
}

// Closure is the command to close an episode.
type Closure struct {
	// When; today when left out. Not in the future, and not before it was received.
	ClosedOn *day.Date `json:"closed_on,omitempty" format:"date" example:"2026-06-30"`
	// Why support ended.
	Reason string `json:"reason" format:"code:closure_reasons" example:"plan_completed"`
	// More about the reason, in free text.
	Note *string `json:"note,omitempty" format:"prose" maxLength:"5000"`
}

// Pause pauses an episode.
func (s *Store) Pause(ctx context.Context, id uuid.UUID, c Pause) (Episode, error) {
	return s.move(
		ctx,
		id,
		Paused,
		"on",
		c.On,
		func(e *Episode, on day.Date) { e.PausedOn, e.PauseReason = &on, c.Reason },
	)
}

// Resume takes a paused episode up again: as active, or as waiting where nobody has met the person.
func (s *Store) Resume(ctx context.Context, id uuid.UUID, c Resume) (Episode, error) {
	return s.move(ctx, id, Active, "on", c.On, func(e *Episode, _ day.Date) {
		if e.MetOn() == nil {
			e.Status = Waiting
		}
		e.PausedOn, e.PauseReason = nil, nil
	})
}

// Close closes an episode. Replies, attendance and follow-ups stay writable.
func (s *Store) Close(ctx context.Context, id uuid.UUID, c Closure) (Episode, error) {
	return s.move(ctx, id, Closed, "closed_on", c.ClosedOn, func(e *Episode, on day.Date) {
		e.ClosedOn, e.ClosureReason, e.ClosureNote = &on, &c.Reason, c.Note
		e.PausedOn, e.PauseReason = nil, nil
	})
}

var happened = map[Status]events.Kind{Paused: events.EpisodePaused, Active: events.EpisodeResumed, Closed: events.EpisodeClosed}

// move takes the episode to another status on a day (today, if none is given), named dayField in the
// request. The move is checked before the rest.
func (s *Store) move(
	ctx context.Context,
	id uuid.UUID,
	to Status,
	dayField string,
	given *day.Date,
	change func(*Episode, day.Date),
) (e Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if e, err = db.FindForUpdate[Episode](tx, "episode", id); err != nil {
			return err
		}
		if !slices.Contains(moves[e.Status], to) || to == Active && e.Status != Paused {
			return fault.New(
				fault.MoveNotAllowed,
				"An episode that is "+string(e.Status)+" cannot become "+string(to)+" this way.",
			)
		}
		on, err := tx.Today(e.SiteID)
		if err != nil {
			return err
		}
		if given != nil {
			on = *given
		}
		if err := e.checkDay(tx, dayField, on); err != nil {
			return err
		}
		if e.PausedOn != nil && on.Before(*e.PausedOn) {
			return fault.InvalidAt(dayField, fault.OutOfRange, "lies before the pause began")
		}
		e.Status = to
		change(&e, on)
		data := events.Data{}
		if e.ClosureReason != nil {
			data["reason"] = *e.ClosureReason
		}
		return e.save(tx, happened[to], &on, data)
	})
	return e, err
}

// checkDay refuses a day before the episode began or in the future.
func (e *Episode) checkDay(tx *db.Tx, field string, on day.Date) error {
	today, err := tx.Today(e.SiteID)
	if err != nil {
		return err
	}
	var c fault.Checks
	c.Require(!on.After(today), field, fault.OutOfRange, "must not lie in the future")
	c.Require(!on.Before(e.ReceivedOn), field, fault.OutOfRange, "lies before the episode was received")
	return c.Err()
}
