package awsapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// answering is a server that returns the same answer to every request.
type answering struct {
	status int
	header http.Header
	body   io.Reader
	calls  int
}

func (a *answering) Do(r *http.Request) (*http.Response, error) {
	a.calls++
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(a.body), ContentLength: -1, Request: r}, nil
}

func answered(status int, contentType, body string) *answering {
	return &answering{status: status, header: http.Header{"Content-Type": {contentType}, "Smithy-Protocol": {"rpc-v2-cbor"}}, body: strings.NewReader(body)}
}

// config returns a configuration whose calls the server answers, each once.
func (a *answering) config() aws.Config {
	return RefuseMalformed(aws.Config{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: a, RetryMaxAttempts: 1})
}

// reads are one call of each protocol, with the answer that says that there is nothing.
var reads = map[string]struct {
	call        func(context.Context, aws.Config) error
	contentType string
	nothing     string
}{
	"JSON": {func(ctx context.Context, cfg aws.Config) error {
		_, err := sqs.NewFromConfig(cfg).ListQueues(ctx, &sqs.ListQueuesInput{})
		return err
	}, "application/x-amz-json-1.0", "{}"},
	"REST JSON": {func(ctx context.Context, cfg aws.Config) error {
		_, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{})
		return err
	}, "application/json", `{"Functions":[]}`},
	"CBOR": {func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
		return err
	}, "application/cbor", "\xbf\xff"},
	"EC2": {func(ctx context.Context, cfg aws.Config) error {
		_, err := ec2.NewFromConfig(cfg).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
		return err
	}, "text/xml;charset=UTF-8", `<?xml version="1.0" encoding="UTF-8"?><DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><vpcSet/></DescribeVpcsResponse>`},
	"query": {func(ctx context.Context, cfg aws.Config) error {
		_, err := iam.NewFromConfig(cfg).ListUsers(ctx, &iam.ListUsersInput{})
		return err
	}, "text/xml", `<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><Users/><IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>`},
	"REST XML": {func(ctx context.Context, cfg aws.Config) error {
		_, err := s3.NewFromConfig(cfg).ListBuckets(ctx, &s3.ListBucketsInput{})
		return err
	}, "application/xml", `<?xml version="1.0"?><!-- none --><ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets/></ListAllMyBucketsResult>`},
	"REST XML with the operation's name": {func(ctx context.Context, cfg aws.Config) error {
		_, err := route53.NewFromConfig(cfg).ListHostedZones(ctx, &route53.ListHostedZonesInput{})
		return err
	}, "text/xml", `<ListHostedZonesResponse><HostedZones/><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>`},
}

func TestRefuseMalformed(t *testing.T) {
	const page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Welcome<br></p></body></html>"
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, read.call(t.Context(), answered(http.StatusOK, read.contentType, read.nothing).config()))
			for _, tt := range []struct {
				name, contentType, body string
				status                  int
			}{
				{"an empty body", read.contentType, "", http.StatusOK},
				{"white space", read.contentType, " \r\n", http.StatusOK},
				{"no content", "", "", http.StatusNoContent},
				{"a page", "text/html; charset=utf-8", page, http.StatusOK},
				{"a page as what was requested", read.contentType, page, http.StatusOK},
				{"null", read.contentType, "null", http.StatusOK},
				{"CBOR null", read.contentType, "\xf6", http.StatusOK},
				{"a list", read.contentType, "[]", http.StatusOK},
				{"a text", read.contentType, `"ok"`, http.StatusOK},
				{"another document", read.contentType, "<OtherResponse><OtherResult/></OtherResponse>", http.StatusOK},
				{"an end without a begin", read.contentType, "</x>", http.StatusOK},
			} {
				server := answered(tt.status, tt.contentType, tt.body)
				err := read.call(t.Context(), server.config())
				require.Error(t, err, tt.name)
				why := Unread("x:Y", err)
				assert.Equal(t, asset.Malformed, why.Reason, tt.name)
				assert.Equal(t, "Malformed", why.Code, tt.name)
				assert.Equal(t, 1, server.calls, "a malformed answer is not retried")
			}
		})
	}
}

