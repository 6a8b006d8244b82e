package insights

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"waypost/internal/disclosure"
	"waypost/internal/platform/codes"
	"waypost/internal/platform/db"
	"waypost/internal/platform/sqlfile"
)

// Dimension is what a table is divided by. Every value has its row, always in the same order, though it counts nobody:
// a row that is missing would tell that.
type Dimension string

const (
	Together       Dimension = "" // no division
	BySite         Dimension = "site"
	ByMonth        Dimension = "month"
	ByNeedGroup    Dimension = "need_group"
	ByDeprivation  Dimension = "deprivation"
	ByEthnicGroup  Dimension = "ethnic_group"
	ByGender       Dimension = "gender"
	ByAgeBand      Dimension = "age_band"
	ByOrganisation Dimension = "organisation"
	ByService      Dimension = "service"
	ByPopulation   Dimension = "population" // asked for by its own parameter, and of one value alone
	ByBand         Dimension = "band"       // of a score at the baseline; of completers alone
)

// ResearchConsented are the people whose consent to research stands.
const ResearchConsented = "research_consented"

const noService = "none"

// ofPeople are the dimensions that a value of each person or referral decides.
var ofPeople = []Dimension{ByNeedGroup, ByDeprivation, ByEthnicGroup, ByGender, ByAgeBand}

// Divider says which row of a divided table this is; all are null in the row of all together.
type Divider struct {
	// The site's id. It is there when figures are asked by site, or of one site.
	SiteID *string `json:"site_id,omitempty" format:"uuid"`
	// The site's name.
	SiteName *string `json:"site_name,omitempty" example:"Example Town"`
	// The month. It is there when figures are asked by month.
	Month *string `json:"month,omitempty" example:"2026-01"`
	// The group of the need. It is there when figures are asked by need_group. For referrals: the referral's
	// need. Otherwise: the episode's primary need.
	NeedGroup *string `json:"need_group,omitempty" example:"relationships"`
	// Deprivation of the home's neighbourhood, in fifths. It is there when figures are asked by
	// deprivation; 1 is the most deprived fifth (deciles 1 and 2).
	Deprivation *string `json:"deprivation,omitempty" enum:"1,2,3,4,5,not_known"`
	// Ethnic group: the groups of the census that the person's category belongs to. It is there when
	// figures are asked by ethnic_group.
	EthnicGroup *string `json:"ethnic_group,omitempty" example:"asian"`
	// Gender as the person states it. It is there when figures are asked by gender.
	Gender *string `json:"gender,omitempty" example:"female"`
	// Age in bands of years; not_known where nothing is known of the birth date. It is there when figures
	// are asked by age_band. Age on the day that decides the row's month; who is known to be born in a year
	// counts as born on 1 July, in a month on its 16th.
	AgeBand *string `json:"age_band,omitempty" example:"50_64"`
	// The organisation's id. It is there when figures are asked by organisation.
	OrganisationID *string `json:"organisation_id,omitempty" format:"uuid"`
	// The organisation's name.
	OrganisationName *string `json:"organisation_name,omitempty" example:"Example Town Advice"`
	// The service's id. It is there when figures are by service, unless service_name is none.
	ServiceID *string `json:"service_id,omitempty" format:"uuid"`
	// The service's name. none: no service.
	ServiceName *string `json:"service_name,omitempty" example:"Wednesday lunch"`
	// Whose figures they are, when not everybody's.
	Population *string `json:"population,omitempty" enum:"research_consented"`

	band *string
}

// value returns a pointer to the field that holds a dimension's value.
func (d *Divider) value(of Dimension) **string {
	switch of {
	case BySite:
		return &d.SiteID
	case ByMonth:
		return &d.Month
	case ByNeedGroup:
		return &d.NeedGroup
	case ByDeprivation:
		return &d.Deprivation
	case ByEthnicGroup:
		return &d.EthnicGroup
	case ByGender:
		return &d.Gender
	case ByOrganisation:
		return &d.OrganisationID
	case ByService:
		return &d.ServiceID
	case ByPopulation:
		return &d.Population
	case ByBand:
		return &d.band
	default:
		return &d.AgeBand
	}
}

// divided returns the Divider of one value's row.
func divided(of Dimension, value string) (d Divider) {
	*d.value(of) = &value
	return d
}

//go:embed *.sql *.sql.tmpl
var folder embed.FS

var files = sqlfile.Load(folder)

// division is what a metric's SQL template is rendered with.
type division struct {
	dimensions []Dimension
	worker     bool // count only the episodes of the link worker whose id is the parameter worker
	Bands      bool // for completers: by bands of scores too
	Snapshot   bool // for pairs: list who is in them, and since when
}

// Facets returns SQL for an array of 'dimension=value' strings; for one dimension, one plain string, which is cheaper.
// rows is the alias of a table with site_id and patient_id; need and ageOn are columns with the code of the need and
// the day on which age is counted; own is SQL for the value that only this metric has: the service, or the band.
func (d division) Facets(rows, need, ageOn string, own ...string) string {
	own = append(own, "null") // there may be none
	var list []string
	for _, by := range d.dimensions {
		list = append(list, fmt.Sprintf("'%s=' || %s", by, by.facet(rows, need, ageOn, own[0])))
	}
	if len(list) == 1 {
		return list[0]
	}
	return "array[" + strings.Join(list, ", ") + "]"
}

