package aws

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// questions keeps the inputs of calls, as JSON, by operation.
type questions struct {
	mu sync.Mutex
	of map[string][]string
}

// hear returns what is asked from now on.
func (x *tester) hear() *questions {
	q := &questions{of: map[string][]string{}}
	x.Provider.cfg.APIOptions = append(slices.Clip(x.Provider.cfg.APIOptions), func(s *middleware.Stack) error {
		return s.Initialize.Insert(middleware.InitializeMiddlewareFunc("hear", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			b, err := json.Marshal(in.Parameters)
			if err != nil {
				return middleware.InitializeOutput{}, middleware.Metadata{}, err
			}
			op := awsmiddleware.GetServiceID(ctx) + ":" + awsmiddleware.GetOperationName(ctx)
			q.mu.Lock()
			q.of[op] = append(q.of[op], string(b))
			q.mu.Unlock()
			return next.HandleInitialize(ctx, in)
		}), "count", middleware.After)
	})
	return q
}

// makeTwoOfEach makes two resources of each type of the test, named one and two.
func makeTwoOfEach(t *testing.T, cfg aws.Config) {
	t.Helper()
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		var api smithy.APIError
		if errors.As(err, &api) && strings.Contains(api.ErrorCode(), "AlreadyExists") {
			return // an attempt made it whose answer was lost
		}
		require.NoError(t, err)
	}
	machines := ec2.NewFromConfig(cfg)
	images, err := machines.DescribeImages(ctx, &ec2.DescribeImagesInput{})
	require.NoError(t, err)
	run, err := machines.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: images.Images[0].ImageId, MinCount: aws.Int32(2), MaxCount: aws.Int32(2)})
	require.NoError(t, err)
	network, err := machines.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})
	require.NoError(t, err)
	subnet, other := network.Subnets[0], network.Subnets[1]
	must(machines.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")}))
	role, err := iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("role"), AssumeRolePolicyDocument: aws.String(`{"Statement":[]}`)})
	require.NoError(t, err)
	balancers := elb.NewFromConfig(cfg)
	databases := rds.NewFromConfig(cfg)
	logs := cloudwatchlogs.NewFromConfig(cfg)
	containers := ecs.NewFromConfig(cfg)
	kubernetes := eks.NewFromConfig(cfg)
	for i, name := range []string{"one", "two"} {
		must(machines.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: run.Instances[0].InstanceId, Name: &name}))
		must(machines.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: subnet.SubnetId}))
		must(machines.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{}))
		must(machines.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: subnet.SubnetId}))
		must(machines.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{
			ResourceIds: []string{*network.Subnets[i].SubnetId}, ResourceType: ec2types.FlowLogsResourceTypeSubnet, TrafficType: ec2types.TrafficTypeAll,
			LogGroupName: aws.String("flows"), DeliverLogsPermissionArn: role.Role.Arn,
		}))
		lb, err := balancers.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: &name, Subnets: []string{*subnet.SubnetId, *other.SubnetId}})
		require.NoError(t, err)
		group, err := balancers.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: subnet.VpcId})
		require.NoError(t, err)
		must(balancers.CreateListener(ctx, &elb.CreateListenerInput{
			LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group.TargetGroups[0].TargetGroupArn}},
		}))
		password := aws.String("correct horse battery")
		must(databases.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, DBInstanceClass: aws.String("db.m5.large"), Engine: aws.String("postgres"), AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: password}))
		must(databases.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{DBInstanceIdentifier: &name, DBSnapshotIdentifier: &name}))
		must(databases.CreateDBCluster(ctx, &rds.CreateDBClusterInput{DBClusterIdentifier: &name, Engine: aws.String("aurora-mysql"), MasterUsername: aws.String("root"), MasterUserPassword: password}))
		must(databases.CreateDBClusterSnapshot(ctx, &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: &name, DBClusterSnapshotIdentifier: &name}))
		must(kms.NewFromConfig(cfg).CreateKey(ctx, &kms.CreateKeyInput{Description: &name}))
		must(lambda.NewFromConfig(cfg).CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: &name, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("a.b"), Role: role.Role.Arn, Code: &lambdatypes.FunctionCode{ZipFile: []byte("a zip")},
		}))
		must(containers.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: &name}))
		must(containers.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{Family: &name, ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: &name, Image: &name, Memory: aws.Int32(8)}}}))
		must(containers.CreateService(ctx, &ecs.CreateServiceInput{Cluster: &name, ServiceName: &name, TaskDefinition: &name}))
		must(ecr.NewFromConfig(cfg).CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("team/" + name)}))
		must(kubernetes.CreateCluster(ctx, &eks.CreateClusterInput{Name: &name, RoleArn: role.Role.Arn, ResourcesVpcConfig: &ekstypes.VpcConfigRequest{SubnetIds: []string{*subnet.SubnetId}}}))
		must(kubernetes.CreateNodegroup(ctx, &eks.CreateNodegroupInput{ClusterName: &name, NodegroupName: &name, NodeRole: role.Role.Arn, Subnets: []string{*subnet.SubnetId}}))
		must(sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name}))
		must(sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: &name}))
		must(secretsmanager.NewFromConfig(cfg).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: password}))
		must(ssm.NewFromConfig(cfg).PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/team/" + name), Type: ssmtypes.ParameterTypeString, Value: &name}))
		must(dynamodb.NewFromConfig(cfg).CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: &name, BillingMode: ddbtypes.BillingModePayPerRequest, KeySchema: []ddbtypes.KeySchemaElement{{AttributeName: &name, KeyType: ddbtypes.KeyTypeHash}},
			AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: &name, AttributeType: ddbtypes.ScalarAttributeTypeS}},
		}))
		must(logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}))
		must(logs.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{
			LogGroupName: &name, FilterName: &name, FilterPattern: aws.String(""),
			MetricTransformations: []logstypes.MetricTransformation{{MetricName: &name, MetricNamespace: &name, MetricValue: aws.String("1")}},
		}))
		must(s3.NewFromConfig(cfg).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}))
	}
}

