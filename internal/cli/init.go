package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"

	"github.com/google/uuid"

	"waypost/internal/demo"
	"waypost/internal/keys"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/text"
	"waypost/internal/sites"
	"waypost/internal/stores"
)

type initialise struct {
	Site          string `required:"" help:"Name of the first site, such as 'Example Town'."`
	SiteCode      string `required:"" help:"Its short name, such as example_town; unique."`
	ODSCode       string `name:"ods-code" help:"Its ODS code, such as U00001."`
	LinkWorker    string `required:"" help:"Name of its first link worker."`
	Email         string `required:"" help:"The link worker's e-mail address at work."`
	Administrator string `default:"The first administrator" help:"Who the administrator's key is for, in words."`
	DataSteward   string `default:"The first data steward" help:"Who the data steward's key is for, in words: another person."`
}

// siteCode is the pattern that the API's document gives for a site's code.
var siteCode = regexp.MustCompile(`^[a-z][a-z0-9_]{1,29}$`)

// Validate is asked by kong, before anything is started.
func (c initialise) Validate() error {
	var wrong []error
	for flag, value := range map[string]string{
		"--site": c.Site, "--link-worker": c.LinkWorker, "--administrator": c.Administrator, "--data-steward": c.DataSteward,
	} {
		if text.Blank(value) || !text.OneLine(value) || len([]rune(value)) > 200 {
			wrong = append(
				wrong,
				errors.New(flag+" must not be blank nor longer than 200 characters, and "+text.NotOneLine),
			)
		}
	}
	if !siteCode.MatchString(c.SiteCode) {
		wrong = append(
			wrong,
			errors.New("--site-code takes 2 to 30 small letters, digits and _, and begins with a letter"),
		)
	}
	return errors.Join(wrong...)
}

// made is what init makes.
type made struct {
	site       sites.Site
	linkWorker sites.LinkWorker
	keys       []keys.Key
}

// Run makes all of it, or nothing.
func (c initialise) Run(s *surroundings) error {
	if s.PublicURL == "" {
		return errors.New(
			"say by which address people reach Waypost: --public-url, or WAYPOST_PUBLIC_URL as serve has it",
		)
	}
	if err := checkReachable(s.PublicURL); err != nil {
		return err
	}
	d, err := s.running()
	if err != nil {
		return err
	}
	defer d.Close()
	var m made
	err = d.Do(actor.With(s, actor.Named("command-line")), func(tx *db.Tx) error {
		if err := checkNew(tx, d); err != nil {
			return err
		}
		m, err = c.make(tx, d)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range m.keys {
		logKey(k)
	}
	return m.print(s)
}

// checkNew refuses a database that somebody uses already. It waits for a demo that is being loaded.
func checkNew(tx *db.Tx, d *db.DB) error {
	var state struct{ Demo, Administrator bool }
	if err := tx.Exec("select pg_advisory_xact_lock(hashtextextended('demo', 0))").Error; err != nil {
		return err
	}
	err := tx.Raw(`select (select demo from installation) as demo,
		exists (select from api_keys where role = 'administrator') as administrator`).Scan(&state).Error
	if err != nil {
		return err
	}
	empty, err := demo.Empty(tx.Context(), d)
	switch {
	case err != nil:
		return err
	case state.Demo:
		return errors.New("nothing was changed: this database is a demo's, and stays one; init takes an empty one")
	case state.Administrator:
		return errors.New(
			"nothing was changed: there is a first administrator already; waypost keys create makes further keys",
		)
	case !empty:
		return errors.New("nothing was changed: this database holds sites, organisations or people already; " +
			"waypost keys create makes the first administrator's key")
	}
	return nil
}

func (c initialise) make(tx *db.Tx, d *db.DB) (m made, err error) {
	all := stores.New(d)
	site := sites.New{Name: c.Site, Code: c.SiteCode}
	if c.ODSCode != "" {
		site.ODSCode = &c.ODSCode
	}
	if m.site, err = all.Sites.Add(tx.Context(), site); err != nil {
		return m, err
	}
	m.linkWorker, err = all.Sites.AddLinkWorker(tx.Context(), sites.NewLinkWorker{
		SiteID: &m.site.ID, LinkWorkerDetails: sites.LinkWorkerDetails{Name: c.LinkWorker, Email: c.Email},
	})
	if err != nil {
		return m, err
	}
	for _, n := range []keys.NewKey{
		{Role: actor.Administrator, Details: keys.Details{Label: c.Administrator}},
		{Role: actor.DataSteward, Details: keys.Details{Label: c.DataSteward}},
		{
			Role: actor.LinkWorker, Details: keys.Details{Label: c.LinkWorker},
			SiteIDs: db.IDs{m.site.ID}, LinkWorkerID: new(m.linkWorker.ID),
		},
	} {
		k, err := all.Keys.Add(tx.Context(), n)
		if err != nil {
			return m, err
		}
		m.keys = append(m.keys, k)
	}
	return m, nil
}

// print shows what was made, a line each: a name and a value. Nothing shows the keys again.
func (m made) print(s *surroundings) error {
	lines := fmt.Sprintf(
		"Waypost at %s has its first keys. Each is shown this once: give them to three people.\n",
		s.PublicURL,
	)
	for _, id := range []struct {
		name string
		id   uuid.UUID
	}{{"site_id", m.site.ID}, {"link_worker_id", m.linkWorker.ID}} {
		lines += fmt.Sprintf("%-14s  %s\n", id.name, id.id)
	}
	for _, k := range m.keys {
		lines += fmt.Sprintf("%-14s  %s\n", k.Role, k.Secret)
	}
	if _, err := fmt.Fprint(s.out, lines); err != nil {
		return fmt.Errorf(
			"the keys were made and could not be printed: revoke them (waypost keys list), and make others: %w",
			err,
		)
	}
	return nil
}

// logKey tells whoever watches the log that a key was made without a second person.
func logKey(k keys.Key) {
	slog.Warn("an API key was made on the server", "key_id", k.ID, "role", k.Role, "expires_on", k.ExpiresOn)
}
