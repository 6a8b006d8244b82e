package instruments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"waypost/internal/platform/codes"
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

const LongestAnswer = 5000 // characters

// Takes reports whether the answer is one the question offers.
func (q Question) Takes(answer string) bool {
	if q.Kind == AText {
		return len([]rune(answer)) <= LongestAnswer
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

// MayPass reports whether somebody can say that they would rather not answer.
func (q Question) MayPass() bool {
	return slices.ContainsFunc(q.Offers, func(c Choice) bool { return c.Code == "prefer_not_to_say" })
}

// Questions are those of the instrument that the respondent may answer, as a page asks them.
func (i Instrument) Questions(respondent string) (list []Question) {
	introduction := i.Introduction
	for _, it := range i.Items {
		if i.RefusesProxy(respondent) || it.SelfOnly && respondent == Proxy {
			continue
		}
		note := ""
		if respondent == Proxy {
			own, is := words.ProxyItems[i.Key+"."+it.Code]
			if is && i.SiteID == nil {
				it.Wording = own
			} else {
				note = words.ProxyNote
			}
		}
		q := it.question(i.Key)
		q.Note = note
		q.Introduction, introduction = introduction, ""
		list = append(list, q)
	}
	return list
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
	for _, none := range words.NoAnswer {
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

// AnswerText is the answer in the question's own words.
func (q Question) AnswerText() string {
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

// ParseAnswer reads what a page kept: Question.Takes has checked it.
func (it Item) ParseAnswer(text string) Answer {
	n, err := strconv.Atoi(text)
	_, wrong := it.check(Answer{Text: &text})
	switch {
	case it.Type == "number" && err == nil:
		return Answer{Number: new(float64(n))}
	case it.Type != "text" && wrong != "":
		return Answer{Missing: text}
	default:
		return Answer{Text: &text}
	}
}
