package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/referrals"
)

// replyPages are the pages behind an organisation's link: what it is asked, and one to say more for each answer that needs it.
// To accept takes one press of a button; nothing changes by opening a page, which programs that look through mail do too.
func (s *server) replyPages(e *echo.Echo) {
	get(e, referrals.ReplyPath+":token", s.page(s.byReplyLink(s.askedPage), replyGone))
	e.POST(referrals.ReplyPath+":token", s.page(s.byReplyLink(s.takeReply), replyGone))
	get(e, referrals.ReplyPath+":token/thanks", s.page(s.byReplyLink(s.repliedPage), replyGone))
	get(e, referrals.ReplyPath+":token/:answer", s.page(s.byReplyLink(s.replyPage), replyGone))
}

// byReplyLink begins the request's transaction with the link.
func (s *server) byReplyLink(show echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		leave, err := s.admitByLink(c)
		defer leave()
		if err != nil {
			return err
		}
		return show(c)
	}
}

// replyGone tells in plain words that there is nothing to answer.
func replyGone(c echo.Context, p *Problem, err error) error {
	told := struct{ Title, Words string }{"Something went wrong", "Please try again in a few minutes."}
	switch {
	case errors.Is(err, referrals.ErrTakenBack):
		told.Title, told.Words = "This referral was taken back", "There is nothing to answer any more. Thank you."
	case errors.Is(err, referrals.ErrNotActive):
		told.Title, told.Words = "This link does not work any more", "Your organisation is no longer active in Waypost, so nobody is shown here. If that is wrong, please tell whoever sent you the referral."
	case p.Code == string(fault.NotFound):
		told.Title, told.Words = "This link does not work", "It may have run out, a part of it may be missing, or there may be a newer message with a newer link. Whoever sent you the referral can make another."
	case p.Code == string(fault.TooLarge):
		told.Title, told.Words = "That was too long", "Please go back and write less."
	case p.Code == string(fault.RateLimited):
		told.Title, told.Words = "Please wait", tooManyLinks
	}
	return render(c, p.Status, "reply_gone", told)
}

// choice is an answer that a page offers.
type choice struct {
	Answer  string
	Words   string           // on the first page
	Title   string           // of the page that asks for more; empty: one press is enough
	To      referrals.Status // the move it asks for; empty: it reports attendance
	Reasons []string         // the lists that its reason is of
	Wanted  bool             // whether a reason must be given
	From    []referrals.Status
}

var (
	unanswered = []referrals.Status{referrals.Sent, referrals.Expired}
	underWay   = []referrals.Status{referrals.Accepted, referrals.InProgress}
	whys       = []string{"organisation_reasons", "patient_reasons"}
)

// choices are the answers on offer, by where the referral stands; the lifecycle has the last word.
var choices = []choice{
	{Answer: "accepted", Words: "Yes, we can take this person", To: referrals.Accepted, From: unanswered},
	{Answer: "accepted", Words: "There is a place now: we can take them", To: referrals.Accepted, From: []referrals.Status{referrals.Waitlisted, referrals.Declined}},
	{Answer: "waitlisted", Words: "Put them on our waiting list", Title: "How long do you expect them to wait?", To: referrals.Waitlisted, Reasons: []string{"wait_bands"}, Wanted: true,
		From: append(slices.Clone(unanswered), referrals.Accepted, referrals.InProgress, referrals.Declined)},
	{Answer: "attended", Words: "They have come already", Title: "When did they come?", From: unanswered},
	{Answer: "attended", Words: "They came", Title: "When did they come?", From: append(slices.Clone(underWay), referrals.Waitlisted)},
	{Answer: "did_not_attend", Words: "They did not come when we expected them", Title: "When did you expect them?", Reasons: []string{"non_attendance_reasons"}, From: underWay},
	{Answer: "completed", Words: "They have finished", Title: "Have they finished as planned?", To: referrals.Completed, From: underWay},
	{Answer: "not_completed", Words: "It did not work out", Title: "Why did it not work out?", To: referrals.NotCompleted, Reasons: whys, Wanted: true, From: append(slices.Clone(underWay), referrals.Waitlisted)},
	{Answer: "declined", Words: "No, we cannot take them", Title: "Why can you not take them?", To: referrals.Declined, Reasons: whys, Wanted: true, From: unanswered},
	{Answer: "declined", Words: "We cannot take them after all", Title: "Why can you not take them?", To: referrals.Declined, Reasons: whys, Wanted: true, From: []referrals.Status{referrals.Accepted, referrals.Waitlisted}},
}

