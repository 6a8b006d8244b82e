package api

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/casework"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/sites"
)

func (s *server) siteOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:          "list-sites",
		Path:        "/sites",
		Tag:         "sites",
		Scope:       actor.SitesRead,
		Summary:     "List sites",
		Description: "Lists the sites that the caller reaches, by id; administrators and data stewards see all.",
	}, s.listSites)
	wire.Create(s.Server, wire.Operation{
		ID:          "add-site",
		Path:        "/sites",
		Tag:         "sites",
		Scope:       actor.SitesWrite,
		Summary:     "Add a site",
		Description: "Adds a site. Without schedules it follows people up between 9 and 12 months after the baseline.",
	}, func(site sites.Site) string { return "/sites/" + site.ID.String() }, s.addSite)
	wire.Get(s.Server, wire.Operation{ID: "get-site", Path: "/sites/{id}", Tag: "sites", Scope: actor.SitesRead,
		Summary: "Get a site", Description: "Returns a site with its settings and schedules."}, s.getSite)
	wire.Patch(s.Server, wire.Operation{
		ID:          "change-site",
		Path:        "/sites/{id}",
		Tag:         "sites",
		Scope:       actor.SitesWrite,
		Summary:     "Change a site",
		Description: "Changes settings. New schedules hold for follow-ups planned from then on.",
	}, s.changeSite)
}

func (s *server) listSites(ctx context.Context, in *struct{ wire.Changing }) (wire.Page[sites.Site], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]sites.Site, error) { return s.Sites.List(ctx, p) },
		func(x sites.Site) uuid.UUID { return x.ID })
}

func (s *server) addSite(ctx context.Context, in *wire.With[sites.New]) (sites.Site, error) {
	if s.Demo && in.Body.PrivacyNoticeURL == nil {
		in.Body.PrivacyNoticeURL = new(sites.ExampleNotice)
	}
	site, err := s.Sites.Add(ctx, in.Body)
	if err != nil {
		return site, err
	}
	return site, s.checkAsked(ctx, site)
}

// checkAsked refuses a schedule with an instrument that the site has not got: it would never be asked, and
// nobody would see it.
func (s *server) checkAsked(ctx context.Context, site sites.Site) error {
	for i, schedule := range site.Schedules {
		for j, key := range schedule.Instruments {
			err := s.Instruments.Has(ctx, site.ID, key)
			if fault.Is(err, fault.NotFound) {
				return fault.InvalidAt(
					fmt.Sprintf("schedules[%d].instruments[%d]", i, j),
					fault.UnknownReference,
					"names no instrument of this site: see GET /v1/instruments",
				)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *server) getSite(ctx context.Context, in *wire.ID) (sites.Site, error) {
	return s.Sites.Get(ctx, in.ID)
}

func (s *server) changeSite(ctx context.Context, in *wire.Merge[sites.Changes], version int) (sites.Site, error) {
	site, err := s.Sites.Change(ctx, in.ID.ID, version, in.Body)
	if err != nil {
		return site, err
	}
	return site, s.checkAsked(ctx, site)
}

func (s *server) linkWorkerOperations() {
	wire.Get(
		s.Server,
		wire.Operation{
			ID:          "list-link-workers",
			Path:        "/link-workers",
			Tag:         "sites",
			Scope:       actor.LinkWorkersRead,
			Summary:     "List link workers",
			Description: "Lists the link workers of the caller's sites, by id.",
		},
		s.listLinkWorkers,
	)
	wire.Create(
		s.Server,
		wire.Operation{
			ID:          "add-link-worker",
			Path:        "/link-workers",
			Tag:         "sites",
			Scope:       actor.LinkWorkersWrite,
			Faults:      []fault.Kind{fault.NotFound},
			Summary:     "Add a link worker",
			Description: "Adds a link worker to a site.",
		},
		func(l sites.LinkWorker) string { return "/link-workers/" + l.ID.String() },
		s.addLinkWorker,
	)
	wire.Get(s.Server, wire.Operation{
		ID:          "get-link-worker",
		Path:        "/link-workers/{id}",
		Tag:         "sites",
		Scope:       actor.LinkWorkersRead,
		Summary:     "Get a link worker",
		Description: "Returns a link worker; of one who is not active also what is still theirs.",
	}, s.getLinkWorker)
	wire.Patch(s.Server, wire.Operation{
		ID:      "change-link-worker",
		Path:    "/link-workers/{id}",
		Tag:     "sites",
		Scope:   actor.LinkWorkersWrite,
		Summary: "Change a link worker",
		Description: "Changes a link worker. One who is made inactive keeps their records and takes no new episode; " +
			"their keys answer 401 at once, and none can be made for them while they are. The answer then says " +
			"how many episodes, referrals, follow-ups and concerns are still theirs, as a handover counts them, and where " +
			"a site manager can hand them over.",
	}, s.changeLinkWorker)
}

func (s *server) listLinkWorkers(
	ctx context.Context,
	in *struct{ wire.Changing },
) (wire.Page[sites.LinkWorker], error) {
	return wire.List(ctx, in, func(p db.Page[uuid.UUID]) ([]sites.LinkWorker, error) {
		return s.Sites.LinkWorkers(ctx, p)
	},
		func(w sites.LinkWorker) uuid.UUID { return w.ID })
}

func (s *server) addLinkWorker(ctx context.Context, in *wire.With[sites.NewLinkWorker]) (sites.LinkWorker, error) {
	return s.Sites.AddLinkWorker(ctx, in.Body)
}

func (s *server) getLinkWorker(ctx context.Context, in *wire.ID) (sites.LinkWorker, error) {
	w, err := s.Sites.LinkWorker(ctx, in.ID)
	if err != nil {
		return w, err
	}
	return s.withStillTheirs(ctx, w)
}

// withStillTheirs adds what somebody else has to take over of one who is not active.
func (s *server) withStillTheirs(ctx context.Context, w sites.LinkWorker) (sites.LinkWorker, error) {
	if *w.Active {
		return w, nil
	}
	n, err := s.Casework.StillTheirs(ctx, w.SiteID, w.ID)
	w.StillTheirs, w.HandOverAt = new(sites.StillTheirs(n)), s.Base+"/v1/handovers"
	if n != (casework.Left{}) {
		w.Warnings = []fault.Warning{{
			Code: "work_is_still_theirs",
			Detail: "They have open episodes, or of closed ones referrals, follow-ups or concerns that nobody sees to: a " +
				"manager of the site can hand them over.",
		}}
	}
	return w, err
}

func (s *server) changeLinkWorker(
	ctx context.Context,
	in *wire.Merge[sites.LinkWorkerChanges],
	version int,
) (sites.LinkWorker, error) {
	w, err := s.Sites.ChangeLinkWorker(ctx, in.ID.ID, version, in.Body)
	if err != nil {
		return w, err
	}
	ended := 0
	if !*w.Active {
		if ended, err = s.Casework.EndCoversBy(ctx, w.SiteID, w.ID); err != nil {
			return w, err
		}
	}
	if w, err = s.withStillTheirs(ctx, w); err == nil && ended > 0 {
		w.Warnings = append(w.Warnings, fault.Warning{
			Code:   "cover_ended",
			Detail: "They stood in for a colleague, and nobody does now: somebody else can be asked to.",
		})
	}
	return w, err
}
