package episodes

import (
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
)

// OpenFlag is an answer of the person that is a safeguarding concern, and that nobody has marked as seen. Outcomes
// raises it; here it is only read, by SQL, since the arrow leads the other way.
type OpenFlag struct {
	ID           uuid.UUID `json:"id" format:"uuid" doc:"The flag's id, to say that it was seen."`
	AssessmentID uuid.UUID `json:"assessment_id" format:"uuid" doc:"The assessment whose answer raised it; the answer stands there."`
	Instrument   string    `json:"instrument" doc:"The instrument's key." example:"check_in"`
	Item         string    `json:"item" doc:"The item whose answer raised it." example:"feels_unsafe"`
	RaisedAt     time.Time `json:"raised_at" doc:"When the answer was recorded."`
}

func openFlags(tx *db.Tx, e Episode) ([]OpenFlag, error) {
	list := []OpenFlag{}
	err := tx.Table("open_safeguarding_flags").
		Where("site_id = ? and episode_id = ?", e.SiteID, e.ID).
		Order("id").
		Find(&list).
		Error
	return list, err
}
