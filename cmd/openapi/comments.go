package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

const module = "waypost"

// comments are the doc comments of the fields of structs, read from the source when they are first asked for.
type comments struct {
	root     string
	packages map[string]map[string]declaration // by import path and type
}

// declaration is what the source says of a struct.
type declaration struct {
	fields map[string]string // comments by field
	twice  bool              // several structs of the package have this name, in functions
}

func commentsIn(root string) *comments {
	return &comments{root, map[string]map[string]declaration{}}
}

// of returns the first paragraph of a field's comment. What follows it is for developers.
func (c *comments) of(declared reflect.Type, field string) (string, error) {
	name, _, _ := strings.Cut(declared.Name(), "[") // a generic type has its arguments in its name
	types, err := c.read(declared.PkgPath())
	if err != nil {
		return "", err
	}
	switch found, is := types[name]; {
	case name == "":
		return "", fmt.Errorf("%s: a struct whose fields are published needs a name", declared)
	case !is:
		return "", fmt.Errorf("%s is declared nowhere as a struct", declared)
	case found.twice:
		return "", fmt.Errorf("%s is declared twice: give one of them another name", declared)
	default:
		return found.fields[field], nil
	}
}

// read reads the structs of a package.
func (c *comments) read(path string) (map[string]declaration, error) {
	if types := c.packages[path]; types != nil {
		return types, nil
	}
	folder := filepath.Join(c.root, strings.TrimPrefix(path, module))
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	types := map[string]declaration{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(
			token.NewFileSet(),
			file,
			source,
			parser.ParseComments|parser.SkipObjectResolution,
		)
		if err != nil {
			return nil, err
		}
		addStructs(types, tree)
	}
	c.packages[path] = types
	return types, nil
}

func addStructs(types map[string]declaration, tree *ast.File) {
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, is := n.(*ast.TypeSpec)
		if !is {
			return true
		}
		body, is := spec.Type.(*ast.StructType)
		if !is {
			return true
		}
		_, before := types[spec.Name.Name]
		d := declaration{map[string]string{}, before}
		for _, f := range body.Fields.List {
			first, _, _ := strings.Cut(f.Doc.Text(), "\n\n")
			text := strings.Join(strings.Fields(first), " ")
			for _, name := range f.Names {
				d.fields[name.Name] = text
			}
		}
		types[spec.Name.Name] = d
		return true
	})
}
