package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The lines of the README and of the walk through the whole loop, pasted into a shell, answer what they say they do.
func TestTheWalkOfTheREADME(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, ten, found := strings.Cut(string(readme), "## Ten lines")
	ten, _, ends := strings.Cut(ten, "## Who may do what")
	if !found || !ends {
		t.Fatal("the README has no lines to try")
	}
	walk, err := os.ReadFile("../../docs/walkthrough.md")
	if err != nil {
		t.Fatal(err)
	}
	i := newInstance(t, "--demo", "--people", "300")
	i.start()
	i.paste("", ten).check(t, 2)
	i.paste("", string(walk)).check(t, 20)
}

// walked is what a walk's lines are said to answer, and what they do.
type walked struct {
	wants   []want
	answers []string
}

// paste pastes a walk into a shell in a folder, which knows this instance, the program that is tested, and
// Debian's Python, which has Debian's packages.
func (i *instance) paste(folder, walk string, more ...string) walked {
	i.t.Helper()
	script, wants := pasted(walk)
	shell := exec.CommandContext(i.t.Context(), "bash", "-c", script)
	shell.Dir = folder
	shell.Env = append(
		append(
			os.Environ(),
			"W=http://"+i.addr+"/v1",
			"KEYS="+filepath.Join(i.dir, "demo-keys.json"),
			"PATH="+filepath.Dir(i.bin)+":/usr/bin:"+os.Getenv("PATH"),
		),
		more...)
	out, err := shell.CombinedOutput()
	if err != nil {
		i.t.Fatalf("%v: %s", err, out)
	}
	return walked{wants, strings.Split(string(out), "\x1e")}
}

func (w walked) check(t *testing.T, least int) {
	t.Helper()
	for n, want := range w.wants {
		if n >= len(w.answers) || !want.in(w.answers[n]) {
			t.Errorf("%s\nanswers %.600s\nwhich lacks %s", want.line, w.answers[min(n, len(w.answers)-1)], want.answer)
		}
	}
	if len(w.wants) < least {
		t.Errorf("only %d answers are checked", len(w.wants))
	}
}

type want struct{ line, answer string }

var inWords = map[string]*regexp.Regexp{
	"an id": regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n?$`),
	"a day": regexp.MustCompile(`^\d{4}-\d{2}-\d{2}\n?$`),
}

// in reports whether the answer is there, or what it is in words.
func (w want) in(answer string) bool {
	if form, ok := inWords[w.answer]; ok {
		return form.MatchString(strings.TrimSpace(answer))
	}
	return strings.Contains(answer, w.answer)
}

// pasted takes the lines of the walk's code, and what each is said to answer; a record separator ends each answer.
func pasted(walk string) (script string, wants []want) {
	inCode, last := false, ""
	for line := range strings.Lines(walk) {
		line = strings.TrimRight(line, "\n")
		answer, isAnswer := strings.CutPrefix(line, "# → ")
		switch {
		case strings.HasPrefix(line, "```"):
			inCode = line == "```sh"
		case !inCode:
		case isAnswer:
			wants = append(wants, want{last, answer})
			script += "printf '\\036'\n"
		default:
			script += line + "\n"
			last = line
		}
	}
	return fmt.Sprintf("set -u\n%s", script), wants
}
