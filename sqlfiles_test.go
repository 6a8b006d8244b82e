package main

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// SQL that is no migration stands in files which sqlfile reads, and which look alike: parameters as psql
// writes them, two spaces a level, no line over 120 columns. Whether PostgreSQL takes them, their packages
// test.
func TestSQLFilesLookAlike(t *testing.T) {
	t.Parallel()
	seen := 0
	err := fs.WalkDir(os.DirFS("internal"), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".sql") && !strings.HasSuffix(path, ".sql.tmpl") {
			return err
		}
		seen++
		text, err := os.ReadFile("internal/" + path)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(string(text), "-- ") && !strings.HasPrefix(string(text), "{{- /* ") {
			t.Errorf("%s does not begin by saying what it asks", path)
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			indent := len(line) - len(strings.TrimLeft(line, " "))
			switch {
			case utf8.RuneCountInString(line) > 120:
				t.Errorf("%s:%d is longer than 120 columns", path, i+1)
			case strings.ContainsAny(line, "\t\r") || strings.TrimRight(line, " ") != line:
				t.Errorf("%s:%d has tabs, or spaces at its end", path, i+1)
			case indent%2 != 0:
				t.Errorf("%s:%d is indented by %d spaces, not by two a level", path, i+1, indent)
			case strings.Contains(line, "@"):
				t.Errorf("%s:%d has an @: a parameter is written :'name'", path, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("%d files were found", seen)
	}
}
