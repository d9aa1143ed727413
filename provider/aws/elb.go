package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// elbPage is how many things the lists of load balancing answer at most in one page.
const elbPage = 400

// elbTables read load balancers with their listeners and target groups, and those of
// the first generation.
func elbTables(u *unit) []collect.Table {
	client := elb.NewFromConfig(u.config("elasticloadbalancing"))
	return []collect.Table{elbLoadBalancers(u, client), elbTargetGroups(u, client), classicTable(u)}
}

func elbLoadBalancers(u *unit, client *elb.Client) collect.Table {
	return collect.Table{
		Op:     "elasticloadbalancing:DescribeLoadBalancers",
		Gone:   []string{"LoadBalancerNotFound"},
		Also:   []string{"ec2:DescribeSubnets"},
		Types:  []asset.Type{elbLoadBalancer},
		Absent: []string{(&elbtypes.LoadBalancerNotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			in := &elb.DescribeLoadBalancersInput{Marker: optional(token), PageSize: aws.Int32(elbPage)}
			if id := u.onlyID(elbLoadBalancer); id != "" {
				in = &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{id}}
			} else if id := u.onlyID(elbListener); id != "" {
				in = &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{listenerParent(id)}}
			}
			out, err := client.DescribeLoadBalancers(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.LoadBalancers {
				ds = append(ds, loadBalancerDraft(u, u.netOwners(ctx), x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		Reads: []collect.Read{{
			Op: "elasticloadbalancing:DescribeLoadBalancerAttributes",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &d.ID})
				if err != nil {
					return err
				}
				d.Config["LoadBalancerAttributes"] = out.Attributes
				return nil
			},
		}, {
			Op: "elasticloadbalancing:DescribeCapacityReservation",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeCapacityReservation(ctx, &elb.DescribeCapacityReservationInput{LoadBalancerArn: &d.ID})
				if err != nil {
					return err
				}
				d.Config["MinimumLoadBalancerCapacity"] = out.MinimumLoadBalancerCapacity
				return nil
			},
		}, elbTags(client)},
		Under: []collect.Table{{
			Op:    "elasticloadbalancing:DescribeListeners",
			Types: []asset.Type{elbListener},
			Of:    elbLoadBalancer,
			ListOf: func(ctx context.Context, lb *collect.Draft, token string) ([]*collect.Draft, string, error) {
				out, err := client.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &lb.ID, Marker: optional(token), PageSize: aws.Int32(elbPage)})
				if err != nil {
					return nil, "", err
				}
				var ds []*collect.Draft
				for _, x := range out.Listeners {
					ds = append(ds, listenerDraft(lb, x))
				}
				return ds, aws.ToString(out.NextMarker), nil
			},
			Reads: []collect.Read{{
				Op: "elasticloadbalancing:DescribeListenerAttributes",
				Each: func(ctx context.Context, d *collect.Draft) error {
					out, err := client.DescribeListenerAttributes(ctx, &elb.DescribeListenerAttributesInput{ListenerArn: &d.ID})
					if err != nil {
						return err
					}
					d.Config["ListenerAttributes"] = out.Attributes
					return nil
				},
			}, elbTags(client)},
		}},
	}
}

// listenerParent returns the ARN of the load balancer of a listener: that of the listener
// has another kind, and an id at the end.
func listenerParent(id string) string {
	return strings.Replace(id[:max(0, strings.LastIndexByte(id, '/'))], ":listener/", ":loadbalancer/", 1)
}

// elbTags reads tags, of up to 20 things in a call.
func elbTags(client *elb.Client) collect.Read {
	return collect.Read{
		Op:   "elasticloadbalancing:DescribeTags",
		Size: 20,
		Together: func(ctx context.Context, ds []*collect.Draft) error {
			arns := make([]string, len(ds))
			for i, d := range ds {
				arns[i] = d.ID
			}
			out, err := client.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: arns})
			if err != nil {
				return err
			}
			byARN := map[string][]elbtypes.Tag{}
			for _, x := range out.TagDescriptions {
				byARN[aws.ToString(x.ResourceArn)] = x.Tags
			}
			for _, d := range ds {
				if tags, ok := byARN[d.ID]; ok {
					d.Tags = tagMap(tags, func(t elbtypes.Tag) (key, value *string) { return t.Key, t.Value })
				} else {
					d.SetUnread(noElbTags(), "config.Tags")
				}
			}
			return nil
		},
	}
}

