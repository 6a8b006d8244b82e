package insights

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"waypost/internal/disclosure"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/sqlfile"
)

var outcomes = Metric{
	Entry: Entry{
		ID:         "outcomes",
		Title:      "Paired change",
		Definition: outcomesDefinition,
		Formula: "mean_change = mean(follow-up − baseline) over paired_n; ci = mean_change ± t(0.975, paired_n − 1) × " +
			"sd_change / √paired_n; completion_percent = 100 × paired_n / baseline_n",
		Dimensions: slices.Concat([]Dimension{BySite}, ofPeople, []Dimension{ByService}),
		Version:    1,
	},
	Operation: Operation{
		ID:      "get-outcomes",
		Summary: "Paired change",
		About: "Returns how scores changed between the baseline and each follow-up, within each person: paired n, " +
			"baseline n, completion, spread and confidence interval.",
		By:         "By anything but sites, partners see all sites together. service: the one that the person came to first.",
		Population: true,
	},
}

func init() {
	register(outcomes, func(ctx context.Context, s *Store, q Query) (Figures[OutcomeRow], error) { return s.Outcomes(ctx, q) })
	contents = append(contents, outcomesTables{})
}

const outcomesDefinition = "Change between the baseline and each follow-up, within one person's episode and one " +
	"version of an instrument: of the responses within the follow-up's analysis window the one nearest its target day, " +
	"ties to the earlier. " +
	"The months are those of the baseline. People without both measurements count in baseline_n alone. " +
	"By service, people are in the row of the service that they came to first. " +
	"population=research_consented leaves everybody out whose consent to research does not stand now, as datasets do. " +
	"improved and worse are changes by the score's responder threshold or more, which its instrument " +
	"states with its source " +
	"(for ONS4 one point: a convention, not a published minimal difference); where there is none, nobody is sorted. " +
	caution

// caution goes with every figure of change.
const caution = "Change without a comparison group: some of it is regression to the mean."

// observed is people with the same two values.
type observed struct {
	Facet                        string // a dimension and its value, joined by an equals sign
	Timepoint, Instrument, Score string
	Version                      int
	Before                       float64
	After                        *float64
	Cohort                       int // how many of the instants asked for lie before it
	N                            int
	Members                      int64
}

// Outcomes is paired change.
func (s *Store) Outcomes(ctx context.Context, q Query) (out Figures[OutcomeRow], err error) {
	if q.By != Together && !slices.Contains(outcomes.Dimensions, q.By) {
		return out, badDimension
	}
	if q.Population != "" {
		if q.By != Together {
			return out, wrong("population", fault.NotAllowed, "is for figures that are not divided: leave by out")
		}
		q.By = ByPopulation
	}
	err = s.withSnapshot(ctx, q, func(tx *db.Tx, a question) error {
		out = Figures[OutcomeRow]{
			outcomes.ID,
			outcomes.Version,
			outcomesDefinition,
			caution,
			a.asOf(tx),
			a.profile.Notice(),
			[]OutcomeRow{},
			a.mark(),
		}
		read := liveOutcomes
		if a.snapshot != nil {
			read = outcomesFromSnapshot
		}
		out.Rows, err = read(tx, a)
		if q.Population != "" {
			out.Rows = slices.DeleteFunc(
				out.Rows,
				func(r OutcomeRow) bool { return r.Population == nil || *r.Population != q.Population },
			)
		}
		for i := range out.Rows {
			out.Rows[i].Divider = out.Rows[i].published()
		}
		return err
	})
	return out, err
}

// liveOutcomes works them out now.
func liveOutcomes(tx *db.Tx, a question) (rows []OutcomeRow, err error) {
	rows = []OutcomeRow{}
	by, places := a.By, []Divider{}
	for _, p := range a.places[1:] {
		places = append(places, p.Divider)
	}
	if len(places) == 0 {
		by, places = BySite, bySite(a.sites)
	}
	seen, err := observe(
		tx,
		a.args(map[string]any{"from": a.from, "until": a.until, "sites": a.sites, "cohorts": db.Texts{}}),
		by,
	)
	if err != nil {
		return nil, err
	}
	scales, err := scalesAt(tx)
	for _, o := range sortOutcomes(scales, seen, by, places) {
		rows = append(
			rows,
			o.protect(a.profile, disclosure.Halves(len(places)), a.places[0].Divider)[:len(a.places)]...)
	}
	for i := range rows {
		rows[i].RowAsOf = &tx.Now
	}
	return rows, err
}

