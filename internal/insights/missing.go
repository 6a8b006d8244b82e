package insights

import (
	"context"
	_ "embed"
	"slices"

	"waypost/internal/platform/db"
)

// MissingRow is of how many people one field is known. A null was withheld, because it or what it leaves over rests on few people.
type MissingRow struct {
	Divider
	Field        string   `json:"field" doc:"What is known or not." example:"ethnic_category"`
	People       *int     `json:"people" doc:"Episodes: people referred in." example:"400"`
	Known        *int     `json:"known" doc:"Of people: it is recorded. Asked and not stated is recorded; not known and not asked is not." example:"380"`
	Missing      *int     `json:"missing" doc:"Of people: it is not." example:"20"`
	KnownPercent *float64 `json:"known_percent" doc:"known in people, 0 to 100, from the two as published." example:"95"`
	Suppressed   bool     `json:"suppressed" doc:"The whole row is withheld, because it or a row it could be worked out with rests on too few people."`
}

const missingDefinition = "How complete the minimum data set is: for each field, of how many of the people who were referred in during the period it is recorded. 'Asked, and not stated' is an answer; 'not known' and 'not asked' are none. " +
	"consent_to_follow_up is known once the person was asked, whatever they said."

//go:embed missing.sql
var missingSQL string

// filled is people of one place by whether a field of theirs is known.
type filled struct {
	Cell
	Known, Unknown int
}

func (f filled) kinds() []int { return []int{f.Known, f.Unknown} }

func (f filled) plus(o filled) filled {
	f.Known, f.Unknown = f.Known+o.Known, f.Unknown+o.Unknown
	return f
}

var missing = metric[filled, MissingRow]{
	Entry: Entry{ID: "missing", Title: "How complete the record is", Definition: missingDefinition, Formula: "known_percent = 100 × known / people",
		Dimensions: slices.Concat([]Dimension{BySite, ByMonth}, ofPeople), Filters: countFilters, Version: 1},
	sql: missingSQL, columns: missingColumns(), subs: fields, row: missingRow,
}

// fields are those of the minimum data set, in the order in which they are recorded.
func fields(*db.Tx) ([]string, error) {
	return []string{"nhs_number", "gender", "ethnic_category", "carer", "language", "imd_decile", "gp_practice_code", "phone_or_email", "contact_preference", "national_data_opt_out",
		"need", "risks", "what_matters", "consent_to_follow_up", "first_contact", "baseline"}, nil
}

func missingColumns() []column[filled] {
	kinds := sorted(filled.kinds)
	return []column[filled]{kinds.whole(), kinds.kind(0), kinds.kind(1)}
}

func missingRow(at Divider, field string, n []*int, suppressed bool) MissingRow {
	r := MissingRow{Divider: at, Field: field, Suppressed: suppressed}
	fill(n, &r.People, &r.Known, &r.Missing)
	r.KnownPercent = percent(r.Known, r.People)
	return r
}

// Missing is how complete the record is.
func (s *Store) Missing(ctx context.Context, q Query) (Figures[MissingRow], error) {
	return ask(ctx, s, missing, q)
}
