package sqlfile

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestParametersAreNumbered(t *testing.T) {
	got := Parse(`-- it's a comment: :'no'
select 'it''s :x', "a:'b", x::date -- and :'another'
from t where site = :'site' and day <= cast(:'today' as date) and not (site <> :'site')`)
	want := `select 'it''s :x', "a:'b", x::date 
from t where site = $1 and day <= cast($2 as date) and not (site <> $1)`
	if got.SQL != want || !slices.Equal(got.Names, []string{"site", "today"}) {
		t.Errorf("%q %q", got.SQL, got.Names)
	}
	values := got.Values(map[string]any{"today": 2, "site": 1, "unused": 3})
	if !slices.Equal(values, []any{1, 2}) {
		t.Error(values)
	}
}

func TestMistakesAreRefused(t *testing.T) {
	for _, text := range []string{"select :'x", "select ?", "select @x"} {
		if !panics(func() { Parse(text) }) {
			t.Errorf("%s was taken", text)
		}
	}
	if !panics(func() { Parse("select :'x'").Values(map[string]any{"y": 1}) }) {
		t.Error("a parameter without a value was taken")
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestATemplateVariesSQL(t *testing.T) {
	files := Load(fstest.MapFS{
		"plain.sql":     {Data: []byte("select :'a'")},
		"list.sql.tmpl": {Data: []byte("select id from t{{if .Mine}} where worker = :'worker'{{end}}")},
		"n.sql.tmpl":    {Data: []byte(`select count(*) from ({{template "list.sql.tmpl" .}}) l`)},
	})
	if got := files.SQL("plain.sql").SQL; got != "select $1" {
		t.Error(got)
	}
	if got := files.Render(
		"n.sql.tmpl",
		map[string]any{"Mine": true},
	).SQL; got != "select count(*) from (select id from t where worker = $1) l" {
		t.Error(got)
	}
	if got := files.Render(
		"n.sql.tmpl",
		map[string]any{"Mine": false},
	).SQL; got != "select count(*) from (select id from t) l" {
		t.Error(got)
	}
}
