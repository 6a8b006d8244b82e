package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Each hazard of docs/safety/hazards.yaml is whole, and each of its controls names tests that there are.
func TestEveryControlHasATest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/safety/hazards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var hazards []struct {
		ID, Hazard, Cause, Harm, Left, Severity, Likelihood string
		Controls                                            []struct {
			Control string
			Tests   []string
		}
	}
	if err := yaml.Unmarshal(text, &hazards); err != nil {
		t.Fatal(err)
	}
	tests, seen, level := testNames(t), map[string]bool{}, map[string]bool{"low": true, "medium": true, "high": true}
	for _, h := range hazards {
		if seen[h.ID] || h.ID == "" || h.Hazard == "" || h.Cause == "" || h.Harm == "" || h.Left == "" ||
			!level[h.Severity] || !level[h.Likelihood] || len(h.Controls) == 0 {
			t.Errorf("%s lacks something, or is there twice", h.ID)
		}
		seen[h.ID] = true
		for _, c := range h.Controls {
			if c.Control == "" || len(c.Tests) == 0 {
				t.Errorf("%s: a control without a test: %s", h.ID, c.Control)
			}
			for _, name := range c.Tests {
				if !tests[name] {
					t.Errorf("%s: there is no test %s", h.ID, name)
				}
			}
		}
	}
	if len(hazards) < 5 {
		t.Errorf("only %d hazards", len(hazards))
	}
}

// testNames are the tests of the whole program.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
