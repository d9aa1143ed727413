package iam

import (
	"slices"
	"strings"
)

// issuer is an identity provider that signs tokens for all its users, whom only claims
// distinguish.
type issuer struct {
	host   string
	claims []string // that name the customer, in lower case
}

func (i issuer) limits(claim string) bool { return slices.Contains(i.claims, claim) }

// sharedIssuer returns the shared provider with a host, or that a condition key or
// a principal names.
func sharedIssuer(host string) (issuer, bool) {
	switch host = strings.ToLower(host); host {
	case "token.actions.githubusercontent.com":
		return issuer{host, []string{"sub", "repository", "repository_id", "repository_owner", "repository_owner_id", "job_workflow_ref"}}, true
	case "gitlab.com":
		return issuer{host, []string{"sub", "namespace_id", "namespace_path", "project_id", "project_path"}}, true
	case "app.terraform.io":
		return issuer{host, []string{"sub", "terraform_organization_id", "terraform_organization_name"}}, true
	case "agent.buildkite.com":
		return issuer{host, []string{"sub", "organization_slug", "organization_id"}}, true
	case "cognito-identity.amazonaws.com":
		return issuer{host, []string{"aud", "sub"}}, true
	case "accounts.google.com":
		return issuer{host, []string{"aud", "azp", "oaud", "sub"}}, true
	case "www.amazon.com":
		return issuer{host, []string{"app_id", "user_id"}}, true
	case "graph.facebook.com":
		return issuer{host, []string{"app_id", "id"}}, true
	}
	return issuer{}, false
}
