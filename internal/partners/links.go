package partners

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"waypost/internal/platform/actor"
)

// paths are where things are read, by the kind of subject: by whoever keeps the record, and by administrators.
var paths = map[string]string{
	"patient":           "/patients/{id}",
	"consent":           "/patients/{patient}/consents",
	"episode":           "/episodes/{id}",
	"contact":           "/contacts/{id}",
	"referral":          "/referrals/{id}",
	"attendance":        "/referrals/{referral}/attendances",
	"assessment":        "/assessments/{id}",
	"follow_up":         "/follow-ups/{id}",
	"site":              "/sites/{id}",
	"link_worker":       "/link-workers/{id}",
	"organisation":      "/organisations/{id}",
	"service":           "/services/{id}",
	"transfer":          "/transfers/{id}",
	"safeguarding_flag": "/patients/{patient}/timeline",
	"api_key":           "/api-keys/{id}",
	"webhook":           "/webhooks/{id}",
}

// readable are the kinds that roles without the record may read.
var readable = map[actor.Role][]string{
	actor.Administrator: {"site", "link_worker", "organisation", "service", "api_key", "webhook"},
	actor.DataSteward:   {"organisation", "service", "api_key"},
	actor.Organisation:  {"referral", "attendance"},
}

// links are those that the reader can follow.
func (r reach) links(e Event) (l Links) {
	may, limited := readable[r.Role]
	if path := paths[e.Subject.Type]; path != "" && (!limited || slices.Contains(may, e.Subject.Type)) {
		l.Subject = r.base + "/v1" + e.fill(path)
	}
	if e.ReferralID != nil && r.Role != actor.Administrator {
		l.Referral = r.base + "/v1/referrals/" + text(e.ReferralID)
	}
	return l
}

// fill puts the id that a path asks for into it.
func (e Event) fill(path string) string {
	before, rest, _ := strings.Cut(path, "{")
	name, after, _ := strings.Cut(rest, "}")
	id := &e.Subject.ID
	switch name {
	case "patient":
		id = e.PatientID
	case "referral":
		id = e.ReferralID
	}
	return before + text(id) + after
}

func text(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}