// noElbTags says why there are no tags of something that has been requested.
func noElbTags() *asset.Unread {
	return unread("elasticloadbalancing:DescribeTags", codeNotListed, "it is not in the answer")
}

func loadBalancerDraft(u *unit, owners *netOwners, x elbtypes.LoadBalancer) *collect.Draft {
	d := collect.NewDraft(elbLoadBalancer, aws.ToString(x.LoadBalancerArn), aws.ToString(x.LoadBalancerName))
	d.Created, d.Incarnation = aws.ToTime(x.CreatedTime), d.ID
	_, full, _ := strings.Cut(d.ID, ":loadbalancer/")
	subnets := []*string{}
	mappings := []collect.Doc{}
	for _, z := range x.AvailabilityZones {
		subnets = append(subnets, z.SubnetId)
		mapping := collect.Doc{"SubnetId": z.SubnetId}
		for _, a := range z.LoadBalancerAddresses {
			mapping["AllocationId"], mapping["IPv6Address"], mapping["PrivateIPv4Address"] = a.AllocationId, a.IPv6Address, a.PrivateIPv4Address
		}
		if len(z.SourceNatIpv6Prefixes) > 0 {
			mapping["SourceNatIpv6Prefix"] = z.SourceNatIpv6Prefixes[0]
		}
		mappings = append(mappings, mapping)
		owners.linkSubnet(d, z.SubnetId)
	}
	d.Config = collect.Doc{
		"CanonicalHostedZoneID":        x.CanonicalHostedZoneId,
		"DNSName":                      x.DNSName,
		"EnablePrefixForIpv6SourceNat": x.EnablePrefixForIpv6SourceNat,
		"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": x.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic,
		"IpAddressType":        x.IpAddressType,
		"Ipv4IpamPoolId":       nil,
		"LoadBalancerArn":      x.LoadBalancerArn,
		"LoadBalancerFullName": full,
		"LoadBalancerName":     x.LoadBalancerName,
		"Name":                 x.LoadBalancerName,
		"Scheme":               x.Scheme,
		"SecurityGroups":       append([]string{}, x.SecurityGroups...),
		"SubnetMappings":       mappings,
		"Subnets":              subnets,
		"Type":                 x.Type,
	}
	if p := x.IpamPools; p != nil {
		d.Config["Ipv4IpamPoolId"] = p.Ipv4IpamPoolId
	}
	d.Status = collect.Doc{"State": x.State, "CreatedTime": x.CreatedTime, "VpcId": x.VpcId, "AvailabilityZones": x.AvailabilityZones}
	owners.linkVPC(d, x.VpcId)
	for _, g := range x.SecurityGroups {
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
	return d
}

func listenerDraft(lb *collect.Draft, x elbtypes.Listener) *collect.Draft {
	id := aws.ToString(x.ListenerArn)
	d := collect.NewDraft(elbListener, id, lb.Name+":"+awsapi.Name(id))
	if x.Port != nil {
		d.Name = lb.Name + ":" + *decimal(x.Port)
	}
	d.Incarnation = id
	d.Config = collect.Doc{
		"ListenerArn":          id,
		"LoadBalancerArn":      lb.ID,
		"AlpnPolicy":           x.AlpnPolicy,
		"Certificates":         x.Certificates,
		"DefaultActions":       x.DefaultActions,
		"MutualAuthentication": x.MutualAuthentication,
		"Port":                 x.Port,
		"Protocol":             x.Protocol,
		"SslPolicy":            x.SslPolicy,
	}
	d.Link("parent", elbLoadBalancer, lb.ID)
	groups := map[string]bool{}
	forward := func(arn *string) {
		if g := aws.ToString(arn); !groups[g] {
			groups[g] = true
			d.Link("target_group", elbTargetGroup, g)
		}
	}
	for _, a := range x.DefaultActions {
		forward(a.TargetGroupArn)
		if a.ForwardConfig != nil {
			for _, g := range a.ForwardConfig.TargetGroups {
				forward(g.TargetGroupArn)
			}
		}
	}
	for _, c := range x.Certificates {
		linkCertificate(d, aws.ToString(c.CertificateArn))
	}
	return d
}

// linkCertificate adds a link to a certificate of ACM or of IAM.
func linkCertificate(d *collect.Draft, arn string) {
	switch {
	case strings.Contains(arn, ":server-certificate/"):
		d.Link("certificate", iamServerCert, arn)
	case strings.Contains(arn, ":acm:"):
		d.Link("certificate", acmCertificate, arn)
	}
}

func elbTargetGroups(u *unit, client *elb.Client) collect.Table {
	return collect.Table{
		Op:     "elasticloadbalancing:DescribeTargetGroups",
		Gone:   []string{"TargetGroupNotFound"},
		Also:   []string{"ec2:DescribeSubnets"},
		Types:  []asset.Type{elbTargetGroup},
		Absent: []string{(&elbtypes.TargetGroupNotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			in := &elb.DescribeTargetGroupsInput{Marker: optional(token), PageSize: aws.Int32(elbPage)}
			if id := u.onlyID(elbTargetGroup); id != "" {
				in = &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{id}}
			}
			out, err := client.DescribeTargetGroups(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.TargetGroups {
				ds = append(ds, targetGroupDraft(u, u.netOwners(ctx), x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		Reads: []collect.Read{{
			Op: "elasticloadbalancing:DescribeTargetGroupAttributes",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &d.ID})
				if err != nil {
					return err
				}
				d.Config["TargetGroupAttributes"] = out.Attributes
				return nil
			},
		}, {
			Op: "elasticloadbalancing:DescribeTargetHealth",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &d.ID})
				if err != nil {
					return err
				}
				targets := []*elbtypes.TargetDescription{}
				for _, t := range out.TargetHealthDescriptions {
					targets = append(targets, t.Target)
				}
				d.Config["Targets"] = targets
				return nil
			},
		}, elbTags(client)},
	}
}

