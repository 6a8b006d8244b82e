package pages

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"waypost/api/wire"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	plain "waypost/internal/platform/text"
	"waypost/internal/referrals"
)

// takeReply records an answer. When it is no longer possible, the page says so and shows what is possible now.
func (s *server) takeReply(c echo.Context) error {
	form, err := parseForm(c)
	if err != nil {
		return err
	}
	answer, err := parseReply(form)
	if err == nil {
		_, err = s.Referrals.Answer(c.Request().Context(), answer)
	}
	if err == nil {
		return c.Redirect(http.StatusSeeOther, thanksAt(c, form.Get("answer")))
	}
	if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.MoveNotAllowed) && !fault.Is(err, fault.Conflict) {
		return err
	}
	return s.byReplyLink(func(c echo.Context) error { return s.refuseReply(c, form, err) })(c)
}

func thanksAt(c echo.Context, answer string) string {
	if answer == questionAnswer || answer == takenBackAnswer {
		return replyAt(c, "thanks") + "?for=" + answer
	}
	return replyAt(c, "thanks")
}

func (s *server) refuseReply(c echo.Context, form url.Values, refusal error) error {
	a, err := s.Referrals.ReadLinkPage(db.Relaxed(c.Request().Context()))
	if err != nil {
		return err
	}
	answer := form.Get("answer")
	if string(a.Status) == answer && repeats(a, form) { // pressed twice
		return c.Redirect(http.StatusSeeOther, replyAt(c, "thanks"))
	}
	o, may := choose(a, answer)
	if !fault.Is(refusal, fault.Invalid) || !may || o.Title == "" ||
		answer == takenBackAnswer && attendanceIn(a, form) == nil {
		return showReferral(c, wire.ProblemOf(c.Request().Context(), refusal).Status, a, notRecorded(answer, refusal))
	}
	return showReply(c, http.StatusUnprocessableEntity, a, o, form, mistakeOf(o, form))
}

// repeats reports whether a form adds nothing to the answer that the organisation has given already.
func repeats(a referrals.LinkPage, form url.Values) bool {
	same := func(name string, recorded *string) bool {
		t := field(form, name)
		return t == "" || recorded != nil && t == *recorded
	}
	var starts *string
	if a.ExpectedStartOn != nil {
		starts = new(a.ExpectedStartOn.String())
	}
	return same("reason", a.StatusReason) && same("note", a.LastNote) && same("on", starts)
}

// mistakeOf says what is wrong with a form that was refused.
func mistakeOf(o choice, form url.Values) mistake {
	most := maxLength(o)
	switch {
	case utf8.RuneCountInString(field(form, "note")) > most:
		return mistake{fmt.Sprintf("Please write at most %s characters", inThousands(most)), "note"}
	case utf8.RuneCountInString(field(form, "contact")) > referrals.MaxContact:
		return mistake{fmt.Sprintf("Please write at most %d characters", referrals.MaxContact), "contact"}
	case o.Answer == questionAnswer:
		return mistake{"Write your question", "note"}
	case o.Adds && field(form, "note") == "" && form.Get("on") == "":
		return mistake{"Give a day, or write a note", "on"}
	case o.Planned:
		return mistake{"Write the day as a day, month and year, or leave it out", "on"}
	case o.Day != "":
		return mistake{"Choose a day: not before the referral was sent, and not after today", "on"}
	default:
		return mistake{"Choose one of the answers", "reason"}
	}
}

func inThousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// notRecorded says on the first page why an answer was not recorded.
func notRecorded(answer string, refusal error) string {
	const stands = "Your answer was not recorded: you have said of that day already that they %s, and that stands. " +
		"If that is wrong, take it back below; if you cannot, please tell whoever sent you the referral, " +
		"who can put it right."
	switch {
	case answer != takenBackAnswer && !slices.ContainsFunc(choices, func(o choice) bool { return o.Answer == answer }):
		return "Choose one of the answers."
	case errors.Is(refusal, referrals.ErrSaidCame):
		return fmt.Sprintf(stands, "came")
	case errors.Is(refusal, referrals.ErrSaidDidNotCome):
		return fmt.Sprintf(stands, "did not come")
	case errors.Is(refusal, referrals.ErrManyQuestions):
		return "Your question was not passed on: ten wait to be answered already. Please call the link worker."
	default:
		return "Your answer was not recorded: this referral has changed since you opened the page. " +
			"This is how it stands now."
	}
}

// parseReply reads the answer in a form. An answer that no page offers gives the zero Answer, which is refused.
func parseReply(form url.Values) (n referrals.Answer, err error) {
	text := func(name string) *string {
		if t := field(form, name); t != "" {
			return &t
		}
		return nil
	}
	if from := text("from"); from != nil {
		n.From = new(referrals.Status(*from))
	}
	n.Reason = text("reason")
	var on *day.Date
	if parsed, unreadable := day.Parse(form.Get("on")); unreadable == nil {
		on = &parsed
	}
	switch answer := form.Get("answer"); answer {
	case cameAnswer, didNotAnswer:
		n.Attended, n.On = new(answer == cameAnswer), on
	case questionAnswer:
		n.Question, n.Contact = new(field(form, "note")), text("contact")
		if n.Contact != nil {
			n.Contact = new(plain.InOneLine(*n.Contact))
		}
	case takenBackAnswer:
		id, unreadable := uuid.Parse(form.Get("attendance"))
		if unreadable != nil {
			return n, fault.InvalidAt("taken_back", fault.UnknownReference, "names no attendance")
		}
		n.TakenBack, n.Note = &id, text("note")
	default:
		at := slices.IndexFunc(choices, func(o choice) bool { return o.Answer == answer })
		if at < 0 {
			return n, nil
		}
		n.To, n.Note = &choices[at].To, text("note")
		if choices[at].Planned && form.Get("on") != "" {
			if n.ExpectedStartOn = on; on == nil {
				return n, fault.InvalidAt("expected_start_on", fault.WrongFormat, "must be a day")
			}
		}
		if choices[at].Adds && n.Note == nil && n.ExpectedStartOn == nil {
			return n, fault.InvalidAt("note", fault.Required, "or a day is needed")
		}
	}
	return n, nil
}
