// Package datasets makes what researchers work with: projects, their frozen releases of consented and
// pseudonymised rows, and everything that documents them.
//
// It only reads the record, by SQL, and streams: no table is ever held in memory. Each column is declared
// once (tables.go); its SQL, its place in the files, the codebook and the document all come of that
// declaration.
package datasets

import (
	"sync"

	"github.com/tink-crypto/tink-go/v2/tink"
	"gocloud.dev/blob"

	"waypost/internal/platform/db"
)

// Store keeps projects and makes releases.
type Store struct {
	DB       *db.DB
	Cipher   tink.AEAD    // opens projects' keys; nil: no release is made
	Files    *blob.Bucket // where releases lie; nil: none is made or read
	Software string       // this program's version

	busy sync.Mutex // one release at a time is made in a process
}

// Definition is the version of the tables: it rises when a column comes, goes or changes its meaning.
const Definition = 2
