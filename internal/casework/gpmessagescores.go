package casework

import (
	"math"
	"slices"

	"waypost/internal/instruments"
	"waypost/internal/outcomes"
	"waypost/internal/platform/day"
)

const scoresNote = "Scores before and after, of one person and without a comparison: they do not show what made the difference, " +
	"and an extreme score tends to move back by itself (regression to the mean)."

// GPScore is one score of one instrument: at the start, and each time it was taken again.
type GPScore struct {
	Instrument         string    `json:"instrument" doc:"The instrument's key." example:"ons4"`
	InstrumentVersion  int       `json:"instrument_version" doc:"And its version. Scores of different versions are never compared." example:"1"`
	Title              string    `json:"title" doc:"Its full name."`
	Score              string    `json:"score" doc:"Which score." example:"anxiety"`
	Better             string    `json:"better" enum:"higher,lower" doc:"Which direction is an improvement."`
	ResponderThreshold *float64  `json:"responder_threshold,omitempty" doc:"The change from which a person counts as improved or worse; left out where none is known." example:"1"`
	ThresholdSource    string    `json:"threshold_source,omitempty" doc:"Where that threshold comes from." example:"convention"`
	Initial            *GPValue  `json:"initial,omitempty" doc:"At the baseline; left out where there was none, and then nothing is compared."`
	Later              []GPLater `json:"later,omitempty" doc:"Each later value, by day, those that are worse too."`
}

// GPValue is a score at one time.
type GPValue struct {
	Timepoint string   `json:"timepoint" doc:"When it was answered: baseline, review, closure, or the code of a follow-up." example:"m9_12"`
	On        day.Date `json:"on" format:"date" doc:"The day."`
	Value     float64  `json:"value" doc:"The score." example:"6"`
	Band      string   `json:"band,omitempty" doc:"The band it lies in, where the instrument has bands." example:"medium"`
}

// GPLater is a score at a later time, beside the initial one.
type GPLater struct {
	GPValue
	Change           *float64 `json:"change,omitempty" doc:"This value minus the initial one." example:"2"`
	Direction        string   `json:"direction,omitempty" enum:"better,same,worse" doc:"Which way that is, by the direction in which the score improves."`
	ReachesThreshold *bool    `json:"reaches_threshold,omitempty" doc:"Whether the change, either way, is as large as the responder threshold."`
}

// scoresOf puts the scores of assessments, which come by day, side by side.
func scoresOf(measured []outcomes.Measured) (all []GPScore) {
	for _, a := range measured {
		for _, r := range a.Scores {
			if slices.ContainsFunc(a.By.Scores, func(s instruments.Score) bool { return s.Of == r.Score }) {
				continue // a raw sum: change is read from the score that it is converted to, and from that alone
			}
			at := slices.IndexFunc(all, func(s GPScore) bool {
				return s.Instrument == a.Instrument && s.InstrumentVersion == a.InstrumentVersion && s.Score == r.Score
			})
			if at < 0 {
				at, all = len(all), append(all, scoreOf(a.By, r))
			}
			all[at].add(GPValue{a.Timepoint, a.CompletedOn, r.Value, r.Band})
		}
	}
	return all
}

func scoreOf(i instruments.Instrument, r instruments.Result) GPScore {
	s := GPScore{Instrument: i.Key, InstrumentVersion: i.Version, Title: i.Title, Score: r.Score, Better: r.Better}
	for _, d := range i.Scores {
		if d.Code == r.Score {
			s.ResponderThreshold, s.ThresholdSource = d.ResponderThreshold, string(d.ThresholdSource)
		}
	}
	return s
}

// add takes a value in. The baseline comes first: no other answer of an episode is of a day before it.
func (s *GPScore) add(v GPValue) {
	if v.Timepoint == "baseline" {
		s.Initial = &v
		return
	}
	later := GPLater{GPValue: v}
	if s.Initial != nil {
		later.compare(*s.Initial, *s)
	}
	s.Later = append(s.Later, later)
}

func (l *GPLater) compare(initial GPValue, s GPScore) {
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
