package aws

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
)

// sought is a part of the names of the assets that are looked up, which a service is to be
// requested.
const sought = "5ought"

// lookups has an id of each type that is listed, whose names contain what is sought.
func lookups() map[asset.Type]string {
	regional := func(service, resource string) string {
		return "arn:aws:" + service + ":us-east-1:123456789012:" + resource
	}
	global := func(service, resource string) string { return "arn:aws:" + service + "::123456789012:" + resource }
	ec2 := func(resource string) string { return regional("ec2", resource+"-"+sought) }
	return map[asset.Type]string{
		accessAnalyzer:           regional("access-analyzer", "analyzer/"+sought),
		restAPI:                  "arn:aws:apigateway:us-east-1::/restapis/" + sought,
		restStage:                "arn:aws:apigateway:us-east-1::/restapis/" + sought + "/stages/prod",
		httpAPI:                  "arn:aws:apigateway:us-east-1::/apis/" + sought,
		httpStage:                "arn:aws:apigateway:us-east-1::/apis/" + sought + "/stages/prod",
		autoScalingGroup:         regional("autoscaling", "autoScalingGroup:1:autoScalingGroupName/"+sought),
		launchConfiguration:      regional("autoscaling", "launchConfiguration:1:launchConfigurationName/"+sought),
		backupVault:              regional("backup", "backup-vault:"+sought),
		acmCertificate:           regional("acm", "certificate/"+sought),
		stack:                    regional("cloudformation", "stack/"+sought+"/1"),
		cloudfrontDistribution:   global("cloudfront", "distribution/"+sought),
		cloudTrailTrail:          regional("cloudtrail", "trail/"+sought),
		cloudwatchAlarm:          regional("cloudwatch", "alarm:"+sought),
		compositeAlarm:           regional("cloudwatch", "alarm:"+sought),
		codebuildProject:         regional("codebuild", "project/"+sought),
		configRecorder:           regional("config", "configuration-recorder/"+sought+"/1"),
		configChannel:            regional("config", "delivery-channel/"+sought),
		docdbCluster:             regional("rds", "cluster:"+sought),
		docdbInstance:            regional("rds", "db:"+sought),
		dynamoTable:              regional("dynamodb", "table/"+sought),
		ec2Address:               ec2("elastic-ip/eipalloc"),
		ec2FlowLog:               ec2("vpc-flow-log/fl"),
		ec2Image:                 "arn:aws:ec2:us-east-1::image/ami-" + sought,
		ec2Instance:              ec2("instance/i"),
		ec2InternetGateway:       ec2("internet-gateway/igw"),
		ec2LaunchTemplate:        ec2("launch-template/lt"),
		ec2NATGateway:            ec2("natgateway/nat"),
		ec2NetworkACL:            ec2("network-acl/acl"),
		ec2NetworkACLEntry:       ec2("network-acl/acl") + "/ingress/100",
		ec2NetworkInterface:      ec2("network-interface/eni"),
		ec2PrefixList:            ec2("prefix-list/pl"),
		ec2Route:                 ec2("route-table/rtb") + "/0.0.0.0/0",
		ec2RouteTable:            ec2("route-table/rtb"),
		ec2SecurityGroup:         ec2("security-group/sg"),
		ec2Snapshot:              "arn:aws:ec2:us-east-1::snapshot/snap-" + sought,
		ec2Subnet:                ec2("subnet/subnet"),
		ec2VPC:                   ec2("vpc/vpc"),
		ec2VPCEndpoint:           ec2("vpc-endpoint/vpce"),
		ec2Peering:               ec2("vpc-peering-connection/pcx"),
		ec2Volume:                ec2("volume/vol"),
		ecrRepository:            regional("ecr", "repository/"+sought),
		ecsCluster:               regional("ecs", "cluster/"+sought),
		ecsService:               regional("ecs", "service/"+sought+"/web"),
		ecsTaskDefinition:        regional("ecs", "task-definition/"+sought+":1"),
		efsAccessPoint:           regional("elasticfilesystem", "access-point/fsap-"+sought),
		efsFileSystem:            regional("elasticfilesystem", "file-system/fs-"+sought),
		efsMountTarget:           "fsmt-" + sought,
		eksCluster:               regional("eks", "cluster/"+sought),
		eksNodegroup:             regional("eks", "nodegroup/"+sought+"/nodes/1"),
		cacheCluster:             regional("elasticache", "cluster:"+sought),
		replicationGroup:         regional("elasticache", "replicationgroup:"+sought),
		classicLoadBalancer:      regional("elasticloadbalancing", "loadbalancer/"+sought),
		elbListener:              regional("elasticloadbalancing", "listener/app/"+sought+"/1/2"),
		elbLoadBalancer:          regional("elasticloadbalancing", "loadbalancer/app/"+sought+"/1"),
		elbTargetGroup:           regional("elasticloadbalancing", "targetgroup/"+sought+"/1"),
		eventBus:                 regional("events", "event-bus/"+sought),
		guardDutyDetector:        regional("guardduty", "detector/"+sought),
		iamAccessKey:             "AKIA" + sought,
		iamGroup:                 global("iam", "group/"+sought),
		iamInstanceProfile:       global("iam", "instance-profile/"+sought),
		iamManagedPolicy:         global("iam", "policy/"+sought),
		iamRole:                  global("iam", "role/"+sought),
		iamUser:                  global("iam", "user/"+sought),
		kmsAlias:                 regional("kms", "alias/"+sought),
		kmsKey:                   regional("kms", "key/"+sought),
		kmsReplicaKey:            regional("kms", "key/mrk-"+sought),
		kinesisStream:            regional("kinesis", "stream/"+sought),
		lambdaFunction:           regional("lambda", "function:"+sought),
		lambdaURL:                regional("lambda", "function:"+sought),
		logGroup:                 regional("logs", "log-group:"+sought),
		metricFilter:             regional("logs", "log-group:"+sought) + "|filter",
		neptuneCluster:           regional("rds", "cluster:"+sought),
		neptuneInstance:          regional("rds", "db:"+sought),
		searchDomain:             regional("es", "domain/"+sought),
		orgAccount:               "arn:aws:organizations::123456789012:account/o-1/" + sought,
		orgOrganization:          "arn:aws:organizations::123456789012:organization/o-" + sought,
		unitType:                 "arn:aws:organizations::123456789012:ou/o-1/ou-" + sought,
		orgPolicy:                "arn:aws:organizations::123456789012:policy/o-1/service_control_policy/p-" + sought,
		rdsCluster:               regional("rds", "cluster:"+sought),
		rdsClusterParameterGroup: regional("rds", "cluster-pg:"+sought),
		rdsClusterSnapshot:       regional("rds", "cluster-snapshot:"+sought),
		rdsInstance:              regional("rds", "db:"+sought),
		rdsParameterGroup:        regional("rds", "pg:"+sought),
		rdsSnapshot:              regional("rds", "snapshot:"+sought),
		rdsSubnetGroup:           regional("rds", "subgrp:"+sought),
		redshiftCluster:          regional("redshift", "cluster:"+sought),
		redshiftParameterGroup:   regional("redshift", "parametergroup:"+sought),
		hostedZone:               "arn:aws:route53:::hostedzone/" + sought,
		s3Bucket:                 "arn:aws:s3:::" + sought,
		snsSubscription:          regional("sns", "topic:"+sought),
		snsTopic:                 regional("sns", sought),
		sqsQueue:                 regional("sqs", sought),
		ssmParameter:             regional("ssm", "parameter/"+sought),
		secretsManagerSecret:     regional("secretsmanager", "secret:"+sought+"-AbCdEf"),
		securityHub:              regional("securityhub", "hub/"+sought),
		webACL:                   regional("wafv2", "regional/webacl/"+sought+"/1"),
		accountType:              "123456789012",
		regionType:               "123456789012/us-east-1",
	}
}