// TestGetOfEachType gets one of two assets of each type: what discovering tells of it,
// by asking for that one alone.
func TestGetOfEachType(t *testing.T) {
	x := one(t)
	makeTwoOfEach(t, x.cfg)
	denials := x.Provider.cfg.APIOptions
	for _, c := range []struct {
		typ     asset.Type
		asks    string // the operation that is called for the one
		prefix  string // of its name in the ARN
		missing string // a name of which there is nothing
		calls   int    // of the operation; 0: one
		moves   string // what is in config another with each call
	}{
		{typ: ec2Instance, asks: "EC2:DescribeInstances", prefix: "instance/", missing: "i-0123456789abcdef0"},
		{typ: ec2Volume, asks: "EC2:DescribeVolumes", prefix: "volume/", missing: "vol-0123456789abcdef0"},
		{typ: ec2Snapshot, asks: "EC2:DescribeSnapshots", prefix: "snapshot/", missing: "snap-0123456789abcdef0", calls: 2},
		{typ: ec2Image, asks: "EC2:DescribeImages", prefix: "image/", missing: "ami-0123456789abcdef0"},
		{typ: ec2VPC, asks: "EC2:DescribeVpcs", prefix: "vpc/", missing: "vpc-0123456789abcdef0"},
		{typ: ec2Subnet, asks: "EC2:DescribeSubnets", prefix: "subnet/", missing: "subnet-0123456789abcdef0"},
		{typ: ec2SecurityGroup, asks: "EC2:DescribeSecurityGroups", prefix: "security-group/", missing: "sg-0123456789abcdef0"},
		{typ: ec2RouteTable, asks: "EC2:DescribeRouteTables", prefix: "route-table/", missing: "rtb-0123456789abcdef0"},
		{typ: ec2Route, asks: "EC2:DescribeRouteTables", prefix: "route-table/", missing: "rtb-0123456789abcdef0/0.0.0.0/0"},
		{typ: ec2InternetGateway, asks: "EC2:DescribeInternetGateways", prefix: "internet-gateway/", missing: "igw-0123456789abcdef0"},
		{typ: ec2NATGateway, asks: "EC2:DescribeNatGateways", prefix: "natgateway/", missing: "nat-0123456789abcdef0"},
		{typ: ec2NetworkInterface, asks: "EC2:DescribeNetworkInterfaces", prefix: "network-interface/", missing: "eni-0123456789abcdef0"},
		{typ: ec2FlowLog, asks: "EC2:DescribeFlowLogs", prefix: "vpc-flow-log/", missing: "fl-0123456789abcdef0"},
		{typ: rdsInstance, asks: "RDS:DescribeDBInstances", prefix: "db:", missing: "three", moves: "LatestRestorableTime"},
		{typ: rdsCluster, asks: "RDS:DescribeDBClusters", prefix: "cluster:", missing: "three"},
		{typ: rdsSnapshot, asks: "RDS:DescribeDBSnapshots", prefix: "snapshot:", missing: "three"},
		{typ: rdsClusterSnapshot, asks: "RDS:DescribeDBClusterSnapshots", prefix: "cluster-snapshot:", missing: "three"},
		{typ: elbLoadBalancer, asks: "Elastic Load Balancing v2:DescribeLoadBalancers", prefix: "loadbalancer/app/", missing: "three/50dc6c495c0c9188"},
		{typ: elbListener, asks: "Elastic Load Balancing v2:DescribeListeners", prefix: "listener/app/", missing: "three/50dc6c495c0c9188/8467913341f6cd6b"},
		{typ: elbTargetGroup, asks: "Elastic Load Balancing v2:DescribeTargetGroups", prefix: "targetgroup/", missing: "three/73e2d6bc24d8a067"},
		{typ: kmsKey, asks: "KMS:DescribeKey", prefix: "key/", missing: "1234abcd-12ab-34cd-56ef-1234567890ab"},
		{typ: lambdaFunction, asks: "Lambda:GetFunctionConfiguration", prefix: "function:", missing: "three"},
		{typ: ecsCluster, asks: "ECS:DescribeClusters", prefix: "cluster/", missing: "three", calls: 2},
		{typ: ecsService, asks: "ECS:ListServices", prefix: "service/", missing: "three/three"},
		{typ: ecsTaskDefinition, asks: "ECS:ListTaskDefinitions", prefix: "task-definition/", missing: "three:1"},
		{typ: ecrRepository, asks: "ECR:DescribeRepositories", prefix: "repository/", missing: "team/three"},
		{typ: eksCluster, asks: "EKS:DescribeCluster", prefix: "cluster/", missing: "three", calls: 2},
		{typ: eksNodegroup, asks: "EKS:ListNodegroups", prefix: "nodegroup/", missing: "three/three/7ebc2f09-0c8d-4e3a-a0b2-0a3a6b4a3d2e"},
		{typ: sqsQueue, asks: "SQS:ListQueues", missing: "three"},
		{typ: snsTopic, asks: "SNS:GetTopicAttributes", missing: "three", calls: 2},
		{typ: secretsManagerSecret, asks: "Secrets Manager:ListSecrets", prefix: "secret:", missing: "three-AbCdEf"},
		{typ: ssmParameter, asks: "SSM:DescribeParameters", prefix: "parameter/", missing: "team/three"},
		{typ: dynamoTable, asks: "DynamoDB:DescribeTable", prefix: "table/", missing: "three", calls: 2},
		{typ: logGroup, asks: "CloudWatch Logs:DescribeLogGroups", prefix: "log-group:", missing: "three"},
		{typ: metricFilter, asks: "CloudWatch Logs:DescribeMetricFilters", prefix: "log-group:", missing: "three|three"},
		{typ: s3Bucket, asks: "S3:ListBuckets", missing: "three"},
	} {
		t.Run(string(c.typ), func(t *testing.T) {
			x.Provider.cfg.APIOptions = denials
			all := slices.Collect(x.collect(t, c.typ).OfType(c.typ))
			require.GreaterOrEqual(t, len(all), 2)
			want := all[len(all)-1]
			name, err := arn.Parse(want.ID)
			require.NoError(t, err)
			clear(x.calls.n)
			asked := x.hear()
			got, err := x.Get(t.Context(), want.Ref)
			require.NoError(t, err)
			if c.moves != "" {
				got.Config, err = got.Config.Set(asset.Path(c.moves), want.Config.Get(c.moves))
				require.NoError(t, err)
			}
			assertSame(t, want, got)
			assert.Zero(t, x.calls.n["EC2:DescribeRegions"])
			assert.Len(t, asked.of[c.asks], max(c.calls, 1), "%v", asked.of)
			// The beginning of the name is in all of them that children and parents have.
			id, ok := strings.CutPrefix(name.Resource, c.prefix)
			require.True(t, ok, name.Resource)
			first := id[:min(len(id), 3)]
			for _, in := range asked.of[c.asks] {
				assert.Contains(t, in, first)
			}

			missing := asset.Ref{Type: c.typ, ID: strings.TrimSuffix(want.ID, id) + c.missing}
			_, err = x.Get(t.Context(), missing)
			require.ErrorIs(t, err, provider.ErrNotFound)
			x.fail(denied, c.asks)
			_, err = x.Get(t.Context(), want.Ref)
			require.ErrorContains(t, err, "AccessDenied")
			require.NotErrorIs(t, err, provider.ErrNotFound)
		})
	}
}

