package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestSecurityGroups(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := ec2.NewFromConfig(x.cfg)
	vpc, err := client.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	require.NoError(t, err)
	create := func(name string) *string {
		out, err := client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: aws.String("of the test"), VpcId: vpc.Vpc.VpcId})
		require.NoError(t, err)
		return out.GroupId
	}
	front, web := create("front"), create("web")
	list, err := client.CreateManagedPrefixList(ctx, &ec2.CreateManagedPrefixListInput{
		PrefixListName: aws.String("offices"), AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(5),
		Entries: []ec2types.AddPrefixListEntry{{Cidr: aws.String("198.51.100.0/24"), Description: aws.String("here")}},
	})
	require.NoError(t, err)
	_, err = client.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: web, IpPermissions: []ec2types.IpPermission{{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
		IpRanges:         []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0"), Description: aws.String("all")}, {CidrIp: aws.String("10.0.0.0/8")}},
		Ipv6Ranges:       []ec2types.Ipv6Range{{CidrIpv6: aws.String("::/0")}},
		PrefixListIds:    []ec2types.PrefixListId{{PrefixListId: list.PrefixList.PrefixListId}},
		UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: front, UserId: aws.String("123456789012")}},
	}}})
	require.NoError(t, err)

	inv := x.collect(t, ec2SecurityGroup, ec2PrefixList)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, ec2SecurityGroup, "web")
	assert.Equal(t, ref(ec2SecurityGroup, "security-group/"+*web), a.Ref)
	assertJSON(t, `[
		{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0","Description":"all"},
		{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"10.0.0.0/8"},
		{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIpv6":"::/0"},
		{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"SourcePrefixListId":"`+*list.PrefixList.PrefixListId+`"},
		{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"SourceSecurityGroupId":"`+*front+`","SourceSecurityGroupOwnerId":"123456789012"}
	]`, a.Config.Get("SecurityGroupIngress"))
	assertJSON(t, `[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]`, a.Config.Get("SecurityGroupEgress"))
	assertJSON(t, `[]`, named(t, inv, ec2SecurityGroup, "front").Config.Get("SecurityGroupIngress"))
	assert.Contains(t, a.Links, asset.Link{Rel: "source_group", To: ref(ec2SecurityGroup, "security-group/"+*front)})
	assert.Contains(t, a.Links, asset.Link{Rel: "vpc", To: ref(ec2VPC, "vpc/"+*vpc.Vpc.VpcId)})

	offices := named(t, inv, ec2PrefixList, "offices")
	assert.Contains(t, a.Links, asset.Link{Rel: "prefix_list", To: offices.Ref})
	assertJSON(t, `[{"Cidr":"198.51.100.0/24","Description":"here"}]`, offices.Config.Get("Entries"))
	lists := len(slices.Collect(inv.OfType(ec2PrefixList)))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSecurityGroups": 1, "EC2:DescribeSubnets": 1,
		"EC2:DescribeManagedPrefixLists": 2, "EC2:GetManagedPrefixListEntries": lists,
	}, x.calls.n)

	// Lists of AWS are in the scope of an account of that name.
	x.says("EC2:DescribeManagedPrefixLists", &ec2.DescribeManagedPrefixListsOutput{PrefixLists: []ec2types.ManagedPrefixList{{
		PrefixListId: aws.String("pl-63a5400a"), PrefixListName: aws.String("com.amazonaws.us-east-1.s3"), AddressFamily: aws.String("IPv4"),
		PrefixListArn: aws.String("arn:aws:ec2:us-east-1:aws:prefix-list/pl-63a5400a"), OwnerId: aws.String("AWS"),
	}}})
	x.fail(denied, "EC2:GetManagedPrefixListEntries")
	p := only(t, x.collect(t, ec2PrefixList), ec2PrefixList)
	assert.Equal(t, "aws", p.Account)
	assertUnread(t, "ec2:GetManagedPrefixListEntries", "AccessDenied", p.Config.Get("Entries"))
}

