package cli_test

import (
	"os"
	"strings"
	"testing"
)

// The walk of docs/study-update.md, pasted line by line, publishes the demo's update with somebody's own
// words, and withdraws it.
func TestTheWalkOfTheStudyUpdate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/study-update.md")
	if err != nil {
		t.Fatal(err)
	}
	walk, _, ends := strings.Cut(string(text), "## What it says")
	if !ends {
		t.Fatal("the guide has no walk")
	}
	i := newInstance(t, "--demo", "--people", "900")
	i.start()
	i.paste(t.TempDir(), walk).check(t, 11)
}
