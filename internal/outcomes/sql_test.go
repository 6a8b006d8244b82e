package outcomes

import (
	"testing"

	"waypost/internal/platform/db/dbtest"
	"waypost/internal/platform/sqlfile"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestPostgreSQLTakesTheQueries(t *testing.T) {
	dbtest.Prepare(t, map[string]sqlfile.Text{"invitations": invitationsSQL})
}
