package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/openstance/stance/asset"
)

const eventBus asset.Type = "AWS::Events::EventBus"

// eventTables read buses of events.
func eventTables(u *unit) []table {
	client := eventbridge.NewFromConfig(u.config("events"))
	return []table{{
		op:    "events:ListEventBuses",
		types: []asset.Type{eventBus},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{NextToken: optional(token), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.EventBuses {
				ds = append(ds, eventBusDraft(x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op: "events:DescribeEventBus",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &d.ID})
				if err != nil {
					return err
				}
				d.config["DeadLetterConfig"] = out.DeadLetterConfig
				d.config["Description"] = out.Description
				d.config["KmsKeyIdentifier"] = out.KmsKeyIdentifier
				d.config["LogConfig"] = out.LogConfig
				d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(out.KmsKeyIdentifier)))
				return nil
			},
		}, {
			op: "events:ListTagsForResource",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: &d.ID})
				if err != nil {
					return err
				}
				d.tags = tagMap(out.Tags, func(t eventtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func eventBusDraft(x eventtypes.EventBus) *draft {
	name := aws.ToString(x.Name)
	d := newDraft(eventBus, aws.ToString(x.Arn), name)
	d.created = aws.ToTime(x.CreationTime)
	d.incarnation = incarnationAt(d.created) // the default bus does not tell it
	d.access = policyDocument("events:ListEventBuses", x.Policy)
	var source any
	if strings.HasPrefix(name, "aws.partner/") {
		source = name // the bus of a partner's events has the name of their source
	}
	d.config = doc{"Arn": x.Arn, "EventSourceName": source, "Name": name, "Policy": d.access}
	d.status = doc{"CreationTime": x.CreationTime, "LastModifiedTime": x.LastModifiedTime}
	return d
}
