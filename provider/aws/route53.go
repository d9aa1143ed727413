package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	routetypes "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// route53Tables read zones of names.
func route53Tables(u *unit) []collect.Table {
	client := route53.NewFromConfig(u.config("route53"))
	logging := collect.Once(func(ctx context.Context) (map[string]*string, error) {
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
	return []collect.Table{{
		Op:     "route53:ListHostedZones",
		Gone:   []string{"NoSuchHostedZone"},
		Types:  []asset.Type{hostedZone},
		Global: true,
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListHostedZones(ctx, &route53.ListHostedZonesInput{Marker: optional(token), MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.HostedZones {
				ds = append(ds, hostedZoneDraft(u, x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		Reads: []collect.Read{{
			Op: "route53:GetHostedZone",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &d.Key})
				if err != nil {
					return err
				}
				var servers []string
				if out.DelegationSet != nil {
					servers = out.DelegationSet.NameServers
				}
				d.Config["NameServers"] = servers
				d.Config["VPCs"] = out.VPCs
				for _, v := range out.VPCs {
					d.Link("vpc", ec2VPC, u.ec2ARNIn(string(v.VPCRegion), "", "vpc", aws.ToString(v.VPCId)))
				}
				return nil
			},
		}, {
			Op: "route53:ListQueryLoggingConfigs",
			Each: func(ctx context.Context, d *collect.Draft) error {
				byZone, err := logging(ctx)
				if err != nil {
					return err
				}
				if group, ok := byZone[d.Key]; ok {
					d.Config["QueryLoggingConfig"] = collect.Doc{"CloudWatchLogsLogGroupArn": group}
				}
				return nil
			},
		}, {
			Op: "route53:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{ResourceId: &d.Key, ResourceType: routetypes.TagResourceTypeHostedzone})
				if err != nil {
					return err
				}
				var list []routetypes.Tag
				if out.ResourceTagSet != nil {
					list = out.ResourceTagSet.Tags
				}
				d.Tags = tagMap(list, func(t routetypes.Tag) (key, value *string) { return t.Key, t.Value })
				d.Config["HostedZoneTags"] = tagListOrNil(d.Tags)
				return nil
			},
		}},
	}}
}

func hostedZoneDraft(u *unit, x routetypes.HostedZone) *collect.Draft {
	id := strings.TrimPrefix(aws.ToString(x.Id), "/hostedzone/")
	d := collect.NewDraft(hostedZone, "arn:"+u.account.session.Partition+":route53:::hostedzone/"+id, aws.ToString(x.Name))
	d.Key, d.Incarnation = id, id
	var settings, features collect.Doc
	if x.Config != nil && x.Config.Comment != nil {
		settings = collect.Doc{"Comment": x.Config.Comment}
	}
	if f := x.Features; f != nil {
		features = collect.Doc{"EnableAcceleratedRecovery": f.AcceleratedRecoveryStatus == routetypes.AcceleratedRecoveryStatusEnabled}
	}
	d.Config = collect.Doc{"HostedZoneConfig": settings, "HostedZoneFeatures": features, "Id": id, "Name": x.Name}
	d.Status = collect.Doc{"ResourceRecordSetCount": x.ResourceRecordSetCount, "CallerReference": x.CallerReference}
	return d
}
