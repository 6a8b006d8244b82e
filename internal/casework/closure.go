package casework

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/referrals"
)

// Assessed is answers to one instrument, whose episode and timepoint follow from what they are recorded with.
type Assessed struct {
	// The instrument's key.
	Instrument string `json:"instrument" maxLength:"50" example:"ons4"`
	outcomes.Answers
}

func (a Assessed) at(episode uuid.UUID, timepoint string) outcomes.New {
	return outcomes.New{EpisodeID: episode, Instrument: a.Instrument, Timepoint: timepoint, Answers: a.Answers}
}

// Closure is the command to close an episode, with how the person is at the end.
type Closure struct {
	episodes.Closure
	// How the person is at the end; recorded with the closure, or neither is.
	Assessment *FinalAssessment `json:"assessment,omitempty"`
}

// FinalAssessment is one at the timepoint closure.
type FinalAssessment struct {
	// It is always closure, and may be left out.
	Timepoint string `json:"timepoint,omitempty" enum:"closure"`
	Assessed
}

// Closed is an episode that was just closed.
type Closed struct {
	episodes.Episode
	// The final assessment, where there is one.
	Assessment *outcomes.Assessment `json:"assessment" format:"or-null"`
	// Referrals of which something is still expected: they stay open, and can be answered and moved.
	OpenReferrals []OpenReferral `json:"open_referrals"`
}

// OpenReferral is a referral that a closed episode leaves open.
type OpenReferral struct {
	// The referral.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Where it was sent.
	OrganisationID uuid.UUID `json:"organisation_id" format:"uuid"`
	// Its name.
	OrganisationName string `json:"organisation_name" example:"Example Lunch Club"`
	// Where it stands.
	Status referrals.Status `json:"status" format:"code:referral_statuses"`
}

// CloseEpisode closes an episode, with its final assessment where there is one, and names the referrals
// that are still open: they stay so. Faults: those of both, and nothing is recorded then.
func (s *Store) CloseEpisode(ctx context.Context, id uuid.UUID, c Closure, via string) (out Closed, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if out.Episode, err = s.Episodes.Close(tx.Context(), id, c.Closure); err != nil {
			return err
		}
		if err := s.recordClosureAssessment(tx, &out, c.Assessment, via); err != nil {
			return err
		}
		return out.stillOpen(tx)
	})
	return out, err
}

func (s *Store) recordClosureAssessment(tx *db.Tx, out *Closed, final *FinalAssessment, via string) error {
	if final == nil {
		return nil
	}
	a, err := s.Outcomes.Record(tx.Context(), final.at(out.Episode.ID, "closure"), via)
	if err != nil {
		return fault.Within("assessment", err)
	}
	out.Assessment, out.Warnings = &a, append(out.Warnings, a.Warnings...)
	return nil
}

// stillOpen names the referrals of which something is still expected.
func (c *Closed) stillOpen(tx *db.Tx) error {
	c.OpenReferrals = []OpenReferral{}
	open, err := referrals.OpenOf(tx, c.SiteID, c.Episode.ID)
	for _, r := range open {
		c.OpenReferrals = append(c.OpenReferrals, OpenReferral{r.ID, r.OrganisationID, r.Organisation.Name, r.Status})
		c.Warnings = append(
			c.Warnings,
			fault.Warning{
				Code:   "open_referral",
				Detail: fmt.Sprintf("Referral %s is still %s; it stays open.", r.ID, r.Status),
			},
		)
	}
	return err
}
