package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/resourceexplorer2"
	explorertypes "github.com/aws/aws-sdk-go-v2/service/resourceexplorer2/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// Index is what tells where there is nothing of a type, so that Cloud Control need not
// be asked. Whatever it is, the coverage of types that Cloud Control lists is partial.
type Index uint8

const (
	// ResourceExplorer is the index of AWS Resource Explorer, in regions where it is
	// turned on and its default view shows everything, for types that it supports by
	// CloudFormation's name. It may be minutes behind. Elsewhere all is listed.
	ResourceExplorer Index = iota
	// Tags is the Resource Groups Tagging API. It does not know what never had a tag,
	// which is then not found.
	Tags
	// NoIndex has every type listed in every region.
	NoIndex
)

// String returns "resource-explorer", "tags" or "none".
func (i Index) String() string {
	switch i {
	case Tags:
		return "tags"
	case NoIndex:
		return "none"
	}
	return "resource-explorer"
}

// worthAnIndex is how many lists an account takes before an index is asked: reading one
// takes about ten calls, and another for each few hundred resources.
const worthAnIndex = 100

// indexPermissions are what asking an index takes.
func (p *Provider) indexPermissions(q provider.Query) []string {
	switch {
	case len(p.controlled(q)) == 0 || p.opts.Index == NoIndex:
		return nil
	case p.opts.Index == Tags:
		return []string{"tag:GetResources"}
	}
	var all []string
	for _, name := range []string{"GetDefaultView", "GetIndex", "GetView", "ListIndexes", "ListResources", "ListSupportedResourceTypes"} {
		all = append(all, "resource-explorer-2:"+name)
	}
	return all
}

// index is what is known of some regions of an account.
type index struct {
	regions []string        // that it knows
	knows   map[string]bool // the kinds that it would tell; nil: all
	found   map[string]bool // kinds that there are, with the region before them
}

// lacks reports whether there is nothing of a kind in a region.
func (x *index) lacks(region, kind string) bool {
	return x != nil && kind != "" && slices.Contains(x.regions, region) && (x.knows == nil || x.knows[kind]) && !x.found[region+" "+kind]
}

// indexed reports whether lists of a type are to be spared by an index.
func (u *unit) indexed(t asset.Type) bool {
	return u.scan.provider.opts.Index != NoIndex && u.region != "" && !resources()[t].CrossAccount && u.scan.Only.IsZero() &&
		len(u.scan.controlled())*len(u.account.regions) >= worthAnIndex
}

// lacks reports whether an index says that there is nothing of a type in the unit's
// region. One that cannot be read says nothing.
func (u *unit) lacks(ctx context.Context, t asset.Type) bool {
	if !u.indexed(t) {
		return false
	}
	a, region := u.account, u.region
	read, kind := a.readExplorer, explorerKind(t)
	if u.scan.provider.opts.Index == Tags {
		read, kind = a.readTags, resources()[t].taggedKind()
	} else {
		switch all, err := a.aggregator(ctx); {
		case err != nil:
			return false
		case all != "":
			region = all
		}
	}
	get, _ := a.indexes.LoadOrStore(region, collect.Once(func(ctx context.Context) (*index, error) { return read(ctx, region) }))
	x, err := get.(func(context.Context) (*index, error))(ctx)
	return err == nil && x.lacks(u.region, kind)
}

// explorerKind returns what Resource Explorer calls a type, if it calls it as
// CloudFormation does: glue:job is AWS::Glue::Job, and ec2:transitgateway stands for
// its ec2:transit-gateway.
func explorerKind(t asset.Type) string {
	_, rest, _ := strings.Cut(string(t), "::")
	return strings.ToLower(strings.Replace(rest, "::", ":", 1))
}

// readAggregator returns the region of the index that the others are copied to, or "".
func (a *account) readAggregator(ctx context.Context) (string, error) {
	client := resourceexplorer2.NewFromConfig(a.session.Config("resource-explorer-2", a.session.Home()))
	found := ""
	for x, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]explorertypes.Index, string, error) {
		out, err := client.ListIndexes(ctx, &resourceexplorer2.ListIndexesInput{NextToken: optional(token)})
		if err != nil {
			return nil, "", err
		}
		return out.Indexes, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return "", err
		}
		if x.Type == explorertypes.IndexTypeAggregator {
			found = aws.ToString(x.Region)
		}
	}
	return found, nil
}

