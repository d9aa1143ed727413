package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	routetypes "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const hostedZone asset.Type = "AWS::Route53::HostedZone"

// route53Tables read zones of names.
func route53Tables(u *unit) []table {
	client := route53.NewFromConfig(u.config("route53"))
	logging := once(func(ctx context.Context) (map[string]*string, error) {
		byZone := map[string]*string{}
		for c, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]routetypes.QueryLoggingConfig, string, error) {
			out, err := client.ListQueryLoggingConfigs(ctx, &route53.ListQueryLoggingConfigsInput{NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			return out.QueryLoggingConfigs, aws.ToString(out.NextToken), nil
		}) {
			if err != nil {
				return nil, err
			}
			byZone[aws.ToString(c.HostedZoneId)] = c.CloudWatchLogsLogGroupArn
		}
		return byZone, nil
	})
	return []table{{
		op:     "route53:ListHostedZones",
		types:  []asset.Type{hostedZone},
		global: true,
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListHostedZones(ctx, &route53.ListHostedZonesInput{Marker: optional(token), MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.HostedZones {
				ds = append(ds, hostedZoneDraft(u, x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		reads: []read{{
			op: "route53:GetHostedZone",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &d.key})
				if err != nil {
					return err
				}
				var servers []string
				if out.DelegationSet != nil {
					servers = out.DelegationSet.NameServers
				}
				d.config["NameServers"] = servers
				d.config["VPCs"] = out.VPCs
				for _, v := range out.VPCs {
					d.link("vpc", ec2VPC, u.ec2ARNIn(string(v.VPCRegion), "", "vpc", aws.ToString(v.VPCId)))
				}
				return nil
			},
		}, {
			op: "route53:ListQueryLoggingConfigs",
			each: func(ctx context.Context, d *draft) error {
				byZone, err := logging(ctx)
				if err != nil {
					return err
				}
				if group, ok := byZone[d.key]; ok {
					d.config["QueryLoggingConfig"] = doc{"CloudWatchLogsLogGroupArn": group}
				}
				return nil
			},
		}, {
			op: "route53:ListTagsForResource",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{ResourceId: &d.key, ResourceType: routetypes.TagResourceTypeHostedzone})
				if err != nil {
					return err
				}
				var list []routetypes.Tag
				if out.ResourceTagSet != nil {
					list = out.ResourceTagSet.Tags
				}
				d.tags = tagMap(list, func(t routetypes.Tag) (key, value *string) { return t.Key, t.Value })
				d.config["HostedZoneTags"] = tagListOrNil(d.tags)
				return nil
			},
		}},
	}}
}

func hostedZoneDraft(u *unit, x routetypes.HostedZone) *draft {
	id := strings.TrimPrefix(aws.ToString(x.Id), "/hostedzone/")
	d := newDraft(hostedZone, "arn:"+u.account.partition+":route53:::hostedzone/"+id, aws.ToString(x.Name))
	d.key, d.incarnation = id, id
	var settings, features doc
	if x.Config != nil && x.Config.Comment != nil {
		settings = doc{"Comment": x.Config.Comment}
	}
	if f := x.Features; f != nil {
		features = doc{"EnableAcceleratedRecovery": f.AcceleratedRecoveryStatus == routetypes.AcceleratedRecoveryStatusEnabled}
	}
	d.config = doc{"HostedZoneConfig": settings, "HostedZoneFeatures": features, "Id": id, "Name": x.Name}
	d.status = doc{"ResourceRecordSetCount": x.ResourceRecordSetCount, "CallerReference": x.CallerReference}
	return d
}
