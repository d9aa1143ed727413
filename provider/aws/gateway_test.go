package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	api2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

func TestCertificates(t *testing.T) {
	x := offline(t)
	x.answer("ACM:ListCertificates", func(in any) (any, error) {
		assert.Contains(t, in.(*acm.ListCertificatesInput).Includes.KeyTypes, acmtypes.KeyAlgorithmEcPrime256v1, "the default leaves these out")
		return &acm.ListCertificatesOutput{CertificateSummaryList: []acmtypes.CertificateSummary{{CertificateArn: inTestRegion("acm", "certificate/1"), DomainName: aws.String("example.com")}}}, nil
	})
	x.says("ACM:DescribeCertificate", &acm.DescribeCertificateOutput{Certificate: &acmtypes.CertificateDetail{
		Status: acmtypes.CertificateStatusIssued, NotAfter: &observed, KeyAlgorithm: acmtypes.KeyAlgorithmEcPrime256v1, InUseBy: []string{"lb"},
		DomainValidationOptions: []acmtypes.DomainValidation{{DomainName: aws.String("example.com"), ValidationMethod: acmtypes.ValidationMethodDns}},
		Options:                 &acmtypes.CertificateOptions{CertificateTransparencyLoggingPreference: acmtypes.CertificateTransparencyLoggingPreferenceEnabled},
	}})
	x.says("ACM:ListTagsForCertificate", &acm.ListTagsForCertificateOutput{Tags: []acmtypes.Tag{{Key: aws.String("a")}}})
	a := only(t, x.collect(t, acmCertificate), acmCertificate)
	assertJSON(t, `"DNS"`, a.Config.Get("ValidationMethod"))
	assertJSON(t, `"ENABLED"`, a.Config.Get("CertificateTransparencyLoggingPreference"))
	assertJSON(t, `"2026-03-01T12:00:00Z"`, a.Status.Get("NotAfter"))
	assertJSON(t, `["lb"]`, a.Status.Get("InUseBy"))
	assert.Equal(t, map[string]string{"a": ""}, a.Tags)
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "ACM:ListCertificates": 1, "ACM:DescribeCertificate": 1, "ACM:ListTagsForCertificate": 1}, x.calls.n)
	x.fail(denied, "ACM:DescribeCertificate")
	a = only(t, x.collect(t, acmCertificate), acmCertificate)
	assertUnread(t, "acm:DescribeCertificate", "AccessDenied", a.Status.Get("Status"))
	assertJSON(t, `"example.com"`, a.Config.Get("DomainName"))
}

