package insights

import (
	"math"
	"time"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

// OutcomeRow is how one score changed between the baseline and one timepoint, at one site or at all together.
//
// In a suppressed row every count and figure is null. In any other row a null count was withheld for itself,
// or does not exist; means are those of the people with both measurements.
type OutcomeRow struct {
	Divider
	// Key of the instrument.
	Instrument string `json:"instrument" example:"ons4"`
	// Which of the instrument's scores.
	Score string `json:"score" example:"life_satisfaction"`
	// Code of the follow-up. It is compared with the baseline.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// Which way the score gets better.
	Better Better `json:"better" enum:"higher,lower"`
	// People with the score at the baseline and at the timepoint. Every mean below is over them.
	PairedN *int `json:"paired_n" example:"40"`
	// People with the score at the baseline. Null also where paired_n is shown and few people have no
	// pair.
	BaselineN *int `json:"baseline_n" example:"60"`
	// Percent of baseline_n that are in paired_n, 0 to 100, from the two as published.
	CompletionPercent *float64 `json:"completion_percent" example:"66.7"`
	// Mean of the score at the baseline, in points.
	BaselineMean *float64 `json:"baseline_mean" example:"4.5"`
	// Standard deviation of the score at the baseline (n-1).
	BaselineSD *float64 `json:"baseline_sd" example:"1.45"`
	// Mean of the score at the timepoint, in points.
	FollowUpMean *float64 `json:"follow_up_mean" example:"6.08"`
	// Standard deviation of the score at the timepoint (n-1).
	FollowUpSD *float64 `json:"follow_up_sd" example:"1.83"`
	// Mean of follow-up minus baseline, in points. Below zero is a fall, which is better for some
	// scores.
	MeanChange *float64 `json:"mean_change" example:"1.58"`
	// Standard deviation of the change (n-1).
	SDChange *float64 `json:"sd_change" example:"1.38"`
	// Lower end of the 95 % confidence interval of mean_change (paired t). An uncontrolled
	// before-after comparison: regression to the mean is not ruled out.
	CILow *float64 `json:"ci_low" example:"0.71"`
	// Upper end of the 95 % confidence interval of mean_change (paired t).
	CIHigh *float64 `json:"ci_high" example:"2.46"`
	// Of paired_n: the score changed for the better by its responder threshold or more.
	Improved *int `json:"improved" example:"25"`
	// Of paired_n: the score changed by less than its responder threshold.
	Same *int `json:"same" example:"10"`
	// Of paired_n: the score changed for the worse by its responder threshold or more.
	Worse *int `json:"worse" example:"10"`
	// Percent of paired_n that improved, 0 to 100, from the two as published.
	ImprovedPercent *float64 `json:"improved_percent" example:"62.5"`
	// Lower end of the 95 % confidence interval of improved_percent (Wilson), from the same counts.
	ImprovedCILow *float64 `json:"improved_ci_low" example:"47"`
	// Upper end of the 95 % confidence interval of improved_percent (Wilson), from the same counts.
	ImprovedCIHigh *float64 `json:"improved_ci_high" example:"75.8"`
	// The standardised mean change d_z: mean_change over sd_change. Not the d of a comparison of two
	// groups.
	StandardisedChange *float64 `json:"standardised_change" example:"1.15"`
	// Hedges' g_z: standardised_change, corrected for small samples.
	HedgesG *float64 `json:"hedges_g" example:"1.07"`
	// The p value of the paired t test, two-sided. 0.0001 stands for any below it, unless the figures
	// are not rounded.
	PValue *float64 `json:"p_value" example:"0.0022"`
	// The p value of Wilcoxon's signed-rank test, two-sided. It is exact for up to 25 changed pairs
	// without ties, otherwise the normal approximation with corrections for ties and continuity. 0.0001
	// as for p_value. Null where same is withheld, which it would tell.
	WilcoxonP *float64 `json:"wilcoxon_p" example:"0.0078"`
	// Version of the instrument. Scores of two versions are never compared.
	InstrumentVersion int `json:"instrument_version" example:"1"`
	Withheld
	// What this row stands at. It is as_of or an earlier day, since a partner's row stays as it was until
	// enough people changed it. Null in a row of part of the time.
	RowAsOf *time.Time `json:"row_as_of"`
}

// Scale is what a table of outcomes is about: one score of one instrument version at one timepoint.
type Scale struct {
	Instrument, Score, Timepoint string
	Version                      int // of the instrument

	Better     Better
	Resolution float64 // the smallest step between two values, in points
	// least change, in points, that counts as improved or worse; nil: none is agreed, and nobody is sorted
	Responder *float64
	Bands     db.JSON[[]Band]
}

// Sample is what was recorded on a scale in one row of a table.
type Sample struct {
	At        Divider
	Pairs     []Pair
	BaselineN int   // people with a baseline, the paired ones among them
	members   int64 // another for other pairs
	cohorts   []int // for each pair, how many of the instants asked for lie before it came about
}

// Outcome is the truth about one scale. Its samples are the rows of a table, those of nobody too: which
// rows there are must not depend on what is in them (see disclosure.Profile.Table).
type Outcome struct {
	Scale   Scale
	Samples []Sample
}

// protect turns the truth into rows that may leave: all together first, then each.
func (o Outcome) protect(profile disclosure.Profile, axis disclosure.Tree, all Divider) []OutcomeRow {
	total, lines := profile.Table(axis, disclosureRows(o.Scale, o.Samples))
	rows := []OutcomeRow{o.Scale.row(all, together(o.Samples), total)}
	for i, line := range lines {
		rows = append(rows, o.Scale.row(o.Samples[i].At, o.Samples[i].Pairs, line))
	}
	if profile.Rounding() > 1 {
		for i := range rows {
			rows[i].round()
		}
	}
	return rows
}

// round makes figures fit for everybody; who reads a site's own record reads them as they are.
func (r *OutcomeRow) round() {
	for _, x := range []**float64{
		&r.BaselineMean, &r.BaselineSD, &r.FollowUpMean, &r.FollowUpSD, &r.MeanChange, &r.SDChange,
		&r.CILow, &r.CIHigh, &r.StandardisedChange, &r.HedgesG,
	} {
		*x = onWire(*x)
	}
	r.PValue, r.WilcoxonP = probability(r.PValue), probability(r.WilcoxonP)
}

func disclosureRows(scale Scale, samples []Sample) []disclosure.Row {
	rows := make([]disclosure.Row, len(samples))
	for i, s := range samples {
		rows[i] = disclosure.Row{People: len(s.Pairs), Others: s.BaselineN - len(s.Pairs), Parts: scale.parts(s.Pairs)}
	}
	return rows
}

// parts sorts people by how they moved. Improved comes first: it is shown where only one of the three may be.
func (s Scale) parts(pairs []Pair) []int {
	if s.Responder == nil {
		return nil
	}
	m := Move(pairs, s.Better, *s.Responder)
	return []int{m.Improved, m.Same, m.Worse}
}

func together(samples []Sample) (pairs []Pair) {
	for _, s := range samples {
		pairs = append(pairs, s.Pairs...)
	}
	return pairs
}

// row fills in what the line allows. Figures of a suppressed row are not even computed.
func (s Scale) row(at Divider, pairs []Pair, line disclosure.Line) OutcomeRow {
	row := OutcomeRow{
		Divider:           at,
		Instrument:        s.Instrument,
		Score:             s.Score,
		Timepoint:         s.Timepoint,
		Better:            s.Better,
		Withheld:          withheld(line.Suppressed),
		InstrumentVersion: s.Version,
	}
	if line.Suppressed {
		return row
	}
	row.PairedN, row.BaselineN, row.CompletionPercent = line.People, line.Base, line.Percent
	if len(line.Parts) == 3 {
		row.Improved, row.Same, row.Worse = line.Parts[0], line.Parts[1], line.Parts[2]
	}
	c := Compare(pairs)
	row.BaselineMean, row.BaselineSD = c.BaselineMean, c.BaselineSD
	row.FollowUpMean, row.FollowUpSD = c.FollowUpMean, c.FollowUpSD
	row.MeanChange, row.SDChange = c.MeanChange, c.SDChange
	row.CILow, row.CIHigh = c.CILow, c.CIHigh
	row.StandardisedChange, row.HedgesG, row.PValue = c.DZ, c.GZ, c.P
	// beside mean and spread it tells how many stayed the same
	if s.Resolution > 0 && (len(line.Parts) == 0 || line.Parts[1] != nil) {
		row.WilcoxonP = Rank(pairs, s.Resolution).P
	}
	if row.Improved != nil && *row.PairedN > 0 {
		improved := min(*row.Improved, *row.PairedN) // each was rounded for itself
		row.ImprovedPercent = percent(&improved, row.PairedN)
		low, high := Wilson(improved, *row.PairedN)
		row.ImprovedCILow, row.ImprovedCIHigh = tenth(100*low), tenth(100*high)
	}
	return row
}

// probability rounds a p value to four decimals; none is 0.
func probability(p *float64) *float64 {
	if p == nil {
		return nil
	}
	return new(max(1e-4, math.Round(*p*1e4)/1e4))
}

func tenth(x float64) *float64 { return new(math.Round(10*x) / 10) }

// onWire rounds a figure to two decimals.
func onWire(x *float64) *float64 {
	if x == nil {
		return nil
	}
	return new(math.Round(*x*100)/100 + 0) // + 0 makes no change read 0, not -0
}
