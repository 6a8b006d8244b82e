package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The packages that make treats apart are there: a name of none would leave nothing out.
func TestMakeNamesPackages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, p := range packages(t) {
		there[strings.TrimPrefix(p.ImportPath, "waypost/")] = true
	}
	for _, list := range []string{"HEAVY", "SLOW"} {
		names := regexp.MustCompile(`(?m)^` + list + ` := (.+)$`).FindStringSubmatch(string(text))
		if names == nil {
			t.Errorf("the Makefile has no %s", list)
			continue
		}
		for _, name := range strings.Fields(names[1]) {
			if !there[name] {
				t.Errorf("%s names %s, which is no package", list, name)
			}
		}
	}
}
