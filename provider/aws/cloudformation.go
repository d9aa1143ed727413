package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	stacktypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// cloudformationTables read stacks.
func cloudformationTables(u *unit) []collect.Table {
	client := cloudformation.NewFromConfig(u.config("cloudformation"))
	return []collect.Table{{
		Op:    "cloudformation:DescribeStacks",
		Types: []asset.Type{stack},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Stacks {
				ds = append(ds, stackDraft(x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}}
}

func stackDraft(x stacktypes.Stack) *collect.Draft {
	d := collect.NewDraft(stack, aws.ToString(x.StackId), aws.ToString(x.StackName))
	d.Created, d.Incarnation = aws.ToTime(x.CreationTime), awsapi.Name(aws.ToString(x.StackId))
	d.Tags = tagMap(x.Tags, func(t stacktypes.Tag) (key, value *string) { return t.Key, t.Value })
	parameters := collect.Doc{}
	for _, p := range x.Parameters {
		parameters[aws.ToString(p.ParameterKey)] = p.ParameterValue
	}
	d.Config = collect.Doc{
		"ChangeSetId":      x.ChangeSetId,
		"CreationTime":     x.CreationTime,
		"LastUpdateTime":   x.LastUpdatedTime,
		"NotificationARNs": x.NotificationARNs,
		"Outputs":          x.Outputs,
		"Parameters":       parameters,
		"ParentId":         x.ParentId,
		"RootId":           x.RootId,
		"StackId":          x.StackId,
		"StackStatus":      x.StackStatus,
		"TimeoutInMinutes": x.TimeoutInMinutes,
	}
	d.Status = collect.Doc{
		"StackStatusReason":           x.StackStatusReason,
		"EnableTerminationProtection": x.EnableTerminationProtection,
		"DriftInformation":            x.DriftInformation,
	}
	d.Link("role", iamRole, aws.ToString(x.RoleARN))
	d.Link("parent", stack, aws.ToString(x.ParentId))
	return d
}
