package datasets

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"waypost/internal/disclosure"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/sqlfile"
)

//go:embed *.sql.tmpl
var folder embed.FS

var files = sqlfile.Load(folder)

// Stage is a step of the flow of participants, with the people who are at it.
type Stage struct {
	// What the people have in common. The codebook lists the stages.
	Stage string `json:"stage" example:"included"`
	// Code of the follow-up. Empty: the stage is of none.
	Timepoint string `json:"timepoint"`
	// How many are at the stage. They are people; of a timepoint, and with a baseline, episodes.
	N int `json:"n"`
}

// Generalised is what became of a quasi-identifier.
type Generalised struct {
	// The field that is made coarser.
	QuasiIdentifier string `json:"quasi_identifier"`
	// 0: as fine as releases are; each step is coarser.
	Level int `json:"level"`
	// What the dataset says of it at this level.
	Tells string `json:"tells"`
}

// Report is what a release holds, without a row of it.
type Report struct {
	// People in it.
	N int `json:"n"`
	// People in the smallest group of those who are alike in all quasi-identifiers.
	K int `json:"k"`
	// People left out, in groups smaller than the project's minimum k.
	Suppressed int `json:"suppressed"`
	// Whether the minimum k was enforced. In a safe setting it is reported.
	Enforced bool `json:"enforced"`
	// What was made coarser, of all quasi-identifiers.
	Generalised []Generalised `json:"generalised"`
	// How many people left since the release before, by withdrawing; null: there was none before.
	Left *int `json:"left"`
	// From everybody whom the sites' record holds to those who answered.
	Flow []Stage `json:"flow"`
}

// Reason is why there is no release.
type Reason struct {
	// Stable code.
	Code string `json:"code" enum:"k_not_reached,nobody_consented,tells_site,term_over,storage,internal"`
	// What it is about.
	Detail string `json:"detail"`
}

// selection is what the questions about a release's people are asked with.
type selection struct {
	project  Project
	args     map[string]any
	enforced bool
	result   disclosure.Result
}

// choose finds who may be in a release, and how coarse they must be. Nothing of the record is changed.
func (s *Store) choose(tx *db.Tx, p Project, codes map[uuid.UUID]string, seed int64) (sel selection, err error) {
	sel = selection{project: p, enforced: p.Setting == Outside || p.LegalBasis == Anonymised}
	var names db.Texts
	for _, id := range p.SiteIDs {
		names = append(names, codes[id])
	}
	sel.args = map[string]any{
		"sites":      p.SiteIDs,
		"site_codes": names,
		"basis":      string(p.LegalBasis),
		"known":      tx.Now,
		"seed":       seed,
		"small":      db.Texts{},
	}
	classes, err := sel.classes(tx)
	if err != nil {
		return sel, err
	}
	rule := disclosure.Anonymity{Quasis: sel.projectQuasis(), Order: p.Generalisation, K: p.MinimumK, Most: p.MostSuppressedPercent}
	if sel.enforced {
		if rule.From, err = sel.firstLevels(tx); err != nil {
			return sel, err
		}
		if rule.From != nil {
			rule.Order = nil
		}
		sel.result, _ = rule.Reach(classes)
	} else {
		sel.result = rule.Report(classes)
	}
	return sel, nil
}

// firstLevels are the levels of the project's first release, which all of its releases keep; nil: there is none
// yet. Somebody who was left out of one release, and stood in a coarser group of the next, would be told
// from everybody of both.
func (sel selection) firstLevels(tx *db.Tx) (levels []int, err error) {
	var first []Release
	if err := tx.Where("project_id = ? and state = 'ready'", sel.project.ID).
		Order("number").
		Limit(1).
		Find(&first).
		Error; err != nil ||
		len(first) == 0 {
		return nil, err
	}
	for _, q := range sel.projectQuasis() {
		i := slices.IndexFunc(
			first[0].Report.Generalised,
			func(g Generalised) bool { return g.QuasiIdentifier == q.Name },
		)
		levels = append(levels, first[0].Report.Generalised[i].Level)
	}
	return levels, nil
}

