package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// simulateAtOnce is how many permissions one call asks for.
const simulateAtOnce = 100

// simulate asks IAM whether permissions are granted to the caller in the account. It
// returns nil if that cannot be asked.
func (s *scan) simulate(ctx context.Context, a *account, permissions []string) map[string]provider.CheckResult {
	client := iam.NewFromConfig(a.session.Config("iam", a.session.Home()))
	principal := s.principal(ctx, a, client)
	if principal == "" {
		return nil
	}
	answers := map[string]provider.CheckResult{}
	for names := range slices.Chunk(permissions, simulateAtOnce) {
		for r, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]iamtypes.EvaluationResult, string, error) {
			out, err := client.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
				PolicySourceArn: &principal, ActionNames: names, Marker: optional(token), MaxItems: aws.Int32(1000),
			})
			if err != nil {
				return nil, "", err
			}
			return out.EvaluationResults, aws.ToString(out.Marker), nil
		}) {
			if err != nil {
				return nil
			}
			answers[aws.ToString(r.EvalActionName)] = decision(&r)
		}
	}
	return answers
}

// decision makes a node of what IAM decided.
func decision(r *iamtypes.EvaluationResult) provider.CheckResult {
	action := aws.ToString(r.EvalActionName)
	switch {
	case r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed:
		return provider.CheckResult{Level: provider.CheckOK, Message: "granted"}
	case r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations:
		return provider.CheckResult{Message: "a service control policy of the organization does not allow it", Action: "except the role from the service control policy"}
	case r.PermissionsBoundaryDecisionDetail != nil && !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary:
		return provider.CheckResult{Message: "the permissions boundary does not allow it", Action: "add " + action + " to the permissions boundary"}
	case r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny:
		return provider.CheckResult{Message: "a policy denies it", Action: "take the denial of " + action + " out of the policies of the role"}
	}
	return provider.CheckResult{Message: "no policy grants it", Action: "add " + action + " to the policies of the role"}
}

// principal returns the ARN of the user or role that looks at an account, empty if
// it is not known or is the root user, whom IAM does not simulate.
func (s *scan) principal(ctx context.Context, a *account, client *iam.Client) string {
	if a.assumed {
		return awsapi.RoleARN(a.session.Partition, a.ID, s.provider.opts.Role.Name)
	}
	caller, err := arn.Parse(a.session.Caller)
	if err != nil {
		return ""
	}
	kind, rest, _ := strings.Cut(caller.Resource, "/")
	switch kind {
	case "user":
		return a.session.Caller
	case "assumed-role":
	default:
		return ""
	}
	if chain := s.provider.opts.Chain; len(chain) > 0 {
		return chain[len(chain)-1].Name
	}
	// The ARN of the session leaves the path of the role out.
	name, _, _ := strings.Cut(rest, "/")
	ctx, cancel := context.WithTimeout(ctx, collect.CallTimeout)
	defer cancel()
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil || out.Role == nil {
		return awsapi.RoleARN(a.session.Partition, a.ID, name)
	}
	return aws.ToString(out.Role.Arn)
}
