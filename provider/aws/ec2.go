package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// ec2Page is how many things most lists of EC2 answer at most in one page.
const ec2Page = 1000

// ec2Tables read what EC2 has in a region: the region's settings, networks, machines
// and disks. A setting of the account hides from some lists what services of AWS
// manage; these lists are asked to include it.
func ec2Tables(u *unit) []collect.Table {
	client := ec2.NewFromConfig(u.config("ec2"), func(o *ec2.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return slices.Concat(
		regionTables(u),
		[]collect.Table{
			instanceTable(u, client),
			volumeTable(u, client),
			snapshotTable(u, client),
			imageTable(u, client),
			launchTemplateTable(u, client),
			vpcTable(u, client),
			subnetTable(u, client),
			securityGroupTable(u, client),
			prefixListTable(u, client),
			networkACLTable(u, client),
			routeTable(u, client),
			internetGatewayTable(u, client),
			natGatewayTable(u, client),
			addressTable(u, client),
			networkInterfaceTable(u, client),
			flowLogTable(u, client),
			vpcEndpointTable(u, client),
			peeringTable(u, client),
		},
	)
}

// ec2ARN makes the ARN of a resource of EC2 in the unit's region. The owner is the
// unit's account if it is not known. The ARN is "" if the id is.
func (u *unit) ec2ARN(owner, kind, id string) string {
	return u.ec2ARNIn(u.region, owner, kind, id)
}

func (u *unit) ec2ARNIn(region, owner, kind, id string) string {
	if id == "" {
		return ""
	}
	if owner == "" {
		owner = u.account.ID
	}
	return awsapi.ARN(u.account.session.Partition, "ec2", region, owner, kind+"/"+id)
}

// ec2OpenARN makes the ARN of an image or a snapshot, in which there is no account.
func (u *unit) ec2OpenARN(kind, id string) string {
	if id == "" {
		return ""
	}
	return awsapi.ARN(u.account.session.Partition, "ec2", u.region, "", kind+"/"+id)
}

// ec2Only returns the filter by which a list answers the one asset of the types that is
// requested, and none if all are. Ids for which there is nothing are no error then. In
// the ids of routes and of entries of ACLs follows, after a slash, what is in the table
// or the ACL that the list answers.
func (u *unit) ec2Only(filter, prefix string, types ...asset.Type) []ec2types.Filter {
	id := u.onlyName(prefix, types...)
	if id == "" {
		return nil
	}
	if i := strings.IndexByte(id, '/'); i > 0 {
		id = id[:i]
	}
	literal := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(id)
	return []ec2types.Filter{{Name: &filter, Values: []string{literal}}}
}

// ec2Name returns the name that people gave a resource, which is a tag, or else its id.
func ec2Name(tags map[string]string, id string) string {
	if name := tags["Name"]; name != "" {
		return name
	}
	return id
}

func ec2Tag(t ec2types.Tag) (key, value *string) { return t.Key, t.Value }

// instanceProfileARN returns the ARN of an instance profile that is named by its ARN or
// by its name. A name alone does not tell the path, and is taken to have none.
func (u *unit) instanceProfileARN(arn, name string) string {
	switch {
	case strings.HasPrefix(arn, "arn:"):
		return arn
	case strings.HasPrefix(name, "arn:") || name == "":
		return name
	}
	return awsapi.ARN(u.account.session.Partition, "iam", "", u.account.ID, "instance-profile/"+name)
}

// linkGroups adds links to security groups of the account, and returns their ids.
func linkGroups(d *collect.Draft, u *unit, groups []ec2types.GroupIdentifier) []*string {
	ids := make([]*string, 0, len(groups))
	for _, g := range groups {
		ids = append(ids, g.GroupId)
		if g.GroupId != nil {
			d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", *g.GroupId))
		}
	}
	return ids
}