// marks returns the parts of a document that are not simply read.
func marks(v asset.Value) map[asset.Path]string {
	m := map[asset.Path]string{}
	for p, part := range v.Marks() {
		m[p] = part.String()
	}
	return m
}

// assertSame compares assets.
func assertSame(t *testing.T, want, got *asset.Asset) {
	t.Helper()
	w, g := *want, *got
	for name, v := range map[string][2]*asset.Value{"config": {&w.Config, &g.Config}, "status": {&w.Status, &g.Status}, "access": {&w.Access, &g.Access}} {
		assert.True(t, v[0].Equal(*v[1]), "%s is %s and not %s", name, v[1], v[0])
		assert.Equal(t, marks(*v[0]), marks(*v[1]))
		*v[0], *v[1] = asset.Value{}, asset.Value{}
	}
	assert.Equal(t, w, g)
}

func TestGetAsksWhereTheAssetIs(t *testing.T) {
	x := offline(t)
	x.Provider.opts.Regions = []string{"eu-west-1", "us-east-1", "us-west-2"}
	x.says("EC2:DescribeInstances", instances("i-1"))
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("EC2:DescribeInstanceAttribute", &ec2.DescribeInstanceAttributeOutput{})
	_, err := x.Get(t.Context(), ref(ec2Instance, "instance/i-1"))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeInstances": 1, "EC2:DescribeSubnets": 1, "EC2:DescribeInstanceAttribute": 3}, x.calls.n)

	// A region is there if it is enabled, which nothing but the list of them tells.
	x.Provider.opts.Regions = nil
	_, err = x.Get(t.Context(), regionRef("123456789012", "eu-west-1"))
	require.ErrorIs(t, err, provider.ErrNotFound)
	assert.Equal(t, 1, x.calls.n["EC2:DescribeRegions"])
}

