package api_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"waypost/internal/platform/spreadsheet"
)

// No name in the figures is a formula to a spreadsheet that opens them as CSV; a negative number stays one.
func TestNoFigureIsAFormula(t *testing.T) {
	w := newWorld(t)
	admin := w.as("administrator")
	rename := func(path, name string) {
		admin.patch(path, admin.get(path).header.Get("ETag"), fmt.Sprintf(`{"name":%q}`, name)).want(200)
	}
	rename("/sites/"+w.site, `=HYPERLINK("https://example.org","x")`)
	rename("/organisations/"+w.org, "+44 1632 960000")
	rename("/services/"+w.svc, "@SUM(A1)")
	_, episode := w.supported()
	w.refer(episode)
	w.ons4(episode, "baseline", w.daysAgo(20), 8, 8, 8, 2).want(201)
	w.advance("P9M")
	w.ons4(episode, "m9_12", w.today(), 5, 5, 5, 2).want(201)
	names, negative := map[string]bool{}, false
	for _, path := range []string{"outcomes?by=site", "services?from=2001-01", "referrals?by=organisation"} {
		text := string(w.as("site_manager").with("Accept", "text/csv").get("/insights/" + path).want(200).body)
		lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines[1:] {
			for i, cell := range line {
				names[cell] = true
				if lines[0][i] == "mean_change" {
					negative = negative || cell == "-3"
				} else if spreadsheet.Formula(cell) && strings.Trim(cell, "-0123456789.") != "" {
					t.Errorf("%s: a spreadsheet would run %s, %q", path, lines[0][i], cell)
				}
			}
		}
	}
	if !names[`'=HYPERLINK("https://example.org","x")`] || !names["'+44 1632 960000"] || !names["'@SUM(A1)"] ||
		!negative {
		t.Errorf("a name is not there, or no number is negative (%t): %v", negative, names)
	}
}
