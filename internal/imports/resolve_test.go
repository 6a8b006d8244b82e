package imports

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"waypost/internal/platform/leaktest"
)

// fixture is the invented folder in testdata, in memory, so that a test can spoil it.
func fixture(t testing.TB) fstest.MapFS {
	t.Helper()
	folder := fstest.MapFS{}
	for _, file := range ohanaFiles {
		b, err := os.ReadFile(filepath.Join("testdata/fixture", file.name))
		if err != nil {
			t.Fatal(err)
		}
		folder[file.name] = &fstest.MapFile{Data: b}
	}
	return folder
}

// swap replaces a text of a file, which must be there.
func swap(t testing.TB, folder fstest.MapFS, file, old, new string) {
	t.Helper()
	text := string(folder[file].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	folder[file] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))}
}

func load(t testing.TB, folder fstest.MapFS) loaded {
	t.Helper()
	f, err := readOhana(folder)
	if err != nil {
		t.Fatal(err)
	}
	return f.resolve()
}

func (l loaded) service(ref string) (service, bool) {
	i := slices.IndexFunc(l.services, func(s service) bool { return s.ref == ref })
	if i < 0 {
		return service{}, false
	}
	return l.services[i], true
}

func TestResolvesAService(t *testing.T) {
	t.Parallel()
	l := load(t, fixture(t))
	if r := l.folder.refusals(); len(r) > 0 || len(l.organisations) != 3 || len(l.services) != 4 {
		t.Fatalf("%d organisations, %d services, refused %v", len(l.organisations), len(l.services), r)
	}
	o := l.organisations[0].details
	if o.Name != "Example Lunch Club" || o.Description != "A weekly lunch\nfor people who live alone." ||
		*o.Phone != "01632 960002 ext. 12" {
		t.Errorf("organisation: %+v", o)
	}
	if none := l.organisations[1].details; none.Email != nil || none.URL != nil || none.Phone != nil {
		t.Errorf("blank cells are not null: %+v", none)
	}
	s, _ := l.service("s1")
	d := s.details
	if s.organisation != "o1" || d.Keywords != "The Spoon, Congregate meals, Older people" || d.Fees != "Free." ||
		*d.Phone != "+441632960003" {
		t.Errorf("service: %+v", d)
	}
	if *d.Address != "1 Example Street, Back Hall, Exampleton, EX" || *d.Postcode != "ZZ99 3WZ" ||
		*d.Latitude != 53.48 ||
		*d.Longitude != -2.24 {
		t.Errorf("place: %s, %s, %v, %v", *d.Address, *d.Postcode, *d.Latitude, *d.Longitude)
	}
	if strings.Contains(string(d.Description), "\r") ||
		!slices.Equal(d.Needs, []string{"loneliness_isolation", "food"}) ||
		d.ActivityType != "food_practical" {
		t.Errorf("needs %v, activity %s, description %q", d.Needs, d.ActivityType, d.Description)
	}
	s, _ = l.service("s2")
	if s.details.Latitude != nil || *s.details.Phone != "+441632960004" {
		t.Errorf("service without coordinates: %+v", s.details)
	}
	if s, _ = l.service("s4"); s.details.Status != "inactive" || s.details.Address != nil {
		t.Errorf("defunct service without an address: %+v", s.details)
	}
}

func TestRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20001)
	for name, c := range map[string]struct {
		file, old, new string
		want           []Refusal
		lost           string // ids of the services that are not loaded
	}{
		"no id": {"organizations.csv", "o3,Paper", ",Paper",
			[]Refusal{{"locations.csv", 4, "organization_id names an organisation that does not exist"},
				{"organizations.csv", 5, "has no id"},
				{"services.csv", 7, "location_id names a location that was refused (locations.csv:4)"}}, "s4"},
		"twice the same id": {"services.csv", "s3,l2", "s2,l2", []Refusal{{"services.csv", 6, "has the same id as line 5"}}, "s3"},
		"no name":           {"services.csv", "Debt advice", " ", []Refusal{{"services.csv", 5, "has no name"}}, "s2"},
		"organisation without one": {"organizations.csv", "Paper Walks", "",
			[]Refusal{{"locations.csv", 4,
				"organization_id names an organisation that was refused (organizations.csv:5)"},
				{"organizations.csv", 5, "has no name"},
				{"services.csv", 7, "location_id names a location that was refused (locations.csv:4)"}},
			"s4"},
		"no such location": {"services.csv", "s2,l2", "s2,l9",
			[]Refusal{{"services.csv", 5, "location_id names a location that does not exist"}}, "s2"},
		"no location": {"services.csv", "s2,l2", "s2,",
			[]Refusal{{"services.csv", 5, "has no location_id, so that its organisation is not known"}}, "s2"},
		"latitude out of range": {"locations.csv", "53.5,", "93.5,",
			[]Refusal{{"locations.csv", 4, "latitude is not a number from -90 to 90"},
				{"services.csv", 7, "location_id names a location that was refused (locations.csv:4)"}}, "s4"},
		"longitude not a number": {"locations.csv", "-2.3,", "NaN,",
			[]Refusal{{"locations.csv", 4, "longitude is not a number from -180 to 180"},
				{"services.csv", 7, "location_id names a location that was refused (locations.csv:4)"}}, "s4"},
		"half a place": {"locations.csv", "53.5,", ",",
			[]Refusal{{"locations.csv", 4, "latitude is not a number from -90 to 90"},
				{"services.csv", 7, "location_id names a location that was refused (locations.csv:4)"}}, "s4"},
		"too few columns": {"services.csv", "s3,l2,", "s3,",
			[]Refusal{{"services.csv", 6, "has 11 columns where the header has 12"}}, "s3"},
		"unpaired quotation mark": {"services.csv", "Debt advice", `Debt "advice`,
			[]Refusal{{"services.csv", 5, "its quotation marks do not pair"}}, "s2"},
		"not UTF-8": {"services.csv", "Debt advice", "Debt \xff",
			[]Refusal{{"services.csv", 5, "holds text that is not UTF-8"}}, "s2"},
		"NUL": {"services.csv", "Debt advice", "Debt \x00",
			[]Refusal{{"services.csv", 5, "holds a NUL character"}}, "s2"},
		"too long": {"services.csv", "Help with debt.", long,
			[]Refusal{{"services.csv", 5, "description is longer than 20000 characters"}}, "s2"},
		"unknown status": {"services.csv", "active,,\ns3", "closed,,\ns3",
			[]Refusal{{"services.csv", 5, "has a status that is not active, inactive or defunct"}}, "s2"},
		"unknown term": {"services.csv", `"t1, t2"`, "t1;t9",
			[]Refusal{{"services.csv", 2, "taxonomy_ids names a term that does not exist"}}, "s1"},
		"number of nobody": {"phones.csv", "l2,o2,", "l9,o2,",
			[]Refusal{{"phones.csv", 5, "location_id names nothing that exists"}}, ""},
		"area code only": {"phones.csv", "01632 960004", "(01632)  -",
			[]Refusal{{"phones.csv", 5, "holds no whole telephone number"}}, ""},
		"address of no place": {"addresses.csv", "a2,l2", "a2,l9",
			[]Refusal{{"addresses.csv", 3, "location_id names a location that does not exist"}}, ""},
		"broken address": {"addresses.csv", ",gb\na2", ",gb,,\na2",
			[]Refusal{{"addresses.csv", 2, "has 10 columns where the header has 8"},
				{"locations.csv", 2, "its address was refused (addresses.csv:2)"},
				{"services.csv", 2, "location_id names a location that was refused (locations.csv:2)"}}, "s1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := fixture(t)
			swap(t, folder, c.file, c.old, c.new)
			l := load(t, folder)
			got := l.folder.refusals()
			slices.SortFunc(got, func(a, b Refusal) int { return strings.Compare(a.File, b.File) })
			if !slices.Equal(got, c.want) {
				t.Errorf("refused:\n%v\nwant:\n%v", got, c.want)
			}
			for _, id := range []string{"s1", "s2", "s3", "s4"} {
				if _, ok := l.service(id); ok == (id == c.lost) {
					t.Errorf("service %s loaded: %v", id, ok)
				}
			}
		})
	}
}

func TestAnotherColumnMayTellTheOrganisation(t *testing.T) {
	t.Parallel()
	folder := fixture(t)
	swap(t, folder, "services.csv", "taxonomy_ids\n", "taxonomy_ids,organization_id\n")
	for _, end := range []string{"\"t1, t2\"\n", "active,,\n", "Tenants,,,,,,\n"} {
		swap(t, folder, "services.csv", end, strings.TrimSuffix(end, "\n")+",\n")
	}
	swap(t, folder, "services.csv", "s4,l3", "s4,")
	swap(t, folder, "services.csv", "defunct,,\n", "defunct,,,o2\n")
	s, ok := load(t, folder).service("s4")
	if !ok || s.organisation != "o2" || s.details.Latitude != nil {
		t.Errorf("loaded %v: %+v", ok, s)
	}
	swap(t, folder, "services.csv", "s4,", "s4,l3")
	if _, ok := load(t, folder).service("s4"); ok {
		t.Error("a service of two organisations was loaded")
	}
}

