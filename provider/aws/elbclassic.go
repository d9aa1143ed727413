package aws

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	classictypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"

	"github.com/openstance/stance/asset"
)

const classicLoadBalancer asset.Type = "AWS::ElasticLoadBalancing::LoadBalancer"

// classicTable reads load balancers of the first generation. They have no ARN in the
// API; theirs are documented.
func classicTable(u *unit) table {
	client := classic.NewFromConfig(u.config("elasticloadbalancing"))
	return table{
		op:    "elasticloadbalancing:DescribeLoadBalancers",
		also:  []string{"ec2:DescribeSubnets"},
		types: []asset.Type{classicLoadBalancer},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeLoadBalancers(ctx, &classic.DescribeLoadBalancersInput{Marker: optional(token), PageSize: aws.Int32(elbPage)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.LoadBalancerDescriptions {
				ds = append(ds, classicDraft(u, u.netOwners(ctx), x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		reads: []read{{
			op: "elasticloadbalancing:DescribeLoadBalancerAttributes",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribeLoadBalancerAttributes(ctx, &classic.DescribeLoadBalancerAttributesInput{LoadBalancerName: &d.name})
				if err != nil {
					return err
				}
				if a := out.LoadBalancerAttributes; a != nil {
					d.config["AccessLoggingPolicy"] = a.AccessLog
					d.config["ConnectionDrainingPolicy"] = a.ConnectionDraining
					d.config["ConnectionSettings"] = a.ConnectionSettings
					if a.CrossZoneLoadBalancing != nil {
						d.config["CrossZone"] = a.CrossZoneLoadBalancing.Enabled
					}
				}
				return nil
			},
		}, {
			op: "elasticloadbalancing:DescribeLoadBalancerPolicies",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribeLoadBalancerPolicies(ctx, &classic.DescribeLoadBalancerPoliciesInput{LoadBalancerName: &d.name})
				if err != nil {
					return err
				}
				policies := []doc{}
				for _, p := range out.PolicyDescriptions {
					attributes := []doc{}
					for _, a := range p.PolicyAttributeDescriptions {
						attributes = append(attributes, doc{"Name": a.AttributeName, "Value": a.AttributeValue})
					}
					policies = append(policies, doc{"PolicyName": p.PolicyName, "PolicyType": p.PolicyTypeName, "Attributes": attributes})
				}
				d.config["Policies"] = policies
				// For which ports a policy is is told of the listeners and the instances.
				d.setUnread([]asset.Path{"config.Policies[*].InstancePorts", "config.Policies[*].LoadBalancerPorts"}, notCollected())
				return nil
			},
		}, {
			op:   "elasticloadbalancing:DescribeTags",
			size: 20,
			together: func(ctx context.Context, ds []*draft) error {
				names := make([]string, len(ds))
				for i, d := range ds {
					names[i] = d.name
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
					if tags, ok := byName[d.name]; ok {
						d.tags = tagMap(tags, func(t classictypes.Tag) (key, value *string) { return t.Key, t.Value })
					} else {
						d.setUnread([]asset.Path{"config.Tags"}, noElbTags())
					}
				}
				return nil
			},
		}},
	}
}

func classicDraft(u *unit, owners netOwners, x classictypes.LoadBalancerDescription) *draft {
	name := aws.ToString(x.LoadBalancerName)
	d := newDraft(classicLoadBalancer, u.arn("elasticloadbalancing", "loadbalancer/"+name), name)
	d.created = aws.ToTime(x.CreatedTime)
	d.incarnation = incarnationAt(d.created)
	listeners := []doc{}
	for _, l := range x.ListenerDescriptions {
		if l.Listener == nil {
			continue
		}
		listeners = append(listeners, doc{
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
	d.config = doc{
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
		d.config["HealthCheck"] = doc{
			"HealthyThreshold": decimal(h.HealthyThreshold), "Interval": decimal(h.Interval), "Target": h.Target,
			"Timeout": decimal(h.Timeout), "UnhealthyThreshold": decimal(h.UnhealthyThreshold),
		}
	}
	if p := x.Policies; p != nil {
		d.config["AppCookieStickinessPolicy"] = p.AppCookieStickinessPolicies
		cookies := []doc{}
		for _, c := range p.LBCookieStickinessPolicies {
			cookie := doc{"PolicyName": c.PolicyName, "CookieExpirationPeriod": nil}
			if c.CookieExpirationPeriod != nil {
				cookie["CookieExpirationPeriod"] = strconv.FormatInt(*c.CookieExpirationPeriod, 10)
			}
			cookies = append(cookies, cookie)
		}
		d.config["LBCookieStickinessPolicy"] = cookies
	}
	d.status = doc{"CreatedTime": x.CreatedTime, "VPCId": x.VPCId}
	d.link("vpc", ec2VPC, u.vpcARN(owners, x.VPCId))
	for _, s := range x.Subnets {
		d.link("subnet", ec2Subnet, u.subnetARN(owners, &s))
	}
	for _, g := range x.SecurityGroups {
		d.link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
	return d
}
