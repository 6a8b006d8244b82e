package gpmessage

import (
	"strings"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/referrals"
)

// Summary is what support was about, and what the person says came of it.
type Summary struct {
	// Who referred the person in (sources).
	Source Term `json:"source"`
	// The need that mattered most (needs).
	PrimaryNeed Term `json:"primary_need"`
	// Further needs.
	OtherNeeds []Term `json:"other_needs,omitempty"`
	// Contacts in which the person was met or spoken to.
	TimesReached int `json:"times_reached"`
	// Why support ended (closure_reasons).
	ClosureReason *Term `json:"closure_reason,omitempty"`
	// More on why. With the level full.
	ClosureNote string `json:"closure_note,omitempty"`
	// What matters to the person, in their words. With the level full.
	WhatMatters string `json:"what_matters,omitempty"`
	// What the person said months later, and where nobody could ask them.
	FollowUps []FollowUp `json:"follow_ups,omitempty"`
}

// FollowUp is one time of asking a person how they have been.
type FollowUp struct {
	// The code of the follow-up.
	Code string `json:"code" example:"m9_12"`
	// The day the person answered.
	CompletedOn *day.Date `json:"completed_on,omitempty" format:"date"`
	// Who answered (respondents).
	Respondent *Term `json:"respondent,omitempty"`
	// How the person says they have been since (well_being_since).
	HowHaveYouBeen *Term `json:"how_have_you_been,omitempty"`
	// Whether they say that meeting the link worker helped (benefits).
	LinkWorkerBenefit *Term `json:"link_worker_benefit,omitempty"`
	// What they said. With the level full, and never what a researcher wrote down.
	InTheirWords string `json:"in_their_words,omitempty"`
	// The day it was given up.
	LostOn *day.Date `json:"lost_on,omitempty" format:"date"`
	// Why it was given up (loss_reasons).
	LossReason *Term `json:"loss_reason,omitempty"`
}

// Intervention is one thing that the person was referred or signposted to.
type Intervention struct {
	// A signpost is not a referral: the person was told of it, and nothing was sent.
	Kind string `json:"kind" enum:"referral,signpost"`
	// The day it was sent, or given.
	SentOn day.Date `json:"sent_on" format:"date"`
	// The organisation that the person was referred to.
	Organisation string `json:"organisation"`
	// To which of its services, where one was named.
	Service string `json:"service,omitempty"`
	// The need it was for (needs).
	Need Term `json:"need"`
	// What became of it (referral_statuses). expired is no answer, which is not a no.
	Status Term `json:"status"`
	// Why, where it was declined, withdrawn or not completed; of waitlisted, the expected wait
	// (move_reasons).
	Reason *Term `json:"reason,omitempty"`
	// The day it ended.
	EndedOn *day.Date `json:"ended_on,omitempty" format:"date"`
	// Why the person was referred there. With the level full.
	Why string `json:"why,omitempty"`
	// What the organisation says; of a referral only.
	OrganisationAccount *OrganisationAccount `json:"organisation_account,omitempty"`
	// What the person says; left out where they were never asked.
	PatientAccount *PatientAccount `json:"patient_account,omitempty"`
}

// OrganisationAccount is what an organisation says, itself or through a link worker.
type OrganisationAccount struct {
	// Whether it says that the person came.
	Attended string `json:"attended" enum:"yes,no,not_said"`
	// The first day it says so of.
	FirstAttendedOn *day.Date `json:"first_attended_on,omitempty" format:"date"`
	// Where it last said that the referral stands; left out where it never answered.
	Status *Term `json:"status,omitempty"`
	// The reason it gave.
	Reason *Term `json:"reason,omitempty"`
}

// PatientAccount is what a person last said of it at a follow-up.
type PatientAccount struct {
	// Whether they used it (uses).
	Used Term `json:"used"`
	// Why not, or why they stopped (unused_reasons).
	Reason *Term `json:"reason,omitempty"`
	// Whether it helped (benefits); left out where it could not, since it was not used.
	Benefit *Term `json:"benefit,omitempty"`
	// The day they were asked.
	On day.Date `json:"on" format:"date"`
	// The follow-up at which they were.
	FollowUp string `json:"follow_up" example:"m9_12"`
	// Who answered (respondents).
	Respondent Term `json:"respondent"`
}

// fillIn adds what the levels summary and full have.
func (m *Message) fillIn(tx *db.Tx, e episodes.Episode) error {
	words := m.Consent.Level == full
	asked, err := outcomes.EpisodeFollowUps(tx, e.SiteID, e.ID)
	if err != nil {
		return err
	}
	m.Plan = planOf(e, asked)
	if m.Risks, err = risksOf(tx, e, words); err != nil {
		return err
	}
	if m.Summary, err = summaryOf(tx, e, asked, words); err != nil {
		return err
	}
	made, err := referrals.EpisodeReferrals(tx, e.SiteID, e.ID)
	if err != nil {
		return err
	}
	for _, r := range made {
		i, err := interventionOf(tx, r, words)
		if err != nil {
			return err
		}
		m.Interventions = append(m.Interventions, i)
	}
	measured, err := outcomes.CountedAssessments(tx, e.SiteID, e.ID)
	if err != nil {
		return err
	}
	if m.Scores = scoresOf(measured); len(m.Scores) > 0 {
		m.ScoresNote = scoresNote
	}
	m.Sender = &Sender{}
	return tx.Raw(`select w.name as link_worker, w.email, s.name as site
		from sites s cross join lateral link_worker_to_ask(s.id, ?, ?) w where s.id = ?`, e.ID, tx.Now, e.SiteID).
		Scan(m.Sender).
		Error
}

