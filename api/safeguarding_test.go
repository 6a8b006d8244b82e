package api

import (
	"fmt"
	"testing"

	"waypost/internal/platform/actor"
	"waypost/internal/platform/db"
)

// raise puts a flag on an episode, as an answer does.
func (w *world) raise(episode, assessment string) {
	w.t.Helper()
	err := w.db.Do(actor.With(w.t.Context(), actor.Named("test")), func(tx *db.Tx) error {
		return tx.Exec(`insert into safeguarding_flags (site_id, id, episode_id, patient_id, assessment_id, instrument, item, raised_at, created_at, updated_at)
			select site_id, ?, id, patient_id, ?, 'check_in', 'feels_unsafe', ?, ?, ? from episodes where id = ?`, tx.NewID(), assessment, tx.Now, tx.Now, tx.Now, episode).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestFlaggedComesFirst(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	var episodes, baselines []string
	for n := range 5 {
		_, e := w.supported()
		episodes = append(episodes, e)
		baselines = append(baselines, w.ons4(e, "baseline", w.daysAgo(25-n), 4, 5, 3, 8).made())
	}
	walk := func(between func()) (order []string) {
		t.Helper()
		path := "/follow-ups?limit=1"
		for {
			page := lw.get(path).want(200)
			for _, f := range page.items() {
				order = append(order, fmt.Sprint(f.(map[string]any)["episode_id"] == episodes[4] || f.(map[string]any)["episode_id"] == episodes[3]))
			}
			if page.at("next_cursor") == nil {
				return order
			}
			if between != nil {
				between()
				between = nil
			}
			path = "/follow-ups?limit=1&cursor=" + page.text("next_cursor")
		}
	}
	w.raise(episodes[4], baselines[4])
	w.raise(episodes[3], baselines[3])
	fmt.Println(walk(nil))
	fmt.Println(walk(func() {
		id := lw.get("/episodes/" + episodes[3]).text("safeguarding.0.id")
		lw.post("/episodes/"+episodes[3]+"/safeguarding/"+id+"/seen", `{"note":"x"}`).want(200)
		w.raise(episodes[0], baselines[0])
	}))
	fmt.Println(walk(nil))
}
