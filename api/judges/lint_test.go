//go:build judges

package judges

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"
)

// make lint runs Spectral and Redocly over the document. Here they show that they would find something.
func TestLintersCatchAFault(t *testing.T) {
	spectral := []string{"spectral", "lint", "--ruleset=spectral.yaml", "--fail-severity=warn"}
	redocly := []string{"redocly", "lint", "--config=redocly.yaml"}
	for _, linter := range [][]string{spectral, redocly} {
		if out, err := lint(t, linter, planted(t, func(fields) {})); err != nil {
			t.Errorf("%s refuses the document: %v\n%s", linter[0], err, out)
		}
	}
	for _, fault := range []struct {
		linter []string
		what   string
		change func(doc fields)
	}{
		{spectral, "an example that does not fit its schema", func(doc fields) { example(doc)["label"] = 1 }},
		{spectral, "an operation without a description", func(doc fields) { delete(in(doc, "paths", "/v1/me", "get"), "description") }},
		{redocly, "a reference to nowhere", func(doc fields) { delete(in(doc, "components", "schemas"), "Me") }},
		{
			redocly, "a path parameter that is not declared",
			func(doc fields) { delete(in(doc, "paths", "/v1/api-keys/{id}", "get"), "parameters") },
		},
		{redocly, "a field that OpenAPI does not know", func(doc fields) { in(doc, "components", "schemas", "Me")["describtion"] = "x" }},
	} {
		if out, err := lint(t, fault.linter, planted(t, fault.change)); err == nil {
			t.Errorf("%s lets pass %s: %s", fault.linter[0], fault.what, out)
		}
	}
}

func lint(t *testing.T, linter []string, path string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node_modules/.bin/"+linter[0], append(linter[1:], path)...)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func example(doc fields) fields {
	return in(doc, "paths", "/v1/api-keys", "post", "requestBody", "content", "application/json", "example")
}

// planted is the path of the document with a fault in it.
func planted(t *testing.T, change func(doc fields)) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var doc fields
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	change(doc)
	if text, err = yaml.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "openapi.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// in follows names into the document.
func in(doc fields, names ...string) fields {
	for _, name := range names {
		doc = doc[name].(fields)
	}
	return doc
}
