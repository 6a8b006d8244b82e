package db

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// pgTypes is not safe for use by several at once: it keeps each plan to encode or decode that it makes.
var (
	pgTypes     = pgtype.NewMap()
	pgTypesLock sync.Mutex
)

func encodeText(oid uint32, list any) (driver.Value, error) {
	pgTypesLock.Lock()
	defer pgTypesLock.Unlock()
	b, err := pgTypes.Encode(oid, pgtype.TextFormatCode, list, nil)
	return string(b), err
}

func scanArray(src, list any) error {
	pgTypesLock.Lock()
	defer pgTypesLock.Unlock()
	return pgTypes.SQLScanner(list).Scan(src)
}

// Texts is a list of texts in a text[] column. It is never null, on the wire or in the row.
type Texts []string

func (Texts) GormDataType() string { return "text[]" }

func (t Texts) Value() (driver.Value, error) {
	return encodeText(pgtype.TextArrayOID, []string(t.orEmpty()))
}

func (t *Texts) Scan(src any) error {
	var list []string
	if err := scanArray(src, &list); err != nil {
		return err
	}
	*t = list
	return nil
}

func (t Texts) MarshalJSON() ([]byte, error) { return json.Marshal([]string(t.orEmpty())) }

// Ints is a list of whole numbers in an int[] column. It is never null.
type Ints []int

func (Ints) GormDataType() string { return "int[]" }

func (n Ints) Value() (driver.Value, error) {
	return encodeText(pgtype.Int4ArrayOID, append([]int{}, n...))
}

func (n *Ints) Scan(src any) error {
	var list []int
	if err := scanArray(src, &list); err != nil {
		return err
	}
	*n = list
	return nil
}

// IDs is a list of ids in a uuid[] column. It is never null, on the wire or in the row.
type IDs []uuid.UUID

func (IDs) GormDataType() string { return "uuid[]" }

func (l IDs) Value() (driver.Value, error) {
	texts := make([]string, len(l))
	for i, id := range l {
		texts[i] = id.String()
	}
	return "{" + strings.Join(texts, ",") + "}", nil
}

func (l *IDs) Scan(src any) error {
	var texts Texts
	if err := texts.Scan(src); err != nil {
		return err
	}
	*l = make(IDs, len(texts))
	for i, t := range texts {
		id, err := uuid.Parse(t)
		if err != nil {
			return err
		}
		(*l)[i] = id
	}
	return nil
}

func (l IDs) MarshalJSON() ([]byte, error) { return json.Marshal(append([]uuid.UUID{}, l...)) }

func (t Texts) orEmpty() Texts {
	if t == nil {
		return Texts{}
	}
	return t
}

// JSON keeps a value of ours in a jsonb column.
type JSON[T any] struct{ V T }

func (JSON[T]) GormDataType() string { return "jsonb" }

func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	return string(b), err
}

func (j *JSON[T]) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		return json.Unmarshal(v, &j.V)
	case string:
		return json.Unmarshal([]byte(v), &j.V)
	case nil:
		return nil
	default:
		return fmt.Errorf("db: cannot scan a %T as JSON", src)
	}
}

// ExternalID is what another system calls this record.
type ExternalID struct {
	// The other system, such as emis.
	System string `json:"system" minLength:"1" maxLength:"100" example:"emis"`
	// Its id there; unique per site and system.
	Value string `json:"value" minLength:"1" maxLength:"200" example:"A-1024"`
}

// ExternalIDs is kept in the row; a trigger keeps the external_ids table, which makes it unique and findable.
type ExternalIDs []ExternalID

func (ExternalIDs) GormDataType() string { return "jsonb" }

func (e ExternalIDs) Value() (driver.Value, error) {
	b, err := e.MarshalJSON()
	return string(b), err
}

func (e *ExternalIDs) Scan(src any) error {
	var j JSON[[]ExternalID]
	err := j.Scan(src)
	*e = j.V
	return err
}

func (e ExternalIDs) MarshalJSON() ([]byte, error) {
	if e == nil {
		e = ExternalIDs{}
	}
	return json.Marshal([]ExternalID(e))
}
