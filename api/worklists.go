package api

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"waypost/api/wire"
	"waypost/internal/insights"
	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/worklists"
)

func (s *server) worklistOperations() {
	wire.Get(s.Server, wire.Operation{
		ID:      "list-worklists",
		Path:    "/worklists",
		Tag:     "worklists",
		Scope:   actor.RecordRead,
		Summary: "List the worklists",
		Description: "Returns each worklist with how many are on it now: of a link worker's own people, or of everybody " +
			"at the caller's sites. Its warnings say what keeps those sites from working as they should.",
	}, s.listWorklists)
	wire.Get(s.Server, wire.Operation{
		ID:      "list-possible-duplicates",
		Path:    "/worklists/possible_duplicates",
		Tag:     "worklists",
		Scope:   actor.RecordRead,
		Summary: "Get the pairs of records that may be of one person",
		Description: "Returns pairs of records of a site that may be of one person, the most alike first: a worklist of the " +
			"whole team, unless link_worker_id names whose people. The rule is that of possible_duplicates where somebody " +
			"is recorded. A pair is there as soon as one of the two is recorded or changed, and goes when the two are " +
			"merged, or when somebody says that they are two people. Who was shown is logged.",
	}, s.listPossibleDuplicates)
	wire.Get(s.Server, wire.Operation{
		ID:      "get-worklist",
		Path:    "/worklists/{name}",
		Tag:     "worklists",
		Scope:   actor.RecordRead,
		Summary: "Get a worklist",
		Description: "Returns who is on a worklist, the most urgent first: why, what is due next, and what can be done. " +
			"Rows with an open concern lead, then the earliest day; referrals of people whom nobody " +
			"supports any more come last. A cursor pins the day that the list is of. " +
			"The lists: caseload, awaiting_reply, follow_ups_due, no_recent_contact, to_withdraw, " +
			"waiting_with_holding; possible_duplicates has rows of another form. Who was shown is logged.",
	}, s.getWorklist)
	wire.Get(s.Server, wire.Operation{
		ID:      "get-my-summary",
		Path:    "/me/summary",
		Tag:     "worklists",
		Scope:   actor.RecordRead,
		Summary: "Get my own figures",
		Description: "Returns how things stand with a link worker's own people, or those of the link worker that a " +
			"partner system acts for: how many are on the list, what became of follow-ups, what changed, what " +
			"is missing. Live and not protected; the definitions are those of the insights. For a credential " +
			"that is no link worker's: of everybody at its sites, or, for a site manager, of the link worker in " +
			"link_worker_id.",
		Faults: []fault.Kind{fault.NotFound},
	}, s.mySummary)
}

// Whose is the part of a worklist's query that says whose people it is of.
type Whose struct {
	// Whose people. When left out: a link worker's own, or those of the link worker that a partner
	// system acts for; for others, everybody at their sites.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
}

// WorklistEntry is a worklist and how many are on it.
type WorklistEntry struct {
	// Its name. Lists of people are read at /v1/worklists/{name}; those of what waits for somebody of the team, at href.
	Name string `json:"name" example:"caseload"`
	// Who is on it, in words.
	About string `json:"about"`
	// How many rows it has.
	Count int `json:"count" example:"42"`
	// The path of the worklist, with its query where it has one.
	Href string `json:"href" example:"/v1/worklists/caseload"`
}

// WorklistIndex is the worklists, and what is worth knowing beside them.
type WorklistIndex struct {
	wire.Page[WorklistEntry]
	// What keeps the caller's sites from working as they should. no_privacy_notice: a site has no
	// privacy notice, so that no link to a person's own page can be made there, and invitations wait.
	Warnings []fault.Warning `json:"warnings"`
}

func (s *server) listWorklists(ctx context.Context, in *struct {
	wire.Paging
	Whose
}) (out WorklistIndex, err error) {
	if out.Warnings, err = s.Worklists.Warnings(ctx); err != nil {
		return out, err
	}
	out.Page, err = wire.List(ctx, in, func(p db.Page[string]) (list []WorklistEntry, _ error) {
		counts, err := s.Worklists.Counts(ctx, given(in.LinkWorkerID))
		for _, l := range worklists.Index() {
			if l.Name > p.After && len(list) < p.Limit {
				list = append(list, WorklistEntry{l.Name, l.About, counts[l.Name], s.Base + "/v1" + l.Path})
			}
		}
		return list, err
	}, func(e WorklistEntry) string { return e.Name })
	return out, err
}

// OfLinkWorker is the query of a summary.
type OfLinkWorker struct {
	// Of a site manager: the link worker whose people it is of. A link worker may name themselves.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
}

