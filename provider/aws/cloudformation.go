package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	stacktypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/openstance/stance/asset"
)

const stack asset.Type = "AWS::CloudFormation::Stack"

// cloudformationTables read stacks.
func cloudformationTables(u *unit) []table {
	client := cloudformation.NewFromConfig(u.config("cloudformation"))
	return []table{{
		op:    "cloudformation:DescribeStacks",
		types: []asset.Type{stack},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Stacks {
				ds = append(ds, stackDraft(x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}}
}

func stackDraft(x stacktypes.Stack) *draft {
	d := newDraft(stack, aws.ToString(x.StackId), aws.ToString(x.StackName))
	d.created, d.incarnation = aws.ToTime(x.CreationTime), arnName(aws.ToString(x.StackId))
	d.tags = tagMap(x.Tags, func(t stacktypes.Tag) (key, value *string) { return t.Key, t.Value })
	parameters := doc{}
	for _, p := range x.Parameters {
		parameters[aws.ToString(p.ParameterKey)] = p.ParameterValue
	}
	d.config = doc{
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
	d.status = doc{
		"StackStatusReason":           x.StackStatusReason,
		"EnableTerminationProtection": x.EnableTerminationProtection,
		"DriftInformation":            x.DriftInformation,
	}
	d.link("role", iamRole, aws.ToString(x.RoleARN))
	d.link("parent", stack, aws.ToString(x.ParentId))
	return d
}
