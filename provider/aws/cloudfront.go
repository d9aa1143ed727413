package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// cloudfrontTables read distributions.
func cloudfrontTables(u *unit) []collect.Table {
	client := cloudfront.NewFromConfig(u.config("cloudfront"))
	return []collect.Table{{
		Op:     "cloudfront:ListDistributions",
		Gone:   []string{"NoSuchDistribution"},
		Types:  []asset.Type{cloudfrontDistribution},
		Global: true,
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListDistributions(ctx, &cloudfront.ListDistributionsInput{Marker: optional(token), MaxItems: aws.Int32(100)})
			if err != nil || out.DistributionList == nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DistributionList.Items {
				id := aws.ToString(x.Id)
				d := collect.NewDraft(cloudfrontDistribution, aws.ToString(x.ARN), id)
				d.Incarnation = id
				d.Config = collect.Doc{"DomainName": x.DomainName, "Id": id}
				d.Status = collect.Doc{"Status": x.Status, "LastModifiedTime": x.LastModifiedTime}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.DistributionList.NextMarker), nil
		},
		Reads: []collect.Read{{
			Op: "cloudfront:GetDistributionConfig",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &d.Name})
				if err != nil {
					return err
				}
				if out.DistributionConfig == nil {
					return fmt.Errorf("no configuration of %s in the answer", d.Name)
				}
				cloudfrontRead(u, d, out.DistributionConfig)
				return nil
			},
		}, {
			Op: "cloudfront:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: &d.ID})
				if err != nil {
					return err
				}
				var list []cftypes.Tag
				if out.Tags != nil {
					list = out.Tags.Items
				}
				d.Tags = tagMap(list, func(t cftypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

// cloudfrontRead adds the configuration. What is not set is an empty text in the API.
func cloudfrontRead(u *unit, d *collect.Draft, x *cftypes.DistributionConfig) {
	config := collect.Doc{
		"Aliases":                       x.Aliases,
		"AnycastIpListId":               optional(aws.ToString(x.AnycastIpListId)),
		"CacheTagConfig":                x.CacheTagConfig,
		"Comment":                       x.Comment,
		"ConnectionFunctionAssociation": x.ConnectionFunctionAssociation,
		"ConnectionMode":                x.ConnectionMode,
		"ContinuousDeploymentPolicyId":  optional(aws.ToString(x.ContinuousDeploymentPolicyId)),
		"CustomErrorResponses":          x.CustomErrorResponses,
		"DefaultRootObject":             optional(aws.ToString(x.DefaultRootObject)),
		"Enabled":                       x.Enabled,
		"HttpVersion":                   x.HttpVersion,
		"IPV6Enabled":                   x.IsIPV6Enabled,
		"OriginGroups":                  x.OriginGroups,
		"PriceClass":                    x.PriceClass,
		"Staging":                       x.Staging,
		"TenantConfig":                  x.TenantConfig,
		"ViewerCertificate":             x.ViewerCertificate,
		"ViewerMtlsConfig":              x.ViewerMtlsConfig,
		"WebACLId":                      optional(aws.ToString(x.WebACLId)),
	}
	if b := x.DefaultCacheBehavior; b != nil {
		// It is a behavior like the others, for what none of their patterns matches.
		config["DefaultCacheBehavior"] = cacheBehavior(cftypes.CacheBehavior{
			TargetOriginId: b.TargetOriginId, ViewerProtocolPolicy: b.ViewerProtocolPolicy, AllowedMethods: b.AllowedMethods, CachePolicyId: b.CachePolicyId, Compress: b.Compress,
			DefaultTTL: b.DefaultTTL, FieldLevelEncryptionId: b.FieldLevelEncryptionId, ForwardedValues: b.ForwardedValues, FunctionAssociations: b.FunctionAssociations,
			GrpcConfig: b.GrpcConfig, LambdaFunctionAssociations: b.LambdaFunctionAssociations, MaxTTL: b.MaxTTL, MinTTL: b.MinTTL, OriginRequestPolicyId: b.OriginRequestPolicyId,
			RealtimeLogConfigArn: b.RealtimeLogConfigArn, ResponseHeadersPolicyId: b.ResponseHeadersPolicyId, SmoothStreaming: b.SmoothStreaming,
			TrustedKeyGroups: b.TrustedKeyGroups, TrustedSigners: b.TrustedSigners,
		})
	}
	if x.CacheBehaviors != nil {
		behaviors := []collect.Doc{}
		for _, b := range x.CacheBehaviors.Items {
			one := cacheBehavior(b)
			one["PathPattern"] = b.PathPattern
			behaviors = append(behaviors, one)
		}
		config["CacheBehaviors"] = behaviors
	}
	if l := x.Logging; l != nil && aws.ToBool(l.Enabled) && aws.ToString(l.Bucket) != "" {
		config["Logging"] = collect.Doc{"Bucket": l.Bucket, "IncludeCookies": l.IncludeCookies, "Prefix": l.Prefix}
		d.Link("logs_to", s3Bucket, bucketARN(u, *l.Bucket))
	}
	if r := x.Restrictions; r != nil && r.GeoRestriction != nil {
		config["Restrictions"] = collect.Doc{"GeoRestriction": collect.Doc{"RestrictionType": r.GeoRestriction.RestrictionType, "Locations": r.GeoRestriction.Items}}
	}
	if x.Origins != nil {
		config["Origins"] = cloudfrontOrigins(u, d, x.Origins.Items)
	}
	d.Config["DistributionConfig"] = config
	if c := x.ViewerCertificate; c != nil {
		d.Link("certificate", acmCertificate, aws.ToString(c.ACMCertificateArn))
	}
	if acl := aws.ToString(x.WebACLId); strings.HasPrefix(acl, "arn:") {
		d.Link("web_acl", webACL, acl)
	}
}

func cacheBehavior(b cftypes.CacheBehavior) collect.Doc {
	one := collect.Doc{
		"AllowedMethods":             b.AllowedMethods,
		"CachePolicyId":              optional(aws.ToString(b.CachePolicyId)),
		"Compress":                   b.Compress,
		"DefaultTTL":                 b.DefaultTTL,
		"FieldLevelEncryptionId":     optional(aws.ToString(b.FieldLevelEncryptionId)),
		"ForwardedValues":            b.ForwardedValues,
		"FunctionAssociations":       b.FunctionAssociations,
		"GrpcConfig":                 b.GrpcConfig,
		"LambdaFunctionAssociations": b.LambdaFunctionAssociations,
		"MaxTTL":                     b.MaxTTL,
		"MinTTL":                     b.MinTTL,
		"OriginRequestPolicyId":      optional(aws.ToString(b.OriginRequestPolicyId)),
		"RealtimeLogConfigArn":       optional(aws.ToString(b.RealtimeLogConfigArn)),
		"ResponseHeadersPolicyId":    optional(aws.ToString(b.ResponseHeadersPolicyId)),
		"SmoothStreaming":            b.SmoothStreaming,
		"TargetOriginId":             b.TargetOriginId,
		"TrustedKeyGroups":           b.TrustedKeyGroups,
		"TrustedSigners":             b.TrustedSigners,
		"ViewerProtocolPolicy":       b.ViewerProtocolPolicy,
	}
	if b.AllowedMethods != nil {
		one["CachedMethods"] = b.AllowedMethods.CachedMethods
	}
	return one
}

func cloudfrontOrigins(u *unit, d *collect.Draft, origins []cftypes.Origin) []collect.Doc {
	list := []collect.Doc{}
	for _, o := range origins {
		list = append(list, collect.Doc{
			"ConnectionAttempts":        o.ConnectionAttempts,
			"ConnectionTimeout":         o.ConnectionTimeout,
			"CustomOriginConfig":        o.CustomOriginConfig,
			"DomainName":                o.DomainName,
			"Id":                        o.Id,
			"OriginAccessControlId":     optional(aws.ToString(o.OriginAccessControlId)),
			"OriginCustomHeaders":       o.CustomHeaders,
			"OriginPath":                optional(aws.ToString(o.OriginPath)),
			"OriginShield":              o.OriginShield,
			"ResponseCompletionTimeout": o.ResponseCompletionTimeout,
			"S3OriginConfig":            o.S3OriginConfig,
			"VpcOriginConfig":           o.VpcOriginConfig,
		})
		domain := aws.ToString(o.DomainName)
		d.Link("origin", s3Bucket, bucketARN(u, domain))
		d.Link("origin", restAPI, restAPIARN(u, domain))
	}
	return list
}

// bucketARN returns the ARN of the bucket in a host name, as bucket.s3.amazonaws.com,
// bucket.s3.region.amazonaws.com and bucket.s3-website-region.amazonaws.com, and "" for
// another host.
func bucketARN(u *unit, host string) string {
	if !strings.Contains(host, ".amazonaws.com") {
		return ""
	}
	for _, mark := range []string{".s3.", ".s3-"} {
		if i := strings.LastIndex(host, mark); i > 0 {
			return "arn:" + u.account.session.Partition + ":s3:::" + host[:i]
		}
	}
	return ""
}

// restAPIARN returns the ARN of the API in a host name id.execute-api.region.amazonaws.com,
// and "" for another host.
func restAPIARN(u *unit, host string) string {
	parts := strings.Split(host, ".")
	if len(parts) < 5 || parts[1] != "execute-api" || parts[3] != "amazonaws" {
		return ""
	}
	return awsapi.ARN(u.account.session.Partition, "apigateway", parts[2], "", "/restapis/"+parts[0])
}