// pairsText is the query of what was observed.
func pairsText(by []Dimension, oneWorker, snapshot bool) sqlfile.Text {
	return files.Render("outcomes.sql.tmpl", division{dimensions: by, worker: oneWorker, Snapshot: snapshot})
}

// observe reads what was observed, for each dimension asked for. PostgreSQL takes what row-level security
// asks of a row for rare, and would look each pair up by itself; so it is told to join them whole.
func observe(tx *db.Tx, args map[string]any, dimensions ...Dimension) (map[scaleFacet]tally, error) {
	if err := tx.Exec(
		"set local enable_nestloop = off; set local enable_mergejoin = off; set local enable_sort = off; set " +
			"local work_mem = '64MB'",
	).Error; err != nil {
		return nil, err
	}
	_, oneWorker := args["worker"]
	rows, err := tx.Query(pairsText(dimensions, oneWorker, tx.Actor.Role == actor.System), args).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	seen := map[scaleFacet]tally{}
	for rows.Next() {
		var o observed
		if err := tx.ScanRows(rows, &o); err != nil {
			return nil, err
		}
		at := scaleFacet{
			o.Facet,
			Scale{Instrument: o.Instrument, Version: o.Version, Score: o.Score, Timepoint: o.Timepoint}.key(),
		}
		seen[at] = seen[at].with(o)
	}
	return seen, errors.Join(
		rows.Err(),
		rows.Close(),
		tx.Exec(
			"set local enable_nestloop = on; set local enable_mergejoin = on; set local enable_sort = on; reset work_mem",
		).Error,
	)
}

// sortOutcomes sorts what was observed into outcomes: each scale, with every row of the table.
func sortOutcomes(scales []Scale, seen map[scaleFacet]tally, by Dimension, places []Divider) (out []Outcome) {
	for _, scale := range scales {
		o := Outcome{Scale: scale}
		for _, at := range places {
			sample := seen[scaleFacet{string(by) + "=" + **at.value(by), scale.key()}].sample()
			sample.At = at
			o.Samples = append(o.Samples, sample)
		}
		out = append(out, o)
	}
	return out
}

func (s Scale) key() string {
	return fmt.Sprintf("%s|%d|%s|%s", s.Instrument, s.Version, s.Score, s.Timepoint)
}

// inUse are the scales of the versions of instruments that the actor's sites have ever asked, whatever the
// period: which rows stand in a table must not depend on what is asked of it.
func inUse(tx *db.Tx) ([]Scale, error) {
	var own []Scale
	if err := tx.Query(files.SQL("scales.sql"), map[string]any{"sites": db.IDs(tx.Actor.Sites)}).
		Scan(&own).
		Error; err != nil {
		return nil, err
	}
	scales := slices.Concat(builtinScales, own)
	var keys db.Texts
	var versions db.Ints
	for _, scale := range scales {
		keys, versions = append(keys, scale.Instrument), append(versions, scale.Version)
	}
	type version struct {
		Instrument string
		Version    int
	}
	var used []version
	err := tx.Raw(`select distinct instrument, version from unnest(?::text[], ?::int[]) as i (instrument,
		version) where exists (
		select from counted_scores s where s.site_id = any(?::uuid[]) and s.instrument = i.instrument and
			s.instrument_version = i.version)`,
		keys, versions, db.IDs(tx.Actor.Sites)).Scan(&used).Error
	return slices.DeleteFunc(
		scales,
		func(s Scale) bool { return !slices.Contains(used, version{s.Instrument, s.Version}) },
	), err
}

// scaleFacet is a facet and a scale.
type scaleFacet struct{ facet, scale string }

// tally is what was observed of a scale and facet: few different values, however many people.
type tally struct {
	baselineN int
	members   int64
	groups    []group
}

type group struct {
	Pair
	cohort, n int
}

func (t tally) with(o observed) tally {
	t.baselineN += o.N
	if o.After != nil {
		t.members ^= o.Members
		t.groups = append(t.groups, group{Pair{o.Before, *o.After}, o.Cohort, o.N})
	}
	return t
}

// sample is a pair for each person, in an order of their values: sums of floating-point numbers depend on it.
func (t tally) sample() Sample {
	slices.SortFunc(t.groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After), cmp.Compare(a.cohort, b.cohort))
	})
	s := Sample{BaselineN: t.baselineN, members: t.members}
	for _, g := range t.groups {
		for range g.n {
			s.Pairs, s.cohorts = append(s.Pairs, g.Pair), append(s.cohorts, g.cohort)
		}
	}
	return s
}

