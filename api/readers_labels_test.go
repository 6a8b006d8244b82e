package api_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// REDCap takes the dictionary: its 18 columns, the record's id first and as text, a form's fields together,
// names that it allows.
func TestREDCapTakesTheDictionary(t *testing.T) {
	s := newStudy(t, 150)
	folder := s.release(s.project("section_251", "safe_setting", 5))
	f, err := os.Open(filepath.Join(folder, "redcap_dictionary.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Variable / Field Name",
		"Form Name",
		"Section Header",
		"Field Type",
		"Field Label",
		"Choices, Calculations, OR Slider Labels",
		"Field Note",
		"Text Validation Type OR Show Slider Number",
		"Text Validation Min",
		"Text Validation Max",
		"Identifier?",
		"Branching Logic (Show field only if...)",
		"Required Field?",
		"Custom Alignment",
		"Question Number (surveys only)",
		"Matrix Group Name",
		"Matrix Ranking?",
		"Field Annotation",
	}
	if !slices.Equal(lines[0], want) || len(want) != 18 {
		t.Errorf("its columns are %q", lines[0])
	}
	if first := lines[1]; first[0] != "study_id" || first[3] != "text" || first[5] != "" {
		t.Errorf("its first field is %q", first)
	}
	// a variable begins with a letter, has no two underscores in a row and none at its end, and is not what
	// REDCap makes itself
	name := regexp.MustCompile(`^[a-z](_?[a-z0-9])*$`)
	raw := regexp.MustCompile(`^(-?[0-9]+|[A-Za-z0-9_]+)$`)
	seen, forms := map[string]bool{}, []string{}
	for _, line := range lines[1:] {
		if !name.MatchString(line[0]) || len(line[0]) > 100 || seen[line[0]] ||
			strings.HasSuffix(line[0], "_complete") {
			t.Errorf("REDCap takes no variable %q, or it stands twice", line[0])
		}
		seen[line[0]] = true
		if len(forms) == 0 || forms[len(forms)-1] != line[1] {
			forms = append(forms, line[1])
		}
		if !slices.Contains([]string{"", "integer", "number"}, line[7]) ||
			!slices.Contains([]string{"text", "radio"}, line[3]) {
			t.Errorf("%s is of the type %s %s", line[0], line[3], line[7])
		}
		codes := map[string]bool{}
		for _, choice := range strings.Split(line[5], " | ") {
			code, label, _ := strings.Cut(strings.TrimSpace(choice), ", ")
			if line[3] == "radio" &&
				(!raw.MatchString(code) || label == "" || codes[code] || strings.ContainsAny(label, "|\n")) {
				t.Errorf("%s: REDCap takes no choice %q", line[0], choice)
			}
			codes[code] = true
		}
	}
	if want := []string{
		"participants",
		"episodes",
		"referrals",
		"assessments_long",
		"follow_ups",
		"outcomes_paired",
	}; !slices.Equal(
		forms,
		want,
	) {
		t.Errorf("its forms are %v", forms)
	}
	stataTakes(t, folder)
}

var (
	labelled  = regexp.MustCompile("^label variable (\\S+) `\"(.*)\"'$")
	valued    = regexp.MustCompile(`^label define (\S+) (.*)$`)
	valuedOne = regexp.MustCompile(`(-?\d+) \x60"([^\x60]*?)"'`)
	recoded   = regexp.MustCompile("^replace coded_ = (\\d+) if (\\S+) == `\"(.*)\"'$")
)

// stataTakes holds labels.do against Stata's limits: names of 32 characters, labels of 80, every code of a
// list labelled once.
func stataTakes(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "labels.do"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]map[string][]string{} // the codes of each column, by table
	for _, c := range tableOf(t, folder, "codebook.csv") {
		if known[c["table"]] == nil {
			known[c["table"]] = map[string][]string{}
		}
		var list []string
		for _, v := range strings.Split(c["values"], " | ") {
			if code, _, is := strings.Cut(v, ", "); is {
				list = append(list, strings.TrimSpace(code))
			}
		}
		known[c["table"]][c["column"]] = list
	}
	table, names, numbers, done := "", map[string]bool{}, map[string]map[string]string{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.Count(line, "`\"") != strings.Count(line, "\"'") {
			t.Errorf("Stata cannot tell where a text ends: %s", line)
		}
		if of, is := strings.CutPrefix(line, "import delimited using \""); is {
			table, _, _ = strings.Cut(of, ".csv")
			names, numbers = map[string]bool{}, map[string]map[string]string{}
		}
		if m := labelled.FindStringSubmatch(line); m != nil {
			if _, is := known[table][m[1]]; !is || len(m[1]) > 32 || len([]rune(m[2])) > 80 || m[2] == "" ||
				names[m[1]] {
				t.Errorf("%s: Stata takes no label %q of %s", table, m[2], m[1])
			}
			names[m[1]] = true
		}
		if m := recoded.FindStringSubmatch(line); m != nil {
			if numbers[m[2]] == nil {
				numbers[m[2]] = map[string]string{}
			}
			if _, twice := numbers[m[2]][m[3]]; twice {
				t.Errorf("%s.%s: the code %s has two numbers", table, m[2], m[3])
			}
			numbers[m[2]][m[3]] = m[1]
		}
		if m := valued.FindStringSubmatch(line); m != nil {
			column := strings.TrimSuffix(m[1], "_")
			stataLabels(t, table, column, m[1], m[2], known[table][column], numbers[column])
			done[table+"."+column] = true
		}
	}
	for table, columns := range known {
		for column, codes := range columns {
			if len(codes) > 0 && !done[table+"."+column] {
				t.Errorf("%s.%s: its codes have no labels in Stata", table, column)
			}
		}
	}
}

// stataLabels asks that a label's name fits, and that each code of the list has a number, and each number a
// label, once.
func stataLabels(t *testing.T, table, column, name, definition string, codes []string, numbers map[string]string) {
	t.Helper()
	labels := map[string]bool{}
	for _, one := range valuedOne.FindAllStringSubmatch(definition, -1) {
		if labels[one[1]] || one[2] == "" {
			t.Errorf("%s.%s: the number %s has two labels, or an empty one", table, column, one[1])
		}
		labels[one[1]] = true
	}
	if len(name) > 32 || len(labels) != len(codes) {
		t.Errorf("%s.%s: %d labels by the name %s for %d codes", table, column, len(labels), name, len(codes))
	}
	for _, code := range codes {
		number := code
		if numbers != nil {
			number = numbers[code]
		}
		if !labels[number] {
			t.Errorf("%s.%s: the code %s has no label", table, column, code)
		}
	}
}
