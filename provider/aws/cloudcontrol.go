package aws

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// Cloud Control reads what no collector supports, when it is requested by type:
// a list for each type, and a call for each resource. What it answers are the
// properties of CloudFormation. A list that is only possible below another resource is
// made for each one of that type.

// cloudControl is the service, as in names of operations.
const cloudControl = "cloudcontrol"

//go:embed cloudcontrol.json.gz
var resourceData []byte

// resources returns what is known of the types that Cloud Control lists. It is not
// changed.
var resources = sync.OnceValue(func() map[asset.Type]*resource {
	z, err := gzip.NewReader(bytes.NewReader(resourceData))
	if err != nil {
		panic(fmt.Sprintf("aws: what Cloud Control lists: %v", err))
	}
	var all map[asset.Type]*resource
	if err := json.NewDecoder(z).Decode(&all); err != nil {
		panic(fmt.Sprintf("aws: what Cloud Control lists: %v", err))
	}
	return all
})

// controlled returns the types of a query that Cloud Control is to list, sorted.
func (p *Provider) controlled(q provider.Query) []asset.Type {
	if len(q.Types) == 0 {
		return nil
	}
	collected := p.Types()
	var types []asset.Type
	for _, t := range q.Types {
		if _, ok := slices.BinarySearch(collected, t); !ok && resources()[t].listed() {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// controlledWhere returns the requested types that Cloud Control is to list once for an
// account, and in each region: a type that is listed below others with these.
func (s *scan) controlledWhere() (global, regional []asset.Type) {
	for _, t := range s.controlled() {
		top := t
		for s.Only.IsZero() && resources()[top].Parent != "" {
			top = resources()[top].Parent
		}
		if isGlobal(top) && !resources()[top].CrossAccount {
			global = append(global, t)
		} else {
			regional = append(regional, t)
		}
	}
	return global, regional
}

// unlisted says why a type of a query is not looked for.
func unlisted(t asset.Type) *asset.Unread {
	if r := resources()[t]; r != nil {
		needs := strings.Join(slices.Sorted(maps.Keys(r.Needs)), ", ")
		return unread("", CodeNeedsParent, "Cloud Control lists the type only for a given "+needs)
	}
	return unread("", codeUnknownType, "neither a collector nor Cloud Control lists the type")
}

// control lists types in one unit.
type control struct {
	u    *unit
	list func(ctx context.Context, t asset.Type, model *string, token string) (*cloudcontrol.ListResourcesOutput, error)
	get  func(ctx context.Context, d *collect.Draft) error
}

func cloudControlTables(u *unit) []collect.Table {
	types := u.scan.controlled()
	if len(types) == 0 {
		return nil
	}
	client := cloudcontrol.NewFromConfig(u.config(cloudControl))
	c := &control{
		u: u,
		list: func(ctx context.Context, t asset.Type, model *string, token string) (*cloudcontrol.ListResourcesOutput, error) {
			return client.ListResources(ctx, &cloudcontrol.ListResourcesInput{
				TypeName: aws.String(string(t)), ResourceModel: model, NextToken: optional(token),
			})
		},
		get: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: aws.String(string(d.Type)), Identifier: &d.Key})
			switch {
			case awsapi.HasCode(err, []string{"ResourceNotFoundException"}):
				return collect.ErrGone
			case err != nil:
				return err
			case out.ResourceDescription == nil:
				return malformed(d.Type, "no resource in the answer")
			}
			return properties(d, aws.ToString(out.ResourceDescription.Properties))
		},
	}
	if !u.scan.Only.IsZero() {
		return []collect.Table{c.one(u.scan.Only)}
	}
	return c.tables(types)
}

func listOperation(t asset.Type) string { return cloudControl + ":ListResources(" + string(t) + ")" }
func getOperation(t asset.Type) string  { return cloudControl + ":GetResource(" + string(t) + ")" }

// tables returns the tables of types. A type that is listed below others is in the
// table of these, which has no other purpose unless they are of the types too.
func (c *control) tables(types []asset.Type) []collect.Table {
	below := map[asset.Type][]asset.Type{} // by the type above; "" for those at the top
	for _, t := range types {
		for {
			above := resources()[t].Parent
			if slices.Contains(below[above], t) {
				break
			}
			below[above] = append(below[above], t)
			if above == "" {
				break
			}
			t = above
		}
	}
	var under func(above asset.Type) []collect.Table
	under = func(above asset.Type) []collect.Table {
		var all []collect.Table
		for _, t := range below[above] {
			tab := c.table(t, slices.Contains(types, t))
			tab.Under = under(t)
			if above == "" {
				tab.List = func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
					return c.page(ctx, t, nil, token)
				}
				tab.None = func(ctx context.Context) bool { return c.u.lacks(ctx, t) }
			} else {
				tab.Of = above
				tab.ListOf = func(ctx context.Context, d *collect.Draft, token string) ([]*collect.Draft, string, error) {
					return c.page(ctx, t, d, token)
				}
			}
			all = append(all, tab)
		}
		return all
	}
	return under("")
}

