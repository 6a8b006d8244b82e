package pages

import (
	"slices"

	"waypost/internal/platform/codes"
	"waypost/internal/referrals"
)

// choice is an answer that a page offers.
type choice struct {
	Answer  string             // the value in the form and in the page's path
	Words   string             // its button or link on the first page
	Press   bool               // a press of that button records it, without a page of its own
	More    string             // beside such a button: the link to the page that takes details
	Title   string             // of the page that takes details
	To      referrals.Status   // the move that it makes; empty: it makes none
	Day     string             // the label of its day; empty: it takes no day
	Planned bool               // the day lies in the future, and may be left out
	Reasons []string           // the code lists that its reason is from
	Adds    bool               // it adds to an acceptance, and makes no move
	Wanted  bool               // a reason must be given
	Note    string             // the label of its note; empty: it takes no note
	Contact bool               // it asks how to reach the sender
	Send    string             // the label of its button; empty: "Send this answer"
	From    []referrals.Status // the statuses in which it is offered
}

// Answers that make no move.
const (
	cameAnswer      = "attended"
	didNotAnswer    = "did_not_attend"
	questionAnswer  = "question"
	takenBackAnswer = "taken_back"
	addedAnswer     = "added"
)

var (
	awaitingReply  = []referrals.Status{referrals.Sent, referrals.Expired}
	underWay       = []referrals.Status{referrals.Accepted, referrals.InProgress}
	declineReasons = []string{"organisation_reasons", "patient_reasons"}
)

const (
	anythingElse = "Anything the link worker should know (you can leave this out)"
	howLong      = "How long do you expect them to wait?"
)

// choices are all answers. The lifecycle decides too which are offered: see offered.
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
		From:    awaitingReply,
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
		To: referrals.Declined, Reasons: declineReasons, Wanted: true, Note: anythingElse,
		From: awaitingReply},
	{Answer: "waitlisted", Words: "Put them on our waiting list", Title: howLong,
		To: referrals.Waitlisted, Reasons: []string{"wait_bands"}, Wanted: true, Note: anythingElse,
		From: append(slices.Clone(awaitingReply), referrals.Declined)},
	{Answer: cameAnswer, Words: "They have come already", Title: "When did they come?",
		Day: "The day", From: awaitingReply},
	{Answer: cameAnswer, Words: "They came", Title: "When did they come?",
		Day: "The day", From: append(slices.Clone(underWay), referrals.Waitlisted)},
	{Answer: didNotAnswer, Words: "They did not come when we expected them", Title: "When did you expect them?",
		Day: "The day", Reasons: []string{"non_attendance_reasons"},
		From: underWay},
	{Answer: "completed", Words: "They have finished", Title: "Have they finished as planned?",
		To: referrals.Completed, Note: anythingElse, From: underWay},
	{Answer: "not_completed", Words: "It did not work out", Title: "Why did it not work out?",
		To: referrals.NotCompleted, Reasons: declineReasons, Wanted: true, Note: anythingElse,
		From: append(slices.Clone(underWay), referrals.Waitlisted)},
	{Answer: "declined", Words: "We cannot take them after all", Title: "Why can you not take them?",
		To: referrals.Declined, Reasons: declineReasons, Wanted: true, Note: anythingElse,
		From: []referrals.Status{referrals.Accepted, referrals.Waitlisted}},
	{Answer: "waitlisted", Words: "Put them on our waiting list", Title: howLong,
		To: referrals.Waitlisted, Reasons: []string{"wait_bands"}, Wanted: true, Note: anythingElse,
		From: underWay},
	{Answer: questionAnswer, Words: "We have a question", Title: "What would you like to ask?",
		Note: "Your question", Contact: true, Send: "Send this question",
		From: append(append(slices.Clone(awaitingReply), underWay...), referrals.Waitlisted, referrals.Declined)},
}

// takingBack is the page that takes a reported attendance back.
var takingBack = choice{
	Answer: takenBackAnswer,
	Title:  "Was this wrong?",
	Note:   "What was wrong (you can leave this out)",
	Send:   "Take it back",
}

// offered returns the answers that can be given now.
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

// headings are the first page's heading and explanation by the referral's status.
var headings = map[referrals.Status]struct{ Title, Words string }{
	referrals.Sent:         {"Can you take this person?", ""},
	referrals.Expired:      {"Can you take this person?", "No answer came in time. You can still answer."},
	referrals.Accepted:     {"You can take this person", "It is accepted. When you know more, please say so here."},
	referrals.Waitlisted:   {"This person is on your waiting list", "When there is a place, please say so here."},
	referrals.InProgress:   {"This person has started", "When they finish, or stop, please say so here."},
	referrals.Declined:     {"You could not take this person", "It is declined."},
	referrals.Completed:    {"This person has finished", "There is nothing more to do. Thank you."},
	referrals.NotCompleted: {"It did not work out", "There is nothing more to do. Thank you for telling us."},
}

// reasonGroup is a group of the reasons that an answer takes.
type reasonGroup struct {
	Title string // empty: these reasons are in no group
	Codes []codes.Code
}

// reasonGroups returns the reasons of an answer by group, each once. Those in no group come last.
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
