//go:build judges

package judges

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const oasdiff = "github.com/oasdiff/oasdiff@v1.35.0"

// What the last release promised still holds: clients made from its document work with this one.
func TestNothingBreaksSinceTheLastRelease(t *testing.T) {
	tag := lastRelease(t)
	if tag == "" {
		t.Skip("oasdiff: no release is tagged yet, so nothing has been promised: there is nothing to compare with")
	}
	before := filepath.Join(t.TempDir(), "openapi.yaml")
	text, err := exec.Command("git", "show", tag+":docs/openapi.yaml").Output()
	if err != nil {
		t.Fatalf("the release %s has no docs/openapi.yaml: %v", tag, err)
	}
	if err := os.WriteFile(before, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := breaking(t, before, document); err != nil {
		t.Fatalf("this breaks what %s promised: %v\n%s", tag, err, out)
	}
	t.Logf("oasdiff: nothing of %s is broken", tag)
}

// lastRelease is the newest tag that this commit stands on, or "" before the first.
func lastRelease(t *testing.T) string {
	t.Helper()
	git := func(args ...string) string {
		out, err := exec.Command("git", args...).Output()
		if err != nil {
			t.Fatalf("git %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	if git("rev-parse", "--is-shallow-repository") == "true" {
		t.Fatal("this clone is shallow, so that it may lack the last release: run git fetch --unshallow --tags")
	}
	if git("tag", "--merged", "HEAD") == "" {
		return ""
	}
	return git("describe", "--tags", "--abbrev=0")
}

// breaking holds a document against an older one.
func breaking(t *testing.T, before, after string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "run", oasdiff, "breaking", before, after, "--fail-on", "ERR").
		CombinedOutput()
	return string(out), err
}

func TestOasdiffCatchesABreak(t *testing.T) {
	if out, err := breaking(t, document, planted(t, func(fields) {})); err != nil {
		t.Fatalf("the document breaks itself: %v: %s", err, out)
	}
	for what, change := range map[string]func(doc fields){
		"an operation is gone":         func(doc fields) { delete(in(doc, "paths"), "/v1/me") },
		"a field of an answer is gone": func(doc fields) { delete(in(doc, "components", "schemas", "Me", "properties"), "role") },
		"a field must be sent": func(doc fields) {
			in(doc, "components", "schemas", "NewOrganisation")["required"] = []string{"name", "url"}
		},
	} {
		if out, err := breaking(t, document, planted(t, change)); err == nil {
			t.Errorf("%s, and it passes: %s", what, out)
		}
	}
}
