// Package vault opens what the database holds encrypted, with a master key that lies outside the database:
// whoever has one of the two alone has nothing.
package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Open reads the master key, and makes one where there is none yet.
func Open(path string) (tink.AEAD, error) {
	c, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, fmt.Errorf("the master key: %w", err)
		}
		return Read(path)
	}
	return c, err
}

// Read reads the master key. The error is fs.ErrNotExist where there is none.
func Read(path string) (tink.AEAD, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("the master key in %s cannot be read", path) // its text is a secret
	}
	return aead.New(handle)
}

// Sealed is something that the database holds encrypted.
type Sealed struct {
	Text  []byte // as it is stored
	Place []byte // where it belongs, without which it does not open
}

// OpensBy reports whether it was encrypted under that key.
func (s Sealed) OpensBy(key tink.AEAD) bool {
	_, err := key.Decrypt(s.Text, s.Place)
	return err == nil
}

var checkPlace = []byte("installation.master_key_check")

// NewCheck encrypts a known text, by which a database knows the key again.
func NewCheck(key tink.AEAD) ([]byte, error) { return key.Encrypt([]byte("waypost"), checkPlace) }

// Check is one that NewCheck made, as it is stored.
func Check(text []byte) Sealed { return Sealed{text, checkPlace} }

// makeKey writes a new one, for its owner alone to read. Of two processes that do so at once, the first one's stands.
func makeKey(path string) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".master-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := errors.Join(insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(f)), f.Sync()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