// offered are the answers that can be given now.
func offered(a referrals.Asked) (out []choice) {
	for _, o := range choices {
		if slices.Contains(o.From, a.Status) && (o.To == "" || slices.Contains(a.AllowedMoves, o.To)) {
			out = append(out, o)
		}
	}
	return out
}

// choose finds an answer among those on offer.
func choose(a referrals.Asked, answer string) (choice, bool) {
	list := offered(a)
	at := slices.IndexFunc(list, func(o choice) bool { return o.Answer == answer })
	if at < 0 {
		return choice{}, false
	}
	return list[at], true
}

// standing says where a referral stands, to the organisation.
var standing = map[referrals.Status]struct{ Title, Words string }{
	referrals.Sent:         {"Can you take this person?", "It is waiting for your answer."},
	referrals.Expired:      {"Can you take this person?", "No answer came in time. You can still answer."},
	referrals.Accepted:     {"You can take this person", "It is accepted. When you know more, please say so here."},
	referrals.Waitlisted:   {"This person is on your waiting list", "When there is a place, please say so here."},
	referrals.InProgress:   {"This person has started", "When they finish, or stop, please say so here."},
	referrals.Declined:     {"You could not take this person", "It is declined."},
	referrals.Completed:    {"This person has finished", "There is nothing more to do. Thank you."},
	referrals.NotCompleted: {"It did not work out", "There is nothing more to do. Thank you for telling us."},
}

func replyAt(c echo.Context, step string) string {
	return strings.TrimSuffix(base(c)+referrals.ReplyPath+url.PathEscape(c.Param("token"))+"/"+step, "/")
}

func (s *server) askedPage(c echo.Context) error {
	a, err := s.casework.Referrals.Asked(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	return showAsked(c, http.StatusOK, a, "")
}

// repliedPage is the same once an answer was given.
func (s *server) repliedPage(c echo.Context) error {
	a, err := s.casework.Referrals.Asked(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	return showAsked(c, http.StatusOK, a, "Thank you. Your answer was recorded.")
}

func showAsked(c echo.Context, status int, a referrals.Asked, told string) error {
	where := standing[a.Status]
	data := struct {
		referrals.Asked
		Title, Words, Told, Need, Sent, Wait, Prefers string
		Here                                          string
		Open                                          bool
		Choices                                       []choice
	}{Asked: a, Title: where.Title, Words: where.Words, Told: told, Need: gloss("needs", a.Need), Sent: inWords(a.SentOn), Here: replyAt(c, ""), Open: a.Status.Open(), Choices: offered(a)}
	if a.ExpectedWait != nil && a.Status == referrals.Waitlisted {
		data.Wait = gloss("wait_bands", *a.ExpectedWait)
	}
	if a.Person != nil && a.Person.ContactPreference != "not_known" {
		data.Prefers = gloss("contact_preferences", a.Person.ContactPreference)
	}
	return render(c, status, "reply", data)
}

// replyPage asks for what an answer needs. One that cannot be given any more leads back to those that can.
func (s *server) replyPage(c echo.Context) error {
	a, err := s.casework.Referrals.Asked(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	o, may := choose(a, c.Param("answer"))
	if !may || o.Title == "" {
		return c.Redirect(http.StatusSeeOther, replyAt(c, ""))
	}
	return showReply(c, http.StatusOK, a, o, url.Values{}, "")
}

// reasonList is the reasons of one list, as a page shows them.
type reasonList struct {
	Title string
	Codes []codes.Code
}

func reasonLists(o choice) (out []reasonList) {
	seen := map[string]bool{}
	for _, name := range o.Reasons {
		list, _ := codes.Lookup(name)
		shown := reasonList{Title: map[string]string{"organisation_reasons": "On our side", "patient_reasons": "On the person's side"}[name]}
		for _, code := range list.Codes {
			if !seen[code.Code] {
				shown.Codes = append(shown.Codes, code)
			}
			seen[code.Code] = true
		}
		out = append(out, shown)
	}
	return out
}

func showReply(c echo.Context, status int, a referrals.Asked, o choice, form url.Values, wrong string) error {
	on := form.Get("on")
	if on == "" {
		on = a.Today.String()
	}
	return render(c, status, "reply_more", struct {
		choice
		Here, Stands, Wrong, On, First, Last, Reason, Note string
		Lists                                              []reasonList
	}{o, replyAt(c, ""), string(a.Status), wrong, on, a.SentOn.String(), a.Today.String(), form.Get("reason"), said(form, "note"), reasonLists(o)})
}

// takeReply records an answer. What became impossible meanwhile is told, with what is possible now.
func (s *server) takeReply(c echo.Context) error {
	form, err := formOf(c)
	if err != nil {
		return err
	}
	_, err = s.casework.Referrals.Answer(c.Request().Context(), answerIn(form))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, replyAt(c, "thanks"))
	}
	if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.MoveNotAllowed) && !fault.Is(err, fault.Conflict) {
		return err
	}
	return s.byReplyLink(func(c echo.Context) error { return s.refuseReply(c, form, err) })(c)
}

