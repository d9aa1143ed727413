package aws

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	classictypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// twoSubnets returns two subnets of the default VPC in different zones, and the VPC.
func twoSubnets(t *testing.T, x *tester) (subnets []string, vpc string) {
	t.Helper()
	out, err := ec2.NewFromConfig(x.cfg).DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(out.Subnets), 2)
	return []string{*out.Subnets[0].SubnetId, *out.Subnets[1].SubnetId}, *out.Subnets[0].VpcId
}

func TestLoadBalancers(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := elb.NewFromConfig(x.cfg)
	subnets, vpc := twoSubnets(t, x)
	made, err := client.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: aws.String("front"), Subnets: subnets, Scheme: elbtypes.LoadBalancerSchemeEnumInternetFacing, Tags: []elbtypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})
	require.NoError(t, err)
	lb := made.LoadBalancers[0]
	group, err := client.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: &vpc})
	require.NoError(t, err)
	target := group.TargetGroups[0].TargetGroupArn
	_, err = client.CreateListener(ctx, &elb.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: target}},
	})
	require.NoError(t, err)
	x.says("Elastic Load Balancing v2:DescribeCapacityReservation", &elb.DescribeCapacityReservationOutput{MinimumLoadBalancerCapacity: &elbtypes.MinimumLoadBalancerCapacity{CapacityUnits: aws.Int32(100)}})
	x.says("Elastic Load Balancing v2:DescribeListenerAttributes", &elb.DescribeListenerAttributesOutput{Attributes: []elbtypes.ListenerAttribute{{Key: aws.String("tcp.idle_timeout.seconds"), Value: aws.String("350")}}})

	inv := x.collect(t, elbLoadBalancer, elbListener, elbTargetGroup)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, elbLoadBalancer)
	assert.Equal(t, *lb.LoadBalancerArn, a.ID)
	assert.Equal(t, map[string]string{"team": "web"}, a.Tags)
	assertJSON(t, `"internet-facing"`, a.Config.Get("Scheme"))
	assertJSON(t, `{"CapacityUnits":100}`, a.Config.Get("MinimumLoadBalancerCapacity"))
	assert.Positive(t, a.Config.Get("LoadBalancerAttributes").Len())
	assert.Equal(t, 2, a.Config.Get("SubnetMappings").Len())
	full, err := a.Config.Get("LoadBalancerFullName").Str()
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(full, "app/front/"), full)
	assert.Contains(t, a.Links, asset.Link{Rel: "vpc", To: ref(ec2VPC, "vpc/"+vpc)})
	assert.Contains(t, a.Links, asset.Link{Rel: "subnet", To: ref(ec2Subnet, "subnet/"+subnets[1])})
	l := only(t, inv, elbListener)
	assert.Equal(t, "front:80", l.Name)
	assert.Contains(t, l.Links, asset.Link{Rel: "parent", To: a.Ref})
	assert.Contains(t, l.Links, asset.Link{Rel: "target_group", To: asset.Ref{Type: elbTargetGroup, ID: *target}})
	assertJSON(t, `"forward"`, l.Config.Get("DefaultActions").Index(0).Get("Type"))
	assertJSON(t, `[{"Key":"tcp.idle_timeout.seconds","Value":"350"}]`, l.Config.Get("ListenerAttributes"))
	g := only(t, inv, elbTargetGroup)
	assert.Contains(t, g.Links, asset.Link{Rel: "load_balancer", To: a.Ref})
	assertJSON(t, `8080`, g.Config.Get("Port"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1,
		"Elastic Load Balancing v2:DescribeLoadBalancers": 1, "Elastic Load Balancing v2:DescribeLoadBalancerAttributes": 1,
		"Elastic Load Balancing v2:DescribeCapacityReservation": 1, "Elastic Load Balancing v2:DescribeListeners": 1,
		"Elastic Load Balancing v2:DescribeListenerAttributes": 1, "Elastic Load Balancing v2:DescribeTargetGroups": 1,
		"Elastic Load Balancing v2:DescribeTargetGroupAttributes": 1, "Elastic Load Balancing v2:DescribeTargetHealth": 1,
		"Elastic Load Balancing v2:DescribeTags": 3,
	}, x.calls.n)

	x.fail(denied, "Elastic Load Balancing v2:DescribeTags", "Elastic Load Balancing v2:DescribeLoadBalancerAttributes", "Elastic Load Balancing v2:DescribeListeners")
	inv = x.collect(t, elbLoadBalancer, elbListener)
	a = only(t, inv, elbLoadBalancer)
	assertUnread(t, "elasticloadbalancing:DescribeTags", "AccessDenied", a.Config.Get("Tags"))
	assert.Nil(t, a.Tags)
	assertUnread(t, "elasticloadbalancing:DescribeLoadBalancerAttributes", "AccessDenied", a.Config.Get("LoadBalancerAttributes"))
	require.Len(t, inv.GapsOf(a.Ref), 1)
	assert.Equal(t, asset.Partial, inv.Coverage(a.Scope, elbListener))
}

