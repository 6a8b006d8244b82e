package datasets

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
)

// floor is the least that a project's minimum k may be: 5 where researchers work in a safe setting, 10 outside of one.
var floor = map[string]int{SafeSetting: 5, Outside: 10}

// validate fills in what was left out, and checks the details.
func (p *Project) validate(tx *db.Tx) error {
	if p.Schedule == nil {
		p.Schedule = []Window{}
	}
	if len(p.QuasiIdentifiers) == 0 {
		p.QuasiIdentifiers = quasiNames()
	}
	if len(p.Generalisation) == 0 {
		p.Generalisation = slices.DeleteFunc(
			slices.Clone(usual),
			func(name string) bool { return !slices.Contains(p.QuasiIdentifiers, name) },
		)
	}
	if p.MostSuppressedPercent == 0 {
		p.MostSuppressedPercent = 5
	}
	var c fault.Checks
	unknown := func(name string) bool { return !slices.Contains(quasiNames(), name) }
	c.Require(
		!slices.ContainsFunc(p.QuasiIdentifiers, unknown),
		"quasi_identifiers",
		fault.UnknownCode,
		"are of site, age_band, gender, ethnic_group and imd_quintile",
	)
	c.Require(distinct(p.QuasiIdentifiers), "quasi_identifiers", fault.Duplicate, "each stand once")
	c.Require(
		!slices.ContainsFunc(
			p.Generalisation,
			func(name string) bool { return !slices.Contains(p.QuasiIdentifiers, name) },
		),
		"generalisation",
		fault.UnknownReference,
		"names quasi-identifiers of the project",
	)
	least := floor[p.Setting]
	if p.LegalBasis == Anonymised { // wherever researchers work
		least = floor[Outside]
	}
	c.Require(
		p.MinimumK >= least,
		"minimum_k",
		fault.OutOfRange,
		"is at least 5 in a safe setting, and at least 10 outside, and where data is anonymised",
	)
	today, err := p.today(tx)
	if err != nil {
		return err
	}
	c.Require(!p.ExpiresOn.Before(today), "expires_on", fault.OutOfRange, "lies in the past")
	var own []string
	for i, w := range p.Schedule {
		at := fmt.Sprintf("schedule[%d]", i)
		c.Require(
			slices.Contains(p.Timepoints, w.Code) && !slices.Contains(own, w.Code),
			at+".code",
			fault.Duplicate,
			"is one of the project's timepoints, and stands once",
		)
		c.Require(w.From <= w.Target && w.Target <= w.To, at+".target", fault.OutOfRange, "lies in the window")
		own = append(own, w.Code)
	}
	c.Require(
		distinct(p.Instruments) && distinct(p.Timepoints),
		"instruments",
		fault.Duplicate,
		"and timepoints each stand once",
	)
	return c.Err()
}

func distinct(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) == len(list)
}

// always are timepoints that every site has.
var always = []string{"baseline", "review", "closure"}

// checkReferences refuses sites, timepoints and instruments that are not there.
func (p *Project) checkReferences(tx *db.Tx) error {
	slices.SortFunc(p.SiteIDs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	p.SiteIDs = slices.Compact(p.SiteIDs)
	var found struct {
		SiteCount               int
		Timepoints, Instruments db.Texts
	}
	if err := tx.Raw("select * from named_at(?::uuid[], ?::text[], ?::text[])", p.SiteIDs, p.Timepoints, p.Instruments).
		Scan(&found).
		Error; err != nil {
		return err
	}
	for _, i := range builtinItems {
		found.Instruments = append(found.Instruments, i.Instrument)
	}
	beyond := func(there ...string) func(string) bool {
		return func(name string) bool { return !slices.Contains(there, name) }
	}
	var c fault.Checks
	c.Require(
		found.SiteCount == len(p.SiteIDs),
		"site_ids",
		fault.UnknownReference,
		"names something that does not exist",
	)
	c.Require(
		!slices.ContainsFunc(p.Timepoints, beyond(slices.Concat(found.Timepoints, always)...)),
		"timepoints",
		fault.UnknownReference,
		"names a schedule that none of the sites has",
	)
	c.Require(
		!slices.ContainsFunc(p.Instruments, beyond(found.Instruments...)),
		"instruments",
		fault.UnknownReference,
		"names an instrument that none of the sites has",
	)
	return c.Err()
}
