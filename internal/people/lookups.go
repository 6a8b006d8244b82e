package people

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/tink"
	"gorm.io/gorm"

	"waypost/internal/platform/db"
)

// lookups makes the keys of person_lookups. Without a key it is the zero value: search then compares what is recorded.
type lookups struct {
	id  uuid.UUID
	key []byte
}

var lookupKeyPlace = []byte("installation.lookup_key")

// OpenLookups opens the key of look-ups, which the database holds encrypted under the master key. It makes one where there
// is none, and where another master key was taken: every person's look-ups are then made anew by FillLookups.
func (s *Store) OpenLookups(ctx context.Context, master tink.AEAD) error {
	if master == nil {
		return nil
	}
	return s.DB.Do(db.FromAnyStandby(ctx), func(tx *db.Tx) error {
		if err := tx.Exec("select pg_advisory_xact_lock(hashtextextended('lookup key', 0))").Error; err != nil {
			return err
		}
		var is struct {
			LookupKey   []byte
			LookupKeyID *uuid.UUID
		}
		if err := tx.Raw("select lookup_key, lookup_key_id from installation").Scan(&is).Error; err != nil {
			return err
		}
		if is.LookupKeyID != nil {
			key, err := master.Decrypt(is.LookupKey, lookupKeyPlace)
			if err == nil {
				s.lookups = lookups{*is.LookupKeyID, key}
				return nil
			}
			slog.Warn("the key of look-ups was encrypted under another master key: every person's are made anew")
		}
		if tx.Standby.Is {
			return db.ErrStandby
		}
		made := lookups{uuid.New(), make([]byte, 32)}
		rand.Read(made.key) // never fails
		sealed, err := master.Encrypt(made.key, lookupKeyPlace)
		if err != nil {
			return err
		}
		if err := tx.Exec("update installation set lookup_key = ?, lookup_key_id = ?", sealed, made.id).Error; err != nil {
			return err
		}
		if err := tx.Exec("insert into person_lookups_due (site_id, patient_id) select site_id, id from patients " +
			"on conflict do nothing").Error; err != nil {
			return err
		}
		s.lookups = made
		return tx.Exec("delete from person_lookups").Error
	})
}

// of is the key of one value at a site, in hexadecimal digits. The same number at two sites has two keys.
func (l lookups) of(site uuid.UUID, kind, value string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write(site[:])
	mac.Write([]byte(kind + value))
	return hex.EncodeToString(mac.Sum(nil))
}

// exactly are the kinds and values by which a person is looked up. Nobody is by an NHS number that was not issued.
func (p Patient) exactly() (list []string) {
	if !p.NHSNumberUnissued {
		list = add(list, byNHSNumber, p.NHSNumber)
	}
	list = add(list, byPhone, p.Phone)
	list = add(list, byEmail, p.Email)
	list = add(list, byPostcode, p.Postcode)
	for _, e := range p.ExternalIDs {
		list = add(list, byReference, &e.Value)
	}
	return list
}

func add(list []string, kind string, value *string) []string {
	if value == nil {
		return list
	}
	return append(list, kind+asCompared(kind, *value))
}

// asCompared is a value as it is looked up.
func asCompared(kind, value string) string {
	if kind == byEmail || kind == byReference {
		return strings.ToLower(value)
	}
	return value
}

// keepLookups writes a person's look-ups with the commit.
func (s *Store) keepLookups(tx *db.Tx, p Patient) error {
	if s.lookups.key == nil {
		return nil // a trigger has noted that they are due
	}
	kinds, keys := db.Texts{}, db.Texts{}
	for _, e := range p.exactly() {
		kinds, keys = append(kinds, e[:1]), append(keys, s.lookups.of(p.SiteID, e[:1], e[1:]))
	}
	return tx.WithCommit(func(tx *gorm.DB) *gorm.DB {
		return tx.Exec("select keep_lookups(?, ?, ?, ?, ?)", p.SiteID, p.ID, kinds, keys, s.lookups.id)
	})
}

// mostFilled is how many people one transaction of FillLookups takes.
const mostFilled = 500

// FillLookups writes the look-ups of people that are due, some at a time.
func (s *Store) FillLookups(ctx context.Context) error {
	var after Patient
	for n := mostFilled; n == mostFilled && s.lookups.key != nil && ctx.Err() == nil; {
		err := s.DB.Do(ctx, func(tx *db.Tx) error {
			var list []Patient
			err := tx.Raw("select p.* from person_lookups_due d join patients p on p.site_id = d.site_id and p.id = d.patient_id "+
				"where (d.site_id, d.patient_id) > (?, ?) order by d.site_id, d.patient_id limit ? "+
				"for no key update of p skip locked", after.SiteID, after.ID, mostFilled).Find(&list).Error
			if err != nil {
				return err
			}
			n = len(list)
			for _, p := range list {
				after = p
				if err := s.keepLookups(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lookUp returns the people of the actor's sites who have exactly one of these things, at most so many of each.
func (s *Store) lookUp(tx *db.Tx, kind, value string, most int) (ids db.IDs, err error) {
	value = asCompared(kind, value)
	those := "patients p where " + recorded[kind]
	if s.lookups.key != nil {
		keys := db.Texts{}
		for _, site := range tx.Actor.Sites {
			keys = append(keys, `\x`+s.lookups.of(site, kind, value))
		}
		// The keys are bytes when they come: decode is not leakproof, and so would be no condition of the index. A job names
		// the sites too, since its policies reach all.
		err := tx.Raw("select coalesce(array_agg(patient_id), '{}') from (select patient_id from person_lookups "+
			"where site_id = any(cast(? as uuid[])) and kind = ? and key = any(cast(? as bytea[])) limit ?) found",
			db.IDs(tx.Actor.Sites), kind, keys, most).Row().Scan(&ids)
		if err != nil {
			return nil, err
		}
		// each by its id: PostgreSQL would read all people where it takes many to be due
		those = "person_lookups_due d cross join lateral (select p.id from patients p where p.site_id = d.site_id " +
			"and p.id = d.patient_id and " + recorded[kind] + " offset 0) p"
	}
	var due db.IDs
	err = tx.Raw("select coalesce(array_agg(id), '{}') from (select p.id from "+those+" limit ?) found", value, most).Row().Scan(&due)
	return append(ids, due...), err
}

// recorded are the conditions that a person has something, by its kind.
var recorded = map[string]string{
	byNHSNumber: "p.nhs_number = ? and not p.nhs_number_unissued",
	byPhone:     "p.phone = ?",
	byEmail:     "lower(p.email) = ?",
	byPostcode:  "p.postcode = ?",
	byReference: "exists (select from jsonb_array_elements(p.external_ids) e where lower(e->>'value') = ?)",
}
