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
	Note         string // shown to a proxy above a wording that may not be changed for them
	Introduction string // the instrument's; only its first question has it
	Kind         Kind
	Least        float64   // KindScale, KindNumber
	Most         float64   // KindScale, KindNumber
	EndLabels    [2]string // KindScale: the labels of its least and its most; empty: no label
	Offers       []Choice  // KindChoice, KindScale: the answers; KindNumber: the ways to give none
	Answer       string    // empty: none yet
	Given        bool      // there is an answer, though an empty one
}

// Kind is how a question is answered.
type Kind string

const (
	KindChoice Kind = "choice"
	KindScale  Kind = "scale"  // few numbers, shown side by side, with the ways to give none below
	KindNumber Kind = "number" // too many values to show side by side: typed
	KindText   Kind = "text"   // may be left empty
)

// Choice is one answer on offer.
type Choice struct{ Code, Words string }

const LongestAnswer = 5000 // characters

// Takes reports whether the answer is one the question offers.
func (q Question) Takes(answer string) bool {
	if q.Kind == KindText {
		return len([]rune(answer)) <= LongestAnswer
	}
	if slices.ContainsFunc(q.Offers, func(c Choice) bool { return c.Code == answer }) {
		return true
	}
	n, err := strconv.Atoi(answer)
	return q.Kind == KindNumber && err == nil && float64(n) >= q.Least && float64(n) <= q.Most
}

// EndLabel returns the label of an answer that is an end of a scale; "" for any other.
func (q Question) EndLabel(code string) string {
	switch {
	case q.Kind == KindScale && code == fmt.Sprintf("%g", q.Least):
		return q.EndLabels[0]
	case q.Kind == KindScale && code == fmt.Sprintf("%g", q.Most):
		return q.EndLabels[1]
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
	q := Question{Key: instrument + "." + it.Code, Words: it.Wording, Kind: KindChoice}
	if ask, hint, both := strings.Cut(it.Wording, "? "); both {
		q.Words, q.Hint = ask+"?", hint
	}
	switch {
	case it.Type == "text":
		q.Kind = KindText
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

const mostOnAScale = 11 // numbers that fit side by side

func (q *Question) number(it Item) {
	q.Least, q.Most, q.EndLabels = *it.Min, *it.Max, [2]string{it.MinLabel, it.MaxLabel}
	switch {
	case len(it.Options) > 0:
		for _, o := range it.Options {
			q.Offers = append(q.Offers, Choice{fmt.Sprintf("%g", *o.Value), o.Wording})
		}
	case *it.Max-*it.Min < mostOnAScale:
		q.Kind = KindScale
		for n := *it.Min; n <= *it.Max; n++ {
			q.Offers = append(q.Offers, Choice{fmt.Sprintf("%g", n), fmt.Sprintf("%g", n)})
		}
	default:
		q.Kind = KindNumber
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
