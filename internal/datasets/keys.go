package datasets

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Vault opens what the database holds encrypted. Its master key lies outside the database: whoever has one of the two alone
// can tell nobody from a pseudonym.
type Vault struct{ cipher tink.AEAD }

// OpenVault reads the master key, and makes one where there is none yet.
func OpenVault(path string) (*Vault, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeMasterKey(path); err == nil {
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the master key of datasets: %w", err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("the master key of datasets in %s cannot be read", path) // its text is a secret
	}
	cipher, err := aead.New(handle)
	return &Vault{cipher}, err
}

// makeMasterKey writes a new one, for its owner alone to read. Of two processes that do so at once, the first one's stands.
func makeMasterKey(path string) error {
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

// newKey makes a project's key, as the database holds it.
func (v *Vault) newKey(project uuid.UUID) ([]byte, error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return v.cipher.Encrypt(key, belonging(project))
}

// open gives the pseudonyms of a project.
func (v *Vault) open(project uuid.UUID, encrypted []byte) (*pseudonyms, error) {
	key, err := v.cipher.Decrypt(encrypted, belonging(project))
	if err != nil {
		return nil, errors.New("the project's key cannot be opened: the master key is not the one it was made under")
	}
	return &pseudonyms{mac: hmac.New(sha256.New, key)}, nil
}

// belonging says where a ciphertext belongs, so that it is of no use elsewhere.
func belonging(project uuid.UUID) []byte {
	return []byte("projects.pseudonym_key " + project.String())
}

// pseudonyms names people as one project knows them: base32(HMAC-SHA-256(project key, person id)), the first 16 letters. The same
// in every release of the project, and of no use to link it with another's. It is not for several goroutines.
type pseudonyms struct {
	mac  hash.Hash
	last []byte // the id that was asked for last, since a person's rows follow one another
	code [16]byte
	sum  [sha256.Size]byte
}

func (p *pseudonyms) of(id []byte) []byte {
	if !bytes.Equal(p.last, id) {
		p.mac.Reset()
		p.mac.Write(id)
		base32.StdEncoding.Encode(p.code[:], p.mac.Sum(p.sum[:0])[:10])
		p.last = append(p.last[:0], id...)
	}
	return p.code[:]
}

// short is the code of a site or a link worker.
func (p *pseudonyms) short(kind string, id uuid.UUID) string {
	return string(p.of([]byte(kind + "/" + id.String()))[:8])
}

// seed decides the order of rows, so that it tells nothing of the order of recording.
func (p *pseudonyms) seed() int64 {
	p.of([]byte("order"))
	return int64(binary.BigEndian.Uint64(p.sum[:]))
}
