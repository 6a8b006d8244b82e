package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"waypost/api/wire"
	"waypost/internal/keys"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/voids"
	"waypost/internal/referrals"
)

// replyPages adds the pages behind an organisation's link: the referral with the answers that can be given, and a page
// for each answer that takes more than a press. Accepting takes one press of a button. Opening a page changes nothing,
// since mail scanners open links too.
func (s *server) replyPages(e *echo.Echo) {
	wire.GetAndHead(e, link.Reply.Path(":token"), s.page(s.byReplyLink(s.referralPage), replyError))
	e.POST(link.Reply.Path(":token"), s.page(s.byReplyLink(s.takeReply), replyError))
	wire.GetAndHead(e, link.Reply.Path(":token/thanks"), s.page(s.byReplyLink(s.repliedPage), replyError))
	wire.GetAndHead(e, link.Reply.Path(":token/:answer"), s.page(s.byReplyLink(s.replyPage), replyError))
}

// byReplyLink begins the request's transaction with the link's token.
func (s *server) byReplyLink(show echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		leave, err := s.BeginByLink(c)
		defer leave()
		if err != nil {
			return err
		}
		return show(c)
	}
}

// replyError shows the organisation why its page cannot be shown.
func replyError(c echo.Context, p *wire.Problem, err error) error {
	m := message{"Something went wrong", "Please try again in a few minutes."}
	switch {
	case errors.Is(err, referrals.ErrTakenBack):
		m.Title, m.Words = "This referral was taken back", "There is nothing to answer any more. Thank you."
	case errors.Is(err, keys.ErrNotActive):
		m.Title, m.Words = "This link does not work any more", "Your organisation is no longer active in Waypost, "+
			"so nobody is shown here. If that is wrong, please tell whoever sent you the referral."
	case p.Code == string(fault.NotFound):
		m.Title, m.Words = "This link does not work", "It may have run out, a part of it may be missing, or there may be "+
			"a newer message with a newer link. Whoever sent you the referral can make another."
	case p.Code == string(fault.TooLarge):
		m.Title, m.Words = "That was too long", "Please go back and write less."
	case p.Code == string(fault.RateLimited):
		m.Title, m.Words = "Please wait", tooManyLinks
	}
	return render(c, p.Status, "reply_gone", m)
}

func replyAt(c echo.Context, step string) string {
	return strings.TrimSuffix(wire.BaseOf(c)+link.Reply.Path(url.PathEscape(c.Param("token")))+"/"+step, "/")
}

