//go:build unix

package localpg

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func secretsPath(dir string) string { return filepath.Join(dir, "pg-secrets.json") }

// ensureSecrets reads the passwords of dir, or makes them when there is no cluster yet: a crash at any
// later moment never leaves a cluster whose passwords nobody knows.
func ensureSecrets(dir string, clusterExists bool) (secrets, error) {
	s, err := readSecrets(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if clusterExists {
		return secrets{}, fmt.Errorf(
			"%s is missing, and the cluster beside it opens only with the passwords in it: put it back from a backup",
			secretsPath(dir),
		)
	}
	s = secrets{Super: newPassword(), Owner: newPassword(), App: newPassword()}
	b, err := json.Marshal(s)
	if err != nil {
		return secrets{}, err
	}
	if err := writeAtomically(secretsPath(dir), append(b, '\n')); err != nil {
		return secrets{}, fmt.Errorf("%s cannot be written: %w", secretsPath(dir), advise(err))
	}
	return s, nil
}

func readSecrets(dir string) (secrets, error) {
	var s secrets
	b, err := os.ReadFile(secretsPath(dir))
	if err != nil {
		return secrets{}, advise(err)
	}
	if json.Unmarshal(b, &s) != nil || !s.complete() {
		return secrets{}, fmt.Errorf("%s is damaged: put it back from a backup", secretsPath(dir))
	}
	return s, nil
}

func (s secrets) complete() bool {
	for _, p := range []string{s.Super, s.Owner, s.App} {
		if b, err := hex.DecodeString(p); err != nil || len(b) != 32 {
			return false
		}
	}
	return true
}

func newPassword() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails: the program ends when the system has no randomness
	return hex.EncodeToString(b)
}

// writeAtomically leaves either no file or the whole one, also after a power cut.
func writeAtomically(path string, content []byte) error {
	tmp := path + ".tmp"
	if err := writeSynced(tmp, content); err != nil {
		os.Remove(tmp)
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeSynced makes the file anew: one left by a killed start may have another owner or mode.
func writeSynced(path string, content []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}
