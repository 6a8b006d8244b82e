package demo

import ("reflect";"waypost/internal/platform/db";"waypost/internal/referrals";"testing";"time";"waypost/internal/platform/db/dbtest";"waypost/internal/outcomes";"waypost/internal/platform/actor";"github.com/google/uuid")

func TestZZ(t *testing.T) {
	for i := range 45 {
		d := dbtest.New(t)
		d.Clock.SetOffset(time.Duration(i*17)*25*time.Hour)
		var k Keys
		if _, err := Load(t.Context(), d, Config{People: 300, Seed: uint64(i)}, keep(&k)); err != nil { t.Error(i, err) }
		store := &outcomes.Store{DB: d}
		for _, site := range allSites(t, d) {
			ctx := actor.With(t.Context(), actor.Actor{Role: actor.SiteManager, Sites: []uuid.UUID{site.ID}})
			for _, state := range []outcomes.State{outcomes.Upcoming, outcomes.Due, outcomes.Overdue, outcomes.Missed, outcomes.OnHold, outcomes.Completes, outcomes.Lost} {
				list, _, err := store.FollowUps(ctx, outcomes.FollowUpFilter{State: state}, outcomes.FollowUpPosition{}, 200)
				if err != nil || len(list) == 0 { t.Errorf("%d %s has no follow-up that is %s (%v)", i, site.Code, state, err) }
			}
		}
		thereIsSomeOfEverything(t, d, k)
		referralsFollowFromTheirMoves2(t, d)
		d.Close()
	}
}
func TestZBig(t *testing.T) { load(t, 10000, 3) }
func referralsFollowFromTheirMoves2(t *testing.T, d *db.DB) {
	look(t, d, func(tx *db.Tx) error {
		statuses, undone := map[referrals.Status]int{}, 0
		for _, h := range histories(t, tx) {
			statuses[h.Status]++
			want, err := h.Replayed(tx)
			if err != nil {
				return err
			}
			if got := h.Progress; !reflect.DeepEqual(plain(got), plain(want)) {
				t.Errorf("referral %s is %+v; its moves make it %+v", h.ID, got, want)
			}
			undone++
			
		}
		for _, s := range referrals.Statuses() {
			if s != referrals.Draft && s != referrals.EnteredInError && statuses[s] == 0 {
				t.Logf("no referral is %s", s)
			}
		}
		if undone == 0 {
			t.Error("no move is undone")
		}
		return nil
	})
}

