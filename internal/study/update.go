package study

import (
	"context"
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Update is what a study tells everybody it answers to, in a reader's order. Its words hold all of its figures; those stand beside
// them as numbers too, and are those of GET /v1/insights/participants and /v1/insights/outcomes.
type Update struct {
	ProjectID  uuid.UUID   `json:"project_id" format:"uuid" doc:"The project."`
	Title      string      `json:"title" doc:"What the study is called." example:"Does it help? A year after being referred to a link worker"`
	To         string      `json:"to" doc:"The month up to whose end people joined, and things happened, that it tells of." example:"2026-10"`
	AsOf       time.Time   `json:"as_of" doc:"What its figures stand at: the end of a day."`
	For        string      `json:"for" enum:"members,everybody" doc:"members: it holds counts that are not protected, and is not for publication. everybody: it may be published."`
	Notice     string      `json:"notice" doc:"For members: that it is not for publication. For everybody: what it is about."`
	Correction *Correction `json:"correction,omitempty" doc:"That it corrects an earlier one."`
	InShort    []string    `json:"in_short" doc:"The answer to what most readers ask first."`
	Where      Where       `json:"where_we_are" doc:"How far the study is."`
	Told       Told        `json:"what_people_told_us" doc:"How people have been, whether they used what they were connected to, and whether it helped."`
	Hard       Hard        `json:"what_made_it_hard" doc:"What made collecting the answers hard."`
	Advised    []NewNote   `json:"who_advised_us" doc:"Who met, what they said, and what changed because of it."`
	Limits     []string    `json:"what_this_cannot_say" doc:"What these figures cannot say."`
	About      About       `json:"about" doc:"Whom to ask, who pays, and whom the study thanks."`
	Disclosure Disclosure  `json:"disclosure" doc:"How small numbers are protected."`
}

// Disclosure is how an update's figures are protected.
type Disclosure = disclosure.Notice

// Correction says which update is corrected, and what was wrong in it.
type Correction struct {
	Number int      `json:"number" doc:"Of the project's updates, which one was wrong." example:"1"`
	On     day.Date `json:"on" format:"date" doc:"When that one was published."`
	Words  string   `json:"words" doc:"What was wrong."`
}

// Where is how far a study is.
type Where struct {
	Words        []string         `json:"words" doc:"In words."`
	Progress     []Progress       `json:"progress" doc:"For each follow-up of the project, how far each site is."`
	WorkPackages []WorkPackage    `json:"work_packages" doc:"Of what the study consists."`
	Interviews   []InterviewCount `json:"interviews" doc:"How many interviews were held."`
	Notes        []NewNote        `json:"notes" doc:"What got done."`
}

// Progress is how far each site is with one follow-up: all of them together first.
type Progress struct {
	Timepoint string        `json:"timepoint" doc:"Code of the follow-up." example:"m9_12"`
	When      string        `json:"when" doc:"When it is, in words." example:"9 to 12 months later"`
	Rows      []ProgressRow `json:"rows" doc:"All sites together, then each."`
}

// ProgressRow is how far one site is. A null is too few to show safely.
type ProgressRow struct {
	SiteID     *uuid.UUID `json:"site_id" nullable:"true" format:"uuid" doc:"The site; null: several together."`
	Site       string     `json:"site" doc:"Its name." example:"Example Town"`
	Target     *int       `json:"target" doc:"How many are to join; null: not said." example:"40"`
	Enrolled   *int       `json:"enrolled" doc:"People who agreed to take part." example:"35"`
	Baseline   *int       `json:"baseline" doc:"Of these, who were asked at the start." example:"30"`
	Due        *int       `json:"due" doc:"Of these, whose turn to be asked again has come." example:"20"`
	FollowedUp *int       `json:"followed_up" doc:"Of these, who answered." example:"15"`
	Suppressed bool       `json:"suppressed" doc:"Whether nothing of the row is shown, since it rests on too few, or could tell of others that do."`
}

// InterviewCount is how many interviews were held with people of one kind.
type InterviewCount struct {
	WorkPackage     string `json:"work_package" doc:"Code of the work package." example:"WP1"`
	ParticipantKind string `json:"participant_kind" doc:"Who was interviewed." example:"link_worker"`
	Held            *int   `json:"held" doc:"How many; null: too few patients to show safely." example:"7"`
}

// Told is what people said.
type Told struct {
	FollowUps []ToldAt `json:"follow_ups" doc:"At each follow-up of the project."`
	Words     []string `json:"words" doc:"What the scores below are of, in words."`
	Changes   []Change `json:"changes" doc:"How scores changed of the people who answered both times, of everybody so far."`
	Quotes    []Said   `json:"quotes" doc:"In people's own words."`
	Withdrawn int      `json:"withdrawn" doc:"How many people's words were withdrawn since the update was published."`
}

// ToldAt is what people said at one follow-up.
type ToldAt struct {
	Timepoint string                  `json:"timepoint" doc:"Code of the follow-up." example:"m9_12"`
	When      string                  `json:"when" doc:"When it is, in words."`
	Words     []string                `json:"words" doc:"In words."`
	Figures   insights.ParticipantRow `json:"figures" doc:"The figures that the words are made of."`
}

// Said is a sentence that somebody said.
type Said struct {
	ID    uuid.UUID `json:"id" format:"uuid" doc:"The quote's id."`
	Words string    `json:"words" doc:"The person's words."`
}

// Change is how one score changed. Where it is suppressed, or of part of the time, its figures are null.
type Change struct {
	Says       string   `json:"says" doc:"How it changed, in words; empty where there is nothing to say."`
	Words      string   `json:"words" doc:"What the score is of, in words." example:"How satisfied people are with their life"`
	Instrument string   `json:"instrument" doc:"Key of the instrument." example:"ons4"`
	Score      string   `json:"score" doc:"Which of its scores." example:"life_satisfaction"`
	Timepoint  string   `json:"timepoint" doc:"Code of the follow-up compared with the start." example:"m9_12"`
	Better     string   `json:"better" enum:"higher,lower" doc:"Which way it gets better."`
	Low        *float64 `json:"low" doc:"The least it can be; null: not known." example:"0"`
	High       *float64 `json:"high" doc:"The most." example:"10"`
	People     *int     `json:"paired_n" doc:"People who answered both times." example:"45"`
	Before     *float64 `json:"baseline_mean" doc:"Their mean at the start." example:"5.1"`
	After      *float64 `json:"follow_up_mean" doc:"Their mean at the follow-up." example:"5.9"`
	Mean       *float64 `json:"mean_change" doc:"Mean of the change." example:"0.8"`
	CILow      *float64 `json:"ci_low" doc:"Lower end of its 95 % confidence interval." example:"0.3"`
	CIHigh     *float64 `json:"ci_high" doc:"Upper end." example:"1.2"`
	Suppressed bool     `json:"suppressed" doc:"Whether it rests on too few to show safely."`
}

// Hard is what made collecting answers hard.
type Hard struct {
	Words []string  `json:"words" doc:"In words."`
	Notes []NewNote `json:"notes" doc:"What else was hard."`
}

// About is who stands behind the study.
type About struct {
	Contact          *string `json:"contact" doc:"Whom to ask."`
	Funder           *string `json:"funder" doc:"Who pays."`
	FunderReference  *string `json:"funder_reference" doc:"The funder's number."`
	Acknowledgements *string `json:"acknowledgements" doc:"Whom the study thanks."`
	Disclaimer       *string `json:"disclaimer" doc:"What its funder wants said."`
}

// Draft is the update as it would be published now, with counts of progress that only the project's members may see. to: the month;
// empty: this one. Faults: conflict (the project is not approved, or its term is over), invalid (the month lies in the future).
func (s *Store) Draft(ctx context.Context, project uuid.UUID, to string) (u Update, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		w, err := s.writer(tx, project, to)
		if err != nil {
			return err
		}
		if u, err = w.everybody(tx); err != nil {
			return err
		}
		if err := w.exactly(tx, &u); err != nil {
			return err
		}
		return u.sayQuotes(tx)
	})
	return u, err
}