func planOf(e episodes.Episode, asked []outcomes.FollowUp) *Plan {
	p := &Plan{RequestedActions: noAction, Support: term("episode_statuses", string(e.Status))}
	if wanted := text(e.RequestedActions, true); wanted != "" {
		p.ActionRequested, p.RequestedActions = true, wanted
	}
	for _, f := range asked {
		if f.State == outcomes.Upcoming || f.State == outcomes.Due || f.State == outcomes.Overdue {
			p.NextFollowUp = &NextFollowUp{f.Code, f.OpensOn, f.ClosesOn}
			break
		}
	}
	return p
}

func risksOf(tx *db.Tx, e episodes.Episode, words bool) (*Risks, error) {
	r := &Risks{Status: "recorded", Text: text(e.Risks, words)}
	switch text(e.Risks, true) {
	case "":
		r.Status = "not_recorded"
	case "none_known":
		r.Status, r.Text = "none_known", ""
	}
	err := tx.Raw("select count(*) from open_safeguarding_flags where site_id = ? and episode_id = ?", e.SiteID, e.ID).
		Scan(&r.Unseen).
		Error
	return r, err
}

func summaryOf(tx *db.Tx, e episodes.Episode, asked []outcomes.FollowUp, words bool) (*Summary, error) {
	s := &Summary{
		Source: term(
			"sources",
			e.Source,
		),
		PrimaryNeed:   term("needs", e.Needs.Primary),
		ClosureReason: termOf("closure_reasons", e.ClosureReason),
		ClosureNote:   text(e.ClosureNote, words),
		WhatMatters:   text(e.WhatMatters, words),
	}
	for _, need := range e.Needs.Others {
		s.OtherNeeds = append(s.OtherNeeds, term("needs", need))
	}
	for _, f := range asked {
		switch {
		case f.Completion != nil:
			s.FollowUps = append(s.FollowUps, followUpOf(f, words))
		case f.LostOn != nil:
			s.FollowUps = append(
				s.FollowUps,
				FollowUp{Code: f.Code, LostOn: f.LostOn, LossReason: termOf("loss_reasons", f.LossReason)},
			)
		}
	}
	err := tx.Raw("select count(*) from contacts where site_id = ? and episode_id = ? and reaches_person(kind, outcome)", e.SiteID, e.ID).
		Scan(&s.TimesReached).
		Error
	return s, err
}

// followUpOf is what a person said. What they told a researcher they told for research: it is not passed on.
func followUpOf(f outcomes.FollowUp, words bool) FollowUp {
	c := f.Completion
	return FollowUp{
		Code:        f.Code,
		CompletedOn: f.CompletedOn,
		Respondent:  termOf("respondents", &c.Respondent),
		HowHaveYouBeen: termOf(
			"well_being_since",
			&c.HowHaveYouBeen,
		),
		LinkWorkerBenefit: termOf("benefits", &c.Benefit),
		InTheirWords:      text(c.Narrative, words && c.CollectedBy != "researcher"),
	}
}

func interventionOf(tx *db.Tx, r referrals.Referral, words bool) (Intervention, error) {
	on, err := tx.DayOf(r.SiteID, *r.SentAt)
	i := Intervention{
		Kind:         r.Kind,
		SentOn:       on,
		Organisation: r.Organisation.Name,
		Need:         term("needs", r.Need),
		EndedOn:      r.EndedOn,
		Why:          text(r.Reason, words),
		Status:       term("referral_statuses", string(r.Status)),
		Reason:       termOf("move_reasons", r.StatusReason),
	}
	if r.Service != nil {
		i.Service = r.Service.Name
	}
	if o := r.OrganisationAccount; r.Kind == "referral" {
		i.OrganisationAccount = &OrganisationAccount{
			o.Attended,
			o.FirstAttendedOn,
			termOf("referral_statuses", (*string)(o.Status)),
			termOf("move_reasons", o.Reason),
		}
	}
	if p := r.PatientAccount; p != nil {
		i.PatientAccount = &PatientAccount{
			term("uses", p.Used),
			termOf("unused_reasons", p.Reason),
			termOf("benefits", &p.Benefit),
			p.On,
			p.FollowUp,
			term("respondents", p.Respondent),
		}
		if p.Benefit == "not_applicable" {
			i.PatientAccount.Benefit = nil
		}
	}
	return i, err
}

// text is free text where the level lets it through; nothing where it does not, or where there is none.
func text(t *string, agreed bool) string {
	if t == nil || !agreed {
		return ""
	}
	return strings.TrimSpace(*t)
}
