package datasets

import (
	"fmt"
	"slices"
	"strings"

	"waypost/internal/disclosure"
)

// quasi is one of what a person could be recognised by, taken together, and how it is made coarser.
type quasi struct {
	disclosure.Quasi
	sql    string // the finest value, of a person of cohort.sql.tmpl (p)
	values []Value
	meant  []string // what each coarser level is, in words
}

// quasis are all that there are, in the order of the cohort's columns.
var quasis = []quasi{
	{disclosure.Quasi{Name: "site"}, "", nil, nil}, // its finest values are the project's own codes
	{
		disclosure.Quasi{Name: "age_band", Coarser: []map[string]string{
			{
				"under_18":  "under_50",
				"18_34":     "under_50",
				"35_49":     "under_50",
				"50_64":     "50_over",
				"65_79":     "50_over",
				"80_over":   "50_over",
				"not_known": "not_known",
			},
		}},
		"age_band(p.birth_date, p.on_day)",
		[]Value{
			{"under_18", "Under 18"},
			{"18_34", "18 to 34"},
			{"35_49", "35 to 49"},
			{"50_64", "50 to 64"},
			{"65_79", "65 to 79"},
			{"80_over", "80 and over"},
			{"under_50", "Under 50"},
			{"50_over", "50 and over"},
			{"not_known", "Not known: no date of birth is recorded"},
		},
		[]string{"under 50, 50 and over, not known"},
	},
	{disclosure.Quasi{Name: "gender", Coarser: []map[string]string{
		{
			"female":     "female",
			"male":       "male",
			"non_binary": "other_or_not_known",
			"other":      "other_or_not_known",
			"not_stated": "other_or_not_known",
			"not_known":  "other_or_not_known",
		},
	}}, "p.gender", append(list("genders"), Value{"other_or_not_known", "Another gender, or not stated, or not known"}),
		[]string{"female, male, another or not known"}},
	{disclosure.Quasi{Name: "ethnic_group", Coarser: []map[string]string{
		{
			"white":     "white",
			"mixed":     "other_than_white",
			"asian":     "other_than_white",
			"black":     "other_than_white",
			"other":     "other_than_white",
			"not_known": "not_known",
		},
	}}, "(select g.code_group from code_ethnic_categories g where g.code = p.ethnic_category)",
		append(groups("ethnic_categories"), Value{"other_than_white", "Other than white"}),
		[]string{"white, other than white, not known"}},
	{
		disclosure.Quasi{Name: "imd_quintile", Coarser: []map[string]string{{
			"1": "1_2", "2": "1_2", "3": "3_5", "4": "3_5", "5": "3_5", "not_known": "not_known",
		}}},
		"coalesce(((p.imd_decile + 1) / 2)::text, 'not_known')",
		[]Value{
			{"1", "The most deprived fifth of neighbourhoods"},
			{"2", "The second fifth"},
			{"3", "The middle fifth"},
			{"4", "The fourth fifth"},
			{"5", "The least deprived fifth"},
			{"not_known", "Not known"},
			{"1_2", "The two most deprived fifths"},
			{"3_5", "The other three fifths"},
		},
		[]string{"the two most deprived fifths, the other three"},
	},
}

// quasiNames are the names of all quasi-identifiers.
func quasiNames() (names []string) {
	for _, q := range quasis {
		names = append(names, q.Name)
	}
	return names
}

// usual is the order in which they are made coarser, where a project does not choose: what outcomes are
// compared by goes last.
var usual = []string{
	"ethnic_group",
	"gender",
	"imd_quintile",
	"age_band",
	"ethnic_group",
	"gender",
	"site",
	"imd_quintile",
	"age_band",
}

// at is the SQL of a value at a level. What the maps hold are our own codes.
func (q quasi) at(level int) string {
	switch {
	case q.Name == "site" && level == 0:
		return "site_codes.code"
	case level == 0:
		return q.sql
	case level > len(q.Coarser):
		return "'" + disclosure.All + "'"
	}
	var cases []string
	for from, to := range q.Coarser[level-1] {
		cases = append(cases, fmt.Sprintf("when '%s' then '%s'", from, to))
	}
	slices.Sort(cases)
	return fmt.Sprintf("(case %s %s else '%s' end)", q.sql, strings.Join(cases, " "), disclosure.All)
}

// meaning is what a level tells, in words.
func (q quasi) meaning(level int) string {
	switch {
	case level == 0:
		return "as fine as releases are"
	case level > len(q.Coarser):
		return "not told"
	}
	return q.meant[level-1]
}

// column is the quasi-identifier as tables show it.
func (q quasi) column(label, source string) Column {
	values := q.values
	if values != nil {
		values = append(slices.Clone(values), Value{disclosure.All, "Not told, so that people cannot be recognised"})
	}
	return Column{q.Name, Text, label, source, "c." + q.Name, values}
}
