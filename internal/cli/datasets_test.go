package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The walk of docs/datasets.md, pasted line by line, makes a release, and the guide's scripts find in it
// what the API answers.
func TestTheWalkOfDatasets(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("Rscript"); err != nil {
		t.Skip("R is not on this machine (Debian: r-base-core)")
	}
	if exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import pandas, scipy").Run() != nil {
		t.Skip("pandas and scipy are not on this machine (Debian: python3-pandas, python3-scipy)")
	}
	text, err := os.ReadFile("../../docs/datasets.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	walk, _, ends := strings.Cut(guide, "## Paired change in R")
	if !ends {
		t.Fatal("the guide has no walk")
	}
	folder := t.TempDir()
	for language, name := range map[string]string{"r": "paired.R", "python": "paired.py"} {
		script := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)```\n").FindStringSubmatch(guide)
		if script == nil {
			t.Fatalf("the guide has no script in %s", language)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script[1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	i := newInstance(t, "--demo", "--people", "900")
	i.start()
	i.paste(folder, walk).check(t, 14)
}