func TestTagsOfLoadBalancersAreReadTwentyAtOnce(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	out := &elb.DescribeTargetGroupsOutput{}
	for i := range 41 {
		out.TargetGroups = append(out.TargetGroups, elbtypes.TargetGroup{TargetGroupArn: aws.String(fmt.Sprintf("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/g%d/1", i))})
	}
	x.says("Elastic Load Balancing v2:DescribeTargetGroups", out)
	x.answer("Elastic Load Balancing v2:DescribeTags", func(in any) (any, error) {
		arns := in.(*elb.DescribeTagsInput).ResourceArns
		assert.LessOrEqual(t, len(arns), 20)
		out := &elb.DescribeTagsOutput{TagDescriptions: []elbtypes.TagDescription{{ResourceArn: &arns[0], Tags: []elbtypes.Tag{{Key: aws.String("first")}}}}}
		for i := range arns[1:] {
			if !strings.HasSuffix(arns[1+i], "/g7/1") {
				out.TagDescriptions = append(out.TagDescriptions, elbtypes.TagDescription{ResourceArn: &arns[1+i]})
			}
		}
		return out, nil
	})
	x.fail(denied, "Elastic Load Balancing v2:DescribeTargetGroupAttributes", "Elastic Load Balancing v2:DescribeTargetHealth")
	inv := x.collect(t, elbTargetGroup)
	assert.Equal(t, 3, x.calls.n["Elastic Load Balancing v2:DescribeTags"])
	tagged := 0
	for a := range inv.OfType(elbTargetGroup) {
		tagged += len(a.Tags)
		if strings.HasSuffix(a.ID, "/g7/1") {
			assertUnread(t, "elasticloadbalancing:DescribeTags", codeNotListed, a.Config.Get("Tags"))
			continue
		}
		assert.NotNil(t, a.Tags)
		assert.NotEqual(t, asset.UnreadPart, a.Config.Get("Tags").Kind(), a.ID)
	}
	assert.Equal(t, 3, tagged)
}

func TestListenerSecretsAndCertificates(t *testing.T) {
	lb := collect.NewDraft(elbLoadBalancer, "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/1", "front")
	d := listenerDraft(lb, elbtypes.Listener{
		ListenerArn: aws.String("arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/front/1/2"),
		Certificates: []elbtypes.Certificate{
			{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/1")},
			{CertificateArn: aws.String("arn:aws:iam::123456789012:server-certificate/old")},
		},
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String("a"), ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: aws.String("a")}, {TargetGroupArn: aws.String("b")}},
		}}},
	})
	assert.Equal(t, []asset.Link{
		{Rel: "parent", To: lb.Ref},
		{Rel: "target_group", To: asset.Ref{Type: elbTargetGroup, ID: "a"}},
		{Rel: "target_group", To: asset.Ref{Type: elbTargetGroup, ID: "b"}},
		{Rel: "certificate", To: asset.Ref{Type: acmCertificate, ID: "arn:aws:acm:us-east-1:123456789012:certificate/1"}},
		{Rel: "certificate", To: asset.Ref{Type: iamServerCert, ID: "arn:aws:iam::123456789012:server-certificate/old"}},
	}, d.Links)
}

