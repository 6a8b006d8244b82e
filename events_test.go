package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/events"
	"waypost/internal/referrals"
)

// recorders are the functions that are handed the type of an event.
var recorders = []string{"Record", "record", "recorded", "save", "note", "move"}

var isType = regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)

// Whatever the program records is a type that subscribers may name, and whatever they may name is recorded somewhere.
func TestTypesOfEvents(t *testing.T) {
	t.Parallel()
	written := map[string]bool{}
	for _, root := range []string{"internal", "api"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") &&
				!strings.Contains(path, "telemetry") &&
				filepath.Base(path) != "types.go" {
				err = typesIn(path, written)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	written["episode.became_active"] = true // no longer recorded: it was, by a referral, and stays in the feed
	delete(written, "webhook.test")         // tells of nothing, and stands in no feed
	decisions, _ := codes.Lookup("consent_decisions")
	for _, c := range decisions.Codes {
		written["consent."+c.Code] = true
	}
	for _, s := range referrals.Statuses() {
		if s != referrals.Draft && s != referrals.Signposted {
			written["referral."+string(s)] = true
		}
	}
	for _, state := range []string{"ready", "refused", "failed"} {
		written["release."+state] = true
	}
	if got, known := slices.Sorted(maps.Keys(written)), events.Types(); !slices.Equal(got, known) {
		t.Errorf("recorded: %v\nknown:    %v", got, known)
	}
}

// typesIn finds what looks like a type of a known family anywhere, and of any family where it is handed to a recorder.
func typesIn(path string, found map[string]bool) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if kind := literal(n); slices.Contains(events.Families(), strings.Split(kind, ".")[0]) {
				found[kind] = true
			}
		case *ast.CallExpr:
			for _, a := range n.Args {
				if kind := literal(a); kind != "" && slices.Contains(recorders, called(n)) {
					found[kind] = true
				}
			}
		}
		return true
	})
	return nil
}

func literal(e ast.Expr) string {
	l, is := e.(*ast.BasicLit)
	if !is || l.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(l.Value)
	if err != nil || !isType.MatchString(text) {
		return ""
	}
	return text
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// The guide for partners lists every type.
func TestTheGuideListsEveryType(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("docs/partners.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	word := regexp.MustCompile("`([a-z_]+)`")
	for line := range strings.Lines(string(guide)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		for _, family := range word.FindAllStringSubmatch(cells[1], -1) {
			for _, what := range word.FindAllStringSubmatch(cells[2], -1) {
				told[family[1]+"."+what[1]] = true
			}
		}
	}
	for _, kind := range events.Types() {
		if !told[kind] {
			t.Errorf("the guide does not tell of %s", kind)
		}
	}
}
