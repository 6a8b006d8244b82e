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
	err = d.Do(actor.With(s, actor.Named("master-key")), func(tx *db.Tx) error {
		// Of two processes that start at once with different places for the key, the second finds what the
		// first has written.
		if err := tx.Exec("select pg_advisory_xact_lock(hashtextextended('master key', 0))").Error; err != nil {
			return err
		}
		var check []byte
		if err := tx.Raw("select master_key_check from installation").Row().Scan(&check); err != nil {
			return err
		}
		if replace {
			if key, err = vault.Open(path); err != nil || check != nil && vault.Check(check).OpensBy(key) {
				return err
			}
			slog.Warn(
				"another master key is taken from now on: what was encrypted under the one before cannot be opened any more",
			)
			return remember(tx, key)
		}
		if check != nil {
			key, err = known(path, vault.Check(check))
			return err
		}
		if key, err = first(tx, path); err != nil {
			return err
		}
		return remember(tx, key)
	})
	if s.MasterKeyFile == "" && unwritable(err) {
		slog.Warn("there is no master key, and so no dataset can be made: the data directory cannot be written; "+
			"set WAYPOST_DATA_DIR or WAYPOST_MASTER_KEY_FILE", "error", err)
		return nil, nil
	}
	return key, err
}

const otherwise = "or name its file in WAYPOST_MASTER_KEY_FILE; if it is lost for good, see docs/operations.md"

// known opens the key that opens one of what the database holds encrypted.
func known(path string, sealed ...vault.Sealed) (tink.AEAD, error) {
	key, err := vault.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writable(filepath.Dir(path)); err != nil {
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

// first opens the key of a database that has not noted one, or makes it. A database from before this was
// noted may hold something encrypted, which the key must open.
func first(tx *db.Tx, path string) (tink.AEAD, error) {
	ofProjects, err := datasets.Sealed(tx)
	if err != nil {
		return nil, err
	}
	ofWebhooks, err := partners.Sealed(tx)
	if err != nil {
		return nil, err
	}
	if sealed := append(ofProjects, ofWebhooks...); len(sealed) > 0 {
		return known(path, sealed...)
	}
	return vault.Open(path)
}

// remember notes the key as the one of this database.
func remember(tx *db.Tx, key tink.AEAD) error {
	check, err := vault.NewCheck(key)
	if err != nil {
		return err
	}
	return tx.Exec("update installation set master_key_check = ?", check).Error
}

// writable fails as making a key in the folder would.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".master-key-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// unwritable reports whether nothing can be written there, as in a container without a volume. Waypost serves
// all the rest then.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