// writer writes one update.
type writer struct {
	*Store
	project
	study Study
	to    string
	until day.Date // the first day after the month
	when  map[string]string
}

func (s *Store) writer(tx *db.Tx, project uuid.UUID, to string) (w writer, err error) {
	w = writer{Store: s, to: to}
	if w.project, err = of(tx, project); err != nil {
		return w, err
	}
	if err = w.current(tx); err != nil {
		return w, err
	}
	if w.study, err = w.project.study(tx); err != nil {
		return w, err
	}
	if w.to == "" {
		w.to = tx.Now.Format("2006-01")
	}
	first, err := day.Parse(w.to + "-01")
	switch {
	case err != nil:
		return w, fault.New(fault.Invalid, "The query is not right.").At("query.to", "takes a month, YYYY-MM")
	case first.After(day.Of(tx.Now)):
		return w, fault.New(fault.Invalid, "The query is not right.").At("query.to", "lies in the future")
	}
	w.until = first.Add(day.Period{Months: 1})
	w.when, err = w.whens(tx)
	return w, err
}

// whens are the project's follow-ups and when each is, in words.
func (w writer) whens(tx *db.Tx) (map[string]string, error) {
	var found []struct{ Code, OpensAfter, ClosesAfter string }
	err := tx.As(w.asReader(), func() error {
		return tx.Raw("select distinct on (code) code, opens_after, closes_after from schedules where site_id = any(?::uuid[]) and code = any(?::text[]) order by code, site_id", w.SiteIDs, w.Timepoints).Scan(&found).Error
	})
	when := map[string]string{}
	for _, f := range found {
		when[f.Code] = between(f.OpensAfter, f.ClosesAfter)
	}
	return when, err
}

