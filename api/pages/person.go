package pages

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"waypost/api/wire"
	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/platform/text"
)

// personPages adds the pages behind a person's own link: a start, a page for each question, and one to check and
// send the answers. Each answer is kept when it is given. The pages need no JavaScript and read no cookie; the one
// script lets the person leave at once.
func (s *server) personPages(e *echo.Echo) {
	wire.GetAndHead(e, link.FollowUp.Path(":token"), s.personPage(s.startPage))
	wire.GetAndHead(e, link.FollowUp.Path(":token/check"), s.personPage(s.checkPage))
	e.POST(link.FollowUp.Path(":token/check"), s.personPage(s.sendAnswers))
	wire.GetAndHead(e, link.FollowUp.Path(":token/thanks"), s.personPage(s.thanksPage))
	wire.GetAndHead(e, link.FollowUp.Path(":token/:question"), s.personPage(s.questionPage))
	e.POST(link.FollowUp.Path(":token/:question"), s.personPage(s.keepAnswer))
}

// personPage wraps the handler of one of these pages.
func (s *server) personPage(show echo.HandlerFunc) echo.HandlerFunc {
	policy := func(c echo.Context) { c.Response().Header().Set("Content-Security-Policy", personPolicy) }
	return s.page(func(c echo.Context) error {
		policy(c)
		return show(c)
	}, func(c echo.Context, p *wire.Problem, err error) error {
		policy(c)
		return personError(c, p, err)
	})
}

// personError shows a person why their page cannot be shown.
func personError(c echo.Context, p *wire.Problem, err error) error {
	m := message{"Something went wrong", "Please try again in a few minutes. What you answered so far is kept."}
	switch p.Code {
	case string(fault.Conflict):
		m.Title, m.Words = "You have answered these questions", "Thank you. There is nothing more to do."
		if errors.Is(err, outcomes.ErrOvertaken) {
			m.Title, m.Words = "These questions are answered already", "Somebody wrote down your answers in "+
				"another way. If you had begun to answer on this page, "+
				"that was not sent, and is deleted. Your link worker can tell you more."
		}
	case string(fault.NotFound):
		m.Title, m.Words = "This link does not work", "It may have run out, or part of it may be missing. "+
			"If you would still like to answer, ask your link worker for a new one."
	case string(fault.TooLarge):
		m.Title, m.Words = "That was too long", "Please go back and write less. What you answered before is kept."
	case string(fault.RateLimited):
		m.Title, m.Words = "Please wait", tooManyLinks
	}
	return render(c, p.Status, "gone", m)
}

func (s *server) visit(c echo.Context) (outcomes.Page, error) {
	return s.Outcomes.ReadLinkPage(db.Relaxed(c.Request().Context()), c.Param("token"))
}

// step returns the path of another page of this link.
func step(c echo.Context, name string) string {
	return wire.BaseOf(c) + link.FollowUp.Path(url.PathEscape(c.Param("token"))) + "/" + url.PathEscape(name)
}

// next returns the path of the first question without an answer, or else of the page to check the answers.
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
	if at < 0 { // another answer made the question disappear, or it never existed
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
	answer, err := parseAnswer(c)
	if err != nil {
		return err
	}
	question := c.Param("question")
	p, err := s.Outcomes.Answer(c.Request().Context(), c.Param("token"), question, answer)
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
	case at >= 0 && p.Questions[at].Kind == instruments.KindText:
		return "Please write at most 5,000 characters"
	case at >= 0 && p.Questions[at].Kind == instruments.KindNumber:
		return "Write a whole number, or choose one of the other answers"
	case at >= 0 && !p.Questions[at].MayPass():
		return "Choose one of the answers"
	default:
		return "Choose one of the answers. You can say that you would rather not"
	}
}

// parseAnswer reads the form. A question for a number has two fields: the number, and the other answers (none).
func parseAnswer(c echo.Context) (string, error) {
	form, err := parseForm(c)
	if err != nil {
		return "", err
	}
	if none := form.Get("none"); none != "" && text.Blank(form.Get("answer")) {
		return none, nil
	}
	return field(form, "answer"), nil
}

// checkedAnswer is a line of the page where answers are checked.
type checkedAnswer struct{ Words, Answer, Change string }

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
		Answers    []checkedAnswer
		Back, Send string
	}{Back: step(c, p.Questions[last].Key), Send: step(c, "check")}
	for _, q := range p.Questions {
		data.Answers = append(data.Answers, checkedAnswer{q.Words, q.AnswerText(), step(c, q.Key)})
	}
	return render(c, http.StatusOK, "check", data)
}

// sendAnswers completes the follow-up. Sending it again shows the thanks again.
func (s *server) sendAnswers(c echo.Context) error {
	err := s.Outcomes.Send(c.Request().Context(), c.Param("token"))
	switch {
	case fault.Is(err, fault.Invalid):
		return c.Redirect(http.StatusSeeOther, step(c, "check"))
	case err != nil && (!fault.Is(err, fault.Conflict) || errors.Is(err, outcomes.ErrOvertaken)):
		return err
	}
	s.dropKeptPages(c)
	return c.Redirect(http.StatusSeeOther, step(c, "thanks"))
}

// dropKeptPages makes Chromium drop the pages of the link from its back/forward cache, also where JavaScript is off.
// Chromium drops a no-store page from that cache when an HttpOnly cookie of the page changes. Clear-Site-Data does
// not have that effect. The cookie holds nothing, is never read, and expires after a minute.
func (s *server) dropKeptPages(c echo.Context) {
	c.SetCookie(
		&http.Cookie{Name: "sent", Value: rand.Text(), Path: wire.BaseOf(c) + link.FollowUp.Path(""), MaxAge: 60,
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(s.PublicURL, "https:")},
	)
}

// thanksPage also says whom to call. It clears the browser's cache, so that going back shows no answers.
func (s *server) thanksPage(c echo.Context) error {
	n, err := s.Outcomes.Thanks(db.Relaxed(c.Request().Context()), c.Param("token"))
	switch {
	case fault.Is(err, fault.Invalid):
		return c.Redirect(http.StatusSeeOther, step(c, "check"))
	case err != nil:
		return err
	}
	c.Response().Header().Set("Clear-Site-Data", `"cache"`)
	return render(c, http.StatusOK, "thanks", n)
}
