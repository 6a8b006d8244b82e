package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	markdownLink = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	codeBlock    = regexp.MustCompile("(?ms)^```.*?^```$|`[^`\n]+`")
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// Each link of a Markdown file to another file leads to one that is there, and to a heading that it has.
func TestLinksOfGuidesLeadSomewhere(t *testing.T) {
	t.Parallel()
	links := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || path != "." && strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		for _, link := range markdownLink.FindAllStringSubmatch(proseOf(t, path), -1) {
			if strings.Contains(link[1], "://") || strings.HasPrefix(link[1], "mailto:") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(link[1], "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: nothing is at %s", path, link[1])
			} else if anchor != "" && !anchors(proseOf(t, to))[anchor] {
				t.Errorf("%s: no heading is at %s", path, link[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if links < 50 {
		t.Errorf("only %d links were found", links)
	}
}

// proseOf is a Markdown file without its code.
func proseOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return codeBlock.ReplaceAllStringFunc(string(text), func(code string) string {
		if strings.HasPrefix(code, "```") {
			return ""
		}
		return strings.Trim(code, "`") // it may be a part of a heading
	})
}

// anchors are those that GitHub gives a file's headings.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		anchor := notInAnchors.ReplaceAllString(strings.ToLower(h[1]), "")
		found[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	return found
}
