package datasets

import (
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/google/uuid"
)

func TestPseudonyms(t *testing.T) {
	t.Parallel()
	vault, err := OpenVault(filepath.Join(t.TempDir(), "keys", "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	first, second, person := uuid.New(), uuid.New(), uuid.NewString()
	sealed, err := vault.newKey(first)
	if err != nil {
		t.Fatal(err)
	}
	opened := func(project uuid.UUID, sealed []byte) *pseudonyms {
		p, err := vault.open(project, sealed)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a, again := opened(first, sealed), opened(first, sealed)
	name := string(a.of([]byte(person)))
	if !regexp.MustCompile(`^[A-Z2-7]{16}$`).MatchString(name) {
		t.Errorf("a pseudonym is %q", name)
	}
	other := string(a.of([]byte(uuid.NewString())))
	if other == name || string(a.of([]byte(person))) != name || string(again.of([]byte(person))) != name {
		t.Error("a pseudonym is not of one person for ever")
	}
	theirs, err := vault.newKey(second)
	if err != nil {
		t.Fatal(err)
	}
	if string(opened(second, theirs).of([]byte(person))) == name {
		t.Error("two projects know a person by one name")
	}
	if _, err := vault.open(second, sealed); err == nil {
		t.Error("one project's key opened as another's")
	}
	stranger, err := OpenVault(filepath.Join(t.TempDir(), "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.open(first, sealed); err == nil {
		t.Error("another master key opens it")
	}
}

// Two processes that start at once make one master key; nobody else reads it; and one that is spoiled is never replaced.
func TestTheMasterKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master-key.json")
	vaults := make([]*Vault, 8)
	var all sync.WaitGroup
	for i := range vaults {
		all.Go(func() { vaults[i], _ = OpenVault(path) })
	}
	all.Wait()
	project := uuid.New()
	sealed, err := vaults[0].newKey(project)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vaults {
		if _, err := v.open(project, sealed); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the master key lies open: %v %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenVault(path); err == nil {
		t.Error("a spoiled master key was taken, or replaced")
	}
}
