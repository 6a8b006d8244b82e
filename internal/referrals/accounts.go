package referrals

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
)

// Accounts are what each side says of a referral: never merged, since "completed" and "I never went" can
// both have been said.
type Accounts struct {
	// In the answer for one referral: what the organisation says, itself or through a link worker.
	OrganisationAccount OrganisationAccount `json:"organisation_account"`
	// In the answer for one referral: what the person said when last asked at a follow-up; null when
	// never asked. No organisation is shown it.
	PatientAccount *PatientAccount `json:"patient_account" format:"or-null"`
}

// OrganisationAccount is made of the attendances that the organisation or a link worker reported, and of
// the organisation's own moves. What a link worker or the person moved the referral to is not the
// organisation's word.
type OrganisationAccount struct {
	// Whether it says that the person came; not_said: it reported neither.
	Attended string `json:"attended" enum:"yes,no,not_said"`
	// The first day it says so of.
	FirstAttendedOn *day.Date `json:"first_attended_on" format:"date"`
	// Where it last said that the referral stands; null: it has not answered.
	Status *Status `json:"status" format:"code:referral_statuses"`
	// The reason it gave with that.
	Reason *string `json:"reason" format:"code:move_reasons"`
	// When it said so.
	SaidAt *time.Time `json:"said_at"`
}

// PatientAccount is what a person, or somebody for them, said of one thing they were connected to.
type PatientAccount struct {
	// Whether they used it.
	Used string `json:"used" format:"code:uses"`
	// Why not, or why they stopped.
	Reason *string `json:"reason" format:"code:unused_reasons"`
	// Whether it helped.
	Benefit string `json:"benefit" format:"code:benefits"`
	// The day they were asked.
	On day.Date `json:"on" format:"date"`
	// The code of the follow-up at which they were.
	FollowUp string `json:"follow_up" example:"m9_12"`
	// Who answered.
	Respondent string `json:"respondent" format:"code:respondents"`
}

// account is a referral as the database tells it with both accounts, in one statement.
type account struct {
	Referral
	OrganisationSays db.JSON[OrganisationAccount]
	PatientSays      db.JSON[*PatientAccount]
}

const (
	organisationSays = `(select jsonb_build_object(
			'attended', case when bool_or(a.attended) then 'yes' when count(*) > 0 then 'no' else 'not_said' end,
			'first_attended_on', min(a.attended_on) filter (where a.attended))
		from attendances a where a.site_id = referrals.site_id and a.referral_id = referrals.id
			and a.reported_by in ('organisation', 'link_worker'))
		|| coalesce((select jsonb_build_object('status', m.to_status, 'reason', m.reason, 'said_at', m.occurred_at)
		from referral_moves m where m.site_id = referrals.site_id and m.referral_id = referrals.id
			and m.side = 'organisation' and m.voided_at is null
		order by m.sequence desc limit 1), '{}')`
	patientSays = `(select jsonb_build_object('used', s.used, 'reason', s.reason, 'benefit', s.benefit,
			'on', c.completed_on, 'follow_up', f.code, 'respondent', c.respondent)
		from follow_up_services s
		join follow_ups f on f.site_id = s.site_id and f.id = s.follow_up_id
		join follow_up_completions c on c.site_id = s.site_id and c.follow_up_id = s.follow_up_id
		where s.site_id = referrals.site_id and s.referral_id = referrals.id
		order by c.completed_on desc, c.created_at desc, c.id desc limit 1)`
)

func withAccounts(q *gorm.DB) *gorm.DB {
	return q.Table("referrals").
		Select("referrals.*, " + organisationSays + " as organisation_says, " + patientSays + " as patient_says")
}

// referral returns the referral with its accounts.
func (a account) referral() Referral {
	r, said := a.Referral, a.OrganisationSays.V
	if said.SaidAt != nil {
		at := said.SaidAt.UTC() // the database writes it in the session's zone
		said.SaidAt = &at
	}
	r.Accounts = &Accounts{said, a.PatientSays.V}
	return r
}

// EpisodeReferrals lists what was done for somebody in an episode, oldest first: every referral that was sent and every
// signpost, with both accounts, the organisation and the service. Drafts and what was entered in error are
// left out.
func EpisodeReferrals(tx *db.Tx, site, episode uuid.UUID) ([]Referral, error) {
	var found []account
	q := tx.Where("site_id = ? and episode_id = ? and counts_as_sent(sent_at, status)", site, episode)
	if err := withAccounts(q).Order("sent_at, id").Find(&found).Error; err != nil {
		return nil, err
	}
	list := make([]Referral, len(found))
	for i, a := range found {
		list[i] = a.referral()
	}
	return list, loadIncluded(tx, list, Include{Organisation: true, Service: true})
}
