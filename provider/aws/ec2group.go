package aws

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// securityGroupTable reads security groups with their rules.
func securityGroupTable(u *unit, client *ec2.Client) collect.Table {
	lists := collect.Once(func(ctx context.Context) (map[string]string, error) { return prefixListARNs(ctx, client) })
	return collect.Table{
		Op:    "ec2:DescribeSecurityGroups",
		Also:  []string{"ec2:DescribeSubnets", "ec2:DescribeManagedPrefixLists"},
		Types: []asset.Type{ec2SecurityGroup},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: u.ec2Only("group-id", "security-group/", ec2SecurityGroup), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.SecurityGroups {
				d := securityGroupDraft(u, u.netOwners(ctx), x)
				for _, id := range prefixListIDs(x) {
					// If the lists are denied, their owner is not known: the link then
					// leads to a list that nobody observes.
					arns, _ := lists(ctx)
					to, ok := arns[id]
					if !ok {
						to = u.ec2ARN("", "prefix-list", id)
					}
					d.Link("prefix_list", ec2PrefixList, to)
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func securityGroupDraft(u *unit, owners *netOwners, x ec2types.SecurityGroup) *collect.Draft {
	id := aws.ToString(x.GroupId)
	name := aws.ToString(x.GroupName)
	if name == "" {
		name = id
	}
	d := collect.NewDraft(ec2SecurityGroup, u.ec2ARN(aws.ToString(x.OwnerId), "security-group", id), name)
	d.Tags, d.Incarnation = tagMap(x.Tags, ec2Tag), id
	d.Config = collect.Doc{
		"Id":               id,
		"GroupId":          id,
		"GroupName":        x.GroupName,
		"GroupDescription": x.Description,
		"VpcId":            x.VpcId,
		"SecurityGroupIngress": rules(x.IpPermissions, ruleNames{
			list: "SourcePrefixListId", group: "SourceSecurityGroupId",
			groupName: "SourceSecurityGroupName", groupOwner: "SourceSecurityGroupOwnerId",
		}),
		"SecurityGroupEgress": rules(x.IpPermissionsEgress, ruleNames{
			list: "DestinationPrefixListId", group: "DestinationSecurityGroupId",
		}),
	}
	d.Status = collect.Doc{"OwnerId": x.OwnerId}
	owners.linkVPC(d, x.VpcId)
	sources := map[string]bool{}
	for _, p := range slices.Concat(x.IpPermissions, x.IpPermissionsEgress) {
		for _, g := range p.UserIdGroupPairs {
			sources[u.ec2ARN(aws.ToString(g.UserId), "security-group", aws.ToString(g.GroupId))] = true
		}
	}
	for _, to := range slices.Sorted(maps.Keys(sources)) {
		d.Link("source_group", ec2SecurityGroup, to)
	}
	return d
}

// ruleNames are what CloudFormation calls the peers of rules in one direction.
type ruleNames struct {
	list, group           string
	groupName, groupOwner string // "": there is no such property
}

// rules makes one rule of each peer of a permission, as CloudFormation has them.
func rules(permissions []ec2types.IpPermission, names ruleNames) []collect.Doc {
	all := []collect.Doc{}
	for _, p := range permissions {
		add := func(description *string, peer collect.Doc) {
			peer["IpProtocol"], peer["FromPort"], peer["ToPort"], peer["Description"] = p.IpProtocol, p.FromPort, p.ToPort, description
			all = append(all, peer)
		}
		for _, r := range p.IpRanges {
			add(r.Description, collect.Doc{"CidrIp": r.CidrIp})
		}
		for _, r := range p.Ipv6Ranges {
			add(r.Description, collect.Doc{"CidrIpv6": r.CidrIpv6})
		}
		for _, l := range p.PrefixListIds {
			add(l.Description, collect.Doc{names.list: l.PrefixListId})
		}
		for _, g := range p.UserIdGroupPairs {
			peer := collect.Doc{names.group: g.GroupId}
			if names.groupName != "" {
				peer[names.groupName], peer[names.groupOwner] = g.GroupName, g.UserId
			}
			add(g.Description, peer)
		}
	}
	return all
}

// prefixListIDs returns the ids of the prefix lists that rules of a group name.
func prefixListIDs(x ec2types.SecurityGroup) []string {
	var ids []string
	for _, p := range slices.Concat(x.IpPermissions, x.IpPermissionsEgress) {
		for _, l := range p.PrefixListIds {
			ids = append(ids, aws.ToString(l.PrefixListId))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// managedPrefixLists yields the prefix lists that the account sees: its own, those
// shared with it and those of AWS.
func managedPrefixLists(ctx context.Context, client *ec2.Client, only []ec2types.Filter, token string) ([]ec2types.ManagedPrefixList, string, error) {
	out, err := client.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{Filters: only, NextToken: optional(token), MaxResults: aws.Int32(100)})
	if err != nil {
		return nil, "", err
	}
	return out.PrefixLists, aws.ToString(out.NextToken), nil
}

// prefixListARNs returns the ARNs of prefix lists by their ids. The ARN of a list that
// another account or AWS owns cannot be made from its id.
func prefixListARNs(ctx context.Context, client *ec2.Client) (map[string]string, error) {
	arns := map[string]string{}
	for l, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.ManagedPrefixList, string, error) {
		return managedPrefixLists(ctx, client, nil, token)
	}) {
		if err != nil {
			return nil, err
		}
		arns[aws.ToString(l.PrefixListId)] = aws.ToString(l.PrefixListArn)
	}
	return arns, nil
}

func prefixListTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeManagedPrefixLists",
		Types: []asset.Type{ec2PrefixList},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			lists, next, err := managedPrefixLists(ctx, client, u.ec2Only("prefix-list-id", "prefix-list/", ec2PrefixList), token)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range lists {
				d := collect.NewDraft(ec2PrefixList, aws.ToString(x.PrefixListArn), aws.ToString(x.PrefixListName))
				d.Key, d.Tags = aws.ToString(x.PrefixListId), tagMap(x.Tags, ec2Tag)
				d.Incarnation = d.Key
				d.Config = collect.Doc{
					"PrefixListId":   x.PrefixListId,
					"PrefixListName": x.PrefixListName,
					"Arn":            x.PrefixListArn,
					"OwnerId":        x.OwnerId,
					"AddressFamily":  x.AddressFamily,
					"MaxEntries":     x.MaxEntries,
					"Version":        x.Version,
				}
				d.Status = collect.Doc{"State": x.State, "StateMessage": x.StateMessage}
				ds = append(ds, d)
			}
			return ds, next, nil
		},
		Reads: []collect.Read{{
			Op: "ec2:GetManagedPrefixListEntries",
			Each: func(ctx context.Context, d *collect.Draft) error {
				entries := []ec2types.PrefixListEntry{}
				for e, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.PrefixListEntry, string, error) {
					out, err := client.GetManagedPrefixListEntries(ctx, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &d.Key, NextToken: optional(token), MaxResults: aws.Int32(100)})
					if err != nil {
						return nil, "", err
					}
					return out.Entries, aws.ToString(out.NextToken), nil
				}) {
					if err != nil {
						return err
					}
					entries = append(entries, e)
				}
				d.Config["Entries"] = entries
				return nil
			},
		}},
	}
}
