package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// s3Tables read buckets, which the account lists at once for all regions.
func s3Tables(u *unit) []collect.Table {
	client := s3.NewFromConfig(u.config("s3"), func(o *s3.Options) {
		// The name of a bucket in front of an address that the configuration names
		// would not resolve.
		o.UsePathStyle = o.BaseEndpoint != nil
		o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2)
	})
	return []collect.Table{{
		Op:     "s3:ListBuckets",
		Gone:   []string{"NoSuchBucket"},
		Also:   []string{"s3:GetBucketLocation"},
		Types:  []asset.Type{s3Bucket},
		Global: true,
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListBuckets(ctx, &s3.ListBucketsInput{Prefix: optional(u.onlyName("", s3Bucket)), ContinuationToken: optional(token), MaxBuckets: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, b := range out.Buckets {
				name := aws.ToString(b.Name)
				d := collect.NewDraft(s3Bucket, "arn:"+u.account.session.Partition+":s3:::"+name, name)
				ds = append(ds, d)
				if d.Region = aws.ToString(b.BucketRegion); d.Region == "" {
					if d.Region, d.Lost = bucketRegion(ctx, client, name); d.Lost != nil {
						continue
					}
				}
				d.Key = name
				if u.account.session.Partition == "aws" {
					// Regions other than us-east-1 answer the time of the last change.
					d.Created = aws.ToTime(b.CreationDate)
					d.Incarnation = incarnationAt(d.Created)
				}
				suffix := ".amazonaws.com"
				if u.account.session.Partition == "aws-cn" {
					suffix += ".cn"
				}
				d.Config = collect.Doc{
					"BucketName":          name,
					"Arn":                 d.ID,
					"DomainName":          name + ".s3" + suffix,
					"DualStackDomainName": name + ".s3.dualstack." + d.Region + suffix,
					"RegionalDomainName":  name + ".s3." + d.Region + suffix,
				}
				d.Status = collect.Doc{"CreationDate": b.CreationDate}
			}
			return ds, aws.ToString(out.ContinuationToken), nil
		},
		Reads: append(s3SecurityReads(u, client), s3OtherReads(client)...),
	}}
}

// bucketRegion asks for the region of a bucket, which servers of the S3 API other
// than AWS do not list.
func bucketRegion(ctx context.Context, client *s3.Client, name string) (string, error) {
	out, err := client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &name})
	switch {
	case err != nil:
		return "", err
	case out.LocationConstraint == "":
		return "us-east-1", nil
	case out.LocationConstraint == s3types.BucketLocationConstraintEu:
		return "eu-west-1", nil
	}
	return string(out.LocationConstraint), nil
}

// inRegion makes a call go to the region of the bucket.
func inRegion(d *collect.Draft) func(*s3.Options) {
	return func(o *s3.Options) { o.Region = d.Region }
}

// s3SecurityReads read what decides who has access to a bucket, and what protects
// its content.
func s3SecurityReads(u *unit, client *s3.Client) []collect.Read {
	return []collect.Read{{
		Op:     "s3:GetBucketPolicy",
		Absent: []string{"NoSuchBucketPolicy"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			d.Access = policyDocument("s3:GetBucketPolicy", out.Policy)
			return nil
		},
	}, {
		Op:     "s3:GetBucketPolicyStatus",
		Absent: []string{"NoSuchBucketPolicy"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			d.Status["PolicyStatus"] = out.PolicyStatus
			return nil
		},
	}, {
		Op: "s3:GetBucketAcl",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			d.Status["Grants"] = out.Grants
			d.Status["Owner"] = out.Owner
			return nil
		},
	}, {
		Op:     "s3:GetPublicAccessBlock",
		Absent: []string{"NoSuchPublicAccessBlockConfiguration"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			d.Config["PublicAccessBlockConfiguration"] = out.PublicAccessBlockConfiguration
			return nil
		},
	}, {
		Op:     "s3:GetBucketOwnershipControls",
		Absent: []string{"OwnershipControlsNotFoundError"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			d.Config["OwnershipControls"] = out.OwnershipControls
			return nil
		},
	}, {
		Op: "s3:GetBucketVersioning",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.Status != "" {
				d.Config["VersioningConfiguration"] = collect.Doc{"Status": out.Status}
			}
			d.Status["MFADelete"] = out.MFADelete
			return nil
		},
	}, {
		Op:     "s3:GetBucketEncryption",
		Absent: []string{"ServerSideEncryptionConfigurationNotFoundError"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.ServerSideEncryptionConfiguration == nil {
				return nil
			}
			var rules []collect.Doc
			for _, r := range out.ServerSideEncryptionConfiguration.Rules {
				rules = append(rules, collect.Doc{
					"BlockedEncryptionTypes":        r.BlockedEncryptionTypes,
					"BucketKeyEnabled":              r.BucketKeyEnabled,
					"ServerSideEncryptionByDefault": r.ApplyServerSideEncryptionByDefault,
				})
				if by := r.ApplyServerSideEncryptionByDefault; by != nil {
					d.Link("encrypted_by", kmsKey, u.kmsKeyARN(d.Region, aws.ToString(by.KMSMasterKeyID)))
				}
			}
			d.Config["BucketEncryption"] = collect.Doc{"ServerSideEncryptionConfiguration": rules}
			return nil
		},
	}, {
		Op: "s3:GetBucketLogging",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if l := out.LoggingEnabled; l != nil {
				d.Config["LoggingConfiguration"] = collect.Doc{
					"DestinationBucketName": l.TargetBucket,
					"LogFilePrefix":         l.TargetPrefix,
					"TargetObjectKeyFormat": l.TargetObjectKeyFormat,
				}
				d.Link("logs_to", s3Bucket, s3ARN(d.ID, aws.ToString(l.TargetBucket)))
			}
			return nil
		},
	}, {
		Op:     "s3:GetObjectLockConfiguration",
		Absent: []string{"ObjectLockConfigurationNotFoundError"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.ObjectLockConfiguration != nil {
				d.Config["ObjectLockConfiguration"] = out.ObjectLockConfiguration
				d.Config["ObjectLockEnabled"] = out.ObjectLockConfiguration.ObjectLockEnabled == s3types.ObjectLockEnabledEnabled
			}
			return nil
		},
	}, {
		Op:     "s3:GetBucketTagging",
		Absent: []string{"NoSuchTagSet"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			d.Tags = tagMap(out.TagSet, s3Tag)
			return nil
		},
	}}
}

// s3ARN returns the ARN of a bucket in the partition of another.
func s3ARN(like, name string) string {
	if name == "" {
		return ""
	}
	return like[:len(like)-len(awsapi.Name(like))] + name
}

func s3Tag(t s3types.Tag) (key, value *string) { return t.Key, t.Value }
