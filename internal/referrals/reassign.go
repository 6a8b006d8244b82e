package referrals

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/directory"
	"waypost/internal/episodes"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/voids"
)

// AttendanceReassignment is the command to move a report of attendance to the referral that it is about.
type AttendanceReassignment struct {
	// The referral that it belongs to, of the same site.
	ReferralID uuid.UUID `json:"referral_id" format:"uuid"`
	// Why, in free text.
	Reason string `json:"reason" pattern:"\\S" format:"prose" maxLength:"500" example:"It was somebody else of the same name."`
}

// Reassign moves a referral or signpost, with its moves, attendances and questions, to the episode that it belongs to. Links
// to answer it stop, since they were sent about somebody else. Contacts of the first episode name it no more. Faults: those
// of recording it there; conflict (a follow-up says something of it, it is in error, or the episode is closed).
func (s *Store) Reassign(ctx context.Context, id, to uuid.UUID) (r Referral, old, new episodes.Episode, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		seen, err := find(tx, id)
		if err != nil {
			return err
		}
		if old, new, err = episodes.LockForReassignment(tx, seen.EpisodeID, to); err != nil {
			return err
		}
		h, err := lockForUpdate(tx, id)
		if err != nil {
			return err
		}
		if err := h.checkReassignment(tx, new); err != nil {
			return err
		}
		if h.Warnings, err = h.checkThere(tx, new); err != nil {
			return err
		}
		if err := tx.Exec("update contacts set referral_id = null, attended = null, updated_at = ? "+
			"where site_id = ? and referral_id = ?", tx.Now, h.SiteID, h.ID).Error; err != nil {
			return err
		}
		if err := tx.Exec("update reply_links set ends_at = ? where site_id = ? and referral_id = ? and ends_at > ?",
			tx.Now, h.SiteID, h.ID, tx.Now).Error; err != nil {
			return err
		}
		warnings := h.Warnings
		h.EpisodeID, h.PatientID, h.FollowsReferralID = new.ID, new.PatientID, nil
		h.touch(tx)
		for _, e := range []episodes.Episode{old, new} {
			subject := h.subject()
			if subject.PatientID = e.PatientID; old.PatientID == new.PatientID && e.ID == old.ID {
				continue // one person: once
			}
			h.log.Record(tx, events.ReferralReassigned, subject,
				events.Data{"from_episode_id": old.ID.String(), "to_episode_id": new.ID.String()})
		}
		if err := h.write(tx, &r); err != nil {
			return err
		}
		r.Warnings = warnings
		return nil
	})
	return r, old, new, err
}

// checkReassignment refuses what cannot leave its episode, or what the other one does not take.
func (h *History) checkReassignment(tx *db.Tx, to episodes.Episode) error {
	var said bool
	err := tx.Raw("select exists (select from follow_up_services where site_id = ? and referral_id = ?)", h.SiteID, h.ID).
		Scan(&said).
		Error
	switch {
	case err != nil:
		return err
	case h.Status == EnteredInError:
		return fault.New(fault.Conflict, "This referral is entered in error.")
	case said:
		return fault.New(
			fault.Conflict,
			"A completed follow-up says something of this referral: reassign the completion first, or enter it in error.",
		)
	case to.Status == episodes.Closed && h.Status.Open():
		return fault.New(fault.Conflict, "The episode is closed: it takes no new referrals.")
	}
	return nil
}

// checkThere asks of the referral what is asked of one that is sent from the other episode.
func (h *History) checkThere(tx *db.Tx, to episodes.Episode) ([]fault.Warning, error) {
	target, err := directory.Resolve(tx, &h.OrganisationID, h.ServiceID)
	if err != nil || h.SentAt == nil {
		return nil, err
	}
	there := h.Referral
	there.EpisodeID, there.PatientID = to.ID, to.PatientID
	return there.checkSending(tx, to, target)
}

// ReassignAttendance moves a report of attendance to the referral that it is about. Both referrals follow, as if it had
// been taken back here and recorded there. Only the side that recorded it may do so. Faults: those of recording it there;
// conflict (it was taken back).
func (s *Store) ReassignAttendance(
	ctx context.Context,
	id uuid.UUID,
	to uuid.UUID,
) (a Attendance, old, new Referral, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		from, target, err := lockReferrals(tx, id, to)
		if err != nil {
			return err
		}
		all, at, err := from.reports(tx, id)
		if err != nil {
			return err
		}
		if a = all[at]; a.EnteredInError != nil {
			return voids.ErrInError
		}
		said, err := target.existingReport(tx, a.NewAttendance)
		if err != nil {
			return err
		}
		if said != nil {
			return fault.New(fault.Conflict, "The same side has reported this of that day there already.")
		}
		row := tx.Model(&Attendance{}).Where("site_id = ? and id = ?", a.SiteID, a.ID)
		if err := row.Updates(map[string]any{"referral_id": target.ID, "updated_at": tx.Now}).Error; err != nil {
			return err
		}
		data := events.Data{"from_referral_id": from.ID.String(), "to_referral_id": target.ID.String()}
		for _, h := range []*History{from, target} {
			subject := h.subject()
			subject.ID = a.ID
			h.log.Record(tx, events.AttendanceReassigned, subject, data, events.From(a.ReportedBy))
		}
		all[at].EnteredInError = &voids.InError{} // it is no report of this one any more
		if err := from.without(tx, a, all); err != nil {
			return err
		}
		if a.Attended {
			if err := target.cameOn(tx, a); err != nil {
				return err
			}
		}
		if err := target.write(tx, &target.Referral); err != nil {
			return err
		}
		a.ReferralID, a.UpdatedAt = target.ID, tx.Now
		old, new = from.Referral, target.Referral
		return nil
	})
	return a, old, new, err
}

// lockReferrals locks the referral of an attendance and another one, in the order of their ids.
func lockReferrals(tx *db.Tx, attendance, to uuid.UUID) (from, target *History, err error) {
	of, err := recordedAttendance(tx, attendance)
	if err != nil {
		return nil, nil, err
	}
	if of.ReferralID == to {
		return nil, nil, fault.InvalidAt("referral_id", fault.NotAllowed, "is the one that it belongs to already")
	}
	order := []uuid.UUID{of.ReferralID, to}
	if order[0].String() > order[1].String() {
		order[0], order[1] = to, of.ReferralID
	}
	locked := map[uuid.UUID]*History{}
	for _, id := range order {
		h, err := lockForUpdate(tx, id)
		if id == to {
			err = fault.Within("referral_id", err)
		}
		if err != nil {
			return nil, nil, err
		}
		locked[id] = h
	}
	from, target = locked[of.ReferralID], locked[to]
	if from.SiteID != target.SiteID {
		return nil, nil, fault.InvalidAt("referral_id", fault.NotAllowed, "is of another site")
	}
	return from, target, nil
}
