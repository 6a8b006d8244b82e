package api_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"waypost/api/wire"
)

// Where an operation answers either form of a referral, its field view tells which it is: also when answers gain
// further fields, a body fits one of the forms and not the other.
func TestTheViewTellsTheFormsOfAReferralApart(t *testing.T) {
	w := newWorld(t)
	_, episode := w.supported()
	path := "/referrals/" + w.refer(episode)
	doc := published()
	either := wire.OperationsByID(doc)["get-referral"].Responses["200"].Content["application/json"].Schema
	if views := slices.Sorted(maps.Keys(either.Discriminator.Mapping)); !slices.Equal(views, []string{"organisation", "site"}) {
		t.Fatalf("the document tells these views apart: %v", views)
	}
	for view, ref := range either.Discriminator.Mapping {
		form := doc.Components.Schemas.SchemaFromRef(ref)
		if !slices.Contains(form.Required, "view") || !slices.Equal(form.Properties["view"].Enum, []any{view}) {
			t.Errorf("%s does not say that its view is %s alone", ref, view)
		}
	}
	for role, view := range map[string]string{"link_worker": "site", "organisation": "organisation"} {
		c := w.as(role)
		for _, body := range []any{
			c.get(path).want(200).decoded(),
			c.get("/referrals").want(200).at("items.0"),
			c.post(path+"/moves", `{"to":"accepted"}`).want(200).decoded(),
		} {
			if fits := formsThatFit(doc, either, body); !slices.Equal(fits, []string{either.Discriminator.Mapping[view]}) {
				t.Errorf("what %s reads fits %v", role, fits)
			}
		}
		w.as("link_worker").post(path+"/undo", "").want(200)
	}
}

func (a answer) decoded() (body any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, &body); err != nil {
		a.t.Fatalf("%s: %v", a.call, err)
	}
	return body
}

func formsThatFit(doc *huma.OpenAPI, either *huma.Schema, body any) (refs []string) {
	judging.Lock()
	defer judging.Unlock()
	for _, form := range either.OneOf {
		res := huma.ValidateResult{}
		huma.Validate(doc.Components.Schemas, form, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, body, &res)
		if len(res.Errors) == 0 {
			refs = append(refs, form.Ref)
		}
	}
	return refs
}
