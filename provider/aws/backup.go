package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const backupVault asset.Type = "AWS::Backup::BackupVault"

// backupTables read vaults of backups.
func backupTables(u *unit) []table {
	client := backup.NewFromConfig(u.config("backup"))
	return []table{{
		op:    "backup:ListBackupVaults",
		types: []asset.Type{backupVault},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListBackupVaults(ctx, &backup.ListBackupVaultsInput{NextToken: optional(token), MaxResults: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.BackupVaultList {
				// Vaults that are air-gapped, or give access to those of others, are types of
				// their own, with other properties.
				if x.VaultType == "" || x.VaultType == backuptypes.VaultTypeBackupVault {
					ds = append(ds, backupDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op:     "backup:GetBackupVaultAccessPolicy",
			absent: []string{"ResourceNotFoundException"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetBackupVaultAccessPolicy(ctx, &backup.GetBackupVaultAccessPolicyInput{BackupVaultName: &d.name})
				if err != nil {
					return err
				}
				d.access = policyDocument("backup:GetBackupVaultAccessPolicy", out.Policy)
				d.config["AccessPolicy"] = d.access
				return nil
			},
		}, {
			op:     "backup:GetBackupVaultNotifications",
			absent: []string{"ResourceNotFoundException"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetBackupVaultNotifications(ctx, &backup.GetBackupVaultNotificationsInput{BackupVaultName: &d.name})
				if err != nil {
					return err
				}
				if out.SNSTopicArn != nil {
					d.config["Notifications"] = doc{"BackupVaultEvents": out.BackupVaultEvents, "SNSTopicArn": out.SNSTopicArn}
				}
				return nil
			},
		}, {
			op: "backup:ListTags",
			each: func(ctx context.Context, d *draft) error {
				tags := map[string]string{}
				for page, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]map[string]string, string, error) {
					out, err := client.ListTags(ctx, &backup.ListTagsInput{ResourceArn: &d.ID, NextToken: optional(token), MaxResults: aws.Int32(1000)})
					if err != nil {
						return nil, "", err
					}
					return []map[string]string{out.Tags}, aws.ToString(out.NextToken), nil
				}) {
					if err != nil {
						return err
					}
					for k, v := range page {
						tags[k] = v
					}
				}
				d.tags = tags
				d.config["BackupVaultTags"] = tags
				return nil
			},
		}},
	}}
}

func backupDraft(u *unit, x backuptypes.BackupVaultListMember) *draft {
	d := newDraft(backupVault, aws.ToString(x.BackupVaultArn), aws.ToString(x.BackupVaultName))
	d.created = aws.ToTime(x.CreationDate)
	d.incarnation = incarnationAt(d.created)
	var lock doc
	if aws.ToBool(x.Locked) {
		// When the lock can no longer be changed is told as a time, not in days.
		lock = doc{"MinRetentionDays": x.MinRetentionDays, "MaxRetentionDays": x.MaxRetentionDays, "ChangeableForDays": notCollected()}
	}
	d.config = doc{
		"BackupVaultArn":    x.BackupVaultArn,
		"BackupVaultName":   x.BackupVaultName,
		"EncryptionKeyArn":  x.EncryptionKeyArn,
		"LockConfiguration": lock,
	}
	d.status = doc{"CreationDate": x.CreationDate, "NumberOfRecoveryPoints": x.NumberOfRecoveryPoints, "Locked": x.Locked}
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.EncryptionKeyArn)))
	return d
}
