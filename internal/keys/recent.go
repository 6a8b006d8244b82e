package keys

import "sync"

// mostRecent is how many hashes are remembered. Each takes some 100 bytes, and only a key that works adds one.
const mostRecent = 10_000

// recentHashes remembers hashes of keys, of which it holds a bounded number. One that is forgotten costs its holder one
// request on the other pool.
type recentHashes struct {
	mu     sync.Mutex
	hashes map[string]struct{}
}

func (r *recentHashes) has(hash []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.hashes[string(hash)]
	return known
}

func (r *recentHashes) add(hash []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hashes == nil || len(r.hashes) >= mostRecent {
		r.hashes = map[string]struct{}{} // those in use come back with their next request
	}
	r.hashes[string(hash)] = struct{}{}
}
