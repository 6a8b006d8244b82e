package api

import (
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/pages"
	"waypost/api/wire"
	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/platform/text"
)

const maxForm = 64 << 10 // bytes of one answer

// patientPages are the pages behind a person's own link: a start, a page for each question, and one to
// check and send. They keep each answer as it is given, and need no JavaScript and read no cookie; a script
// helps to leave them at once.
func (s *server) patientPages(e *echo.Echo) {
	wire.GetAndHead(e, pages.StylePath, func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "max-age=3600")
		return c.Blob(http.StatusOK, "text/css; charset=utf-8", pages.Style)
	})
	wire.GetAndHead(e, pages.LeavePath, func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "max-age=3600")
		return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", pages.LeaveScript)
	})
	wire.GetAndHead(e, link.FollowUp.Path(":token"), s.personPage(s.startPage))
	wire.GetAndHead(e, link.FollowUp.Path(":token/check"), s.personPage(s.checkPage))
	e.POST(link.FollowUp.Path(":token/check"), s.personPage(s.sendAnswers))
	wire.GetAndHead(e, link.FollowUp.Path(":token/thanks"), s.personPage(s.thanksPage))
	wire.GetAndHead(e, link.FollowUp.Path(":token/:question"), s.personPage(s.questionPage))
	e.POST(link.FollowUp.Path(":token/:question"), s.personPage(s.keepAnswer))
}

// personPage is a page of a person, and of nobody where the link does not work.
func (s *server) personPage(show echo.HandlerFunc) echo.HandlerFunc {
	policy := func(c echo.Context) { c.Response().Header().Set("Content-Security-Policy", pages.PersonPolicy) }
	return s.page(func(c echo.Context) error {
		policy(c)
		return show(c)
	}, func(c echo.Context, p *wire.Problem, err error) error {
		policy(c)
		return gone(c, p, err)
	})
}

// page is what all pages behind links share: the form is read before anything else, nothing is stored on
// the way, no script runs, and what went wrong is said in words.
func (s *server) page(show echo.HandlerFunc, gone func(echo.Context, *wire.Problem, error) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Content-Security-Policy", pages.ContentSecurityPolicy)
		if !strings.HasPrefix(c.Path(), link.Update.Path("")) { // which is for everybody, and names no link
			wire.NoCompression(c)
		}
		err := wire.Receive(c, maxForm)
		switch {
		case err != nil:
		case s.IsLoading():
			err = wire.Unready(nil)
		default:
			err = show(c)
		}
		if fault.Is(err, fault.NotFound) {
			err = s.CountGuess(c, err) // tokens must not be tried out
		}
		if err == nil {
			return nil
		}
		p := wire.ProblemOf(c.Request().Context(), err)
		maps.Copy(h, p.GetHeaders())
		return gone(c, p, err)
	}
}

// tooManyLinks is what every page tells somebody who tries links out.
const tooManyLinks = "Too many links that do not work were tried from your connection. Please try again in a few minutes."

// gone tells in plain words that there is nothing to answer.
func gone(c echo.Context, p *wire.Problem, err error) error {
	said := struct{ Title, Words string }{
		"Something went wrong",
		"Please try again in a few minutes. What you answered so far is kept.",
	}
	switch p.Code {
	case string(fault.Conflict):
		said.Title, said.Words = "You have answered these questions", "Thank you. There is nothing more to do."
		if errors.Is(err, outcomes.ErrOvertaken) {
			said.Title, said.Words = "These questions are answered already", "Somebody wrote down your answers in another way. If you had begun to answer on this page, "+
				"that was not sent, and is deleted. Your link worker can tell you more."
		}
	case string(fault.NotFound):
		said.Title, said.Words = "This link does not work", "It may have run out, or part of it may be missing. If you would still like to answer, ask your "+
			"link worker for a new one."
	case string(fault.TooLarge):
		said.Title, said.Words = "That was too long", "Please go back and write less. What you answered before is kept."
	case string(fault.RateLimited):
		said.Title, said.Words = "Please wait", tooManyLinks
	}
	return render(c, p.Status, "gone", said)
}

func render(c echo.Context, status int, name string, data any) error {
	html, err := pages.Render(wire.BaseOf(c), name, data)
	if err != nil {
		return err
	}
	return c.HTMLBlob(status, html)
}

func (s *server) visit(c echo.Context) (outcomes.Page, error) {
	return s.casework.Outcomes.ReadLinkPage(db.Relaxed(c.Request().Context()), c.Param("token"))
}

// step is the path of a page of this link.
func step(c echo.Context, name string) string {
	return wire.BaseOf(c) + link.FollowUp.Path(url.PathEscape(c.Param("token"))) + "/" + url.PathEscape(name)
}

// next is the path of the first question that has no answer, or of the page to check them.
func next(c echo.Context, p outcomes.Page) string {
	if at := p.Next(); at < len(p.Questions) {
		return step(c, p.Questions[at].Key)
	}
	return step(c, "check")
}

func (s *server) startPage(c echo.Context) error {
	p, err := s.visit(c)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, "start", struct {
		outcomes.Notice
		Go    string
		Begun bool
	}{p.Notice, next(c, p), p.Next() > 0})
}

func (s *server) questionPage(c echo.Context) error {
	p, err := s.visit(c)
	if err != nil {
		return err
	}
	return showQuestion(c, http.StatusOK, p, c.Param("question"), "")
}

