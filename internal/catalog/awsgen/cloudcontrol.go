package main

import (
	"regexp"
	"slices"
	"strings"
)

// resource is what package provider/aws embeds of a type that Cloud Control lists.
type resource struct {
	Identifier   []string          `json:"id"`
	ARN          string            `json:"arn,omitempty"`
	CrossAccount bool              `json:"crossAccount,omitempty"`
	Tags         string            `json:"tags,omitempty"`
	Hidden       []string          `json:"hidden,omitempty"`
	Needs        map[string]string `json:"needs,omitempty"`
	Parent       string            `json:"parent,omitempty"`
}

// cloudControl returns the types that Cloud Control lists, of those that have a schema.
// Each region tells of types whose ARNs have none, unless their group is global.
func (db *database) cloudControl(registry map[string]*registered, global map[string]bool) map[string]*resource {
	all := map[string]*resource{}
	for i := range db.Schema.Resource.Entities {
		e := &db.Schema.Resource.Entities[i]
		r := registry[e.CloudFormationType]
		if !r.readable() {
			continue
		}
		c := &resource{Identifier: r.identifier(), ARN: e.arn(r.identifier()), Tags: e.tags(r)}
		c.CrossAccount = c.ARN != "" && !strings.Contains(c.ARN, "${Region}") && !global[group(e.CloudFormationType)]
		for _, p := range r.WriteOnlyProperties {
			c.Hidden = append(c.Hidden, propertyPath(p))
		}
		slices.Sort(c.Hidden)
		c.Parent, c.Needs = e.parent(registry)
		all[e.CloudFormationType] = c
	}
	return all
}

var variable = regexp.MustCompile(`\$\{(\w+)\}`)

// arn returns the template of ARNs with the names that the identifier has for its
// variables, or "" if the identifier does not tell all of them. What a template calls
// JobName is Name in a type Job; nothing else is taken to be the same.
func (e *entity) arn(identifier []string) string {
	if e.ARNTemplate == "" {
		return ""
	}
	var used []string
	told := true
	text := variable.ReplaceAllStringFunc(e.ARNTemplate, func(v string) string {
		name := v[2 : len(v)-1]
		if slices.Contains([]string{"Partition", "Region", "Account"}, name) {
			return v
		}
		i := slices.IndexFunc(identifier, func(p string) bool { return name == p || name == e.Name+p || p == e.Name+name })
		if i < 0 {
			told = false
			return v
		}
		used = append(used, identifier[i])
		return "${" + identifier[i] + "}"
	})
	slices.Sort(used)
	if !told || !slices.Equal(slices.Compact(used), slices.Sorted(slices.Values(identifier))) {
		return ""
	}
	return text
}

// tags returns the property that tags are in, if it is at the top.
func (e *entity) tags(r *registered) string {
	name := propertyPath(r.Tagging.TagProperty)
	if _, ok := e.Properties[name]; ok {
		return name
	}
	return ""
}

// accountProperty is the property that several types want the number of the account in.
const accountProperty = "AwsAccountId"

// parent returns what a list of the type needs: the properties, each with the one of
// the parent's identifier that it is, and the type of the parent, one of each of which
// is to be listed. The type is "" if it is not known, or if none is needed.
func (e *entity) parent(registry map[string]*registered) (string, map[string]string) {
	needs := registry[e.CloudFormationType].needs()
	if len(needs) == 0 {
		return "", nil
	}
	same := map[string]string{}
	for _, n := range needs {
		same[n] = ""
	}
	if slices.Equal(needs, []string{accountProperty}) {
		return "", same
	}
	for _, told := range []relation{referred, namesake, sibling} {
		var found []string
		var names map[string]string
		for typ, r := range registry {
			if typ == e.CloudFormationType || !r.readable() || contains(r.needs(), needs) {
				continue // it hangs on the same
			}
			if as := told(e, needs, typ, r.identifier()); len(as) == len(needs) {
				found, names = append(found, typ), as
			}
		}
		if len(found) == 1 {
			return found[0], names
		}
	}
	return "", same
}

func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// relation tells which properties of a parent's identifier those that a list needs are.
type relation func(e *entity, needs []string, parent string, identifier []string) map[string]string

// referred goes by what the schema says that properties refer to.
func referred(e *entity, needs []string, parent string, identifier []string) map[string]string {
	as := map[string]string{}
	for _, n := range needs {
		for _, ref := range e.Properties[n].RelationshipRefs {
			if ref.CloudFormationType == parent && slices.Contains(identifier, ref.PropertyName) {
				as[n] = ref.PropertyName
			}
		}
	}
	return as
}

// sibling takes a type of the same service whose identifier is just what is needed.
func sibling(e *entity, needs []string, parent string, identifier []string) map[string]string {
	if group(parent) != group(e.CloudFormationType) || len(identifier) != len(needs) || !contains(identifier, needs) {
		return nil
	}
	as := map[string]string{}
	for _, n := range needs {
		as[n] = n
	}
	return as
}

// namesake takes a type of the same service whose identifier is one property, by the
// name: AppId is the Id of App. An ARN is not taken for another name.
func namesake(e *entity, needs []string, parent string, identifier []string) map[string]string {
	if group(parent) != group(e.CloudFormationType) || len(identifier) != 1 || len(needs) != 1 {
		return nil
	}
	kind, ok := strings.CutPrefix(needs[0], parent[strings.LastIndex(parent, "::")+2:])
	if !ok || !slices.Contains([]string{"", "Id", "Identifier", "Name", "Arn", "ARN"}, kind) || isARN(kind) != isARN(identifier[0]) {
		return nil
	}
	return map[string]string{needs[0]: identifier[0]}
}

func isARN(property string) bool { return strings.HasSuffix(strings.ToLower(property), "arn") }
