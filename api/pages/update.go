package pages

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"waypost/api/wire"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/link"
	"waypost/internal/study"
)

// updatePage is the page of a published update: for everybody who has its link.
func (s *server) updatePage(e *echo.Echo) {
	wire.GetAndHead(e, link.Update.Path(":token"), s.page(func(c echo.Context) error {
		u, err := s.Study.Read(db.Relaxed(c.Request().Context()), c.Param("token"))
		if err != nil {
			return err
		}
		return render(c, http.StatusOK, "update", drawUpdate(u))
	}, updateError))
}

// updateError shows a reader why the update cannot be shown.
func updateError(c echo.Context, p *wire.Problem, err error) error {
	m := message{"Something went wrong", "Please try again in a few minutes."}
	switch {
	case errors.Is(err, study.ErrWithdrawn):
		m.Title, m.Words = "This update was withdrawn", "The study team took it back. Please ask them for a newer one."
	case p.Code == string(fault.NotFound):
		m.Title, m.Words = "This link does not work", "It may have run out, or a part of it may be missing. "+
			"Please ask the study team for a newer one."
	case p.Code == string(fault.RateLimited):
		m.Title, m.Words = "Please wait", tooManyLinks
	}
	return render(c, p.Status, "update_gone", m)
}

// Update makes the page of an update. base is as for execute.
func Update(base string, u study.Update) ([]byte, error) {
	return execute(base, "update", drawUpdate(u))
}

// updateView is an update with its chart.
type updateView struct {
	study.Update
	Picture []changeLine
	Height  int
}

// changeLine is how one score changed, as it is drawn: on a line from the least to the most that it can be.
type changeLine struct {
	Words                    string
	Y, Line, Foot            int
	From, To                 float64
	Low, High, Before, After string
	Verdict                  string
	Lower                    bool // is better
}

const (
	lineLeft, lineRight = 20.0, 320.0 // of the picture, which is 340 wide
	lineHeight          = 58
)

// drawUpdate draws what a page shows of an update.
func drawUpdate(u study.Update) updateView {
	d := updateView{Update: u}
	for _, c := range u.Told.Changes {
		if !c.Shown() || c.Low == nil {
			continue
		}
		at := func(x float64) float64 { return lineLeft + (x-*c.Low)/(*c.High-*c.Low)*(lineRight-lineLeft) }
		d.Picture = append(d.Picture, changeLine{
			Words: c.Words,
			Y:     d.Height + 14,
			Line:  d.Height + 30,
			Foot:  d.Height + 47,
			From:  at(*c.Before),
			To:    at(*c.After),
			Low: study.Score(
				*c.Low,
			),
			High:    study.Score(*c.High),
			Before:  study.Score(*c.Before),
			After:   study.Score(*c.After),
			Verdict: c.Verdict(),
			Lower:   c.Better == "lower",
		})
		d.Height += lineHeight
	}
	return d
}
