package demo

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/referrals"
)

const lastReferral = 130 // days after the baseline; nobody is referred on later

var counts = mix{{"0", 8}, {"1", 32}, {"2", 32}, {"3", 19}, {"4", 9}}

// referOn refers and signposts the person, some days apart.
func (s *spell) referOn() {
	on := s.baseline
	for i := range int(s.of(counts)[0] - '0') {
		if on.After(s.lastSending()) {
			break
		}
		s.refer(on, s.need(i), nil)
		on = s.day(on.AddDays(1), on.AddDays(30))
	}
	if recently := s.day(s.yesterday.AddDays(-20), s.yesterday); s.active() == s.yesterday && s.chance(0.4) {
		s.refer(later(recently, s.baseline), s.e.Needs.Primary, nil)
		s.draft()
		return
	}
	s.takeBack()
}

// lastSending is the last day on which somebody is referred on.
func (s *spell) lastSending() day.Date { return earlier(s.active(), s.baseline.AddDays(lastReferral)) }

// need is what the next referral is for: the primary need first, then the others.
func (s *spell) need(i int) string {
	all := append([]string{s.e.Needs.Primary}, s.e.Needs.Others...)
	return all[i%len(all)]
}

// refer refers or signposts the person and lets the referral take its course. follows is a referral that
// this one replaces.
func (s *spell) refer(on day.Date, need string, follows *referrals.History) {
	at := s.moment(s.dice, on)
	r := s.begin(at, need, follows)
	r.Status, r.SentAt = referrals.Sent, &at
	if !s.share || follows == nil && s.chance(0.17) {
		r.Kind, r.Status = "signpost", referrals.Signposted
	}
	h := referrals.Begin(as(s.tx, s.worker, at), r.Referral, s.log)
	s.made = append(s.made, h)
	if r.Kind == "signpost" {
		return
	}
	c := &course{spell: s, History: h, service: r.service, sent: on, written: at}
	c.run(s.of(referralFates))
	again := s.day(on.AddDays(20), on.AddDays(45))
	ended := slices.Contains(
		[]referrals.Status{referrals.Declined, referrals.NotCompleted, referrals.Expired},
		h.Status,
	)
	if follows == nil && ended && !again.After(s.lastSending()) && s.chance(0.4) {
		s.refer(again, need, h)
	}
}

// beginning is a referral as it is first written, and the service it is to.
type beginning struct {
	referrals.Referral
	service service
}

func (s *spell) begin(at time.Time, need string, follows *referrals.History) beginning {
	b := beginning{
		referrals.Referral{
			ID: db.IDAt(
				at,
			),
			SiteID:                 s.site.ID,
			EpisodeID:              s.e.ID,
			PatientID:              s.person.ID,
			Kind:                   "referral",
			Details:                referrals.Details{Need: need, Reason: maybe(s.dice, 0.8, phrases.Reasons)},
			RecordedByLinkWorkerID: s.worker.LinkWorkerID,
			RecordedVia:            "demo",
			Version:                1,
			CreatedAt:              at,
			UpdatedAt:              at,
		},
		service{},
	}
	var not *uuid.UUID
	if follows != nil {
		b.FollowsReferralID, not = &follows.ID, follows.ServiceID
	}
	b.service = s.serves(s.dice, need, not)
	b.Target = referrals.Target{OrganisationID: b.service.OrganisationID, ServiceID: &b.service.ID}
	return b
}

// draft leaves some a referral that is not sent yet.
func (s *spell) draft() {
	on := s.yesterday.AddDays(-s.between(0, 4))
	if on.Before(s.baseline) || !s.chance(0.1) {
		return
	}
	at := s.moment(s.dice, on)
	r := s.begin(at, s.e.Needs.Primary, nil)
	r.Status = referrals.Draft
	s.made = append(s.made, referrals.Begin(as(s.tx, s.worker, at), r.Referral, s.log))
}