func (s *server) referralPage(c echo.Context) error {
	a, err := s.Referrals.ReadLinkPage(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	return showReferral(c, http.StatusOK, a, "")
}

// repliedPage shows the referral again, with thanks for the answer just given.
func (s *server) repliedPage(c echo.Context) error {
	a, err := s.Referrals.ReadLinkPage(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	thanks := "Thank you. Your answer was recorded."
	switch {
	case c.QueryParam("for") == takenBackAnswer:
		thanks = "Thank you. It was taken back."
	case c.QueryParam("for") == questionAnswer && a.Person != nil:
		thanks = "Thank you. Your question was passed to " + a.Person.LinkWorkerName + "."
	case c.QueryParam("for") == questionAnswer:
		thanks = "Thank you. Your question was passed to the link worker."
	}
	return showReferral(c, http.StatusOK, a, thanks)
}

// offer is an answer on the first page: a button to press, or a link to follow.
type offer struct {
	Answer, Words string
	Press         bool
}

// offers returns what the first page shows for these answers.
func offers(list []choice) (out []offer) {
	var more []offer
	for _, o := range list {
		out = append(out, offer{o.Answer, o.Words, o.Press})
		if o.More != "" {
			more = append(more, offer{Answer: o.Answer, Words: o.More})
		}
	}
	first := min(2, len(out)) // yes and no come first
	return slices.Insert(out, first, more...)
}

// earlierAnswer is a line about something that the organisation reported or asked before.
type earlierAnswer struct {
	Words string
	Back  string // path of the page that takes it back; empty: it cannot be taken back
}

func earlierAnswers(c echo.Context, a referrals.LinkPage) (out []earlierAnswer) {
	for _, r := range a.Attendances {
		out = append(out, earlierAnswer{attendanceText(r), replyAt(c, takenBackAnswer) + "?attendance=" + r.ID.String()})
	}
	for _, q := range a.Questions {
		words := "You asked a question on " + longDate(q.AskedOn) + ". It waits to be answered."
		if q.AnsweredAt != nil {
			words = "You asked a question on " + longDate(q.AskedOn) + ". It was answered."
		}
		out = append(out, earlierAnswer{Words: words})
	}
	return out
}

func attendanceText(r referrals.Reported) string {
	if r.Attended {
		return "You said that they came on " + longDate(r.On) + "."
	}
	return "You said that they did not come on " + longDate(r.On) + "."
}

func showReferral(c echo.Context, status int, a referrals.LinkPage, thanks string) error {
	where, open := headings[a.Status], a.Status.Open()
	if open && a.NothingLeft {
		open = false
		where.Title, where.Words = "Nothing is left to do", "Please do not call the person. If you have a question, "+
			"please ask whoever sent you the referral."
	}
	data := struct {
		referrals.LinkPage
		Title, Words, Thanks, Need, Sent, Wait, Starts, Prefers string
		// the person's address, where mail can be sent to it
		MailTo string
		Here   string
		Open   bool
		Offers []offer
		Before []earlierAnswer
	}{
		LinkPage: a, Title: where.Title, Words: where.Words, Thanks: thanks, Need: gloss("needs", a.Need),
		Sent: longDate(a.SentOn), Here: replyAt(c, ""), Open: open,
		Offers: offers(offered(a)), Before: earlierAnswers(c, a),
	}
	if a.ExpectedWait != nil && a.Status == referrals.Waitlisted {
		data.Wait = gloss("wait_bands", *a.ExpectedWait)
	}
	if a.ExpectedStartOn != nil && a.Status.Open() {
		data.Starts = longDate(*a.ExpectedStartOn)
	}
	if a.Person != nil && a.Person.Email != nil {
		if address, ok := normal.Sendable(*a.Person.Email); ok {
			data.MailTo = address
		}
	}
	if a.Person != nil && a.Person.ContactPreference != "not_known" {
		data.Prefers = gloss("contact_preferences", a.Person.ContactPreference)
	}
	return render(c, status, "reply", data)
}

// replyPage asks for the details of an answer. It redirects to the first page when the answer can no longer be given.
func (s *server) replyPage(c echo.Context) error {
	a, err := s.Referrals.ReadLinkPage(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	o, may := choose(a, c.Param("answer"))
	form := url.Values{"attendance": {c.QueryParam("attendance")}}
	if !may || o.Title == "" || o.Answer == takenBackAnswer && attendanceIn(a, form) == nil {
		return c.Redirect(http.StatusSeeOther, replyAt(c, ""))
	}
	return showReply(c, http.StatusOK, a, o, form, mistake{})
}

// attendanceIn returns the reported attendance that a form names, or nil.
func attendanceIn(a referrals.LinkPage, form url.Values) *referrals.Reported {
	at := slices.IndexFunc(
		a.Attendances,
		func(r referrals.Reported) bool { return r.ID.String() == form.Get("attendance") },
	)
	if at < 0 {
		return nil
	}
	return &a.Attendances[at]
}

// mistake says what is wrong with a form, and with which of its fields.
type mistake struct{ Words, Field string }

func showReply(c echo.Context, status int, a referrals.LinkPage, o choice, form url.Values, wrong mistake) error {
	data := struct {
		choice
		Here, Stands, On, First, Last, Reason, Text, Reach, Attendance, About string
		Most                                                                  int
		Wrong                                                                 mistake
		Groups                                                                []reasonGroup
	}{
		choice: o, Here: replyAt(c, ""), Stands: string(a.Status), On: form.Get("on"),
		First: a.SentOn.String(), Last: a.Today.String(), Reason: form.Get("reason"),
		Text: field(form, "note"), Reach: field(form, "contact"), Most: maxLength(o), Wrong: wrong,
		Groups: reasonGroups(o),
	}
	if o.Planned {
		data.First, data.Last = a.Today.String(), ""
		if o.Adds && data.On == "" && a.ExpectedStartOn != nil {
			data.On = a.ExpectedStartOn.String()
			data.First = min(data.First, data.On) // else a browser refuses the recorded day once it has passed
		}
	} else if data.On == "" {
		data.On = a.Today.String()
	}
	if o.Send == "" {
		data.Send = "Send this answer"
	}
	if r := attendanceIn(a, form); r != nil && o.Answer == takenBackAnswer {
		data.About, data.Attendance = attendanceText(*r), r.ID.String()
	}
	return render(c, status, "reply_more", data)
}

// maxLength is how long an answer's note may be, in characters.
func maxLength(o choice) int {
	switch o.Answer {
	case questionAnswer:
		return referrals.MaxQuestion
	case takenBackAnswer:
		return voids.MaxReason
	default:
		return referrals.MaxNote
	}
}

// gloss returns the meaning of a code.
func gloss(list, code string) string {
	l, _ := codes.Lookup(list)
	at := slices.IndexFunc(l.Codes, func(c codes.Code) bool { return c.Code == code })
	if at < 0 {
		return ""
	}
	return l.Codes[at].Gloss
}

func longDate(d day.Date) string { return d.In(time.UTC).Format("2 January 2006") }
