package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The record areas: what casework, imports and demo compose.
var record = []string{"people", "directory", "episodes", "referrals", "outcomes", "instruments"}

// shown are the areas whose pages people see.
var shown = []string{"outcomes", "referrals", "instruments", "keys", "study"}

// between is every arrow between areas; platform may be imported by all, cli imports everything, api every area.
var between = map[string][]string{
	"episodes":  {"people"},
	"referrals": {"episodes", "people", "directory", "keys"},
	"outcomes":  {"episodes", "referrals", "instruments", "keys"},
	"casework":  record,
	"gpmessage": {"people", "episodes", "referrals", "outcomes", "instruments"},
	"imports":   record,
	// sites, keys and a project are the demo's too: see docs/decisions
	"demo":      append([]string{"sites", "keys", "datasets", "study"}, record...),
	"insights":  {"disclosure", "instruments"},
	"worklists": {}, // reads tables by SQL
	"datasets":  {"disclosure", "instruments"},
	"study":     {"insights", "disclosure", "instruments"}, // its figures are those of insights: see docs/decisions
}

// allowed is what the rooms outside the areas may import.
var allowed = map[string]func(imported string) bool{
	"waypost": func(i string) bool { return i == "waypost/internal/cli" },
	"stores": func(i string) bool { // it makes the stores of all areas
		return !slices.Contains([]string{"", "api", "cli", "cmd", "demo", "docs", "migrations"}, area(i))
	},
	"cli": func(string) bool { return true },
	"api": func(i string) bool {
		return i == "waypost/docs" || area(i) != "cli" && area(i) != "demo" && area(i) != ""
	},
	"cmd": func(i string) bool { // the document is made of api
		return area(i) == "api" || area(i) == "docs" || area(i) == "platform"
	},
	"docs":       func(string) bool { return false },
	"migrations": func(i string) bool { return i == "waypost/internal/platform/codes" },
	"platform":   func(i string) bool { return area(i) == "platform" },
}

type listed struct {
	ImportPath  string
	Imports     []string
	TestGoFiles []string // of the package itself, not of its external test package
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			if strings.Contains(i, "labstack/echo") {
				if a := area(p.ImportPath); a != "api" && a != "docs" {
					t.Errorf("%s imports echo: only api and docs may", p.ImportPath)
				}
			}
			if i == "waypost" || strings.HasPrefix(i, "waypost/") {
				if !may(p.ImportPath, i) {
					t.Errorf("no arrow leads from %s to %s (docs/architecture.md)", p.ImportPath, i)
				}
			}
		}
	}
}

// The compiler takes 25 seconds for package api. With tests inside the package it would compile it once more,
// each time a test changes.
func TestTheAPIIsTestedFromOutside(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.ImportPath == "waypost/api" && len(p.TestGoFiles) > 0 {
			t.Errorf("these tests are to be of package api_test: %v", p.TestGoFiles)
		}
	}
}

func may(from, to string) bool {
	f, at := area(from), area(to)
	if from == "waypost/api/wire" { // the engine knows no area
		return at == "platform"
	}
	if from == "waypost/api/pages" {
		return to == "waypost/api/wire" || at == "platform" || slices.Contains(shown, at)
	}
	if from == "waypost/internal/platform/db/dbtest" && strings.HasPrefix(to, "waypost/migrations") {
		return true // tests copy a migrated template
	}
	if f == at && f != "" {
		return true
	}
	if rule, ok := allowed[f]; ok {
		return rule(to)
	}
	return at == "platform" || slices.Contains(between[f], at)
}

// area is the room a package is in: its folder under internal, or at the top level.
func area(path string) string {
	path = strings.TrimPrefix(path, "waypost/")
	path = strings.TrimPrefix(path, "internal/")
	first, _, _ := strings.Cut(path, "/")
	return first
}

func packages(t *testing.T) (all []listed) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestGoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p listed
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 15 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

func TestArrowsCanFail(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"waypost/internal/people":      "waypost/internal/episodes",
		"waypost/internal/insights":    "waypost/internal/outcomes",
		"waypost/internal/platform/db": "waypost/internal/people",
		"waypost/internal/referrals":   "waypost/api",
		"waypost/internal/disclosure":  "waypost/internal/insights",
		"waypost/internal/worklists":   "waypost/internal/episodes",
		"waypost/migrations":           "waypost/internal/people",
		"waypost/api/wire":             "waypost/internal/people",
		"waypost/api/pages":            "waypost/docs",
		"waypost/internal/stores":      "waypost/internal/demo",
		"waypost/internal/sites":       "waypost/internal/stores",
	} {
		if may(from, to) {
			t.Errorf("an arrow leads from %s to %s", from, to)
		}
	}
}