func (s *server) refuseReply(c echo.Context, form url.Values, refusal error) error {
	a, err := s.casework.Referrals.Asked(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	answer := form.Get("answer")
	if string(a.Status) == answer { // pressed twice
		return c.Redirect(http.StatusSeeOther, replyAt(c, "thanks"))
	}
	o, may := choose(a, answer)
	if !fault.Is(refusal, fault.Invalid) || !may || o.Title == "" {
		return showAsked(c, problemOf(refusal).Status, a, notRecorded(answer, refusal))
	}
	wrong := "Choose one of the answers"
	switch {
	case o.To == "":
		wrong = "Choose a day: not before the referral was sent, and not after today"
	case utf8.RuneCountInString(said(form, "note")) > referrals.MaxNote:
		wrong = "Please write at most 5,000 characters"
	}
	return showReply(c, http.StatusUnprocessableEntity, a, o, form, wrong)
}

// notRecorded says why an answer was not recorded, where its own page cannot take it again.
func notRecorded(answer string, refusal error) string {
	const stands = "Your answer was not recorded: you have said of that day already that they %s, and that stands. If it is wrong, please tell whoever sent you the referral, who can put it right."
	switch {
	case !slices.ContainsFunc(choices, func(o choice) bool { return o.Answer == answer }):
		return "Choose one of the answers."
	case errors.Is(refusal, referrals.ErrSaidCame):
		return fmt.Sprintf(stands, "came")
	case errors.Is(refusal, referrals.ErrSaidDidNotCome):
		return fmt.Sprintf(stands, "did not come")
	default:
		return "Your answer was not recorded: this referral has changed since you opened the page. This is how it stands now."
	}
}

// answerIn is what a page's form says. What no page offers is no answer.
func answerIn(form url.Values) (n referrals.Answer) {
	text := func(field string) *string {
		if t := said(form, field); t != "" {
			return &t
		}
		return nil
	}
	if from := text("from"); from != nil {
		n.From = new(referrals.Status(*from))
	}
	n.Reason = text("reason")
	switch answer := form.Get("answer"); answer {
	case "attended", "did_not_attend":
		n.Attended = new(answer == "attended")
		if on, err := day.Parse(form.Get("on")); err == nil {
			n.On = &on
		}
	default:
		at := slices.IndexFunc(choices, func(o choice) bool { return o.Answer == answer })
		if at >= 0 {
			n.To, n.Note = &choices[at].To, text("note")
		}
	}
	return n
}

// gloss is what a code means, in words.
func gloss(list, code string) string {
	l, _ := codes.Lookup(list)
	at := slices.IndexFunc(l.Codes, func(c codes.Code) bool { return c.Code == code })
	if at < 0 {
		return ""
	}
	return l.Codes[at].Gloss
}

func inWords(d day.Date) string { return d.In(time.UTC).Format("2 January 2006") }
