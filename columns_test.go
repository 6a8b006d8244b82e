package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	widest = 140 // columns; 120 is wanted of what is written anew

	// columnsTxt goes when the last long line is gone: a folder that it does not name has none.
	columnsTxt = "columns.txt"
)

var lower = flag.Bool("lower", false, "write columns.txt anew, with fewer long lines")

// No line of Go, SQL or Markdown is wider than 140 columns, but for the rows of Markdown tables, which cannot be
// broken. Where there still are some, columns.txt says how many by folder, and none may be added.
func TestLongLinesOnlyGetFewer(t *testing.T) {
	kept := readColumns(t)
	found, where := longLines(t)
	for _, folder := range slices.Sorted(maps.Keys(found)) {
		if found[folder] > kept[folder] {
			t.Errorf("%s has %d lines over %d columns, and had %d. Break the new ones:\n%s\n"+
				"A folder with a new name takes its number in %s along.",
				folder, found[folder], widest, kept[folder], strings.Join(where[folder], "\n"), columnsTxt)
		}
	}
	fewer := false
	for folder, n := range kept {
		fewer = fewer || found[folder] < n
	}
	switch {
	case !fewer || t.Failed():
	case *lower:
		writeColumns(t, found)
	default:
		t.Log("there are fewer long lines than columns.txt says: make columns writes it anew")
	}
}

func readColumns(t *testing.T) map[string]int {
	t.Helper()
	kept := map[string]int{}
	text, err := os.ReadFile(columnsTxt)
	switch {
	case os.IsNotExist(err): // there are none
		return kept
	case err != nil:
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var folder string
		var n int
		if strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := fmt.Sscan(line, &folder, &n); err != nil {
			t.Fatalf("%s: %v in %s", columnsTxt, err, line)
		}
		kept[folder] = n
	}
	return kept
}

func writeColumns(t *testing.T, found map[string]int) {
	t.Helper()
	if len(found) == 0 {
		if err := os.Remove(columnsTxt); err != nil {
			t.Fatal(err)
		}
		return
	}
	text := fmt.Sprintf(
		"# Lines of Go, SQL and Markdown over %d columns, by folder. A number may only fall (make columns).\n",
		widest,
	)
	for _, folder := range slices.Sorted(maps.Keys(found)) {
		text += fmt.Sprintln(folder, found[folder])
	}
	if err := os.WriteFile(columnsTxt, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// longLines counts them by folder, and says where the last twenty of each stand.
func longLines(t *testing.T) (found map[string]int, where map[string][]string) {
	t.Helper()
	found, where = map[string]int{}, map[string][]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			name := entry.Name()
			// older: written by pg_dump
			if path != "." && strings.HasPrefix(name, ".") ||
				slices.Contains([]string{"node_modules", "dist", "bin", "older"}, name) {
				return filepath.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".sql", ".md"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder := folderOf(path)
		for _, n := range tooWide(text, filepath.Ext(path) == ".md") {
			found[folder]++
			where[folder] = append(where[folder], fmt.Sprintf("%s:%d", path, n))
			where[folder] = where[folder][max(0, len(where[folder])-20):]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, where
}

// tooWide is the numbers of the lines that are too wide. A tab is four columns. Rows of Markdown tables are passed over.
func tooWide(text []byte, markdown bool) (numbers []int) {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimRight(line, "\r\n")
		if markdown && bytes.HasPrefix(line, []byte("|")) {
			continue
		}
		if utf8.RuneCount(line)+3*bytes.Count(line, []byte("\t")) > widest {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// folderOf is the top folder, or the one below internal.
func folderOf(path string) string {
	parts := strings.Split(filepath.ToSlash(path), "/")
	switch {
	case len(parts) == 1:
		return "."
	case parts[0] == "internal":
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func TestTooWideCounts(t *testing.T) {
	t.Parallel()
	lines := []string{
		strings.Repeat("é", widest), "\t" + strings.Repeat("x", widest-4), // as wide as may be
		"\t" + strings.Repeat("x", widest-3), "| " + strings.Repeat("x", widest) + " |",
	}
	text := []byte(strings.Join(lines, "\r\n"))
	if got := tooWide(text, false); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("too wide in Go are %v", got)
	}
	if got := tooWide(text, true); !slices.Equal(got, []int{3}) {
		t.Errorf("too wide in Markdown are %v", got)
	}
	for path, want := range map[string]string{
		"main.go": ".", "docs/a.md": "docs", "internal/cli/a.go": "internal/cli", "api/x/a.go": "api",
	} {
		if got := folderOf(path); got != want {
			t.Errorf("%s is in %s", path, got)
		}
	}
}
