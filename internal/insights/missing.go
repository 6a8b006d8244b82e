package insights

import (
	"slices"
	"strings"

	"waypost/internal/platform/db"
)

// MissingRow is of how many people one field is known. A null was withheld, because it or what it leaves
// over rests on few people.
type MissingRow struct {
	Divider
	// What is known or not. It is a field of the minimum data set, or an item of the baseline as
	// instrument.item.
	Field string `json:"field" example:"ethnic_category"`
	// How many it should be recorded of. Of an item, they are the episodes whose baseline asked its
	// instrument; of any other field, all episodes.
	Expected *int `json:"expected" example:"400"`
	// Of expected: it is recorded. Asked and not stated is recorded; not known and not asked is not.
	Known *int `json:"known" example:"380"`
	// Of expected: it is not recorded.
	Missing *int `json:"missing" example:"20"`
	// Percent of expected that are known, 0 to 100, from the two as published.
	KnownPercent *float64 `json:"known_percent" example:"95"`
	// Of known: the item has the best answer that there is, so that nothing better can be seen at a
	// follow-up (the ceiling). Null for a field that is no item, and for an item that has no better end.
	Best *int `json:"best" example:"30"`
	// Percent of known that are best, 0 to 100, from the two as published.
	BestPercent *float64 `json:"best_percent" example:"7.9"`
	Withheld
}

const missingDefinition = "How complete the record is. For each field of the minimum data set: of how many of the people who were " +
	"referred in during the period it is recorded. 'Asked, and not stated' is an answer; 'not known' and " +
	"'not asked' are none. " +
	"consent_to_follow_up is known once the person was asked, whatever they said. For each item of the " +
	"instruments that come with Waypost: of those who were asked it at their baseline, how many answered " +
	"with a number, and how many gave the best answer there is."

// missing has a row for each field, and for each item of instruments that the sites have ever asked. Those of
// an item who were asked its instrument are a part of what the field baseline shows.
var missing = declare(counts[MissingRow]{
	Metric: Metric{
		Entry: Entry{
			ID:         "missing",
			Title:      "How complete the record is",
			Definition: missingDefinition,
			Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople),
			Version:    2,
		},
		Operation: Operation{
			ID:      "get-missing",
			Summary: "How complete the record is",
			About:   "Returns, for each field of the minimum data set, of how many people it is recorded.",
			By:      ofPeopleNote,
		},
	},
	sql:  "missing.sql.tmpl",
	args: map[string]any{"items": db.JSON[[]item]{V: builtinItems}},
	sums: map[string]string{"known": "known_not_best + best", "expected": "missing + known"},
	partitions: []partition{
		{of: "received_in", parts: []string{"no_baseline", "not_asked", "missing", "known_not_best", "best"}},
	},
	shares:    []share{{"known_percent", "known", "expected"}, {"best_percent", "best", "known"}},
	subgroups: fieldsAndItems,
	row: func(at Divider, field string, w Withheld) MissingRow {
		return MissingRow{Divider: at, Field: field, Withheld: w}
	},
	adjust: func(r *MissingRow) {
		if !strings.Contains(r.Field, ".") { // a field has no best answer
			r.Best = nil
		}
	},
})

func fieldsAndItems(tx *db.Tx) ([]string, error) {
	used, err := inUse(tx)
	list := slices.Clone(fields)
	for _, i := range builtinItems {
		if slices.ContainsFunc(used, func(u Scale) bool { return u.Instrument == i.Instrument }) {
			list = append(list, i.Instrument+"."+i.Code)
		}
	}
	return list, err
}

// fields are those of the minimum data set, in the order in which they are recorded.
var fields = []string{
	"nhs_number",
	"gender",
	"ethnic_category",
	"carer",
	"language",
	"imd_decile",
	"gp_practice_code",
	"phone_or_email",
	"contact_preference",
	"national_data_opt_out",
	"need",
	"risks",
	"what_matters",
	"consent_to_follow_up",
	"first_contact",
	"baseline",
}
