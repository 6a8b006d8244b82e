package imports

import (
	"fmt"
	"io/fs"
	"strings"
)

// folder is what an Ohana folder holds. Places, addresses and numbers are not loaded for themselves:
// they make up services and organisations.
type folder struct {
	organisations, locations, services, addresses, phones, taxonomy *table
}

// The columns are those that the import reads. All are needed, though they may be blank: were one left out by
// mistake, a second run would empty the field in every row.
var ohanaFiles = []struct {
	name    string
	columns string
	into    func(*folder) **table
}{
	{"organizations.csv", "id name description email website", func(f *folder) **table { return &f.organisations }},
	{"locations.csv", "id organization_id latitude longitude", func(f *folder) **table { return &f.locations }},
	{
		"addresses.csv",
		"location_id address_1 address_2 city state_province postal_code",
		func(f *folder) **table { return &f.addresses },
	},
	{
		"services.csv",
		"id location_id name alternate_name description eligibility email fees keywords status website taxonomy_ids",
		func(f *folder) **table { return &f.services },
	},
	{
		"phones.csv",
		"location_id organization_id service_id number extension number_type",
		func(f *folder) **table { return &f.phones },
	},
	{"taxonomy.csv", "taxonomy_id name", func(f *folder) **table { return &f.taxonomy }},
}

// readOhana reads every file of the folder before anything is made of them.
func readOhana(dir fs.FS) (*folder, error) {
	f := &folder{}
	for _, file := range ohanaFiles {
		t, err := readTable(dir, file.name, strings.Fields(file.columns))
		if err != nil {
			return nil, err
		}
		*file.into(f) = t
	}
	for _, t := range []*table{f.organisations, f.services} {
		if len(t.rows) == 0 { // taken at its word, it would make the whole directory inactive
			return nil, fmt.Errorf("%s: holds no row", t.file)
		}
	}
	return f, nil
}

// blanks is how many rows of all files have no value.
func (f *folder) blanks() (n int) {
	for _, file := range ohanaFiles {
		n += (*file.into(f)).blank
	}
	return n
}

// refusals lists the rows of every file that were refused.
func (f *folder) refusals() (out []Refusal) {
	for _, file := range ohanaFiles {
		t := *file.into(f)
		for _, r := range t.rows {
			if r.refused() {
				out = append(out, Refusal{t.file, r.line, r.reason})
			}
		}
	}
	return out
}

// kept lists the values of every file that are kept as they were written.
func (f *folder) kept() []Refusal { return f.values(func(r *row) []string { return r.kept }) }

// leftOut lists the values of every file that are not loaded, though their rows are.
func (f *folder) leftOut() []Refusal { return f.values(func(r *row) []string { return r.leftOut }) }

func (f *folder) values(of func(*row) []string) (out []Refusal) {
	for _, file := range ohanaFiles {
		t := *file.into(f)
		for _, r := range t.rows {
			for _, what := range of(r) {
				out = append(out, Refusal{t.file, r.line, what})
			}
		}
	}
	return out
}
