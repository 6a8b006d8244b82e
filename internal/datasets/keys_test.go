package datasets

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/uuid"

	"waypost/internal/platform/vault"
)

func TestPseudonyms(t *testing.T) {
	t.Parallel()
	cipher, err := vault.Open(filepath.Join(t.TempDir(), "keys", "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{Cipher: cipher}
	first, second, person := uuid.New(), uuid.New(), uuid.NewString()
	sealed, err := s.newKey(first)
	if err != nil {
		t.Fatal(err)
	}
	opened := func(project uuid.UUID, sealed []byte) *pseudonyms {
		p, err := s.named(project, sealed)
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
	another := string(a.of([]byte(uuid.NewString())))
	if another == name || string(a.of([]byte(person))) != name || string(again.of([]byte(person))) != name {
		t.Error("a pseudonym is not of one person for ever")
	}
	theirs, err := s.newKey(second)
	if err != nil {
		t.Fatal(err)
	}
	if string(opened(second, theirs).of([]byte(person))) == name {
		t.Error("two projects know a person by one name")
	}
	if _, err := s.named(second, sealed); err == nil {
		t.Error("one project's key opened as another's")
	}
	other, err := vault.Open(filepath.Join(t.TempDir(), "master-key.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&Store{Cipher: other}).named(first, sealed); err == nil {
		t.Error("another master key opens it")
	}
}
