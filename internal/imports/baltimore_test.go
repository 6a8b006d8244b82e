package imports

import (
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"waypost/internal/directory"
	"waypost/internal/platform/db"
	"waypost/internal/platform/db/dbtest"
)

// A real directory, which lies beside the repository where there is one and is no part of it.
const baltimore = "../../../shared/reference/directory/baltimore-ohana"

func needBaltimore(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(baltimore); err != nil {
		t.Skip("the Baltimore directory is not on this machine: " + baltimore)
	}
}

func TestARealDirectory(t *testing.T) {
	needBaltimore(t)
	t.Parallel()
	d := dbtest.New(t)
	began := time.Now()
	first, err := Directory(importer(), d, OhanaCSV, "", baltimore)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("first run took %s\n%s", time.Since(began).Round(time.Millisecond), first)
	if want := (Counts{Read: 748, Created: 748}); first.Organisations != want {
		t.Errorf("organisations: %+v", first.Organisations)
	}
	if want := (Counts{Read: 1876, Created: 1875, Refused: 1}); first.Services != want {
		t.Errorf("services: %+v", first.Services)
	}
	before := holdings(t, d, first.Source)
	began = time.Now()
	second, err := Directory(importer(), d, OhanaCSV, "", baltimore)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("second run took %s", time.Since(began).Round(time.Millisecond))
	if second.Organisations.Unchanged != 748 || second.Services.Unchanged != 1875 ||
		!reflect.DeepEqual(before, holdings(t, d, first.Source)) {
		t.Errorf("the second run changed something:\n%s", second)
	}
	if !reflect.DeepEqual(first.Refused, second.Refused) {
		t.Error("the second run refused other rows")
	}
}

func holdings(t *testing.T, d *db.DB, source string) (h directory.Holdings) {
	t.Helper()
	err := d.Do(importer(), func(tx *db.Tx) (err error) {
		h, err = directory.LockSource(tx, source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestSampleOfNeeds prints pairs to read after a change of the word map: go test -run SampleOfNeeds -v
func TestSampleOfNeeds(t *testing.T) {
	needBaltimore(t)
	t.Parallel()
	type pair struct {
		s    service
		need string
	}
	var pairs []pair
	none := 0
	f, err := readOhana(os.DirFS(baltimore))
	if err != nil {
		t.Fatal(err)
	}
	services := f.resolve().services
	for _, s := range services {
		if len(s.details.Needs) == 0 {
			none++
		}
		for _, n := range s.details.Needs {
			pairs = append(pairs, pair{s, n})
		}
	}
	t.Logf("%d services, %d pairs, %d services without a need", len(services), len(pairs), none)
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(pairs))[:60] {
		d := pairs[i].s.details
		lead, _ := theMap().body(string(d.Description))
		t.Logf("%s: %s\n%s\n%s", pairs[i].need, d.Name, lead, d.Eligibility)
	}
}
