package outcomes

import (
	"context"
	"errors"
	"slices"

	"waypost/internal/instruments"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Page is what a person's own link shows: who asks and who will see, and the questions that are asked given
// the answers so far.
type Page struct {
	Notice
	Questions []instruments.Question
	Most      int // how many questions there can be, whatever is answered
}

// Notice is what a person is told before they answer, and whom they can call.
type Notice struct {
	Site             string // its name: who asks
	LinkWorker       string // who supports the person
	Phone            string // of the team, or else of the link worker; empty: neither is known
	Controller       string // who is responsible for the record by law
	KeptFor          string // how long answers are kept; empty: the privacy notice says
	PrivacyNoticeURL string // empty: the site had none any more when the page was opened
	ToPractice       bool   // the person agreed to a report to their practice
	ToResearch       bool   // the person agreed to research
}

// Next is the first question without an answer, or the number of questions.
func (p Page) Next() int {
	at := slices.IndexFunc(p.Questions, func(q instruments.Question) bool { return !q.Given })
	if at < 0 {
		return len(p.Questions)
	}
	return at
}

// Index is where the question of that name stands, or less than zero.
func (p Page) Index(key string) int {
	return slices.IndexFunc(p.Questions, func(q instruments.Question) bool { return q.Key == key })
}

// ReadLinkPage shows what a link asks. Faults: not_found (it does not work), conflict (the questions are answered already).
func (s *Store) ReadLinkPage(ctx context.Context, token string) (p Page, err error) {
	err = s.byLink(ctx, token, func(tx *db.Tx, v visit) error {
		p, err = v.page(tx)
		return err
	})
	return p, err
}

func (v visit) page(tx *db.Tx) (p Page, err error) {
	f, err := v.form(tx)
	if err != nil {
		return p, err
	}
	p.Questions, p.Most = f.questions, f.maxQuestions()
	p.Notice, err = v.notice(tx)
	return p, err
}

func (v visit) notice(tx *db.Tx) (n Notice, err error) {
	err = tx.Raw(`select s.name as site, w.name as link_worker, coalesce(s.phone, w.phone, '') as phone,
		coalesce(s.controller, s.name) as controller,
			coalesce(s.kept_for, '') as kept_for, coalesce(s.privacy_notice_url, '') as privacy_notice_url,
			consent_stands(s.id, @patient, 'report_to_gp') as to_practice, consent_stands(s.id, @patient,
				'research') as to_research
		from sites s cross join lateral link_worker_to_ask(s.id, @episode, @now) w
		where s.id = @site`, map[string]any{"site": v.SiteID, "patient": v.PatientID, "episode": v.EpisodeID, "now": tx.Now}).
		Scan(&n).
		Error
	return n, err
}

// Thanks tells whoever has sent their answers whom they can call; nothing where the link would no longer
// work. Fault: as Visit, where the answers are not sent.
func (s *Store) Thanks(ctx context.Context, token string) (n Notice, err error) {
	err = s.enterByLink(ctx, token, func(tx *db.Tx, v visit, last day.Date) error {
		if v.State != Completed {
			return fault.New(fault.Invalid, "The answers are not sent yet.")
		}
		if err := v.completedError(tx); errors.Is(err, ErrOvertaken) {
			return err
		}
		if v.today.After(last) || v.Paused {
			return nil
		}
		n, err = v.notice(tx)
		return err
	})
	return n, err
}

// Answer keeps the answer to one question, in place of an earlier one, and shows what is asked then.
// Faults: as Visit, and invalid (it is no answer to the question). An answer to what is not asked, or not
// any more, is dropped.
func (s *Store) Answer(ctx context.Context, token, question, answer string) (p Page, err error) {
	err = s.byLink(ctx, token, func(tx *db.Tx, v visit) error {
		if p, err = v.page(tx); err != nil {
			return err
		}
		at := p.Index(question)
		if at < 0 { // it is not asked any more: nothing is kept, and what is asked now is shown
			return nil
		}
		if !p.Questions[at].Takes(answer) {
			return fault.InvalidAt(question, fault.UnknownCode, "takes one of the answers on offer")
		}
		err := tx.Exec(`insert into follow_up_answers (site_id, follow_up_id, question, answer, created_at,
			updated_at) values (?, ?, ?, ?, ?, ?)
			on conflict (site_id, follow_up_id, question) do update set answer = excluded.answer, updated_at =
				excluded.updated_at`,
			v.SiteID, v.ID, question, answer, tx.Now, tx.Now).Error
		if err != nil {
			return err
		}
		p, err = v.page(tx)
		return err
	})
	return p, err
}

// Send makes the answers the follow-up's completion, which is scored and paired like any other. Faults: as Visit, and
// invalid (a question has no answer yet).
func (s *Store) Send(ctx context.Context, token string) error {
	return s.byLink(ctx, token, func(tx *db.Tx, v visit) error {
		f, err := v.form(tx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(f.questions, func(q instruments.Question) bool { return !q.Given }) {
			return fault.New(fault.Invalid, "Some questions have no answer yet.")
		}
		return v.complete(tx, f.completion(), "link")
	})
}

// completion is the answers as the follow-up's completion.
func (f form) completion() Completion {
	english := "en"
	n := Completion{
		CompletedOn: f.visit.today,
		Mode:        "online",
		Respondent:  f.answers["respondent"],
		CollectedBy: "patient_link",
		Language:    &english,
		CompletionAnswers: CompletionAnswers{
			HowHaveYouBeen: f.answers["how_have_you_been"],
			Benefit:        f.answers["benefit"],
		},
	}
	if said := f.answers["narrative"]; said != "" {
		n.Narrative = &said
	}
	for _, p := range f.places {
		n.Services = append(n.Services, f.serviceUse(p))
	}
	for _, i := range f.instruments {
		if r := f.responses(i); len(r) > 0 {
			n.Assessments = append(n.Assessments, Measure{Instrument: i.Key, Responses: r})
		}
	}
	return n
}

func (f form) serviceUse(p place) Used {
	u := Used{ReferralID: &p.ReferralID, Used: f.answers[p.key()+".used"]}
	for _, q := range f.questions {
		switch q.Key {
		case p.key() + ".stopped", p.key() + ".not_used":
			u.Reason = &q.Answer
		case p.key() + ".helped":
			u.Benefit = q.Answer
		}
	}
	return u
}

// responses are what was answered to the instrument's items that were asked.
func (f form) responses(i instruments.Instrument) instruments.Responses {
	r := instruments.Responses{}
	for _, it := range i.Items {
		at := slices.IndexFunc(f.questions, func(q instruments.Question) bool { return q.Key == i.Key+"."+it.Code })
		if at < 0 || f.questions[at].Answer == "" {
			continue
		}
		r[it.Code] = it.ParseAnswer(f.questions[at].Answer)
	}
	return r
}
