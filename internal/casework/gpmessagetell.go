package casework

import (
	"strings"

	"waypost/internal/episodes"
	"waypost/internal/outcomes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/referrals"
)

// GPSummary is what support was about, and what the person says came of it.
type GPSummary struct {
	Source        GPTerm       `json:"source" doc:"Who referred the person in (sources)."`
	PrimaryNeed   GPTerm       `json:"primary_need" doc:"The need that mattered most (needs)."`
	OtherNeeds    []GPTerm     `json:"other_needs,omitempty" doc:"Further needs."`
	TimesReached  int          `json:"times_reached" doc:"Contacts in which the person was met or spoken to."`
	ClosureReason *GPTerm      `json:"closure_reason,omitempty" doc:"Why support ended (closure_reasons)."`
	ClosureNote   string       `json:"closure_note,omitempty" doc:"More on why. With the level full."`
	WhatMatters   string       `json:"what_matters,omitempty" doc:"What matters to the person, in their words. With the level full."`
	FollowUps     []GPFollowUp `json:"follow_ups,omitempty" doc:"What the person said months later, and where nobody could ask them."`
}

// GPFollowUp is one time of asking a person how they have been.
type GPFollowUp struct {
	Code              string    `json:"code" doc:"The code of the follow-up." example:"m9_12"`
	CompletedOn       *day.Date `json:"completed_on,omitempty" format:"date" doc:"The day the person answered."`
	Respondent        *GPTerm   `json:"respondent,omitempty" doc:"Who answered (respondents)."`
	HowHaveYouBeen    *GPTerm   `json:"how_have_you_been,omitempty" doc:"How the person says they have been since (well_being_since)."`
	LinkWorkerBenefit *GPTerm   `json:"link_worker_benefit,omitempty" doc:"Whether they say that meeting the link worker helped (benefits)."`
	InTheirWords      string    `json:"in_their_words,omitempty" doc:"What they said. With the level full, and never what a researcher wrote down."`
	LostOn            *day.Date `json:"lost_on,omitempty" format:"date" doc:"The day it was given up."`
	LossReason        *GPTerm   `json:"loss_reason,omitempty" doc:"Why it was given up (loss_reasons)."`
}

// GPIntervention is one thing that the person was referred or signposted to.
type GPIntervention struct {
	Kind                string                 `json:"kind" enum:"referral,signpost" doc:"A signpost is not a referral: the person was told of it, and nothing was sent."`
	SentOn              day.Date               `json:"sent_on" format:"date" doc:"The day it was sent, or given."`
	Organisation        string                 `json:"organisation" doc:"The organisation that the person was referred to."`
	Service             string                 `json:"service,omitempty" doc:"To which of its services, where one was named."`
	Need                GPTerm                 `json:"need" doc:"The need it was for (needs)."`
	Status              GPTerm                 `json:"status" doc:"What became of it (referral_statuses). expired is no answer, which is not a no."`
	Reason              *GPTerm                `json:"reason,omitempty" doc:"Why, where it was declined, withdrawn or not completed; of waitlisted, the expected wait (move_reasons)."`
	EndedOn             *day.Date              `json:"ended_on,omitempty" format:"date" doc:"The day it ended."`
	Why                 string                 `json:"why,omitempty" doc:"Why the person was referred there. With the level full."`
	OrganisationAccount *GPOrganisationAccount `json:"organisation_account,omitempty" doc:"What the organisation says; of a referral only."`
	PatientAccount      *GPPatientAccount      `json:"patient_account,omitempty" doc:"What the person says; left out where they were never asked."`
}

// GPOrganisationAccount is what an organisation says, itself or through a link worker.
type GPOrganisationAccount struct {
	Attended        string    `json:"attended" enum:"yes,no,not_said" doc:"Whether it says that the person came."`
	FirstAttendedOn *day.Date `json:"first_attended_on,omitempty" format:"date" doc:"The first day it says so of."`
	Status          *GPTerm   `json:"status,omitempty" doc:"Where it last said that the referral stands; left out where it never answered."`
	Reason          *GPTerm   `json:"reason,omitempty" doc:"The reason it gave."`
}