// listedWhole are the types of which a single one is looked up among all of its list, and
// why no operation asks for one.
func listedWhole() map[asset.Type]string {
	const (
		ofAccount = "there is one of an account or a region"
		few       = "an account has few, and the list has all of each"
		parent    = "it is listed below others, and its id does not name the one"
		noFilter  = "the list has no filter, and the operation that describes one says less"
	)
	return map[asset.Type]string{
		accountType: ofAccount, regionType: ofAccount, orgOrganization: ofAccount, securityHub: ofAccount, guardDutyDetector: ofAccount,
		accessAnalyzer: few, backupVault: few, searchDomain: few, kinesisStream: few, webACL: few, httpAPI: few, restAPI: few, cloudTrailTrail: few,
		httpStage: few, restStage: few, // the list is that of their APIs
		efsMountTarget: parent, iamAccessKey: parent,
		acmCertificate: noFilter, cloudfrontDistribution: noFilter, codebuildProject: noFilter, hostedZone: noFilter, kmsAlias: noFilter,
		orgAccount: noFilter, orgPolicy: noFilter, unitType: noFilter, snsSubscription: noFilter, ec2LaunchTemplate: noFilter,
		iamGroup: noFilter, iamInstanceProfile: noFilter, iamManagedPolicy: noFilter, iamRole: noFilter, iamUser: noFilter,
		stack: "for one that does not exist DescribeStacks fails with a code that stands for other errors, too",
	}
}

// TestLookupsAskForOne looks up one asset of each type, and says that the service is asked
// for that one: a collector that lists everything to find one is as good, but slow.
func TestLookupsAskForOne(t *testing.T) {
	ids, whole := lookups(), listedWhole()
	for _, typ := range New(aws.Config{}, nil).Types() {
		t.Run(strings.ReplaceAll(string(typ), "::", "."), func(t *testing.T) {
			id, ok := ids[typ]
			if !assert.True(t, ok, "%s: lookups has no id of the type", typ) {
				return
			}
			x := offline(t)
			asked := x.hear()
			_, err := x.Get(t.Context(), asset.Ref{Type: typ, ID: id})
			if typ != accountType && typ != regionType { // that they are there is known already
				assert.Error(t, err, "nothing answers")
			}
			found := false
			var calls []string
			for op, inputs := range asked.of {
				if op != "STS:GetCallerIdentity" && op != "EC2:DescribeRegions" {
					calls = append(calls, op+" "+strings.Join(inputs, " "))
					found = found || strings.Contains(strings.Join(inputs, ""), sought)
				}
			}
			why, exempt := whole[typ]
			if exempt {
				assert.False(t, found, "%s: one is requested: %v; listedWhole says: %s", typ, calls, why)
				return
			}
			assert.True(t, found, "%s: all are listed to find one: %v; see unit.onlyName, or name the type in listedWhole", typ, calls)
		})
	}
}
