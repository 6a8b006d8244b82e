package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/tink"

	"waypost/internal/datasets"
	"waypost/internal/partners"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/vault"
)

// masterKey opens the master key that the database's secrets are encrypted under, and no other. One is made
// only for a database that knows of none; replace takes whatever is there, or a new one, in place of the
// one that the database knows.
func (s *surroundings) masterKey(d *db.DB, dir string, replace bool) (key tink.AEAD, err error) {
	path := s.MasterKeyFile
	if path == "" {
		path = filepath.Join(dir, "master-key.json")
	}
	err = d.Do(db.FromAnyStandby(actor.With(s, actor.Named("master-key"))), func(tx *db.Tx) error {
		// Of two processes that start at once with different places for the key, the second finds what the
		// first has written.
		if err := tx.Exec("select pg_advisory_xact_lock(hashtextextended('master key', 0))").Error; err != nil {
			return err
		}
		var check []byte
		if err := tx.Raw("select master_key_check from installation").Row().Scan(&check); err != nil {
			return err
		}
		if tx.Standby.Is && (check == nil || replace) {
			return errLeaderFirst
		}
		if replace {
			if key, err = vault.Open(path); err != nil || check != nil && vault.Check(check).OpensBy(key) {
				return err
			}
			slog.Warn(
				"another master key is taken from now on: what was encrypted under the one before cannot be opened any more",
			)
			return storeCheck(tx, key)
		}
		if check != nil {
			key, err = openKnown(path, vault.Check(check))
			return err
		}
		if key, err = openFirst(tx, path); err != nil {
			return err
		}
		return storeCheck(tx, key)
	})
	if s.MasterKeyFile == "" && unwritable(err) {
		slog.Warn("there is no master key, and so no dataset can be made: the data directory cannot be written; "+
			"set WAYPOST_DATA_DIR or WAYPOST_MASTER_KEY_FILE", "error", err)
		return nil, nil
	}
	return key, err
}

const otherwise = "or name its file in WAYPOST_MASTER_KEY_FILE; if it is lost for good, see docs/operations.md"

// openKnown opens the master key, which must decrypt one of the given ciphertexts of the database.
func openKnown(path string, sealed ...vault.Sealed) (tink.AEAD, error) {
	key, err := vault.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := checkWritable(filepath.Dir(path)); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf(
			"there is no master key at %s, and the database knows one: put it back from its backup, %s",
			path,
			otherwise,
		)
	}
	if err == nil && !slices.ContainsFunc(sealed, func(s vault.Sealed) bool { return s.OpensBy(key) }) {
		return nil, fmt.Errorf(
			"the master key in %s is another than the one that the database knows: put that one back, %s",
			path,
			otherwise,
		)
	}
	return key, err
}

// openFirst opens or makes the master key of a database that has stored no check of one. An older database may hold
// ciphertexts all the same: the key must decrypt them.
func openFirst(tx *db.Tx, path string) (tink.AEAD, error) {
	ofProjects, err := datasets.Sealed(tx)
	if err != nil {
		return nil, err
	}
	ofWebhooks, err := partners.Sealed(tx)
	if err != nil {
		return nil, err
	}
	if sealed := append(ofProjects, ofWebhooks...); len(sealed) > 0 {
		return openKnown(path, sealed...)
	}
	return vault.Open(path)
}

// storeCheck stores a check of the key in the database, by which it is recognised.
func storeCheck(tx *db.Tx, key tink.AEAD) error {
	check, err := vault.NewCheck(key)
	if err != nil {
		return err
	}
	return tx.Exec("update installation set master_key_check = ?", check).Error
}

// checkWritable returns the error that making a key in the folder would give.
func checkWritable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".master-key-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// unwritable reports whether the error says that the folder cannot be written, as in a container without a volume.
// Waypost then serves everything else.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
