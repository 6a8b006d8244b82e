package study

import (
	"fmt"
	"strings"
	"time"

	"waypost/internal/disclosure"
	"waypost/internal/insights"
)

// The words of an update: short sentences of plain words, for a reader of about twelve years.
// TestAnUpdateIsReadAtTwelve measures them.

const notForPublication = "Not for publication. The counts in the table of sites are exact and of now, so they could give people " +
	"away. They are for the members of this study alone. All other figures are those that anybody may read: "

// TooFew stands where a count would stand.
const TooFew = "too few to show safely"

// count is a protected count in words: it is rounded.
func count(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf("about %d", n)
}

// people is a protected count of people in words.
func people(n int) string {
	if n == 0 {
		return "nobody"
	}
	return fmt.Sprintf("about %d people", n)
}

func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func known(counts ...*int) bool {
	for _, n := range counts {
		if n == nil {
			return false
		}
	}
	return true
}

func some(n *int) bool { return n != nil && *n > 0 }

// progressInWords says how far all sites are together.
func progressInWords(u Update) (words []string) {
	if len(u.Told.FollowUps) == 0 {
		return []string{"This study plans no follow-up."}
	}
	r := u.Told.FollowUps[0].Figures
	if r.Enrolled == nil {
		return []string{"How many have joined cannot be shown safely."}
	}
	if *r.Enrolled == 0 {
		return []string{"Nobody has joined the study yet."}
	}
	words = append(
		words,
		u.group+sentence(people(*r.Enrolled))+" have joined the study"+hopedFor(u.Where.Progress[0].Rows[0].Target)+".",
	)
	switch {
	case r.WithBaseline == nil:
	case *r.WithBaseline == *r.Enrolled:
		words = append(words, "All of them, or nearly all, told us at the start how they felt.")
	default:
		words = append(words, sentence(count(*r.WithBaseline))+" of them told us at the start how they felt.")
	}
	for _, f := range u.Told.FollowUps {
		words = append(words, followed(f)...)
	}
	return append(
		words,
		fmt.Sprintf("We round numbers of people to the nearest %d, so they may not add up.", u.Disclosure.Rounding),
	)
}

func hopedFor(target *int) string {
	if target == nil {
		return ""
	}
	return fmt.Sprintf(". In all we hope for %d", *target)
}

// followed says how many were followed up.
func followed(f FollowUpFindings) []string {
	if r := f.Figures; r.EverDue != nil && *r.EverDue == 0 {
		return []string{"We ask people again " + f.When + ". That time has not come for anybody yet."}
	}
	return []string{"We ask people again " + f.When + ".", followedUp(f.Figures)}
}

func followedUp(r insights.ParticipantRow) string {
	switch {
	case r.FollowedUp == nil:
		return "How many people we have followed up cannot be shown safely."
	case r.EverDue == nil:
		return fmt.Sprintf(
			"We have followed up %s. How many were due to be asked again cannot be shown safely.",
			people(*r.FollowedUp),
		)
	case *r.EverDue == 0:
		return "Nobody was due to be asked again yet."
	default:
		return fmt.Sprintf(
			"We have followed up %s, out of %s who were due to be asked again.",
			people(*r.FollowedUp),
			count(*r.EverDue),
		)
	}
}

// findingsInWords says what people said at a follow-up.
func findingsInWords(r insights.ParticipantRow) []string {
	switch {
	case r.FollowedUp == nil:
		return []string{"What they said cannot be shown safely."}
	case *r.FollowedUp == 0:
		return []string{"Nobody has answered yet."}
	}
	words, hidden := []string{"How have you been? " + beenInWords(r)}, false
	ask := func(text string, counts ...*int) {
		if !known(counts...) {
			hidden = true
			return
		}
		var said []any
		for _, n := range counts {
			said = append(said, sentence(count(*n)))
		}
		words = append(words, fmt.Sprintf(text, said...))
	}
	ask(
		"Did you use the group or service you were put in touch with? %s said yes. %s said no, or did not say.",
		r.Used,
		r.NotUsed,
	)
	if r.Used == nil || *r.Used > 0 {
		ask(
			"Did it help those who used something? %s said yes. %s said something else. "+worse(r.ServicesMadeWorse),
			r.Helped,
			r.NotHelped,
		)
	}
	ask(
		"Did it help to meet a link worker? %s said yes. %s said something else. "+worse(r.MeetingMadeWorse),
		r.MeetingHelped,
		r.MeetingNotHelped,
	)
	if hidden {
		words = append(words, "Other answers cannot be shown safely.")
	}
	return words
}

// beenInWords says how people have been.
func beenInWords(r insights.ParticipantRow) string {
	if !known(r.BeenBetter, r.BeenWorse, r.BeenSameOrNotSaid) {
		return "This cannot be shown safely."
	}
	return fmt.Sprintf(
		"%s said better. %s said worse. %s said the same, or did not say.",
		sentence(count(*r.BeenBetter)),
		sentence(count(*r.BeenWorse)),
		sentence(count(*r.BeenSameOrNotSaid)),
	)
}

