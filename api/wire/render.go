package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"gopkg.in/yaml.v3"
)

// renderDocument is the document as it is published: with its head first, parts that repeat as components,
// and answers that may grow. The document in memory stays as it was, since requests and, in tests, answers
// are held against that one.
func renderDocument(doc *huma.OpenAPI) (*yaml.Node, error) {
	text, err := doc.YAML()
	if err != nil {
		return nil, err
	}
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	root := file.Content[0]
	leaveOutComposedExamples(root)
	saySecurityOnce(root)
	referToComponents(root)
	referToCodes(root)
	openAnswers(root)
	components := member(root, "components")
	share(components, "parameters", parametersOf(root))
	share(components, "headers", headersOf(root))
	share(components, "responses", answersOf(root))
	orderKeys(root, "openapi", "info", "externalDocs", "servers", "security", "tags", "paths", "webhooks", "components")
	onOneLine(root, 0, 0)
	return root, nil
}

// leaveOutComposedExamples leaves out the examples of answers in JSON: programs compose them of the examples of the
// fields, which stand where a field is described.
func leaveOutComposedExamples(root *yaml.Node) {
	for _, path := range values(member(root, "paths")) {
		for _, o := range values(path) {
			for _, answer := range values(member(o, "responses")) {
				remove(member(member(answer, "content"), echo.MIMEApplicationJSON), "example")
			}
		}
	}
}

// saySecurityOnce says what most operations need at the root, and at an operation only what else it takes.
func saySecurityOnce(root *yaml.Node) {
	key := mapping("bearer", &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle})
	usual := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{key}}
	root.Content = append(root.Content, textNode("security"), usual)
	for _, path := range values(member(root, "paths")) {
		for _, o := range values(path) {
			s := member(o, "security")
			if len(s.Content) == 1 && member(s.Content[0], "bearer") != nil {
				remove(o, "security")
			}
		}
	}
}

// referToCodes writes the codes of a list that may be null as the list or null.
func referToCodes(root *yaml.Node) {
	schemas := member(member(root, "components"), "schemas")
	for i := 0; i < len(schemas.Content); i += 2 {
		list, may := strings.CutSuffix(schemas.Content[i].Value, orNull)
		if may && member(schemas, list) != nil {
			*schemas.Content[i+1] = *refOrNull(list)
		}
	}
}

func refOrNull(schema string) *yaml.Node {
	ref := mapping("$ref", textNode(schemaPrefix+schema))
	null := mapping("type", textNode("null"))
	return mapping("anyOf", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{ref, null}})
}

func remove(n *yaml.Node, key string) {
	for i := 0; n != nil && i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

const columns = 120 // the longest line of what is written on one line

// onOneLine writes on one line each what has room there: references, lists of values, and a field with all that is
// said of it. indent is where the lines within n begin, and at where n itself does.
func onOneLine(n *yaml.Node, indent, at int) {
	isShort := len(n.Content) > 0
	for i, c := range n.Content {
		begins := indent + len("- ")
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			begins = indent + len(n.Content[i-1].Value) + len(": ")
		}
		onOneLine(c, indent+2, begins)
		isShort = isShort && (c.Kind == yaml.ScalarNode && !strings.Contains(c.Value, "\n") || c.Style == yaml.FlowStyle)
	}
	if !isShort {
		return
	}
	style := n.Style
	n.Style = yaml.FlowStyle
	if line, err := yaml.Marshal(n); err != nil || at+len(line) > columns {
		n.Style = style
	}
}

// referToComponents writes an object that may be null as a reference or null. Requests are validated by a copy of
// the component, since what goes wrong within anyOf is not said.
func referToComponents(n *yaml.Node) {
	if name := member(n, componentMark); name != nil {
		or := refOrNull(name.Value)
		for _, key := range []string{"description", "examples"} {
			if value := member(n, key); value != nil {
				or.Content = append(or.Content, textNode(key), value)
			}
		}
		*n = *or
		return
	}
	for _, c := range n.Content {
		referToComponents(c)
	}
}

func mapping(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{textNode(key), value}}
}

// openAnswers lets the schemas that only answers have gain fields. Those of requests stay closed: what they
// do not know is refused.
func openAnswers(root *yaml.Node) {
	schemas := member(member(root, "components"), "schemas")
	sent := map[string]bool{}
	for _, path := range values(member(root, "paths")) {
		for _, o := range values(path) {
			referred(schemas, member(o, "requestBody"), sent)
		}
	}
	for i := 0; i < len(schemas.Content); i += 2 {
		if !sent[schemas.Content[i].Value] {
			allowMore(schemas.Content[i+1])
		}
	}
}

// referred marks the schemas that a part of the document leads to.
func referred(schemas, n *yaml.Node, marked map[string]bool) {
	if n == nil {
		return
	}
	for i, c := range n.Content {
		isRef := n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "$ref"
		if name, ok := strings.CutPrefix(c.Value, schemaPrefix); isRef && ok && !marked[name] {
			marked[name] = true
			referred(schemas, member(schemas, name), marked)
		}
		referred(schemas, c, marked)
	}
}

func allowMore(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == "additionalProperties" && n.Content[i+1].Value == "false" {
				n.Content = slices.Delete(n.Content, i, i+2)
				break
			}
		}
	}
	for _, c := range n.Content {
		allowMore(c)
	}
}