func TestGetOfWhatIsAtHomeElsewhere(t *testing.T) {
	x := offline(t)
	id := "arn:aws:cloudtrail:ap-south-1:999999999999:trail/org"
	x.says("CloudTrail:DescribeTrails", &cloudtrail.DescribeTrailsOutput{TrailList: []cloudtrailtypes.Trail{{
		Name: aws.String("org"), TrailARN: &id, HomeRegion: aws.String("ap-south-1"), S3BucketName: aws.String("b"),
	}}})
	a, err := x.Get(t.Context(), asset.Ref{Type: cloudTrailTrail, ID: id})
	require.NoError(t, err)
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "999999999999", Region: "ap-south-1"}, a.Scope)

	x = offline(t)
	x.says("EC2:DescribeVpcPeeringConnections", peering("pcx-1"))
	_, err = x.Get(t.Context(), ref(ec2Peering, "vpc-peering-connection/pcx-1"))
	require.NoError(t, err)
}

func TestGetBelievesTheOwner(t *testing.T) {
	x := offline(t)
	x.Provider.opts.Accounts = []string{"111111111111", "123456789012"}
	x.Provider.opts.Role.Name = "audit"
	x.says("STS:AssumeRole", &sts.AssumeRoleOutput{Credentials: &ststypes.Credentials{AccessKeyId: aws.String("a"), SecretAccessKey: aws.String("b"), SessionToken: aws.String("c"), Expiration: aws.Time(time.Now().Add(time.Hour))}})
	asks := 0
	x.answer("EC2:DescribeSubnets", func(any) (any, error) {
		asks++
		return &ec2.DescribeSubnetsOutput{}, nil
	})
	_, err := x.Get(t.Context(), ref(ec2Subnet, "subnet/subnet-1"))
	require.ErrorIs(t, err, provider.ErrNotFound)
	assert.Equal(t, 1, asks)
	assert.Zero(t, x.calls.n["STS:AssumeRole"], "what the owner does not have nobody has")

	// Where the owner is denied, the other account may see it.
	x.answer("EC2:DescribeSubnets", func(any) (any, error) {
		if asks++; asks == 2 {
			return nil, denied
		}
		return subnets("subnet-1", "123456789012"), nil
	})
	x.fail(denied, "EC2:DescribeNetworkAcls")
	a, err := x.Get(t.Context(), ref(ec2Subnet, "subnet/subnet-1"))
	require.NoError(t, err)
	assert.Equal(t, []string{"111111111111"}, a.Observers)
}

