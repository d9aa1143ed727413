package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/openstance/stance/asset"
)

const s3Bucket asset.Type = "AWS::S3::Bucket"

// s3Tables read buckets, which the account lists at once for all regions.
func s3Tables(u *unit) []table {
	client := s3.NewFromConfig(u.config("s3"), func(o *s3.Options) {
		// The name of a bucket in front of an address that the configuration names
		// would not resolve.
		o.UsePathStyle = o.BaseEndpoint != nil
	})
	return []table{{
		op:     "s3:ListBuckets",
		also:   []string{"s3:GetBucketLocation"},
		types:  []asset.Type{s3Bucket},
		global: true,
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListBuckets(ctx, &s3.ListBucketsInput{Prefix: optional(u.onlyName("", s3Bucket)), ContinuationToken: optional(token), MaxBuckets: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, b := range out.Buckets {
				name := aws.ToString(b.Name)
				d := newDraft(s3Bucket, "arn:"+u.account.partition+":s3:::"+name, name)
				ds = append(ds, d)
				if d.region = aws.ToString(b.BucketRegion); d.region == "" {
					if d.region, d.lost = bucketRegion(ctx, client, name); d.lost != nil {
						continue
					}
				}
				d.key = name
				if u.account.partition == "aws" {
					// Regions other than us-east-1 answer the time of the last change.
					d.created = aws.ToTime(b.CreationDate)
					d.incarnation = incarnationAt(d.created)
				}
				suffix := ".amazonaws.com"
				if u.account.partition == "aws-cn" {
					suffix += ".cn"
				}
				d.config = doc{
					"BucketName":          name,
					"Arn":                 d.ID,
					"DomainName":          name + ".s3" + suffix,
					"DualStackDomainName": name + ".s3.dualstack." + d.region + suffix,
					"RegionalDomainName":  name + ".s3." + d.region + suffix,
				}
				d.status = doc{"CreationDate": b.CreationDate}
			}
			return ds, aws.ToString(out.ContinuationToken), nil
		},
		reads: append(s3SecurityReads(u, client), s3OtherReads(client)...),
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
func inRegion(d *draft) func(*s3.Options) {
	return func(o *s3.Options) { o.Region = d.region }
}

// s3SecurityReads read what decides who has access to a bucket, and what protects
// its content.
func s3SecurityReads(u *unit, client *s3.Client) []read {
	return []read{{
		op:     "s3:GetBucketPolicy",
		absent: []string{"NoSuchBucketPolicy"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			d.access = policyDocument("s3:GetBucketPolicy", out.Policy)
			return nil
		},
	}, {
		op:     "s3:GetBucketPolicyStatus",
		absent: []string{"NoSuchBucketPolicy"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			d.status["PolicyStatus"] = out.PolicyStatus
			return nil
		},
	}, {
		op: "s3:GetBucketAcl",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			d.status["Grants"] = out.Grants
			d.status["Owner"] = out.Owner
			return nil
		},
	}, {
		op:     "s3:GetPublicAccessBlock",
		absent: []string{"NoSuchPublicAccessBlockConfiguration"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			d.config["PublicAccessBlockConfiguration"] = out.PublicAccessBlockConfiguration
			return nil
		},
	}, {
		op:     "s3:GetBucketOwnershipControls",
		absent: []string{"OwnershipControlsNotFoundError"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			d.config["OwnershipControls"] = out.OwnershipControls
			return nil
		},
	}, {
		op: "s3:GetBucketVersioning",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.Status != "" {
				d.config["VersioningConfiguration"] = doc{"Status": out.Status}
			}
			d.status["MFADelete"] = out.MFADelete
			return nil
		},
	}, {
		op:     "s3:GetBucketEncryption",
		absent: []string{"ServerSideEncryptionConfigurationNotFoundError"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.ServerSideEncryptionConfiguration == nil {
				return nil
			}
			var rules []doc
			for _, r := range out.ServerSideEncryptionConfiguration.Rules {
				rules = append(rules, doc{
					"BlockedEncryptionTypes":        r.BlockedEncryptionTypes,
					"BucketKeyEnabled":              r.BucketKeyEnabled,
					"ServerSideEncryptionByDefault": r.ApplyServerSideEncryptionByDefault,
				})
				if by := r.ApplyServerSideEncryptionByDefault; by != nil {
					d.link("encrypted_by", kmsKey, u.kmsKeyARN(d.region, aws.ToString(by.KMSMasterKeyID)))
				}
			}
			d.config["BucketEncryption"] = doc{"ServerSideEncryptionConfiguration": rules}
			return nil
		},
	}, {
		op: "s3:GetBucketLogging",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if l := out.LoggingEnabled; l != nil {
				d.config["LoggingConfiguration"] = doc{
					"DestinationBucketName": l.TargetBucket,
					"LogFilePrefix":         l.TargetPrefix,
					"TargetObjectKeyFormat": l.TargetObjectKeyFormat,
				}
				d.link("logs_to", s3Bucket, s3ARN(d.ID, aws.ToString(l.TargetBucket)))
			}
			return nil
		},
	}, {
		op:     "s3:GetObjectLockConfiguration",
		absent: []string{"ObjectLockConfigurationNotFoundError"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.ObjectLockConfiguration != nil {
				d.config["ObjectLockConfiguration"] = out.ObjectLockConfiguration
				d.config["ObjectLockEnabled"] = out.ObjectLockConfiguration.ObjectLockEnabled == s3types.ObjectLockEnabledEnabled
			}
			return nil
		},
	}, {
		op:     "s3:GetBucketTagging",
		absent: []string{"NoSuchTagSet"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			d.tags = tagMap(out.TagSet, s3Tag)
			return nil
		},
	}}
}

// s3ARN returns the ARN of a bucket in the partition of another.
func s3ARN(like, name string) string {
	if name == "" {
		return ""
	}
	return like[:len(like)-len(arnName(like))] + name
}

func s3Tag(t s3types.Tag) (key, value *string) { return t.Key, t.Value }
