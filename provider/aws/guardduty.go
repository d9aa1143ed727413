package aws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// guardDutyTables read the detector of a region.
func guardDutyTables(u *unit) []collect.Table {
	client := guardduty.NewFromConfig(u.config("guardduty"))
	return []collect.Table{{
		Op:    "guardduty:ListDetectors",
		Types: []asset.Type{guardDutyDetector},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListDetectors(ctx, &guardduty.ListDetectorsInput{NextToken: optional(token), MaxResults: aws.Int32(50)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, id := range out.DetectorIds {
				d := collect.NewDraft(guardDutyDetector, u.arn("guardduty", "detector/"+id), id)
				d.Key, d.Incarnation = id, id
				d.Config = collect.Doc{"Id": id}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "guardduty:GetDetector",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &d.Key})
				if err != nil {
					return err
				}
				d.Tags = out.Tags
				if d.Tags == nil {
					d.Tags = map[string]string{}
				}
				if at, err := time.Parse(time.RFC3339, aws.ToString(out.CreatedAt)); err == nil {
					d.Created = at
				}
				d.Config["Enable"] = out.Status == guarddutytypes.DetectorStatusEnabled
				d.Config["DataSources"] = detectorSources(out.DataSources)
				d.Config["Features"] = out.Features
				d.Config["FindingPublishingFrequency"] = out.FindingPublishingFrequency
				d.Status = collect.Doc{"CreatedAt": out.CreatedAt, "UpdatedAt": out.UpdatedAt, "ServiceRole": out.ServiceRole}
				return nil
			},
		}},
	}}
}

// detectorSources returns the sources of a detector that CloudFormation has, which are
// states in the API and switches there.
func detectorSources(x *guarddutytypes.DataSourceConfigurationsResult) collect.Doc {
	if x == nil {
		return nil
	}
	enabled := func(s guarddutytypes.DataSourceStatus) collect.Doc {
		return collect.Doc{"Enable": s == guarddutytypes.DataSourceStatusEnabled}
	}
	sources := collect.Doc{}
	if x.S3Logs != nil {
		sources["S3Logs"] = enabled(x.S3Logs.Status)
	}
	if x.Kubernetes != nil && x.Kubernetes.AuditLogs != nil {
		sources["Kubernetes"] = collect.Doc{"AuditLogs": enabled(x.Kubernetes.AuditLogs.Status)}
	}
	if m := x.MalwareProtection; m != nil && m.ScanEc2InstanceWithFindings != nil && m.ScanEc2InstanceWithFindings.EbsVolumes != nil {
		sources["MalwareProtection"] = collect.Doc{"ScanEc2InstanceWithFindings": collect.Doc{
			"EbsVolumes": m.ScanEc2InstanceWithFindings.EbsVolumes.Status == guarddutytypes.DataSourceStatusEnabled,
		}}
	}
	return sources
}
