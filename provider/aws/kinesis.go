package aws

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// kinesisTables read streams of data.
func kinesisTables(u *unit) []collect.Table {
	client := kinesis.NewFromConfig(u.config("kinesis"))
	return []collect.Table{{
		Op:    "kinesis:ListStreams",
		Types: []asset.Type{kinesisStream},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListStreams(ctx, &kinesis.ListStreamsInput{NextToken: optional(token), Limit: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			if aws.ToBool(out.HasMoreStreams) && aws.ToString(out.NextToken) == "" {
				return nil, "", errors.New("more streams, and no token for them")
			}
			var ds []*collect.Draft
			for _, name := range out.StreamNames {
				d := collect.NewDraft(kinesisStream, u.arn("kinesis", "stream/"+name), name)
				d.Config = collect.Doc{"Arn": d.ID, "Name": name}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "kinesis:DescribeStreamSummary",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &d.ID})
				if err != nil {
					return err
				}
				if out.StreamDescriptionSummary == nil {
					return fmt.Errorf("no description of %s in the answer", d.Name)
				}
				kinesisRead(u, d, out.StreamDescriptionSummary)
				return nil
			},
		}, {
			Op:     "kinesis:GetResourcePolicy",
			Absent: []string{"ResourceNotFoundException"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetResourcePolicy(ctx, &kinesis.GetResourcePolicyInput{ResourceARN: &d.ID})
				if err != nil {
					return err
				}
				d.Access = policyDocument("kinesis:GetResourcePolicy", out.Policy)
				return nil
			},
		}, {
			Op: "kinesis:ListTagsForStream",
			Each: func(ctx context.Context, d *collect.Draft) (err error) {
				tag := func(t kinesistypes.Tag) (key, value *string) { return t.Key, t.Value }
				d.Tags, err = pagedTags(ctx, tag, func(ctx context.Context, last string) ([]kinesistypes.Tag, string, error) {
					out, err := client.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamARN: &d.ID, ExclusiveStartTagKey: optional(last), Limit: aws.Int32(50)})
					switch {
					case err != nil:
						return nil, "", err
					case !aws.ToBool(out.HasMoreTags):
						return out.Tags, "", nil
					case len(out.Tags) == 0:
						return nil, "", errors.New("more tags, and none to go on from")
					}
					return out.Tags, aws.ToString(out.Tags[len(out.Tags)-1].Key), nil
				})
				return err
			},
		}},
	}}
}

func kinesisRead(u *unit, d *collect.Draft, x *kinesistypes.StreamDescriptionSummary) {
	d.Created = aws.ToTime(x.StreamCreationTimestamp)
	d.Incarnation = incarnationAt(d.Created)
	var encryption collect.Doc
	if x.EncryptionType == kinesistypes.EncryptionTypeKms {
		encryption = collect.Doc{"EncryptionType": x.EncryptionType, "KeyId": x.KeyId}
		d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KeyId)))
	}
	metrics := []kinesistypes.MetricsName{}
	for _, m := range x.EnhancedMonitoring {
		metrics = append(metrics, m.ShardLevelMetrics...)
	}
	d.Config["DesiredShardLevelMetrics"] = metrics
	d.Config["MaxRecordSizeInKiB"] = x.MaxRecordSizeInKiB
	d.Config["RetentionPeriodHours"] = x.RetentionPeriodHours
	d.Config["ShardCount"] = x.OpenShardCount
	d.Config["StreamEncryption"] = encryption
	d.Config["StreamModeDetails"] = x.StreamModeDetails
	d.Config["WarmThroughputObject"] = x.WarmThroughput
	d.Config["WarmThroughputMiBps"] = nil
	if x.WarmThroughput != nil {
		d.Config["WarmThroughputMiBps"] = x.WarmThroughput.TargetMiBps
	}
	d.Status = collect.Doc{"StreamStatus": x.StreamStatus, "StreamCreationTimestamp": x.StreamCreationTimestamp, "OpenShardCount": x.OpenShardCount}
}