func TestPrefixListsThatAreDenied(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.fail(denied, "EC2:DescribeManagedPrefixLists")
	x.says("EC2:DescribeSecurityGroups", &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{
		GroupId: aws.String("sg-1"), GroupName: aws.String("web"), Description: aws.String("web"), OwnerId: aws.String("123456789012"),
		IpPermissions: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), PrefixListIds: []ec2types.PrefixListId{{PrefixListId: aws.String("pl-1")}}}},
	}}})
	a := only(t, x.collect(t, ec2SecurityGroup), ec2SecurityGroup)
	assert.Contains(t, a.Links, asset.Link{Rel: "prefix_list", To: ref(ec2PrefixList, "prefix-list/pl-1")}, "a link that leads to nothing says that something is there")
	assertJSON(t, `[{"IpProtocol":"-1","SourcePrefixListId":"pl-1"}]`, a.Config.Get("SecurityGroupIngress"))
}

func TestNetworks(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := ec2.NewFromConfig(x.cfg)
	made, err := client.CreateVpc(ctx, &ec2.CreateVpcInput{
		CidrBlock:         aws.String("10.9.0.0/16"),
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeVpc, Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("shop")}}}},
	})
	require.NoError(t, err)
	id := *made.Vpc.VpcId
	subnet, err := client.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &id, CidrBlock: aws.String("10.9.1.0/24")})
	require.NoError(t, err)
	x.says("EC2:DescribeVpcEncryptionControls", &ec2.DescribeVpcEncryptionControlsOutput{VpcEncryptionControls: []ec2types.VpcEncryptionControl{{
		VpcId: &id, Mode: ec2types.VpcEncryptionControlModeEnforce,
		ResourceExclusions: &ec2types.VpcEncryptionControlExclusions{InternetGateway: &ec2types.VpcEncryptionControlExclusion{State: ec2types.VpcEncryptionControlExclusionStateEnabled}},
	}}})

	inv := x.collect(t, ec2VPC, ec2Subnet, ec2NetworkACL, ec2NetworkACLEntry, ec2RouteTable, ec2Route, ec2InternetGateway)
	assert.Empty(t, gapTexts(inv))
	v := named(t, inv, ec2VPC, "shop")
	assert.Equal(t, ref(ec2VPC, "vpc/"+id), v.Ref)
	assertJSON(t, `"10.9.0.0/16"`, v.Config.Get("CidrBlock"))
	assertJSON(t, `true`, v.Config.Get("EnableDnsSupport"))
	assertJSON(t, `false`, v.Config.Get("EnableDnsHostnames"))
	assertJSON(t, `{"VpcId":"`+id+`","Mode":"enforce","InternetGatewayExclusion":"enable","ResourceExclusions":{"InternetGateway":{"State":"enabled"}}}`, v.Config.Get("VpcEncryptionControl"))
	assertJSON(t, `false`, v.Status.Get("IsDefault"))
	group, err := v.Config.Get("DefaultSecurityGroup").Str()
	require.NoError(t, err)
	assert.Contains(t, group, "sg-")
	acl, err := v.Config.Get("DefaultNetworkAcl").Str()
	require.NoError(t, err)

	s := named(t, inv, ec2Subnet, *subnet.Subnet.SubnetId)
	assert.Contains(t, s.Links, asset.Link{Rel: "vpc", To: v.Ref})
	assertJSON(t, `"10.9.1.0/24"`, s.Config.Get("CidrBlock"))
	association, err := s.Config.Get("NetworkAclAssociationId").Str()
	require.NoError(t, err)
	assert.Contains(t, association, "aclassoc-")

	a := named(t, inv, ec2NetworkACL, acl)
	assertJSON(t, `true`, a.Status.Get("IsDefault"))
	assert.Contains(t, a.Links, asset.Link{Rel: "subnet", To: s.Ref})
	e := named(t, inv, ec2NetworkACLEntry, acl+"/ingress/100")
	assert.Equal(t, a.ID+"/ingress/100", e.ID)
	assertJSON(t, `-1`, e.Config.Get("Protocol"))
	assertJSON(t, `"allow"`, e.Config.Get("RuleAction"))
	assertJSON(t, `"0.0.0.0/0"`, e.Config.Get("CidrBlock"))
	assert.Contains(t, e.Links, asset.Link{Rel: "network_acl", To: a.Ref})
	vpcs, subnets := len(slices.Collect(inv.OfType(ec2VPC))), len(slices.Collect(inv.OfType(ec2Subnet)))
	require.Equal(t, []int{2, 7}, []int{vpcs, subnets}, "those of moto_server and of this test")
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1,
		"EC2:DescribeVpcs": 1, "EC2:DescribeVpcAttribute": 2 * vpcs, "EC2:DescribeVpcEncryptionControls": 1, "EC2:DescribeSecurityGroups": 1,
		"EC2:DescribeSubnets": 1, "EC2:DescribeNetworkAcls": 3, "EC2:DescribeRouteTables": 1, "EC2:DescribeInternetGateways": 1,
	}, x.calls.n)
}