// worse says how many say that something made things worse; that is mostly few.
func worse(n *int) string {
	switch {
	case n == nil:
		return "How many of these said that it made things worse cannot be shown safely."
	case *n == 0:
		return "None of these said that it made things worse."
	default:
		return sentence(count(*n)) + " of these said that it made things worse."
	}
}

// difficultiesInWords says what made it hard to collect answers at a follow-up.
func difficultiesInWords(r insights.ParticipantRow) []string {
	if r.EverDue == nil {
		return []string{"How many did not answer cannot be shown safely."}
	}
	words := []string{}
	if *r.EverDue == 0 {
		return words
	}
	add := func(n *int, text string) {
		if some(n) {
			words = append(words, sentence(fmt.Sprintf(text, people(*n))))
		}
	}
	add(r.StillOpen, "%s have not answered yet. They still can.")
	add(r.LostOrSaidNo, "%s could not be asked, or did not want to be.")
	add(r.Missed, "For %s the time to ask ran out. Nobody wrote down why.")
	add(r.TriedMore, "We tried to reach %s more than once.")
	add(r.NeverTried, "For %s nobody wrote down if we tried to reach them.")
	add(r.NotAllAnswers, "%s answered, but left out some or all of the questions with scores.")
	if !known(r.StillOpen, r.LostOrSaidNo, r.Missed, r.TriedMore, r.NeverTried, r.NotAllAnswers) {
		words = append(words, "Some of these numbers cannot be shown safely, so they do not stand here.")
	}
	return words
}

// inShort answers what most readers ask first. Scores are of everybody so far, so that they stand there
// only in an update of now.
func inShort(u Update) (words []string) {
	for _, f := range u.Told.FollowUps {
		when := u.group
		if len(u.Told.FollowUps) > 1 {
			when += "At the follow-up " + f.When + ": "
		}
		r := f.Figures
		words = append(words, when+strings.TrimSpace(followedUp(r)+" "+share(r)))
		if some(r.FollowedUp) {
			words = append(words, when+"How had they been? "+beenInWords(r))
		}
	}
	up, down, unclear := 0, 0, 0
	for _, c := range u.Told.Changes {
		switch {
		case !c.Shown():
		case !c.Clear():
			unclear++
		case c.Verdict() == "better":
			up++
		default:
			down++
		}
	}
	if n := up + down + unclear; n > 0 && u.isOfNow() {
		words = append(
			words,
			fmt.Sprintf("We asked for %d scores twice. On average, %s", n, verdicts(up, down, unclear)),
		)
	}
	return append(
		words,
		"This does not show that the support made people better or worse. We have nobody to compare them with.",
	)
}

// share says how much of those who were due were followed up, by the numbers as they are shown.
func share(r insights.ParticipantRow) string {
	if !some(r.EverDue) || r.FollowedUp == nil {
		return ""
	}
	switch part := float64(*r.FollowedUp) / float64(*r.EverDue); {
	case part < 0.45:
		return "That is fewer than half."
	case part <= 0.55:
		return "That is about half."
	default:
		return "That is more than half."
	}
}

func verdicts(up, down, unclear int) string {
	switch n := up + down + unclear; {
	case n == 1:
	case n == up:
		return "all of them got better."
	case n == down:
		return "all of them got worse."
	case n == unclear:
		return "none of them clearly changed."
	}
	var parts []string
	for _, p := range []struct {
		n     int
		words string
	}{{up, "got better"}, {down, "got worse"}, {unclear, "did not clearly change"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.words))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// limits are what figures of this kind cannot say.
func limits(d disclosure.Notice) []string {
	return []string{
		"We cannot say that the support made the change. We have no group of people who had no support, so we cannot compare.",
		"People often get help when things are at their worst. Many then feel better in time, with help or without.",
		"People who did not answer may feel worse, or better, than those who did.",
		"People who agree to take part in a study may differ from those who do not.",
		fmt.Sprintf("To protect people, we do not show numbers of them from 1 to %d. We round the others to the "+
			"nearest %d. Numbers of staff are exact.", d.Threshold-1, d.Rounding),
	}
}

// introduction says what a study of this kind is, for somebody who never heard of it.
const introduction = "A link worker helps people find things near them, such as a lunch club, advice about debt, or a walking " +
	"group. We ask these people how they feel. Months later we ask again."

// aboutWhom says whom an update is about, and when.
func aboutWhom(to string, asOf time.Time) string {
	if lastMonth(asOf) <= to {
		return fmt.Sprintf("This is about everybody who had joined the study by the end of %s.", lastDay(asOf))
	}
	return fmt.Sprintf(
		"This is about people who joined the study up to the end of %s. It shows how things stood at the end of %s.",
		monthInWords(to),
		lastDay(asOf),
	)
}
