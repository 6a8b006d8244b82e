package worklists

import (
	"cmp"
	"slices"

	"waypost/internal/platform/sqlfile"
)

// Entry is a worklist in the list of all.
type Entry struct {
	Name  string
	About string
	Path  string // below /v1
	sql   string // what it holds, to be counted
}

// ofTeam are lists of what waits for somebody of the team, that are read where its things are.
var ofTeam = []Entry{
	{
		Name:  "corrections_to_tell",
		About: "What was moved from the wrong record, and whom to tell who received it there: for the whole team.",
		Path:  "/corrections?open=true",
		sql:   "select from corrections where site_id = any(cast(:'sites' as uuid[])) and told_at is null",
	},
	{
		Name:  "merges_to_confirm",
		About: "Merges of two NHS numbers, which a second person confirms: for the whole team.",
		Path:  "/merges?state=pending",
		sql:   "select from merges where site_id = any(cast(:'sites' as uuid[])) and state = 'pending'",
	},
	{
		Name:  "transfers_to_answer",
		About: "People whom another site asks yours to take on: for the whole team.",
		Path:  "/transfers?direction=in&state=pending",
		sql: "select from transfer_offers where site_id = any(cast(:'sites' as uuid[])) and state = 'pending' " +
			"and lapses_at > cast(:'at' as timestamptz)",
	},
}

// index is all worklists, by name; named: of a link worker who was named, whose pairs are counted then.
func index(of scope, named bool) []Entry {
	all := append(slices.Clone(ofTeam), Entry{
		Name:  duplicates,
		About: "Pairs of records that may be of one person, the most alike first: for the whole team.",
		Path:  "/worklists/" + duplicates,
		sql:   pairScope{Worker: named}.sql(),
	})
	for _, l := range lists {
		all = append(all, Entry{l.Name, l.About, "/worklists/" + l.Name, l.sql(of)})
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Index is all worklists, by name.
func Index() []Entry { return index(scope{}, false) }

// SQL is what the list holds, to be counted.
func (e Entry) SQL() string { return e.sql }

// counts is the query of how many are on each list.
func counts(of scope, named bool) sqlfile.Text {
	return files.Render("counts.sql.tmpl", map[string]any{"Lists": index(of, named)})
}