// part is a piece of the document that has a name, such as a parameter.
type part struct {
	name string
	node *yaml.Node
}

func parametersOf(root *yaml.Node) (all []part) {
	paths := member(root, "paths")
	for i := 0; i < len(paths.Content); i += 2 {
		for _, o := range values(paths.Content[i+1]) {
			if list := member(o, "parameters"); list != nil {
				for _, p := range list.Content {
					all = append(all, part{parameterName(paths.Content[i].Value, member(p, "name").Value), p})
				}
			}
		}
	}
	return all
}

// parameterName is that of a parameter's component: an id is called after the thing, as in /referrals/{id}.
func parameterName(path, name string) string {
	before, _, is := strings.Cut(path, "/{id}")
	if name != "id" || !is {
		return name
	}
	things := before[strings.LastIndex(before, "/")+1:]
	return strings.ReplaceAll(strings.TrimSuffix(things, "s"), "-", "_") + "_id"
}

func headersOf(root *yaml.Node) (all []part) {
	for _, path := range values(member(root, "paths")) {
		for _, o := range values(path) {
			for _, answer := range values(member(o, "responses")) {
				headers := member(answer, "headers")
				for i := 0; headers != nil && i < len(headers.Content); i += 2 {
					all = append(all, part{headers.Content[i].Value, headers.Content[i+1]})
				}
			}
		}
	}
	return all
}

// answersOf are the answers that succeed and come in JSON alone, by the schema and the status.
func answersOf(root *yaml.Node) (all []part) {
	for _, path := range values(member(root, "paths")) {
		for _, o := range values(path) {
			answers := member(o, "responses")
			for i := 0; answers != nil && i < len(answers.Content); i += 2 {
				status, answer := answers.Content[i].Value, answers.Content[i+1]
				forms := member(answer, "content")
				ref := member(member(member(forms, echo.MIMEApplicationJSON), "schema"), "$ref")
				// what comes in several forms stays: readers of the document find a form by the operation
				if ref != nil && len(values(forms)) == 1 {
					name := strings.TrimPrefix(ref.Value, schemaPrefix)
					all = append(all, part{name + successNames[status], answer})
				}
			}
		}
	}
	return all
}

var successNames = map[string]string{"201": "-created", "202": "-accepted"}

// share makes of what stands alike in several places one component, to which they refer. Of several forms
// under one name, the commonest becomes the component and the others stay where they are.
func share(components *yaml.Node, kind string, all []part) {
	places := map[string]map[string][]*yaml.Node{} // by name and by text
	var names []string
	for _, n := range all {
		text, err := yaml.Marshal(n.node)
		if err != nil {
			panic(err) // it was read from YAML just now
		}
		if places[n.name] == nil {
			places[n.name] = map[string][]*yaml.Node{}
			names = append(names, n.name)
		}
		places[n.name][string(text)] = append(places[n.name][string(text)], n.node)
	}
	slices.Sort(names)
	shared := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range names {
		var commonest string
		for text, nodes := range places[name] {
			was := len(places[name][commonest])
			if cmp.Or(cmp.Compare(len(nodes), was), strings.Compare(commonest, text)) > 0 {
				commonest = text
			}
		}
		nodes := places[name][commonest]
		if len(nodes) < 2 {
			continue
		}
		one := *nodes[0]
		shared.Content = append(shared.Content, textNode(componentName(kind, name)), &one)
		for _, n := range nodes {
			*n = *mapping("$ref", textNode("#/components/"+kind+"/"+componentName(kind, name)))
		}
	}
	if others := member(components, kind); others != nil {
		others.Content = append(others.Content, shared.Content...)
		return
	}
	components.Content = append(components.Content, textNode(kind), shared)
}

// componentName says what a component is, since generated clients have one name for a parameter, a header and a schema.
func componentName(kind, name string) string {
	return name + "-" + strings.TrimSuffix(kind, "s")
}

func textNode(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

func orderKeys(n *yaml.Node, keys ...string) {
	var first []*yaml.Node
	for _, key := range keys {
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				first = append(first, n.Content[i], n.Content[i+1])
				n.Content = slices.Delete(n.Content, i, i+2)
				break
			}
		}
	}
	n.Content = append(first, n.Content...)
}

func member(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func values(n *yaml.Node) (all []*yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 1; i < len(n.Content); i += 2 {
		all = append(all, n.Content[i])
	}
	return all
}

func asYAML(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// asJSON keeps the order of fields, which examples are read in.
func asJSON(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	if err := writeJSON(&out, n); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode, yaml.SequenceNode:
		isMap := n.Kind == yaml.MappingNode
		brackets, key := "[]", false
		if isMap {
			brackets = "{}"
		}
		out.WriteByte(brackets[0])
		for i, c := range n.Content {
			if key = isMap && i%2 == 0; i > 0 && (key || !isMap) {
				out.WriteByte(',')
			}
			if key {
				c = textNode(c.Value) // a status is a text too
			}
			if err := writeJSON(out, c); err != nil {
				return err
			}
			if key {
				out.WriteByte(':')
			}
		}
		out.WriteByte(brackets[1])
		return nil
	default:
		var value any
		if err := n.Decode(&value); err != nil {
			return err
		}
		text, err := json.Marshal(value)
		out.Write(text)
		return err
	}
}