// siteTold reports whether rows say which site they are of.
func (sel selection) siteTold() bool {
	i := slices.IndexFunc(sel.projectQuasis(), func(q disclosure.Quasi) bool { return q.Name == quasis[0].Name })
	return i >= 0 && sel.result.Levels[i] == 0
}

// revealingSite are the project's instruments and timepoints that not all of its sites have. Where rows do not say
// which site they are of, these would.
func (s *Store) revealingSite(tx *db.Tx, sel selection) (names []string, err error) {
	if !sel.enforced || sel.siteTold() || len(sel.project.SiteIDs) == 1 {
		return nil, nil
	}
	for _, key := range sel.project.Instruments {
		if !slices.ContainsFunc(builtinItems, func(i item) bool { return i.Instrument == key }) {
			names = append(names, key)
		}
	}
	var shared db.Texts
	err = tx.Raw("select coalesce(array_agg(code), '{}') from (select code from schedules where site_id = "+
		"any(?::uuid[]) group by code having count(*) = ?) c", sel.project.SiteIDs, len(sel.project.SiteIDs)).Row().Scan(&shared)
	for _, code := range sel.project.Timepoints {
		if !slices.Contains(shared, code) && !slices.Contains(always, code) {
			names = append(names, code)
		}
	}
	return names, err
}

// projectQuasis are the project's quasi-identifiers.
func (sel selection) projectQuasis() (list []disclosure.Quasi) {
	for _, q := range quasis {
		if slices.Contains(sel.project.QuasiIdentifiers, q.Name) {
			list = append(list, q.Quasi)
		}
	}
	return list
}

// values are the SQL of every quasi-identifier, at its level, or before levels are known at its finest.
// What the project does not have is told to nobody.
func (sel selection) values() (list []string) {
	n := 0
	for _, q := range quasis {
		switch {
		case !slices.Contains(sel.project.QuasiIdentifiers, q.Name):
			list = append(list, "'"+disclosure.All+"'")
			continue
		case sel.result.Levels == nil:
			list = append(list, q.at(0))
		default:
			list = append(list, q.at(sel.result.Levels[n]))
		}
		n++
	}
	return list
}

// classes counts the people who are alike.
func (sel selection) classes(tx *db.Tx) (list []disclosure.Class, err error) {
	var values []string
	for i, q := range quasis {
		if slices.Contains(sel.project.QuasiIdentifiers, q.Name) {
			values = append(values, sel.values()[i])
		}
	}
	var found []struct {
		Values db.Texts
		N      int
	}
	err = tx.Query(classesText(values), sel.args).Scan(&found).Error
	for _, f := range found {
		list = append(list, disclosure.Class{Values: f.Values, N: f.N})
	}
	return list, err
}

// gather puts the people into the transaction's own table, as they leave.
func (sel selection) gather(tx *db.Tx) error {
	if err := tx.Exec("select stage('cohort')").Error; err != nil {
		return err
	}
	small := db.Texts{}
	for _, values := range sel.result.Small {
		small = append(small, strings.Join(values, "/"))
	}
	sel.args["small"] = small
	values, told := sel.values(), []string{}
	for i, q := range quasis {
		if slices.Contains(sel.project.QuasiIdentifiers, q.Name) {
			told = append(told, values[i])
		}
	}
	text := gatherText(values, told)
	return tx.Exec(text.SQL, text.Values(sel.args)...).Error
}

func classesText(values []string) sqlfile.Text {
	return files.Render("classes.sql.tmpl", map[string]string{"Values": strings.Join(values, ", ")})
}

func gatherText(values, told []string) sqlfile.Text {
	return files.Render(
		"gather.sql.tmpl",
		map[string]string{"Values": strings.Join(values, ", "), "Told": strings.Join(told, ", ")},
	)
}

