package outcomes

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/google/uuid"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/db"
)

// place is an organisation that the person was connected to, and the newest referral or signpost there.
type place struct {
	ReferralID uuid.UUID
	Name       string
	Sensitive  bool // it is never named where others may read: staff ask about it in person
	Said       bool // what the person says of it is recorded with this follow-up
}

// key names a place among the answers, and tells nothing of the record.
func (p place) key() string {
	sum := sha256.Sum256(p.ReferralID[:])
	return "place" + hex.EncodeToString(sum[:6])
}

// places are asked of once each, though there may be several referrals to one organisation: the person
// thinks of the place. One sensitive referral there makes the place sensitive. A referral is sensitive by
// its need or its service; where it names no service, by any service of the organisation.
func (f FollowUp) places(tx *db.Tx) (list []place, err error) {
	err = tx.Raw(
		`select referral_id, name, sensitive, said from (
		select distinct on (o.id) r.id as referral_id, o.name, r.sent_at as at,
			bool_or(coalesce(r.need = any(cast(@needs as text[])), false)
				or coalesce(v.sensitive or v.needs && cast(@needs as text[]), exists (select from services any_of
					where any_of.organisation_id = o.id and (any_of.sensitive or any_of.needs && cast(@needs as
					text[])))))
				over (partition by o.id) as sensitive,
			bool_or(exists (select from follow_up_services u
				where u.site_id = r.site_id and u.follow_up_id = @follow_up and u.referral_id = r.id)) over
				(partition by o.id) as said
		from sent_referrals r
		join organisations o on o.id = r.organisation_id
		left join services v on v.id = r.service_id
		where r.site_id = @site and r.episode_id = @episode
		order by o.id, r.sent_at desc, r.id desc) newest
		order by at, referral_id`,
		map[string]any{
			"site":      f.SiteID,
			"episode":   f.EpisodeID,
			"follow_up": f.ID,
			"needs":     db.Texts(codes.SensitiveOf("needs")),
		},
	).Scan(&list).Error
	return list, err
}

// notSensitive returns the places that the person's own page may name.
func notSensitive(places []place) (list []place) {
	for _, p := range places {
		if !p.Sensitive {
			list = append(list, p)
		}
	}
	return list
}

// addAskInPerson adds what only staff may ask about, and nobody has. Of a follow-up that is paused or given
// up nothing is asked.
func (f *FollowUp) addAskInPerson(tx *db.Tx) error {
	f.AskInPerson = []uuid.UUID{}
	if f.Paused || f.LostOn != nil {
		return nil
	}
	places, err := f.places(tx)
	for _, p := range places {
		if p.Sensitive && !p.Said {
			f.AskInPerson = append(f.AskInPerson, p.ReferralID)
		}
	}
	return err
}