// EachFacet returns SQL to join that makes a row for each facet of a column of Facets.
func (d division) EachFacet(facets string) string {
	if len(d.dimensions) == 1 {
		return "lateral (select " + facets + " as facet) f"
	}
	return "unnest(" + facets + ") facet"
}

// BySiteAlone reports whether the site is all that the rows are divided by: then nobody's facets are looked up.
func (d division) BySiteAlone() bool { return slices.Equal(d.dimensions, []Dimension{BySite}) }

// JoinPatients returns SQL that joins patients as p to the rows, if a facet needs it.
func (d division) JoinPatients(rows string) string {
	if strings.Contains(d.Facets(rows, "", "", ""), "p.") {
		return fmt.Sprintf("join patients p on p.site_id = %[1]s.site_id and p.id = %[1]s.patient_id", rows)
	}
	return ""
}

// OfLinkWorker returns an SQL condition that the episode is the link worker's; true when figures are of all.
func (d division) OfLinkWorker(episode string) string {
	if !d.worker {
		return "true"
	}
	return episode + " = any(array(\n" +
		"    select id from episodes where site_id = any(cast(:'sites' as uuid[])) and link_worker_id = :'worker'))"
}

// facet returns SQL for a row's value of the dimension; the parameters are those of Facets.
func (d Dimension) facet(rows, need, ageOn, own string) string {
	switch d {
	case BySite:
		return rows + ".site_id::text"
	case ByNeedGroup:
		return "(select n.code_group from code_needs n where n.code = " + need + ")"
	case ByDeprivation:
		return "coalesce(((p.imd_decile + 1) / 2)::text, 'not_known')"
	case ByEthnicGroup:
		return "(select g.code_group from code_ethnic_categories g where g.code = p.ethnic_category)"
	case ByGender:
		return "p.gender"
	case ByAgeBand:
		return "age_band(p.birth_date, " + ageOn + ")"
	case ByOrganisation:
		return rows + ".organisation_id::text"
	case ByPopulation:
		return fmt.Sprintf("case when consent_stands(%[1]s.site_id, %[1]s.patient_id, 'research') "+
			"then 'research_consented' else 'others' end", rows)
	case ByService:
		return "coalesce((" + own + ")::text, 'none')"
	case ByBand:
		return "coalesce(" + own + ", 'not_answered')"
	default:
		return "''" // all together, or by month
	}
}

// valued reports whether each cell has a value of the dimension.
func (d Dimension) valued() bool { return d != Together && d != BySite && d != ByMonth }

// rows returns the dimension's values in the order of the table's rows.
func (d Dimension) rows(tx *db.Tx) (list []string, err error) {
	switch d {
	case ByService:
		err = tx.Raw("select id::text from services order by id").Scan(&list).Error
		return append(list, noService), err
	case ByOrganisation:
		return list, tx.Raw("select id::text from organisations order by id").Scan(&list).Error
	}
	return d.values(), nil
}

// axis returns the tree by which the rows of a dimension are added up. It halves them, except where the first few hold
// most people in most populations: those are parted from the rest.
func (d Dimension) axis(rows int) disclosure.Tree {
	if d == ByService { // 'none' is the last row, and is parted first: services are added before it
		return disclosure.Parted(rows, rows-1)
	}
	if first, is := map[Dimension]int{ByGender: 2, ByEthnicGroup: 1}[d]; is {
		return disclosure.Parted(rows, first)
	}
	return disclosure.Halves(rows)
}

// values returns the values of a dimension that is a list in the program, in order.
func (d Dimension) values() (list []string) {
	switch d {
	case ByPopulation:
		return []string{ResearchConsented, "others"}
	case ByBand:
		return []string{"very_low", "low", "medium", "high", "very_high", "not_answered"}
	case ByDeprivation:
		return []string{"1", "2", "3", "4", "5", "not_known"}
	case ByAgeBand:
		return []string{"under_18", "18_34", "35_49", "50_64", "65_79", "80_over", "not_known"}
	}
	seed, _ := codes.Lookup(
		map[Dimension]string{ByNeedGroup: "needs", ByEthnicGroup: "ethnic_categories", ByGender: "genders"}[d],
	)
	for _, c := range seed.Codes {
		value := c.Group
		if d == ByGender {
			value = c.Code
		}
		if !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}

// name adds the names of services or organisations to the rows by service or organisation.
func (d Dimension) name(tx *db.Tx, list []span) error {
	table, is := map[Dimension]string{ByService: "services", ByOrganisation: "organisations"}[d]
	if !is {
		return nil
	}
	var found []struct{ ID, Name string }
	err := tx.Raw("select id::text as id, name from " + table).Scan(&found).Error
	names := map[string]*string{noService: new(noService)}
	for i, s := range found {
		names[s.ID] = &found[i].Name
	}
	for i := range list {
		if id := *list[i].value(d); id != nil && d == ByService {
			list[i].ServiceName = names[*id]
		} else if id != nil {
			list[i].OrganisationName = names[*id]
		}
	}
	return err
}

// published returns the divider as the API shows it: the row of referrals without a service (noService) has no id.
func (d Divider) published() Divider {
	if d.ServiceID != nil && *d.ServiceID == noService {
		d.ServiceID = nil
	}
	return d
}

// namedSites returns the rows of a table by site: the actor's sites, ordered by id.
func namedSites(tx *db.Tx) (list []Divider, err error) {
	err = tx.Raw("select id::text as site_id, name as site_name from sites where id = any(?::uuid[]) order by id", db.IDs(tx.Actor.Sites)).
		Scan(&list).
		Error
	return list, err
}
