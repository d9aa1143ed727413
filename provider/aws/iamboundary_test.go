package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// TestBoundaryThatNobodyHas reads a policy of AWS that is a boundary and attached to
// nobody, which IAM leaves out of the details of the account.
func TestBoundaryThatNobodyHas(t *testing.T) {
	const power, read = "arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"
	role := func(name, boundary string) iamtypes.RoleDetail {
		return iamtypes.RoleDetail{
			Arn: aws.String("arn:aws:iam::123456789012:role/" + name), RoleName: &name, RoleId: &name, CreateDate: &observed, AssumeRolePolicyDocument: aws.String("%7B%7D"),
			PermissionsBoundary: &iamtypes.AttachedPermissionsBoundary{PermissionsBoundaryArn: &boundary},
		}
	}
	x := offline(t)
	x.says("IAM:GetAccountAuthorizationDetails", &iam.GetAccountAuthorizationDetailsOutput{
		RoleDetailList: []iamtypes.RoleDetail{role("a", power), role("b", power), role("c", read), role("d", "arn:aws:iam::123456789012:policy/own")},
		Policies: []iamtypes.ManagedPolicyDetail{{
			Arn: aws.String(read), PolicyName: aws.String("ReadOnlyAccess"), PolicyVersionList: []iamtypes.PolicyVersion{{Document: aws.String("%7B%7D"), IsDefaultVersion: true}},
		}},
	})
	x.says("IAM:GetPolicy", &iam.GetPolicyOutput{Policy: &iamtypes.Policy{Arn: aws.String(power), DefaultVersionId: aws.String("v7"), Path: aws.String("/")}})
	x.says("IAM:GetPolicyVersion", &iam.GetPolicyVersionOutput{PolicyVersion: &iamtypes.PolicyVersion{Document: aws.String("%7B%22Version%22%3A%222012-10-17%22%7D")}})
	inv := x.collect(t, iamRole, iamManagedPolicy)
	require.Empty(t, gapTexts(inv))
	a := named(t, inv, iamManagedPolicy, "PowerUserAccess")
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "aws"}, a.Scope)
	assertJSON(t, `{"Version":"2012-10-17"}`, a.Config.Get("PolicyDocument"))
	assertJSON(t, `"v7"`, a.Config.Get("DefaultVersionId"))
	assert.Equal(t, 1, x.calls.n["IAM:GetPolicyVersion"], "the other policies are among the details")

	x.fail(denied, "IAM:GetPolicyVersion")
	inv = x.collect(t, iamRole, iamManagedPolicy)
	assertUnread(t, "iam:GetPolicyVersion", "AccessDenied", named(t, inv, iamManagedPolicy, "PowerUserAccess").Config.Get("PolicyDocument"))

	x.says("IAM:GetPolicy", &iam.GetPolicyOutput{})
	inv = x.collect(t, iamRole, iamManagedPolicy)
	assert.NotNil(t, named(t, inv, iamManagedPolicy, "PowerUserAccess").Config.Get("PolicyDocument").Unread())
}
