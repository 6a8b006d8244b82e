package study

import (
	"context"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Draft is the update as it would be published now, with counts of progress that only the project's members
// may see. to: the month; empty: this one. Faults: conflict (the project is not approved, or its term is
// over), invalid (the month lies in the future).
func (s *Store) Draft(ctx context.Context, project uuid.UUID, to string) (u Update, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		w, err := s.writer(tx, project, to, "query.to")
		if err != nil {
			return err
		}
		if u, err = w.publicUpdate(tx); err != nil {
			return err
		}
		if err := w.addExactCounts(tx, &u); err != nil {
			return err
		}
		return u.fillInQuotes(tx)
	})
	return u, err
}

// writer writes one update.
type writer struct {
	*Store
	project
	study Study
	to    string
	today day.Date // at the project's first site
	until day.Date // the first day after the month
	when  map[string]string
}

// writer writes of a month that stands in a caller's query or body, at the location.
func (s *Store) writer(tx *db.Tx, project uuid.UUID, to, location string) (w writer, err error) {
	w = writer{Store: s, to: to}
	if w.project, err = findProject(tx, project); err != nil {
		return w, err
	}
	if err = w.current(tx); err != nil {
		return w, err
	}
	if w.study, err = w.project.study(tx); err != nil {
		return w, err
	}
	if w.today, err = today(tx, w.ID); err != nil {
		return w, err
	}
	if w.to == "" {
		w.to = w.today.String()[:len("2006-01")]
	}
	first, err := day.Parse(w.to + "-01")
	switch {
	case err != nil:
		return w, fault.New(fault.Invalid, "The request is well formed, but not right.").
			At(location, fault.WrongFormat, "takes a month, YYYY-MM")
	case first.After(w.today):
		return w, fault.New(fault.Invalid, "The request is well formed, but not right.").
			At(location, fault.OutOfRange, "lies in the future")
	}
	w.until = first.Add(day.Period{Months: 1})
	w.when, err = w.timings(tx)
	return w, err
}

// timings are the project's follow-ups and when each is, in words.
func (w writer) timings(tx *db.Tx) (map[string]string, error) {
	var found []struct {
		Code, OpensAfter, ClosesAfter string
		Windows                       int
	}
	err := tx.As(w.asReader(), func() error {
		return tx.Raw("select code, min(opens_after) as opens_after, min(closes_after) as closes_after, count(distinct "+
			"(opens_after, closes_after)) as windows from schedules where site_id = any(?::uuid[]) and code = "+
			"any(?::text[]) group by code", w.SiteIDs, w.Timepoints).
			Scan(&found).
			Error
	})
	when := map[string]string{}
	for _, f := range found {
		if when[f.Code] = between(f.OpensAfter, f.ClosesAfter); f.Windows > 1 {
			when[f.Code] = "later, at a time that differs between sites"
		}
	}
	return when, err
}

// publicUpdate writes what anybody may read.
func (w writer) publicUpdate(tx *db.Tx) (u Update, err error) {
	people, err := w.people(tx, w.asReader())
	if err != nil {
		return u, err
	}
	scores, err := w.scores(tx)
	if err != nil {
		return u, err
	}
	u = Update{
		ProjectID:    w.ID,
		Title:        w.Title,
		To:           w.to,
		AsOf:         people.AsOf,
		For:          "everybody",
		Introduction: introduction,
		Disclosure:   people.Disclosure,
		Limits:       limits(people.Disclosure),
	}
	u.About = About{
		w.study.Contact,
		w.study.Funder,
		w.study.FunderReference,
		w.study.Acknowledgements,
		w.study.Disclaimer,
	}
	u.Notice, u.Hard.Words = aboutWhom(u.To, u.AsOf), []string{}
	u.Where.Progress, u.Told.FollowUps = []Progress{}, []FollowUpFindings{}
	for _, timepoint := range w.followUps() {
		all, rows := takeApart(people.Rows, timepoint)
		if all.large {
			u.group = "At the sites that are large enough to show: "
		}
		u.Where.Progress = append(u.Where.Progress, Progress{timepoint, w.when[timepoint], w.progress(all, rows)})
		u.Told.FollowUps = append(u.Told.FollowUps, FollowUpFindings{timepoint, w.when[timepoint], findingsInWords(all.row), all.row})
		u.Hard.Words = append(u.Hard.Words, difficultiesInWords(all.row)...)
	}
	u.Where.Words = progressInWords(u)
	u.Told.Changes = w.changes(scores.Rows)
	u.Told.Words = changesInWords(u.Told.Changes, u.AsOf)
	u.InShort = inShort(u)
	return u, w.addNotesAndQuotes(tx, &u)
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

// addExactCounts puts in the counts of progress as they stand now, for members.
func (w writer) addExactCounts(tx *db.Tx, u *Update) error {
	live, err := w.people(tx, actor.Actor{Role: actor.SiteManager, Sites: w.SiteIDs})
	if err != nil {
		return err
	}
	u.For, u.Notice = "members", notForPublication+lower(u.Notice)
	for i, p := range u.Where.Progress {
		all, rows := takeApart(live.Rows, p.Timepoint)
		u.Where.Progress[i].Rows = w.progress(all, rows)
	}
	return nil
}

// addNotesAndQuotes puts in what stewards wrote and chose.
func (w writer) addNotesAndQuotes(tx *db.Tx, u *Update) error {
	var notes []Note
	if err := tx.Where("project_id = ? and noted_on < ?", w.ID, w.until).
		Where(standing).
		Order("noted_on, id").
		Find(&notes).
		Error; err != nil {
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
	if err := w.countInterviews(tx, u); err != nil {
		return err
	}
	u.Told.Quotes = []PublishedQuote{}
	return tx.As(actor.Actor{Role: actor.DataSteward}, func() error {
		return tx.Raw("select id from study_quotes where project_id = ? and state = 'approved' and said_on < ? and "+
			"words_may_show(site_id, follow_up_id, created_at) order by id", w.ID, w.until).Scan(&u.Told.Quotes).Error
	})
}

// countInterviews counts interviews. How many patients were is protected; the others are counted by what they work as.
func (w writer) countInterviews(tx *db.Tx, u *Update) error {
	u.Where.Interviews = []InterviewCount{}
	var found []struct {
		WorkPackage, ParticipantKind string
		N                            int
	}
	err := tx.Raw(`select work_package, participant_kind, count(*) as n from study_interviews
		where project_id = ? and held_on < ? and `+standing+` group by 1, 2
		order by 1, array_position(array['patient', 'link_worker', 'health_professional', 'voluntary_sector',
			'manager'], participant_kind)`, w.ID, w.until).Scan(&found).Error
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

// fillInQuotes fills in the words that may be shown now, and counts the others.
func (u *Update) fillInQuotes(tx *db.Tx) error {
	var ids db.IDs
	for _, q := range u.Told.Quotes {
		ids = append(ids, q.ID)
	}
	u.Told.Quotes = []PublishedQuote{}
	if err := tx.Raw("select * from words_shown(?, ?::uuid[])", u.ProjectID, ids).
		Scan(&u.Told.Quotes).
		Error; err != nil {
		return err
	}
	u.Told.QuotesWithdrawn = len(ids) - len(u.Told.Quotes)
	return nil
}
