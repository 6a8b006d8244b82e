package vault

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// Two processes that start at once make one master key; nobody else reads it; and one that is spoiled is
// never replaced.
func TestTheMasterKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master-key.json")
	ciphers := make([]tink.AEAD, 8)
	var all sync.WaitGroup
	for i := range ciphers {
		all.Go(func() { ciphers[i], _ = Open(path) })
	}
	all.Wait()
	sealed, err := ciphers[0].Encrypt([]byte("secret"), []byte("place"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range ciphers {
		if _, err := c.Decrypt(sealed, []byte("place")); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the master key lies open: %v %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a spoiled master key was taken, or replaced")
	}
}