func TestClassicLoadBalancers(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := classic.NewFromConfig(x.cfg)
	subnets, vpc := twoSubnets(t, x)
	_, err := client.CreateLoadBalancer(ctx, &classic.CreateLoadBalancerInput{
		LoadBalancerName: aws.String("old"), Subnets: subnets[:1], Scheme: aws.String("internal"),
		Listeners: []classictypes.Listener{{Protocol: aws.String("TCP"), LoadBalancerPort: 443, InstancePort: aws.Int32(8080), InstanceProtocol: aws.String("TCP")}},
		Tags:      []classictypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})
	require.NoError(t, err)
	_, err = client.ModifyLoadBalancerAttributes(ctx, &classic.ModifyLoadBalancerAttributesInput{LoadBalancerName: aws.String("old"), LoadBalancerAttributes: &classictypes.LoadBalancerAttributes{
		AccessLog: &classictypes.AccessLog{Enabled: true, S3BucketName: aws.String("logs"), EmitInterval: aws.Int32(60), S3BucketPrefix: aws.String("elb")}, CrossZoneLoadBalancing: &classictypes.CrossZoneLoadBalancing{Enabled: true},
	}})
	require.NoError(t, err)
	x.says("Elastic Load Balancing:DescribeLoadBalancerPolicies", &classic.DescribeLoadBalancerPoliciesOutput{PolicyDescriptions: []classictypes.PolicyDescription{{
		PolicyName: aws.String("tls"), PolicyTypeName: aws.String("SSLNegotiationPolicyType"),
		PolicyAttributeDescriptions: []classictypes.PolicyAttributeDescription{{AttributeName: aws.String("Protocol-TLSv1"), AttributeValue: aws.String("false")}},
	}}})

	inv := x.collect(t, classicLoadBalancer)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, classicLoadBalancer)
	assert.Equal(t, "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/old", a.ID)
	assertJSON(t, `[{"InstancePort":"8080","InstanceProtocol":"TCP","LoadBalancerPort":"443","PolicyNames":[],"Protocol":"TCP"}]`, a.Config.Get("Listeners"))
	assertJSON(t, `{"Enabled":true,"S3BucketName":"logs","EmitInterval":60,"S3BucketPrefix":"elb"}`, a.Config.Get("AccessLoggingPolicy"))
	assertJSON(t, `true`, a.Config.Get("CrossZone"))
	policy := a.Config.Get("Policies").Index(0)
	assertJSON(t, `"tls"`, policy.Get("PolicyName"))
	assertJSON(t, `"SSLNegotiationPolicyType"`, policy.Get("PolicyType"))
	assertJSON(t, `[{"Name":"Protocol-TLSv1","Value":"false"}]`, policy.Get("Attributes"))
	assertUnread(t, "", collect.CodeNotCollected, policy.Get("LoadBalancerPorts"))
	assert.Equal(t, map[string]string{"team": "web"}, a.Tags)
	assert.Contains(t, a.Links, asset.Link{Rel: "vpc", To: ref(ec2VPC, "vpc/"+vpc)})
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "Elastic Load Balancing:DescribeLoadBalancers": 1,
		"Elastic Load Balancing:DescribeLoadBalancerAttributes": 1, "Elastic Load Balancing:DescribeLoadBalancerPolicies": 1, "Elastic Load Balancing:DescribeTags": 1,
	}, x.calls.n)

	x.says("Elastic Load Balancing:DescribeTags", &classic.DescribeTagsOutput{})
	a = only(t, x.collect(t, classicLoadBalancer), classicLoadBalancer)
	assertUnread(t, "elasticloadbalancing:DescribeTags", codeNotListed, a.Config.Get("Tags"))
}

