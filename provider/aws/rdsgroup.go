package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

func rdsSubnetGroupTable(u *unit, client *rds.Client) table {
	return table{
		op:    "rds:DescribeDBSubnetGroups",
		also:  []string{"ec2:DescribeSubnets"},
		types: []asset.Type{rdsSubnetGroup},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{Marker: optional(token), MaxRecords: aws.Int32(rdsPage)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.DBSubnetGroups {
				d := newDraft(rdsSubnetGroup, aws.ToString(x.DBSubnetGroupArn), aws.ToString(x.DBSubnetGroupName))
				subnets := []string{}
				for _, s := range x.Subnets {
					subnets = append(subnets, aws.ToString(s.SubnetIdentifier))
				}
				d.config = doc{
					"DBSubnetGroupArn":         x.DBSubnetGroupArn,
					"DBSubnetGroupDescription": x.DBSubnetGroupDescription,
					"DBSubnetGroupName":        x.DBSubnetGroupName,
					"SubnetIds":                subnets,
				}
				d.status = doc{"VpcId": x.VpcId, "SubnetGroupStatus": x.SubnetGroupStatus}
				d.linkNetwork(ctx, u, x.VpcId, subnets, nil)
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		reads: []read{rdsTagsRead(client)},
	}
}

// rdsParameterGroupTable reads the parameters that somebody has set, which are those
// that a template would have.
func rdsParameterGroupTable(client *rds.Client) table {
	return table{
		op:    "rds:DescribeDBParameterGroups",
		types: []asset.Type{rdsParameterGroup},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{Marker: optional(token), MaxRecords: aws.Int32(rdsPage)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.DBParameterGroups {
				d := newDraft(rdsParameterGroup, aws.ToString(x.DBParameterGroupArn), aws.ToString(x.DBParameterGroupName))
				d.config = doc{
					"DBParameterGroupArn":  x.DBParameterGroupArn,
					"DBParameterGroupName": x.DBParameterGroupName,
					"Description":          x.Description,
					"Family":               x.DBParameterGroupFamily,
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		reads: []read{{
			op: "rds:DescribeDBParameters",
			each: func(ctx context.Context, d *draft) error {
				return d.readParameters(ctx, func(ctx context.Context, token string) ([]rdstypes.Parameter, string, error) {
					out, err := client.DescribeDBParameters(ctx, &rds.DescribeDBParametersInput{
						DBParameterGroupName: &d.name, Source: aws.String("user"), Marker: optional(token), MaxRecords: aws.Int32(rdsPage),
					})
					if err != nil {
						return nil, "", err
					}
					return out.Parameters, aws.ToString(out.Marker), nil
				})
			},
		}, rdsTagsRead(client)},
	}
}

func rdsClusterParameterGroupTable(client *rds.Client) table {
	return table{
		op:    "rds:DescribeDBClusterParameterGroups",
		types: []asset.Type{rdsClusterParameterGroup},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeDBClusterParameterGroups(ctx, &rds.DescribeDBClusterParameterGroupsInput{Marker: optional(token), MaxRecords: aws.Int32(rdsPage)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.DBClusterParameterGroups {
				d := newDraft(rdsClusterParameterGroup, aws.ToString(x.DBClusterParameterGroupArn), aws.ToString(x.DBClusterParameterGroupName))
				d.config = doc{
					"DBClusterParameterGroupName": x.DBClusterParameterGroupName,
					"Description":                 x.Description,
					"Family":                      x.DBParameterGroupFamily,
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		reads: []read{{
			op: "rds:DescribeDBClusterParameters",
			each: func(ctx context.Context, d *draft) error {
				return d.readParameters(ctx, func(ctx context.Context, token string) ([]rdstypes.Parameter, string, error) {
					out, err := client.DescribeDBClusterParameters(ctx, &rds.DescribeDBClusterParametersInput{
						DBClusterParameterGroupName: &d.name, Source: aws.String("user"), Marker: optional(token), MaxRecords: aws.Int32(rdsPage),
					})
					if err != nil {
						return nil, "", err
					}
					return out.Parameters, aws.ToString(out.Marker), nil
				})
			},
		}, rdsTagsRead(client)},
	}
}

// readParameters adds the parameters of a group. The default groups of AWS have none
// that somebody could have set.
func (d *draft) readParameters(ctx context.Context, fetch func(ctx context.Context, token string) ([]rdstypes.Parameter, string, error)) error {
	set := doc{}
	if !strings.HasPrefix(d.name, "default.") {
		for p, err := range provider.Pages(ctx, fetch) {
			if err != nil {
				return err
			}
			set[aws.ToString(p.ParameterName)] = p.ParameterValue
		}
	}
	d.config["Parameters"] = set
	return nil
}

func rdsTagsRead(client *rds.Client) read {
	return read{
		op: "rds:ListTagsForResource",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: &d.ID})
			if err != nil {
				return err
			}
			d.tags = tagMap(out.TagList, rdsTag)
			return nil
		},
	}
}
