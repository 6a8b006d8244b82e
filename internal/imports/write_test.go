package imports

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"waypost/internal/directory"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// scene is a database and a folder that a test may change between imports.
type scene struct {
	*testing.T
	db     *db.DB
	folder fstest.MapFS
}

func newScene(t *testing.T) *scene {
	t.Helper()
	t.Parallel()
	return &scene{t, dbtest.New(t), fixture(t)}
}

func importer() context.Context {
	return actor.With(context.Background(), actor.Named("import"))
}

// run imports the folder as it is now.
func (s *scene) run() Report {
	s.Helper()
	dir := s.TempDir()
	for name, f := range s.folder {
		if err := os.WriteFile(filepath.Join(dir, name), f.Data, 0o600); err != nil {
			s.Fatal(err)
		}
	}
	r, err := Directory(importer(), s.db, OhanaCSV, "import:test", dir)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range []Counts{r.Organisations, r.Services} {
		if c.Read+c.Vanished != c.Created+c.Updated+c.Unchanged+c.Refused {
			s.Fatalf("the counts do not add up: %+v", c)
		}
	}
	s.db.Clock.SetOffset(s.db.Clock.Offset() + time.Hour) // so that a row that is written again shows it
	return r
}

func (s *scene) want(r Report, organisations, services Counts) {
	s.Helper()
	if r.Organisations != organisations || r.Services != services {
		s.Errorf(
			"organisations %+v, services %+v\nwant          %+v,          %+v\n%s",
			r.Organisations,
			r.Services,
			organisations,
			services,
			r,
		)
	}
}

func (s *scene) do(f func(tx *db.Tx) error) {
	s.Helper()
	if err := s.db.Do(importer(), f); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) held() (h directory.Holdings) {
	s.Helper()
	s.do(func(tx *db.Tx) (err error) {
		h, err = directory.LockSource(tx, "import:test")
		return err
	})
	return h
}

func (s *scene) events() (n int64) {
	s.Helper()
	s.do(func(tx *db.Tx) error {
		return tx.Table("events").Where("type = 'directory.imported'").Count(&n).Error
	})
	return n
}

func TestTheSecondRunChangesNothing(t *testing.T) {
	s := newScene(t)
	s.want(s.run(), Counts{Read: 3, Created: 3}, Counts{Read: 4, Created: 4})
	first := s.held()
	v := first.Services["s1"]
	if v.NeedsSource != "inferred" || v.Capacity != "not_known" || v.CapacitySetBy != nil || v.Version != 1 ||
		v.OrganisationID != first.Organisations["o1"].ID {
		t.Errorf("service: %+v", v)
	}
	s.want(s.run(), Counts{Read: 3, Unchanged: 3}, Counts{Read: 4, Unchanged: 4})
	if second := s.held(); !reflect.DeepEqual(first, second) {
		t.Errorf("the second run changed a row:\n%+v\n%+v", first, second)
	}
	if n := s.events(); n != 1 {
		t.Errorf("%d events of one import that changed something", n)
	}
}

func TestAChangedRowUpdatesOnlyItself(t *testing.T) {
	s := newScene(t)
	s.run()
	before := s.held()
	swap(t, s.folder, "services.csv", "Help with debt.", "Help with debt and rent arrears.")
	s.want(s.run(), Counts{Read: 3, Unchanged: 3}, Counts{Read: 4, Updated: 1, Unchanged: 3})
	after := s.held()
	if v := after.Services["s2"]; v.Version != 2 || !v.UpdatedAt.After(v.CreatedAt) ||
		v.Description != "Help with debt and rent arrears." ||
		v.ID != before.Services["s2"].ID {
		t.Errorf("the changed service: %+v", v)
	}
	delete(before.Services, "s2")
	delete(after.Services, "s2")
	if !reflect.DeepEqual(before, after) {
		t.Error("another row changed too")
	}
}

func TestABrokenRowIsRefusedAndKeepsWhatItWas(t *testing.T) {
	s := newScene(t)
	s.run()
	before := s.held()
	swap(t, s.folder, "services.csv", "s2,l2,", "s2,")
	swap(t, s.folder, "services.csv", "Warm homes", "Warm rooms")
	r := s.run()
	s.want(r, Counts{Read: 3, Unchanged: 3}, Counts{Read: 4, Updated: 1, Unchanged: 2, Refused: 1, Uncertain: true})
	if after := s.held(); !reflect.DeepEqual(before.Services["s2"], after.Services["s2"]) ||
		after.Services["s3"].Name != "Warm rooms" {
		t.Error("the refused row changed, or the other did not")
	}
	if text := r.String(); !strings.Contains(text, "services.csv:5: has 11 columns where the header has 12") ||
		strings.Contains(text, "debt") {
		t.Error(text)
	}
}

