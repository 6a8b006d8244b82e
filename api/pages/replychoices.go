package pages

import (
	"slices"

	"waypost/internal/platform/codes"
	"waypost/internal/referrals"
)

// choice is an answer that a page offers.
type choice struct {
	Answer  string
	Words   string           // on the first page
	Press   bool             // one press is enough
	More    string           // where one press is enough: on the first page too, for who has more to say
	Title   string           // of the page that asks for more
	To      referrals.Status // the move it asks for, if it is one
	Day     string           // what its day is called; empty: it takes none
	Planned bool             // the day is one to come, and may be left out
	Reasons []string         // the lists that its reason is of
	Adds    bool             // to a yes that stands: it is no move of the lifecycle
	Wanted  bool             // whether a reason must be given
	Note    string           // what its words are called; empty: it takes none
	Contact bool             // whether it asks how to reach who answers
	Send    string           // what its button says
	From    []referrals.Status
}

// Answers that are no move.
const (
	cameAnswer      = "attended"
	didNotAnswer    = "did_not_attend"
	questionAnswer  = "question"
	takenBackAnswer = "taken_back"
	addedAnswer     = "added"
)

var (
	unanswered = []referrals.Status{referrals.Sent, referrals.Expired}
	underWay   = []referrals.Status{referrals.Accepted, referrals.InProgress}
	whys       = []string{"organisation_reasons", "patient_reasons"}
)

const (
	anythingElse = "Anything the link worker should know (you can leave this out)"
	howLong      = "How long do you expect them to wait?"
)

// choices are the answers on offer, by where the referral stands; the lifecycle has the last word.
var choices = []choice{
	{
		Answer:  "accepted",
		Words:   "Yes, we can take this person",
		Press:   true,
		More:    "Yes, and say when they can start",
		Title:   "When can they start?",
		To:      referrals.Accepted,
		Day:     "The day, if you know it",
		Planned: true,
		Note:    anythingElse,
		From:    unanswered,
	},
	{
		Answer:  "accepted",
		Words:   "There is a place now: we can take them",
		Press:   true,
		More:    "There is a place: say when they can start",
		Title:   "When can they start?",
		To:      referrals.Accepted,
		Day:     "The day, if you know it",
		Planned: true,
		Note:    anythingElse,
		From:    []referrals.Status{referrals.Waitlisted, referrals.Declined},
	},
	{
		Answer:  addedAnswer,
		Words:   "Say when they can start, or add a note",
		Title:   "When can they start?",
		To:      referrals.Accepted,
		Adds:    true,
		Day:     "The day, if you know it",
		Planned: true,
		Note:    anythingElse,
		From:    []referrals.Status{referrals.Accepted},
	},
	{Answer: "declined", Words: "No, we cannot take them", Title: "Why can you not take them?",
		To: referrals.Declined, Reasons: whys, Wanted: true, Note: anythingElse,
		From: unanswered},
	{Answer: "waitlisted", Words: "Put them on our waiting list", Title: howLong,
		To: referrals.Waitlisted, Reasons: []string{"wait_bands"}, Wanted: true, Note: anythingElse,
		From: append(slices.Clone(unanswered), referrals.Declined)},
	{Answer: cameAnswer, Words: "They have come already", Title: "When did they come?",
		Day: "The day", From: unanswered},
	{Answer: cameAnswer, Words: "They came", Title: "When did they come?",
		Day: "The day", From: append(slices.Clone(underWay), referrals.Waitlisted)},
	{Answer: didNotAnswer, Words: "They did not come when we expected them", Title: "When did you expect them?",
		Day: "The day", Reasons: []string{"non_attendance_reasons"},
		From: underWay},
	{Answer: "completed", Words: "They have finished", Title: "Have they finished as planned?",
		To: referrals.Completed, Note: anythingElse, From: underWay},
	{Answer: "not_completed", Words: "It did not work out", Title: "Why did it not work out?",
		To: referrals.NotCompleted, Reasons: whys, Wanted: true, Note: anythingElse,
		From: append(slices.Clone(underWay), referrals.Waitlisted)},
	{Answer: "declined", Words: "We cannot take them after all", Title: "Why can you not take them?",
		To: referrals.Declined, Reasons: whys, Wanted: true, Note: anythingElse,
		From: []referrals.Status{referrals.Accepted, referrals.Waitlisted}},
	{Answer: "waitlisted", Words: "Put them on our waiting list", Title: howLong,
		To: referrals.Waitlisted, Reasons: []string{"wait_bands"}, Wanted: true, Note: anythingElse,
		From: underWay},
	{Answer: questionAnswer, Words: "We have a question", Title: "What would you like to ask?",
		Note: "Your question", Contact: true, Send: "Send this question",
		From: append(append(slices.Clone(unanswered), underWay...), referrals.Waitlisted, referrals.Declined)},
}