func targetGroupDraft(u *unit, owners *netOwners, x elbtypes.TargetGroup) *collect.Draft {
	d := collect.NewDraft(elbTargetGroup, aws.ToString(x.TargetGroupArn), aws.ToString(x.TargetGroupName))
	d.Incarnation = d.ID
	_, full, _ := strings.Cut(d.ID, ":targetgroup/")
	d.Config = collect.Doc{
		"HealthCheckEnabled":         x.HealthCheckEnabled,
		"HealthCheckIntervalSeconds": x.HealthCheckIntervalSeconds,
		"HealthCheckPath":            x.HealthCheckPath,
		"HealthCheckPort":            x.HealthCheckPort,
		"HealthCheckProtocol":        x.HealthCheckProtocol,
		"HealthCheckTimeoutSeconds":  x.HealthCheckTimeoutSeconds,
		"HealthyThresholdCount":      x.HealthyThresholdCount,
		"IpAddressType":              x.IpAddressType,
		"LoadBalancerArns":           append([]string{}, x.LoadBalancerArns...),
		"Matcher":                    x.Matcher,
		"Name":                       x.TargetGroupName,
		"Port":                       x.Port,
		"Protocol":                   x.Protocol,
		"ProtocolVersion":            x.ProtocolVersion,
		"TargetControlPort":          x.TargetControlPort,
		"TargetGroupArn":             x.TargetGroupArn,
		"TargetGroupFullName":        "targetgroup/" + full,
		"TargetGroupName":            x.TargetGroupName,
		"TargetType":                 x.TargetType,
		"UnhealthyThresholdCount":    x.UnhealthyThresholdCount,
		"VpcId":                      x.VpcId,
	}
	owners.linkVPC(d, x.VpcId)
	for _, lb := range x.LoadBalancerArns {
		d.Link("load_balancer", elbLoadBalancer, lb)
	}
	return d
}
