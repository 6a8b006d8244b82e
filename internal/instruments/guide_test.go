package instruments

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/instruments.md anew")

const guide = "../../docs/instruments.md"

// The tables of the guide say what the registry says.
func TestTheGuideSaysWhatTheRegistrySays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	fresh := string(text)
	for name, table := range map[string]string{"instruments": instrumentTable(), "scores": scoreTable()} {
		from, to := "<!-- "+name+": written by make docs -->\n", "<!-- end -->"
		before, rest, opened := strings.Cut(fresh, from)
		_, after, closed := strings.Cut(rest, to)
		if !opened || !closed {
			t.Fatalf("docs/instruments.md has no place for the table of %s", name)
		}
		fresh = before + from + table + to + after
	}
	if *update {
		err = os.WriteFile(guide, []byte(fresh), 0o644)
	}
	if err != nil || !*update && fresh != string(text) {
		t.Errorf("docs/instruments.md is not what the registry says: run make docs (%v)", err)
	}
}

func instrumentTable() string {
	var b strings.Builder
	b.WriteString("| key | what it is | questions | its words | on which terms | where its rules were read " +
		"|\n|---|---|---|---|---|---|\n")
	for _, i := range Builtin() {
		words := "come with Waypost"
		if !i.WordingShipped {
			words = "**you load them**"
		}
		fmt.Fprintf(
			&b,
			"| `%s` | %s | %d | %s | %s | %s |\n",
			i.Key,
			i.Title+i.answeredBy(),
			len(i.Items),
			words,
			i.Licence,
			i.Source,
		)
	}
	return b.String()
}

// answeredBy is who alone may answer, for people.
func (i Instrument) answeredBy() string {
	switch {
	case i.SelfOnly && i.MinAge > 0:
		return fmt.Sprintf("; for people of %d and over, who answer themselves", i.MinAge)
	case i.SelfOnly:
		return "; people answer themselves"
	case i.MinAge > 0:
		return fmt.Sprintf("; for people of %d and over", i.MinAge)
	default:
		return ""
	}
}

func scoreTable() string {
	var b strings.Builder
	b.WriteString("| score | how it is made | range | better | missing answers | bands | counts as improved or worse " +
		"from |\n|---|---|---|---|---|---|---|\n")
	for _, i := range Builtin() {
		for _, s := range i.Scores {
			fmt.Fprintf(
				&b,
				"| `%s` `%s` | %s | %g to %g | %s | %s | %s | %s |\n",
				i.Key,
				s.Code,
				s.inWords(),
				s.Min,
				s.Max,
				s.Better,
				s.missing(),
				s.banded(),
				s.threshold(),
			)
		}
	}
	return b.String()
}

// inWords is how the score is made, for people.
func (s Score) inWords() string {
	switch s.Method {
	case "value":
		return "the answer itself"
	case "sum":
		return fmt.Sprintf("sum of %d items", len(s.Items))
	case "table":
		return fmt.Sprintf("`%s`, converted by a table of %d rows", s.Of, len(s.Table))
	}
	var parts []string
	for _, c := range s.Counts {
		parts = append(
			parts,
			fmt.Sprintf(
				"%s answered with %s",
				strings.Join(c.Items, ", "),
				strings.ReplaceAll(strings.Trim(fmt.Sprint(c.Values), "[]"), " ", " or "),
			),
		)
	}
	return "how many of " + strings.Join(parts, "; of ")
}

func (s Score) missing() string {
	switch {
	case s.Method == "table":
		return "as `" + s.Of + "`"
	case s.MissingAs == "not_counted":
		return fmt.Sprintf("up to %d, which do not count", s.MissingAllowed)
	case s.MissingAs == "prorated":
		rounded := map[string]string{
			"nearest": ", rounded to the nearest",
			"half_up": ", rounded, a half upwards",
			"up":      ", rounded upwards",
		}
		return fmt.Sprintf("up to %d, by the mean of the others%s", s.MissingAllowed, rounded[s.Round])
	default:
		return "none"
	}
}

func (s Score) banded() string {
	var parts []string
	for _, b := range s.Bands {
		parts = append(parts, fmt.Sprintf("%g–%g %s", b.From, b.To, strings.ReplaceAll(b.Code, "_", " ")))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + " (" + s.BandSource + ")"
}

func (s Score) threshold() string {
	if s.ResponderThreshold == nil {
		return "nothing is verified: nobody is sorted"
	}
	return fmt.Sprintf("%g (%s)", *s.ResponderThreshold, s.ThresholdSource)
}