func (s *server) mySummary(ctx context.Context, in *OfLinkWorker) (insights.Summary, error) {
	return s.Insights.Summary(ctx, given(in.LinkWorkerID))
}

// Worklist is one page of a worklist.
type Worklist struct {
	wire.Page[WorklistRow]
	// How many rows the list has, on all pages together.
	Count int `json:"count" example:"42"`
}

// WorklistRow is somebody on a worklist, and what can be done about it.
type WorklistRow struct {
	worklists.Row
	// What can be done, the likeliest first.
	Actions []Action `json:"actions"`

	at worklists.Position
}

// Action is an operation of this API on the thing that it stands with.
type Action struct {
	// The operation's id in this document.
	Operation string `json:"operation" example:"record-contact"`
	// What it does, in a few words.
	Title string `json:"title" example:"Record a contact"`
	// How it is called.
	Method string `json:"method" enum:"GET,POST" example:"POST"`
	// And where.
	Href string `json:"href" example:"/v1/episodes/01938c2e-7a40-7000-8000-000000000007/contacts"`
}

type getWorklistInput struct {
	wire.Paging
	Whose
	// Of the caseload: people of this name, in whole or in part, with one slip.
	Q string `query:"q" maxLength:"200" example:"marigold"`
	// Of the caseload: people with this need, the primary one or another; several separated by commas.
	Need []string `query:"need" format:"code:needs"`
	// Of the caseload: episodes that stand so; several separated by commas.
	Status []string `query:"status" enum:"waiting,active,paused"`
	// Of the caseload: its order, after rows with an open concern. due: by what is due next, as when it
	// is left out. name: by family name. received_on, last_contact_on: the longest ago first, and
	// whom nobody ever reached.
	Sort string `query:"sort" enum:"due,name,received_on,last_contact_on"`
	// The list's name.
	Name string `path:"name" maxLength:"50" example:"caseload"`
}

func (s *server) getWorklist(ctx context.Context, in *getWorklistInput) (out Worklist, err error) {
	l, err := worklists.Of(in.Name)
	if err != nil {
		return out, err
	}
	n := worklists.Narrow{Q: in.Q, Needs: in.Need, Statuses: in.Status, Sort: in.Sort}
	out.Page, err = wire.List(ctx, in, func(p db.Page[worklists.Position]) (list []WorklistRow, err error) {
		rows, total, err := s.Worklists.Rows(ctx, l, n, given(in.LinkWorkerID), p)
		out.Count = total
		for _, r := range rows {
			list = append(list, WorklistRow{r.Row, s.actions(r.Row), r.At})
		}
		return list, err
	}, func(r WorklistRow) worklists.Position { return r.at })
	return out, err
}

// actions are the operations that a row may have done to it.
func (s *server) actions(r worklists.Row) []Action {
	out := []Action{}
	for _, id := range r.May {
		o := s.byID[id]
		about := r.Subject.ID
		if strings.HasPrefix(o.Path, "/v1/episodes/") {
			about = r.EpisodeID
		}
		out = append(out, Action{id, o.Summary, o.Method, s.Base + strings.Replace(o.Path, "{id}", about.String(), 1)})
	}
	return out
}

// PairWorklist is one page of the pairs of records that may be of one person.
type PairWorklist struct {
	wire.Page[PairRow]
	// How many pairs there are, on all pages together.
	Count int `json:"count" example:"4"`
}

// PairRow is two records that may be of one person, and what can be done about it.
type PairRow struct {
	worklists.Pair
	// What can be done, the likeliest first.
	Actions []Action `json:"actions"`
}

type listPairsInput struct {
	wire.Paging
	// Whose people: pairs of which this link worker supports or supported one. When left out: everybody
	// at the caller's sites.
	LinkWorkerID uuid.UUID `query:"link_worker_id" format:"uuid"`
}

func (s *server) listPossibleDuplicates(ctx context.Context, in *listPairsInput) (out PairWorklist, err error) {
	out.Page, err = wire.List(ctx, in, func(p db.Page[worklists.PairPosition]) (list []PairRow, err error) {
		pairs, total, err := s.Worklists.Pairs(ctx, given(in.LinkWorkerID), p)
		out.Count = total
		for _, pair := range pairs {
			list = append(list, PairRow{pair, s.pairActions(pair)})
		}
		return list, err
	}, func(r PairRow) worklists.PairPosition { return r.Position() })
	return out, err
}

// pairActions are the operations that a pair may have done to it.
func (s *server) pairActions(p worklists.Pair) (out []Action) {
	for _, id := range []string{"get-patient", "merge-patients", "record-not-duplicate"} {
		o := s.byID[id]
		out = append(out, Action{id, o.Summary, o.Method, s.Base + strings.Replace(o.Path, "{id}", p.PatientID.String(), 1)})
	}
	return out
}
