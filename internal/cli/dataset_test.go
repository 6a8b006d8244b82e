package cli_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Waypost that is killed with -9 while it makes a release makes it after it is started again, whole; until
// then nothing of it can be had. The package is checked by the program itself, on the disk.
func TestAReleaseSurvivesKills(t *testing.T) {
	t.Parallel()
	i := newInstance(t, "--demo", "--people", "3000")
	i.start()
	keys := i.demoKeys()
	steward := keys["data_steward"]
	_, body := i.call(steward, "GET", "/projects", "", "")
	var projects struct{ Items []struct{ ID string } }
	if err := json.Unmarshal(body, &projects); err != nil || len(projects.Items) != 1 {
		t.Fatalf("the demo's project: %s", body)
	}
	status, body := i.call(steward, "POST", "/projects/"+projects.Items[0].ID+"/releases", "", `{}`)
	if status != 202 {
		t.Fatalf("%d: %s", status, body)
	}
	release := field(t, body, "id")
	state := "building"
	for kill := 0; kill < kills("KILLS_RELEASE", 2) && state == "building"; kill++ {
		for range 12_000 { // until the attempt is begun
			if begun, _ := filepath.Glob(
				filepath.Join(i.dir, "releases/*", release, strconv.Itoa(kill+1)),
			); len(
				begun,
			) > 0 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(i.rand.IntN(200)) * time.Millisecond)
		i.signal(syscall.SIGKILL)
		i.start()
		_, body = i.call(steward, "GET", "/releases/"+release, "", "")
		if state = field(t, body, "state"); state == "building" {
			if status, _ := i.call(
				steward,
				"GET",
				"/releases/"+release+"/files/participants.csv",
				"",
				"",
			); status != 404 {
				t.Errorf("a file of a release that is being made: %d", status)
			}
		}
	}
	for range 900 {
		if _, body = i.call(steward, "GET", "/releases/"+release, "", ""); field(t, body, "state") == "ready" {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	var made struct{ Attempts int }
	if err := json.Unmarshal(body, &made); err != nil || field(t, body, "state") != "ready" {
		t.Fatalf("after the kills: %s", body)
	}
	t.Logf("made at attempt %d", made.Attempts)
	i.verified(steward, release)
}

// verified unpacks a release's package and has the program check it: whole as it is, and no longer once a
// byte is changed.
func (i *instance) verified(key, release string) {
	i.t.Helper()
	status, text := i.call(key, "GET", "/releases/"+release+"/files/package.zip", "", "")
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if status != 200 || err != nil {
		i.t.Fatalf("package.zip: %d %v", status, err)
	}
	folder := i.t.TempDir()
	if err := os.CopyFS(folder, z); err != nil {
		i.t.Fatal(err)
	}
	if out, err := i.run("dataset", "verify", folder); err != nil || !strings.HasPrefix(out, "whole: ") {
		i.t.Errorf("verified: %s (%v)", out, err)
	}
	path := filepath.Join(folder, "participants.csv")
	whole, _ := os.ReadFile(path)
	for what, changed := range map[string][]byte{
		"participants.csv: has changed":  bytes.Replace(whole, []byte("female"), []byte("femalE"), 1),
		"participants.csv: has ":         whole[:bytes.LastIndexByte(whole[:len(whole)-2], '\n')+1],
		"participants.csv: is missing":   nil,
		"stranger.csv: is not of this":   whole,
		"manifest.json: checksums.txt h": nil,
	} {
		i.spoiled(folder, what, changed)
	}
}

// spoiled changes the folder so that verify must say what, and puts it right again.
func (i *instance) spoiled(folder, what string, changed []byte) {
	i.t.Helper()
	name, _, _ := strings.Cut(what, ":")
	path := filepath.Join(folder, name)
	before, _ := os.ReadFile(path)
	switch {
	case changed != nil:
		_ = os.WriteFile(path, changed, 0o600)
	case name == "manifest.json":
		_ = os.WriteFile(path, bytes.Replace(before, []byte(`"release": `), []byte(`"release":  `), 1), 0o600)
	default:
		_ = os.Remove(path)
	}
	out, err := i.run("dataset", "verify", folder)
	if err == nil || !strings.Contains(out, what) {
		i.t.Errorf("spoiled so that %q: %s (%v)", what, out, err)
	}
	_ = os.Remove(path)
	if before != nil {
		_ = os.WriteFile(path, before, 0o600)
	}
}
