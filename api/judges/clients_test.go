//go:build judges

package judges

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const oapiCodegen = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"

// A client generated for TypeScript compiles strictly, reads and records; and does not compile where the document lies.
func TestTypeScriptClient(t *testing.T) {
	d := served(t)
	mustSend := planted(t, func(doc fields) {
		in(doc, "components", "schemas", "NewPatient")["required"] = []string{
			"given_name",
			"family_name",
			"birth_date",
			"pronouns",
		}
		delete(in(doc, "paths", "/v1/patients", "post", "requestBody", "content", "application/json"), "example")
	})
	if out, err := compileTypeScript(t, mustSend); err == nil {
		t.Errorf("a body without a field that must be sent compiles: %s", out)
	}
	if out, err := compileTypeScript(t, document); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d.record(t, exec.CommandContext(t.Context(), "node", "generated/client.js"), "link_worker recorded Ada Typed\n")
}

// The same, for Go.
func TestGoClient(t *testing.T) {
	d := served(t)
	number := planted(t, func(doc fields) {
		in(doc, "components", "schemas", "NewPatient", "properties")["given_name"] = fields{"type": "integer"}
	})
	if _, out, err := compileGo(t, number); err == nil {
		t.Errorf("a text where a number belongs compiles: %s", out)
	}
	program, out, err := compileGo(t, document)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d.record(t, exec.CommandContext(t.Context(), program), "link_worker recorded Ada Generated\n")
}

// record runs a client that is to record somebody.
func (d demo) record(t *testing.T, client *exec.Cmd, want string) {
	t.Helper()
	client.Env = append(os.Environ(), "WAYPOST_URL="+d.url, "WAYPOST_KEY="+d.keys["link_worker"])
	if out, err := client.CombinedOutput(); err != nil || string(out) != want {
		t.Errorf("%v: %s", err, out)
	}
}

func compileTypeScript(t *testing.T, path string) ([]byte, error) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "node_modules/.bin/openapi-typescript", path, "-o", "generated/schema.d.ts").
		CombinedOutput(); err != nil {
		t.Fatalf("openapi-typescript: %v: %s", err, out)
	}
	return exec.CommandContext(t.Context(), "node_modules/.bin/tsc").CombinedOutput()
}

func compileGo(t *testing.T, path string) (program string, out []byte, err error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/client")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "waypost"), 0o700); err != nil {
		t.Fatal(err)
	}
	generate := exec.CommandContext(
		t.Context(),
		"go",
		"run",
		oapiCodegen,
		"-generate=types,client",
		"-package=waypost",
		"-o="+filepath.Join(dir, "waypost", "client.go"),
		path,
	)
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("oapi-codegen: %v: %s", err, out)
	}
	program = filepath.Join(dir, "client-program")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = dir
	out, err = build.CombinedOutput()
	return program, out, err
}