func TestSomeFaultsStopTheImport(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(fstest.MapFS){
		"no file":       func(f fstest.MapFS) { delete(f, "phones.csv") },
		"no column":     func(f fstest.MapFS) { swap(t, f, "locations.csv", "latitude", "northing") },
		"same column":   func(f fstest.MapFS) { swap(t, f, "locations.csv", "transportation", "Latitude") },
		"empty file":    func(f fstest.MapFS) { f["services.csv"] = &fstest.MapFile{} },
		"no service":    func(f fstest.MapFS) { f["services.csv"] = &fstest.MapFile{Data: header(f, "services.csv")} },
		"not delimited": func(f fstest.MapFS) { f["services.csv"] = &fstest.MapFile{Data: []byte(`"`)} },
	} {
		folder := fixture(t)
		spoil(folder)
		if _, err := readOhana(folder); err == nil {
			t.Errorf("%s: the import went on", name)
		}
	}
	if _, err := readOhana(os.DirFS(t.TempDir() + "/none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func header(f fstest.MapFS, file string) []byte {
	first, _, _ := strings.Cut(string(f[file].Data), "\n")
	return []byte(first + "\n")
}

func TestNamesOfSources(t *testing.T) {
	t.Parallel()
	if got, err := nameSource(OhanaCSV, "", "/somewhere/leeds/"); got != "import:ohana-csv:leeds" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"api", "demo", "import:", "import:a\nb", "import:\xff", "import:" + strings.Repeat("x", 200)} {
		if _, err := nameSource(OhanaCSV, bad, "x"); err == nil {
			t.Errorf("%q was taken for a source", bad)
		}
	}
}

// What cannot be normalised is kept and told of, and a line of one text is one line.
func TestKeepsAsWritten(t *testing.T) {
	t.Parallel()
	folder := fixture(t)
	swap(t, folder, "phones.csv", "01632 960004", "18001 01632 960004")
	swap(t, folder, "organizations.csv", "hello@lunch.example.org", "Lunch <hello@LUNCH.example.org>")
	swap(t, folder, "services.csv", "advice@bureau.example.org", "ask at the desk")
	swap(t, folder, "addresses.csv", "ZZ99 3VZ", "21201")
	swap(t, folder, "addresses.csv", "ZZ99 3WZ", "zz993wz")
	l := load(t, folder)
	s1, _ := l.service("s1")
	s2, _ := l.service("s2")
	if *l.organisations[0].details.Email != "hello@lunch.example.org" || *s1.details.Postcode != "ZZ99 3WZ" {
		t.Errorf("not normalised: %+v, %+v", l.organisations[0].details, s1.details)
	}
	if *s2.details.Phone != "18001 01632 960004" || s2.details.Postcode != nil ||
		!strings.HasSuffix(*s2.details.Address, ", 21201") {
		t.Errorf("not kept: %+v", s2.details)
	}
	kept := map[string]int{}
	for _, k := range l.folder.kept() {
		kept[k.File]++
		leaktest.Hidden(t, "the report", k.Reason, "18001 01632 960004", "ask at the desk")
	}
	if kept["phones.csv"] < 1 || kept["services.csv"] != 1 || kept["addresses.csv"] != 1 ||
		len(l.folder.refusals()) > 0 {
		t.Errorf("kept: %v; refused: %v", kept, l.folder.refusals())
	}
	report := Report{Kept: l.folder.kept()}.String()
	if !strings.Contains(report, "values kept as they were written: ") ||
		!strings.Contains(report, "addresses.csv:3: postal_code is kept") {
		t.Errorf("the report says:\n%s", report)
	}
}

// A website is pressed as a link: what is no address of the web is left out, and its row is loaded.
func TestLeavesOutWhatIsNoLink(t *testing.T) {
	t.Parallel()
	folder := fixture(t)
	swap(t, folder, "organizations.csv", "https://lunch.example.org", "javascript:alert(1)")
	swap(
		t,
		folder,
		"services.csv",
		"s2,l2,Debt advice,,Help with debt.,,advice@bureau.example.org,,bailiffs,active,,",
		"s2,l2,Debt advice,,Help with debt.,,advice@bureau.example.org,,bailiffs,active,bureau.example.org,",
	)
	l := load(t, folder)
	s2, _ := l.service("s2")
	if l.organisations[0].details.URL != nil || s2.details.URL == nil ||
		*s2.details.URL != "https://bureau.example.org" {
		t.Errorf("%v, %v", l.organisations[0].details.URL, s2.details.URL)
	}
	out := l.folder.leftOut()
	if len(out) != 1 || out[0].File != "organizations.csv" || len(l.folder.refusals()) > 0 {
		t.Errorf("left out %v, refused %v", out, l.folder.refusals())
	}
	report := Report{LeftOut: out}.String()
	if !strings.Contains(report, "values left out: 1\n") || strings.Contains(report, "alert") {
		t.Errorf("%s", report)
	}
}
