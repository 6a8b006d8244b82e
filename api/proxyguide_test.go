package api_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"waypost/api"
	"waypost/internal/platform/db/dbtest"
)

// A base that begins with none of the Roots is never taken for a path that is served.
func TestEveryPathBeginsWithARoot(t *testing.T) {
	t.Parallel()
	for _, route := range api.New(on(dbtest.New(t))).Routes() {
		first, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/"), "/")
		if first != "" && !slices.Contains(api.Roots, first) {
			t.Errorf("%s begins with no root", route.Path)
		}
	}
}

// docs/operations.md names every path that holds a token: a proxy lets it out, and keeps it out of its access log.
func TestTheGuideNamesEveryPathWithAToken(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, route := range api.New(on(dbtest.New(t))).Routes() {
		if at, _, holds := strings.Cut(route.Path, ":token"); holds {
			found++
			if strings.Count(string(guide), "`"+at+"`") < 2 {
				t.Errorf("%s is not among what a proxy lets out and does not log", at)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d routes with a token", found)
	}
}