func TestRoutes(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	str := aws.String
	x.says("EC2:DescribeRouteTables", &ec2.DescribeRouteTablesOutput{RouteTables: []ec2types.RouteTable{{
		RouteTableId: str("rtb-1"), VpcId: str("vpc-1"), OwnerId: str("123456789012"),
		Associations: []ec2types.RouteTableAssociation{{RouteTableAssociationId: str("rtbassoc-1"), SubnetId: str("subnet-1"), Main: aws.Bool(false)}},
		Routes: []ec2types.Route{
			{DestinationCidrBlock: str("10.0.0.0/16"), GatewayId: str("local"), State: ec2types.RouteStateActive},
			{DestinationCidrBlock: str("0.0.0.0/0"), GatewayId: str("igw-1"), Origin: ec2types.RouteOriginCreateRoute},
			{DestinationIpv6CidrBlock: str("::/0"), NatGatewayId: str("nat-1")},
			{DestinationPrefixListId: str("pl-1"), GatewayId: str("vpce-1")},
			{DestinationCidrBlock: str("10.1.0.0/16"), NetworkInterfaceId: str("eni-1"), InstanceId: str("i-1"), InstanceOwnerId: str("999999999999")},
		},
	}}})
	inv := x.collect(t, ec2RouteTable, ec2Route)
	rt := only(t, inv, ec2RouteTable)
	assertJSON(t, `[{"RouteTableAssociationId":"rtbassoc-1","SubnetId":"subnet-1","Main":false}]`, rt.Status.Get("Associations"))
	assert.Contains(t, rt.Links, asset.Link{Rel: "subnet", To: ref(ec2Subnet, "subnet/subnet-1")})
	for name, want := range map[string]struct {
		config  string
		targets []asset.Ref
	}{
		"rtb-1/10.0.0.0/16": {`{"RouteTableId":"rtb-1","CidrBlock":"10.0.0.0/16","DestinationCidrBlock":"10.0.0.0/16","GatewayId":"local"}`, nil},
		"rtb-1/0.0.0.0/0":   {`{"RouteTableId":"rtb-1","CidrBlock":"0.0.0.0/0","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`, []asset.Ref{ref(ec2InternetGateway, "internet-gateway/igw-1")}},
		"rtb-1/::/0":        {`{"RouteTableId":"rtb-1","CidrBlock":"::/0","DestinationIpv6CidrBlock":"::/0","NatGatewayId":"nat-1"}`, []asset.Ref{ref(ec2NATGateway, "natgateway/nat-1")}},
		"rtb-1/pl-1":        {`{"RouteTableId":"rtb-1","CidrBlock":"pl-1","DestinationPrefixListId":"pl-1","VpcEndpointId":"vpce-1"}`, []asset.Ref{ref(ec2VPCEndpoint, "vpc-endpoint/vpce-1")}},
		"rtb-1/10.1.0.0/16": {`{"RouteTableId":"rtb-1","CidrBlock":"10.1.0.0/16","DestinationCidrBlock":"10.1.0.0/16","NetworkInterfaceId":"eni-1","InstanceId":"i-1"}`, []asset.Ref{
			{Type: ec2NetworkInterface, ID: "arn:aws:ec2:us-east-1:999999999999:network-interface/eni-1"},
			{Type: ec2Instance, ID: "arn:aws:ec2:us-east-1:999999999999:instance/i-1"},
		}},
	} {
		r := named(t, inv, ec2Route, name)
		assertJSON(t, want.config, r.Config)
		var targets []asset.Ref
		for _, l := range r.Links {
			if l.Rel == "target" {
				targets = append(targets, l.To)
			}
		}
		assert.Equal(t, want.targets, targets, name)
		assert.Contains(t, r.Links, asset.Link{Rel: "route_table", To: rt.Ref})
	}
	assert.Equal(t, 1, x.calls.n["EC2:DescribeRouteTables"])
}

