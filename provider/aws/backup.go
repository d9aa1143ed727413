package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// backupTables read vaults of backups.
func backupTables(u *unit) []collect.Table {
	client := backup.NewFromConfig(u.config("backup"))
	return []collect.Table{{
		Op:    "backup:ListBackupVaults",
		Types: []asset.Type{backupVault},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListBackupVaults(ctx, &backup.ListBackupVaultsInput{NextToken: optional(token), MaxResults: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.BackupVaultList {
				// Vaults that are air-gapped, or give access to those of others, are types of
				// their own, with other properties.
				if x.VaultType == "" || x.VaultType == backuptypes.VaultTypeBackupVault {
					ds = append(ds, backupDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op:     "backup:GetBackupVaultAccessPolicy",
			Absent: []string{"ResourceNotFoundException"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetBackupVaultAccessPolicy(ctx, &backup.GetBackupVaultAccessPolicyInput{BackupVaultName: &d.Name})
				if err != nil {
					return err
				}
				d.Access = policyDocument("backup:GetBackupVaultAccessPolicy", out.Policy)
				d.Config["AccessPolicy"] = d.Access
				return nil
			},
		}, {
			Op:     "backup:GetBackupVaultNotifications",
			Absent: []string{"ResourceNotFoundException"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetBackupVaultNotifications(ctx, &backup.GetBackupVaultNotificationsInput{BackupVaultName: &d.Name})
				if err != nil {
					return err
				}
				if out.SNSTopicArn != nil {
					d.Config["Notifications"] = collect.Doc{"BackupVaultEvents": out.BackupVaultEvents, "SNSTopicArn": out.SNSTopicArn}
				}
				return nil
			},
		}, {
			Op: "backup:ListTags",
			Each: func(ctx context.Context, d *collect.Draft) error {
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
				d.Tags = tags
				d.Config["BackupVaultTags"] = tags
				return nil
			},
		}},
	}}
}

func backupDraft(u *unit, x backuptypes.BackupVaultListMember) *collect.Draft {
	d := collect.NewDraft(backupVault, aws.ToString(x.BackupVaultArn), aws.ToString(x.BackupVaultName))
	d.Created = aws.ToTime(x.CreationDate)
	d.Incarnation = incarnationAt(d.Created)
	var lock collect.Doc
	if aws.ToBool(x.Locked) {
		// When the lock can no longer be changed is a time, not in days.
		lock = collect.Doc{"MinRetentionDays": x.MinRetentionDays, "MaxRetentionDays": x.MaxRetentionDays, "ChangeableForDays": collect.NotCollected()}
	}
	d.Config = collect.Doc{
		"BackupVaultArn":    x.BackupVaultArn,
		"BackupVaultName":   x.BackupVaultName,
		"EncryptionKeyArn":  x.EncryptionKeyArn,
		"LockConfiguration": lock,
	}
	d.Status = collect.Doc{"CreationDate": x.CreationDate, "NumberOfRecoveryPoints": x.NumberOfRecoveryPoints, "Locked": x.Locked}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.EncryptionKeyArn)))
	return d
}
