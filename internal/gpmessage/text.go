package gpmessage

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"waypost/internal/platform/day"
)

// PlainText is the same message to paste into a record: sections with headings, lines of at most 78
// characters. Headings stand at the margin and nothing else does, so that no free text can pass for one.
func (m Message) PlainText() string {
	var p page
	p.heading("SOCIAL PRESCRIBING: MESSAGE TO THE GENERAL PRACTICE")
	m.writePerson(&p)
	m.writePlan(&p)
	m.writeSummary(&p)
	m.writeScores(&p)
	m.writeInterventions(&p)
	m.writeRisks(&p)
	p.heading("SNOMED CT CODES")
	for _, c := range m.Codes {
		p.line(1, c.Code, " ", c.Display, ", ", on(c.On))
	}
	return p.String()
}

func (m Message) writePerson(p *page) {
	var name []string
	for _, part := range []*string{m.Person.FamilyName, m.Person.GivenName} {
		if part != nil {
			name = append(name, *part)
		}
	}
	born := []string{strings.Join(name, ", "), bornOn(m.Person.BirthDate)}
	if n := m.Person.NHSNumber; n != nil && len(*n) == 10 {
		born = append(born, "; NHS number ", (*n)[:3], " ", (*n)[3:6], " ", (*n)[6:])
	}
	if c := m.Person.GPPracticeCode; c != nil {
		born = append(born, "; practice ", *c)
	}
	p.line(1, born...)
	p.line(
		1,
		"Made on ",
		on(m.MadeOn),
		". ",
		map[string]string{
			"given":          "The person agreed on ",
			"best_interests": "Decided in the person's best interests on ",
		}[m.Consent.Decision],
		on(
			m.Consent.DecidedOn,
		),
		map[string]string{codesOnly: " to codes only.", "summary": " to a summary.", full: " to a full report."}[m.Consent.Level],
	)
	if s := m.Sender; s != nil {
		p.line(1, "From ", s.LinkWorker, ", ", s.Site, "; ", s.Email)
	}
	p.line(
		1,
		"Referral in received ",
		on(m.Dates.ReceivedOn),
		dated("; first contact ", m.Dates.FirstContactOn),
		dated("; support ended ", m.Dates.ClosedOn),
	)
}

func (m Message) writePlan(p *page) {
	p.heading("PLAN AND REQUESTED ACTIONS")
	if m.Plan == nil {
		p.line(1, "Not in this message: it has codes only.")
		return
	}
	p.free(1, m.Plan.RequestedActions)
	p.line(1, m.Plan.Support.Text)
	if f := m.Plan.NextFollowUp; f != nil {
		p.line(1, "Next follow-up: ", f.Code, ", between ", on(f.OpensOn), " and ", on(f.ClosesOn))
	}
}

func (m Message) writeSummary(p *page) {
	s := m.Summary
	if s == nil {
		return
	}
	p.heading("SUMMARY")
	p.line(1, "Referred in by: ", s.Source.Text)
	needs := []string{s.PrimaryNeed.Text}
	for _, n := range s.OtherNeeds {
		needs = append(needs, n.Text)
	}
	p.line(1, "Needs: ", strings.Join(needs, "; "))
	p.line(1, "Times met or spoken to: ", strconv.Itoa(s.TimesReached))
	if s.ClosureReason != nil {
		p.line(1, "Why support ended: ", s.ClosureReason.Text)
	}
	p.labelled(1, "Note of the closure", s.ClosureNote)
	p.labelled(1, "What matters to the person", s.WhatMatters)
	for _, f := range s.FollowUps {
		f.write(p)
	}
}

func (f FollowUp) write(p *page) {
	if f.LostOn != nil {
		p.line(1, "Follow-up ", f.Code, ": given up on ", on(*f.LostOn), ": ", f.LossReason.Text)
		return
	}
	p.line(1, "Follow-up ", f.Code, ", ", on(*f.CompletedOn), ", answered by: ", f.Respondent.Text)
	p.line(2, "How they have been since: ", f.HowHaveYouBeen.Text)
	p.line(2, "Meeting the link worker: ", f.LinkWorkerBenefit.Text)
	p.labelled(2, "In their words", f.InTheirWords)
}

func (m Message) writeScores(p *page) {
	if len(m.Scores) == 0 {
		return
	}
	p.heading("SCORES")
	p.line(1, m.ScoresNote)
	title := ""
	for _, s := range m.Scores {
		if t := fmt.Sprintf("%s (version %d)", s.Title, s.InstrumentVersion); t != title {
			title = t
			p.line(1, title)
		}
		p.line(2, words(s.Score), " (", s.Better, " is better", s.threshold(), ")")
		if s.Initial != nil {
			p.line(3, s.Initial.String())
		}
		for _, l := range s.Later {
			p.line(3, l.ScoreAt.String(), l.told())
		}
	}
}