// TestGetAsksLiterally says that what is in an id does not make the question wider.
func TestGetAsksLiterally(t *testing.T) {
	x := offline(t)
	x.says("EC2:DescribeNetworkAcls", &ec2.DescribeNetworkAclsOutput{NetworkAcls: []ec2types.NetworkAcl{{NetworkAclId: aws.String("acl-1"), VpcId: aws.String("vpc-1"), IsDefault: aws.Bool(true), Entries: []ec2types.NetworkAclEntry{{RuleNumber: aws.Int32(7), Egress: aws.Bool(true)}}}}})
	x.says("EC2:DescribeVpcEndpoints", &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{{VpcEndpointId: aws.String("vpce-1")}}})
	x.says("EC2:DescribeSubnets", &ec2.DescribeSubnetsOutput{})
	x.says("Secrets Manager:ListSecrets", &secretsmanager.ListSecretsOutput{})
	for _, c := range []struct {
		ref   asset.Ref
		asks  string
		in    string // what is asked
		found bool
	}{
		{ref(ec2NetworkACL, "network-acl/acl-1"), "EC2:DescribeNetworkAcls", `"Filters":[{"Name":"network-acl-id","Values":["acl-1"]}]`, true},
		{ref(ec2NetworkACLEntry, "network-acl/acl-1/egress/7"), "EC2:DescribeNetworkAcls", `"Filters":[{"Name":"network-acl-id","Values":["acl-1"]}]`, true},
		{ref(ec2NetworkACL, "network-acl/acl-*,acl-?"), "EC2:DescribeNetworkAcls", `"Values":["acl-\\*,acl-\\?"]`, false},
		{ref(ec2NetworkACL, `network-acl/acl-\*`), "EC2:DescribeNetworkAcls", `"Values":["acl-\\\\\\*"]`, false},
		{ref(ec2NetworkACL, "network-acl/"), "EC2:DescribeNetworkAcls", `"Values":["arn:aws:ec2:us-east-1:123456789012:network-acl"]`, false},
		{ref(ec2NetworkACL, "network-acl//"), "EC2:DescribeNetworkAcls", `"Values":["/"]`, false},
		{asset.Ref{Type: ec2NetworkACL, ID: "acl-1"}, "EC2:DescribeNetworkAcls", `"Values":["acl-1"]`, false},
		{ref(ec2VPCEndpoint, "vpc-endpoint/vpce-1"), "EC2:DescribeVpcEndpoints", `"Filters":[{"Name":"vpc-endpoint-id","Values":["vpce-1"]}]`, true},
		{asset.Ref{Type: secretsManagerSecret, ID: *inTestRegion("secretsmanager", "secret:!one-AbCdEf")}, "Secrets Manager:ListSecrets", `"Values":["one"]`, false},
	} {
		asked := x.hear()
		_, err := x.Get(t.Context(), c.ref)
		if c.found {
			require.NoError(t, err, "%s", c.ref)
		} else {
			require.ErrorIs(t, err, provider.ErrNotFound, "%s", c.ref)
		}
		if assert.Len(t, asked.of[c.asks], 1, "%s", c.ref) {
			assert.Contains(t, asked.of[c.asks][0], c.in)
		}
	}
	_, err := x.Get(t.Context(), asset.Ref{Type: ec2NetworkACL})
	require.EqualError(t, err, "aws: AWS::EC2::NetworkAcl: no id")
}

