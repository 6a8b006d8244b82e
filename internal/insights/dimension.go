package insights

import (
	"slices"

	"waypost/internal/disclosure"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/db"
)

// Dimension is what a table is divided by. Its rows are always the same ones in the same order, those of nobody too: which
// rows there are must not tell what is in them.
type Dimension string

const (
	BySite        Dimension = "site"
	ByNeedGroup   Dimension = "need_group"
	ByDeprivation Dimension = "deprivation"
)

// Divider says which row of a divided table this is; all are null in the row of all together.
type Divider struct {
	SiteID      *string `json:"site_id,omitempty" format:"uuid" doc:"The site, when figures are asked by site."`
	SiteName    *string `json:"site_name,omitempty" doc:"Its name." example:"Example Town"`
	NeedGroup   *string `json:"need_group,omitempty" doc:"The group of the primary need, when figures are asked by need_group." example:"relationships"`
	Deprivation *string `json:"deprivation,omitempty" enum:"1,2,3,4,5,not_known" doc:"When figures are asked by deprivation: the fifth of neighbourhoods, 1 the most deprived (deciles 1 and 2)."`
}

// dividers are the rows of the dimension.
func (d Dimension) dividers(tx *db.Tx) (list []Divider, err error) {
	switch d {
	case BySite:
		err = tx.Raw("select id::text as site_id, name as site_name from sites where id = any(?::uuid[]) order by id", db.IDs(tx.Actor.Sites)).Scan(&list).Error
	case ByNeedGroup:
		needs, _ := codes.Lookup("needs")
		var seen []string
		for _, c := range needs.Codes {
			if !slices.Contains(seen, c.Group) {
				seen = append(seen, c.Group)
				list = append(list, Divider{NeedGroup: &c.Group})
			}
		}
	case ByDeprivation:
		for _, q := range []string{"1", "2", "3", "4", "5", "not_known"} {
			list = append(list, Divider{Deprivation: &q})
		}
	}
	return list, err
}

// Cell is where something was counted. gorm fills only what is exported.
type Cell struct {
	SiteID    string
	NeedGroup string
	Quintile  string
}

func (c Cell) in(d Divider) bool {
	return (d.SiteID == nil || *d.SiteID == c.SiteID) && (d.NeedGroup == nil || *d.NeedGroup == c.NeedGroup) && (d.Deprivation == nil || *d.Deprivation == c.Quintile)
}

// split protects one way of sorting people into kinds, for all together and for each row of the table.
func split[C any](profile disclosure.Profile, rows []C, row func(C) disclosure.Row) []disclosure.Line {
	counts := make([]disclosure.Row, len(rows))
	for i, c := range rows {
		counts[i] = row(c)
	}
	total, lines := profile.Table(counts)
	return append([]disclosure.Line{total}, lines...)
}

// within shows kinds of a kind: only where the kind itself is shown.
func within(whole *int, line disclosure.Line) []*int {
	if whole == nil {
		return make([]*int, len(line.Parts))
	}
	return line.Parts
}

// gather adds up what was counted, for each row of a table; without dividers, for all together.
func gather[C any](dividers []Divider, seen []C, in func(C, Divider) bool, plus func(C, C) C) []C {
	if len(dividers) == 0 {
		dividers = []Divider{{}}
	}
	parts := make([]C, len(dividers))
	for _, c := range seen {
		for i, d := range dividers {
			if in(c, d) {
				parts[i] = plus(parts[i], c)
			}
		}
	}
	return parts
}
