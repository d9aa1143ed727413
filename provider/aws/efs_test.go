package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

func TestFileSystems(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := efs.NewFromConfig(x.cfg)
	subnets, _ := twoSubnets(t, x)
	groups, err := ec2.NewFromConfig(x.cfg).DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{})
	require.NoError(t, err)
	key := "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	fs, err := client.CreateFileSystem(ctx, &efs.CreateFileSystemInput{CreationToken: aws.String("home"), Encrypted: aws.Bool(true), KmsKeyId: &key, Tags: []efstypes.Tag{{Key: aws.String("Name"), Value: aws.String("home")}}})
	require.NoError(t, err)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"elasticfilesystem:ClientMount","Resource":"*"}]}`
	_, err = client.PutFileSystemPolicy(ctx, &efs.PutFileSystemPolicyInput{FileSystemId: fs.FileSystemId, Policy: &policy})
	require.NoError(t, err)
	target, err := client.CreateMountTarget(ctx, &efs.CreateMountTargetInput{FileSystemId: fs.FileSystemId, SubnetId: &subnets[0], SecurityGroups: []string{*groups.SecurityGroups[0].GroupId}})
	require.NoError(t, err)
	copies := &efs.DescribeReplicationConfigurationsOutput{Replications: []efstypes.ReplicationConfigurationDescription{
		{SourceFileSystemId: fs.FileSystemId, Destinations: []efstypes.Destination{{FileSystemId: aws.String("fs-2"), Region: aws.String("eu-west-1"), Status: efstypes.ReplicationStatusEnabled}}},
		{SourceFileSystemId: aws.String("fs-3"), Destinations: []efstypes.Destination{{FileSystemId: fs.FileSystemId}}},
	}}
	x.answer("EFS:DescribeReplicationConfigurations", func(in any) (any, error) {
		if in.(*efs.DescribeReplicationConfigurationsInput).NextToken == nil {
			return &efs.DescribeReplicationConfigurationsOutput{NextToken: aws.String("1")}, nil
		}
		return copies, nil
	})

	inv := x.collect(t, efsFileSystem, efsMountTarget)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, efsFileSystem)
	assert.Equal(t, "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/"+*fs.FileSystemId, a.ID)
	assertJSON(t, `true`, a.Config.Get("Encrypted"))
	assertJSON(t, policy, a.Access)
	assertJSON(t, `[{"Key":"Name","Value":"home"}]`, a.Config.Get("FileSystemTags"))
	copied := a.Config.Get("ReplicationConfiguration", "Destinations")
	assert.Equal(t, 1, copied.Len())
	for name, want := range map[string]string{"FileSystemId": `"fs-2"`, "Region": `"eu-west-1"`, "Status": `"ENABLED"`} {
		assertJSON(t, want, copied.Index(0).Get(name))
	}
	assertUnread(t, "", collect.CodeNotCollected, copied.Index(0).Get("KmsKeyId"))
	assert.Contains(t, a.Links, asset.Link{Rel: "encrypted_by", To: asset.Ref{Type: kmsKey, ID: key}})
	m := only(t, inv, efsMountTarget)
	assert.Equal(t, *target.MountTargetId, m.ID)
	assert.Contains(t, m.Links, asset.Link{Rel: "file_system", To: a.Ref})
	assert.Contains(t, m.Links, asset.Link{Rel: "subnet", To: ref(ec2Subnet, "subnet/"+subnets[0])})
	assertJSON(t, `["`+*groups.SecurityGroups[0].GroupId+`"]`, m.Config.Get("SecurityGroups"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "EFS:DescribeFileSystems": 1, "EFS:DescribeFileSystemPolicy": 1, "EFS:DescribeBackupPolicy": 1,
		"EFS:DescribeLifecycleConfiguration": 1, "EFS:DescribeReplicationConfigurations": 2, "EFS:DescribeMountTargets": 1, "EFS:DescribeMountTargetSecurityGroups": 1,
	}, x.calls.n)

	// What is not configured is absent.
	x.fail(&smithy.GenericAPIError{Code: "PolicyNotFound"}, "EFS:DescribeFileSystemPolicy", "EFS:DescribeBackupPolicy")
	x.fail(&smithy.GenericAPIError{Code: "ReplicationNotFound"}, "EFS:DescribeReplicationConfigurations")
	x.fail(denied, "EFS:DescribeLifecycleConfiguration")
	a = only(t, x.collect(t, efsFileSystem), efsFileSystem)
	for _, part := range []asset.Value{a.Access, a.Config.Get("FileSystemPolicy"), a.Config.Get("BackupPolicy"), a.Config.Get("ReplicationConfiguration")} {
		assert.True(t, part.IsAbsent(), part.String())
	}
	assertUnread(t, "efs:DescribeLifecycleConfiguration", "AccessDenied", a.Config.Get("LifecyclePolicies"))
}

func TestAccessPoints(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	client := efs.NewFromConfig(x.cfg)
	ids := map[string]string{}
	for _, name := range []string{"one", "two"} {
		fs, err := client.CreateFileSystem(t.Context(), &efs.CreateFileSystemInput{CreationToken: &name})
		require.NoError(t, err)
		point, err := client.CreateAccessPoint(t.Context(), &efs.CreateAccessPointInput{
			ClientToken: &name, FileSystemId: fs.FileSystemId, Tags: []efstypes.Tag{{Key: aws.String("Name"), Value: &name}},
			PosixUser:     &efstypes.PosixUser{Uid: aws.Int64(1000), Gid: aws.Int64(1001), SecondaryGids: []int64{7}},
			RootDirectory: &efstypes.RootDirectory{Path: aws.String("/" + name), CreationInfo: &efstypes.CreationInfo{OwnerUid: aws.Int64(0), OwnerGid: aws.Int64(0), Permissions: aws.String("0750")}},
		})
		require.NoError(t, err)
		ids[name] = *point.AccessPointArn
	}
	inv := x.collect(t, efsAccessPoint)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, efsAccessPoint, "one")
	assert.Equal(t, ids["one"], a.ID)
	assert.Equal(t, map[string]string{"Name": "one"}, a.Tags)
	assert.Equal(t, "storage", a.Class)
	assertJSON(t, `{"Uid":"1000","Gid":"1001","SecondaryGids":["7"]}`, a.Config.Get("PosixUser"))
	assertJSON(t, `{"Path":"/one","CreationInfo":{"OwnerUid":"0","OwnerGid":"0","Permissions":"0750"}}`, a.Config.Get("RootDirectory"))
	assertJSON(t, `"available"`, a.Status.Get("LifeCycleState"))
	fs, err := a.Config.Get("FileSystemId").Str()
	require.NoError(t, err)
	assert.Contains(t, a.Links, link("file_system", efsFileSystem, *inTestRegion("elasticfilesystem", "file-system/"+fs)))
	assert.Equal(t, ids["two"], named(t, inv, efsAccessPoint, "two").ID)
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EFS:DescribeAccessPoints": 1}, x.calls.n, "one list for all file systems")
}
