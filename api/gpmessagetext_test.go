package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	isDay  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	nhsDay = regexp.MustCompile(`\d{2}-[A-Z][a-z]{2}-\d{4}`)
	// said in words, or by a name
	machine = []string{
		"episode_id",
		"level",
		"decision",
		"instrument",
		"score",
		"band",
		"kind",
		"system",
		"attended",
		"status",
		"nhs_number",
	}
)

// The text says what the JSON says and no more, fits on 80 columns, and no free text passes for a heading of it.
func TestTheTextIsTheMessage(t *testing.T) {
	w, patient, episode := reported(t)
	w.agree(patient, "full")
	lw, path := w.as("link_worker"), "/episodes/"+episode+"/gp-message"
	a := lw.get(path + "?format=text").want(200)
	text := string(a.body)
	if kind := a.header.Get("Content-Type"); kind != "text/plain; charset=utf-8" {
		t.Errorf("as %s", kind)
	}
	for accept, same := range map[string]bool{
		"text/plain": true, "text/plain, application/json;q=0.5": true,
		"application/json, text/plain;q=0.5": false, "*/*": false, "text/csv": false,
	} {
		if got := string(lw.with("Accept", accept).get(path).want(200).body) == text; got != same {
			t.Errorf("Accept: %s gives text: %t", accept, got)
		}
	}
	if a := lw.with("Accept", "text/plain").
		get(path + "?format=json").
		want(200); a.header.Get(
		"Content-Type",
	) != "application/json" {
		t.Errorf("format goes before Accept: %s", a.header.Get("Content-Type"))
	}
	if n := strings.Count("\n"+text, "\nPLAN AND REQUESTED ACTIONS\n"); n != 1 {
		t.Errorf("%d lines pass for that heading", n)
	}
	for _, l := range strings.Split(text, "\n") {
		if len(l) > 80 {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
	flat, days := a.flat(), map[string]bool{}
	leaves("", whole(t, lw.get(path).want(200)), func(name, value string) {
		if isDay.MatchString(value) {
			d, _ := time.Parse(time.DateOnly, value)
			value = d.Format("02-Jan-2006")
			days[value] = true
		}
		if value = strings.Join(
			strings.Fields(value),
			" ",
		); !slices.Contains(machine, name) && value != "same" &&
			!strings.Contains(flat, value) {
			t.Errorf("the text lacks the %s %q", name, value)
		}
	})
	for _, d := range nhsDay.FindAllString(text, -1) {
		if !days[d] {
			t.Errorf("the text has a day of its own: %s", d)
		}
	}
	golden, err := os.ReadFile("testdata/gp-message-full.txt")
	if err != nil || text != string(golden) {
		t.Errorf("%v: the message is not the reviewed one; it is now\n%s", err, text)
	}
}

// leaves walks the texts and numbers of an answer; of a term only what it means.
func leaves(name string, v any, each func(name, value string)) {
	switch x := v.(type) {
	case map[string]any:
		for k, w := range x {
			if _, isTerm := x["text"]; !isTerm || k != "code" {
				leaves(k, w, each)
			}
		}
	case []any:
		for _, w := range x {
			leaves(name, w, each)
		}
	case string:
		each(name, x)
	case float64:
		each(name, fmt.Sprint(x))
	}
}

func whole(t *testing.T, a answer) (v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
