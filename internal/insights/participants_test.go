package insights

import (
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

func TestParticipantsByHand(t *testing.T) {
	seen := []taking{{Cell: Cell{SiteID: "a", Sub: "m9_12"}, NoBaseline: 20, Later: 60, Open: 10, Lost: 12, Missed: 3, Paused: 9, NeverTried: 11, TriedOnce: 20,
		Better: 20, Same: 15, Worse: 10, BeenNotSaid: 8, Helped: 16, NoHelp: 9, MadeWorse: 0, HelpNotSaid: 0, NotUsed: 18, MetHelped: 30, MetNoHelp: 9, MetWorse: 0, Whole: 30, Partly: 12}}
	if got, want := asJSON(t, tabled(participants, disclosure.None(), abc[:1], seen, "m9_12")[0]), `{"timepoint":"m9_12","enrolled":147,"baseline":127,"due":87,"followed_up":53,"followed_up_percent":60.9,`+
		`"still_open":10,"lost":12,"missed":3,"paused":9,"tried_once":20,"tried_more":56,"never_tried":11,"better":20,"same":15,"worse":10,"used":25,"not_used":18,"helped":16,"not_helped":9,"made_worse":0,`+
		`"meeting_helped":30,"meeting_not_helped":9,"meeting_made_worse":0,"all_answers":30,"some_answers":12,"no_answers":11,"suppressed":false}`; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if got, want := asJSON(t, tabled(participants, disclosure.NHSEngland(8), abc[:1], seen, "m9_12")[0]), `{"timepoint":"m9_12","enrolled":145,"baseline":125,"due":85,"followed_up":55,"followed_up_percent":64.7,`+
		`"still_open":10,"lost":10,"missed":null,"paused":null,"tried_once":20,"tried_more":55,"never_tried":10,"better":20,"same":15,"worse":10,"used":25,"not_used":20,"helped":15,"not_helped":10,"made_worse":0,`+
		`"meeting_helped":30,"meeting_not_helped":10,"meeting_made_worse":0,"all_answers":30,"some_answers":10,"no_answers":10,"suppressed":false}`; got != want {
		t.Errorf("three were missed:\n%s\nwant\n%s", got, want)
	}
}

// whole makes what was drawn hang together: nobody is more than those they are of.
func (p taking) whole() taking {
	answered := p.answered()
	within := func(most int, parts ...*int) {
		for _, n := range parts {
			*n = min(*n, most)
			most -= *n
		}
	}
	within(answered, &p.Helped, &p.NoHelp, &p.MadeWorse, &p.HelpNotSaid, &p.NotUsed)
	within(answered, &p.MetHelped, &p.MetNoHelp, &p.MetWorse)
	within(answered, &p.Whole, &p.Partly)
	within(p.due(), &p.NeverTried, &p.TriedOnce)
	within(p.due()+p.Later, &p.NoBaseline)
	return p
}

func TestParticipantsAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		var seen []taking
		for _, site := range abc {
			s := few(t, taking{}, site).whole()
			s.Sub = "m9_12"
			seen = append(seen, s)
		}
		truth, shown := countsOf(tabled(participants, disclosure.None(), abc, seen, "m9_12")), countsOf(tabled(participants, p, abc, seen, "m9_12"))
		safeCounts(t, p, shown)
		subtract(t, p, truth, shown, map[string][]string{"enrolled": {"baseline"}, "due": {"followed_up", "still_open", "lost", "missed", "paused"}, "followed_up": {"better", "same", "worse"}, "used": {"helped", "not_helped", "made_worse"}})
		subtract(t, p, truth, shown, map[string][]string{"enrolled": {"due"}, "due": {"tried_once", "tried_more", "never_tried"}, "followed_up": {"used", "not_used"}})
		subtract(t, p, truth, shown, map[string][]string{"followed_up": {"meeting_helped", "meeting_not_helped", "meeting_made_worse"}})
		subtract(t, p, truth, shown, map[string][]string{"followed_up": {"all_answers", "some_answers", "no_answers"}})
	})
}
