package api

import (
	"fmt"
	"testing"
)

// scheduled gives the world's site one schedule of these offsets and instruments.
func (w *world) scheduled(opens, target, closes, instruments string) answer {
	admin := w.as("administrator")
	schedule := fmt.Sprintf(`{"code":"later","anchor":"baseline","opens_after":%q,"target_after":%q,"closes_after":%q,"analysis_from":1,"analysis_to":400,"instruments":%s}`, opens, target, closes, instruments)
	return admin.patch("/sites/"+w.site, admin.get("/sites/"+w.site).header.Get("ETag"), `{"schedules":[`+schedule+`]}`)
}

// Two of a schedule's days may be one: people are asked best at once, or until the target and no longer.
func TestAScheduleWhoseDaysMeet(t *testing.T) {
	for _, at := range [][3]string{{"P1M", "P1M", "P2M"}, {"P1M", "P2M", "P2M"}, {"P0D", "P0D", "P0D"}} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			w := newWorld(t)
			w.scheduled(at[0], at[1], at[2], `["ons4"]`).want(200)
			_, episode := w.supported()
			w.ons4(episode, "baseline", w.today(), 4, 5, 4, 6).want(201)
			got := w.as("link_worker").get("/follow-ups?episode_id=" + episode).want(200)
			opens, target, closes := got.text("items.0.opens_on"), got.text("items.0.target_on"), got.text("items.0.closes_on")
			if (opens == target) != (at[0] == at[1]) || (target == closes) != (at[1] == at[2]) || opens == "" || closes == "" {
				t.Errorf("opens %s, target %s, closes %s", opens, target, closes)
			}
		})
	}
}

// A window that is in order after one day and not after another would be missed before it opens.
func TestAScheduleHoldsForEveryDay(t *testing.T) {
	w := newWorld(t)
	for _, at := range [][3]string{{"P31D", "P31D", "P1M"}, {"P1M", "P30D", "P2M"}, {"P366D", "P366D", "P1Y"}, {"P3M", "P2M", "P4M"}} {
		w.scheduled(at[0], at[1], at[2], `["ons4"]`).problem(422, "invalid")
	}
	w.scheduled("P28D", "P1M", "P31D", `["ons4"]`).want(200)
}