func TestGatewaysAndInterfaces(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := ec2.NewFromConfig(x.cfg)
	subnets, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})
	require.NoError(t, err)
	subnet := subnets.Subnets[0]
	igw, err := client.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
	require.NoError(t, err)
	address, err := client.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: ec2types.DomainTypeVpc})
	require.NoError(t, err)
	nat, err := client.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: subnet.SubnetId, AllocationId: address.AllocationId})
	require.NoError(t, err)
	eni, err := client.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: subnet.SubnetId, Description: aws.String("of the test")})
	require.NoError(t, err)

	inv := x.collect(t, ec2InternetGateway, ec2NATGateway, ec2Address, ec2NetworkInterface)
	assert.Empty(t, gapTexts(inv))
	named(t, inv, ec2InternetGateway, *igw.InternetGateway.InternetGatewayId)
	n := only(t, inv, ec2NATGateway)
	assert.Equal(t, ref(ec2NATGateway, "natgateway/"+*nat.NatGateway.NatGatewayId), n.Ref)
	assertJSON(t, `"`+*address.AllocationId+`"`, n.Config.Get("AllocationId"))
	assertJSON(t, `0`, n.Config.Get("SecondaryPrivateIpAddressCount"))
	assert.Contains(t, n.Links, asset.Link{Rel: "subnet", To: ref(ec2Subnet, "subnet/"+*subnet.SubnetId)})
	a := only(t, inv, ec2Address)
	assert.Equal(t, ref(ec2Address, "elastic-ip/"+*address.AllocationId), a.Ref)
	assert.Equal(t, *address.PublicIp, a.Name)
	i := named(t, inv, ec2NetworkInterface, *eni.NetworkInterface.NetworkInterfaceId)
	assertJSON(t, `"of the test"`, i.Config.Get("Description"))
	assert.Contains(t, i.Links, asset.Link{Rel: "vpc", To: ref(ec2VPC, "vpc/"+*subnet.VpcId)})
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "EC2:DescribeInternetGateways": 1,
		"EC2:DescribeNatGateways": 1, "EC2:DescribeAddresses": 1, "EC2:DescribeNetworkInterfaces": 1,
	}, x.calls.n)
}