// GPPatientAccount is what a person last said of it at a follow-up.
type GPPatientAccount struct {
	Used       GPTerm   `json:"used" doc:"Whether they used it (uses)."`
	Reason     *GPTerm  `json:"reason,omitempty" doc:"Why not, or why they stopped (unused_reasons)."`
	Benefit    *GPTerm  `json:"benefit,omitempty" doc:"Whether it helped (benefits); left out where it could not, since it was not used."`
	On         day.Date `json:"on" format:"date" doc:"The day they were asked."`
	FollowUp   string   `json:"follow_up" doc:"The follow-up at which they were." example:"m9_12"`
	Respondent GPTerm   `json:"respondent" doc:"Who answered (respondents)."`
}

// tell adds what the levels summary and full have.
func (m *GPMessage) tell(tx *db.Tx, e episodes.Episode) error {
	words := m.Consent.Level == full
	asked, err := outcomes.Told(tx, e.SiteID, e.ID)
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
	made, err := referrals.Told(tx, e.SiteID, e.ID)
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
	measured, err := outcomes.Standing(tx, e.SiteID, e.ID)
	if err != nil {
		return err
	}
	if m.Scores = scoresOf(measured); len(m.Scores) > 0 {
		m.ScoresNote = scoresNote
	}
	m.Sender = &GPSender{}
	return tx.Raw(`select w.name as link_worker, w.email, s.name as site from link_workers w join sites s on
		s.id = w.site_id
		where w.site_id = ? and w.id = ?`, e.SiteID, *e.LinkWorkerID).Scan(m.Sender).Error
}

func planOf(e episodes.Episode, asked []outcomes.FollowUp) *GPPlan {
	p := &GPPlan{RequestedActions: noAction, Support: term("episode_statuses", string(e.Status))}
	if wanted := text(e.RequestedActions, true); wanted != "" {
		p.ActionRequested, p.RequestedActions = true, wanted
	}
	for _, f := range asked {
		if f.State == outcomes.Upcoming || f.State == outcomes.Due || f.State == outcomes.Overdue {
			p.NextFollowUp = &GPNextFollowUp{f.Code, f.OpensOn, f.ClosesOn}
			break
		}
	}
	return p
}

func risksOf(tx *db.Tx, e episodes.Episode, words bool) (*GPRisks, error) {
	r := &GPRisks{Status: "recorded", Text: text(e.Risks, words)}
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

func summaryOf(tx *db.Tx, e episodes.Episode, asked []outcomes.FollowUp, words bool) (*GPSummary, error) {
	s := &GPSummary{
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
			s.FollowUps = append(s.FollowUps, answered(f, words))
		case f.LostOn != nil:
			s.FollowUps = append(
				s.FollowUps,
				GPFollowUp{Code: f.Code, LostOn: f.LostOn, LossReason: termOf("loss_reasons", f.LossReason)},
			)
		}
	}
	err := tx.Raw("select count(*) from contacts where site_id = ? and episode_id = ? and reaches_person(kind, outcome)", e.SiteID, e.ID).
		Scan(&s.TimesReached).
		Error
	return s, err
}

// answered is what a person said. What they told a researcher they told for research: it is not passed on.
func answered(f outcomes.FollowUp, words bool) GPFollowUp {
	c := f.Completion
	return GPFollowUp{
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

func interventionOf(tx *db.Tx, r referrals.Referral, words bool) (GPIntervention, error) {
	on, err := tx.DayOf(r.SiteID, *r.SentAt)
	i := GPIntervention{
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
		i.OrganisationAccount = &GPOrganisationAccount{
			o.Attended,
			o.FirstAttendedOn,
			termOf("referral_statuses", (*string)(o.Status)),
			termOf("move_reasons", o.Reason),
		}
	}
	if p := r.PatientAccount; p != nil {
		i.PatientAccount = &GPPatientAccount{
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
