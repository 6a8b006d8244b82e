package gpmessage

import (
	"math"
	"slices"

	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/platform/day"
)

const scoresNote = "Scores before and after, of one person and without a comparison: they do not show what made the difference, " +
	"and an extreme score tends to move back by itself (regression to the mean)."

// Score is one score of one instrument: at the start, and each time it was taken again.
type Score struct {
	// The instrument's key.
	Instrument string `json:"instrument" example:"ons4"`
	// And its version. Scores of different versions are never compared.
	InstrumentVersion int `json:"instrument_version" example:"1"`
	// Its full name.
	Title string `json:"title"`
	// Which score.
	Score string `json:"score" example:"anxiety"`
	// Which direction is an improvement.
	Better string `json:"better" enum:"higher,lower"`
	// The change from which a person counts as improved or worse; left out where none is known.
	ResponderThreshold *float64 `json:"responder_threshold,omitempty" example:"1"`
	// Where that threshold comes from.
	ThresholdSource string `json:"threshold_source,omitempty" example:"convention"`
	// At the baseline; left out where there was none, and then nothing is compared.
	Initial *ScoreAt `json:"initial,omitempty"`
	// Each later value, by day, those that are worse too.
	Later []Later `json:"later,omitempty"`
}

// ScoreAt is a score at one time.
type ScoreAt struct {
	// When it was answered: baseline, review, closure, or the code of a follow-up.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// The day.
	On day.Date `json:"on" format:"date"`
	// The score.
	Value float64 `json:"value" example:"6"`
	// The band it lies in, where the instrument has bands.
	Band string `json:"band,omitempty" example:"medium"`
}

// Later is a score at a later time, beside the initial one.
type Later struct {
	ScoreAt
	// This value minus the initial one.
	Change *float64 `json:"change,omitempty" example:"2"`
	// Which way that is, by the direction in which the score improves.
	Direction string `json:"direction,omitempty" enum:"better,same,worse"`
	// Whether the change, either way, is as large as the responder threshold.
	ReachesThreshold *bool `json:"reaches_threshold,omitempty"`
}

// scoresOf puts the scores of assessments, which come by day, side by side.
func scoresOf(measured []outcomes.Measured) (all []Score) {
	for _, a := range measured {
		for _, r := range a.Scores {
			if slices.ContainsFunc(a.By.Scores, func(s instruments.Score) bool { return s.Of == r.Score }) {
				continue // a raw sum: change is read from the score that it is converted to, and from that alone
			}
			at := slices.IndexFunc(all, func(s Score) bool {
				return s.Instrument == a.Instrument && s.InstrumentVersion == a.InstrumentVersion && s.Score == r.Score
			})
			if at < 0 {
				at, all = len(all), append(all, scoreOf(a.By, r))
			}
			all[at].add(ScoreAt{a.Timepoint, a.CompletedOn, r.Value, r.Band})
		}
	}
	return all
}

func scoreOf(i instruments.Instrument, r instruments.Result) Score {
	s := Score{Instrument: i.Key, InstrumentVersion: i.Version, Title: i.Title, Score: r.Score, Better: r.Better}
	for _, d := range i.Scores {
		if d.Code == r.Score {
			s.ResponderThreshold, s.ThresholdSource = d.ResponderThreshold, string(d.ThresholdSource)
		}
	}
	return s
}

// add takes a value in. The baseline comes first: no other answer of an episode is of a day before it.
func (s *Score) add(v ScoreAt) {
	if v.Timepoint == "baseline" {
		s.Initial = &v
		return
	}
	later := Later{ScoreAt: v}
	if s.Initial != nil {
		later.compare(*s.Initial, *s)
	}
	s.Later = append(s.Later, later)
}

func (l *Later) compare(initial ScoreAt, s Score) {
	change := math.Round((l.Value-initial.Value)*1e6) / 1e6 // 19.98 - 16.98 is 3
	l.Change, l.Direction = &change, "same"
	if change != 0 {
		l.Direction = "worse"
		if (change > 0) == (s.Better == "higher") {
			l.Direction = "better"
		}
	}
	if s.ResponderThreshold != nil {
		l.ReachesThreshold = new(math.Abs(change) >= *s.ResponderThreshold)
	}
}