func (v ScoreAt) String() string {
	said := v.Timepoint + ", " + on(v.On) + ": " + number(v.Value)
	if v.Band != "" {
		said += " (" + strings.ToLower(words(v.Band)) + ")"
	}
	return said
}

// told is the change in words, and claims no more than that it changed.
func (l Later) told() string {
	if l.Change == nil {
		return "; no baseline to compare with"
	}
	if *l.Change == 0 {
		return "; no change"
	}
	said := "; changed by " + fmt.Sprintf("%+g", *l.Change) + ", " + l.Direction
	switch {
	case l.ReachesThreshold == nil:
		return said
	case *l.ReachesThreshold:
		return said + ", at or above the threshold"
	default:
		return said + ", below the threshold"
	}
}

// threshold names the least change that counts, and who says so.
func (s Score) threshold() string {
	if s.ResponderThreshold == nil {
		return ""
	}
	return "; responder threshold " + number(*s.ResponderThreshold) + ": " + s.ThresholdSource
}

func (m Message) writeInterventions(p *page) {
	if len(m.Interventions) == 0 {
		return
	}
	p.heading("INTERVENTIONS")
	for n, i := range m.Interventions {
		where := i.Organisation
		if i.Service != "" {
			where += ": " + i.Service
		}
		p.line(1, strconv.Itoa(n+1), ". ", words(i.Kind), ", ", on(i.SentOn), ": ", where)
		p.line(2, "Need: ", i.Need.Text)
		p.labelled(2, "Why", i.Why)
		p.line(2, "Status: ", i.Status.Text, because(i.Reason), dated("; ended ", i.EndedOn))
		i.writeAccounts(p)
	}
}

func (i Intervention) writeAccounts(p *page) {
	if o := i.OrganisationAccount; o != nil {
		came := map[string]string{
			"yes":      "the person came",
			"no":       "the person did not come",
			"not_said": "has not said whether the person came",
		}[o.Attended]
		answer := "; has not answered"
		if o.Status != nil {
			answer = "; " + o.Status.Text + because(o.Reason)
		}
		p.line(2, "Organisation: ", came, dated(", first on ", o.FirstAttendedOn), answer)
	}
	if a := i.PatientAccount; a != nil {
		p.line(
			2,
			"Person (",
			a.FollowUp,
			", ",
			on(a.On),
			"; answered by: ",
			a.Respondent.Text,
			"): ",
			a.Used.Text,
			because(a.Reason),
			helped(a.Benefit),
		)
	} else {
		p.line(2, "Person: not asked")
	}
}

func (m Message) writeRisks(p *page) {
	r := m.Risks
	if r == nil {
		return
	}
	p.heading("SAFEGUARDING AND RISKS")
	if r.Unseen > 0 {
		p.line(
			1,
			"Answers that are a safeguarding concern and that nobody has marked as seen: ",
			strconv.Itoa(r.Unseen),
			". Ask the link worker.",
		)
	}
	switch {
	case r.Text != "":
		p.free(1, r.Text)
	case r.Status == "recorded":
		p.line(1, "Risks are recorded. The person agreed to a summary only: ask the link worker.")
	case r.Status == "none_known":
		p.line(1, "No known risks.")
	default:
		p.line(1, "Not recorded.")
	}
}

// on is a day as NHS records write it, which nobody reads the wrong way round.
func on(d day.Date) string { return d.In(time.UTC).Format("02-Jan-2006") }

// bornOn says as much of a date of birth as is known.
func bornOn(born *day.Partial) string {
	switch {
	case born == nil:
		return "; date of birth not known"
	case born.IsWhole():
		return "; born " + on(born.Earliest())
	case born.Month() != "":
		return "; born " + born.Earliest().In(time.UTC).Format("Jan-2006") + " (day not known)"
	default:
		return "; born " + born.Year() + " (day and month not known)"
	}
}

func dated(label string, d *day.Date) string {
	if d == nil {
		return ""
	}
	return label + on(*d)
}

func because(reason *Term) string {
	if reason == nil {
		return ""
	}
	return ": " + reason.Text
}

func helped(benefit *Term) string {
	if benefit == nil {
		return ""
	}
	return "; " + benefit.Text
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// words are a name such as life_satisfaction as words.
func words(name string) string {
	w := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(w[:1]) + w[1:]
}