func TestAFirstRunLoadsWhatIsWhole(t *testing.T) {
	s := newScene(t)
	swap(t, s.folder, "organizations.csv", "Invented Advice Bureau", "")
	s.want(s.run(), Counts{Read: 3, Created: 2, Refused: 1}, Counts{Read: 4, Created: 2, Refused: 2})
	if h := s.held(); len(h.Organisations) != 2 || len(h.Services) != 2 {
		t.Errorf("%d organisations and %d services", len(h.Organisations), len(h.Services))
	}
}

func TestAVanishedRowBecomesInactiveAndMayComeBack(t *testing.T) {
	s := newScene(t)
	s.run()
	whole := fixture(t)
	swap(t, s.folder, "services.csv", "s3,l2,Warm homes,,Help with energy bills and damp.,Tenants,,,,,,\n", "")
	s.want(s.run(), Counts{Read: 3, Unchanged: 3}, Counts{Read: 3, Updated: 1, Unchanged: 3, Vanished: 1})
	if v := s.held().Services["s3"]; v.Status != "inactive" || v.Version != 2 {
		t.Errorf("the vanished service: %+v", v)
	}
	s.want(s.run(), Counts{Read: 3, Unchanged: 3}, Counts{Read: 3, Unchanged: 3})
	s.folder = whole
	s.want(s.run(), Counts{Read: 3, Unchanged: 3}, Counts{Read: 4, Updated: 1, Unchanged: 3})
	if v := s.held().Services["s3"]; v.Status != "active" {
		t.Errorf("the service that came back is %s", v.Status)
	}
}

func TestWhatPeopleSaySurvives(t *testing.T) {
	s := newScene(t)
	s.run()
	h := s.held()
	store := directory.Store{DB: s.db}
	if _, err := store.SetCapacity(importer(), h.Services["s1"].ID, directory.Capacity{Capacity: "full"}); err != nil {
		t.Fatal(err)
	}
	s.do(func(tx *db.Tx) error {
		return tx.Table("services").Where("source_ref = 's1'").Updates(map[string]any{
			"needs": db.Texts{"bereavement"}, "needs_source": "stated", "activity_type": "talking_support"}).Error
	})
	s.do(func(tx *db.Tx) error {
		return tx.Table("organisations").Where("source_ref = 'o1'").UpdateColumn("charity_number", "1234567").Error
	})
	swap(t, s.folder, "services.csv", "Wednesday lunch", "Thursday lunch")
	swap(t, s.folder, "organizations.csv", "Club", "Company")
	s.want(s.run(), Counts{Read: 3, Updated: 1, Unchanged: 2}, Counts{Read: 4, Updated: 1, Unchanged: 3})
	h = s.held()
	v := h.Services["s1"]
	if v.Name != "Thursday lunch" || v.Capacity != "full" || *v.CapacitySetBy != "link_worker" ||
		v.CapacityAsOf == nil {
		t.Errorf("capacity: %+v", v)
	}
	if v.NeedsSource != "stated" || len(v.Needs) != 1 || v.Needs[0] != "bereavement" ||
		v.ActivityType != "talking_support" {
		t.Errorf("needs: %+v", v)
	}
	if n := h.Organisations["o1"].CharityNumber; n == nil || *n != "1234567" {
		t.Error("the charity number was lost")
	}
}

func TestAnImportLeavesOtherSourcesAlone(t *testing.T) {
	s := newScene(t)
	store := directory.Store{DB: s.db}
	o, err := store.AddOrganisation(importer(), directory.NewOrganisation{Name: "Example Lunch Club", Status: "active"})
	if err != nil {
		t.Fatal(err)
	}
	s.run()
	again, err := Directory(importer(), s.db, OhanaCSV, "import:other", "testdata/fixture")
	if err != nil || again.Organisations.Created != 3 || again.Services.Created != 4 {
		t.Fatalf("%v: %s", err, again)
	}
	s.want(s.run(), Counts{Read: 3, Unchanged: 3}, Counts{Read: 4, Unchanged: 4})
	if kept, err := store.Organisation(importer(), o.ID); err != nil || kept.Version != 1 || kept.Status != o.Status {
		t.Errorf("%+v, %v", kept, err)
	}
}

func TestAServiceThatMovesToAnotherOrganisationIsRefused(t *testing.T) {
	s := newScene(t)
	s.run()
	swap(t, s.folder, "services.csv", "s2,l2", "s2,l3")
	r := s.run()
	s.want(r, Counts{Read: 3, Unchanged: 3}, Counts{Read: 4, Unchanged: 3, Refused: 1})
	if len(r.Refused) != 1 || r.Refused[0].Line != 5 {
		t.Errorf("refused: %v", r.Refused)
	}
}

