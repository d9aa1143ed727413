package aws

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// boundaryPolicies are the policies of AWS that are permissions boundaries in an account,
// and whether they are among its details.
type boundaryPolicies map[string]bool

func (b *boundaryPolicies) note(arn string, listed bool) {
	if !ofAWS(arn) {
		return
	}
	if *b == nil {
		*b = boundaryPolicies{}
	}
	(*b)[arn] = (*b)[arn] || listed
}

func (b *boundaryPolicies) use(x *iamtypes.AttachedPermissionsBoundary) {
	if x != nil {
		b.note(aws.ToString(x.PermissionsBoundaryArn), false)
	}
}

func (b *boundaryPolicies) list(arn string) { b.note(arn, true) }

// drafts returns the policies that are not among the details.
func (b boundaryPolicies) drafts() []*collect.Draft {
	var ds []*collect.Draft
	for _, arn := range slices.Sorted(maps.Keys(b)) {
		if !b[arn] {
			d := collect.NewDraft(iamManagedPolicy, arn, awsapi.Name(arn))
			d.Config = collect.Doc{"PolicyArn": arn, "ManagedPolicyName": d.Name}
			ds = append(ds, d)
		}
	}
	return ds
}

// readBoundary reads the default version of a policy.
func readBoundary(ctx context.Context, client *iam.Client, d *collect.Draft) error {
	out, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &d.ID})
	if err != nil {
		return err
	}
	x := out.Policy
	if x == nil || x.DefaultVersionId == nil {
		return unread("iam:GetPolicy", collect.CodeMalformed, "no policy in the answer")
	}
	version, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &d.ID, VersionId: x.DefaultVersionId})
	if err != nil {
		return err
	}
	if version.PolicyVersion == nil || version.PolicyVersion.Document == nil {
		return unread("iam:GetPolicyVersion", collect.CodeMalformed, "no document in the answer")
	}
	d.Created, d.Incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.PolicyId)
	for key, value := range map[string]any{
		"PolicyId": x.PolicyId, "Path": x.Path, "Description": x.Description, "DefaultVersionId": x.DefaultVersionId,
		"IsAttachable": x.IsAttachable, "CreateDate": x.CreateDate, "UpdateDate": x.UpdateDate,
	} {
		d.Config[key] = value
	}
	d.Config["PolicyDocument"] = policyDocument("iam:GetPolicyVersion", version.PolicyVersion.Document)
	return nil
}
