package main_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Mistakes are left out wherever the record is read, since the plain name of a table is a view of what stands. Only these
// files know the tables themselves, or the views that hold mistakes too.
var seesMistakes = []string{"inerror.go", "followupinerror.go", "voids.go", "merge.go", "merges.go", "history.go"}

// showsMistakes are the files that show single things and the lists of what is recorded of one person, with the mark.
var showsMistakes = []string{
	"internal/episodes/contacts.go", "internal/people/consents.go", "internal/referrals/attendance.go",
	"internal/outcomes/assessments.go", "internal/outcomes/followups.go", "internal/platform/db/rows.go",
}

func TestWhoeverReadsTheRecordLeavesMistakesOut(t *testing.T) {
	t.Parallel()
	tables := regexp.MustCompile(`\b(patients|consents|episodes|contacts|attendances|assessments|follow_ups|follow_up_\w+)_all\b`)
	recorded := regexp.MustCompile(`\brecorded_(patients|consents|episodes|contacts|attendances|assessments|follow_ups?)\w*\b`)
	read := 0
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		ofThese := strings.HasPrefix(file, "internal/") || strings.HasPrefix(file, "api/")
		code := strings.HasSuffix(file, ".go") || strings.Contains(file, ".sql")
		if err != nil || d.IsDir() || !ofThese || !code || strings.HasSuffix(file, "_test.go") ||
			slices.Contains(seesMistakes, path.Base(file)) {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		read++
		if name := tables.Find(text); name != nil {
			t.Errorf("%s reads %s, which holds mistakes: read the view without _all", file, name)
		}
		if name := recorded.Find(text); name != nil && !slices.Contains(showsMistakes, file) {
			t.Errorf("%s reads %s, which holds mistakes", file, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 200 {
		t.Errorf("only %d files were read", read)
	}
}
