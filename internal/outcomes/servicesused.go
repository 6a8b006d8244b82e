package outcomes

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/episodes"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// Used is what a person says of one service: apart from what the organisation says of the same referral.
type Used struct {
	// A referral or signpost of the episode. Give this or a name.
	ReferralID *uuid.UUID `json:"referral_id" required:"false" nullable:"true" format:"uuid"`
	// Another service that the person names, where there is no referral to it.
	Name *string `json:"name" required:"false" maxLength:"300"`
	// Whether they used it.
	Used string `json:"used" format:"code:uses" example:"still_using"`
	// Why not, or why they stopped.
	Reason *string `json:"reason" required:"false" format:"code:unused_reasons"`
	// Whether it helped; not_applicable when left out for something that was not used.
	Benefit string `json:"benefit" required:"false" format:"code:benefits" example:"a_lot"`
}

type usedRow struct {
	ID         uuid.UUID
	SiteID     uuid.UUID
	FollowUpID uuid.UUID
	Used
}

func (usedRow) TableName() string { return "follow_up_services" }

// ReportService adds to a completed follow-up what the person says of one service, such as of a sensitive
// one that their own page does not name. Faults: conflict (the follow-up is not completed, or it is
// recorded already), invalid.
func (s *Store) ReportService(ctx context.Context, id uuid.UUID, u Used) (f FollowUp, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		var e episodes.Episode
		if f, e, err = lockForUpdate(tx, id); err != nil {
			return err
		}
		if f.CompletedOn == nil {
			return fault.New(
				fault.Conflict,
				"This follow-up is not completed yet: what the person says of services is recorded with its completion.",
			)
		}
		if err := f.checkReport(tx, &e, &u); err != nil {
			return err
		}
		if err := f.keepingServices(tx, func() error {
			return tx.Create(&usedRow{ID: tx.NewID(), SiteID: f.SiteID, FollowUpID: f.ID, Used: u}).Error
		}); err != nil {
			return err
		}
		today, err := tx.Today(f.SiteID)
		if err != nil {
			return err
		}
		if err := u.recordEvent(tx, f, today); err != nil {
			return err
		}
		if err := f.save(tx, events.FollowUpServiceReported, &today, events.Data{"code": f.Code}); err != nil {
			return err
		}
		if err := f.addDetails(tx); err != nil {
			return err
		}
		return f.addAskInPerson(tx)
	})
	return f, err
}

// checkReport checks that the report is about a referral of the episode, and the first one at this follow-up.
func (f FollowUp) checkReport(tx *db.Tx, e *episodes.Episode, u *Used) error {
	var c fault.Checks
	c.Require(u.ReferralID != nil && u.Name == nil, "referral_id", fault.Required, "is needed, and no name")
	u.validate(&c, "")
	if err := c.Err(); err != nil {
		return err
	}
	var ofEpisode, recorded bool
	err := tx.Raw(
		`select exists (select from sent_referrals where site_id = @site and episode_id = @episode
		and id = @referral),
		exists (select from follow_up_services where site_id = @site and follow_up_id = @follow_up and
			referral_id = @referral)`,
		map[string]any{
			"site":      f.SiteID,
			"episode":   e.ID,
			"follow_up": f.ID,
			"referral":  *u.ReferralID,
		},
	).Row().Scan(&ofEpisode, &recorded)
	switch {
	case err != nil:
		return err
	case !ofEpisode:
		return fault.InvalidAt("referral_id", fault.UnknownReference, "is no referral or signpost of this episode")
	case recorded:
		return fault.New(
			fault.Conflict,
			"What the person says of this referral is recorded with this follow-up already.",
		)
	}
	return nil
}

func (u *Used) validate(c *fault.Checks, at string) {
	if at != "" {
		at += "."
	}
	usedIt := u.Used == "still_using" || u.Used == "used_stopped"
	c.Require(
		u.Reason == nil || u.Used != "still_using",
		at+"reason",
		fault.NotAllowed,
		"says why not, or why they stopped: not for something still used",
	)
	c.Require(u.Benefit != "" || !usedIt, at+"benefit", fault.Required, "is needed for something that was used")
	if u.Benefit == "" {
		u.Benefit = "not_applicable"
	}
}

// recordEvent puts what the person says of a referral onto its timeline, as the patient's account.
func (u Used) recordEvent(tx *db.Tx, f FollowUp, on day.Date) error {
	if u.ReferralID == nil {
		return nil
	}
	at, err := tx.Noon(f.SiteID, on)
	if err != nil {
		return err
	}
	subject := events.Subject{
		ID:         *u.ReferralID,
		SiteID:     f.SiteID,
		PatientID:  f.PatientID,
		ReferralID: *u.ReferralID,
	}
	data := events.Data{"used": u.Used, "benefit": u.Benefit}
	if u.Reason != nil {
		data["reason"] = *u.Reason
	}
	return events.Record(tx, events.ReferralPatientReported, subject, data, events.At(at), events.From(actor.SidePatient))
}

// keepingServices keeps in the follow-up's history what a change does to what the person said of services.
func (f FollowUp) keepingServices(tx *db.Tx, change func() error) error {
	var was []byte
	if err := tx.Raw("select services_said(?, ?)", f.SiteID, f.ID).Row().Scan(&was); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return tx.Exec("select keep_services(?, ?, ?::jsonb, ?)", f.SiteID, f.ID, string(was), tx.Now).Error
}
