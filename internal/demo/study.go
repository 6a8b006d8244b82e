package demo

import (
	"encoding/json"

	"github.com/google/uuid"

	"waypost/internal/datasets"
	"waypost/internal/platform/db"
	"waypost/internal/platform/patch"
	"waypost/internal/study"
)

// study proposes the demo's project, of all its sites, and asks for its first release.
func (w *world) study(towns []*town) (db.IDs, error) {
	if w.research == nil {
		return nil, nil
	}
	reason := "Researchers work on a closed machine, and whatever they take out is checked."
	n := datasets.Details{
		Title:         "Does it help? A year after being referred to a link worker",
		Purpose:       "To see how people feel a year after they were referred, and whether they used what they were connected to.",
		LegalBasis:    datasets.ExplicitConsent,
		Setting:       datasets.SafeSetting,
		SettingReason: &reason,
		Instruments:   db.Texts{"ons4"},
		Timepoints:    db.Texts{"m9_12"},
		MinimumK:      5,
		ExpiresOn:     w.today.AddDays(3 * 365),
	}
	for _, t := range towns {
		n.SiteIDs = append(n.SiteIDs, t.site.ID)
	}
	ctx := w.tx.Context()
	p, err := w.research.Add(ctx, n)
	if err != nil {
		return nil, err
	}
	if _, err = w.research.Approve(ctx, p.ID, datasets.Approval{}); err != nil {
		return nil, err
	}
	if _, err = w.research.Ask(ctx, p.ID, datasets.NewRelease{}); err != nil {
		return nil, err
	}
	return db.IDs{p.ID}, w.tell(p.ID, towns)
}

// tell writes what the demo's study tells of itself.
func (w *world) tell(project uuid.UUID, towns []*town) error {
	d := study.Details{
		Funder:           &toldOf.Study.Funder,
		FunderReference:  &toldOf.Study.Reference,
		Contact:          &toldOf.Study.Contact,
		Acknowledgements: &toldOf.Study.Thanks,
		Disclaimer:       &toldOf.Study.Disclaimer,
	}
	for _, p := range toldOf.Packages {
		d.WorkPackages = append(
			d.WorkPackages,
			study.WorkPackage{
				Code:     p.Code,
				Title:    p.Title,
				Status:   p.Status,
				StartsOn: new(w.today.AddDays(p.From)),
				EndsOn:   new(w.today.AddDays(p.To)),
			},
		)
	}
	for _, t := range towns {
		d.Targets = append(d.Targets, study.Target{SiteID: t.site.ID, People: 150})
	}
	whole, err := json.Marshal(d)
	if err != nil {
		return err
	}
	changes, err := patch.Of[study.Details](string(whole))
	if err != nil {
		return err
	}
	ctx := w.tx.Context()
	if _, err := w.studies.Change(ctx, project, 0, changes); err != nil {
		return err
	}
	for _, n := range toldOf.Notes {
		if _, err := w.studies.AddNote(
			ctx,
			project,
			study.NewNote{On: w.today.AddDays(-n.Ago), Kind: n.Kind, Group: n.Group, Text: n.Text},
		); err != nil {
			return err
		}
	}
	for _, i := range toldOf.Interviews {
		for at, t := range towns {
			for n := range i.Each {
				if _, err := w.studies.AddInterview(
					ctx,
					project,
					study.NewInterview{
						WorkPackage:     i.Package,
						ParticipantKind: i.Kind,
						Site:            t.site.ID,
						On:              w.today.AddDays(-i.Ago + 3*at + n),
						Mode:            i.Mode,
					},
				); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
