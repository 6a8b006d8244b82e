package outcomes

import (
	"fmt"
	"slices"
	"strings"

	"waypost/internal/instruments"
	"waypost/internal/platform/day"
	"waypost/internal/platform/db"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/normal"
)

// What is worth knowing of answers that were taken all the same. Where no source gives a limit, such as of
// days, there is none.

// respondentWarnings warns of who answered, and of a language that no program knows. Its list is never nil, so
// that an answer shows an empty one.
func respondentWarnings(respondent string, helper, language *string) []fault.Warning {
	out := []fault.Warning{}
	if respondent == "proxy" {
		out = append(
			out,
			fault.Warning{
				Code:   "proxy_answers",
				Detail: "Somebody answered for the person: how others see a person's wellbeing can differ from how they see it.",
			},
		)
	}
	if respondent != "self" && helper == nil {
		out = append(
			out,
			fault.Warning{
				Code:   "helper_not_said",
				Detail: "It is not said who helped or answered: see helper and the code list helpers.",
			},
		)
	}
	return append(out, normal.LanguageKept(language)...)
}

// dateWarnings warns of answers on a day outside the follow-up's windows; of no follow-up there is nothing to say.
func (f *FollowUp) dateWarnings(on day.Date) (out []fault.Warning) {
	if f == nil {
		return nil
	}
	if on.Before(f.OpensOn) || on.After(f.ClosesOn) {
		out = append(
			out,
			fault.Warning{
				Code:   "outside_contact_window",
				Detail: fmt.Sprintf("People are asked from %s to %s.", f.OpensOn, f.ClosesOn),
			},
		)
	}
	if on.Before(f.AnalysisFrom) || on.After(f.AnalysisTo) {
		out = append(
			out,
			fault.Warning{
				Code: "outside_analysis_window",
				Detail: fmt.Sprintf(
					"It is kept, and does not count as change: only answers from %s to %s do.",
					f.AnalysisFrom,
					f.AnalysisTo,
				),
			},
		)
	}
	return out
}

// unusedServiceWarnings warns of what helped somebody who says that they did not use it: one of the two may be a slip.
func (n *Completion) unusedServiceWarnings() (out []fault.Warning) {
	for i, u := range n.Services {
		if slices.Contains([]string{"not_yet", "did_not_use"}, u.Used) &&
			slices.Contains([]string{"a_lot", "some", "a_little"}, u.Benefit) {
			out = append(
				out,
				fault.Warning{
					Code: "benefit_without_use",
					Detail: fmt.Sprintf(
						"services[%d]: it was not used, and helped. Both are kept, and it counts as having helped.",
						i,
					),
				},
			)
		}
	}
	return out
}

// warn gathers what is worth knowing of the answers to one instrument.
func (a *Assessment) warn(tx *db.Tx, i instruments.Instrument) ([]fault.Warning, error) {
	out := a.missingAnswerWarnings(i)
	if a.Timepoint == "baseline" {
		late, err := a.lateBaselineWarnings(tx)
		return append(out, late...), err
	}
	compared, err := a.comparisonWarnings(tx)
	return append(out, compared...), err
}

// missingAnswerWarnings warns of items without a word, and of scores that cannot be made for want of answers.
func (a *Assessment) missingAnswerWarnings(i instruments.Instrument) (out []fault.Warning) {
	var left, unmade []string
	for _, it := range i.Items {
		if _, said := a.Responses[it.Code]; !said {
			left = append(left, it.Code)
		}
	}
	for _, s := range i.Scores {
		if !a.Scores.Has(s.Code) {
			unmade = append(unmade, s.Code)
		}
	}
	if len(left) > 0 {
		out = append(
			out,
			fault.Warning{
				Code:   "items_left_out",
				Detail: i.Key + ": neither answered, nor said why not: " + strings.Join(left, ", ") + ".",
			},
		)
	}
	if len(unmade) > 0 {
		out = append(
			out,
			fault.Warning{
				Code:   "score_not_made",
				Detail: i.Key + ": answers are missing for: " + strings.Join(unmade, ", ") + ".",
			},
		)
	}
	return out
}

// lateBaselineWarnings warns of a baseline taken when the person had begun already with what they were referred to.
func (a *Assessment) lateBaselineWarnings(tx *db.Tx) ([]fault.Warning, error) {
	midnight, err := tx.Midnight(a.SiteID, a.CompletedOn) // what began on the day itself may have begun after it
	if err != nil {
		return nil, err
	}
	var begun bool
	err = tx.Raw(`select exists (select from referrals r where r.site_id = ? and r.episode_id = ? and r.status
		<> 'entered_in_error'
		and (r.first_attended_on < ? or exists (select from referral_moves m
			where m.site_id = r.site_id and m.referral_id = r.id and m.to_status = 'in_progress' and
				m.voided_at is null and m.occurred_at < ?)))`,
		a.SiteID, a.EpisodeID, a.CompletedOn, midnight).Scan(&begun).Error
	if err != nil || !begun {
		return nil, err
	}
	return []fault.Warning{
		{
			Code: "baseline_after_attendance",
			Detail: a.Instrument + ": the person had begun already with something they were referred to, so a change may be " +
				"larger than it shows.",
		},
	}, nil
}

// comparisonWarnings warns of what makes a change since the baseline of the same instrument doubtful.
func (a *Assessment) comparisonWarnings(tx *db.Tx) ([]fault.Warning, error) {
	var found []Assessment
	err := tx.Table("counted_assessments").
		Where("site_id = ? and episode_id = ? and instrument = ? and timepoint = 'baseline'", a.SiteID, a.EpisodeID, a.Instrument).
		Find(&found).
		Error
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return []fault.Warning{
			{
				Code:   "no_baseline",
				Detail: a.Instrument + ": the episode has no baseline of it, so no change can be told.",
			},
		}, nil
	}
	return a.since(found[0]), nil
}

func (a *Assessment) since(baseline Assessment) (out []fault.Warning) {
	if a.Mode != baseline.Mode {
		out = append(
			out,
			fault.Warning{
				Code: "mode_differs",
				Detail: fmt.Sprintf(
					"%s: the baseline was answered by %s and this by %s. Answers given aloud tend to be more positive.",
					a.Instrument,
					baseline.Mode,
					a.Mode,
				),
			},
		)
	}
	if a.InstrumentVersion != baseline.InstrumentVersion {
		out = append(
			out,
			fault.Warning{
				Code: "version_differs",
				Detail: fmt.Sprintf(
					"%s: the baseline is of version %d and this of version %d, which are never compared.",
					a.Instrument,
					baseline.InstrumentVersion,
					a.InstrumentVersion,
				),
			},
		)
	}
	if a.CompletedOn == baseline.CompletedOn {
		out = append(
			out,
			fault.Warning{
				Code:   "same_day_as_baseline",
				Detail: a.Instrument + ": its baseline was taken on the same day.",
			},
		)
	}
	return out
}
