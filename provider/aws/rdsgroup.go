package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func rdsSubnetGroupTable(u *unit, client *rds.Client) collect.Table {
	return collect.Table{
		Op:     "rds:DescribeDBSubnetGroups",
		Also:   []string{"ec2:DescribeSubnets"},
		Types:  []asset.Type{rdsSubnetGroup},
		Absent: []string{(&rdstypes.DBSubnetGroupNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: optional(u.onlyName("subgrp:", rdsSubnetGroup)), Marker: optional(token), MaxRecords: aws.Int32(rdsPage)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DBSubnetGroups {
				d := collect.NewDraft(rdsSubnetGroup, aws.ToString(x.DBSubnetGroupArn), aws.ToString(x.DBSubnetGroupName))
				subnets := []string{}
				for _, s := range x.Subnets {
					subnets = append(subnets, aws.ToString(s.SubnetIdentifier))
				}
				d.Config = collect.Doc{
					"DBSubnetGroupArn":         x.DBSubnetGroupArn,
					"DBSubnetGroupDescription": x.DBSubnetGroupDescription,
					"DBSubnetGroupName":        x.DBSubnetGroupName,
					"SubnetIds":                subnets,
				}
				d.Status = collect.Doc{"VpcId": x.VpcId, "SubnetGroupStatus": x.SubnetGroupStatus}
				linkNetwork(d, ctx, u, x.VpcId, subnets, nil)
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{rdsTagsRead(client)},
	}
}

// rdsParameterGroupTable reads the parameters that somebody has set, which are those
// that a template would have.
func rdsParameterGroupTable(u *unit, client *rds.Client) collect.Table {
	return collect.Table{
		Op:     "rds:DescribeDBParameterGroups",
		Types:  []asset.Type{rdsParameterGroup},
		Absent: []string{(&rdstypes.DBParameterGroupNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{DBParameterGroupName: optional(u.onlyName("pg:", rdsParameterGroup)), Marker: optional(token), MaxRecords: aws.Int32(rdsPage)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DBParameterGroups {
				d := collect.NewDraft(rdsParameterGroup, aws.ToString(x.DBParameterGroupArn), aws.ToString(x.DBParameterGroupName))
				d.Config = collect.Doc{
					"DBParameterGroupArn":  x.DBParameterGroupArn,
					"DBParameterGroupName": x.DBParameterGroupName,
					"Description":          x.Description,
					"Family":               x.DBParameterGroupFamily,
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{{
			Op: "rds:DescribeDBParameters",
			Each: func(ctx context.Context, d *collect.Draft) error {
				return readParameters(d, ctx, func(ctx context.Context, token string) ([]rdstypes.Parameter, string, error) {
					out, err := client.DescribeDBParameters(ctx, &rds.DescribeDBParametersInput{
						DBParameterGroupName: &d.Name, Source: aws.String("user"), Marker: optional(token), MaxRecords: aws.Int32(rdsPage),
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

func rdsClusterParameterGroupTable(u *unit, client *rds.Client) collect.Table {
	return collect.Table{
		Op:     "rds:DescribeDBClusterParameterGroups",
		Types:  []asset.Type{rdsClusterParameterGroup},
		Absent: []string{(&rdstypes.DBParameterGroupNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeDBClusterParameterGroups(ctx, &rds.DescribeDBClusterParameterGroupsInput{DBClusterParameterGroupName: optional(u.onlyName("cluster-pg:", rdsClusterParameterGroup)), Marker: optional(token), MaxRecords: aws.Int32(rdsPage)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DBClusterParameterGroups {
				d := collect.NewDraft(rdsClusterParameterGroup, aws.ToString(x.DBClusterParameterGroupArn), aws.ToString(x.DBClusterParameterGroupName))
				d.Config = collect.Doc{
					"DBClusterParameterGroupName": x.DBClusterParameterGroupName,
					"Description":                 x.Description,
					"Family":                      x.DBParameterGroupFamily,
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{{
			Op: "rds:DescribeDBClusterParameters",
			Each: func(ctx context.Context, d *collect.Draft) error {
				return readParameters(d, ctx, func(ctx context.Context, token string) ([]rdstypes.Parameter, string, error) {
					out, err := client.DescribeDBClusterParameters(ctx, &rds.DescribeDBClusterParametersInput{
						DBClusterParameterGroupName: &d.Name, Source: aws.String("user"), Marker: optional(token), MaxRecords: aws.Int32(rdsPage),
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
func readParameters(d *collect.Draft, ctx context.Context, fetch func(ctx context.Context, token string) ([]rdstypes.Parameter, string, error)) error {
	set := collect.Doc{}
	if !strings.HasPrefix(d.Name, "default.") {
		for p, err := range provider.Pages(ctx, fetch) {
			if err != nil {
				return err
			}
			set[aws.ToString(p.ParameterName)] = p.ParameterValue
		}
	}
	d.Config["Parameters"] = set
	return nil
}

func rdsTagsRead(client *rds.Client) collect.Read {
	return collect.Read{
		Op: "rds:ListTagsForResource",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.ListTagsForResource(ctx, &rds.ListTagsForResourceInput{ResourceName: &d.ID})
			if err != nil {
				return err
			}
			d.Tags = tagMap(out.TagList, rdsTag)
			return nil
		},
	}
}
