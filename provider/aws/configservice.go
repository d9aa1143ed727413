package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/openstance/stance/asset"
)

const (
	configRecorder asset.Type = "AWS::Config::ConfigurationRecorder"
	configChannel  asset.Type = "AWS::Config::DeliveryChannel"
)

// configTables read what records configurations, and where the records go. A region
// has at most one of each that the customer made.
func configTables(u *unit) []table {
	client := configservice.NewFromConfig(u.config("config"))
	status := once(func(ctx context.Context) (map[string]configtypes.ConfigurationRecorderStatus, error) {
		out, err := client.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
		if err != nil {
			return nil, err
		}
		byName := map[string]configtypes.ConfigurationRecorderStatus{}
		for _, s := range out.ConfigurationRecordersStatus {
			byName[aws.ToString(s.Name)] = s
		}
		return byName, nil
	})
	const statusOp = "config:DescribeConfigurationRecorderStatus"
	return []table{{
		op:    "config:DescribeConfigurationRecorders",
		types: []asset.Type{configRecorder},
		list: func(ctx context.Context, _ string) ([]*draft, string, error) {
			out, err := client.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.ConfigurationRecorders {
				ds = append(ds, recorderDraft(u, x))
			}
			return ds, "", nil
		},
		reads: []read{{
			op: statusOp,
			each: func(ctx context.Context, d *draft) error {
				byName, err := status(ctx)
				if err != nil {
					return err
				}
				s, ok := byName[d.name]
				if !ok {
					return &asset.Unread{Op: statusOp, Code: codeNotListed, Message: "the recorder is not in the list"}
				}
				d.status = doc{
					"Recording":            s.Recording,
					"LastStatus":           s.LastStatus,
					"LastStartTime":        s.LastStartTime,
					"LastStopTime":         s.LastStopTime,
					"LastErrorCode":        s.LastErrorCode,
					"LastErrorMessage":     s.LastErrorMessage,
					"LastStatusChangeTime": s.LastStatusChangeTime,
				}
				return nil
			},
		}},
	}, {
		op:    "config:DescribeDeliveryChannels",
		types: []asset.Type{configChannel},
		list: func(ctx context.Context, _ string) ([]*draft, string, error) {
			out, err := client.DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.DeliveryChannels {
				name := aws.ToString(x.Name)
				// There is no ARN of a channel; this is what one would be.
				d := newDraft(configChannel, u.arn("config", "delivery-channel/"+name), name)
				d.page = ""
				d.config = doc{
					"Name":                             name,
					"ConfigSnapshotDeliveryProperties": x.ConfigSnapshotDeliveryProperties,
					"S3BucketName":                     x.S3BucketName,
					"S3KeyPrefix":                      x.S3KeyPrefix,
					"S3KmsKeyArn":                      x.S3KmsKeyArn,
					"SnsTopicARN":                      x.SnsTopicARN,
				}
				if x.S3BucketName != nil {
					d.link("logs_to", s3Bucket, "arn:"+u.account.partition+":s3:::"+*x.S3BucketName)
				}
				d.link("notifies", snsTopic, aws.ToString(x.SnsTopicARN))
				ds = append(ds, d)
			}
			return ds, "", nil
		},
	}}
}

func recorderDraft(u *unit, x configtypes.ConfigurationRecorder) *draft {
	name := aws.ToString(x.Name)
	id := aws.ToString(x.Arn)
	if id == "" {
		id = u.arn("config", "configuration-recorder/"+name)
	}
	d := newDraft(configRecorder, id, name)
	d.page = aws.ToString(x.Arn)
	d.config = doc{
		"Id":             name,
		"Name":           name,
		"ResourceARN":    x.Arn,
		"RoleARN":        x.RoleARN,
		"RecordingGroup": x.RecordingGroup,
		"RecordingMode":  x.RecordingMode,
	}
	d.link("role", iamRole, aws.ToString(x.RoleARN))
	return d
}
