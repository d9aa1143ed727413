package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// configTables read what records configurations, and where the records go. A region
// has at most one of each that the customer made.
func configTables(u *unit) []collect.Table {
	client := configservice.NewFromConfig(u.config("config"))
	status := collect.Once(func(ctx context.Context) (map[string]configtypes.ConfigurationRecorderStatus, error) {
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
	return []collect.Table{{
		Op:     "config:DescribeConfigurationRecorders",
		Types:  []asset.Type{configRecorder},
		Absent: []string{(&configtypes.NoSuchConfigurationRecorderException{}).ErrorCode()},
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			names := u.onlyNames("configuration-recorder/", configRecorder)
			for i := range names {
				names[i], _, _ = strings.Cut(names[i], "/") // a number follows
			}
			out, err := client.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{ConfigurationRecorderNames: names})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.ConfigurationRecorders {
				ds = append(ds, recorderDraft(u, x))
			}
			return ds, "", nil
		},
		Reads: []collect.Read{{
			Op: statusOp,
			Each: func(ctx context.Context, d *collect.Draft) error {
				byName, err := status(ctx)
				if err != nil {
					return err
				}
				s, ok := byName[d.Name]
				if !ok {
					return unread(statusOp, codeNotListed, "the recorder is not in the list")
				}
				d.Status = collect.Doc{
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
		Op:     "config:DescribeDeliveryChannels",
		Types:  []asset.Type{configChannel},
		Absent: []string{(&configtypes.NoSuchDeliveryChannelException{}).ErrorCode()},
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{DeliveryChannelNames: u.onlyNames("delivery-channel/", configChannel)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DeliveryChannels {
				name := aws.ToString(x.Name)
				// There is no ARN of a channel; this is what one would be.
				d := collect.NewDraft(configChannel, u.arn("config", "delivery-channel/"+name), name)
				d.Page = ""
				d.Config = collect.Doc{
					"Name":                             name,
					"ConfigSnapshotDeliveryProperties": x.ConfigSnapshotDeliveryProperties,
					"S3BucketName":                     x.S3BucketName,
					"S3KeyPrefix":                      x.S3KeyPrefix,
					"S3KmsKeyArn":                      x.S3KmsKeyArn,
					"SnsTopicARN":                      x.SnsTopicARN,
				}
				if x.S3BucketName != nil {
					d.Link("logs_to", s3Bucket, "arn:"+u.account.session.Partition+":s3:::"+*x.S3BucketName)
				}
				d.Link("notifies", snsTopic, aws.ToString(x.SnsTopicARN))
				ds = append(ds, d)
			}
			return ds, "", nil
		},
	}}
}

func recorderDraft(u *unit, x configtypes.ConfigurationRecorder) *collect.Draft {
	name := aws.ToString(x.Name)
	id := aws.ToString(x.Arn)
	if id == "" {
		id = u.arn("config", "configuration-recorder/"+name)
	}
	d := collect.NewDraft(configRecorder, id, name)
	d.Page = aws.ToString(x.Arn)
	d.Config = collect.Doc{
		"Id":             name,
		"Name":           name,
		"ResourceARN":    x.Arn,
		"RoleARN":        x.RoleARN,
		"RecordingGroup": x.RecordingGroup,
		"RecordingMode":  x.RecordingMode,
	}
	d.Link("role", iamRole, aws.ToString(x.RoleARN))
	return d
}