func TestRestAPIs(t *testing.T) {
	x := offline(t)
	escaped := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}`
	x.says("API Gateway:GetRestApis", &apigateway.GetRestApisOutput{Items: []apitypes.RestApi{{
		Id: aws.String("a1"), Name: aws.String("shop"), Policy: &escaped, CreatedDate: &observed, EndpointConfiguration: &apitypes.EndpointConfiguration{Types: []apitypes.EndpointType{apitypes.EndpointTypeRegional}},
		ApiKeySource: apitypes.ApiKeySourceTypeHeader, Tags: map[string]string{"a": "b"},
	}}})
	acl := *inTestRegion("wafv2", "regional/webacl/w/1")
	x.says("API Gateway:GetStages", &apigateway.GetStagesOutput{Item: []apitypes.Stage{{
		StageName: aws.String("prod"), WebAclArn: &acl, AccessLogSettings: &apitypes.AccessLogSettings{DestinationArn: inTestRegion("logs", "log-group:api:*")}, TracingEnabled: true,
		MethodSettings: map[string]apitypes.MethodSetting{"*/*": {LoggingLevel: aws.String("INFO")}, "~1pets~1{id}/GET": {CachingEnabled: true, CacheDataEncrypted: true}},
		Variables:      map[string]string{"password": "correct horse battery"},
	}}})
	inv := x.collect(t, restAPI, restStage)
	a := only(t, inv, restAPI)
	assert.Equal(t, "arn:aws:apigateway:us-east-1::/restapis/a1", a.ID)
	assert.Equal(t, "123456789012", a.Account)
	assert.Equal(t, "us-east-1", a.Region)
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, publicPolicy, a.Config.Get("Policy"))
	assertJSON(t, `"HEADER"`, a.Config.Get("ApiKeySourceType"))
	s := only(t, inv, restStage)
	assert.Equal(t, "arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod", s.ID)
	settings := s.Config.Get("MethodSettings")
	assertJSON(t, `"/*"`, settings.Index(0).Get("ResourcePath"))
	assertJSON(t, `"*"`, settings.Index(0).Get("HttpMethod"))
	assertJSON(t, `"/~1pets~1{id}"`, settings.Index(1).Get("ResourcePath"))
	assertJSON(t, `"GET"`, settings.Index(1).Get("HttpMethod"))
	_, redacted := s.Config.Get("Variables", "password").Redacted()
	assert.True(t, redacted, "variables are redacted")
	assert.Contains(t, s.Links, link("parent", restAPI, a.ID))
	assert.Contains(t, s.Links, link("web_acl", webACL, acl))
	assert.Contains(t, s.Links, link("logs_to", logGroup, "arn:aws:logs:us-east-1:123456789012:log-group:api"))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "API Gateway:GetRestApis": 1, "API Gateway:GetStages": 1}, x.calls.n)

	x.fail(denied, "API Gateway:GetStages")
	inv = x.collect(t, restAPI, restStage)
	assert.Len(t, inv.GapsOf(a.Ref), 1)
	slashes := `{\"Resource\":\"execute-api:\/*\"}` // which JSON may escape, and Go does not
	for text, want := range map[string]string{"": "", publicPolicy: publicPolicy, slashes: `{"Resource":"execute-api:/*"}`, "{": collect.CodeMalformed} {
		switch v := x.policyOf(t, text); {
		case want == "":
			assert.True(t, v.IsAbsent())
		case want == collect.CodeMalformed:
			assertUnread(t, "apigateway:GetRestApis", collect.CodeMalformed, v)
		default:
			assertJSON(t, want, v)
		}
	}
}

// policyOf returns what becomes of the text of an API's policy.
func (x *tester) policyOf(t *testing.T, text string) asset.Value {
	t.Helper()
	x.says("API Gateway:GetRestApis", &apigateway.GetRestApisOutput{Items: []apitypes.RestApi{{Id: aws.String("a1"), Policy: &text}}})
	return only(t, x.collect(t, restAPI), restAPI).Access
}

func TestHTTPAPIs(t *testing.T) {
	x := offline(t)
	x.says("ApiGatewayV2:GetApis", &apigatewayv2.GetApisOutput{Items: []api2types.Api{{
		ApiId: aws.String("h1"), Name: aws.String("web"), ProtocolType: api2types.ProtocolTypeHttp, CorsConfiguration: &api2types.Cors{AllowOrigins: []string{"*"}},
	}}})
	x.says("ApiGatewayV2:GetStages", &apigatewayv2.GetStagesOutput{Items: []api2types.Stage{{
		StageName: aws.String("$default"), AutoDeploy: aws.Bool(true), AccessLogSettings: &api2types.AccessLogSettings{DestinationArn: inTestRegion("logs", "log-group:api")},
		RouteSettings: map[string]api2types.RouteSettings{"GET /": {ThrottlingBurstLimit: aws.Int32(5)}}, Tags: map[string]string{"a": "b"},
	}}})
	inv := x.collect(t, httpAPI, httpStage)
	a := only(t, inv, httpAPI)
	assert.Equal(t, "arn:aws:apigateway:us-east-1::/apis/h1", a.ID)
	assertJSON(t, `{"AllowOrigins":["*"]}`, a.Config.Get("CorsConfiguration"))
	assertJSON(t, `"arn:aws:execute-api:us-east-1:123456789012:h1"`, a.Config.Get("ExecuteApiArn"))
	s := only(t, inv, httpStage)
	assertJSON(t, `{"a":"b"}`, s.Config.Get("Tags"))
	assertJSON(t, `5`, s.Config.Get("RouteSettings", "GET /", "ThrottlingBurstLimit"))
	assertUnread(t, "", collect.CodeNotCollected, s.Config.Get("AccessPolicyId"))
	assert.Contains(t, s.Links, link("parent", httpAPI, a.ID))
	assert.Contains(t, s.Links, link("logs_to", logGroup, "arn:aws:logs:us-east-1:123456789012:log-group:api"))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "ApiGatewayV2:GetApis": 1, "ApiGatewayV2:GetStages": 1}, x.calls.n)

	x.fail(denied, "ApiGatewayV2:GetStages")
	inv = x.collect(t, httpAPI, httpStage)
	assert.Equal(t, []*asset.Gap{{
		Scope: a.Scope, Type: httpStage, Of: only(t, inv, httpAPI).Ref, Cause: asset.Unread{Op: "apigatewayv2:GetStages", Reason: asset.Denied, Code: "AccessDenied", Message: "not authorized"},
	}}, inv.Gaps())
	assert.Equal(t, asset.Complete, inv.Coverage(a.Scope, httpAPI))
	assert.Equal(t, asset.Partial, inv.Coverage(a.Scope, httpStage))
}

