package insights

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"waypost/internal/disclosure"
)

func TestFlowByHand(t *testing.T) {
	seen := []reached{
		{
			Cell:  Cell{SiteID: "a"},
			Step0: 10,
			Step1: 20,
			Step2: 30,
			Step3: 40,
			Step4: 2,
			Step5: 60,
			Step6: 70,
			Step7: 80,
		},
	}
	if got, want := asJSON(t, tabled(flow, disclosure.None(), abc[:1], seen, "")[0]), `{"received_in":312,
		"contacted":302,"baseline":282,"referral_sent":252,"accepted":212,"attended":210,"follow_up_due":150,
		"followed_up":80,"followed_up_percent":25.6,"suppressed":false}`; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if got, want := asJSON(
		t,
		tabled(flow, disclosure.NHSEngland(8), abc[:1], seen, "")[0],
	), `{"received_in":310,"contacted":300,"baseline":280,"referral_sent":250,"accepted":null,"attended":210,
		"follow_up_due":150,"followed_up":80,"followed_up_percent":25.8,"suppressed":false}`; got != want {
		t.Errorf("two who were accepted did not come:\n%s\nwant\n%s", got, want)
	}
}

func TestReferralsByHand(t *testing.T) {
	seen := []standing{
		{
			Cell:         Cell{SiteID: "a"},
			Signposts:    9,
			Sent:         10,
			Accepted:     11,
			Waitlisted:   12,
			InProgress:   13,
			Completed:    14,
			NotCompleted: 15,
			Declined:     16,
			Withdrawn:    17,
			Expired:      18,
			Within7:      50,
			Within14:     20,
			Within28:     10,
			Later:        8,
		},
	}
	if got, want := asJSON(t, tabled(referrals, disclosure.None(), abc[:1], seen, "")[0]), `{"all":126,
		"closed":45,"open":46,"expired":18,"withdrawn":17,"completed":14,"not_completed":15,"declined":16,
		"in_progress":13,"accepted":11,"waitlisted":12,"sent":10,`+
		`"answered_in_7_days":50,"answered_in_14_days":20,"answered_in_28_days":10,"answered_later":8,"loop_closure_percent":35.7,"signposts":9,"suppressed":false}`; got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

// few draws every count of a cell, often near the threshold.
func few[C any](t *rapid.T, c C, site string) C {
	count := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 12), rapid.IntRange(0, 90))
	v := reflect.ValueOf(&c).Elem()
	v.FieldByName("SiteID").SetString(site)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Int {
			f.SetInt(int64(count.Draw(t, v.Type().Field(i).Name)))
		}
	}
	return c
}

func TestFlowAndReferralsAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := disclosure.NHSEngland(rapid.IntRange(0, 15).Draw(t, "threshold"))
		var came []reached
		var stand []standing
		for _, site := range abc {
			came = append(came, few(t, reached{}, site))
			s := few(t, standing{}, site)
			s.Within7, s.Within14, s.Within28, s.Later = rapid.IntRange(0, total(s.all())).Draw(t, "soon"), 0, 0, 0
			stand = append(stand, s)
		}
		truth, shown := countsOf(
			tabled(flow, disclosure.None(), abc, came, ""),
		), countsOf(
			tabled(flow, p, abc, came, ""),
		)
		safeCounts(t, p, shown)
		steps := []string{
			"received_in",
			"contacted",
			"baseline",
			"referral_sent",
			"accepted",
			"attended",
			"follow_up_due",
			"followed_up",
		}
		for i := range steps {
			for j := range steps[:i] {
				subtract(t, p, truth, shown, map[string][]string{steps[j]: {steps[i]}})
			}
		}
		truth, shown = countsOf(
			tabled(referrals, disclosure.None(), abc, stand, ""),
		), countsOf(
			tabled(referrals, p, abc, stand, ""),
		)
		safeCounts(t, p, shown)
		subtract(
			t,
			p,
			truth,
			shown,
			map[string][]string{
				"all":    {"closed", "open", "expired", "withdrawn"},
				"closed": {"completed", "not_completed", "declined"},
				"open":   {"in_progress", "accepted", "waitlisted", "sent"},
			},
		)
		subtract(
			t,
			p,
			truth,
			shown,
			map[string][]string{
				"all": {"answered_in_7_days", "answered_in_14_days", "answered_in_28_days", "answered_later"},
			},
		)
	})
}
