package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"waypost/docs"
	"waypost/internal/imports"
	"waypost/internal/keys"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/text"
	"waypost/internal/stores"
)

// Run prints the document, as docs/openapi.yaml holds it.
func (openAPI) Run(s *surroundings) error {
	_, err := s.out.Write(docs.OpenAPI)
	return err
}

// refusals is the outcome of an import that refused rows: it is in the report, and in the exit code 3.
type refusals int

func (n refusals) Error() string { return fmt.Sprintf("%d rows refused", int(n)) }

type importing struct {
	Directory importDirectory `cmd:"" help:"${import_directory}"`
}

type importDirectory struct {
	Format string `enum:"ohana-csv" default:"ohana-csv" help:"Form of the files: ohana-csv."`
	Source string `help:"Name of the import; it touches only rows of its own. Default: import:<format>:<folder>."`
	Dir    string `arg:"" type:"existingdir" help:"Folder with the files."`
}

func (c importDirectory) Run(s *surroundings) error {
	d, err := s.running()
	if err != nil {
		return err
	}
	defer d.Close()
	report, err := imports.Directory(actor.With(s, actor.Named("import")), d, c.Format, c.Source, c.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, report)
	if n := len(report.Refused); n > 0 {
		return refusals(n)
	}
	return nil
}

// running connects to the database of a running instance.
func (s *surroundings) running() (*db.DB, error) {
	database, err := s.attach()
	if err != nil {
		return nil, err
	}
	d, _, err := database.open(s)
	return d, err
}

type keyCommands struct {
	Create createKey `cmd:"" help:"${create_key}"`
	List   listKeys  `cmd:"" help:"List API keys, a line each: id, role, last four characters, state, what it is for."`
	Revoke revokeKey `cmd:"" help:"End an API key at once, for good; for instance the only administrator's, when it was lost."`
}

type createKey struct {
	Role         string      `required:"" enum:"${roles}" help:"What kind of user it is for."`
	Label        string      `required:"" help:"What it is for, in words."`
	Site         []uuid.UUID `help:"Id of a site it reaches; may be given several times."`
	Organisation *uuid.UUID  `help:"Of the role organisation: its id."`
	LinkWorker   *uuid.UUID  `help:"${link_worker}"`
	ExpiresOn    *day.Date   `help:"${expires_on}"`
	Replaces     *uuid.UUID  `help:"Id of the key whose place it takes, with its webhooks and cursors."`
}

func (c createKey) Run(s *surroundings) error {
	if text.Blank(c.Label) || !text.OneLine(c.Label) {
		return errors.New("--label must not be blank, and " + text.NotOneLine)
	}
	d, err := s.running()
	if err != nil {
		return err
	}
	defer d.Close()
	store := stores.New(d).Keys
	k, err := store.Add(actor.With(s, actor.Named("command-line")), keys.NewKey{
		Role: actor.Role(
			c.Role,
		),
		Details:        keys.Details{Label: c.Label, ExpiresOn: c.ExpiresOn},
		SiteIDs:        db.IDs(c.Site),
		OrganisationID: c.Organisation,
		LinkWorkerID:   c.LinkWorker,
		Replaces:       c.Replaces,
	})
	if err != nil {
		return err
	}
	logKey(k)
	_, err = fmt.Fprintln(s.out, k.Secret)
	return err
}

type listKeys struct{}

func (listKeys) Run(s *surroundings) error {
	d, err := s.running()
	if err != nil {
		return err
	}
	defer d.Close()
	store, after := stores.New(d).Keys, uuid.Nil
	for {
		list, err := store.List(
			actor.With(s, actor.Named("command-line")),
			keys.Filter{},
			db.Page[uuid.UUID]{After: after, Limit: 200},
		)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, k := range list {
			after = k.ID
			fmt.Fprintf(s.out, "%s  %-13s  …%s  %-8s  %s\n", k.ID, k.Role, k.Hint, k.State, k.Label)
		}
	}
}

type revokeKey struct {
	ID uuid.UUID `arg:"" help:"Its id, as keys list says."`
}

func (c revokeKey) Run(s *surroundings) error {
	d, err := s.running()
	if err != nil {
		return err
	}
	defer d.Close()
	store := stores.New(d).Keys
	if err := store.Revoke(actor.With(s, actor.Named("command-line")), c.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "revoked")
	return err
}

type health struct{}

// Run is for a container's health check, which has no curl.
func (health) Run(s *surroundings) error {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get("http://" + net.JoinHostPort(host, port) + "/readyz")
	if err != nil {
		return errors.New("not reachable")
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: status %d", answer.StatusCode)
	}
	_, err = fmt.Fprintln(s.out, "ready")
	return err
}
