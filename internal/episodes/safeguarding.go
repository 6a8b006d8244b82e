package episodes

import (
	"time"

	"github.com/google/uuid"

	"waypost/internal/platform/db"
)

// OpenConcern is an answer of the person that is a safeguarding concern, and that nobody has marked as seen. Outcomes
// raises it; this package only reads it, by SQL, since it may not import outcomes.
type OpenConcern struct {
	// The concern's id, to say that it was seen.
	ID uuid.UUID `json:"id" format:"uuid"`
	// The assessment whose answer raised it; the answer stands there.
	AssessmentID uuid.UUID `json:"assessment_id" format:"uuid"`
	// The instrument's key.
	Instrument string `json:"instrument" example:"check_in"`
	// The item whose answer raised it.
	Item string `json:"item" example:"feels_unsafe"`
	// When the answer was recorded.
	RaisedAt time.Time `json:"raised_at"`
}

func openConcerns(tx *db.Tx, e Episode) ([]OpenConcern, error) {
	list := []OpenConcern{}
	err := tx.Table("open_safeguarding_flags").
		Where("site_id = ? and episode_id = ?", e.SiteID, e.ID).
		Order("id").
		Find(&list).
		Error
	return list, err
}