// Answers with another form than that of their service, and those of REST-XML operations
// with their element, as the references of the services show them.
func TestAnswersOfAnotherForm(t *testing.T) {
	for key, body := range map[string]string{
		"CloudFront:GetDistributionConfig":              `<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>1</CallerReference></DistributionConfig>`,
		"CloudFront:ListDistributions":                  `<DistributionList><Marker/><IsTruncated>false</IsTruncated></DistributionList>`,
		"CloudFront:ListTagsForResource":                `<Tags><Items/></Tags>`,
		"Route 53:ListTagsForResource":                  `<ListTagsForResourceResponse><ResourceTagSet><ResourceId>Z1</ResourceId></ResourceTagSet></ListTagsForResourceResponse>`,
		"S3 Control:GetPublicAccessBlock":               `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"S3:GetBucketAbac":                              `<AbacStatus><Status>Disabled</Status></AbacStatus>`,
		"S3:GetBucketAccelerateConfiguration":           `<AccelerateConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`,
		"S3:GetBucketAcl":                               `<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList/></AccessControlPolicy>`,
		"S3:GetBucketCors":                              `<CORSConfiguration><CORSRule/></CORSConfiguration>`,
		"S3:GetBucketEncryption":                        `<ServerSideEncryptionConfiguration><Rule/></ServerSideEncryptionConfiguration>`,
		"S3:GetBucketLifecycleConfiguration":            `<LifecycleConfiguration><Rule/></LifecycleConfiguration>`,
		"S3:GetBucketLocation":                          `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`,
		"S3:GetBucketLogging":                           `<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/" />`,
		"S3:GetBucketMetadataConfiguration":             `<GetBucketMetadataConfigurationResult><MetadataConfigurationResult/></GetBucketMetadataConfigurationResult>`,
		"S3:GetBucketNotificationConfiguration":         `<NotificationConfiguration/>`,
		"S3:GetBucketOwnershipControls":                 `<OwnershipControls><Rule/></OwnershipControls>`,
		"S3:GetBucketPolicy":                            `{"Version":"2012-10-17","Statement":[]}`,
		"S3:GetBucketPolicyStatus":                      `<PolicyStatus><IsPublic>FALSE</IsPublic></PolicyStatus>`,
		"S3:GetBucketReplication":                       `<ReplicationConfiguration><Role/></ReplicationConfiguration>`,
		"S3:GetBucketTagging":                           `<Tagging><TagSet/></Tagging>`,
		"S3:GetBucketVersioning":                        `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`,
		"S3:GetBucketWebsite":                           `<WebsiteConfiguration><IndexDocument/></WebsiteConfiguration>`,
		"S3:GetObjectLockConfiguration":                 `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>`,
		"S3:GetPublicAccessBlock":                       `<PublicAccessBlockConfiguration/>`,
		"S3:ListBucketAnalyticsConfigurations":          `<ListBucketAnalyticsConfigurationResult><IsTruncated>false</IsTruncated></ListBucketAnalyticsConfigurationResult>`,
		"S3:ListBucketIntelligentTieringConfigurations": `<ListBucketIntelligentTieringConfigurationsOutput><IsTruncated>false</IsTruncated></ListBucketIntelligentTieringConfigurationsOutput>`,
		"S3:ListBucketInventoryConfigurations":          `<ListInventoryConfigurationsResult><IsTruncated>false</IsTruncated></ListInventoryConfigurationsResult>`,
		"S3:ListBucketMetricsConfigurations":            `<ListMetricsConfigurationsResult><IsTruncated>false</IsTruncated></ListMetricsConfigurationsResult>`,
		"S3:ListBuckets":                                `<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>`,
	} {
		service, operation, _ := strings.Cut(key, ":")
		ok := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}}
		require.NoError(t, checkAnswer(service, operation, nil, ok, []byte(body)), key)
		require.Error(t, checkAnswer(service, "GetOther", nil, ok, []byte(body)), "%s: the answer is not that of another operation", key)
		require.Error(t, checkAnswer(service, operation, nil, ok, []byte("<html/>")), key)
	}
	for key := range roots {
		service, operation, _ := strings.Cut(key, ":")
		for _, root := range roots[key] {
			require.NoError(t, checkAnswer(service, operation, nil, &http.Response{StatusCode: http.StatusOK}, []byte("<"+root+"/>")), key)
		}
	}
}

