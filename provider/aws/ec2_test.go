package aws

import (
	"encoding/base64"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// ref is a ref to a resource of EC2 in the region that tests look at.
func ref(t asset.Type, id string) asset.Ref {
	return asset.Ref{Type: t, ID: "arn:aws:ec2:us-east-1:123456789012:" + id}
}

func TestInstances(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := ec2.NewFromConfig(x.cfg)
	images, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{})
	require.NoError(t, err)
	require.NotEmpty(t, images.Images)
	image := images.Images[0].ImageId
	secret := base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nexport AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"))
	run := func(name string, kind ec2types.InstanceType) ec2types.Instance {
		out, err := client.RunInstances(ctx, &ec2.RunInstancesInput{
			ImageId: image, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: kind, UserData: &secret,
			MetadataOptions:   &ec2types.InstanceMetadataOptionsRequest{HttpTokens: ec2types.HttpTokensStateRequired, HttpEndpoint: ec2types.InstanceMetadataEndpointStateEnabled},
			TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: &name}}}},
		})
		require.NoError(t, err)
		return out.Instances[0]
	}
	web := run("web", ec2types.InstanceTypeT3Micro)
	run("batch", ec2types.InstanceTypeM5Large)
	gone := run("gone", ec2types.InstanceTypeM5Large)
	_, err = client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{*gone.InstanceId}})
	require.NoError(t, err)
	x.answer("EC2:DescribeInstanceCreditSpecifications", func(in any) (any, error) {
		assert.Equal(t, []string{*web.InstanceId}, in.(*ec2.DescribeInstanceCreditSpecificationsInput).InstanceIds, "the API refuses instances without credits")
		return &ec2.DescribeInstanceCreditSpecificationsOutput{InstanceCreditSpecifications: []ec2types.InstanceCreditSpecification{{InstanceId: web.InstanceId, CpuCredits: aws.String("unlimited")}}}, nil
	})

	inv := x.collect(t, ec2Instance)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, ec2Instance, "web")
	assert.Equal(t, ref(ec2Instance, "instance/"+*web.InstanceId), a.Ref)
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}, a.Scope)
	assert.Equal(t, "compute", a.Class)
	assert.Equal(t, *web.InstanceId, a.Incarnation)
	assert.Contains(t, a.Links, asset.Link{Rel: "subnet", To: ref(ec2Subnet, "subnet/"+*web.SubnetId)})
	assert.Contains(t, a.Links, asset.Link{Rel: "vpc", To: ref(ec2VPC, "vpc/"+*web.VpcId)})
	assert.Contains(t, a.Links, asset.Link{Rel: "image", To: asset.Ref{Type: ec2Image, ID: "arn:aws:ec2:us-east-1::image/" + *image}})
	assert.Contains(t, a.Links, asset.Link{Rel: "region", To: regionRef("123456789012", "us-east-1")})
	assertJSON(t, `"required"`, a.Config.Get("MetadataOptions", "HttpTokens"))
	assertJSON(t, `"t3.micro"`, a.Config.Get("InstanceType"))
	assertJSON(t, `{"CPUCredits":"unlimited"}`, a.Config.Get("CreditSpecification"))
	assertJSON(t, `false`, a.Config.Get("DisableApiTermination"))
	assertJSON(t, `"stop"`, a.Config.Get("InstanceInitiatedShutdownBehavior"))
	assertJSON(t, `{"Code":"16","Name":"running"}`, a.Config.Get("State"))
	assert.Equal(t, 1, a.Config.Get("Volumes").Len())
	assert.Equal(t, 1, a.Config.Get("NetworkInterfaces").Len())
	found, ok := a.Config.Get("UserData").Redacted()
	if assert.True(t, ok, "user data is redacted") {
		assert.NotEmpty(t, found.Detectors)
	}
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("BlockDeviceMappings"))
	assert.True(t, named(t, inv, ec2Instance, "batch").Config.Get("CreditSpecification").IsAbsent())
	for a := range inv.OfType(ec2Instance) {
		assert.NotEqual(t, "gone", a.Name)
	}
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeInstances": 1, "EC2:DescribeSubnets": 1,
		"EC2:DescribeInstanceAttribute": 6, "EC2:DescribeInstanceCreditSpecifications": 1,
	}, x.calls.n)
}

