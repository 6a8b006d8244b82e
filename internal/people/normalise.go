package people

import (
	"gorm.io/gorm"

	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
)

// validateNumber checks an NHS number that has changed. One that was recorded before a rule existed stays as it is.
func (s *Store) validateNumber(c *fault.Checks, p *Patient, was Details) {
	switch {
	case p.NHSNumber == nil:
		p.NHSNumberUnissued = false
	case normal.Changed(p.NHSNumber, was.NHSNumber):
		number, known, refusal := s.readNumber(*p.NHSNumber)
		c.Require(refusal == "", "nhs_number", fault.WrongFormat, refusal)
		p.NHSNumber, p.NHSNumberUnissued = &number, !known
	}
}

// normalise brings each detail that has changed into its standard form. What was recorded before a rule existed stays
// as it is.
func (p *Patient) normalise(c *fault.Checks, was Details) {
	normal.Require(c, "postcode", &p.Postcode, was.Postcode, normal.Postcode, normal.NotAPostcode)
	normal.Require(c, "gp_practice_code", &p.GPPracticeCode, was.GPPracticeCode, normal.ODSCode, normal.NotAnODSCode)
	normal.LanguageIfNew(&p.Language, was.Language)
	p.Keep(&p.Phone, &p.Email, was.Phone, was.Email)
}

// AfterFind fills in the fields that are computed from the row.
func (p *Patient) AfterFind(*gorm.DB) error {
	p.show()
	return nil
}

func (p *Patient) show() {
	p.BirthDateUnknown = p.BirthDate == nil
	p.PhoneNational, p.Warnings = p.National(p.Phone), nil
	if p.NHSNumberUnissued {
		p.Warnings = append(p.Warnings, fault.Warning{Code: "nhs_number_not_issued",
			Detail: "The NHS number lies outside the ranges that are known to be issued: nobody is found by it."})
	}
	p.Warnings = append(p.Warnings, p.Kept(p.Email)...)
	p.Warnings = append(p.Warnings, normal.LanguageKept(p.Language)...)
}
