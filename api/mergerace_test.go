package api_test

import (
	"fmt"
	"sync"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// While two merges of the same people and writes to both run at once: one merge is done, and each write either lands with
// the person who is kept, or is refused and names them. Nothing is left with who was merged away.
func TestMergesRaceWithWrites(t *testing.T) {
	w := newWorld(t)
	for round := range 8 {
		a, firstEpisode := w.supported()
		b, secondEpisode := w.supported()
		calls := []func() answer{
			func() answer { return w.merge(a, b) },
			func() answer { return w.merge(b, a) },
		}
		for _, id := range []string{a, b} {
			calls = append(calls,
				func() answer {
					return w.as("link_worker").post("/patients/"+id+"/consents",
						fmt.Sprintf(`{"purpose":"research","decision":"given","decided_on":%q}`, w.today()))
				},
				func() answer {
					return w.as("link_worker").post("/episodes", fmt.Sprintf(`{"patient_id":%q,"source":"gp","received_on":%q,
						"needs":{"primary":"food"}}`, id, w.today()))
				},
				func() answer { return w.as("link_worker").patch("/patients/"+id, `"1"`, `{"pronouns":"she/her"}`) })
		}
		for _, episode := range []string{firstEpisode, secondEpisode} {
			calls = append(calls, func() answer {
				return w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":"referral",
					"need":"food"}`, episode, w.svc))
			})
		}
		answers := make([]answer, len(calls))
		var all sync.WaitGroup
		for i := range calls {
			all.Go(func() { answers[(i+round)%len(calls)] = calls[(i+round)%len(calls)]() })
		}
		all.Wait()
		kept := w.as("link_worker").get("/patients/" + a).want(200).text("id")
		merged := 0
		for i, got := range answers {
			switch {
			case got.status < 300 && i < 2:
				merged++
			case got.status == 409 && got.at("merged_into_id") != kept:
				t.Errorf("%s names another one than is kept: %s", got.call, got.body)
			case got.status >= 300 && got.status != 409 && got.status != 412:
				t.Errorf("%s: %d %s", got.call, got.status, got.body)
			}
		}
		if merged != 1 {
			t.Errorf("%d of two merges were done", merged)
		}
		w.nothingIsLeftBehind()
		away := map[string]string{a: b, b: a}[kept]
		var undone [2]answer
		var refer answer
		for i := range undone {
			all.Go(func() { undone[i] = w.undoWhatever(away) })
		}
		all.Go(func() {
			refer = w.as("link_worker").post("/referrals", fmt.Sprintf(`{"episode_id":%q,"service_id":%q,"kind":"referral",
				"need":"food"}`, map[string]string{a: firstEpisode, b: secondEpisode}[away], w.svc))
		})
		all.Wait()
		refer.want(201)
		if (undone[0].status == 200) == (undone[1].status == 200) {
			t.Errorf("of two undos at once: %s, %s", undone[0].body, undone[1].body)
		}
		w.nothingIsLeftBehind()
	}
}

// undoWhatever undoes a merge, and leaves what came since with who was kept.
func (w *world) undoWhatever(away string) answer {
	w.t.Helper()
	refused, assign := w.unmerge(away, ""), ""
	if refused.status != 409 || refused.at("unassigned") == nil {
		return refused
	}
	for i, item := range refused.at("unassigned").([]any) {
		if i > 0 {
			assign += ","
		}
		assign += fmt.Sprintf(`{"kind":%q,"id":%q,"to":"survivor"}`, item.(map[string]any)["kind"], item.(map[string]any)["id"])
	}
	return w.unmerge(away, assign)
}

// nothingIsLeftBehind asks that nobody who was merged away has anything, and that what hangs on an episode has its person and
// its pairs.
func (w *world) nothingIsLeftBehind() {
	w.t.Helper()
	w.pairsAreKept()
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		var wrong []string
		err := tx.Raw(`
			select 'consent ' || c.id from consents c join patients p on p.id = c.patient_id where p.merged_into_id is not null
			union all
			select 'episode ' || e.id from episodes e join patients p on p.id = e.patient_id where p.merged_into_id is not null
			union all
			select 'referral ' || r.id from referrals r join episodes e on e.id = r.episode_id where e.patient_id <> r.patient_id
			union all
			select 'referral of another worker ' || r.id from referrals r join episodes_all e on e.id = r.episode_id
				where r.episode_link_worker_id is distinct from e.link_worker_id
			union all
			select 'follow-up ' || f.id from follow_ups f join episodes e on e.id = f.episode_id where e.patient_id <> f.patient_id
			union all
			select 'purpose ' || c.patient_id from consents c group by c.patient_id, c.purpose
				having count(*) filter (where c.stands) <> 1`).Scan(&wrong).Error
		if len(wrong) > 0 {
			w.t.Errorf("left behind: %v", wrong)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
