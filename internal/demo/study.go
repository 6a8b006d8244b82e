package demo

import (
	"waypost/internal/datasets"
	"waypost/internal/platform/db"
)

// study proposes the demo's project, of all its sites, and asks for its first release.
func (w *world) study(towns []*town) (db.IDs, error) {
	if w.research == nil {
		return nil, nil
	}
	reason := "Researchers work on a closed machine, and whatever they take out is checked."
	n := datasets.Details{
		Title:      "Does it help? A year after being referred to a link worker",
		Purpose:    "To see how people feel a year after they were referred, and whether they used what they were connected to.",
		LegalBasis: datasets.ExplicitConsent, Setting: datasets.SafeSetting, SettingReason: &reason,
		Instruments: db.Texts{"ons4"}, Timepoints: db.Texts{"m9_12"}, MinimumK: 5, ExpiresOn: w.today.AddDays(3 * 365),
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
	_, err = w.research.Ask(ctx, p.ID, datasets.NewRelease{})
	return db.IDs{p.ID}, err
}