// everybody writes what anybody may read.
func (w writer) everybody(tx *db.Tx) (u Update, err error) {
	people, err := w.people(tx, w.asReader())
	if err != nil {
		return u, err
	}
	scores, err := w.scores(tx)
	if err != nil {
		return u, err
	}
	u = Update{ProjectID: w.ID, Title: w.Title, To: w.to, AsOf: people.AsOf, For: "everybody", Disclosure: people.Disclosure, Limits: limits(people.Disclosure)}
	u.About = About{w.study.Contact, w.study.Funder, w.study.FunderReference, w.study.Acknowledgements, w.study.Disclaimer}
	u.Notice, u.Hard.Words = aboutWhom(u.To, u.AsOf), []string{}
	u.Where.Progress, u.Told.FollowUps = []Progress{}, []ToldAt{}
	for _, timepoint := range w.followUps() {
		all, rows := together(people.Rows, timepoint)
		u.Where.Progress = append(u.Where.Progress, Progress{timepoint, w.when[timepoint], w.progress(all, rows)})
		u.Told.FollowUps = append(u.Told.FollowUps, ToldAt{timepoint, w.when[timepoint], told(all.row), all.row})
		u.Hard.Words = append(u.Hard.Words, hard(all.row)...)
	}
	u.Where.Words = w.joined(u)
	u.Told.Changes = w.changes(scores.Rows)
	u.Told.Words = changed(u.Told.Changes, u.AsOf)
	u.InShort = inShort(u)
	return u, w.happened(tx, &u)
}

// people are the figures of those who take part, as somebody may read them.
func (w writer) people(tx *db.Tx, who actor.Actor) (f insights.Figures[insights.ParticipantRow], err error) {
	err = tx.As(who, func() error {
		f, err = w.Insights.Participants(tx.Context(), insights.Query{By: insights.BySite, To: w.to})
		return err
	})
	return f, err
}

// scores are how scores changed, of everybody so far: means of part of the time are not worked out.
func (w writer) scores(tx *db.Tx) (f insights.Figures[insights.OutcomeRow], err error) {
	err = tx.As(w.asReader(), func() error {
		f, err = w.Insights.Outcomes(tx.Context(), insights.Query{Population: insights.ResearchConsented})
		return err
	})
	return f, err
}

// exactly puts the counts of progress as they stand now, for members.
func (w writer) exactly(tx *db.Tx, u *Update) error {
	live, err := w.people(tx, actor.Actor{Role: actor.SiteManager, Sites: w.SiteIDs})
	if err != nil {
		return err
	}
	u.For, u.Notice = "members", notForPublication
	for i, p := range u.Where.Progress {
		all, rows := together(live.Rows, p.Timepoint)
		u.Where.Progress[i].Rows = w.progress(all, rows)
	}
	return nil
}

// happened puts what stewards wrote.
func (w writer) happened(tx *db.Tx, u *Update) error {
	var notes []Note
	if err := tx.Where("project_id = ? and noted_on < ?", w.ID, w.until).Where(standing).Order("noted_on, id").Find(&notes).Error; err != nil {
		return err
	}
	u.Where.Notes, u.Hard.Notes, u.Advised = []NewNote{}, []NewNote{}, []NewNote{}
	for _, n := range notes {
		switch n.Kind {
		case "progress":
			u.Where.Notes = append(u.Where.Notes, n.NewNote)
		case "challenge":
			u.Hard.Notes = append(u.Hard.Notes, n.NewNote)
		default:
			u.Advised = append(u.Advised, n.NewNote)
		}
	}
	u.Where.WorkPackages = w.study.WorkPackages
	if err := w.interviewed(tx, u); err != nil {
		return err
	}
	u.Told.Quotes = []Said{}
	return tx.As(actor.Actor{Role: actor.DataSteward}, func() error {
		return tx.Raw("select id from study_quotes where project_id = ? and state = 'approved' and words_may_show(site_id, follow_up_id) order by id", w.ID).Scan(&u.Told.Quotes).Error
	})
}

// interviewed counts interviews. How many patients were is protected; the others are counted by what they work as.
func (w writer) interviewed(tx *db.Tx, u *Update) error {
	u.Where.Interviews = []InterviewCount{}
	var found []struct {
		WorkPackage, ParticipantKind string
		N                            int
	}
	err := tx.Raw("select work_package, participant_kind, count(*) as n from study_interviews where project_id = ? and held_on < ? and "+standing+" group by 1, 2 order by 1, array_position(array['patient', 'link_worker', 'health_professional', 'voluntary_sector', 'manager'], participant_kind)", w.ID, w.until).Scan(&found).Error
	profile := disclosure.NHSEngland(u.Disclosure.Threshold)
	for _, f := range found {
		held := &f.N
		if f.ParticipantKind == "patient" {
			held = profile.Count(f.N)
		}
		u.Where.Interviews = append(u.Where.Interviews, InterviewCount{f.WorkPackage, f.ParticipantKind, held})
	}
	return err
}

// sayQuotes fills in the words that may be shown now, and counts the others.
func (u *Update) sayQuotes(tx *db.Tx) error {
	var ids db.IDs
	for _, q := range u.Told.Quotes {
		ids = append(ids, q.ID)
	}
	u.Told.Quotes = []Said{}
	if err := tx.Raw("select * from words_shown(?, ?::uuid[])", u.ProjectID, ids).Scan(&u.Told.Quotes).Error; err != nil {
		return err
	}
	u.Told.Withdrawn = len(ids) - len(u.Told.Quotes)
	return nil
}