func TestInstanceAttributesThatAreDenied(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.says("EC2:DescribeInstances", instances("i-1"))
	x.fail(denied, "EC2:DescribeInstanceAttribute")
	a := only(t, x.collect(t, ec2Instance), ec2Instance)
	assertUnread(t, "ec2:DescribeInstanceAttribute(userData)", "AccessDenied", a.Config.Get("UserData"))
	assertUnread(t, "ec2:DescribeInstanceAttribute(disableApiTermination)", "AccessDenied", a.Config.Get("DisableApiTermination"))
	a = only(t, x.collectQuery(t, provider.Query{
		Types: []asset.Type{ec2Instance},
		Reads: map[asset.Type][]asset.Path{ec2Instance: {"config.MetadataOptions"}},
	}), ec2Instance)
	assertUnread(t, "ec2:DescribeInstanceAttribute(userData)", asset.CodeNotRequested, a.Config.Get("UserData"))
	assertUnread(t, "ec2:DescribeInstanceCreditSpecifications", asset.CodeNotRequested, a.Config.Get("CreditSpecification"))
}

func instances(id string) *ec2.DescribeInstancesOutput {
	return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{{OwnerId: aws.String("123456789012"), Instances: []ec2types.Instance{{
		InstanceId: &id, InstanceType: ec2types.InstanceTypeM5Large, LaunchTime: &observed, SubnetId: aws.String("subnet-1"), VpcId: aws.String("vpc-1"),
	}}}}}
}

func TestSharedSubnet(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("EC2:DescribeInstances", instances("i-1"))
	x.fail(denied, "EC2:DescribeInstanceAttribute", "EC2:DescribeInstanceCreditSpecifications")
	inv := x.collectQuery(t, provider.Query{
		Types: []asset.Type{ec2Instance, ec2Subnet},
		Reads: map[asset.Type][]asset.Path{ec2Instance: {"config.SubnetId"}},
	})
	shared := asset.Ref{Type: ec2Subnet, ID: "arn:aws:ec2:us-east-1:999999999999:subnet/subnet-1"}
	a := only(t, inv, ec2Instance)
	assert.Contains(t, a.Links, asset.Link{Rel: "subnet", To: shared})
	assert.Contains(t, a.Links, asset.Link{Rel: "vpc", To: asset.Ref{Type: ec2VPC, ID: "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-1"}})
	s := only(t, inv, ec2Subnet)
	assert.Equal(t, shared, s.Ref)
	assert.Equal(t, "999999999999", s.Account)
	assert.Equal(t, []string{"123456789012"}, s.Observers)
	assert.Nil(t, s.Tags)
	assertUnread(t, "", codeNotAnswered, s.Config.Get("Tags"))

	// Without the owners an instance is still reported.
	x.fail(denied, "EC2:DescribeSubnets")
	a = only(t, x.collect(t, ec2Instance), ec2Instance)
	assert.Contains(t, a.Links, asset.Link{Rel: "subnet", To: ref(ec2Subnet, "subnet/subnet-1")})
	assert.NotNil(t, a.UnreadLinks("subnet"), "it may be that of another account")
}

func subnets(id, owner string) *ec2.DescribeSubnetsOutput {
	return &ec2.DescribeSubnetsOutput{Subnets: []ec2types.Subnet{{SubnetId: &id, VpcId: aws.String("vpc-1"), OwnerId: &owner, CidrBlock: aws.String("10.0.0.0/24")}}}
}

func TestDisks(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := ec2.NewFromConfig(x.cfg)
	key := "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	v, err := client.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(8), Encrypted: aws.Bool(true), KmsKeyId: &key})
	require.NoError(t, err)
	open, err := client.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: v.VolumeId, Description: aws.String("open")})
	require.NoError(t, err)
	closed, err := client.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: v.VolumeId, Description: aws.String("closed")})
	require.NoError(t, err)
	x.answer("EC2:DescribeSnapshots", func(in any) (any, error) {
		q := in.(*ec2.DescribeSnapshotsInput)
		require.Equal(t, []string{"self"}, q.OwnerIds)
		out := &ec2.DescribeSnapshotsOutput{Snapshots: []ec2types.Snapshot{snapshot(*open.SnapshotId), snapshot(*closed.SnapshotId)}}
		if len(q.RestorableByUserIds) > 0 {
			assert.Equal(t, []string{"all"}, q.RestorableByUserIds)
			out.Snapshots = out.Snapshots[:1]
		}
		return out, nil
	})
	x.says("EC2:DescribeVolumeAttribute", &ec2.DescribeVolumeAttributeOutput{AutoEnableIO: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}})

	inv := x.collect(t, ec2Volume, ec2Snapshot)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, ec2Volume)
	assert.Equal(t, ref(ec2Volume, "volume/"+*v.VolumeId), a.Ref)
	assertJSON(t, `true`, a.Config.Get("Encrypted"))
	assertJSON(t, `true`, a.Config.Get("AutoEnableIO"))
	assert.Contains(t, a.Links, asset.Link{Rel: "encrypted_by", To: asset.Ref{Type: kmsKey, ID: key}})
	s := named(t, inv, ec2Snapshot, *open.SnapshotId)
	assert.Equal(t, "arn:aws:ec2:us-east-1::snapshot/"+*open.SnapshotId, s.ID)
	assert.Equal(t, "123456789012", s.Account)
	assertJSON(t, `[{"Group":"all"}]`, s.Config.Get("CreateVolumePermissions"))
	assert.NotContains(t, s.Links, asset.Link{Rel: "volume", To: ref(ec2Volume, "volume/vol-ffffffff")})
	assertJSON(t, `[]`, named(t, inv, ec2Snapshot, *closed.SnapshotId).Config.Get("CreateVolumePermissions"))
	assert.Equal(t, 2, x.calls.n["EC2:DescribeSnapshots"], "one list of all and one of the public ones, however many there are")
}

