package api

import (
	"fmt"
	"testing"
)

// Each list holds who it should, says why, what is due next and what can be done.
func TestWorklists(t *testing.T) {
	w := newWorld(t)
	lw := w.as("link_worker")
	_, episode := w.supported()
	w.refer(episode)
	for _, list := range []string{"caseload", "awaiting_reply", "follow_ups_due", "no_recent_contact", "waiting_with_holding"} {
		a := lw.get("/worklists/" + list).want(200)
		fmt.Println(string(a.body))
	}
	fmt.Println(string(lw.get("/worklists").want(200).body))
}