// outcomesFromSnapshot reads the rows of the snapshot. They are of all time: for a part of it they are withheld, since
// the rows of two periods could be subtracted; and of people's dimensions only for all sites together.
func outcomesFromSnapshot(tx *db.Tx, a question) (rows []OutcomeRow, err error) {
	var found []figure
	dimensions := db.Texts{string(Together), string(BySite), string(a.By)}
	if err := tx.Where("snapshot_id = ? and metric = 'outcomes' and dimension = any(?::text[])", a.snapshot.ID, dimensions).
		Order("position").
		Find(&found).
		Error; err != nil {
		return nil, err
	}
	known, err := known(tx, a.sites)
	if err != nil {
		return nil, err
	}
	type key struct{ place, subgroup string }
	lines, whole := map[key]figure{}, line{}
	var scales []string
	for _, f := range found {
		k := key{string(f.Dimension) + " " + f.Value, f.Subgroup}
		if f.SiteID != nil {
			k.place = string(BySite) + " " + f.SiteID.String()
		}
		if f.Dimension == Together && slices.Contains(known, f.Means.V.Instrument) {
			whole, scales = append(whole, f.Periods.V...), append(scales, f.Subgroup)
		}
		lines[k] = f
	}
	rows = []OutcomeRow{}
	together := a.together()
	from, until := monthOf(a.from), monthOf(a.until)
	for _, scale := range scales {
		for _, p := range a.places {
			at := p.Divider
			k := key{string(Together) + " ", scale}
			switch {
			case at.SiteID != nil && !a.By.valued():
				k.place = string(BySite) + " " + *at.SiteID
			case at.SiteID == nil && together && a.By.valued() && *at.value(a.By) != nil:
				k.place = string(a.By) + " " + **at.value(a.By)
			case at.SiteID != nil && *at.value(a.By) == nil:
				k.place = string(BySite) + " " + *at.SiteID
			case !together && len(a.sites) == 1 && at == (Divider{}):
				k.place = string(BySite) + " " + a.sites[0].String()
			case !together || at != (Divider{}):
				k.place = "withheld"
			}
			rows = append(
				rows,
				publishedOutcome(lines[k], lines[key{string(Together) + " ", scale}].Means.V, at, whole.covers(from, until)),
			)
		}
	}
	return rows, nil
}

// known are the instruments that these sites may know of: those that come with Waypost, and their own.
func known(tx *db.Tx, sites db.IDs) (keys []string, err error) {
	err = tx.Raw("select distinct key from instruments where site_id = any(?::uuid[])", sites).Scan(&keys).Error
	for _, scale := range builtinScales {
		keys = append(keys, scale.Instrument)
	}
	return keys, err
}

// scalesAt are the scales of the rows there are.
func scalesAt(tx *db.Tx) (list []Scale, err error) {
	codes, err := timepoints(tx)
	if err != nil {
		return nil, err
	}
	scales, err := inUse(tx)
	for _, code := range codes {
		for _, scale := range scales {
			scale.Timepoint = code
			list = append(list, scale)
		}
	}
	return list, err
}

type coverage int

const (
	all coverage = iota
	part
	none
)

// covers reports whether some months hold all the months of lines, some, or none.
func (l line) covers(from, until int) coverage {
	c := none
	for _, s := range l {
		switch {
		case s.Until <= from || s.From >= until || s.From == s.Until: // outside, or nobody
		case s.From < from || s.Until > until:
			return part
		default:
			c = all
		}
	}
	return c
}

// publishedOutcome is a row of the snapshot, or a suppressed one, or that of nobody, of the scale that the row of
// all together is of.
func publishedOutcome(f figure, of OutcomeRow, at Divider, c coverage) OutcomeRow {
	row := OutcomeRow{
		Divider:           at,
		Instrument:        of.Instrument,
		Score:             of.Score,
		Timepoint:         of.Timepoint,
		Better:            of.Better,
		InstrumentVersion: of.InstrumentVersion,
	}
	switch {
	case c == none:
		row.PairedN, row.BaselineN = new(0), new(0)
	case c == part:
		row.Withheld = partly()
	case f.Means == nil:
		row.Withheld = withheld(true)
	default:
		row = f.Means.V
		row.Divider = at
	}
	return row
}
