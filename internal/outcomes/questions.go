package outcomes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"waypost/internal/episodes"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Question is one question of a person's own page, with what they have answered so far.
type Question struct {
	Key          string // names it among the answers, such as ons4.anxiety
	Words        string
	Hint         string
	Note         string // to somebody who answers for the person, above words that may not change
	Introduction string // of its instrument, with the first question of that
	Kind         Kind
	Least        float64   // of a number
	Most         float64   // of a number
	Ends         [2]string // of a scale: what its least and its most are called; empty: nothing
	Offers       []Choice  // of a choice or a scale; of a number, the ways to give none
	Answer       string    // empty: none yet
	Given        bool      // there is an answer, though an empty one
}

// Kind is how a question is answered.
type Kind string

const (
	AChoice Kind = "choice"
	AScale  Kind = "scale"  // of a few numbers side by side, with the ways to give none below
	ANumber Kind = "number" // of many
	AText   Kind = "text"   // which may be left empty
)

// Choice is one answer on offer.
type Choice struct{ Code, Words string }

const longestAnswer = 5000 // characters

// takes tells whether the answer is one the question offers.
func (q Question) takes(answer string) bool {
	if q.Kind == AText {
		return len([]rune(answer)) <= longestAnswer
	}
	if slices.ContainsFunc(q.Offers, func(c Choice) bool { return c.Code == answer }) {
		return true
	}
	n, err := strconv.Atoi(answer)
	return q.Kind == ANumber && err == nil && float64(n) >= q.Least && float64(n) <= q.Most
}

// End is what an answer is called that is an end of a scale.
func (q Question) End(code string) string {
	switch {
	case q.Kind == AScale && code == fmt.Sprintf("%g", q.Least):
		return q.Ends[0]
	case q.Kind == AScale && code == fmt.Sprintf("%g", q.Most):
		return q.Ends[1]
	}
	return ""
}

// MayPass tells whether somebody can say that they would rather not answer.
func (q Question) MayPass() bool {
	return slices.ContainsFunc(q.Offers, func(c Choice) bool { return c.Code == "prefer_not_to_say" })
}

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
	instruments []Instrument
	places      []place
	questions   []Question
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
	f.places = named(places)
	f.ask()
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

// instruments are those of the schedule (ons4 where the site has it no more) that a page can ask: with
// words for every item, none of which shows what was said before, not answered at this follow-up already,
// and context only where the site has it switched on.
func (v visit) instruments(tx *db.Tx) (list []Instrument, err error) {
	var keys, done []string
	err = tx.Raw("select unnest(coalesce((select instruments from schedules where site_id = ? and code = ?), '{ons4}'))", v.SiteID, v.Code).
		Scan(&keys).
		Error
	if err != nil {
		return nil, err
	}
	err = tx.Raw("select instrument from standing_assessments where site_id = ? and episode_id = ? and timepoint = ?", v.SiteID, v.EpisodeID, v.Code).
		Scan(&done).
		Error
	if err != nil {
		return nil, err
	}
	context, err := contextOn(tx, v.SiteID)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		i, err := worded(tx, v.SiteID, key)
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
			slices.ContainsFunc(i.Items, func(it Item) bool { return it.Wording == "" || it.Repeat }) {
			continue
		}
		list, done = append(list, i), append(done, key)
	}
	return list, nil
}

// ask lists the questions.
func (f *form) ask() {
	f.add("respondent", words.Questions["respondent"])
	f.add("how_have_you_been", f.asked("how_have_you_been"))
	for _, i := range f.instruments {
		f.askAll(i)
	}
	for _, p := range f.places {
		f.askOf(p)
	}
	f.add("benefit", f.asked("benefit"))
	f.add("narrative", f.asked("narrative"))
}

// proxy answers for the person, and is no helper of one who answers.
const proxy = "proxy"

// asked is a question of Waypost's own, as it is put to who answers.
func (f *form) asked(question string) asked {
	return words.Questions[question].by(f.answers["respondent"])
}

