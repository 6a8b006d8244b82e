package api_test

import (
	"regexp"
	"testing"

	"waypost/api/wire"
)

var inBraces = regexp.MustCompile(`\{\w+\}`)

// Waypost-On-Behalf-Of is declared on the operations where a partner system may send it, and nowhere else: there it is
// either refused with the role, or, where a link is the credential, not read.
func TestWhereOnBehalfOfIsDeclared(t *testing.T) {
	w := newWorld(t)
	_, all := operations(t)
	declared := 0
	for _, o := range all {
		path := inBraces.ReplaceAllString(o.Path, nobody())
		call := func(role, worker string) answer {
			return w.as(role).with(wire.OnBehalfOf, worker).with("If-Match", `"1"`).do(o.Method, path, "")
		}
		isDeclared := false
		for _, p := range o.Parameters {
			isDeclared = isDeclared || p.In == "header" && p.Name == wire.OnBehalfOf
		}
		switch {
		case isDeclared:
			declared++
			for _, worker := range []string{"nonsense", nobody()} {
				if a := call("integration", worker).problem(422, "invalid"); a.text("errors.0.location") != "header."+wire.OnBehalfOf {
					t.Errorf("%s: %s", o.OperationID, a.body)
				}
			}
			call("link_worker", w.worker).problem(403, "forbidden")
		case o.Extensions["x-scope"] == nil:
			if a := call("integration", "nonsense"); a.status != 404 && a.status != 400 {
				t.Errorf("%s: by a link it was read: %s", o.OperationID, a.body)
			}
		default:
			call("integration", w.worker).problem(403, "forbidden")
		}
	}
	if declared < 50 {
		t.Errorf("it is declared on %d operations only", declared)
	}
}