func snapshot(id string) ec2types.Snapshot {
	return ec2types.Snapshot{
		SnapshotId: &id, OwnerId: aws.String("123456789012"), Encrypted: aws.Bool(true), State: ec2types.SnapshotStateCompleted, StartTime: &observed,
		VolumeId: aws.String("vol-ffffffff"),
	}
}

func TestPublicSnapshotsThatAreDenied(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.answer("EC2:DescribeSnapshots", func(in any) (any, error) {
		if len(in.(*ec2.DescribeSnapshotsInput).RestorableByUserIds) > 0 {
			return nil, denied
		}
		return &ec2.DescribeSnapshotsOutput{Snapshots: []ec2types.Snapshot{snapshot("snap-1")}}, nil
	})
	a := only(t, x.collect(t, ec2Snapshot), ec2Snapshot)
	assertUnread(t, "ec2:DescribeSnapshots(RestorableByUserIds=all)", "AccessDenied", a.Config.Get("CreateVolumePermissions"))
}

func TestImages(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := ec2.NewFromConfig(x.cfg)
	images, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{})
	require.NoError(t, err)
	run, err := client.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: images.Images[0].ImageId, MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	require.NoError(t, err)
	own, err := client.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: run.Instances[0].InstanceId, Name: aws.String("golden")})
	require.NoError(t, err)
	_, err = client.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: own.ImageId, LaunchPermission: &ec2types.LaunchPermissionModifications{Add: []ec2types.LaunchPermission{{Group: ec2types.PermissionGroupAll}}}})
	require.NoError(t, err)

	inv := x.collect(t, ec2Image)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, ec2Image)
	assert.Equal(t, "golden", a.Name)
	assert.Equal(t, "arn:aws:ec2:us-east-1::image/"+*own.ImageId, a.ID)
	assertJSON(t, `true`, a.Config.Get("Public"))
	assertJSON(t, `[{"Group":"all"}]`, a.Config.Get("LaunchPermissions"))
	assert.Equal(t, 1, x.calls.n["EC2:DescribeImages"])
	assert.Equal(t, 1, x.calls.n["EC2:DescribeImageAttribute"])
}

func TestImageThatIsDeregistered(t *testing.T) {
	x := offline(t)
	out := images("ami-1")
	out.Images = append(out.Images, images("ami-2").Images...)
	out.Images[1].State = ec2types.ImageStateDeregistered
	x.says("EC2:DescribeImages", out)
	x.says("EC2:DescribeImageAttribute", &ec2.DescribeImageAttributeOutput{})
	assert.Equal(t, "ami-1", only(t, x.collect(t, ec2Image), ec2Image).Name)
}

func TestLaunchTemplates(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := ec2.NewFromConfig(x.cfg)
	for _, name := range []string{"one", "two"} {
		_, err := client.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
			LaunchTemplateName: &name, VersionDescription: aws.String("first"),
			LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
				ImageId: aws.String("ami-12345678"), InstanceType: ec2types.InstanceTypeM5Large, SecurityGroupIds: []string{"sg-1"},
				UserData:        aws.String(base64.StdEncoding.EncodeToString([]byte("password=hunter2hunter2"))),
				MetadataOptions: &ec2types.LaunchTemplateInstanceMetadataOptionsRequest{HttpTokens: ec2types.LaunchTemplateHttpTokensStateOptional},
			},
		})
		require.NoError(t, err)
	}
	templates, err := client.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{})
	require.NoError(t, err)
	out := &ec2.DescribeLaunchTemplateVersionsOutput{}
	for _, x := range templates.LaunchTemplates {
		versions, err := client.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: x.LaunchTemplateId})
		require.NoError(t, err)
		out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, versions.LaunchTemplateVersions...)
	}
	// moto_server answers versions of one template only.
	x.says("EC2:DescribeLaunchTemplateVersions", out)

	inv := x.collect(t, ec2LaunchTemplate)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, ec2LaunchTemplate, "two")
	assertJSON(t, `"optional"`, a.Config.Get("LaunchTemplateData", "MetadataOptions", "HttpTokens"))
	assertJSON(t, `"first"`, a.Config.Get("VersionDescription"))
	_, redacted := a.Config.Get("LaunchTemplateData", "UserData").Redacted()
	assert.True(t, redacted)
	assert.Contains(t, a.Links, asset.Link{Rel: "security_group", To: ref(ec2SecurityGroup, "security-group/sg-1")})
	assert.Contains(t, a.Links, asset.Link{Rel: "image", To: asset.Ref{Type: ec2Image, ID: "arn:aws:ec2:us-east-1::image/ami-12345678"}})
	assert.Equal(t, 1, x.calls.n["EC2:DescribeLaunchTemplateVersions"], "one list for all templates")

	x.says("EC2:DescribeLaunchTemplateVersions", &ec2.DescribeLaunchTemplateVersionsOutput{})
	a = named(t, x.collect(t, ec2LaunchTemplate), ec2LaunchTemplate, "two")
	assertUnread(t, "ec2:DescribeLaunchTemplateVersions", codeNotListed, a.Config.Get("LaunchTemplateData"))
}

