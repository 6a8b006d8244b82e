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
	"waypost/internal/referrals"
)

// replyPages are the pages behind an organisation's link: what it is asked, and one to say more for each
// answer that takes more. To accept takes one press of a button; nothing changes by opening a page, which
// programs that look through mail do too.
func (s *server) replyPages(e *echo.Echo) {
	wire.GetAndHead(e, link.Reply.Path(":token"), s.page(s.byReplyLink(s.askedPage), replyGone))
	e.POST(link.Reply.Path(":token"), s.page(s.byReplyLink(s.takeReply), replyGone))
	wire.GetAndHead(e, link.Reply.Path(":token/thanks"), s.page(s.byReplyLink(s.repliedPage), replyGone))
	wire.GetAndHead(e, link.Reply.Path(":token/:answer"), s.page(s.byReplyLink(s.replyPage), replyGone))
}

// byReplyLink begins the request's transaction with the link.
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

// replyGone tells in plain words that there is nothing to answer.
func replyGone(c echo.Context, p *wire.Problem, err error) error {
	told := struct{ Title, Words string }{"Something went wrong", "Please try again in a few minutes."}
	switch {
	case errors.Is(err, referrals.ErrTakenBack):
		told.Title, told.Words = "This referral was taken back", "There is nothing to answer any more. Thank you."
	case errors.Is(err, keys.ErrNotActive):
		told.Title, told.Words = "This link does not work any more", "Your organisation is no longer active in Waypost, so nobody is shown here. If that is wrong, "+
			"please tell whoever sent you the referral."
	case p.Code == string(fault.NotFound):
		told.Title, told.Words = "This link does not work", "It may have run out, a part of it may be missing, or there may be a newer message with a newer "+
			"link. Whoever sent you the referral can make another."
	case p.Code == string(fault.TooLarge):
		told.Title, told.Words = "That was too long", "Please go back and write less."
	case p.Code == string(fault.RateLimited):
		told.Title, told.Words = "Please wait", tooManyLinks
	}
	return render(c, p.Status, "reply_gone", told)
}

func replyAt(c echo.Context, step string) string {
	return strings.TrimSuffix(wire.BaseOf(c)+link.Reply.Path(url.PathEscape(c.Param("token")))+"/"+step, "/")
}

func (s *server) askedPage(c echo.Context) error {
	a, err := s.Referrals.ReadLinkPage(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	return showAsked(c, http.StatusOK, a, "")
}

// repliedPage is the same once something was said.
func (s *server) repliedPage(c echo.Context) error {
	a, err := s.Referrals.ReadLinkPage(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	told := "Thank you. Your answer was recorded."
	switch {
	case c.QueryParam("for") == takenBackAnswer:
		told = "Thank you. It was taken back."
	case c.QueryParam("for") == questionAnswer && a.Person != nil:
		told = "Thank you. Your question was passed to " + a.Person.LinkWorkerName + "."
	case c.QueryParam("for") == questionAnswer:
		told = "Thank you. Your question was passed to the link worker."
	}
	return showAsked(c, http.StatusOK, a, told)
}

// offer is something on the first page to press, or to follow.
type offer struct {
	Answer, Words string
	Press         bool
}

// offers are what the first page shows: the answers themselves, and then those with more to say.
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

// said is a line on what the organisation said or asked before.
type saidBefore struct {
	Words string
	Back  string // where it is taken back; empty: it cannot be
}

func before(c echo.Context, a referrals.LinkPage) (out []saidBefore) {
	for _, r := range a.Attendances {
		out = append(out, saidBefore{cameOrNot(r), replyAt(c, takenBackAnswer) + "?attendance=" + r.ID.String()})
	}
	for _, q := range a.Questions {
		words := "You asked a question on " + inWords(q.AskedOn) + ". It waits to be answered."
		if q.AnsweredAt != nil {
			words = "You asked a question on " + inWords(q.AskedOn) + ". It was answered."
		}
		out = append(out, saidBefore{Words: words})
	}
	return out
}

func cameOrNot(r referrals.Reported) string {
	if r.Attended {
		return "You said that they came on " + inWords(r.On) + "."
	}
	return "You said that they did not come on " + inWords(r.On) + "."
}

func showAsked(c echo.Context, status int, a referrals.LinkPage, told string) error {
	where, open := standing[a.Status], a.Status.Open()
	if open && a.NothingLeft {
		where.Title, where.Words, open = "Nothing is left to do", "Please do not call the person. If you have a question, please ask whoever sent you the referral.", false
	}
	data := struct {
		referrals.LinkPage
		Title, Words, Told, Need, Sent, Wait, Starts, Prefers string
		// the person's address, where mail can be sent to it
		MailTo string
		Here   string
		Open   bool
		Offers []offer
		Before []saidBefore
	}{LinkPage: a, Title: where.Title, Words: where.Words, Told: told, Need: gloss("needs", a.Need), Sent: inWords(a.SentOn), Here: replyAt(c, ""), Open: open,
		Offers: offers(offered(a)), Before: before(c, a)}
	if a.ExpectedWait != nil && a.Status == referrals.Waitlisted {
		data.Wait = gloss("wait_bands", *a.ExpectedWait)
	}
	if a.ExpectedStartOn != nil && a.Status.Open() {
		data.Starts = inWords(*a.ExpectedStartOn)
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

// replyPage asks for what an answer needs. One that cannot be given any more leads back to those that can.
func (s *server) replyPage(c echo.Context) error {
	a, err := s.Referrals.ReadLinkPage(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	o, may := choose(a, c.Param("answer"))
	form := url.Values{"attendance": {c.QueryParam("attendance")}}
	if !may || o.Title == "" || o.Answer == takenBackAnswer && reportIn(a, form) == nil {
		return c.Redirect(http.StatusSeeOther, replyAt(c, ""))
	}
	return showReply(c, http.StatusOK, a, o, form, mistake{})
}

// reportIn is the report of attendance that a form names, nil if there is none.
func reportIn(a referrals.LinkPage, form url.Values) *referrals.Reported {
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
	}{choice: o, Here: replyAt(c, ""), Stands: string(a.Status), On: form.Get("on"), First: a.SentOn.String(), Last: a.Today.String(), Reason: form.Get("reason"),
		Text: said(form, "note"), Reach: said(form, "contact"), Most: mostOf(o), Wrong: wrong, Groups: reasonGroups(o)}
	if o.Planned {
		data.First, data.Last = a.Today.String(), ""
		if o.Adds && data.On == "" && a.ExpectedStartOn != nil {
			data.On = a.ExpectedStartOn.String()
			data.First = min(data.First, data.On) // a browser would refuse a day that stands and has passed
		}
	} else if data.On == "" {
		data.On = a.Today.String()
	}
	if o.Send == "" {
		data.Send = "Send this answer"
	}
	if r := reportIn(a, form); r != nil && o.Answer == takenBackAnswer {
		data.About, data.Attendance = cameOrNot(*r), r.ID.String()
	}
	return render(c, status, "reply_more", data)
}

// mostOf is how long the words of an answer may be, in characters.
func mostOf(o choice) int {
	switch o.Answer {
	case questionAnswer:
		return referrals.MaxQuestion
	case takenBackAnswer:
		return referrals.MaxReason
	default:
		return referrals.MaxNote
	}
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
