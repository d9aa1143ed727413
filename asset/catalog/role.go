package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// Options adapt [Operations] and [Role]. The zero Options, like nil, are the built-in
// catalogue.
type Options struct {
	// Schemas returns the schema of a type. Nil: Schema.
	Schemas func(asset.Type) (*asset.Schema, bool)
}

func (o *Options) schema(t asset.Type) (*asset.Schema, bool) {
	if o == nil || o.Schemas == nil {
		return Schema(t)
	}
	return o.Schemas(t)
}

// Operations returns the operations that read the given parts of assets, as
// policy.Set.Reads returns them: for each type those that list its assets, and those
// that fill a part that is read. They are sorted by name, each once. A type without
// a schema or without operations adds none.
func Operations(reads map[asset.Type][]asset.Path, opts *Options) []asset.Operation {
	found := map[string]asset.Operation{}
	for t, paths := range reads {
		schema, ok := opts.schema(t)
		if !ok {
			continue
		}
		for _, o := range schema.Operations {
			if wanted(o, paths) {
				merged := found[o.Name]
				merged.Name = o.Name
				merged.Permissions = union(merged.Permissions, permissions(o))
				found[o.Name] = merged
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b asset.Operation) int { return strings.Compare(a.Name, b.Name) })
}

// wanted reports whether an operation fills anything that is read.
func wanted(o asset.Operation, reads []asset.Path) bool {
	if len(o.Provides) == 0 {
		return true
	}
	for _, f := range o.Provides {
		if slices.ContainsFunc(reads, func(r asset.Path) bool { return r.Covers(f) || f.Covers(r) }) {
			return true
		}
	}
	return false
}

func permissions(o asset.Operation) []string {
	if len(o.Permissions) > 0 {
		return o.Permissions
	}
	return []string{o.Name}
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Permissions returns the permissions that operations need, sorted. A role takes those of
// one cloud: select the reads by their types.
func Permissions(ops []asset.Operation) []string {
	var all []string
	for _, o := range ops {
		all = union(all, permissions(o))
	}
	return all
}

// Role returns a role of a provider, "aws", "azure" or "gcp", that permits to read the
// parts of assets and nothing else, in the form that the cloud's own tools take: an IAM
// policy document for AWS, a role definition in JSON for Azure, and for Google Cloud a
// role definition for gcloud iam roles create --file. The description lists permissions of
// Microsoft Graph, which no role of Azure can grant.
func Role(provider, name string, reads map[asset.Type][]asset.Path, opts *Options) ([]byte, error) {
	own := map[asset.Type][]asset.Path{}
	for t, paths := range reads {
		if s, ok := opts.schema(t); ok && s.Provider == provider {
			own[t] = paths
		}
	}
	allowed := Permissions(Operations(own, opts))
	var doc any
	switch provider {
	case "aws":
		doc = awsRole(allowed)
	case "azure":
		doc = azureRole(name, allowed)
	case "gcp":
		doc = gcpRole(name, allowed)
	default:
		return nil, fmt.Errorf("unknown provider %q of a role (want aws, azure or gcp)", provider)
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), err
}

type awsDocument struct {
	Version   string
	Statement []awsStatement
}

type awsStatement struct {
	Sid, Effect string
	Action      []string
	Resource    string
}

func awsRole(allowed []string) awsDocument {
	doc := awsDocument{Version: "2012-10-17", Statement: []awsStatement{}}
	if len(allowed) > 0 {
		doc.Statement = append(doc.Statement, awsStatement{"StanceRead", "Allow", allowed, "*"})
	}
	return doc
}

type azureDefinition struct {
	Name             string
	IsCustom         bool
	Description      string
	Actions          []string
	NotActions       []string
	DataActions      []string
	NotDataActions   []string
	AssignableScopes []string
}

func azureRole(name string, allowed []string) azureDefinition {
	d := azureDefinition{
		Name: name, IsCustom: true, Description: "Reads what Stance's policies look at.",
		Actions: []string{}, NotActions: []string{}, DataActions: []string{}, NotDataActions: []string{},
		AssignableScopes: []string{"/providers/Microsoft.Management/managementGroups/{managementGroup}"},
	}
	var graph []string
	for _, p := range allowed {
		if strings.Contains(p, "/") {
			d.Actions = append(d.Actions, p)
		} else {
			graph = append(graph, p)
		}
	}
	if len(graph) > 0 {
		d.Description += " Microsoft Graph permissions to grant beside it: " + strings.Join(graph, ", ") + "."
	}
	return d
}

type gcpDefinition struct {
	Title               string   `json:"title"`
	Description         string   `json:"description"`
	Stage               string   `json:"stage"`
	IncludedPermissions []string `json:"includedPermissions"`
}

func gcpRole(name string, allowed []string) gcpDefinition {
	// Every call to the asset inventory is a use of its service.
	return gcpDefinition{name, "Reads what Stance's policies look at.", "GA", union(allowed, []string{"serviceusage.services.use"})}
}
