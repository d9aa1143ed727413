package aws

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/openstance/stance/asset"
)

const (
	kmsReplicaKey asset.Type = "AWS::KMS::ReplicaKey"
	kmsAlias      asset.Type = "AWS::KMS::Alias"
)

// kmsTables read keys and aliases.
func kmsTables(u *unit) []table {
	client := kms.NewFromConfig(u.config("kms"))
	return []table{kmsKeys(u, client), kmsAliases(u, client)}
}

// kmsKeys reads keys. The list tells only that there is one: a key that may be the
// replica of one in another region, which is another type, is described to know.
func kmsKeys(u *unit, client *kms.Client) table {
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
			return nil, &asset.Unread{Op: "kms:DescribeKey", Code: codeMalformed, Message: "no metadata in the answer"}
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
	return table{
		op:     "kms:ListKeys",
		types:  []asset.Type{kmsKey, kmsReplicaKey},
		absent: []string{(&kmstypes.NotFoundException{}).ErrorCode()},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			keys, next, err := list(ctx, token)
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, k := range keys {
				id, arn := aws.ToString(k.KeyId), aws.ToString(k.KeyArn)
				d := newDraft(kmsKey, arn, id)
				if strings.HasPrefix(id, "mrk-") {
					m, err := describe(ctx, arn)
					if err != nil {
						d.lost = err
					} else {
						described.Store(arn, m)
						if c := m.MultiRegionConfiguration; c != nil && c.MultiRegionKeyType == kmstypes.MultiRegionKeyTypeReplica {
							d.Type = kmsReplicaKey
						}
					}
				}
				d.key, d.incarnation = arn, id
				d.config = doc{"Arn": arn, "KeyId": id}
				ds = append(ds, d)
			}
			return ds, next, nil
		},
		reads: []read{{
			op: "kms:DescribeKey",
			each: func(ctx context.Context, d *draft) error {
				m, err := describe(ctx, d.key)
				if err != nil {
					return err
				}
				d.describeKey(m)
				return nil
			},
		}, {
			op: "kms:GetKeyRotationStatus",
			of: kmsKey,
			// Keys that KMS cannot rotate: asymmetric ones, and those of other stores.
			absent: []string{"UnsupportedOperationException"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &d.key})
				if err != nil {
					return err
				}
				d.config["EnableKeyRotation"] = out.KeyRotationEnabled
				d.config["RotationPeriodInDays"] = out.RotationPeriodInDays
				d.status["NextRotationDate"] = out.NextRotationDate
				d.status["OnDemandRotationStartDate"] = out.OnDemandRotationStartDate
				return nil
			},
		}, {
			op: "kms:GetKeyPolicy",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &d.key, PolicyName: aws.String("default")})
				if err != nil {
					return err
				}
				d.access = policyDocument("kms:GetKeyPolicy", out.Policy)
				d.config["KeyPolicy"] = d.access
				return nil
			},
		}, {
			op: "kms:ListResourceTags",
			each: func(ctx context.Context, d *draft) (err error) {
				tag := func(t kmstypes.Tag) (key, value *string) { return t.TagKey, t.TagValue }
				d.tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]kmstypes.Tag, string, error) {
					out, err := client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &d.key, Marker: optional(token), Limit: aws.Int32(50)})
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
func (d *draft) describeKey(m *kmstypes.KeyMetadata) {
	d.created = aws.ToTime(m.CreationDate)
	d.config["Description"] = optional(aws.ToString(m.Description))
	d.config["Enabled"] = m.Enabled
	d.status["KeyManager"] = m.KeyManager
	d.status["KeyState"] = m.KeyState
	d.status["CreationDate"] = m.CreationDate
	d.status["DeletionDate"] = m.DeletionDate
	d.status["AWSAccountId"] = m.AWSAccountId
	if d.Type == kmsReplicaKey {
		d.status["KeySpec"] = m.KeySpec
		d.status["KeyUsage"] = m.KeyUsage
		d.status["Origin"] = m.Origin
		if c := m.MultiRegionConfiguration; c != nil && c.PrimaryKey != nil {
			d.config["PrimaryKeyArn"] = c.PrimaryKey.Arn
			d.link("replica_of", kmsKey, aws.ToString(c.PrimaryKey.Arn))
		}
		return
	}
	d.config["KeySpec"] = m.KeySpec
	d.config["KeyUsage"] = m.KeyUsage
	d.config["MultiRegion"] = aws.ToBool(m.MultiRegion)
	d.config["Origin"] = m.Origin
	d.status["ExpirationModel"] = m.ExpirationModel
	d.status["ValidTo"] = m.ValidTo
	d.status["CustomKeyStoreId"] = m.CustomKeyStoreId
	d.status["MultiRegionConfiguration"] = m.MultiRegionConfiguration
}

func kmsAliases(u *unit, client *kms.Client) table {
	return table{
		op:    "kms:ListAliases",
		types: []asset.Type{kmsAlias},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListAliases(ctx, &kms.ListAliasesInput{Marker: optional(token), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Aliases {
				d := newDraft(kmsAlias, aws.ToString(x.AliasArn), aws.ToString(x.AliasName))
				d.created = aws.ToTime(x.CreationDate)
				d.config = doc{"AliasName": x.AliasName, "TargetKeyId": x.TargetKeyId}
				d.link("target", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.TargetKeyId)))
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
	}
}
