package study

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// scoreInWords is what a score is of, in plain words; of one that has none, its names.
func scoreInWords(instrument, score string) string {
	if words, is := scoreWords[instrument+"."+score]; is {
		return words
	}
	return strings.ToUpper(instrument) + " " + strings.ReplaceAll(score, "_", " ")
}

var scoreWords = map[string]string{
	"ons4.life_satisfaction": "How happy people are with their life",
	"ons4.worthwhile":        "How much they feel that what they do is worth it",
	"ons4.happiness":         "How happy they felt the day before",
	"ons4.anxiety":           "How worried they felt the day before",
}

// changesInWords says whose scores there are.
func changesInWords(changes []Change, asOf time.Time) []string {
	few := false
	for _, c := range changes {
		if c.Shown() {
			return []string{
				fmt.Sprintf(
					"Some people gave the same scores at the start and later. Here are the averages of all who had "+
						"done so by the end of %s.",
					lastDay(asOf),
				),
			}
		}
		few = few || c.Suppressed
	}
	if len(changes) == 0 {
		return []string{}
	}
	if few {
		return []string{"How scores changed cannot be shown safely for these people."}
	}
	return []string{"Nobody has given a score both at the start and later yet."}
}

// Shown reports whether there is something to tell.
func (c Change) Shown() bool { return c.Mean != nil && c.Before != nil && c.After != nil }

// Clear reports whether the change is told from none by its confidence interval.
func (c Change) Clear() bool {
	return c.CILow != nil && c.CIHigh != nil && (*c.CILow > 0 || *c.CIHigh < 0)
}

func (c Change) inWords() string {
	from, to := Score(*c.Before), Score(*c.After)
	out := ""
	if c.High != nil {
		out = " out of " + Score(*c.High)
	}
	head := fmt.Sprintf("%s: %s at the start, %s later%s.", c.Words, from, to, out)
	if !c.Clear() {
		return head + " That is " + c.Verdict() + "."
	}
	return fmt.Sprintf("%s It went %s, which is %s.", head, c.direction(), c.Verdict())
}

func (c Change) direction() string {
	if *c.Mean > 0 {
		return "up"
	}
	return "down"
}

// Verdict reports whether a change is for the better: better, worse, or no clear change.
func (c Change) Verdict() string {
	if !c.Clear() {
		return "no clear change"
	}
	if (*c.Mean > 0) == (c.Better == "higher") {
		return "better"
	}
	return "worse"
}

// Score is a mean as readers meet it, with one decimal.
func Score(x float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", math.Round(10*x)/10+0), ".0")
}