func TestWhatServicesManageIsAskedFor(t *testing.T) {
	x := offline(t)
	for operation, out := range map[string]any{
		"EC2:DescribeInstances":              &ec2.DescribeInstancesOutput{},
		"EC2:DescribeVolumes":                &ec2.DescribeVolumesOutput{},
		"EC2:DescribeNetworkInterfaces":      &ec2.DescribeNetworkInterfacesOutput{},
		"EC2:DescribeLaunchTemplates":        &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{{LaunchTemplateId: aws.String("lt-1")}}},
		"EC2:DescribeLaunchTemplateVersions": &ec2.DescribeLaunchTemplateVersionsOutput{},
	} {
		x.answer(operation, func(in any) (any, error) {
			asked := reflect.ValueOf(in).Elem().FieldByName("IncludeManagedResources").Interface().(*bool)
			assert.True(t, aws.ToBool(asked), operation)
			return out, nil
		})
	}
	inv := x.collect(t, ec2Instance, ec2Volume, ec2NetworkInterface, ec2LaunchTemplate)
	assert.Empty(t, gapTexts(inv))
	assert.Equal(t, 1, x.calls.n["EC2:DescribeLaunchTemplateVersions"])
}

func TestSharedNetwork(t *testing.T) {
	x := offline(t)
	x.says("EC2:DescribeVpcs", &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: aws.String("vpc-1"), OwnerId: aws.String("999999999999"), IsDefault: aws.Bool(false)}}})
	x.says("EC2:DescribeVpcAttribute", &ec2.DescribeVpcAttributeOutput{})
	x.says("EC2:DescribeVpcEncryptionControls", &ec2.DescribeVpcEncryptionControlsOutput{})
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("EC2:DescribeSecurityGroups", &ec2.DescribeSecurityGroupsOutput{})
	x.says("EC2:DescribeNetworkAcls", &ec2.DescribeNetworkAclsOutput{})
	inv := x.collect(t, ec2VPC, ec2Subnet)
	v := only(t, inv, ec2VPC)
	assert.Equal(t, "999999999999", v.Account)
	assertUnread(t, opGroups, codeNotListed, v.Config.Get("DefaultSecurityGroup"))
	assertUnread(t, opACLs, codeNotListed, v.Config.Get("DefaultNetworkAcl"))
	assertUnread(t, opACLs, codeNotListed, only(t, inv, ec2Subnet).Config.Get("NetworkAclAssociationId"))
}

func TestInstanceThatWasStartedAgain(t *testing.T) {
	x := offline(t)
	out := instances("i-1")
	attached := func(index int32, at time.Time) ec2types.InstanceNetworkInterface {
		return ec2types.InstanceNetworkInterface{Attachment: &ec2types.InstanceNetworkInterfaceAttachment{DeviceIndex: &index, AttachTime: &at}}
	}
	made := observed.Add(-1000 * time.Hour)
	out.Reservations[0].Instances[0].NetworkInterfaces = []ec2types.InstanceNetworkInterface{attached(1, observed), attached(0, made)}
	x.says("EC2:DescribeInstances", out)
	query := provider.Query{Types: []asset.Type{ec2Instance}, Reads: map[asset.Type][]asset.Path{ec2Instance: {"config.ImageId"}}}
	assert.Equal(t, made, only(t, x.collectQuery(t, query), ec2Instance).Created)

	x.says("EC2:DescribeInstances", instances("i-1"))
	a := only(t, x.collectQuery(t, query), ec2Instance)
	assert.True(t, a.Created.IsZero(), "it was launched last at another time, maybe")
	assert.False(t, a.Status.Get("LaunchTime").IsAbsent())
}
