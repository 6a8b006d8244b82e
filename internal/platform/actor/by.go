package actor

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// By is who the actor is, as it is kept.
func (a Actor) By() By { return By{Role: a.Role, LinkWorkerID: a.LinkWorkerID, OnBehalf: a.OnBehalf} }

func (By) GormDataType() string { return "jsonb" }

// Value is how the database keeps it.
func (b By) Value() (driver.Value, error) {
	text, err := json.Marshal(b)
	return string(text), err
}

// Scan reads what the database keeps.
func (b *By) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		return json.Unmarshal(v, b)
	case string:
		return json.Unmarshal([]byte(v), b)
	default:
		return fmt.Errorf("actor: cannot scan a %T as By", src)
	}
}
