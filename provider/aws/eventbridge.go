package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// eventTables read buses of events.
func eventTables(u *unit) []collect.Table {
	client := eventbridge.NewFromConfig(u.config("events"))
	return []collect.Table{{
		Op:    "events:ListEventBuses",
		Types: []asset.Type{eventBus},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{NamePrefix: optional(u.onlyName("event-bus/", eventBus)), NextToken: optional(token), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.EventBuses {
				ds = append(ds, eventBusDraft(x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "events:DescribeEventBus",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &d.ID})
				if err != nil {
					return err
				}
				d.Config["DeadLetterConfig"] = out.DeadLetterConfig
				d.Config["Description"] = out.Description
				d.Config["KmsKeyIdentifier"] = out.KmsKeyIdentifier
				d.Config["LogConfig"] = out.LogConfig
				d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(out.KmsKeyIdentifier)))
				return nil
			},
		}, {
			Op: "events:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForResource(ctx, &eventbridge.ListTagsForResourceInput{ResourceARN: &d.ID})
				if err != nil {
					return err
				}
				d.Tags = tagMap(out.Tags, func(t eventtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func eventBusDraft(x eventtypes.EventBus) *collect.Draft {
	name := aws.ToString(x.Name)
	d := collect.NewDraft(eventBus, aws.ToString(x.Arn), name)
	d.Created = aws.ToTime(x.CreationTime)
	d.Incarnation = incarnationAt(d.Created) // the default bus does not tell it
	d.Access = policyDocument("events:ListEventBuses", x.Policy)
	var source any
	if strings.HasPrefix(name, "aws.partner/") {
		source = name // the bus of a partner's events has the name of their source
	}
	d.Config = collect.Doc{"Arn": x.Arn, "EventSourceName": source, "Name": name, "Policy": d.Access}
	d.Status = collect.Doc{"CreationTime": x.CreationTime, "LastModifiedTime": x.LastModifiedTime}
	return d
}
