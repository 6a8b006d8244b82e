package api_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waypost/internal/insights"
)

// What R makes of a site's outcomes_paired is what Waypost answers about the people who consent there: as
// it answers, to two decimals, and to 1e-9 as it works out. People who withdrew and let their data be kept
// are in the table and not in the answer.
func TestRsPairedFiguresAreTheAPIs(t *testing.T) {
	s := newStudy(t, 1500)
	s.withdraws(s.answered())
	folder := s.release(s.project("explicit_consent", "safe_setting", 5, s.site))
	answer := s.as("site_manager").get("/insights/outcomes?population=research_consented").want(200)
	var figures struct{ Rows []insights.OutcomeRow }
	if err := json.Unmarshal(answer.body, &figures); err != nil {
		t.Fatal(err)
	}
	pairs, kept := pairsOf(t, folder)
	if kept == 0 {
		t.Error("nobody in the table withdrew")
	}
	compared := 0
	for _, line := range saidByR(t, folder) {
		if line[0] != "pairs" {
			continue
		}
		r := numbersOf(t, line[4:])
		i := slices.IndexFunc(figures.Rows, func(o insights.OutcomeRow) bool {
			return o.Instrument == line[1] && o.Score == line[2] && o.Timepoint == line[3]
		})
		if i < 0 || figures.Rows[i].PairedN == nil {
			t.Errorf("the API has no figures of %s", line[1:4])
			continue
		}
		compared++
		agree(t, strings.Join(line[1:4], " "), r, figures.Rows[i], insights.Compare(pairs[line[2]]))
	}
	if compared != 4 {
		t.Errorf("%d scores were compared", compared)
	}
}

// agree holds R's figures against those on the wire, and against those they are rounded from.
func agree(t *testing.T, of string, r []float64, o insights.OutcomeRow, c insights.Change) {
	t.Helper()
	if r[0] < 8 {
		t.Errorf("%s: only %v pairs", of, r[0])
	}
	whole := func(n *int) *float64 { return new(float64(*n)) }
	for i, f := range []struct {
		name        string
		wire, exact *float64
		step        float64 // the wire's
	}{
		{"paired_n", whole(o.PairedN), new(float64(c.N)), 0}, {"baseline_n", whole(o.BaselineN), nil, 0},
		{"baseline_mean", o.BaselineMean, c.BaselineMean, 0.01}, {"baseline_sd", o.BaselineSD, c.BaselineSD, 0.01},
		{"follow_up_mean", o.FollowUpMean, c.FollowUpMean, 0.01}, {"follow_up_sd", o.FollowUpSD, c.FollowUpSD, 0.01},
		{"mean_change", o.MeanChange, c.MeanChange, 0.01}, {"sd_change", o.SDChange, c.SDChange, 0.01},
		{"ci_low", o.CILow, c.CILow, 0.01}, {"ci_high", o.CIHigh, c.CIHigh, 0.01}, {"p_value", o.PValue, c.P, 0.0001},
		{"improved", whole(o.Improved), nil, 0}, {"standardised_change", o.StandardisedChange, c.DZ, 0.01},
	} {
		if math.Abs(r[i]-*f.wire) > f.step/2+1e-9 {
			t.Errorf("%s: %s is %v by R, and the API says %v", of, f.name, r[i], *f.wire)
		}
		if f.exact != nil && math.Abs(r[i]-*f.exact) > 1e-9 {
			t.Errorf("%s: %s is %v by R, and %v before it is rounded", of, f.name, r[i], *f.exact)
		}
	}
}

func numbersOf(t *testing.T, texts []string) (list []float64) {
	t.Helper()
	for _, text := range texts {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// pairsOf reads the pairs of the people who consent, by score, and counts those of people who withdrew.
func pairsOf(t *testing.T, folder string) (pairs map[string][]insights.Pair, withdrawn int) {
	t.Helper()
	pairs = map[string][]insights.Pair{}
	for _, row := range tableOf(t, folder, "outcomes_paired.csv") {
		switch {
		case row["follow_up"] == "":
		case row["consent"] != "consented":
			withdrawn++
		default:
			n := numbersOf(t, []string{row["baseline"], row["follow_up"]})
			pairs[row["score"]] = append(pairs[row["score"]], insights.Pair{Before: n[0], After: n[1]})
		}
	}
	return pairs, withdrawn
}

// tableOf reads a CSV file's rows by the names of its columns.
func tableOf(t *testing.T, folder, name string) (list []map[string]string) {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	from := csv.NewReader(f)
	names, err := from.Read()
	if err != nil {
		t.Fatal(err)
	}
	for {
		line, err := from.Read()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, n := range names {
			row[n] = line[i]
		}
		list = append(list, row)
	}
}

// answered is somebody at the manager's site who consents, with a baseline and a response that pairs with it.
func (s releasing) answered() (patient string) {
	s.t.Helper()
	for _, f := range s.as("link_worker").get("/follow-ups?state=completed&limit=200").want(200).items() {
		episode := s.as("link_worker").get("/episodes/" + f.(map[string]any)["episode_id"].(string)).want(200)
		patient := episode.text("patient_id")
		for _, c := range s.as("link_worker").get("/patients/" + patient + "/consents").want(200).items() {
			if c := c.(map[string]any); c["purpose"] == "research" && c["decision"] == "given" {
				return patient
			}
		}
	}
	s.t.Fatal("nobody has answered")
	return ""
}

// withdraws says no to being contacted and lets what there is be kept.
func (s releasing) withdraws(patient string) {
	s.t.Helper()
	s.as("link_worker").post("/patients/"+patient+"/consents", fmt.Sprintf(`{"purpose":"research",
		"decision":"withdrawn","withdrawal":"stop_contact_keep_data","decided_on":%q}`, s.today())).want(201)
}
