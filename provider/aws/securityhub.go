package aws

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/openstance/stance/asset"
)

const securityHub asset.Type = "AWS::SecurityHub::Hub"

// securityHubTables read the hub of a region.
func securityHubTables(u *unit) []table {
	client := securityhub.NewFromConfig(u.config("securityhub"))
	return []table{{
		op:     "securityhub:DescribeHub",
		types:  []asset.Type{securityHub},
		absent: []string{"ResourceNotFoundException"},
		list: func(ctx context.Context, _ string) ([]*draft, string, error) {
			out, err := client.DescribeHub(ctx, &securityhub.DescribeHubInput{})
			switch {
			case notSubscribed(err):
				return nil, "", nil
			case err != nil:
				return nil, "", err
			}
			d := newDraft(securityHub, aws.ToString(out.HubArn), arnName(aws.ToString(out.HubArn)))
			if at, err := time.Parse(time.RFC3339, aws.ToString(out.SubscribedAt)); err == nil {
				d.created = at
			}
			d.config = doc{
				"ARN":                     out.HubArn,
				"AutoEnableControls":      out.AutoEnableControls,
				"ControlFindingGenerator": out.ControlFindingGenerator,
				"SubscribedAt":            out.SubscribedAt,
			}
			return []*draft{d}, "", nil
		},
		reads: []read{{
			op: "securityhub:ListTagsForResource",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListTagsForResource(ctx, &securityhub.ListTagsForResourceInput{ResourceArn: &d.ID})
				if err != nil {
					return err
				}
				if d.tags = out.Tags; d.tags == nil {
					d.tags = map[string]string{}
				}
				return nil
			},
		}},
	}}
}

// notSubscribed reports whether an error says that Security Hub is not switched on.
// The code of that stands for a lack of permission, too.
func notSubscribed(err error) bool {
	var access *hubtypes.InvalidAccessException
	return errors.As(err, &access) && strings.Contains(access.ErrorMessage(), "not subscribed")
}
