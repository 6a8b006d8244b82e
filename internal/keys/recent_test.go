package keys

import (
	"encoding/binary"
	"testing"
)

// However many keys organisations have had, what is remembered of them has an end, and the newest are known.
func TestRememberedKeysHaveAnEnd(t *testing.T) {
	t.Parallel()
	var r recentHashes
	for n := range 3 * mostRecent {
		hash := binary.BigEndian.AppendUint64(nil, uint64(n))
		if r.has(hash) {
			t.Fatalf("%d is known before it was added", n)
		}
		if r.add(hash); !r.has(hash) {
			t.Fatalf("%d was added and is not known", n)
		}
		if len(r.hashes) > mostRecent {
			t.Fatalf("%d hashes are remembered", len(r.hashes))
		}
	}
}