func TestAutoScaling(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := autoscaling.NewFromConfig(x.cfg)
	subnets, _ := twoSubnets(t, x)
	images, err := ec2.NewFromConfig(x.cfg).DescribeImages(ctx, &ec2.DescribeImagesInput{})
	require.NoError(t, err)
	groups, err := ec2.NewFromConfig(x.cfg).DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{})
	require.NoError(t, err)
	group := *groups.SecurityGroups[0].GroupId
	_, err = client.CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: aws.String("web"), ImageId: images.Images[0].ImageId, InstanceType: aws.String("m5.large"), SecurityGroups: []string{group},
		IamInstanceProfile: aws.String("web"), UserData: aws.String(base64.StdEncoding.EncodeToString([]byte("password=hunter2hunter2"))),
		MetadataOptions: &autoscalingtypes.InstanceMetadataOptions{HttpTokens: autoscalingtypes.InstanceMetadataHttpTokensStateRequired},
	})
	require.NoError(t, err)
	_, err = client.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), LaunchConfigurationName: aws.String("web"), MinSize: aws.Int32(1), MaxSize: aws.Int32(2), VPCZoneIdentifier: aws.String(strings.Join(subnets, ",")),
		Tags: []autoscalingtypes.Tag{{Key: aws.String("team"), Value: aws.String("web"), PropagateAtLaunch: aws.Bool(true)}},
	})
	require.NoError(t, err)
	topic := aws.String("arn:aws:sns:us-east-1:123456789012:events")
	x.says("Auto Scaling:DescribeNotificationConfigurations", &autoscaling.DescribeNotificationConfigurationsOutput{NotificationConfigurations: []autoscalingtypes.NotificationConfiguration{
		{AutoScalingGroupName: aws.String("web"), TopicARN: topic, NotificationType: aws.String("autoscaling:EC2_INSTANCE_LAUNCH")},
		{AutoScalingGroupName: aws.String("other"), TopicARN: topic, NotificationType: aws.String("autoscaling:TEST_NOTIFICATION")},
		{AutoScalingGroupName: aws.String("web"), TopicARN: topic, NotificationType: aws.String("autoscaling:EC2_INSTANCE_TERMINATE")},
	}})

	inv := x.collect(t, autoScalingGroup, launchConfiguration)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, autoScalingGroup)
	assert.Equal(t, map[string]string{"team": "web"}, a.Tags)
	assertJSON(t, `[{"Key":"team","Value":"web","PropagateAtLaunch":true}]`, a.Config.Get("Tags"))
	assertJSON(t, `"2"`, a.Config.Get("MaxSize"))
	assertJSON(t, `["`+strings.Join(subnets, `","`)+`"]`, a.Config.Get("VPCZoneIdentifier"))
	assertJSON(t, `[{"TopicARN":"`+*topic+`","NotificationTypes":["autoscaling:EC2_INSTANCE_LAUNCH","autoscaling:EC2_INSTANCE_TERMINATE"]}]`, a.Config.Get("NotificationConfigurations"))
	assertJSON(t, `[]`, a.Config.Get("LifecycleHookSpecificationList"))
	assert.Equal(t, 1, a.Status.Get("Instances").Len())
	c := only(t, inv, launchConfiguration)
	assertJSON(t, `"required"`, c.Config.Get("MetadataOptions", "HttpTokens"))
	_, redacted := c.Config.Get("UserData").Redacted()
	assert.True(t, redacted)
	assert.Contains(t, c.Links, asset.Link{Rel: "instance_profile", To: asset.Ref{Type: iamInstanceProfile, ID: "arn:aws:iam::123456789012:instance-profile/web"}})
	assert.Contains(t, c.Links, asset.Link{Rel: "security_group", To: ref(ec2SecurityGroup, "security-group/"+group)})
	assert.Contains(t, a.Links, asset.Link{Rel: "launch_configuration", To: c.Ref})
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "Auto Scaling:DescribeAutoScalingGroups": 1,
		"Auto Scaling:DescribeLaunchConfigurations": 2, "Auto Scaling:DescribeLifecycleHooks": 1, "Auto Scaling:DescribeNotificationConfigurations": 1,
	}, x.calls.n)
}