// askAll asks the questions of an instrument, as far as whoever answers may answer them.
func (f *form) askAll(i Instrument) {
	introduction := i.Introduction
	for _, it := range i.Items {
		if i.othersMayNot(f.answers["respondent"]) || it.SelfOnly && f.answers["respondent"] == proxy {
			continue
		}
		note := ""
		if f.answers["respondent"] == proxy {
			own, is := words.ProxyItems[i.Key+"."+it.Code]
			if is && i.SiteID == nil {
				it.Wording = own
			} else {
				note = words.ProxyNote
			}
		}
		q := f.answered(it.question(i.Key))
		q.Note = note
		q.Introduction, introduction = introduction, ""
		f.questions = append(f.questions, q)
	}
}

// mostOfPlace is how many questions askOf asks of a place at most.
const mostOfPlace = 3

// most is how many questions there can be, whatever is answered: it is the same on every page of a link.
func (f *form) most() int {
	n := 4 + mostOfPlace*len(f.places) // who answers, how they have been, the link worker, and their own words
	for _, i := range f.instruments {
		n += len(i.Items)
	}
	return n
}

// askOf asks of one place: whether it was used, and then why not, or whether it helped.
func (f *form) askOf(p place) {
	of := func(question string) { f.add(p.key()+"."+question, f.asked(question).about(p.Name)) }
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

func (f *form) add(key string, a asked) {
	q := Question{Key: key, Words: a.Words, Hint: a.Hint, Kind: AChoice, Offers: a.Answers}
	if len(a.Answers) == 0 {
		q.Kind = AText
	}
	f.questions = append(f.questions, f.answered(q))
}

func (f *form) answered(q Question) Question {
	q.Answer, q.Given = f.answers[q.Key]
	return q
}

// question is the item as a page asks it. Whatever follows the question mark in its wording is a hint.
func (it Item) question(instrument string) Question {
	q := Question{Key: instrument + "." + it.Code, Words: it.Wording, Kind: AChoice}
	if ask, hint, both := strings.Cut(it.Wording, "? "); both {
		q.Words, q.Hint = ask+"?", hint
	}
	switch {
	case it.Type == "text":
		q.Kind = AText
		return q
	case it.Type == "number":
		q.number(it)
	case it.Codes != "":
		list, _ := codes.Lookup(it.Codes)
		for _, c := range list.Codes {
			q.Offers = append(q.Offers, Choice{c.Code, c.Gloss})
		}
	default:
		for _, o := range it.Options {
			q.Offers = append(q.Offers, Choice{o.Code, o.Wording})
		}
	}
	for _, none := range words.Missing {
		if !slices.ContainsFunc(q.Offers, func(c Choice) bool { return c.Code == none.Code }) {
			q.Offers = append(q.Offers, none)
		}
	}
	return q
}

const mostOnAScale = 11 // as many numbers as stand side by side

func (q *Question) number(it Item) {
	q.Least, q.Most, q.Ends = *it.Min, *it.Max, [2]string{it.MinLabel, it.MaxLabel}
	switch {
	case len(it.Options) > 0:
		for _, o := range it.Options {
			q.Offers = append(q.Offers, Choice{fmt.Sprintf("%g", *o.Value), o.Wording})
		}
	case *it.Max-*it.Min < mostOnAScale:
		q.Kind = AScale
		for n := *it.Min; n <= *it.Max; n++ {
			q.Offers = append(q.Offers, Choice{fmt.Sprintf("%g", n), fmt.Sprintf("%g", n)})
		}
	default:
		q.Kind = ANumber
	}
}

// Said is the answer in the question's own words.
func (q Question) Said() string {
	at := slices.IndexFunc(q.Offers, func(c Choice) bool { return c.Code == q.Answer })
	switch {
	case at >= 0:
		return q.Offers[at].Words
	case q.Answer == "":
		return "Nothing"
	default:
		return q.Answer
	}
}
