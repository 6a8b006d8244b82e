package datasets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"gocloud.dev/blob"

	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
	"waypost/internal/platform/fault"
)

// State is where a release stands.
type State string

const (
	Building State = "building"
	Ready    State = "ready"
	Refused  State = "refused"
	Failed   State = "failed"
)

// Release is a frozen dataset of a project: the same bytes for ever, or none.
type Release struct {
	// The release's id.
	ID uuid.UUID `json:"id" format:"uuid"`
	// Whose it is.
	ProjectID uuid.UUID `json:"project_id" format:"uuid"`
	// Counts up in the project, from 1.
	Number int `json:"number" example:"1"`
	// Its state. building: it is being made. ready: all its files are there. refused: there is none,
	// and reasons say why. failed: it could not be made, and reasons say why; it is tried again while
	// next_try_at is set.
	State State `json:"state" enum:"building,ready,refused,failed"`
	// What it was asked for, in words.
	Reason *string `json:"reason"`
	// Why it was refused, or failed.
	Reasons []Reason `json:"reasons" gorm:"serializer:json"`
	// How often it was begun.
	Attempts int `json:"attempts"`
	// When it is begun, or begun again; null: it has ended.
	TryAt *time.Time `json:"next_try_at"`
	// The instant of the one snapshot that everything in it was read from.
	AsOf *time.Time `json:"as_of"`
	// When it was ready, or refused.
	FinishedAt *time.Time `json:"finished_at"`
	// Who is in it, and how coarse.
	Report *Report `json:"report" gorm:"serializer:json" format:"or-null"`
	// Its files, once it is ready.
	Files []File `json:"files" gorm:"serializer:json"`
	// When it was asked for.
	CreatedAt time.Time `json:"created_at" gorm:"autoCreateTime:false"`
	// When it last changed.
	UpdatedAt time.Time `json:"updated_at" gorm:"autoUpdateTime:false"`

	RequestedBy *uuid.UUID `json:"-"`
}

// Revision is another after each change.
func (r Release) Revision() int64 { return r.UpdatedAt.UnixMicro() }

// File is one file of a release.
type File struct {
	// Its name.
	Name string `json:"name" example:"outcomes_paired.csv"`
	// How long it is.
	Bytes int64 `json:"bytes"`
	// The SHA-256 of its bytes, in hexadecimal digits.
	SHA256 string `json:"sha256"`
	// Rows of the table, without the line of names.
	Rows *int64 `json:"rows,omitempty"`
}

// NewRelease is the command to make a release.
type NewRelease struct {
	// What it is for, in words; of a small group in a safe setting, why that is acceptable.
	Reason *string `json:"reason" required:"false" nullable:"true" format:"prose" maxLength:"2000"`
	// If true, nothing is made. The answer (200) gives how many people there would be, k, what is
	// missing, and what would be made coarser.
	DryRun bool `json:"dry_run" required:"false"`
}

// Trial is what a release would be.
type Trial struct {
	// Always true: nothing was made.
	DryRun bool `json:"dry_run"`
	// What would come of it now.
	State State `json:"state" enum:"ready,refused"`
	// Why it would be refused.
	Reasons []Reason `json:"reasons"`
	// Who would be in it, and how coarse.
	Report Report `json:"report"`
	// How much is missing, of those who would be in it.
	Missing []Missing `json:"missing"`
}

// Missing is how much of something there is not.
type Missing struct {
	// What may be missing. It is a quasi-identifier, the baseline, or the answer to a follow-up.
	What string `json:"what" example:"imd_quintile"`
	// How many it should be recorded of. They are people, of baselines episodes, or follow-ups.
	Expected int `json:"expected" example:"100"`
	// Of expected: it is not recorded.
	Missing int `json:"missing" example:"4"`
}

// Ask asks for a release: a job makes it soon. Two that are asked for at once are two, each of a snapshot
// of its own: so none is older than its asking. Fault: conflict (the project is a draft, or its term is
// over).
func (s *Store) Ask(ctx context.Context, id uuid.UUID, n NewRelease) (r Release, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		p, err := usable(tx, id)
		if err != nil {
			return err
		}
		if s.Cipher == nil || s.Files == nil {
			return errNoPlace
		}
		r = Release{
			ID:          tx.NewID(),
			ProjectID:   p.ID,
			State:       Building,
			Reason:      n.Reason,
			Reasons:     []Reason{},
			Files:       []File{},
			TryAt:       &tx.Now,
			RequestedBy: tx.Actor.Key(),
			CreatedAt:   tx.Now,
			UpdatedAt:   tx.Now,
		}
		// one after the other, so that numbers count up
		if err := tx.Exec(
			"select pg_advisory_xact_lock(hashtextextended('releases of ' || ?::text, 0))",
			p.ID,
		).Error; err != nil {
			return err
		}
		if err := tx.Raw("select coalesce(max(number), 0) + 1 from releases where project_id = ?", p.ID).
			Scan(&r.Number).
			Error; err != nil {
			return err
		}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		return events.Record(tx, events.ReleaseRequested, r.subject(), events.Data{"project_id": p.ID.String()})
	})
	return r, err
}

var errNoPlace = fault.New(
	fault.Unavailable,
	"Releases cannot be made here: there is no master key, or no place for their files.",
)

// usable is a project that makes and reads releases.
func usable(tx *db.Tx, id uuid.UUID) (Project, error) {
	p, err := project(tx, id)
	switch {
	case err != nil:
		return p, err
	case p.State == "draft":
		return p, fault.New(fault.Conflict, "The project is a draft: a data steward has not approved it yet.")
	case p.State == "expired":
		return p, errExpired
	}
	return p, nil
}