func TestFlowLogs(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	log := func(id, of string) ec2types.FlowLog {
		return ec2types.FlowLog{FlowLogId: &id, ResourceId: &of, FlowLogStatus: aws.String("ACTIVE"), TrafficType: ec2types.TrafficTypeAll, LogDestinationType: ec2types.LogDestinationTypeCloudWatchLogs}
	}
	vpc, subnet, attachment := log("fl-1", "vpc-1"), log("fl-2", "subnet-1"), log("fl-3", "tgw-attach-1")
	gateway := log("fl-4", "nat-1")
	gateway.LogDestinationType = ec2types.LogDestinationTypeKinesisDataFirehose
	vpc.LogDestinationType, vpc.LogDestination = ec2types.LogDestinationTypeS3, aws.String("arn:aws:s3:::flows/vpc/")
	subnet.LogGroupName, subnet.DeliverLogsPermissionArn = aws.String("/flows"), aws.String("arn:aws:iam::123456789012:role/flows")
	attachment.LogDestination = aws.String("arn:aws:logs:us-east-1:999999999999:log-group:flows:*")
	x.says("EC2:DescribeFlowLogs", &ec2.DescribeFlowLogsOutput{FlowLogs: []ec2types.FlowLog{vpc, subnet, attachment, gateway}})
	inv := x.collect(t, ec2FlowLog)
	for name, want := range map[string]struct {
		kind  string
		links []asset.Link
	}{
		"fl-1": {"VPC", []asset.Link{{Rel: "monitors", To: ref(ec2VPC, "vpc/vpc-1")}, {Rel: "logs_to", To: asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::flows"}}}},
		"fl-2": {"Subnet", []asset.Link{
			{Rel: "monitors", To: ref(ec2Subnet, "subnet/subnet-1")},
			{Rel: "logs_to", To: asset.Ref{Type: logGroup, ID: "arn:aws:logs:us-east-1:123456789012:log-group:/flows"}},
			{Rel: "role", To: asset.Ref{Type: iamRole, ID: "arn:aws:iam::123456789012:role/flows"}},
		}},
		"fl-3": {"TransitGatewayAttachment", []asset.Link{
			{Rel: "monitors", To: ref("AWS::EC2::TransitGatewayAttachment", "transit-gateway-attachment/tgw-attach-1")},
			{Rel: "logs_to", To: asset.Ref{Type: logGroup, ID: "arn:aws:logs:us-east-1:999999999999:log-group:flows"}},
		}},
		"fl-4": {"RegionalNatGateway", []asset.Link{{Rel: "monitors", To: ref(ec2NATGateway, "natgateway/nat-1")}}},
	} {
		a := named(t, inv, ec2FlowLog, name)
		assertJSON(t, `"`+want.kind+`"`, a.Config.Get("ResourceType"))
		assert.Equal(t, want.links, a.Links, name)
		assertJSON(t, `"ACTIVE"`, a.Status.Get("FlowLogStatus"))
	}
	assert.Equal(t, 1, x.calls.n["EC2:DescribeFlowLogs"])
}

func TestEndpointsAndPeerings(t *testing.T) {
	x := newTester(t, nil)
	str := aws.String
	x.says("EC2:DescribeVpcEndpoints", &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{
		{
			VpcEndpointId: str("vpce-1"), VpcId: str("vpc-1"), OwnerId: str("123456789012"), ServiceName: str("com.amazonaws.us-east-1.s3"), CreationTimestamp: &observed,
			PolicyDocument: str(`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`),
			RouteTableIds:  []string{"rtb-1"}, State: ec2types.StateAvailable,
			DnsOptions: &ec2types.DnsOptions{PrivateDnsOnlyForInboundResolverEndpoint: aws.Bool(true)},
		},
		{VpcEndpointId: str("vpce-2"), State: ec2types.StateDeleted},
		{VpcEndpointId: str("vpce-3"), State: "deleted"},
	}})
	x.says("EC2:DescribeVpcPeeringConnections", &ec2.DescribeVpcPeeringConnectionsOutput{VpcPeeringConnections: []ec2types.VpcPeeringConnection{{
		VpcPeeringConnectionId: str("pcx-1"), Status: &ec2types.VpcPeeringConnectionStateReason{Code: ec2types.VpcPeeringConnectionStateReasonCodeActive},
		RequesterVpcInfo: &ec2types.VpcPeeringConnectionVpcInfo{VpcId: str("vpc-1"), OwnerId: str("123456789012"), Region: str("us-east-1")},
		AccepterVpcInfo:  &ec2types.VpcPeeringConnectionVpcInfo{VpcId: str("vpc-2"), OwnerId: str("999999999999"), Region: str("eu-west-1")},
	}}})
	inv := x.collect(t, ec2VPCEndpoint)
	var endpoint *asset.Asset
	for a := range inv.OfType(ec2VPCEndpoint) {
		assert.True(t, strings.HasSuffix(a.ID, "/vpce-1"), "those that are deleted are not there")
		if a.Region == "us-east-1" {
			endpoint = a
		}
	}
	require.NotNil(t, endpoint)
	assertJSON(t, `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`, endpoint.Config.Get("PolicyDocument"))
	assertJSON(t, `{"PrivateDnsOnlyForInboundResolverEndpoint":"OnlyInboundResolver"}`, endpoint.Config.Get("DnsOptions"))
	assert.Contains(t, endpoint.Links, asset.Link{Rel: "route_table", To: ref(ec2RouteTable, "route-table/rtb-1")})

	// Both regions answer the connection.
	p := only(t, x.collect(t, ec2Peering), ec2Peering)
	assert.Equal(t, ref(ec2Peering, "vpc-peering-connection/pcx-1"), p.Ref)
	assert.Equal(t, "us-east-1", p.Region)
	assertJSON(t, `{"Id":"pcx-1","VpcId":"vpc-1","PeerVpcId":"vpc-2","PeerOwnerId":"999999999999","PeerRegion":"eu-west-1"}`, p.Config)
	assert.Contains(t, p.Links, asset.Link{Rel: "peer_vpc", To: asset.Ref{Type: ec2VPC, ID: "arn:aws:ec2:eu-west-1:999999999999:vpc/vpc-2"}})
	assert.Equal(t, 2, x.calls.n["EC2:DescribeVpcPeeringConnections"])
}

func TestPagesOfEC2(t *testing.T) {
	str := aws.String
	for name, l := range map[string]listing{
		"instances": {operation: "EC2:DescribeInstances", typ: ec2Instance, first: instances("i-1"), last: instances("i-2"), others: func(x *tester) {
			x.says("EC2:DescribeInstanceAttribute", &ec2.DescribeInstanceAttributeOutput{})
		}},
		"volumes": {operation: "EC2:DescribeVolumes", typ: ec2Volume,
			first: &ec2.DescribeVolumesOutput{Volumes: []ec2types.Volume{{VolumeId: str("vol-1"), CreateTime: &observed, State: ec2types.VolumeStateInUse}}},
			last:  &ec2.DescribeVolumesOutput{Volumes: []ec2types.Volume{{VolumeId: str("vol-2"), CreateTime: &observed, State: ec2types.VolumeStateInUse}}},
		},
		"snapshots": {operation: "EC2:DescribeSnapshots", typ: ec2Snapshot,
			first: &ec2.DescribeSnapshotsOutput{Snapshots: []ec2types.Snapshot{snapshot("snap-1")}},
			last:  &ec2.DescribeSnapshotsOutput{Snapshots: []ec2types.Snapshot{snapshot("snap-2")}},
		},
		"images": {operation: "EC2:DescribeImages", typ: ec2Image,
			first: images("ami-1"), last: images("ami-2"),
		},
		"launch templates": {operation: "EC2:DescribeLaunchTemplates", typ: ec2LaunchTemplate,
			first: &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{{LaunchTemplateId: str("lt-1")}}},
			last:  &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{{LaunchTemplateId: str("lt-2")}}},
		},
		"security groups": {operation: "EC2:DescribeSecurityGroups", typ: ec2SecurityGroup,
			first: &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{GroupId: str("sg-1"), Description: str("")}}},
			last:  &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{GroupId: str("sg-2"), Description: str("")}}},
		},
		"network ACLs": {operation: "EC2:DescribeNetworkAcls", typ: ec2NetworkACL,
			first: &ec2.DescribeNetworkAclsOutput{NetworkAcls: []ec2types.NetworkAcl{{NetworkAclId: str("acl-1"), VpcId: str("vpc-1"), IsDefault: aws.Bool(true)}}},
			last:  &ec2.DescribeNetworkAclsOutput{NetworkAcls: []ec2types.NetworkAcl{{NetworkAclId: str("acl-2"), VpcId: str("vpc-1"), IsDefault: aws.Bool(true)}}},
		},
		"flow logs": {operation: "EC2:DescribeFlowLogs", typ: ec2FlowLog,
			first: &ec2.DescribeFlowLogsOutput{FlowLogs: []ec2types.FlowLog{{FlowLogId: str("fl-1"), ResourceId: str("vpc-1"), FlowLogStatus: str("ACTIVE")}}},
			last:  &ec2.DescribeFlowLogsOutput{FlowLogs: []ec2types.FlowLog{{FlowLogId: str("fl-2"), ResourceId: str("vpc-1"), FlowLogStatus: str("ACTIVE")}}},
		},
		"VPCs": {operation: "EC2:DescribeVpcs", typ: ec2VPC,
			first: &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: str("vpc-1"), IsDefault: aws.Bool(true)}}},
			last:  &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: str("vpc-2"), IsDefault: aws.Bool(true)}}},
		},
		"subnets": {operation: "EC2:DescribeSubnets", typ: ec2Subnet, first: subnets("subnet-1", "123456789012"), last: subnets("subnet-2", "123456789012")},
		"prefix lists": {operation: "EC2:DescribeManagedPrefixLists", typ: ec2PrefixList,
			first: &ec2.DescribeManagedPrefixListsOutput{PrefixLists: []ec2types.ManagedPrefixList{{PrefixListArn: str(ref("", "prefix-list/pl-1").ID), PrefixListName: str("a"), AddressFamily: str("IPv4")}}},
			last:  &ec2.DescribeManagedPrefixListsOutput{PrefixLists: []ec2types.ManagedPrefixList{{PrefixListArn: str(ref("", "prefix-list/pl-2").ID), PrefixListName: str("b"), AddressFamily: str("IPv4")}}},
		},
		"route tables": {operation: "EC2:DescribeRouteTables", typ: ec2RouteTable,
			first: &ec2.DescribeRouteTablesOutput{RouteTables: []ec2types.RouteTable{{RouteTableId: str("rtb-1"), VpcId: str("vpc-1")}}},
			last:  &ec2.DescribeRouteTablesOutput{RouteTables: []ec2types.RouteTable{{RouteTableId: str("rtb-2"), VpcId: str("vpc-1")}}},
		},
		"internet gateways": {operation: "EC2:DescribeInternetGateways", typ: ec2InternetGateway,
			first: &ec2.DescribeInternetGatewaysOutput{InternetGateways: []ec2types.InternetGateway{{InternetGatewayId: str("igw-1")}}},
			last:  &ec2.DescribeInternetGatewaysOutput{InternetGateways: []ec2types.InternetGateway{{InternetGatewayId: str("igw-2")}}},
		},
		"NAT gateways": {operation: "EC2:DescribeNatGateways", typ: ec2NATGateway,
			first: &ec2.DescribeNatGatewaysOutput{NatGateways: []ec2types.NatGateway{{NatGatewayId: str("nat-1")}}},
			last:  &ec2.DescribeNatGatewaysOutput{NatGateways: []ec2types.NatGateway{{NatGatewayId: str("nat-2")}, {NatGatewayId: str("nat-3"), State: ec2types.NatGatewayStateDeleted}}},
		},
		"network interfaces": {operation: "EC2:DescribeNetworkInterfaces", typ: ec2NetworkInterface,
			first: &ec2.DescribeNetworkInterfacesOutput{NetworkInterfaces: []ec2types.NetworkInterface{{NetworkInterfaceId: str("eni-1"), SubnetId: str("subnet-1")}}},
			last:  &ec2.DescribeNetworkInterfacesOutput{NetworkInterfaces: []ec2types.NetworkInterface{{NetworkInterfaceId: str("eni-2"), SubnetId: str("subnet-1")}}},
		},
		"endpoints": {operation: "EC2:DescribeVpcEndpoints", typ: ec2VPCEndpoint,
			first: &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{{VpcEndpointId: str("vpce-1"), VpcId: str("vpc-1")}}},
			last:  &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{{VpcEndpointId: str("vpce-2"), VpcId: str("vpc-1")}}},
		},
		"peerings": {operation: "EC2:DescribeVpcPeeringConnections", typ: ec2Peering, first: peering("pcx-1"), last: peering("pcx-2")},
	} {
		t.Run(name, func(t *testing.T) { testPages(t, l) })
	}
}

func peering(id string) *ec2.DescribeVpcPeeringConnectionsOutput {
	side := func(vpc string) *ec2types.VpcPeeringConnectionVpcInfo {
		return &ec2types.VpcPeeringConnectionVpcInfo{VpcId: &vpc, OwnerId: aws.String("123456789012"), Region: aws.String("us-east-1")}
	}
	return &ec2.DescribeVpcPeeringConnectionsOutput{VpcPeeringConnections: []ec2types.VpcPeeringConnection{{
		VpcPeeringConnectionId: &id, RequesterVpcInfo: side("vpc-1"), AccepterVpcInfo: side("vpc-2"),
	}}}
}

func images(id string) *ec2.DescribeImagesOutput {
	return &ec2.DescribeImagesOutput{Images: []ec2types.Image{{
		ImageId: &id, OwnerId: aws.String("123456789012"), Public: aws.Bool(false), State: ec2types.ImageStateAvailable, CreationDate: aws.String("2026-01-01T00:00:00.000Z"),
	}}}
}
