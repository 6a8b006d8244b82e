package api_test

import (
	"net/url"
	"slices"
	"time"
)

// state is the state that a follow-up should have today.
func (p *walker) state(f *followUp, today time.Time) string {
	switch {
	case !f.answered.IsZero():
		return "completed"
	case f.lost != "":
		return "lost"
	case p.died || p.refused:
		return "paused"
	}
	return f.window(today)
}

// window is the state by the follow-up's dates alone.
func (f *followUp) window(today time.Time) string {
	switch {
	case today.Before(f.opens):
		return "upcoming"
	case !today.After(f.target):
		return "due"
	case !today.After(f.closes):
		return "overdue"
	}
	return "missed"
}

// check compares what the server lists and counts with what the test expects.
func (y *fifteenMonths) check(week int) {
	today, want := y.now(), map[string][]string{}
	for _, p := range y.people {
		for _, f := range p.followUps {
			state := p.state(f, today)
			want[state] = append(want[state], f.id)
			y.seen[state]++
		}
	}
	for _, state := range []string{"upcoming", "due", "overdue", "missed", "lost", "paused", "completed"} {
		got := y.listed(state)
		slices.Sort(got)
		slices.Sort(want[state])
		if !slices.Equal(got, want[state]) {
			y.t.Errorf("%d follow-ups are listed as %s, want %d", len(got), state, len(want[state]))
		}
	}
	truth, public := y.as("site_manager").get("/insights/retention"), y.as("dashboard").get("/insights/retention")
	for i, s := range stages {
		y.compare(
			s.code,
			y.expectedCounts(s.code, today),
			y.expectedCounts(s.code, today.AddDate(0, 0, -1)),
			truth.at("rows").([]any)[i].(map[string]any),
			public.at("rows").([]any)[i].(map[string]any),
		)
	}
}

func (y *fifteenMonths) listed(state string) (ids []string) {
	query := url.Values{"state": {state}, "limit": {"200"}}
	for {
		page := y.as("link_worker").get("/follow-ups?" + query.Encode()).want(200)
		for _, item := range page.items() {
			f := item.(map[string]any)
			if f["state"] != state {
				y.t.Errorf("listed as %s: %v", state, f)
			}
			ids = append(ids, f["id"].(string))
		}
		next, more := page.at("next_cursor").(string)
		if !more {
			return ids
		}
		query.Set("cursor", next)
	}
}

// expectedCounts counts the follow-ups of one stage by the tree in docs/figures.md.
func (y *fifteenMonths) expectedCounts(code string, today time.Time) map[string]int {
	n := map[string]int{}
	for _, p := range y.people {
		for _, f := range p.followUps {
			if f.code == code {
				for _, kind := range p.kinds(f, today) {
					n[kind]++
				}
			}
		}
	}
	return n
}

// kinds are the counts of the tree that the follow-up is in.
func (p *walker) kinds(f *followUp, today time.Time) (kinds []string) {
	state := p.state(f, today)
	if state == "lost" && f.lost == "died" || state == "paused" && p.died && !p.diedOn.After(f.closes) {
		return []string{"died"}
	}
	if state == "paused" && !p.refused {
		state = f.window(today) // somebody who died after the window closed could have been asked
	}
	kinds = []string{"eligible", map[string]string{
		"upcoming": "not_yet_due", "due": "still_open", "overdue": "still_open", "completed": "followed_up",
		"paused": "said_no_to_contact",
	}[state]}
	if kinds[1] == "" {
		kinds[1] = state
	}
	switch {
	case state == "lost":
		kinds = append(kinds, "ended", "lost_"+f.lost)
	case state == "completed" && f.answered.Before(f.opens):
		kinds = append(kinds, "ended", "followed_up_early")
	case state == "completed" && f.answered.After(f.closes):
		kinds = append(kinds, "ended", "followed_up_late")
	case state == "completed":
		kinds = append(kinds, "ended", "followed_up_in_window")
	case state == "missed" || state == "paused":
		kinds = append(kinds, "ended")
	}
	if f.tried {
		kinds = append(kinds, "attempted")
	} else if kinds[1] == "still_open" || kinds[1] == "missed" {
		kinds = append(kinds, "not_invited")
	}
	return kinds
}

// compare checks a row: staff see what is expected exactly; a partner sees yesterday's counts, each 0 or at least 8 and
// rounded to 5, or withheld.
func (y *fifteenMonths) compare(code string, want, yesterday map[string]int, truth, public map[string]any) {
	for name := range truth {
		switch name {
		case "timepoint", "suppressed", "retention_percent":
			continue
		}
		n, _ := truth[name].(float64)
		if truth[name] == nil || int(n) != want[name] {
			y.t.Errorf("%s: %s is %v, want %d", code, name, truth[name], want[name])
		}
		shown, is := public[name].(float64)
		n = float64(yesterday[name])
		if is && name != "ended" &&
			(shown != 0 && shown < 8 || int(shown)%5 != 0 || shown-n > 2 || n-shown > 2 || (shown == 0) != (n == 0)) {
			y.t.Errorf("%s: of %v %s a partner sees %v", code, n, name, shown)
		}
	}
	if share, is := truth["retention_percent"].(float64); is &&
		(share < 100*float64(want["followed_up"])/float64(want["ended"])-0.06 ||
			share > 100*float64(want["followed_up"])/float64(want["ended"])+0.06) {
		y.t.Errorf("%s: %v %% of %d in %d", code, share, want["followed_up"], want["ended"])
	}
}

// outcomes checks that a baseline is paired with an answer by the analysis windows alone, whichever follow-up the answer
// belongs to.
func (y *fifteenMonths) outcomes() {
	rows := y.as("site_manager").get("/insights/outcomes").at("rows").([]any)
	for _, s := range stages {
		paired := 0
		for _, p := range y.people {
			if slices.ContainsFunc(p.followUps, func(f *followUp) bool {
				days := int(f.answered.Sub(p.anchor).Hours() / 24)
				return !f.answered.IsZero() && days >= s.analysisFrom && days <= s.analysisTo
			}) {
				paired++
			}
		}
		for _, r := range rows {
			if r := r.(map[string]any); r["timepoint"] == s.code && r["score"] == "life_satisfaction" &&
				(r["paired_n"] != float64(paired) || r["baseline_n"] != float64(everyone) || r["mean_change"] != 2.0) {
				y.t.Errorf("%s: %v, want %d pairs", s.code, r, paired)
			}
		}
	}
}
