package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"waypost/internal/keys"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/secret"
	"waypost/internal/referrals"
)

// Keys are the secrets of a demo's keys, one for each kind of user.
type Keys struct {
	Administrator       string `json:"administrator"`
	LinkWorker          string `json:"link_worker"`            // the first link worker of the first site
	SiteManager         string `json:"site_manager"`           // of the first site
	OtherSiteLinkWorker string `json:"other_site_link_worker"` // of the second site
	Integration         string `json:"integration"`            // of the first site
	Organisation        string `json:"organisation"`           // near the first site, with referrals to answer
	Dashboard           string `json:"dashboard"`              // of all sites
	Researcher          string `json:"researcher"`             // of the demo's project
	DataSteward         string `json:"data_steward"`
}

// String lists the keys, a line each, to be shown once to whoever started the demo.
func (k Keys) String() string {
	var s strings.Builder
	for _, line := range []struct{ name, key string }{
		{"administrator", k.Administrator}, {"link_worker", k.LinkWorker}, {"site_manager", k.SiteManager},
		{"other_site_link_worker", k.OtherSiteLinkWorker}, {"integration", k.Integration}, {"organisation", k.Organisation},
		{"dashboard", k.Dashboard}, {"researcher", k.Researcher}, {"data_steward", k.DataSteward},
	} {
		fmt.Fprintf(&s, "  %-22s  %s\n", line.name, line.key)
	}
	return strings.TrimSuffix(s.String(), "\n")
}

// Write writes the keys where only the owner reads them. After a crash the file is whole, the old one or the new one.
func (k Keys) Write(path string) error {
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".demo-keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing there, once it is renamed
	defer f.Close()
	if _, err := f.Write(append(text, '\n')); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// issue makes the keys.
func (w *world) issue(first, second *town, projects db.IDs) (k Keys, err error) {
	organisation, err := w.busiest(first)
	if err != nil {
		return k, err
	}
	at := func(t *town) db.IDs { return db.IDs{t.site.ID} }
	for _, one := range []struct {
		secret *string
		key    keys.NewKey
	}{
		{&k.Administrator, keys.NewKey{Role: actor.Administrator}},
		{&k.LinkWorker, keys.NewKey{Role: actor.LinkWorker, SiteIDs: at(first), LinkWorkerID: &first.workers[0].ID}},
		{&k.SiteManager, keys.NewKey{Role: actor.SiteManager, SiteIDs: at(first)}},
		{&k.OtherSiteLinkWorker, keys.NewKey{Role: actor.LinkWorker, SiteIDs: at(second), LinkWorkerID: &second.workers[0].ID}},
		{&k.Integration, keys.NewKey{Role: actor.Integration, SiteIDs: at(first)}},
		{&k.Organisation, keys.NewKey{Role: actor.Organisation, OrganisationID: &organisation}},
		{&k.Dashboard, keys.NewKey{Role: actor.Dashboard}},
		{&k.Researcher, keys.NewKey{Role: actor.Researcher, ProjectIDs: projects}},
		{&k.DataSteward, keys.NewKey{Role: actor.DataSteward}},
	} {
		one.key.Label = "Demo: " + strings.ReplaceAll(string(one.key.Role), "_", " ")
		if *one.secret, err = w.key(one.key); err != nil {
			return k, err
		}
	}
	return k, nil
}

// key makes one that is confirmed and has no last day, since a demo's clock can be moved by years.
func (w *world) key(n keys.NewKey) (string, error) {
	key := keys.NewSecret()
	id := w.tx.NewID()
	k := keys.Key{
		ID:          id,
		PartnerID:   id,
		NewKey:      n,
		Hint:        key[len(key)-4:],
		KeyHash:     secret.Hash(key),
		Version:     1,
		ConfirmedAt: &w.tx.Now,
		CreatedAt:   w.tx.Now,
		UpdatedAt:   w.tx.Now,
	}
	if err := w.tx.Create(&k).Error; err != nil {
		return "", err
	}
	return key, events.Record(
		w.tx,
		events.APIKeyAdded,
		events.Subject{ID: k.ID},
		events.Data{"role": string(n.Role)},
	)
}

// busiest is the organisation with most to answer for a town; of two alike, the one that was referred to first.
func (w *world) busiest(t *town) (uuid.UUID, error) {
	open := slices.DeleteFunc(referrals.Statuses(), func(s referrals.Status) bool { return !s.Open() })
	most := struct{ OrganisationID uuid.UUID }{t.services[0].OrganisationID} // where nobody was referred
	err := w.tx.Raw(`select organisation_id from sent_referrals
		where site_id = ? and kind = 'referral'
		group by 1 order by count(*) + count(*) filter (where status in ?) desc, min(sent_at) limit 1`, t.site.ID, open).Scan(&most).Error
	return most.OrganisationID, err
}
