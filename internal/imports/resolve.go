package imports

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"waypost/internal/directory"
	"waypost/internal/platform/normal"
	"waypost/internal/platform/text"
)

// loaded is what a folder comes to: the organisations and services that are whole, and the folder, which
// knows what was refused.
type loaded struct {
	folder        *folder
	organisations []organisation
	services      []service
}

type organisation struct {
	row     *row
	ref     string // its id in the source
	details directory.OrganisationDetails
}

type service struct {
	row               *row
	ref, organisation string // ids in the source
	details           directory.ServiceDetails
	sensitive         *bool // nil: the source does not say
}

// resolver follows the ids from row to row.
type resolver struct {
	*folder
	organisationByID, locationByID, serviceByID, addressByLocation, termByID map[string]*row
	phones                                                                   map[owner]string
}

// resolve makes organisations and services of the rows, and refuses the rows that do not fit together.
func (f *folder) resolve() loaded {
	r := &resolver{
		folder:            f,
		organisationByID:  f.organisations.index("id"),
		locationByID:      f.locations.index("id"),
		serviceByID:       f.services.index("id"),
		addressByLocation: f.addresses.index("location_id"),
		termByID:          f.taxonomy.index("taxonomy_id"),
	}
	r.phones = r.numbers()
	out := loaded{folder: f}
	for _, x := range f.organisations.rows {
		if d := r.organisation(x); !x.refused() {
			out.organisations = append(out.organisations, organisation{x, x.get("id"), d})
		}
	}
	r.checkPlaces()
	for _, x := range f.services.rows {
		if o, d := r.service(x); !x.refused() {
			out.services = append(
				out.services,
				service{x, x.get("id"), o, d, yesOrNo[strings.ToLower(x.get("sensitive"))]},
			)
		}
	}
	return out
}

func (r *resolver) organisation(x *row) directory.OrganisationDetails {
	d := directory.OrganisationDetails{
		Name: x.get("name"), Description: x.text("description"), Status: "active",
		URL: x.website(), Email: x.email(), Phone: text.OrNil(r.phones[owner{"organization_id", x.get("id")}]),
	}
	x.require(!text.Blank(d.Name), "has no name")
	x.refuse(wrongText(d))
	return d
}

var statuses = map[string]string{"": "active", "active": "active", "inactive": "inactive", "defunct": "inactive"}

// yesOrNo are the words of a column that a source need not have.
var yesOrNo = map[string]*bool{
	"":      nil,
	"yes":   new(true),
	"true":  new(true),
	"1":     new(true),
	"no":    new(false),
	"false": new(false),
	"0":     new(false),
}

func (r *resolver) service(x *row) (organisation string, d directory.ServiceDetails) {
	org, at := r.whose(x)
	if x.refused() {
		return "", d
	}
	terms := r.terms(x)
	status, known := statuses[strings.ToLower(x.get("status"))]
	d = directory.ServiceDetails{
		Name: x.get(
			"name",
		),
		Description: x.text("description"),
		Eligibility: x.text("eligibility"),
		Fees:        x.text("fees"),
		Keywords:    text.Optional(joinNonBlank(append([]string{x.get("alternate_name"), x.get("keywords")}, terms...)...)),
		URL:         x.website(),
		Email:       x.email(),
		Phone:       text.OrNil(r.phoneOf(x)),
		Status:      status,
	}
	r.place(&d, at)
	x.require(!text.Blank(d.Name), "has no name")
	_, clear := yesOrNo[strings.ToLower(x.get("sensitive"))]
	x.require(clear, "has a value of sensitive that is neither yes nor no")
	x.require(known, "has a status that is not active, inactive or defunct")
	x.refuse(wrongText(d))
	if !x.refused() {
		d.Needs, d.ActivityType = theMap().infer(org.get("name"), d)
	}
	return org.get("id"), d
}

// whose finds a service's organisation by the location, for Ohana's services name no organisation. Files that
// do, as those of the Human Services Data Specification, are taken at their word.
func (r *resolver) whose(x *row) (org, at *row) {
	direct := x.get("organization_id")
	switch {
	case x.get("location_id") != "":
		if at = x.refer("location_id", r.locationByID, "a location"); at == nil {
			return nil, nil
		}
		org = r.organisationByID[at.get("organization_id")]
		x.require(
			direct == "" || direct == org.get("id"),
			"location_id and organization_id lead to different organisations",
		)
	case direct != "":
		org = x.refer("organization_id", r.organisationByID, "an organisation")
	default:
		x.refuse("has no location_id, so that its organisation is not known")
	}
	return org, at
}

// terms are the names of the taxonomy's terms that the service is filed under.
func (r *resolver) terms(x *row) (names []string) {
	for _, id := range strings.FieldsFunc(x.get("taxonomy_ids"), func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
		term := r.termByID[id]
		if term == nil || term.refused() {
			x.refuse("taxonomy_ids names a term that does not exist")
			return nil
		}
		names = append(names, term.get("name"))
	}
	return names
}

// index finds rows by an id. It refuses those that have none, or one that a row before has. A torn row is
// found by what seems to be its id when no other row has it, so that what refers to it is refused with it.
func (t *table) index(column string) map[string]*row {
	byID := map[string]*row{}
	for _, r := range t.rows {
		id := r.get(column)
		switch first := byID[id]; {
		case r.torn:
		case id == "":
			r.refuse("has no " + column)
		case utf8.RuneCountInString(id) > 200:
			r.refuse(column + " is longer than 200 characters")
		case first != nil:
			r.refuse(fmt.Sprintf("has the same %s as line %d", column, first.line))
		default:
			byID[id] = r
		}
	}
	for _, r := range t.rows {
		if id := r.get(column); r.torn && id != "" && byID[id] == nil {
			byID[id] = r
		}
	}
	return byID
}

// refer finds the row that a column names. It refuses the row that names it when there is none, or when it was refused.
func (r *row) refer(column string, to map[string]*row, what string) *row {
	target := to[r.get(column)]
	switch {
	case target == nil:
		r.refuse(column + " names " + what + " that does not exist")
		return nil
	case target.refused():
		r.refuse(fmt.Sprintf("%s names %s that was refused (%s:%d)", column, what, target.table.file, target.line))
		return nil
	}
	return target
}

func (r *row) require(ok bool, reason string) {
	if !ok {
		r.refuse(reason)
	}
}

// email is the column's address, or what is written there where it is none.
func (r *row) email() *string {
	address := text.OrNil(r.get("email"))
	if address == nil {
		return nil
	}
	normalised, ok := normal.Email(*address)
	if !ok {
		r.keep("email is kept as it was written, since it is no address that can be sent to")
	}
	return &normalised
}

// website is the column's address of the web. What is none is left out, since people would press it as a link.
func (r *row) website() *string {
	address := text.OrNil(r.get("website"))
	if address == nil {
		return nil
	}
	normalised, ok := normal.URL(*address)
	if !ok {
		r.leftOut = append(r.leftOut, "website is left out, since it is no address of the web")
		return nil
	}
	return &normalised
}
