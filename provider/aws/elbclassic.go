package aws

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	classictypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// classicTable reads load balancers of the first generation. They have no ARN in the
// API; theirs are documented.
func classicTable(u *unit) collect.Table {
	client := classic.NewFromConfig(u.config("elasticloadbalancing"))
	return collect.Table{
		Op:     "elasticloadbalancing:DescribeLoadBalancers",
		Gone:   []string{"LoadBalancerNotFound"},
		Also:   []string{"ec2:DescribeSubnets"},
		Types:  []asset.Type{classicLoadBalancer},
		Absent: []string{(&classictypes.AccessPointNotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			in := &classic.DescribeLoadBalancersInput{Marker: optional(token), PageSize: aws.Int32(elbPage)}
			if names := u.onlyNames("loadbalancer/", classicLoadBalancer); len(names) > 0 {
				in = &classic.DescribeLoadBalancersInput{LoadBalancerNames: names} // of which there are no pages
			}
			out, err := client.DescribeLoadBalancers(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.LoadBalancerDescriptions {
				ds = append(ds, classicDraft(u, u.netOwners(ctx), x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		Reads: []collect.Read{{
			Op: "elasticloadbalancing:DescribeLoadBalancerAttributes",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeLoadBalancerAttributes(ctx, &classic.DescribeLoadBalancerAttributesInput{LoadBalancerName: &d.Name})
				if err != nil {
					return err
				}
				if a := out.LoadBalancerAttributes; a != nil {
					d.Config["AccessLoggingPolicy"] = a.AccessLog
					d.Config["ConnectionDrainingPolicy"] = a.ConnectionDraining
					d.Config["ConnectionSettings"] = a.ConnectionSettings
					if a.CrossZoneLoadBalancing != nil {
						d.Config["CrossZone"] = a.CrossZoneLoadBalancing.Enabled
					}
				}
				return nil
			},
		}, {
			Op: "elasticloadbalancing:DescribeLoadBalancerPolicies",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeLoadBalancerPolicies(ctx, &classic.DescribeLoadBalancerPoliciesInput{LoadBalancerName: &d.Name})
				if err != nil {
					return err
				}
				policies := []collect.Doc{}
				for _, p := range out.PolicyDescriptions {
					attributes := []collect.Doc{}
					for _, a := range p.PolicyAttributeDescriptions {
						attributes = append(attributes, collect.Doc{"Name": a.AttributeName, "Value": a.AttributeValue})
					}
					policies = append(policies, collect.Doc{"PolicyName": p.PolicyName, "PolicyType": p.PolicyTypeName, "Attributes": attributes})
				}
				d.Config["Policies"] = policies
				// For which ports a policy is comes with the listeners and the instances.
				d.SetUnread(collect.NotCollected(), "config.Policies[*].InstancePorts", "config.Policies[*].LoadBalancerPorts")
				return nil
			},
		}, {
			Op:   "elasticloadbalancing:DescribeTags",
			Size: 20,
			Together: func(ctx context.Context, ds []*collect.Draft) error {
				names := make([]string, len(ds))
				for i, d := range ds {
					names[i] = d.Name
				}
				out, err := client.DescribeTags(ctx, &classic.DescribeTagsInput{LoadBalancerNames: names})
				if err != nil {
					return err
				}
				byName := map[string][]classictypes.Tag{}
				for _, x := range out.TagDescriptions {
					byName[aws.ToString(x.LoadBalancerName)] = x.Tags
				}
				for _, d := range ds {
					if tags, ok := byName[d.Name]; ok {
						d.Tags = tagMap(tags, func(t classictypes.Tag) (key, value *string) { return t.Key, t.Value })
					} else {
						d.SetUnread(noElbTags(), "config.Tags")
					}
				}
				return nil
			},
		}},
	}
}

func classicDraft(u *unit, owners *netOwners, x classictypes.LoadBalancerDescription) *collect.Draft {
	name := aws.ToString(x.LoadBalancerName)
	d := collect.NewDraft(classicLoadBalancer, u.arn("elasticloadbalancing", "loadbalancer/"+name), name)
	d.Created = aws.ToTime(x.CreatedTime)
	d.Incarnation = incarnationAt(d.Created)
	listeners := []collect.Doc{}
	for _, l := range x.ListenerDescriptions {
		if l.Listener == nil {
			continue
		}
		listeners = append(listeners, collect.Doc{
			"InstancePort":     decimal(l.Listener.InstancePort),
			"InstanceProtocol": l.Listener.InstanceProtocol,
			"LoadBalancerPort": strconv.Itoa(int(l.Listener.LoadBalancerPort)),
			"PolicyNames":      append([]string{}, l.PolicyNames...),
			"Protocol":         l.Listener.Protocol,
			"SSLCertificateId": l.Listener.SSLCertificateId,
		})
	}
	instances := []*string{}
	for _, i := range x.Instances {
		instances = append(instances, i.InstanceId)
	}
	d.Config = collect.Doc{
		"LoadBalancerName":          name,
		"AppCookieStickinessPolicy": nil,
		"AvailabilityZones":         x.AvailabilityZones,
		"CanonicalHostedZoneName":   x.CanonicalHostedZoneName,
		"CanonicalHostedZoneNameID": x.CanonicalHostedZoneNameID,
		"DNSName":                   x.DNSName,
		"HealthCheck":               nil,
		"Instances":                 instances,
		"LBCookieStickinessPolicy":  nil,
		"Listeners":                 listeners,
		"Scheme":                    x.Scheme,
		"SecurityGroups":            append([]string{}, x.SecurityGroups...),
		"SourceSecurityGroup":       x.SourceSecurityGroup,
		"Subnets":                   append([]string{}, x.Subnets...),
	}
	if h := x.HealthCheck; h != nil {
		d.Config["HealthCheck"] = collect.Doc{
			"HealthyThreshold": decimal(h.HealthyThreshold), "Interval": decimal(h.Interval), "Target": h.Target,
			"Timeout": decimal(h.Timeout), "UnhealthyThreshold": decimal(h.UnhealthyThreshold),
		}
	}
	if p := x.Policies; p != nil {
		d.Config["AppCookieStickinessPolicy"] = p.AppCookieStickinessPolicies
		cookies := []collect.Doc{}
		for _, c := range p.LBCookieStickinessPolicies {
			cookie := collect.Doc{"PolicyName": c.PolicyName, "CookieExpirationPeriod": nil}
			if c.CookieExpirationPeriod != nil {
				cookie["CookieExpirationPeriod"] = strconv.FormatInt(*c.CookieExpirationPeriod, 10)
			}
			cookies = append(cookies, cookie)
		}
		d.Config["LBCookieStickinessPolicy"] = cookies
	}
	d.Status = collect.Doc{"CreatedTime": x.CreatedTime, "VPCId": x.VPCId}
	owners.linkVPC(d, x.VPCId)
	for _, s := range x.Subnets {
		owners.linkSubnet(d, &s)
	}
	for _, g := range x.SecurityGroups {
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
	return d
}
