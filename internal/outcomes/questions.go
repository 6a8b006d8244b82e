package outcomes

import (
	"slices"

	"waypost/internal/episodes"
	"waypost/internal/instruments"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// visit is a person at their own link.
type visit struct {
	FollowUp
	episode episodes.Episode
	today   day.Date
}

// form is what is asked of one person, in order. What has been answered decides what is asked next.
type form struct {
	tx          *db.Tx
	visit       visit
	answers     map[string]string
	instruments []instruments.Instrument
	places      []place
	questions   []instruments.Question
}

func (v visit) form(tx *db.Tx) (f form, err error) {
	f = form{tx: tx, visit: v}
	if f.answers, err = v.answers(tx); err != nil {
		return f, err
	}
	if f.instruments, err = v.instruments(tx); err != nil {
		return f, err
	}
	places, err := v.places(tx)
	if err != nil {
		return f, err
	}
	f.places = notSensitive(places)
	f.addQuestions()
	return f, nil
}

func (v visit) answers(tx *db.Tx) (map[string]string, error) {
	var rows []struct{ Question, Answer string }
	err := tx.Table("follow_up_answers").Where("site_id = ? and follow_up_id = ?", v.SiteID, v.ID).Find(&rows).Error
	given := map[string]string{}
	for _, r := range rows {
		given[r.Question] = r.Answer
	}
	return given, err
}

// instruments returns those of the follow-up's schedule that the page can ask; of a schedule that the site has deleted,
// ons4. It leaves out an instrument that was answered at this follow-up already, that the person is too young for, that
// has an item without a wording or one that shows the answer at the baseline again, and context where the site has it
// switched off.
func (v visit) instruments(tx *db.Tx) (list []instruments.Instrument, err error) {
	var keys, done []string
	err = tx.Raw("select unnest(coalesce((select instruments from schedules where site_id = ? and code = ?), '{ons4}'))", v.SiteID, v.Code).
		Scan(&keys).
		Error
	if err != nil {
		return nil, err
	}
	err = tx.Table("standing_assessments").
		Where("site_id = ? and episode_id = ? and timepoint = ?", v.SiteID, v.EpisodeID, v.Code).
		Pluck("instrument", &done).
		Error
	if err != nil {
		return nil, err
	}
	context, err := contextOn(tx, v.SiteID)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		i, err := instruments.FindWorded(tx, v.SiteID, key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil {
			var old bool
			if old, err = oldEnough(tx, v.SiteID, v.PatientID, i, v.today); err != nil {
				return nil, err
			} else if !old {
				continue
			}
		}
		if err != nil || i.Context && !context || slices.Contains(done, key) ||
			slices.ContainsFunc(i.Items, func(it instruments.Item) bool { return it.Wording == "" || it.Repeat }) {
			continue
		}
		list, done = append(list, i), append(done, key)
	}
	return list, nil
}

// addQuestions adds every question, given the answers so far.
func (f *form) addQuestions() {
	f.add("respondent", words.Questions["respondent"])
	f.add("how_have_you_been", f.questionText("how_have_you_been"))
	for _, i := range f.instruments {
		for _, q := range i.Questions(f.answers["respondent"]) {
			f.questions = append(f.questions, f.withAnswer(q))
		}
	}
	for _, p := range f.places {
		f.addPlaceQuestions(p)
	}
	f.add("benefit", f.questionText("benefit"))
	f.add("narrative", f.questionText("narrative"))
}

// questionText returns a question of Waypost's own, worded for whoever answers.
func (f *form) questionText(question string) questionText {
	return words.Questions[question].forRespondent(f.answers["respondent"])
}

// maxQuestionsOfPlace is the most questions that addPlaceQuestions adds for one place.
const maxQuestionsOfPlace = 3

// maxQuestions is the most questions that there can be, whatever is answered. It is the same on every page of a link.
func (f *form) maxQuestions() int {
	n := 4 + maxQuestionsOfPlace*len(f.places) // who answers, how they have been, the link worker, and their own words
	for _, i := range f.instruments {
		n += len(i.Items)
	}
	return n
}

// addPlaceQuestions adds the questions about one place: whether it was used, and then why not, or whether it helped.
func (f *form) addPlaceQuestions(p place) {
	of := func(question string) { f.add(p.key()+"."+question, f.questionText(question).forPlace(p.Name)) }
	of("used")
	switch f.answers[p.key()+".used"] {
	case "still_using":
		of("helped")
	case "used_stopped":
		of("stopped")
		of("helped")
	case "tried_could_not", "not_yet", "did_not_use":
		of("not_used")
	}
}

func (f *form) add(key string, a questionText) {
	q := instruments.Question{Key: key, Words: a.Words, Hint: a.Hint, Kind: instruments.KindChoice, Offers: a.Answers}
	if len(a.Answers) == 0 {
		q.Kind = instruments.KindText
	}
	f.questions = append(f.questions, f.withAnswer(q))
}

func (f *form) withAnswer(q instruments.Question) instruments.Question {
	q.Answer, q.Given = f.answers[q.Key]
	return q
}