// takingBack is what is asked of who says that a report of attendance was wrong.
var takingBack = choice{
	Answer: takenBackAnswer,
	Title:  "Was this wrong?",
	Note:   "What was wrong (you can leave this out)",
	Send:   "Take it back",
}

// offered are the answers that can be given now.
func offered(a referrals.LinkPage) (out []choice) {
	for _, o := range choices {
		if slices.Contains(o.From, a.Status) &&
			(o.To == "" || o.Adds && a.Status.Open() && !a.NothingLeft || slices.Contains(a.AllowedMoves, o.To)) {
			out = append(out, o)
		}
	}
	return out
}

// choose finds an answer among those on offer.
func choose(a referrals.LinkPage, answer string) (choice, bool) {
	list := offered(a)
	if len(a.Attendances) > 0 {
		list = append(list, takingBack)
	}
	at := slices.IndexFunc(list, func(o choice) bool { return o.Answer == answer })
	if at < 0 {
		return choice{}, false
	}
	return list[at], true
}

// standing says where a referral stands, to the organisation.
var standing = map[referrals.Status]struct{ Title, Words string }{
	referrals.Sent:         {"Can you take this person?", ""},
	referrals.Expired:      {"Can you take this person?", "No answer came in time. You can still answer."},
	referrals.Accepted:     {"You can take this person", "It is accepted. When you know more, please say so here."},
	referrals.Waitlisted:   {"This person is on your waiting list", "When there is a place, please say so here."},
	referrals.InProgress:   {"This person has started", "When they finish, or stop, please say so here."},
	referrals.Declined:     {"You could not take this person", "It is declined."},
	referrals.Completed:    {"This person has finished", "There is nothing more to do. Thank you."},
	referrals.NotCompleted: {"It did not work out", "There is nothing more to do. Thank you for telling us."},
}

// reasonGroup is some of the reasons that an answer takes, as a page shows them: in the organisation's words.
type reasonGroup struct {
	Title string // empty: the list has no groups, or the reason is in none
	Codes []codes.Code
}

// reasonGroups are the reasons of an answer, each once, group by group; what is in none comes last.
func reasonGroups(o choice) (out []reasonGroup) {
	var ungrouped []codes.Code
	seen := map[string]bool{}
	for _, name := range o.Reasons {
		list, _ := codes.Lookup(name)
		began := len(out)
		for _, code := range list.Codes {
			title := list.Groups[code.Group]
			at := slices.IndexFunc(out[began:], func(g reasonGroup) bool { return g.Title == title })
			switch {
			case seen[code.Code]:
			case title == "":
				ungrouped = append(ungrouped, code)
			case at < 0:
				out = append(out, reasonGroup{title, []codes.Code{code}})
			default:
				out[began+at].Codes = append(out[began+at].Codes, code)
			}
			seen[code.Code] = true
		}
	}
	if len(ungrouped) > 0 {
		out = append(out, reasonGroup{Codes: ungrouped})
	}
	return out
}
