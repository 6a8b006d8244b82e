package study

import (
	"reflect"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/insights"
	"waypost/internal/instruments"
)

// followUps are the project's follow-ups, in their order: of its timepoints, those that a schedule plans.
func (w writer) followUps() []string {
	return slices.DeleteFunc(slices.Clone([]string(w.Timepoints)), func(code string) bool { return w.when[code] == "" })
}

// group is several sites together.
type group struct {
	row   insights.ParticipantRow
	name  string
	large bool // those alone that are large enough to show
}

// takeApart takes the rows of one follow-up apart: all sites together, and each. Where all of them together
// are too few, or would tell of one that is, those that are shown are added up: no more than any reader
// could do.
func takeApart(rows []insights.ParticipantRow, timepoint string) (all group, sites []insights.ParticipantRow) {
	rows = slices.DeleteFunc(
		slices.Clone(rows),
		func(r insights.ParticipantRow) bool { return r.Timepoint != timepoint },
	)
	if len(rows) == 0 {
		return group{
			row:  insights.ParticipantRow{Timepoint: timepoint, Withheld: insights.Withheld{Suppressed: true}},
			name: "All sites together",
		}, nil
	}
	all, sites = group{rows[0], "All sites together", false}, rows[1:]
	if shown(all.row) {
		return all, sites
	}
	large := slices.DeleteFunc(slices.Clone(sites), func(r insights.ParticipantRow) bool { return !shown(r) })
	if len(large) > 0 {
		all = group{addUp(large), "The sites that are large enough to show, together", true}
	}
	return all, sites
}

// shown reports whether a row says how many took part and how many were followed up.
func shown(r insights.ParticipantRow) bool { return known(r.Enrolled, r.FollowedUp) }

// addUp adds published rows up: each count is null where one of theirs is.
func addUp(rows []insights.ParticipantRow) (sum insights.ParticipantRow) {
	sum.Timepoint = rows[0].Timepoint
	to := reflect.ValueOf(&sum).Elem()
	for i := range to.NumField() {
		if to.Field(i).Type() != reflect.TypeFor[*int]() {
			continue
		}
		n := new(int)
		for _, r := range rows {
			part := reflect.ValueOf(r).Field(i).Interface().(*int)
			if part == nil {
				n = nil
				break
			}
			*n += *part
		}
		to.Field(i).Set(reflect.ValueOf(n))
	}
	return sum
}

// progress is the table of one follow-up.
func (w writer) progress(all group, sites []insights.ParticipantRow) []ProgressRow {
	target := func(site string) (n *int) {
		for _, t := range w.study.Targets {
			if site == "" || t.SiteID.String() == site {
				if n == nil {
					n = new(int)
				}
				*n += t.People
			}
		}
		return n
	}
	list := []ProgressRow{progressRow(all.row, all.name, target(""))}
	if all.large || len(w.study.Targets) < len(w.SiteIDs) {
		list[0].Target = nil
	}
	for _, r := range sites {
		list = append(list, progressRow(r, *r.SiteName, target(*r.SiteID)))
	}
	return list
}

func progressRow(r insights.ParticipantRow, name string, target *int) ProgressRow {
	row := ProgressRow{
		SiteName:     name,
		Target:       target,
		Enrolled:     r.Enrolled,
		WithBaseline: r.WithBaseline,
		EverDue:      r.EverDue,
		FollowedUp:   r.FollowedUp,
	}
	row.Suppressed = r.Enrolled == nil
	if r.SiteID != nil {
		row.SiteID = new(uuid.MustParse(*r.SiteID))
	}
	return row
}

// changes are how scores changed, of the scores and follow-ups of the project. A row is there for each,
// whatever is in it.
func (w writer) changes(rows []insights.OutcomeRow) []Change {
	list := []Change{}
	for _, r := range rows {
		if !slices.Contains(w.Timepoints, r.Timepoint) || !slices.Contains(w.Instruments, r.Instrument) {
			continue
		}
		c := Change{
			Words:      scoreInWords(r.Instrument, r.Score),
			Instrument: r.Instrument,
			Score:      r.Score,
			Timepoint:  r.Timepoint,
			Better:     string(r.Better),
			People:     r.PairedN,
			Before:     r.BaselineMean,
			After:      r.FollowUpMean,
			Mean:       r.MeanChange,
			CILow:      r.CILow,
			CIHigh:     r.CIHigh,
			Suppressed: r.Suppressed,
		}
		if len(w.when) > 1 {
			c.Words += ", " + w.when[r.Timepoint]
		}
		if s, known := instruments.BuiltinScore(r.Instrument, r.Score); known { // its range, so that it can be drawn
			c.Low, c.High = &s.Min, &s.Max
		}
		if c.Shown() {
			c.Says = c.inWords()
		}
		list = append(list, c)
	}
	return list
}
