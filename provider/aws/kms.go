package aws

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// kmsTables read keys and aliases.
func kmsTables(u *unit) []collect.Table {
	client := kms.NewFromConfig(u.config("kms"), func(o *kms.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{kmsKeys(u, client), kmsAliases(u, client)}
}

// kmsKeys reads keys. The list tells only that there is one: a key that may be the
// replica of one in another region, which is another type, is described to know.
func kmsKeys(u *unit, client *kms.Client) collect.Table {
	var described sync.Map // what was described for the list: *kmstypes.KeyMetadata by ARN
	describe := func(ctx context.Context, arn string) (*kmstypes.KeyMetadata, error) {
		if m, ok := described.LoadAndDelete(arn); ok {
			return m.(*kmstypes.KeyMetadata), nil
		}
		out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn})
		switch {
		case err != nil:
			return nil, err
		case out.KeyMetadata == nil:
			return nil, unread("kms:DescribeKey", collect.CodeMalformed, "no metadata in the answer")
		}
		return out.KeyMetadata, nil
	}
	list := func(ctx context.Context, token string) ([]kmstypes.KeyListEntry, string, error) {
		if id := u.onlyName("key/", kmsKey, kmsReplicaKey); id != "" {
			m, err := describe(ctx, id)
			if err != nil {
				return nil, "", err
			}
			described.Store(aws.ToString(m.Arn), m)
			return []kmstypes.KeyListEntry{{KeyId: m.KeyId, KeyArn: m.Arn}}, "", nil
		}
		out, err := client.ListKeys(ctx, &kms.ListKeysInput{Marker: optional(token), Limit: aws.Int32(1000)})
		if err != nil {
			return nil, "", err
		}
		return out.Keys, aws.ToString(out.NextMarker), nil
	}
	return collect.Table{
		Op:     "kms:ListKeys",
		Gone:   []string{"NotFoundException"},
		Types:  []asset.Type{kmsKey, kmsReplicaKey},
		Absent: []string{(&kmstypes.NotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			keys, next, err := list(ctx, token)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, k := range keys {
				id, arn := aws.ToString(k.KeyId), aws.ToString(k.KeyArn)
				d := collect.NewDraft(kmsKey, arn, id)
				if strings.HasPrefix(id, "mrk-") {
					m, err := describe(ctx, arn)
					if err != nil {
						d.Lost = err
					} else {
						described.Store(arn, m)
						if c := m.MultiRegionConfiguration; c != nil && c.MultiRegionKeyType == kmstypes.MultiRegionKeyTypeReplica {
							d.Type = kmsReplicaKey
						}
					}
				}
				d.Key, d.Incarnation = arn, id
				d.Config = collect.Doc{"Arn": arn, "KeyId": id}
				ds = append(ds, d)
			}
			return ds, next, nil
		},
		Reads: []collect.Read{{
			Op: "kms:DescribeKey",
			Each: func(ctx context.Context, d *collect.Draft) error {
				m, err := describe(ctx, d.Key)
				if err != nil {
					return err
				}
				describeKey(d, m)
				return nil
			},
		}, {
			Op: "kms:GetKeyRotationStatus",
			Of: kmsKey,
			// Keys that KMS cannot rotate: asymmetric ones, and those of other stores.
			Absent: []string{"UnsupportedOperationException"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &d.Key})
				if err != nil {
					return err
				}
				d.Config["EnableKeyRotation"] = out.KeyRotationEnabled
				d.Config["RotationPeriodInDays"] = out.RotationPeriodInDays
				d.Status["NextRotationDate"] = out.NextRotationDate
				d.Status["OnDemandRotationStartDate"] = out.OnDemandRotationStartDate
				return nil
			},
		}, {
			Op: "kms:GetKeyPolicy",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &d.Key, PolicyName: aws.String("default")})
				if err != nil {
					return err
				}
				d.Access = policyDocument("kms:GetKeyPolicy", out.Policy)
				d.Config["KeyPolicy"] = d.Access
				return nil
			},
		}, {
			Op: "kms:ListResourceTags",
			Each: func(ctx context.Context, d *collect.Draft) (err error) {
				tag := func(t kmstypes.Tag) (key, value *string) { return t.TagKey, t.TagValue }
				d.Tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]kmstypes.Tag, string, error) {
					out, err := client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &d.Key, Marker: optional(token), Limit: aws.Int32(50)})
					if err != nil {
						return nil, "", err
					}
					return out.Tags, aws.ToString(out.NextMarker), nil
				})
				return err
			},
		}},
	}
}

// describeKey adds what the API says of a key.
func describeKey(d *collect.Draft, m *kmstypes.KeyMetadata) {
	d.Created = aws.ToTime(m.CreationDate)
	d.Config["Description"] = optional(aws.ToString(m.Description))
	d.Config["Enabled"] = m.Enabled
	d.Status["KeyManager"] = m.KeyManager
	d.Status["KeyState"] = m.KeyState
	d.Status["CreationDate"] = m.CreationDate
	d.Status["DeletionDate"] = m.DeletionDate
	d.Status["AWSAccountId"] = m.AWSAccountId
	if d.Type == kmsReplicaKey {
		d.Status["KeySpec"] = m.KeySpec
		d.Status["KeyUsage"] = m.KeyUsage
		d.Status["Origin"] = m.Origin
		if c := m.MultiRegionConfiguration; c != nil && c.PrimaryKey != nil {
			d.Config["PrimaryKeyArn"] = c.PrimaryKey.Arn
			d.Link("replica_of", kmsKey, aws.ToString(c.PrimaryKey.Arn))
		}
		return
	}
	d.Config["KeySpec"] = m.KeySpec
	d.Config["KeyUsage"] = m.KeyUsage
	d.Config["MultiRegion"] = aws.ToBool(m.MultiRegion)
	d.Config["Origin"] = m.Origin
	d.Status["ExpirationModel"] = m.ExpirationModel
	d.Status["ValidTo"] = m.ValidTo
	d.Status["CustomKeyStoreId"] = m.CustomKeyStoreId
	d.Status["MultiRegionConfiguration"] = m.MultiRegionConfiguration
}

func kmsAliases(u *unit, client *kms.Client) collect.Table {
	return collect.Table{
		Op:    "kms:ListAliases",
		Types: []asset.Type{kmsAlias},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListAliases(ctx, &kms.ListAliasesInput{Marker: optional(token), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Aliases {
				d := collect.NewDraft(kmsAlias, aws.ToString(x.AliasArn), aws.ToString(x.AliasName))
				d.Created = aws.ToTime(x.CreationDate)
				d.Config = collect.Doc{"AliasName": x.AliasName, "TargetKeyId": x.TargetKeyId}
				d.Link("target", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.TargetKeyId)))
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
	}
}

// kmsKeyARN returns the ARN of a key that a service in a region names, or "" if it
// names it by an alias, which is not known from here.
func (u *unit) kmsKeyARN(region, name string) string {
	switch {
	case name == "", strings.Contains(name, "alias/"):
		return ""
	case strings.HasPrefix(name, "arn:"):
		return name
	}
	return u.account.session.ARN("kms", region, "key/"+name)
}