func TestDistributions(t *testing.T) {
	x := offline(t)
	page := func(id, next string) *cloudfront.ListDistributionsOutput {
		return &cloudfront.ListDistributionsOutput{DistributionList: &cftypes.DistributionList{
			Items: []cftypes.DistributionSummary{{Id: &id, ARN: aws.String("arn:aws:cloudfront::123456789012:distribution/" + id), DomainName: aws.String("d.cloudfront.net"), Status: aws.String("Deployed")}}, NextMarker: optional(next),
		}}
	}
	x.answer("CloudFront:ListDistributions", func(in any) (any, error) {
		if in.(*cloudfront.ListDistributionsInput).Marker == nil {
			return page("E1", "E1"), nil
		}
		return page("E2", ""), nil
	})
	certificate, acl := *inTestRegion("acm", "certificate/1"), "arn:aws:wafv2:us-east-1:123456789012:global/webacl/w/1"
	x.says("CloudFront:GetDistributionConfig", &cloudfront.GetDistributionConfigOutput{DistributionConfig: &cftypes.DistributionConfig{
		Enabled: aws.Bool(true), IsIPV6Enabled: aws.Bool(true), Comment: aws.String(""), WebACLId: &acl, DefaultRootObject: aws.String(""),
		Aliases: &cftypes.Aliases{Quantity: aws.Int32(1), Items: []string{"www.example.com"}},
		DefaultCacheBehavior: &cftypes.DefaultCacheBehavior{
			TargetOriginId: aws.String("s3"), ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyRedirectToHttps,
			AllowedMethods:   &cftypes.AllowedMethods{Items: []cftypes.Method{cftypes.MethodGet}, CachedMethods: &cftypes.CachedMethods{Items: []cftypes.Method{cftypes.MethodHead}}},
			TrustedKeyGroups: &cftypes.TrustedKeyGroups{Enabled: aws.Bool(false), Quantity: aws.Int32(0)},
		},
		CacheBehaviors: &cftypes.CacheBehaviors{Items: []cftypes.CacheBehavior{{PathPattern: aws.String("/api/*"), ViewerProtocolPolicy: cftypes.ViewerProtocolPolicyAllowAll}}},
		Origins: &cftypes.Origins{Items: []cftypes.Origin{
			{Id: aws.String("s3"), DomainName: aws.String("my.site.s3.eu-west-1.amazonaws.com"), OriginAccessControlId: aws.String(""), S3OriginConfig: &cftypes.S3OriginConfig{OriginAccessIdentity: aws.String("")}},
			{Id: aws.String("web"), DomainName: aws.String("site.s3-website-us-east-1.amazonaws.com")},
			{Id: aws.String("api"), DomainName: aws.String("a1.execute-api.us-east-1.amazonaws.com"), CustomHeaders: &cftypes.CustomHeaders{Items: []cftypes.OriginCustomHeader{{HeaderName: aws.String("X-Key"), HeaderValue: aws.String("correct horse battery")}}}},
			{Id: aws.String("own"), DomainName: aws.String("www.s3.example.com")},
		}},
		Logging:           &cftypes.LoggingConfig{Enabled: aws.Bool(true), Bucket: aws.String("logs.s3.amazonaws.com"), Prefix: aws.String("cf/"), IncludeCookies: aws.Bool(false)},
		Restrictions:      &cftypes.Restrictions{GeoRestriction: &cftypes.GeoRestriction{RestrictionType: cftypes.GeoRestrictionTypeWhitelist, Items: []string{"DE"}}},
		ViewerCertificate: &cftypes.ViewerCertificate{ACMCertificateArn: &certificate, SSLSupportMethod: cftypes.SSLSupportMethodSniOnly, MinimumProtocolVersion: cftypes.MinimumProtocolVersionTLSv122021},
	}})
	x.says("CloudFront:ListTagsForResource", &cloudfront.ListTagsForResourceOutput{Tags: &cftypes.Tags{Items: []cftypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}})
	inv := x.collect(t, cloudfrontDistribution)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, cloudfrontDistribution, "E1")
	assert.Equal(t, "", a.Region)
	c := a.Config.Get("DistributionConfig")
	assertJSON(t, `true`, c.Get("IPV6Enabled"))
	assert.True(t, c.Get("DefaultRootObject").IsAbsent(), "an empty text is nothing")
	assert.True(t, c.Get("Origins").Index(0).Get("OriginAccessControlId").IsAbsent())
	assertJSON(t, `["www.example.com"]`, c.Get("Aliases"))
	assertJSON(t, `{"TargetOriginId":"s3","ViewerProtocolPolicy":"redirect-to-https","AllowedMethods":["GET"],"CachedMethods":["HEAD"]}`, c.Get("DefaultCacheBehavior"))
	assertJSON(t, `[{"PathPattern":"/api/*","ViewerProtocolPolicy":"allow-all"}]`, c.Get("CacheBehaviors"))
	assertJSON(t, `{"AcmCertificateArn":"`+certificate+`","SslSupportMethod":"sni-only","MinimumProtocolVersion":"TLSv1.2_2021"}`, c.Get("ViewerCertificate"))
	assertJSON(t, `{"GeoRestriction":{"RestrictionType":"whitelist","Locations":["DE"]}}`, c.Get("Restrictions"))
	assertJSON(t, `{"Bucket":"logs.s3.amazonaws.com","IncludeCookies":false,"Prefix":"cf/"}`, c.Get("Logging"))
	_, redacted := c.Get("Origins").Index(2).Get("OriginCustomHeaders").Index(0).Get("HeaderValue").Redacted()
	assert.True(t, redacted, "headers to an origin are redacted")
	var origins []string
	for _, l := range a.Links {
		if l.Rel == "origin" {
			origins = append(origins, l.To.ID)
		}
	}
	assert.Equal(t, []string{"arn:aws:s3:::my.site", "arn:aws:s3:::site", "arn:aws:apigateway:us-east-1::/restapis/a1"}, origins)
	assert.Contains(t, a.Links, link("logs_to", s3Bucket, "arn:aws:s3:::logs"))
	assert.Contains(t, a.Links, link("certificate", acmCertificate, certificate))
	assert.Contains(t, a.Links, link("web_acl", webACL, acl))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "CloudFront:ListDistributions": 2, "CloudFront:GetDistributionConfig": 2, "CloudFront:ListTagsForResource": 2}, x.calls.n)

	x.fail(denied, "CloudFront:GetDistributionConfig")
	a = named(t, x.collect(t, cloudfrontDistribution), cloudfrontDistribution, "E1")
	assertUnread(t, "cloudfront:GetDistributionConfig", "AccessDenied", a.Config.Get("DistributionConfig", "Enabled"))
}
