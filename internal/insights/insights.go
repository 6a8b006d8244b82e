// Package insights answers with figures over time: paired, with their denominators, and
// protected by the one choke point of disclosure control. It reads by SQL and writes nothing.
package insights

import (
	"context"
	_ "embed"
	"slices"
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// Store reads figures. Scales says of which scores of the instruments that come with Waypost, with an empty Timepoint: the
// sites' schedules name those.
type Store struct {
	DB     *db.DB
	Scales []Scale
}

// Query is what a figure is asked for.
type Query struct {
	From, To string     // months, YYYY-MM, both included; empty: without an end
	By       Dimension  // a row for each of these beside the one of all; empty: that one alone
	SiteID   *uuid.UUID // this site's rows alone
}

// Figures are what one metric answers, with what protects it.
type Figures[R any] struct {
	Metric     string            `json:"metric" doc:"Which figures these are." example:"outcomes"`
	Definition string            `json:"definition" doc:"What they are, in words."`
	AsOf       time.Time         `json:"as_of" doc:"When they were worked out."`
	Disclosure disclosure.Notice `json:"disclosure" doc:"How small numbers are protected."`
	Rows       []R               `json:"rows" doc:"The figures."`
}

const outcomesDefinition = "Change between the baseline and each follow-up, within one person's episode and one version of an instrument: " +
	"of the responses within the follow-up's analysis window the one nearest its target day, ties to the earlier. " +
	"The months are those of the baseline. People without both measurements count in baseline_n alone. " +
	"improved and worse are changes by the score's responder threshold or more, which its instrument states with its source " +
	"(for ONS4 one point: a convention, not a published minimal difference); where there is none, nobody is sorted. " +
	"Change without a comparison group: some of it is regression to the mean."

//go:embed outcomes.sql
var outcomesSQL string

//go:embed scales.sql
var scalesSQL string

type observed struct {
	SiteID     string
	Timepoint  string
	Instrument string
	Version    int
	Score      string
	Before     float64
	After      *float64
}

// Outcomes is paired change. A site manager sees live, unprotected figures of their own sites; everybody else protected
// ones, under the highest threshold among the sites.
func (s *Store) Outcomes(ctx context.Context, q Query) (out Figures[OutcomeRow], err error) {
	err = s.answer(ctx, q, func(tx *db.Tx, profile disclosure.Profile, period map[string]any) error {
		var seen []observed
		if err := tx.Raw(outcomesSQL, period).Scan(&seen).Error; err != nil {
			return err
		}
		truth, err := s.truth(tx, seen)
		if err != nil {
			return err
		}
		rows := protectOutcomes(profile, truth, q.by() == BySite)
		rows = keep(q, rows, func(r OutcomeRow) *string { return r.SiteID })
		out = Figures[OutcomeRow]{"outcomes", outcomesDefinition, tx.Now, profile.Notice(), rows}
		return nil
	})
	return out, err
}

// answer asks what every figure asks: whether the site may be seen, which period it is, and how it is to be protected.
func (s *Store) answer(ctx context.Context, q Query, figures func(tx *db.Tx, profile disclosure.Profile, period map[string]any) error) error {
	from, until, err := q.period()
	if err != nil {
		return err
	}
	return s.DB.Do(ctx, func(tx *db.Tx) error {
		if q.SiteID != nil && !tx.Actor.HasSite(*q.SiteID) {
			return fault.Missing("site")
		}
		if q.SiteID != nil && q.By != "" && q.By != BySite {
			return fault.New(fault.Invalid, "The query is not right.").At("query.site_id", "goes with by=site only: a table has one dimension")
		}
		profile, err := profileFor(tx)
		if err != nil {
			return err
		}
		return figures(tx, profile, map[string]any{"from": from, "until": until})
	})
}

// by is the table's dimension: whoever asks for a site is answered from the table by site.
func (q Query) by() Dimension {
	if q.SiteID != nil {
		return BySite
	}
	return q.By
}

// keep picks one site's rows out of the whole table, so that asking for a site shows no more than asking by site.
func keep[R any](q Query, rows []R, site func(R) *string) []R {
	if q.SiteID == nil {
		return rows
	}
	return slices.DeleteFunc(rows, func(r R) bool { return site(r) == nil || *site(r) != q.SiteID.String() })
}

// profileFor chooses the protection. The threshold is the highest of the sites, so that no site's own rule is undercut.
func profileFor(tx *db.Tx) (disclosure.Profile, error) {
	if tx.Actor.Role == actor.SiteManager {
		return disclosure.None(), nil
	}
	var threshold int
	err := tx.Raw("select coalesce(max(disclosure_threshold), 8) from sites where id = any(?::uuid[])", db.IDs(tx.Actor.Sites)).Scan(&threshold).Error
	return disclosure.NHSEngland(threshold), err
}

// truth sorts what was observed into outcomes: each scale in use at each follow-up of the schedules, with every site of the actor.
func (s *Store) truth(tx *db.Tx, seen []observed) ([]Outcome, error) {
	codes, err := timepoints(tx)
	if err != nil {
		return nil, err
	}
	scales, err := s.inUse(tx)
	if err != nil {
		return nil, err
	}
	found := samples(seen)
	var out []Outcome
	for _, code := range codes {
		for _, scale := range scales {
			scale.Timepoint = code
			o := Outcome{Scale: scale}
			for _, site := range tx.Actor.Sites {
				sample := found[place{site.String(), scale.Instrument, scale.Version, scale.Score, code}]
				sample.SiteID = site.String()
				o.Samples = append(o.Samples, sample)
			}
			out = append(out, o)
		}
	}
	return out, nil
}

// inUse are the scales of the versions of instruments that the actor's sites have ever asked, whatever the period: which rows
// stand in a table must not depend on what is asked of it.
func (s *Store) inUse(tx *db.Tx) ([]Scale, error) {
	var own []Scale
	if err := tx.Raw(scalesSQL).Scan(&own).Error; err != nil {
		return nil, err
	}
	scales := slices.Concat(s.Scales, own)
	var keys db.Texts
	var versions db.Ints
	for _, scale := range scales {
		keys, versions = append(keys, scale.Instrument), append(versions, scale.Version)
	}
	type asked struct {
		Instrument string
		Version    int
	}
	var used []asked
	err := tx.Raw(`select distinct instrument, version from unnest(?::text[], ?::int[]) as i (instrument, version) where exists (
		select from assessment_scores s where s.site_id = any(?::uuid[]) and s.instrument = i.instrument and s.instrument_version = i.version and not s.superseded)`,
		keys, versions, db.IDs(tx.Actor.Sites)).Scan(&used).Error
	return slices.DeleteFunc(scales, func(s Scale) bool { return !slices.Contains(used, asked{s.Instrument, s.Version}) }), err
}

// place is whose and what a sample is.
type place struct {
	site, instrument string
	version          int
	score, timepoint string
}

func samples(seen []observed) map[place]Sample {
	found := map[place]Sample{}
	for _, o := range seen {
		at := place{o.SiteID, o.Instrument, o.Version, o.Score, o.Timepoint}
		sample := found[at]
		sample.BaselineN++
		if o.After != nil {
			sample.Pairs = append(sample.Pairs, Pair{Before: o.Before, After: *o.After})
		}
		found[at] = sample
	}
	return found
}

// period turns months into days: from the first day of From to before the first day after To.
func (q Query) period() (from, until day.Date, err error) {
	from, until = day.New(1900, 1, 1), day.New(3000, 1, 1)
	if q.From != "" {
		if from, err = day.Parse(q.From + "-01"); err != nil {
			return from, until, badMonth("from")
		}
	}
	if q.To != "" {
		if until, err = day.Parse(q.To + "-01"); err != nil {
			return from, until, badMonth("to")
		}
		until = until.Add(day.Period{Months: 1})
	}
	if !from.Before(until) {
		return from, until, fault.New(fault.Invalid, "The query is not right.").At("query.to", "lies before from")
	}
	return from, until, nil
}

func badMonth(parameter string) error {
	return fault.New(fault.Invalid, "The query is not right.").At("query."+parameter, "takes a month, YYYY-MM")
}
