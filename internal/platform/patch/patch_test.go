package patch

import "testing"

type thing struct {
	Name  string   `json:"name"`
	Phone *string  `json:"phone"`
	Needs []string `json:"needs"`
}

func TestAFieldIsAbsentNullOrAValue(t *testing.T) {
	t.Parallel()
	phone := "1"
	before := thing{"a", &phone, []string{"x", "y"}}
	m, err := Of[thing](`{"phone": null, "needs": ["z"]}`)
	if err != nil {
		t.Fatal(err)
	}
	after, err := m.Apply(before)
	if err != nil {
		t.Fatal(err)
	}
	if after.Name != "a" || after.Phone != nil || len(after.Needs) != 1 || after.Needs[0] != "z" {
		t.Errorf("got %+v", after)
	}
	if before.Phone == nil || len(before.Needs) != 2 {
		t.Errorf("the stored value changed: %+v", before)
	}
	if !m.Has("phone") || m.Has("name") {
		t.Error("Has tells presence, null included")
	}
}

func TestNullIsRefusedWhereSomethingMustStand(t *testing.T) {
	t.Parallel()
	for _, object := range []string{`{"name":null}`, `{"needs":null}`} {
		m, err := Of[thing](object)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Apply(thing{Name: "a"}); err == nil {
			t.Errorf("%s was taken", object)
		}
	}
}
