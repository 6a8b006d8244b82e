package datasets

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/vault"
)

// newKey makes a project's key, as the database holds it.
func (s *Store) newKey(project uuid.UUID) ([]byte, error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return s.Cipher.Encrypt(key, belonging(project))
}

// named gives the pseudonyms of a project.
func (s *Store) named(project uuid.UUID, encrypted []byte) (*pseudonyms, error) {
	key, err := s.Cipher.Decrypt(encrypted, belonging(project))
	if err != nil {
		return nil, errOtherKey
	}
	return &pseudonyms{mac: hmac.New(sha256.New, key)}, nil
}

var errOtherKey = fault.New(
	fault.Unavailable,
	"The project's key cannot be opened here: the master key is not the one it was made under.",
)

// belonging says where a ciphertext belongs, so that it is of no use elsewhere.
func belonging(project uuid.UUID) []byte {
	return []byte("projects.pseudonym_key " + project.String())
}

// Sealed is what the database holds encrypted of datasets: every project's key.
func Sealed(tx *db.Tx) (all []vault.Sealed, err error) {
	var projects []Project
	err = tx.Select("id", "pseudonym_key").Find(&projects).Error
	for _, p := range projects {
		all = append(all, vault.Sealed{Text: p.PseudonymKey, Place: belonging(p.ID)})
	}
	return all, err
}

// pseudonyms names people as one project knows them: base32(HMAC-SHA-256(project key, person id)), the
// first 16 letters. The same in every release of the project, and of no use to link it with another's. It
// is not for several goroutines.
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