// flow counts people from everybody to those who are in; before is when the release before was read, zero without one.
func (sel selection) report(tx *db.Tx, before *time.Time) (r Report, err error) {
	r = Report{
		N:           sel.result.N - sel.result.Suppressed,
		K:           sel.result.K,
		Suppressed:  sel.result.Suppressed,
		Enforced:    sel.enforced,
		Generalised: []Generalised{},
	}
	n := 0
	for _, q := range quasis {
		level := len(q.Coarser) + 1
		if slices.Contains(sel.project.QuasiIdentifiers, q.Name) {
			level = sel.result.Levels[n]
			n++
		}
		r.Generalised = append(r.Generalised, Generalised{q.Name, level, q.meaning(level)})
	}
	err = tx.Query(files.Render("flow.sql.tmpl", nil), sel.args).Scan(&r.Flow).Error
	r.Flow = append(r.Flow, Stage{Stage: "left_out_in_small_groups", N: r.Suppressed}, Stage{Stage: "included", N: r.N})
	if err != nil || before == nil {
		return r, err
	}
	args := map[string]any{"then": *before}
	for k, v := range sel.args {
		args[k] = v
	}
	r.Left = new(int)
	err = tx.Query(files.Render("left.sql.tmpl", nil), args).Scan(r.Left).Error
	return r, err
}

// addStates adds to the flow how far the follow-ups of the people got, whom gather has put together.
func (sel selection) addStates(tx *db.Tx, args map[string]any, r *Report) error {
	var states []Stage
	err := tx.Query(files.Render("states.sql.tmpl", nil), args).Scan(&states).Error
	r.Flow = append(r.Flow, states...)
	return err
}

// tableArgs are the arguments of every table's SQL.
func (s *Store) tableArgs(tx *db.Tx, sel selection, p *pseudonyms) (map[string]any, error) {
	args := map[string]any{
		"sites":       sel.project.SiteIDs,
		"timepoints":  sel.project.Timepoints,
		"instruments": sel.project.Instruments,
	}
	var zones, days, workerCodes db.Texts
	for _, id := range sel.project.SiteIDs {
		var zone string
		if err := tx.Raw("select site_time_zone(?)", id).Scan(&zone).Error; err != nil {
			return nil, err
		}
		loc, err := time.LoadLocation(zone)
		if err != nil {
			return nil, fmt.Errorf("datasets: the time zone of site %s: %w", id, err)
		}
		zones, days = append(zones, zone), append(days, day.Of(tx.Now.In(loc)).String())
	}
	var workers db.IDs
	if err := tx.Raw("select coalesce(array_agg(id), '{}') from link_workers where site_id = any(?::uuid[])", sel.project.SiteIDs).
		Row().
		Scan(&workers); err != nil {
		return nil, err
	}
	for _, id := range workers {
		workerCodes = append(workerCodes, p.short("link_worker", id))
	}
	args["zones"], args["days"], args["workers"], args["worker_codes"] = zones, days, workers, workerCodes
	var ownCodes db.Texts
	var targets, earliest, latest db.Ints
	for _, o := range sel.project.Schedule {
		ownCodes, targets = append(ownCodes, o.Code), append(targets, o.Target)
		earliest, latest = append(earliest, o.From), append(latest, o.To)
	}
	args["own_codes"], args["own_targets"], args["own_earliest"], args["own_latest"] = ownCodes, targets, earliest, latest
	var itemOf, itemCodes, scoreOf, scoreCodes, better db.Texts
	var itemVersions, scoreVersions db.Ints
	var responder []*float64
	for _, i := range builtinItems {
		itemOf, itemVersions = append(itemOf, i.Instrument), append(itemVersions, i.Version)
		itemCodes = append(itemCodes, i.Code)
	}
	for _, c := range builtinScores {
		scoreOf, scoreVersions = append(scoreOf, c.Instrument), append(scoreVersions, c.Version)
		scoreCodes, better = append(scoreCodes, c.Code), append(better, c.Better)
		responder = append(responder, c.Responder)
	}
	args["item_instruments"], args["item_versions"], args["item_codes"] = itemOf, itemVersions, itemCodes
	args["score_instruments"], args["score_versions"], args["score_codes"] = scoreOf, scoreVersions, scoreCodes
	args["score_better"], args["score_responder"] = better, thresholds(responder)
	return args, nil
}

// thresholds is a float8[] as PostgreSQL writes one.
func thresholds(list []*float64) string {
	texts := make([]string, len(list))
	for i, t := range list {
		if texts[i] = "null"; t != nil {
			texts[i] = fmt.Sprint(*t)
		}
	}
	return "{" + strings.Join(texts, ",") + "}"
}
