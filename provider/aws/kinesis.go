package aws

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/openstance/stance/asset"
)

const kinesisStream asset.Type = "AWS::Kinesis::Stream"

// kinesisTables read streams of data.
func kinesisTables(u *unit) []table {
	client := kinesis.NewFromConfig(u.config("kinesis"))
	return []table{{
		op:    "kinesis:ListStreams",
		types: []asset.Type{kinesisStream},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListStreams(ctx, &kinesis.ListStreamsInput{NextToken: optional(token), Limit: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			if aws.ToBool(out.HasMoreStreams) && aws.ToString(out.NextToken) == "" {
				return nil, "", errors.New("more streams, and no token for them")
			}
			var ds []*draft
			for _, name := range out.StreamNames {
				d := newDraft(kinesisStream, u.arn("kinesis", "stream/"+name), name)
				d.config = doc{"Arn": d.ID, "Name": name}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op: "kinesis:DescribeStreamSummary",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &d.ID})
				if err != nil {
					return err
				}
				if out.StreamDescriptionSummary == nil {
					return fmt.Errorf("no description of %s in the answer", d.name)
				}
				kinesisRead(u, d, out.StreamDescriptionSummary)
				return nil
			},
		}, {
			op:     "kinesis:GetResourcePolicy",
			absent: []string{"ResourceNotFoundException"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetResourcePolicy(ctx, &kinesis.GetResourcePolicyInput{ResourceARN: &d.ID})
				if err != nil {
					return err
				}
				d.access = policyDocument("kinesis:GetResourcePolicy", out.Policy)
				return nil
			},
		}, {
			op: "kinesis:ListTagsForStream",
			each: func(ctx context.Context, d *draft) (err error) {
				tag := func(t kinesistypes.Tag) (key, value *string) { return t.Key, t.Value }
				d.tags, err = pagedTags(ctx, tag, func(ctx context.Context, last string) ([]kinesistypes.Tag, string, error) {
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

func kinesisRead(u *unit, d *draft, x *kinesistypes.StreamDescriptionSummary) {
	d.created = aws.ToTime(x.StreamCreationTimestamp)
	d.incarnation = incarnationAt(d.created)
	var encryption doc
	if x.EncryptionType == kinesistypes.EncryptionTypeKms {
		encryption = doc{"EncryptionType": x.EncryptionType, "KeyId": x.KeyId}
		d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KeyId)))
	}
	metrics := []kinesistypes.MetricsName{}
	for _, m := range x.EnhancedMonitoring {
		metrics = append(metrics, m.ShardLevelMetrics...)
	}
	d.config["DesiredShardLevelMetrics"] = metrics
	d.config["MaxRecordSizeInKiB"] = x.MaxRecordSizeInKiB
	d.config["RetentionPeriodHours"] = x.RetentionPeriodHours
	d.config["ShardCount"] = x.OpenShardCount
	d.config["StreamEncryption"] = encryption
	d.config["StreamModeDetails"] = x.StreamModeDetails
	d.config["WarmThroughputObject"] = x.WarmThroughput
	d.config["WarmThroughputMiBps"] = nil
	if x.WarmThroughput != nil {
		d.config["WarmThroughputMiBps"] = x.WarmThroughput.TargetMiBps
	}
	d.status = doc{"StreamStatus": x.StreamStatus, "StreamCreationTimestamp": x.StreamCreationTimestamp, "OpenShardCount": x.OpenShardCount}
}