func TestPagesOfLoadBalancing(t *testing.T) {
	lb := func(name string) *elb.DescribeLoadBalancersOutput {
		return &elb.DescribeLoadBalancersOutput{LoadBalancers: []elbtypes.LoadBalancer{{LoadBalancerName: &name, LoadBalancerArn: aws.String("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/" + name + "/1")}}}
	}
	group := func(name string) *autoscaling.DescribeAutoScalingGroupsOutput {
		return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []autoscalingtypes.AutoScalingGroup{{AutoScalingGroupName: &name, AutoScalingGroupARN: aws.String("arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/" + name)}}}
	}
	fs := func(id string) *efs.DescribeFileSystemsOutput {
		return &efs.DescribeFileSystemsOutput{FileSystems: []efstypes.FileSystemDescription{{FileSystemId: &id}}}
	}
	point := func(id string) *efs.DescribeAccessPointsOutput {
		return &efs.DescribeAccessPointsOutput{AccessPoints: []efstypes.AccessPointDescription{{AccessPointArn: inTestRegion("elasticfilesystem", "access-point/"+id)}}}
	}
	targets := func(name string) *elb.DescribeTargetGroupsOutput {
		return &elb.DescribeTargetGroupsOutput{TargetGroups: []elbtypes.TargetGroup{{TargetGroupName: &name, TargetGroupArn: inTestRegion("elasticloadbalancing", "targetgroup/"+name+"/1")}}}
	}
	old := func(name string) *classic.DescribeLoadBalancersOutput {
		return &classic.DescribeLoadBalancersOutput{LoadBalancerDescriptions: []classictypes.LoadBalancerDescription{{LoadBalancerName: &name}}}
	}
	configuration := func(name string) *autoscaling.DescribeLaunchConfigurationsOutput {
		return &autoscaling.DescribeLaunchConfigurationsOutput{LaunchConfigurations: []autoscalingtypes.LaunchConfiguration{{LaunchConfigurationName: &name, LaunchConfigurationARN: inTestRegion("autoscaling", "launchConfiguration:"+name), ImageId: aws.String("ami-1"), InstanceType: aws.String("m5.large")}}}
	}
	for name, l := range map[string]listing{
		"target groups":         {operation: "Elastic Load Balancing v2:DescribeTargetGroups", typ: elbTargetGroup, first: targets("a"), last: targets("b")},
		"classic balancers":     {operation: "Elastic Load Balancing:DescribeLoadBalancers", typ: classicLoadBalancer, first: old("a"), last: old("b")},
		"launch configurations": {operation: "Auto Scaling:DescribeLaunchConfigurations", typ: launchConfiguration, first: configuration("a"), last: configuration("b")},
		"access points":         {operation: "EFS:DescribeAccessPoints", typ: efsAccessPoint, first: point("fsap-1"), last: point("fsap-2")},
		"load balancers":        {operation: "Elastic Load Balancing v2:DescribeLoadBalancers", typ: elbLoadBalancer, first: lb("a"), last: lb("b")},
		"auto scaling groups":   {operation: "Auto Scaling:DescribeAutoScalingGroups", typ: autoScalingGroup, first: group("a"), last: group("b")},
		"file systems":          {operation: "EFS:DescribeFileSystems", typ: efsFileSystem, first: fs("fs-1"), last: fs("fs-2")},
	} {
		t.Run(name, func(t *testing.T) { testPages(t, l) })
	}
}
