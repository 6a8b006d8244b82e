package insights

import (
	"context"
	"math"
	"slices"

	"waypost/internal/disclosure"
	"waypost/internal/platform/db"
)

// Band is a range of a score's values with a name; a value lies in the one that begins highest at or below it.
type Band struct {
	Code string  `json:"code"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// MovementRow is how many people moved from one band to another. A null was withheld, because it or what it
// leaves over rests on few people.
type MovementRow struct {
	// The site's id. It is there when figures are asked of one site.
	SiteID *string `json:"site_id,omitempty" format:"uuid"`
	// The site's name.
	SiteName *string `json:"site_name,omitempty" example:"Example Town"`
	// Key of the instrument.
	Instrument string `json:"instrument" example:"ons4"`
	// Which of the instrument's scores.
	Score string `json:"score" example:"life_satisfaction"`
	// Code of the follow-up. It is compared with the baseline.
	Timepoint string `json:"timepoint" example:"m9_12"`
	// Band of the score at the baseline. Null: any.
	BeforeBand *string `json:"before_band" example:"low"`
	// Band of the score at the timepoint. Null: any.
	AfterBand *string `json:"after_band" example:"medium"`
	// People with both measurements who were in the one and are in the other.
	People *int `json:"people" example:"40"`
	// Percent of those in before_band that are in people, 0 to 100, from the counts as published.
	Percent *float64 `json:"percent" example:"32.5"`
	// Version of the instrument.
	InstrumentVersion int `json:"instrument_version" example:"1"`
	Withheld
}

const movementDefinition = "Of the people with both measurements, how many were in which band at the baseline and are in which at " +
	"each follow-up, within one person's episode and one version of an instrument, paired as for outcomes. " +
	"Only scores whose instrument names bands. The months are those of the baseline. " + caution

var movement = Metric{
	Entry: Entry{
		ID:         "movement",
		Title:      "Movement between bands",
		Definition: movementDefinition,
		Formula:    "percent = 100 × people / people of before_band whose after_band is null",
		Version:    1,
	},
	Operation: Operation{
		ID:      "get-movement",
		Summary: "Movement between bands",
		About: "Returns how many people were in which band of a score at the baseline, and in which at each " +
			"follow-up, with both margins. For partners it is of all sites together and of all time.",
	},
}

func init() {
	register(movement, askMovement)
	contents = append(contents, movementTables{})
}

// band names the band of a value, or "" where there is none.
func (s Scale) band(v float64) (code string) {
	from := math.Inf(-1)
	for _, b := range s.Bands.V {
		if b.From <= v && b.From > from {
			code, from = b.Code, b.From
		}
	}
	return code
}

// moves counts a scale's pairs by the bands that they begin and end in.
func (o Outcome) moves() [][]int {
	bands := o.Scale.Bands.V
	at := func(v float64) int {
		code := o.Scale.band(v)
		return slices.IndexFunc(bands, func(b Band) bool { return b.Code == code })
	}
	counts := make([][]int, len(bands))
	for i := range counts {
		counts[i] = make([]int, len(bands))
	}
	for _, p := range together(o.Samples) {
		if i, j := at(p.Before), at(p.After); i >= 0 && j >= 0 {
			counts[i][j]++
		}
	}
	return counts
}

// movement makes the rows of a scale: all together, each band before, each after, and each with each; what
// may not be shown is nil.
func (o Outcome) movement(profile disclosure.Profile) (rows []MovementRow) {
	moves, tree := o.moves(), disclosure.Halves(len(o.Scale.Bands.V))
	sum := func(i, j int) (n int) {
		for _, row := range moves[tree[i].From:tree[i].Until] {
			for _, people := range row[tree[j].From:tree[j].Until] {
				n += people
			}
		}
		return n
	}
	shown := profile.Reveal(tree, tree, func(i, j int) []int { return []int{sum(i, j)} })
	name := func(position int) *string {
		if position < 0 {
			return nil
		}
		return &o.Scale.Bands.V[position].Code
	}
	ends := ordered(tree)
	for _, before := range ends {
		for _, after := range ends {
			row := MovementRow{
				Instrument:        o.Scale.Instrument,
				Score:             o.Scale.Score,
				Timepoint:         o.Scale.Timepoint,
				InstrumentVersion: o.Scale.Version,
				BeforeBand: name(
					before.position,
				),
				AfterBand: name(after.position),
				Withheld:  withheld(!shown[before.index][after.index]),
			}
			if !row.Suppressed {
				row.People = profile.Count(sum(before.index, after.index))
			}
			rows = append(rows, row)
		}
	}
	for i := range rows { // the first of each band before is that of whichever after
		rows[i].Percent = percent(rows[i].People, rows[i/len(ends)*len(ends)].People)
	}
	return rows
}

// ordered are the whole and each position, in order.
func ordered(t disclosure.Tree) []node {
	list := whole(t)
	slices.SortFunc(list, func(a, b node) int { return a.position - b.position })
	return list
}

// askMovement answers how people moved between bands. For partners it is of all sites together and of all time.
func askMovement(ctx context.Context, s *Store, q Query) (out Figures[MovementRow], err error) {
	err = s.withSnapshot(ctx, q, func(tx *db.Tx, a question) error {
		out = Figures[MovementRow]{
			movement.ID,
			movement.Version,
			movementDefinition,
			caution,
			a.asOf(tx),
			a.profile.Notice(),
			[]MovementRow{},
			a.mark(),
		}
		read := liveMovement
		if a.snapshot != nil {
			read = movementFromSnapshot
		}
		out.Rows, err = read(tx, a)
		for i := range out.Rows {
			out.Rows[i].SiteID, out.Rows[i].SiteName = a.places[0].SiteID, a.places[0].SiteName
		}
		return err
	})
	return out, err
}

// liveMovement counts now.
func liveMovement(tx *db.Tx, a question) ([]MovementRow, error) {
	list, err := bandedOutcomes(
		tx,
		map[string]any{"from": a.from, "until": a.until, "sites": a.sites, "cohorts": db.Texts{}},
		a.sites,
	)
	rows := []MovementRow{}
	for _, o := range list {
		rows = append(rows, o.movement(a.profile)...)
	}
	return rows, err
}

func bandedOutcomes(tx *db.Tx, args map[string]any, sites db.IDs) ([]Outcome, error) {
	seen, err := observe(tx, args, BySite)
	if err != nil {
		return nil, err
	}
	scales, err := scalesAt(tx)
	scales = slices.DeleteFunc(scales, func(s Scale) bool { return len(s.Bands.V) == 0 })
	return sortOutcomes(scales, seen, BySite, bySite(sites)), err
}

// movementFromSnapshot reads the snapshot.
func movementFromSnapshot(tx *db.Tx, a question) ([]MovementRow, error) {
	known, err := known(tx, a.sites)
	if err != nil {
		return nil, err
	}
	var found []figure
	if err := tx.Where("snapshot_id = ? and metric = 'movement'", a.snapshot.ID).
		Order("position").
		Find(&found).
		Error; err != nil {
		return nil, err
	}
	rows := []MovementRow{}
	for _, f := range found {
		for _, row := range f.Moves.V {
			if !slices.Contains(known, row.Instrument) {
				continue
			}
			switch {
			case !a.together():
				row.People, row.Percent, row.Withheld = nil, nil, withheld(true)
			case a.From != "" || a.To != "":
				row.People, row.Percent, row.Withheld = nil, nil, partly()
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// movementTables are movement in a snapshot.
type movementTables struct{}

func (movementTables) name() string          { return movement.ID }
func (movementTables) columnNames() []string { return nil }

func (movementTables) build(tx *db.Tx, next snapshot) (list []figure, err error) {
	outcomes, err := bandedOutcomes(
		tx,
		map[string]any{"from": earliest, "until": latest, "sites": next.Sites, "cohorts": db.Texts{}},
		next.Sites,
	)
	for i, o := range outcomes {
		list = append(
			list,
			figure{
				SnapshotID: next.ID,
				Metric:     movement.ID,
				Subgroup:   o.Scale.key(),
				Position:   i,
				Periods:    db.JSON[line]{V: line{}},
				Moves:      &db.JSON[[]MovementRow]{V: o.movement(disclosure.NHSEngland(next.Threshold))},
			},
		)
	}
	return list, err
}