func (r Release) subject() events.Subject { return events.Subject{ID: r.ID} }

// Release returns one that the actor may see.
func (s *Store) Release(ctx context.Context, id uuid.UUID) (r Release, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err = db.First[Release](tx.Where("id = ?", id), "release")
		return err
	})
	return r, err
}

// Releases lists a project's by id, after the id given.
func (s *Store) Releases(ctx context.Context, id uuid.UUID, page db.Page[uuid.UUID]) (list []Release, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if _, err := project(tx, id); err != nil {
			return err
		}
		return tx.Where("project_id = ? and id > ?", id, page.After).Order("id").Scopes(page.Cut).Find(&list).Error
	})
	return list, err
}

// Content is a file of a release, to be read once and closed.
type Content struct {
	File
	MediaType string
	AsOf      time.Time // when it was frozen
	*blob.Reader
}

// Fetch opens a file of a release, and notes that it was fetched. Faults: not_found, conflict (the
// project's term is over), unavailable (the place for files does not answer, or has not the file as it was
// written).
func (s *Store) Fetch(ctx context.Context, id uuid.UUID, name string) (c Content, err error) {
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		r, err := db.First[Release](tx.Where("id = ?", id), "release")
		if err != nil {
			return err
		}
		if _, err := usable(tx, r.ProjectID); err != nil {
			return err
		}
		i := slices.IndexFunc(r.Files, func(f File) bool { return f.Name == name })
		if i < 0 {
			return fault.Missing("file")
		}
		if c, err = s.open(ctx, r, r.Files[i]); err != nil {
			return err
		}
		if tx.Standby.Is { // where nothing can be written
			slog.Warn("a release's file was sent from a standby, which no event tells", "release", r.ID, "file", name,
				"key", tx.Actor.KeyID)
			return nil
		}
		return events.Record(
			tx,
			events.ReleaseDownloaded,
			r.subject(),
			events.Data{"file": name, "project_id": r.ProjectID.String()},
		)
	})
	if err != nil && c.Reader != nil {
		err = errors.Join(err, c.Close())
	}
	return c, err
}

// open refuses a file that is not as long as it was written: what is short must not pass for whole.
func (s *Store) open(ctx context.Context, r Release, f File) (Content, error) {
	if s.Files == nil {
		return Content{}, errNoFiles
	}
	from, err := s.Files.NewReader(context.WithoutCancel(ctx), r.key(f.Name), nil)
	if err != nil {
		return Content{}, errNoFiles.Because(err)
	}
	if from.Size() != f.Bytes {
		return Content{}, errNoFiles.Because(
			errors.Join(errors.New("datasets: a file is not as long as it was written"), from.Close()),
		)
	}
	return Content{f, mediaType(f.Name), *r.AsOf, from}, nil
}

var errNoFiles = fault.New(
	fault.Unavailable,
	"The place where releases lie does not have the file, or does not answer.",
)

// folder is where the release's attempts lie.
func (r Release) folder() string { return fmt.Sprintf("%s/%s/", r.ProjectID, r.ID) }

// key is where a file of the release lies: of the attempt that it was written by, so that no other ever writes over it.
func (r Release) key(name string) string { return fmt.Sprintf("%s%d/%s", r.folder(), r.Attempts, name) }

// errRefused is the error of a release that cannot be.
type errRefused struct{ reasons []Reason }

func (errRefused) Error() string { return "datasets: the release is refused" }

// refusals are why nobody, or nobody in a group that is large enough, is in it.
func (sel selection) refusals() []Reason {
	switch {
	case sel.result.N == 0:
		return []Reason{{"nobody_consented", "Nobody at the project's sites may be in a release on its legal basis."}}
	case sel.enforced && (sel.result.K == 0 || 100*sel.result.Suppressed > sel.project.MostSuppressedPercent*sel.result.N):
		return []Reason{
			{
				"k_not_reached",
				fmt.Sprintf(
					"With everything as coarse as the project allows, or as its first release was, more than %d in 100 "+
						"people are still in groups of fewer than %d who are alike.",
					sel.project.MostSuppressedPercent,
					sel.project.MinimumK,
				),
			},
		}
	}
	return []Reason{}
}

// Try tells what a release would be, and makes none.
func (s *Store) Try(ctx context.Context, id uuid.UUID) (t Trial, err error) {
	var p Project
	err = s.DB.Do(ctx, func(tx *db.Tx) error {
		if p, err = usable(tx, id); err != nil {
			return err
		}
		if s.Cipher == nil {
			return errNoPlace
		}
		return events.Record(tx, events.ReleaseTried, p.subject(), nil)
	})
	if err != nil {
		return t, err
	}
	err = s.DB.Do(reading(ctx, "releases"), func(tx *db.Tx) error {
		if err := tx.Exec("set local statement_timeout = '25s'; " + joinWhole).Error; err != nil {
			return err
		}
		sel, args, report, _, err := s.prepare(tx, p, uuid.Nil)
		var refused errRefused
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		t = Trial{
			DryRun:  true,
			State:   Ready,
			Reasons: append([]Reason{}, refused.reasons...),
			Report:  report,
			Missing: []Missing{},
		}
		if err != nil {
			t.State = Refused
			return nil
		}
		t.Missing, err = sel.missing(tx, args)
		return err
	})
	return t, err
}

// missing counts what is not there, of the people gather has put together.
func (sel selection) missing(tx *db.Tx, args map[string]any) (list []Missing, err error) {
	list = []Missing{}
	err = tx.Query(files.Render("missing.sql.tmpl", nil), args).Scan(&list).Error
	return list, err
}