func TestGetOfWhatServicesHaveNot(t *testing.T) {
	x := offline(t)
	snapshot := asset.Ref{Type: rdsSnapshot, ID: *inTestRegion("rds", "snapshot:rds:db-2026-03-01-06-00")}
	x.answer("RDS:DescribeDBSnapshots", func(in any) (any, error) {
		assert.Equal(t, "rds:db-2026-03-01-06-00", in.(*rds.DescribeDBSnapshotsInput).Filters[0].Values[0])
		return nil, code("DBSnapshotNotFound")
	})
	_, err := x.Get(t.Context(), snapshot)
	require.ErrorIs(t, err, provider.ErrNotFound)

	// An alias has the ARN of the function and more, and is none.
	_, err = x.Get(t.Context(), asset.Ref{Type: lambdaFunction, ID: *inTestRegion("lambda", "function:web:live")})
	require.ErrorIs(t, err, provider.ErrNotFound)
	assert.Zero(t, x.calls.n["Lambda:GetFunctionConfiguration"])

	x.says("ECS:DescribeClusters", &ecs.DescribeClustersOutput{Clusters: []ecstypes.Cluster{{ClusterArn: inTestRegion("ecs", "cluster/web"), Status: aws.String("INACTIVE")}}})
	web := asset.Ref{Type: ecsCluster, ID: *inTestRegion("ecs", "cluster/web")}
	_, err = x.Get(t.Context(), web)
	require.ErrorIs(t, err, provider.ErrNotFound)
	x.says("ECS:DescribeClusters", &ecs.DescribeClustersOutput{Failures: []ecstypes.Failure{{Arn: inTestRegion("ecs", "cluster/web"), Reason: aws.String("ACCESS")}}})
	_, err = x.Get(t.Context(), web)
	require.ErrorContains(t, err, "ecs:DescribeClusters: ACCESS")
	require.NotErrorIs(t, err, provider.ErrNotFound)
}

func TestGetOfAListThatLeavesThingsOut(t *testing.T) {
	x := offline(t)
	x.Provider.engine.Schema = func(typ asset.Type) (*asset.Schema, bool) {
		return &asset.Schema{Type: typ, Operations: []asset.Operation{{Name: "ec2:DescribeFlowLogs", MayOmit: true}}}, true
	}
	x.says("EC2:DescribeFlowLogs", &ec2.DescribeFlowLogsOutput{})
	_, err := x.Get(t.Context(), ref(ec2FlowLog, "vpc-flow-log/fl-1"))
	require.ErrorContains(t, err, asset.CodeIncomplete)
	require.NotErrorIs(t, err, provider.ErrNotFound)
}

// TestConfigurationsOfFunctions says that what is answered for one function has all
// that the list has.
func TestConfigurationsOfFunctions(t *testing.T) {
	one := reflect.TypeFor[lambda.GetFunctionConfigurationOutput]()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[lambdatypes.FunctionConfiguration]()) {
		if f.IsExported() {
			g, ok := one.FieldByName(f.Name)
			assert.True(t, ok, f.Name)
			assert.Equal(t, f.Type, g.Type, f.Name)
		}
	}
}
