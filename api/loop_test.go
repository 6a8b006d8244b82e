package api

import (
	"testing"

	"waypost/internal/platform/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestDocument(t *testing.T) {
	b, err := Document()
	if err != nil || len(b) < 10000 {
		t.Fatal(err, len(b))
	}
	d := dbtest.New(t)
	_ = d
}
