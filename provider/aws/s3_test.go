package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func TestBuckets(t *testing.T) {
	x := newTester(t, nil)
	ctx := t.Context()
	client := s3.NewFromConfig(x.cfg)
	create := func(name, region string) {
		in := &s3.CreateBucketInput{Bucket: &name}
		if region != "us-east-1" {
			in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
		}
		_, err := client.CreateBucket(ctx, in)
		require.NoError(t, err)
	}
	create("plain", "us-east-1")
	create("full", "eu-west-1")
	_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String("full"), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	_, err = client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: aws.String("full"), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), RestrictPublicBuckets: aws.Bool(false),
	}})
	require.NoError(t, err)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::full/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("full"), Policy: &policy})
	require.NoError(t, err)
	_, err = client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: aws.String("full"), ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
		Rules: []s3types.ServerSideEncryptionRule{{BucketKeyEnabled: aws.Bool(true), ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{
			SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("1234abcd-12ab-34cd-56ef-1234567890ab"),
		}}},
	}})
	require.NoError(t, err)
	_, err = client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: aws.String("full"), Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}}})
	require.NoError(t, err)
	_, err = client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: aws.String("full"), LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{
		Rules: []s3types.LifecycleRule{{ID: aws.String("old"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("logs/")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(30)}}},
	}})
	require.NoError(t, err)

	inv := x.collect(t, s3Bucket)
	full := named(t, inv, s3Bucket, "full")
	assert.Equal(t, asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::full"}, full.Ref)
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-1"}, full.Scope)
	assert.Equal(t, map[string]string{"team": "web"}, full.Tags)
	assert.Equal(t, "storage", full.Class)
	assert.Equal(t, observed, full.Observed)
	assert.Contains(t, full.Links, asset.Link{Rel: "account", To: accountRef("123456789012")})
	assert.Contains(t, full.Links, asset.Link{Rel: "encrypted_by", To: asset.Ref{Type: kmsKey, ID: "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}})
	assertJSON(t, `{"Status":"Enabled"}`, full.Config.Get("VersioningConfiguration"))
	assertJSON(t, `{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":false}`, full.Config.Get("PublicAccessBlockConfiguration"))
	assertJSON(t, policy, full.Access)
	assertJSON(t, `[{"Key":"team","Value":"web"}]`, full.Config.Get("Tags"))
	assertJSON(t, `{"TransitionDefaultMinimumObjectSize":"all_storage_classes_128K","Rules":[{"Id":"old","Status":"Enabled","Prefix":"logs/","ExpirationInDays":30}]}`, full.Config.Get("LifecycleConfiguration"))
	assertJSON(t, `{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":true,"ServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"1234abcd-12ab-34cd-56ef-1234567890ab"}}]}`, full.Config.Get("BucketEncryption"))

	// What is not configured is absent, not unread.
	plain := named(t, inv, s3Bucket, "plain")
	assert.Equal(t, "us-east-1", plain.Region)
	for _, part := range []asset.Value{
		plain.Access, plain.Config.Get("PublicAccessBlockConfiguration"), plain.Config.Get("VersioningConfiguration"), plain.Config.Get("Tags"),
		plain.Config.Get("LifecycleConfiguration"), plain.Config.Get("WebsiteConfiguration"), plain.Config.Get("ReplicationConfiguration"),
	} {
		assert.True(t, part.IsAbsent(), part.String())
	}
	assert.Equal(t, asset.Complete, inv.Coverage(asset.Scope{Provider: "aws", Account: "123456789012"}, s3Bucket))
	assert.Equal(t, asset.Complete, inv.Coverage(asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-1"}, s3Bucket))
	assert.Empty(t, inv.Gaps())
}

func TestBucketReadsNotAskedForAreUnread(t *testing.T) {
	x := newTester(t, nil)
	client := s3.NewFromConfig(x.cfg)
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("plain")})
	require.NoError(t, err)
	inv := x.collectQuery(t, provider.Query{
		Types: []asset.Type{s3Bucket},
		Reads: map[asset.Type][]asset.Path{s3Bucket: {"config.VersioningConfiguration.Status"}},
	})
	b := only(t, inv, s3Bucket)
	assert.True(t, b.Config.Get("VersioningConfiguration").IsAbsent())
	assertUnread(t, "s3:GetPublicAccessBlock", asset.CodeNotRequested, b.Config.Get("PublicAccessBlockConfiguration"))
	assertUnread(t, "s3:GetBucketPolicy", asset.CodeNotRequested, b.Access)
	assertUnread(t, "s3:GetBucketPolicyStatus", asset.CodeNotRequested, b.Status.Get("PolicyStatus", "IsPublic"))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "S3:ListBuckets": 1, "S3:GetBucketLocation": 1, "S3:GetBucketVersioning": 1}, x.calls.n)
}

func TestBucketsOfWhichTheRegionIsDenied(t *testing.T) {
	x := offline(t)
	x.opts.Regions = nil // which hold for buckets
	bucket := func(name, region string) s3types.Bucket {
		return s3types.Bucket{Name: &name, BucketRegion: optional(region)}
	}
	x.says("S3:ListBuckets", &s3.ListBucketsOutput{Buckets: []s3types.Bucket{bucket("listed", "eu-west-1"), bucket("refused", ""), bucket("asked", "")}})
	x.answer("S3:GetBucketLocation", func(in any) (any, error) {
		if *in.(*s3.GetBucketLocationInput).Bucket == "refused" {
			return nil, denied
		}
		return &s3.GetBucketLocationOutput{LocationConstraint: s3types.BucketLocationConstraintEuCentral1}, nil
	})
	query := provider.Query{Types: []asset.Type{s3Bucket}, Reads: map[asset.Type][]asset.Path{s3Bucket: {"config.BucketName"}}}
	inv := x.collectQuery(t, query)
	assert.Equal(t, "eu-west-1", named(t, inv, s3Bucket, "listed").Region)
	assert.Equal(t, "eu-central-1", named(t, inv, s3Bucket, "asked").Region)
	assert.ElementsMatch(t, []string{"asked", "listed"}, seen(inv))
	account := asset.Scope{Provider: "aws", Account: "123456789012"}
	assert.Equal(t, []*asset.Gap{{
		Scope: account, Type: s3Bucket, Cause: asset.Unread{Op: "s3:GetBucketLocation", Reason: asset.Denied, Code: "AccessDenied", Message: "arn:aws:s3:::refused: not authorized"},
	}}, inv.Gaps())
	assert.Equal(t, asset.Partial, inv.Coverage(account, s3Bucket))
	account.Region = "us-west-2"
	assert.Equal(t, asset.Partial, inv.Coverage(account, s3Bucket), "the bucket may be anywhere")

	_, err := x.Get(t.Context(), asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::refused"})
	require.ErrorContains(t, err, "s3:GetBucketLocation: AccessDenied")
	_, err = x.Get(t.Context(), asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::missing"})
	require.ErrorIs(t, err, provider.ErrNotFound, "what became of another bucket does not matter")
}

func TestMetadataOfBucketsInTwoVersions(t *testing.T) {
	x := offline(t)
	x.says("S3:ListBuckets", &s3.ListBucketsOutput{Buckets: []s3types.Bucket{{Name: aws.String("b"), BucketRegion: aws.String("us-east-1")}}})
	read := func() *asset.Asset {
		return only(t, x.collectQuery(t, provider.Query{
			Types: []asset.Type{s3Bucket}, Reads: map[asset.Type][]asset.Path{s3Bucket: {"config.MetadataTableConfiguration"}},
		}), s3Bucket)
	}
	metadata := func(kind s3types.S3TablesBucketType, inventory *s3types.InventoryTableConfigurationResult) *asset.Asset {
		x.says("S3:GetBucketMetadataConfiguration", &s3.GetBucketMetadataConfigurationOutput{GetBucketMetadataConfigurationResult: &s3types.GetBucketMetadataConfigurationResult{
			MetadataConfigurationResult: &s3types.MetadataConfigurationResult{
				DestinationResult:                 &s3types.DestinationResult{TableBucketArn: aws.String("tables"), TableBucketType: kind, TableNamespace: aws.String("n")},
				JournalTableConfigurationResult:   &s3types.JournalTableConfigurationResult{TableArn: aws.String("table"), TableName: aws.String("journal"), TableStatus: aws.String("ACTIVE")},
				InventoryTableConfigurationResult: inventory,
			},
		}})
		return read()
	}
	first := metadata(s3types.S3TablesBucketTypeCustomer, nil)
	assertJSON(t, `{"S3TablesDestination":{"TableBucketArn":"tables","TableNamespace":"n","TableArn":"table","TableName":"journal"}}`, first.Config.Get("MetadataTableConfiguration"))
	assert.True(t, first.Config.Get("MetadataConfiguration").IsAbsent())

	second := metadata(s3types.S3TablesBucketTypeAws, &s3types.InventoryTableConfigurationResult{ConfigurationState: s3types.InventoryConfigurationStateEnabled}).Config
	assert.True(t, second.Get("MetadataTableConfiguration").IsAbsent())
	assertJSON(t, `{"TableBucketArn":"tables","TableBucketType":"aws","TableNamespace":"n"}`, second.Get("MetadataConfiguration", "Destination"))
	assertJSON(t, `"journal"`, second.Get("MetadataConfiguration", "JournalTableConfiguration", "TableName"))
	assertJSON(t, `"ENABLED"`, second.Get("MetadataConfiguration", "InventoryTableConfiguration", "ConfigurationState"))
	assertUnread(t, "", collect.CodeNotCollected, second.Get("MetadataConfiguration", "InventoryTableConfiguration", "EncryptionConfiguration"))

	x.fail(denied, "S3:GetBucketMetadataConfiguration")
	assertUnread(t, "s3:GetBucketMetadataConfiguration", "AccessDenied", read().Config.Get("MetadataTableConfiguration"))
}

func TestNamesOfBucketsInPartitions(t *testing.T) {
	read := func(partition, region string) *asset.Asset {
		x := offline(t)
		x.opts.Regions = nil // which hold for buckets
		x.says("STS:GetCallerIdentity", &sts.GetCallerIdentityOutput{Account: aws.String("123456789012"), Arn: aws.String("arn:" + partition + ":iam::123456789012:user/ann")})
		x.says("S3:ListBuckets", &s3.ListBucketsOutput{Buckets: []s3types.Bucket{{Name: aws.String("b"), BucketRegion: &region, CreationDate: &observed}}})
		return only(t, x.collectQuery(t, provider.Query{Types: []asset.Type{s3Bucket}, Reads: map[asset.Type][]asset.Path{s3Bucket: {"config.BucketName"}}}), s3Bucket)
	}
	a := read("aws", "eu-west-1")
	assertJSON(t, `"b.s3.amazonaws.com"`, a.Config.Get("DomainName"))
	assertJSON(t, `"b.s3.eu-west-1.amazonaws.com"`, a.Config.Get("RegionalDomainName"))
	assert.Equal(t, observed, a.Created)
	assert.NotEmpty(t, a.Incarnation)
	for _, name := range []string{"WebsiteURL", "BucketNamespace"} {
		assertUnread(t, "", collect.CodeNotCollected, a.Config.Get(name))
	}

	a = read("aws-cn", "cn-north-1")
	assert.Equal(t, "arn:aws-cn:s3:::b", a.ID)
	assertJSON(t, `"b.s3.amazonaws.com.cn"`, a.Config.Get("DomainName"))
	assertJSON(t, `"b.s3.dualstack.cn-north-1.amazonaws.com.cn"`, a.Config.Get("DualStackDomainName"))
	assert.True(t, a.Created.IsZero(), "there is no region that tells when a bucket was created")
	assert.Empty(t, a.Incarnation)
	assert.False(t, a.Status.Get("CreationDate").IsAbsent())
}

func TestNotificationsOfVersionsOfFunctions(t *testing.T) {
	x := offline(t)
	x.says("S3:ListBuckets", &s3.ListBucketsOutput{Buckets: []s3types.Bucket{{Name: aws.String("b"), BucketRegion: aws.String("us-east-1")}}})
	x.says("S3:GetBucketNotificationConfiguration", &s3.GetBucketNotificationConfigurationOutput{LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{
		{LambdaFunctionArn: inTestRegion("lambda", "function:plain"), Events: []s3types.Event{"s3:ObjectCreated:*"}},
		{LambdaFunctionArn: inTestRegion("lambda", "function:aliased:live"), Events: []s3types.Event{"s3:ObjectCreated:*"}},
	}})
	a := only(t, x.collectQuery(t, provider.Query{Types: []asset.Type{s3Bucket}, Reads: map[asset.Type][]asset.Path{s3Bucket: {"config.NotificationConfiguration"}}}), s3Bucket)
	assert.Contains(t, a.Links, link("notifies", lambdaFunction, *inTestRegion("lambda", "function:plain")))
	assert.Contains(t, a.Links, link("notifies", lambdaFunction, *inTestRegion("lambda", "function:aliased")))
	assertJSON(t, `"`+*inTestRegion("lambda", "function:aliased:live")+`"`, a.Config.Get("NotificationConfiguration", "LambdaConfigurations").Index(1).Get("Function"))
}
