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
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// securityHubTables read the hub of a region.
func securityHubTables(u *unit) []collect.Table {
	client := securityhub.NewFromConfig(u.config("securityhub"))
	return []collect.Table{{
		Op:     "securityhub:DescribeHub",
		Types:  []asset.Type{securityHub},
		Absent: []string{"ResourceNotFoundException"},
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeHub(ctx, &securityhub.DescribeHubInput{})
			switch {
			case notSubscribed(err):
				return nil, "", nil
			case err != nil:
				return nil, "", err
			}
			d := collect.NewDraft(securityHub, aws.ToString(out.HubArn), awsapi.Name(aws.ToString(out.HubArn)))
			if at, err := time.Parse(time.RFC3339, aws.ToString(out.SubscribedAt)); err == nil {
				d.Created = at
			}
			d.Config = collect.Doc{
				"ARN":                     out.HubArn,
				"AutoEnableControls":      out.AutoEnableControls,
				"ControlFindingGenerator": out.ControlFindingGenerator,
				"SubscribedAt":            out.SubscribedAt,
			}
			return []*collect.Draft{d}, "", nil
		},
		Reads: []collect.Read{{
			Op: "securityhub:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForResource(ctx, &securityhub.ListTagsForResourceInput{ResourceArn: &d.ID})
				if err != nil {
					return err
				}
				if d.Tags = out.Tags; d.Tags == nil {
					d.Tags = map[string]string{}
				}
				return nil
			},
		}},
	}}
}

// notSubscribed reports whether an error says that Security Hub is not switched on, in one
// of its wordings. The code of that stands for a lack of permission, too.
func notSubscribed(err error) bool {
	var access *hubtypes.InvalidAccessException
	if !errors.As(err, &access) {
		return false
	}
	message := strings.ToLower(access.ErrorMessage())
	return strings.Contains(message, "not subscribed") || strings.Contains(message, "not enabled")
}
