package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const widest = 140 // columns; 120 is wanted of what is written anew

// No line of Go, SQL or Markdown is wider than 140 columns, but for the rows of Markdown tables, which cannot be
// broken.
func TestLongLines(t *testing.T) {
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
		for _, n := range tooWide(text, filepath.Ext(path) == ".md") {
			t.Errorf("%s:%d is wider than %d columns", path, n, widest)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
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
}
