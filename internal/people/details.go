package people

import (
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
)

// detail is something of a person that a record may lack, and that a merge then takes from the other one.
type detail struct {
	name  string
	empty func(*Patient) bool
	same  func(a, b *Patient) bool
	take  func(to, from *Patient)
	clear func(*Patient)
}

// details are what the record that is kept takes from the other one where it has nothing itself.
var details = []detail{
	together("nhs_number", optional("nhs_number", func(p *Patient) **string { return &p.NHSNumber }),
		flag(func(p *Patient) *bool { return &p.NHSNumberUnissued })),
	optional("given_name", func(p *Patient) **string { return &p.GivenName }),
	optional("family_name", func(p *Patient) **string { return &p.FamilyName }),
	optional("birth_date", func(p *Patient) **day.Partial { return &p.BirthDate }),
	optional("preferred_name", func(p *Patient) **string { return &p.PreferredName }),
	optional("pronouns", func(p *Patient) **string { return &p.Pronouns }),
	coded("gender", "not_known", func(p *Patient) *string { return &p.Gender }),
	coded("ethnic_category", "99", func(p *Patient) *string { return &p.EthnicCategory }),
	coded("carer", "not_known", func(p *Patient) *string { return &p.Carer }),
	together("postcode", optional("postcode", func(p *Patient) **string { return &p.Postcode }),
		optional("lsoa", func(p *Patient) **string { return &p.LSOA }),
		optional("imd_decile", func(p *Patient) **int { return &p.IMDDecile }),
		optional("imd_version", func(p *Patient) **string { return &p.IMDVersion })),
	optional("gp_practice_code", func(p *Patient) **string { return &p.GPPracticeCode }),
	together("phone", optional("phone", func(p *Patient) **string { return &p.Phone }),
		flag(func(p *Patient) *bool { return &p.PhoneAsWritten })),
	together("email", optional("email", func(p *Patient) **string { return &p.Email }),
		flag(func(p *Patient) *bool { return &p.EmailAsWritten })),
	coded("contact_preference", "not_known", func(p *Patient) *string { return &p.ContactPreference }),
	optional("language", func(p *Patient) **string { return &p.Language }),
	optional("access_needs", func(p *Patient) **string { return &p.AccessNeeds }),
	together("national_data_opt_out",
		optional("national_data_opt_out", func(p *Patient) **bool { return &p.NationalDataOptOut }),
		optional("national_data_opt_out_checked_on", func(p *Patient) **day.Date { return &p.NationalDataOptOutCheckedOn })),
	optional("died_on", func(p *Patient) **day.Date { return &p.DiedOn }),
}

func optional[T comparable](name string, at func(*Patient) **T) detail {
	return detail{
		name:  name,
		empty: func(p *Patient) bool { return *at(p) == nil },
		same: func(a, b *Patient) bool {
			x, y := *at(a), *at(b)
			return (x == nil) == (y == nil) && (x == nil || *x == *y)
		},
		take: func(to, from *Patient) {
			if value := *at(from); value != nil {
				*at(to) = new(*value)
			}
		},
		clear: func(p *Patient) { *at(p) = nil },
	}
}

// coded is a detail that is never missing: a code says that nobody knows.
func coded(name, unknown string, at func(*Patient) *string) detail {
	return detail{
		name:  name,
		empty: func(p *Patient) bool { return *at(p) == unknown },
		same:  func(a, b *Patient) bool { return *at(a) == *at(b) },
		take:  func(to, from *Patient) { *at(to) = *at(from) },
		clear: func(p *Patient) { *at(p) = unknown },
	}
}

// flag goes with the detail that it says something of.
func flag(at func(*Patient) *bool) detail {
	return detail{
		empty: func(*Patient) bool { return true },
		same:  func(*Patient, *Patient) bool { return true },
		take:  func(to, from *Patient) { *at(to) = *at(from) },
		clear: func(p *Patient) { *at(p) = false },
	}
}

// together are details that one record or the other has as a whole.
func together(name string, parts ...detail) detail {
	every := func(holds func(detail) bool) bool {
		for _, d := range parts {
			if !holds(d) {
				return false
			}
		}
		return true
	}
	return detail{
		name:  name,
		empty: func(p *Patient) bool { return every(func(d detail) bool { return d.empty(p) }) },
		same:  func(a, b *Patient) bool { return every(func(d detail) bool { return d.same(a, b) }) },
		take: func(to, from *Patient) {
			for _, d := range parts {
				d.take(to, from)
			}
		},
		clear: func(p *Patient) {
			for _, d := range parts {
				d.clear(p)
			}
		},
	}
}

// fill gives the person what they lack and the other has, and returns its names.
func (p *Patient) fill(from *Patient) (names db.Texts) {
	for _, d := range details {
		if d.name == "died_on" && from.DiedOn != nil && p.BornAfter(*from.DiedOn) {
			continue // one of the two days is wrong
		}
		if d.empty(p) && !d.empty(from) {
			d.take(p, from)
			names = append(names, d.name)
		}
	}
	return names
}

// unfill takes away again what fill gave, but for what was changed since, and the last name.
func (p *Patient) unfill(names db.Texts, from *Patient) {
	was := *p
	for _, d := range details {
		for _, name := range names {
			if d.name == name && d.same(p, from) {
				d.clear(p)
			}
		}
	}
	if p.GivenName == nil && p.FamilyName == nil {
		p.GivenName, p.FamilyName = was.GivenName, was.FamilyName
	}
}