// table returns the table of a type, of which assets are wanted or only what is below.
func (c *control) table(t asset.Type, wanted bool) collect.Table {
	tab := collect.Table{Op: listOperation(t), Global: isGlobal(t) && !resources()[t].CrossAccount}
	if wanted {
		tab.Types = []asset.Type{t}
		tab.Reads = []collect.Read{{Op: getOperation(t), Each: c.get}}
	}
	return tab
}

// one returns the table of the one requested asset, which needs no list, and so
// is not the worse for what that leaves out.
func (c *control) one(ref asset.Ref) collect.Table {
	tab := c.table(ref.Type, true)
	tab.Op = getOperation(ref.Type)
	tab.List = func(context.Context, string) ([]*collect.Draft, string, error) {
		identifier, ok := resources()[ref.Type].identify(ref, isGlobal(ref.Type))
		if !ok {
			return nil, "", malformed(ref.Type, "not an id of the type")
		}
		return []*collect.Draft{c.draft(ref.Type, identifier)}, "", nil
	}
	return tab
}

// page lists a page of a type, of all or of those below another resource.
func (c *control) page(ctx context.Context, t asset.Type, above *collect.Draft, token string) ([]*collect.Draft, string, error) {
	r := resources()[t]
	model, err := r.model(c.u.account.ID, above)
	if err != nil {
		return nil, "", err
	}
	out, err := c.list(ctx, t, model, token)
	if err != nil {
		return nil, "", err
	}
	var page []*collect.Draft
	for _, found := range out.ResourceDescriptions {
		d := c.draft(t, aws.ToString(found.Identifier))
		if r.CrossAccount && d.ID != "" {
			// Each region tells it; the first to do so has it.
			if _, seen := c.u.account.seen.LoadOrStore(d.Ref, true); seen {
				continue
			}
		}
		page = append(page, d)
	}
	return page, aws.ToString(out.NextToken), nil
}

func (c *control) draft(t asset.Type, identifier string) *collect.Draft {
	d := collect.NewDraft(t, resources()[t].id(c.u, t, identifier), "")
	d.Key = identifier
	d.Name = identifier[strings.LastIndexAny(identifier, "|/:")+1:]
	return d
}

func malformed(t asset.Type, message string) error {
	return unread(getOperation(t), collect.CodeMalformed, message)
}

// properties fills the config of a draft with what a resource has. What Cloud Control
// never answers is unread: it may still be set.
func properties(d *collect.Draft, text string) error {
	v, err := asset.Parse([]byte(text))
	if err != nil {
		return malformed(d.Type, err.Error())
	}
	members, err := v.Members()
	if err != nil {
		return malformed(d.Type, err.Error())
	}
	for name, member := range members {
		d.Config[name] = member
	}
	r := resources()[d.Type]
	d.Tags = propertyTags(v.Get(r.Tags))
	if name, err := v.Get("Name").Str(); err == nil && name != "" {
		d.Name = name
	}
	for _, p := range r.Hidden {
		if at, hidden := hiddenPart(v, p); hidden {
			d.SetUnread(unread(getOperation(d.Type), codeNotAnswered, ""), "config."+at)
		}
	}
	return nil
}

// hiddenPart returns the outermost part on the way to p that is not there, or false if
// all of it is.
func hiddenPart(v asset.Value, p asset.Path) (asset.Path, bool) {
	for i, r := range string(p) + "." {
		if r != '.' {
			continue
		}
		at := p[:i]
		if strings.Contains(string(at), "[*]") {
			return p, true // for each of the list by itself
		}
		if part, err := v.At(at); err != nil || part.IsAbsent() {
			return at, true
		}
	}
	return "", false
}

// propertyTags returns tags of either of the forms that properties have them in.
func propertyTags(v asset.Value) map[string]string {
	tags := map[string]string{}
	switch v.Kind() {
	case asset.Map:
		members, _ := v.Members()
		for key, value := range members {
			tags[key], _ = value.Str()
		}
	case asset.List:
		elements, _ := v.Elements()
		for _, tag := range elements {
			if key, err := tag.Get("Key").Str(); err == nil {
				tags[key], _ = tag.Get("Value").Str()
			}
		}
	default:
		return nil
	}
	return tags
}