// readExplorer reads the index in a region.
func (a *account) readExplorer(ctx context.Context, region string) (*index, error) {
	client := resourceexplorer2.NewFromConfig(a.session.Config("resource-explorer-2", region))
	view, others, err := wholeView(ctx, client)
	if err != nil {
		return nil, err
	}
	x := &index{regions: append(others, region), knows: map[string]bool{}, found: map[string]bool{}}
	for t, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]explorertypes.SupportedResourceType, string, error) {
		out, err := client.ListSupportedResourceTypes(ctx, &resourceexplorer2.ListSupportedResourceTypesInput{MaxResults: aws.Int32(1000), NextToken: optional(token)})
		if err != nil {
			return nil, "", err
		}
		return out.ResourceTypes, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		x.knows[plainKind(t.ResourceType)] = true
	}
	for r, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]explorertypes.Resource, string, error) {
		// With 1000, the most, there is never a second page.
		out, err := client.ListResources(ctx, &resourceexplorer2.ListResourcesInput{ViewArn: view, MaxResults: aws.Int32(500), NextToken: optional(token)})
		if err != nil {
			return nil, "", err
		}
		return out.Resources, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		if aws.ToString(r.OwningAccountId) == a.ID {
			x.found[aws.ToString(r.Region)+" "+plainKind(r.ResourceType)] = true
		}
	}
	return x, nil
}

// wholeView returns the default view of an index that is complete and shows everything,
// and the regions besides its own that the index knows.
func wholeView(ctx context.Context, client *resourceexplorer2.Client) (view *string, others []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, collect.CallTimeout)
	defer cancel()
	is, err := client.GetIndex(ctx, &resourceexplorer2.GetIndexInput{})
	if err != nil {
		return nil, nil, err
	}
	if is.State != explorertypes.IndexStateActive {
		return nil, nil, fmt.Errorf("the index is %s", is.State)
	}
	preset, err := client.GetDefaultView(ctx, &resourceexplorer2.GetDefaultViewInput{})
	if err != nil {
		return nil, nil, err
	}
	if preset.ViewArn == nil {
		return nil, nil, errors.New("there is no default view")
	}
	shows, err := client.GetView(ctx, &resourceexplorer2.GetViewInput{ViewArn: preset.ViewArn})
	if err != nil {
		return nil, nil, err
	}
	if shows.View == nil || shows.View.Filters != nil && aws.ToString(shows.View.Filters.FilterString) != "" {
		return nil, nil, errors.New("the default view does not show everything")
	}
	return preset.ViewArn, is.ReplicatingFrom, nil
}

func plainKind(s *string) string {
	return strings.ToLower(strings.ReplaceAll(aws.ToString(s), "-", ""))
}

// readTags reads what is tagged in a region.
func (a *account) readTags(ctx context.Context, region string) (*index, error) {
	client := resourcegroupstaggingapi.NewFromConfig(a.session.Config("tag", region))
	x := &index{regions: []string{region}, found: map[string]bool{}}
	for r, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]tagtypes.ResourceTagMapping, string, error) {
		out, err := client.GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{ResourcesPerPage: aws.Int32(100), PaginationToken: optional(token)})
		if err != nil {
			return nil, "", err
		}
		return out.ResourceTagMappingList, aws.ToString(out.PaginationToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		x.found[region+" "+arnKind(aws.ToString(r.ResourceARN))] = true
	}
	return x, nil
}

// taggedKind returns the kind of ARNs of a type, or "" if it has no tags or its ARNs
// do not tell.
func (r *resource) taggedKind() string {
	if r.Tags == "" {
		return ""
	}
	kind := arnKind(r.ARN)
	if strings.Contains(kind, "$") {
		return ""
	}
	return kind
}

// arnKind returns the service of an ARN and what its resource begins with, glue:job/,
// or "" if that does not tell resources of one type from those of others.
func arnKind(s string) string {
	id, err := arn.Parse(s)
	i := strings.IndexAny(id.Resource, "/:")
	if err != nil || i < 0 {
		return ""
	}
	return id.Service + ":" + id.Resource[:i+1]
}
