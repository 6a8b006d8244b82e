package instruments

import (
	"encoding/json"
	"reflect"
	"testing"
)

// Whatever is sent as a definition is refused, or can be scored: no panic, no endless work, no score outside its range.
func FuzzDefinition(f *testing.F) {
	for _, i := range Builtin() {
		text, err := json.Marshal(i.Definition)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"items":[{"code":"a","type":"number","min":-1000,"max":1000},{"code":"b","type":"number",
		"min":-1000,"max":1000}],"scores":[{"code":"s","method":"sum","items":["a","b"],"reverse":["a"],
		"missing_allowed":1,"missing_as":"prorated","better":"lower","min":-2000,"max":2000,"resolution":0.001,
		"bands":[{"code":"x","from":-2000,"to":2000}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Definition
		if json.Unmarshal(text, &d) != nil || len(d.Items) > 100 || len(d.Scores) > 50 || d.Validate() != nil {
			return
		}
		d.fillEmptyLists()
		least, most := Responses{}, Responses{}
		for _, it := range d.Items {
			if it.Type == "number" {
				least[it.Code], most[it.Code] = Answer{Number: it.Min}, Answer{Number: it.Max}
			}
		}
		for _, r := range []Responses{least, most} {
			got := d.Compute(r)
			if len(got) != len(d.Scores) {
				t.Errorf("%d scores of %d, and nothing is missing", len(got), len(d.Scores))
			}
			for n, s := range got {
				if s.Value < d.Scores[n].Min || s.Value > d.Scores[n].Max ||
					(s.Band == "") != (len(d.Scores[n].Bands) == 0) {
					t.Errorf("%+v of %+v", s, d.Scores[n])
				}
			}
		}
		if got := d.Compute(Responses{}); len(got) > 0 {
			t.Errorf("nothing was answered, and it scored %v", got)
		}
	})
}

// Whatever is sent as an answer is refused, or comes back as it was.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{`7`, `-0`, `1e308`, `1e400`, `"much_better"`, `""`, `{"missing":"dont_know"}`,
		`{"missing":""}`, `null`, `[]`, `true`, `{"missing":"a","missing":1}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var a, again Answer
		if json.Unmarshal(text, &a) != nil {
			return
		}
		if (a.Number != nil) == (a.Text != nil || a.Missing != "") || a.Text != nil && a.Missing != "" {
			t.Fatalf("more than one answer, or none: %+v", a)
		}
		out, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &again); err != nil || !reflect.DeepEqual(a, again) {
			t.Fatalf("%s came back as %s: %v", text, out, err)
		}
		for _, i := range Builtin() {
			for _, it := range i.Items {
				_, wrong := it.check(a)
				if wrong == "" && it.Type == "number" && a.Missing == "" && !it.accepts(*a.Number) {
					t.Fatalf("%s takes %s", it.Code, out)
				}
			}
		}
	})
}
