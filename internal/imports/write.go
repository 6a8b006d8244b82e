package imports

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"waypost/internal/directory"
	"waypost/internal/platform/db"
	"waypost/internal/platform/events"
)

// plan is what an import will write, worked out against what the source has in the directory already.
type plan struct {
	tx     *db.Tx
	held   directory.Holdings
	batch  directory.Batch
	ids    map[string]uuid.UUID // of organisations, by their ids in the source
	report Report
}

// write compares and writes in one transaction. The plan is made within it, and made anew if it is tried again.
func write(ctx context.Context, d *db.DB, source string, l loaded) (r Report, err error) {
	err = d.Do(db.Background(ctx), func(tx *db.Tx) error {
		held, err := directory.LockSource(tx, source)
		if err != nil {
			return err
		}
		p := &plan{
			tx:   tx,
			held: held,
			ids:  map[string]uuid.UUID{},
			report: Report{
				Source:  source,
				Refused: l.folder.refusals(),
				Kept:    l.folder.kept(),
				LeftOut: l.folder.leftOut(),
				Blank:   l.folder.blanks(),
			},
		}
		if err := p.fill(l); err != nil {
			return err
		}
		if err := p.batch.Write(tx); err != nil {
			return err
		}
		r = p.report
		return r.record(tx)
	})
	return r, err
}

func (p *plan) fill(l loaded) error {
	for ref, o := range p.held.Organisations {
		p.ids[ref] = o.ID
	}
	for _, o := range l.organisations {
		if err := p.organisation(o); err != nil {
			return err
		}
	}
	for _, s := range l.services {
		if err := p.service(s); err != nil {
			return err
		}
	}
	p.vanished(l.folder)
	r := &p.report
	slices.SortStableFunc(
		r.Refused,
		func(a, b Refusal) int { return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line) },
	)
	refused := func(x Refusal) bool {
		return slices.ContainsFunc(r.Refused, func(of Refusal) bool { return of.File == x.File && of.Line == x.Line })
	}
	// of a refused row nothing is loaded
	r.Kept, r.LeftOut = slices.DeleteFunc(r.Kept, refused), slices.DeleteFunc(r.LeftOut, refused)
	r.Organisations.Read, r.Services.Read = len(l.folder.organisations.rows), len(l.folder.services.rows)
	for _, x := range r.Refused {
		switch x.File {
		case l.folder.organisations.file:
			r.Organisations.Refused++
		case l.folder.services.file:
			r.Services.Refused++
		}
	}
	return nil
}

func (p *plan) organisation(o organisation) error {
	old, known := p.held.Organisations[o.ref]
	o.details.CharityNumber = old.CharityNumber // which the format has no column for
	switch {
	case !known:
		row := directory.Organisation{
			ID: p.tx.NewID(), Entry: directory.NewEntry(p.tx, p.report.Source, &o.ref),
		}
		if err := row.Set(o.details); err != nil {
			return err
		}
		p.ids[o.ref] = row.ID
		p.batch.NewOrganisations = append(p.batch.NewOrganisations, row)
		p.report.Organisations.Created++
	case reflect.DeepEqual(old.OrganisationDetails, o.details):
		p.report.Organisations.Unchanged++
	default:
		if err := old.Set(o.details); err != nil {
			return err
		}
		p.batch.ChangedOrganisations = append(p.batch.ChangedOrganisations, old)
		p.report.Organisations.Updated++
	}
	return nil
}

func (p *plan) service(s service) error {
	old, known := p.held.Services[s.ref]
	if old.NeedsSource == "stated" { // by people, who know better than the words do
		s.details.Needs, s.details.ActivityType = old.Needs, old.ActivityType
	}
	s.details.Sensitive = old.Sensitive // until the source says otherwise: administrators set it too
	if s.sensitive != nil {
		s.details.Sensitive = *s.sensitive
	}
	s.details.FillIn()
	switch {
	case !known:
		row := directory.Service{
			ID: p.tx.NewID(), OrganisationID: p.ids[s.organisation],
			NeedsSource: "inferred", Capacity: "not_known", Entry: directory.NewEntry(p.tx, p.report.Source, &s.ref),
		}
		if err := row.Set(s.details); err != nil {
			return err
		}
		p.batch.NewServices = append(p.batch.NewServices, row)
		p.report.Services.Created++
	case old.OrganisationID != p.ids[s.organisation]:
		p.refuse(
			s.row,
			"belongs to another organisation than it did, and referrals may hold the two together: give it a new id",
		)
	case same(old.ServiceDetails, s.details):
		p.report.Services.Unchanged++
	default:
		if err := old.Set(s.details); err != nil { // capacity is not among the details: only people speak of it
			return err
		}
		p.batch.ChangedServices = append(p.batch.ChangedServices, old)
		p.report.Services.Updated++
	}
	return nil
}

func same(a, b directory.ServiceDetails) bool {
	needs := slices.Equal(a.Needs, b.Needs)
	a.Needs, b.Needs = nil, nil
	return needs && reflect.DeepEqual(a, b)
}

// refuse is for what only the directory shows. It leaves the row itself alone, since the plan may be made anew.
func (p *plan) refuse(r *row, reason string) {
	p.report.Refused = append(p.report.Refused, Refusal{r.table.file, r.line, reason})
}

// vanished makes inactive what the source no longer has. It is not deleted, since referrals may name it.
func (p *plan) vanished(f *folder) {
	ids, certain := f.organisations.ids()
	p.report.Organisations.Uncertain = !certain
	for ref, o := range p.held.Organisations {
		if certain && !ids[ref] && o.Status != "inactive" {
			o.Status = "inactive"
			p.batch.ChangedOrganisations = append(p.batch.ChangedOrganisations, o)
			p.report.Organisations.vanish()
		}
	}
	ids, certain = f.services.ids()
	p.report.Services.Uncertain = !certain
	for ref, v := range p.held.Services {
		if certain && !ids[ref] && v.Status != "inactive" {
			v.Status = "inactive"
			p.batch.ChangedServices = append(p.batch.ChangedServices, v)
			p.report.Services.vanish()
		}
	}
}

func (c *Counts) vanish() {
	c.Updated++
	c.Vanished++
}

// ids are those of all rows, refused ones too, for what is refused has not vanished. They are not certain
// when a row's id cannot be read: it may be any.
func (t *table) ids() (ids map[string]bool, certain bool) {
	ids, certain = map[string]bool{}, true
	for _, r := range t.rows {
		id := r.get("id")
		ids[id] = true
		certain = certain && id != "" && !r.torn
	}
	return ids, certain
}

// record leaves one event of the whole import, and none of an import that changed nothing.
func (r Report) record(tx *db.Tx) error {
	o, s := r.Organisations, r.Services
	if o.Created+o.Updated+s.Created+s.Updated == 0 {
		return nil
	}
	data := events.Data{"source": r.Source, "rows_refused": strconv.Itoa(len(r.Refused))}
	for what, c := range map[string]Counts{"organisations": o, "services": s} {
		for how, n := range map[string]int{"read": c.Read, "created": c.Created, "updated": c.Updated,
			"unchanged": c.Unchanged, "refused": c.Refused} {
			data[what+"_"+how] = strconv.Itoa(n)
		}
	}
	return events.Record(tx, events.DirectoryImported, events.Subject{ID: tx.NewID()}, data)
}