// An answer without the member that is always there is malformed.
func TestAnswersWithoutTheirMember(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, tt := range []struct {
		key    string
		header http.Header
		body   string
		ok     bool
	}{
		{"KMS:GetKeyPolicy", nil, `{"Policy":"{}"}`, true},
		{"KMS:GetKeyPolicy", nil, `{"policy":"{}"}`, true},
		{"KMS:GetKeyPolicy", nil, `{"Policy":null}`, false},
		{"KMS:GetKeyPolicy", nil, `{}`, false},
		{"KMS:GetKeyPolicy", nil, `{"Other":{"Policy":""}}`, false},
		{"KMS:GetKeyRotationStatus", nil, `{"KeyRotationEnabled":false}`, true},
		{"KMS:GetKeyRotationStatus", nil, `{"KeyId":"1"}`, false},
		{"KMS:ListAliases", nil, `{}`, true},
		{"EC2:GetEbsEncryptionByDefault", form, "<GetEbsEncryptionByDefaultResponse><ebsEncryptionByDefault>false</ebsEncryptionByDefault></GetEbsEncryptionByDefaultResponse>", true},
		{"EC2:GetEbsEncryptionByDefault", form, "<GetEbsEncryptionByDefaultResponse><ebsEncryptionByDefaults/></GetEbsEncryptionByDefaultResponse>", false},
		{"EC2:GetInstanceMetadataDefaults", form, "<GetInstanceMetadataDefaultsResponse><accountLevel/></GetInstanceMetadataDefaultsResponse>", true},
		{"IAM:GetAccountSummary", form, "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap/></GetAccountSummaryResult></GetAccountSummaryResponse>", true},
		{"IAM:GetAccountSummary", form, "<GetAccountSummaryResponse><GetAccountSummaryResult/></GetAccountSummaryResponse>", false},
		{"IAM:GetAccountSummary", form, "<GetAccountSummaryResponse><ResponseMetadata/></GetAccountSummaryResponse>", false},
	} {
		service, operation, _ := strings.Cut(tt.key, ":")
		err := checkAnswer(service, operation, tt.header, &http.Response{StatusCode: http.StatusOK}, []byte(tt.body))
		assert.Equal(t, tt.ok, err == nil, "%s %s: %v", tt.key, tt.body, err)
	}
}

// A connection that ends within the answer is not a malformed answer, and is retryable.
func TestAnswerIsCutOff(t *testing.T) {
	for name, read := range reads {
		server := answered(http.StatusOK, read.contentType, "")
		server.body = io.MultiReader(strings.NewReader(read.nothing[:1]), failing{})
		err := read.call(t.Context(), server.config())
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
		assert.Equal(t, asset.Unavailable, Unread("x:Y", err).Reason, name)
		assert.True(t, newLimiter(0, 0).IsErrorRetryable(err), name)
	}
}

// failing is the rest of a body whose connection ends.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNoRegionIsMalformed(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		ok   bool
	}{
		"one":          {"<regionInfo><item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item></regionInfo>", true},
		"none":         {"<regionInfo/>", false},
		"no list":      {"", false},
		"none enabled": {"<regionInfo><item><regionName>ap-east-1</regionName><optInStatus>not-opted-in</optInStatus></item></regionInfo>", false},
		"no name":      {"<regionInfo><item><regionEndpoint>x</regionEndpoint></item></regionInfo>", false},
	} {
		server := answered(http.StatusOK, "text/xml", "<DescribeRegionsResponse><requestId>1</requestId>"+tt.body+"</DescribeRegionsResponse>")
		enabled, _, err := NewAccount("123456789012", "aws", server.config(), nil).RegionsByEC2(t.Context())
		if tt.ok {
			require.NoError(t, err, name)
			assert.Equal(t, []string{"us-east-1"}, enabled, name)
			continue
		}
		require.Error(t, err, name)
		assert.Equal(t, asset.Malformed, Unread("ec2:DescribeRegions", err).Reason, name)
	}
	for body, ok := range map[string]bool{`{"Regions":[{"RegionName":"us-east-1","RegionOptStatus":"ENABLED_BY_DEFAULT"}]}`: true, `{"Regions":[]}`: false, `{}`: false} {
		_, _, err := NewAccount("123456789012", "aws", answered(http.StatusOK, "application/json", body).config(), nil).RegionsByAccount(t.Context())
		assert.Equal(t, ok, err == nil, "%s: %v", body, err)
	}
}

func FuzzCheckAnswer(f *testing.F) {
	for _, read := range reads {
		f.Add("Lambda", "ListFunctions", "application/json", []byte(read.nothing))
		f.Add("S3", "GetBucketAcl", "", []byte(read.nothing))
		f.Add("IAM", "GetAccountSummary", "application/x-www-form-urlencoded", []byte(read.nothing))
	}
	f.Fuzz(func(t *testing.T, service, operation, contentType string, body []byte) {
		response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}}
		err := checkAnswer(service, operation, http.Header{"Content-Type": {contentType}}, response, body)
		if len(strings.TrimSpace(string(body))) == 0 && err == nil {
			t.Error("an empty body is an answer")
		}
	})
}
