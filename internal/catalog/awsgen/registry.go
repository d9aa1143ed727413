package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// registered is what is used of a type's schema in CloudFormation's registry, which
// tells beside the properties how Cloud Control reads resources.
type registered struct {
	TypeName            string
	PrimaryIdentifier   []string
	WriteOnlyProperties []string
	Tagging             struct{ TagProperty string }
	Handlers            struct{ List, Read *handler }
}

type handler struct {
	Permissions   []string
	HandlerSchema struct {
		Required     []string
		AnyOf, OneOf []struct{ Required []string }
	}
}

// fetchRegistry fetches the schemas of the registry, which are files in the Python
// package cfn-lint, with pip.
func fetchRegistry(dir, version string) (map[string]*registered, error) {
	pip := exec.Command("pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", dir, "cfn-lint=="+version)
	pip.Stderr = os.Stderr
	if err := pip.Run(); err != nil {
		return nil, fmt.Errorf("pip download: %w", err)
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "cfn_lint-*.whl"))
	if err != nil || len(wheels) != 1 {
		return nil, fmt.Errorf("pip download: %d wheels of cfn-lint", len(wheels))
	}
	z, err := zip.OpenReader(wheels[0])
	if err != nil {
		return nil, err
	}
	defer z.Close()
	all := map[string]*registered{}
	for _, f := range z.File {
		if ok, _ := path.Match("cfnlint/data/schemas/resources/*.json", f.Name); !ok {
			continue
		}
		var r registered
		if err := decode(f, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if all[r.TypeName] != nil {
			return nil, fmt.Errorf("%s: there is another schema of %s", f.Name, r.TypeName)
		}
		all[r.TypeName] = &r
	}
	return all, nil
}

func decode(f *zip.File, to any) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	return json.NewDecoder(r).Decode(to)
}

// readable reports whether Cloud Control lists and gets resources of the type.
func (r *registered) readable() bool {
	return r != nil && r.Handlers.List != nil && r.Handlers.Read != nil
}

// identifier returns the properties that the identifier of a resource is made of,
// with a dot between the names of one that is in another.
func (r *registered) identifier() []string {
	var names []string
	for _, p := range r.PrimaryIdentifier {
		names = append(names, propertyPath(p))
	}
	return names
}

// needs returns the properties without which a list is refused.
func (r *registered) needs() []string {
	h := r.Handlers.List.HandlerSchema
	names := h.Required
	for _, choice := range append(h.AnyOf, h.OneOf...) {
		if len(names) == 0 {
			names = choice.Required
		}
	}
	return names
}

// propertyPath turns the pointer to a property into a path.
func propertyPath(pointer string) string {
	name := strings.ReplaceAll(strings.TrimPrefix(pointer, "/properties/"), "/properties/", "/")
	name = strings.ReplaceAll(name, "/items", "/*")
	return strings.ReplaceAll(strings.ReplaceAll(name, "/*", "[*]"), "/", ".")
}
