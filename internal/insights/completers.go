package insights

import (
	"context"
	"math"
	"slices"
	"strings"

	"waypost/internal/platform/db"
)

// CompleterRow is how many of those who were followed up, and of those who were not, have one value of a
// characteristic. A null was withheld, because it or what it leaves over rests on few people.
type CompleterRow struct {
	// The site's id. It is there when figures are asked of one site.
	SiteID *string `json:"site_id,omitempty" format:"uuid"`
	// The site's name.
	SiteName *string `json:"site_name,omitempty" example:"Example Town"`
	// Code of the follow-up.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// What people are compared by. For a score at the baseline it is instrument.score. Null: all people.
	Characteristic *string `json:"characteristic" example:"deprivation"`
	// Value of the characteristic. For a score it is its band, or not_answered. Null: all people.
	CharacteristicValue *string `json:"characteristic_value" example:"1"`
	// The person answered the follow-up. Only those with this value count.
	FollowedUp *int `json:"followed_up" example:"40"`
	// The follow-up has ended without an answer. Only those with this value count.
	NotFollowedUp *int `json:"not_followed_up" example:"60"`
	// Percent of all who are followed_up that have this value, 0 to 100, from the two as published.
	PercentOfFollowedUp *float64 `json:"percent_of_followed_up" example:"26.7"`
	// Percent of all who are not_followed_up that have this value, 0 to 100, from the two as
	// published.
	PercentOfNotFollowedUp *float64 `json:"percent_of_not_followed_up" example:"40"`
	// Standardised mean difference of the two percentages. It is above zero where those who answered have the
	// value more often. Beyond 0.1 either way the two differ.
	SMD *float64 `json:"smd" example:"-0.29"`
	Withheld
}

const completersDefinition = "Whether those who were followed up differ from those who were not, in what was known of them at the " +
	"start: what share of each has each value of need group, deprivation, ethnic group, gender, age and band " +
	"of each ONS4 score at the baseline. " +
	"followed_up is that of retention, and not_followed_up is ended without followed_up; people who " +
	"died before the window closed, and had not answered, and those whose window is open are in neither. " +
	"A standardised mean difference does not depend on how many people there are, as a p value does; " +
	"beyond 0.1 either way is taken as a difference. Where there are such, change over those who answered " +
	"does not stand for everybody."

// The metric completers compares by what is known of people.
var _ = declare(counts[CompleterRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "completers",
			Title:      "Whether those who were followed up differ from those who were not",
			Definition: completersDefinition,
			Formula: "smd = (p − q) / √((p(1 − p) + q(1 − q)) / 2), where p is percent_of_followed_up / 100 and q is " +
				"percent_of_not_followed_up / 100",
			Version: 2,
		},
		Operation: Operation{
			ID:      "get-completers",
			Summary: "Whether those followed up differ",
			About: "Returns whether those who were followed up differ from those who were not in what was known of " +
				"them at the start, as standardised mean differences. For partners it is of all time.",
		},
	},
	sql:        "completers.sql.tmpl",
	tableBy:    ofPeople,
	partitions: completersPartitions,
	subgroups:  timepoints,
	row:        completerRow,
	ask:        askCompleters,
})

var completersPartitions = []partition{{of: "people", parts: []string{"followed_up", "not_followed_up", "not_ended"}}}

// bands compares by the bands of scores at the baseline; a subgroup is a timepoint and a score. It is a part
// of completers, with tables of its own in a snapshot.
var bands = declarePart(counts[CompleterRow]{
	Metric:     Metric{Entry: Entry{ID: "bands", Version: 1}},
	sql:        "completers.sql.tmpl",
	bands:      true,
	tableBy:    []Dimension{ByBand},
	partitions: completersPartitions,
	row:        completerRow,
	args:       map[string]any{"ranges": db.JSON[[]bandedScore]{V: bandedScores}},
	subgroups: func(tx *db.Tx) (list []string, err error) {
		codes, err := timepoints(tx)
		for _, code := range codes {
			for _, of := range bandedScores {
				list = append(list, code+" "+of.Instrument+"."+of.Score)
			}
		}
		return list, err
	},
})

type bandedScore struct {
	Instrument string `json:"instrument"`
	Version    int    `json:"version"`
	Score      string `json:"score"`
	Bands      []Band `json:"bands"`
}

// bandedScores are the scores whose bands are all values of ByBand.
var bandedScores = bandedScoresOf(builtinScales)

func bandedScoresOf(scales []Scale) (scores []bandedScore) {
	foreign := func(b Band) bool { return !slices.Contains(ByBand.values(), b.Code) }
	for _, scale := range scales {
		if len(scale.Bands.V) > 0 && !slices.ContainsFunc(scale.Bands.V, foreign) {
			scores = append(scores, bandedScore{scale.Instrument, scale.Version, scale.Score, scale.Bands.V})
		}
	}
	return scores
}

func completerRow(at Divider, subgroup string, w Withheld) CompleterRow {
	r := CompleterRow{SiteID: at.SiteID, SiteName: at.SiteName, Withheld: w}
	var score string
	r.Timepoint, score, _ = strings.Cut(subgroup, " ")
	for _, d := range append(slices.Clone(ofPeople), ByBand) {
		if value := *at.value(d); value != nil {
			r.Characteristic, r.CharacteristicValue = new(string(d)), value
		}
	}
	if score != "" {
		r.Characteristic = &score
	}
	return r
}

// askCompleters compares all together, and by each characteristic.
func askCompleters(
	ctx context.Context,
	s *Store,
	people *counts[CompleterRow],
	q Query,
) (out Figures[CompleterRow], err error) {
	for i, by := range append(slices.Clone(ofPeople), ByBand) {
		q.By = by
		m := people
		if by == ByBand {
			m = bands
		}
		one, err := ask(ctx, s, m, q)
		if err != nil {
			return one, err
		}
		if i == 0 {
			out, out.Rows = one, []CompleterRow{}
		}
		var all CompleterRow
		for _, r := range one.Rows {
			if r.CharacteristicValue == nil { // the first of each subgroup
				if all = r; i == 0 {
					out.Rows = append(out.Rows, r)
				}
				continue
			}
			out.Rows = append(out.Rows, r.beside(all))
		}
	}
	slices.SortStableFunc(out.Rows, func(a, b CompleterRow) int { return strings.Compare(a.Timepoint, b.Timepoint) })
	return out, nil
}

// beside fills in the shares of all people.
func (r CompleterRow) beside(all CompleterRow) CompleterRow {
	r.PercentOfFollowedUp = percent(r.FollowedUp, all.FollowedUp)
	r.PercentOfNotFollowedUp = percent(r.NotFollowedUp, all.NotFollowedUp)
	if r.PercentOfFollowedUp == nil || r.PercentOfNotFollowedUp == nil {
		return r
	}
	share := func(part, whole *int) float64 { return min(1, float64(*part)/float64(*whole)) }
	if smd := SMDOfShares(share(r.FollowedUp, all.FollowedUp), share(r.NotFollowedUp, all.NotFollowedUp)); smd != nil {
		r.SMD = new(math.Round(*smd*100) / 100)
	}
	return r
}
