package aws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/openstance/stance/asset"
)

const guardDutyDetector asset.Type = "AWS::GuardDuty::Detector"

// guardDutyTables read the detector of a region.
func guardDutyTables(u *unit) []table {
	client := guardduty.NewFromConfig(u.config("guardduty"))
	return []table{{
		op:    "guardduty:ListDetectors",
		types: []asset.Type{guardDutyDetector},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListDetectors(ctx, &guardduty.ListDetectorsInput{NextToken: optional(token), MaxResults: aws.Int32(50)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, id := range out.DetectorIds {
				d := newDraft(guardDutyDetector, u.arn("guardduty", "detector/"+id), id)
				d.key, d.incarnation = id, id
				d.config = doc{"Id": id}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op: "guardduty:GetDetector",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &d.key})
				if err != nil {
					return err
				}
				d.tags = out.Tags
				if d.tags == nil {
					d.tags = map[string]string{}
				}
				if at, err := time.Parse(time.RFC3339, aws.ToString(out.CreatedAt)); err == nil {
					d.created = at
				}
				d.config["Enable"] = out.Status == guarddutytypes.DetectorStatusEnabled
				d.config["DataSources"] = detectorSources(out.DataSources)
				d.config["Features"] = out.Features
				d.config["FindingPublishingFrequency"] = out.FindingPublishingFrequency
				d.status = doc{"CreatedAt": out.CreatedAt, "UpdatedAt": out.UpdatedAt, "ServiceRole": out.ServiceRole}
				return nil
			},
		}},
	}}
}

// detectorSources returns the sources of a detector that CloudFormation has, which are
// states in the API and switches there.
func detectorSources(x *guarddutytypes.DataSourceConfigurationsResult) doc {
	if x == nil {
		return nil
	}
	enabled := func(s guarddutytypes.DataSourceStatus) doc {
		return doc{"Enable": s == guarddutytypes.DataSourceStatusEnabled}
	}
	sources := doc{}
	if x.S3Logs != nil {
		sources["S3Logs"] = enabled(x.S3Logs.Status)
	}
	if x.Kubernetes != nil && x.Kubernetes.AuditLogs != nil {
		sources["Kubernetes"] = doc{"AuditLogs": enabled(x.Kubernetes.AuditLogs.Status)}
	}
	if m := x.MalwareProtection; m != nil && m.ScanEc2InstanceWithFindings != nil && m.ScanEc2InstanceWithFindings.EbsVolumes != nil {
		sources["MalwareProtection"] = doc{"ScanEc2InstanceWithFindings": doc{
			"EbsVolumes": m.ScanEc2InstanceWithFindings.EbsVolumes.Status == guarddutytypes.DataSourceStatusEnabled,
		}}
	}
	return sources
}