func showQuestion(c echo.Context, status int, p outcomes.Page, key, wrong string) error {
	at := p.Index(key)
	if at < 0 { // it was asked before another answer changed, or never
		return c.Redirect(http.StatusSeeOther, next(c, p))
	}
	q := p.Questions[at]
	back := strings.TrimSuffix(step(c, ""), "/")
	if at > 0 {
		back = step(c, p.Questions[at-1].Key)
	}
	typed := ""
	if _, err := strconv.Atoi(q.Answer); err == nil {
		typed = q.Answer
	}
	return render(c, status, "question", struct {
		Question                 instruments.Question
		Here, Back, Wrong, Typed string
		Number, Of               int
	}{q, step(c, q.Key), back, wrong, typed, at + 1, p.Most})
}

// keepAnswer keeps one answer and goes on to the next question.
func (s *server) keepAnswer(c echo.Context) error {
	answer, err := answerOf(c)
	if err != nil {
		return err
	}
	question := c.Param("question")
	p, err := s.casework.Outcomes.Answer(c.Request().Context(), c.Param("token"), question, answer)
	if !fault.Is(err, fault.Invalid) {
		if err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, next(c, p))
	}
	if p, err = s.visit(c); err != nil {
		return err
	}
	return showQuestion(c, http.StatusUnprocessableEntity, p, question, wrongAnswer(p, question))
}

func wrongAnswer(p outcomes.Page, question string) string {
	at := p.Index(question)
	switch {
	case at >= 0 && p.Questions[at].Kind == instruments.AText:
		return "Please write at most 5,000 characters"
	case at >= 0 && p.Questions[at].Kind == instruments.ANumber:
		return "Write a whole number, or choose one of the other answers"
	case at >= 0 && !p.Questions[at].MayPass():
		return "Choose one of the answers"
	default:
		return "Choose one of the answers. You can say that you would rather not"
	}
}

// answerOf reads the form, of which a question of many numbers has two fields.
func answerOf(c echo.Context) (string, error) {
	form, err := formOf(c)
	if err != nil {
		return "", err
	}
	if none := form.Get("none"); none != "" && text.Blank(form.Get("answer")) {
		return none, nil
	}
	return said(form, "answer"), nil
}

// formOf reads a form that a page sent.
func formOf(c echo.Context) (url.Values, error) {
	form, err := url.ParseQuery(string(wire.RequestOf(c.Request().Context()).Body))
	if err != nil {
		return nil, fault.New(fault.Unreadable, "The answer cannot be read.")
	}
	return form, nil
}

// said is what a field of a form says, as it may be kept.
func said(form url.Values, field string) string {
	answer := strings.ToValidUTF8(strings.TrimSpace(form.Get(field)), "")
	if text.Blank(answer) {
		return ""
	}
	return strings.ReplaceAll(strings.ReplaceAll(answer, "\x00", ""), "\r\n", "\n")
}

// checked is one answer on the page to check them.
type checked struct{ Words, Answer, Change string }

func (s *server) checkPage(c echo.Context) error {
	p, err := s.visit(c)
	if err != nil {
		return err
	}
	if at := p.Next(); at < len(p.Questions) {
		return c.Redirect(http.StatusSeeOther, next(c, p))
	}
	last := len(p.Questions) - 1
	data := struct {
		Answers    []checked
		Back, Send string
	}{Back: step(c, p.Questions[last].Key), Send: step(c, "check")}
	for _, q := range p.Questions {
		data.Answers = append(data.Answers, checked{q.Words, q.AnswerText(), step(c, q.Key)})
	}
	return render(c, http.StatusOK, "check", data)
}

// sendAnswers completes the follow-up. Who sends twice is thanked twice.
func (s *server) sendAnswers(c echo.Context) error {
	err := s.casework.Outcomes.Send(c.Request().Context(), c.Param("token"))
	switch {
	case fault.Is(err, fault.Invalid):
		return c.Redirect(http.StatusSeeOther, step(c, "check"))
	case err != nil && (!fault.Is(err, fault.Conflict) || errors.Is(err, outcomes.ErrOvertaken)):
		return err
	}
	s.dropKeptPages(c)
	return c.Redirect(http.StatusSeeOther, step(c, "thanks"))
}

// dropKeptPages makes Chromium drop the pages of the link that it kept in memory, where no script runs
// either: it shows no page that may not be stored again once a cookie of that page has changed, which
// scripts cannot read (HttpOnly). The cookie says nothing, is never read, and ends after a minute.
// Clear-Site-Data does not do so.
func (s *server) dropKeptPages(c echo.Context) {
	c.SetCookie(
		&http.Cookie{Name: "sent", Value: rand.Text(), Path: wire.BaseOf(c) + link.FollowUp.Path(""), MaxAge: 60,
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(s.PublicURL, "https:")},
	)
}

// thanksPage says whom to call. The browser drops what it kept of the pages before: going back shows no answers.
func (s *server) thanksPage(c echo.Context) error {
	n, err := s.casework.Outcomes.Thanks(db.Relaxed(c.Request().Context()), c.Param("token"))
	switch {
	case fault.Is(err, fault.Invalid):
		return c.Redirect(http.StatusSeeOther, step(c, "check"))
	case err != nil:
		return err
	}
	c.Response().Header().Set("Clear-Site-Data", `"cache"`)
	return render(c, http.StatusOK, "thanks", n)
}
