// Package randtest gives tests a random source that can be given again.
package randtest

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
)

// variable is the environment variable that gives a seed again.
const variable = "WAYPOST_TEST_SEED"

// New gives the test a random source, which several goroutines may use at once. A test that fails prints its seed; with
// WAYPOST_TEST_SEED set to it, the source gives the same numbers again.
func New(t testing.TB) *rand.Rand {
	t.Helper()
	seed, err := seedOf(os.Getenv(variable))
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat with the same random numbers: %s=%d", variable, seed)
		}
	})
	return rand.New(&locked{source: rand.NewPCG(seed, 0)})
}

func seedOf(given string) (uint64, error) {
	if given != "" {
		return strconv.ParseUint(given, 10, 64)
	}
	var b [8]byte
	cryptorand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:]), nil
}

// locked is a source that several goroutines may use at once.
type locked struct {
	mu     sync.Mutex
	source rand.Source
}

func (l *locked) Uint64() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.Uint64()
}