func TestNothingIsLoadedWhenTheImportFails(t *testing.T) {
	s := newScene(t)
	l := load(t, s.folder)
	err := s.db.Do(importer(), func(tx *db.Tx) error {
		if _, err := write(tx.Context(), s.db, "import:test", l); err != nil {
			return err
		}
		return errors.New("stopped before the commit")
	})
	if err == nil {
		t.Fatal("the import did not fail")
	}
	if h := s.held(); len(h.Organisations)+len(h.Services) != 0 || s.events() != 0 {
		t.Error("a part of it was loaded")
	}
}

// Rows that a spreadsheet leaves empty say nothing: they are no refusal, and what left the source is still
// made inactive.
func TestEmptyRowsAreSkippedAndCountedApart(t *testing.T) {
	s := newScene(t)
	s.run()
	swap(
		t,
		s.folder,
		"services.csv",
		"s3,l2,Warm homes,,Help with energy bills and damp.,Tenants,,,,,,\n",
		",,,,,,,,,,,\n \t,\u00a0,,,,,,,,,,\n,,,\n\"\",\"\"\n",
	)
	s.folder["organizations.csv"].Data = append(s.folder["organizations.csv"].Data, ",,,,\n\u200b,,,,\n"...)
	r := s.run()
	s.want(r, Counts{Read: 3, Unchanged: 3}, Counts{Read: 3, Updated: 1, Unchanged: 3, Vanished: 1})
	if len(r.Refused) != 0 || r.Blank != 6 ||
		!strings.Contains(r.String(), "rows without any value in all files, passed over: 6\n") {
		t.Errorf("%s", r)
	}
	if v := s.held().Services["s3"]; v.Status != "inactive" {
		t.Errorf("the vanished service is %s", v.Status)
	}
}

// A source may say that a service is sensitive, in a column that it need not have; what an administrator
// said stays until it does.
func TestASourceSaysWhatIsSensitive(t *testing.T) {
	s := newScene(t)
	s.run()
	set := func(ref string) {
		s.do(func(tx *db.Tx) error {
			return tx.Exec(
				"update services set sensitive = true where source = 'import:test' and source_ref = ?",
				ref,
			).Error
		})
	}
	sensitive := func() (refs string) {
		for _, ref := range []string{"s1", "s2", "s3", "s4"} {
			if s.held().Services[ref].Sensitive {
				refs += ref + " "
			}
		}
		return refs
	}
	set("s1")
	s.run()
	if got := sensitive(); got != "s1 " {
		t.Errorf("without the column: %s", got)
	}
	text := string(s.folder["services.csv"].Data)
	header, rest, _ := strings.Cut(text, "\n")
	rest = strings.Replace(
		strings.Replace(rest, `"t1, t2"`, `"t1, t2",no`, 1),
		"bailiffs,active,,",
		"bailiffs,active,,,yes",
		1,
	)
	s.folder["services.csv"] = &fstest.MapFile{Data: []byte(header + ",sensitive\n" + rest)}
	s.run()
	if got := sensitive(); got != "s2 " {
		t.Errorf("with the column: %s", got)
	}
}

// A flag that was filled down beyond the last row makes no row, and so leaves open no service that has gone.
func TestRowsOfAFlagAloneArePassedOver(t *testing.T) {
	s := newScene(t)
	lines := strings.SplitAfter(string(s.folder["services.csv"].Data), "\n")
	whole := ""
	for i, line := range lines {
		switch {
		case i == 0:
			line = strings.TrimRight(line, "\r\n") + ",sensitive\n"
		case strings.Count(line, ",") >= 11:
			line = strings.TrimRight(line, "\r\n") + ",no\n"
		}
		whole += line
	}
	s.folder["services.csv"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(whole, "t1, t2\"\n", "t1, t2\",no\n"))}
	first := s.run()
	if len(first.Refused) > 0 {
		t.Fatalf("%s", first)
	}
	for _, flag := range []string{"no", "NO", " false ", "0", "yes"} {
		s.folder["services.csv"].Data = append(s.folder["services.csv"].Data, ",,,,,,,,,,,,"+flag+"\n"...)
	}
	r := s.run()
	if len(r.Refused) != 0 || r.Blank != 5 || r.Services.Uncertain || r.Services.Unchanged != first.Services.Created {
		t.Errorf("%s", r)
	}
}

// Of a row that is refused nothing is kept.
func TestARefusedRowIsNotListedAsKept(t *testing.T) {
	s := newScene(t)
	swap(
		t,
		s.folder,
		"services.csv",
		"advice@bureau.example.org,,bailiffs,active,,",
		"ask at the desk,,bailiffs,perhaps,javascript:x,",
	)
	r := s.run()
	ofServices := func(x Refusal) bool { return x.File == "services.csv" }
	if len(r.Refused) != 1 || slices.ContainsFunc(r.Kept, ofServices) || slices.ContainsFunc(r.LeftOut, ofServices) {
		t.Errorf("%s", r)
	}
}
