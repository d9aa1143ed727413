package iam

// The tables follow the IAM User Guide, "Identity-provider controls for shared OIDC
// providers", as of October 2025, which names the claim that a trust policy has to
// compare for each provider, and the documentation of the providers for the other claims
// that name a customer, and for the issuers that are made for one tenant.

// sharedIssuers are the identity providers that sign tokens for all their customers,
// by host and path in lower case, with the claims that name the customer.
var sharedIssuers = []struct {
	issuer string
	claims []string
}{
	{"accounts.google.com", []string{"aud", "azp", "oaud", "sub"}},
	{"agent.buildkite.com", []string{"sub", "organization_slug", "organization_id"}},
	{"api.pulumi.com/oidc", []string{"aud", "sub"}},
	{"app.terraform.io", []string{"sub", "terraform_organization_id", "terraform_organization_name"}},
	{"cognito-identity.amazonaws.com", []string{"aud", "sub"}},
	{"gitlab.com", []string{"sub", "namespace_id", "namespace_path", "project_id", "project_path"}},
	{"graph.facebook.com", []string{"app_id", "id"}},
	{"oidc-configuration.audit-log.githubusercontent.com", []string{"sub"}},
	{"oidc.codefresh.io", []string{"sub", "account_id"}},
	{"oidc.vercel.com", []string{"aud", "sub", "owner", "owner_id"}},
	{"proidc.upbound.io", []string{"sub"}},
	{"rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7", []string{"sub"}}, // IBM Turbonomic
	{"rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr", []string{"sub"}},
	{"rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg", []string{"sub"}},
	{"rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26", []string{"sub"}},
	{"sandboxes.cloud", []string{"aud"}},
	{"scalr.io", []string{"sub"}},
	{"studio.datachain.ai/api", []string{"sub"}},
	{"sts.windows.net/" + sentinelTenant, nil}, // the workspace is the name of the session
	{"token.actions.githubusercontent.com", []string{"sub", "repository", "repository_id", "repository_owner", "repository_owner_id", "job_workflow_ref"}},
	{"tokens.cloud.shisho.dev", []string{"sub"}},
	{"vstoken.actions.githubusercontent.com", []string{"sub"}},
	{"www.amazon.com", []string{"app_id", "user_id"}},
}

// sentinelTenant is Microsoft's tenant that signs the tokens of Microsoft Sentinel for
// all its customers.
const sentinelTenant = "33e01921-4d64-4f8c-a055-5bdaffd5e33d"

// tenantIssuers are patterns of the identity providers that sign tokens for the one
// tenant that they name.
var tenantIssuers = []string{
	"oidc.eks.*.amazonaws.com/id/?*", "oidc.eks.*.amazonaws.com.cn/id/?*", // a cluster
	"oidc-eks.*.api.aws/id/?*",
	"container.googleapis.com/v1/projects/?*/locations/?*/clusters/?*",
	"rh-oidc.s3.*.amazonaws.com/?*", "oidc.op1.openshiftapps.com/?*", "rh-oidc-*.s3.*.amazonaws.com/?*",
	"*.oic.prod-aks.azure.com/?*",
	"cognito-idp.*.amazonaws.com/?*", "cognito-idp.*.amazonaws.com.cn/?*", // a user pool
	"sts.windows.net/?*", "login.microsoftonline.com/?*/v2.0", // a directory
	"*.okta.com", "*.okta.com/oauth2/?*", "*.auth0.com", "*.onelogin.com/oidc/?*",
	"token.actions.githubusercontent.com/?*", "token.actions.*.ghe.com", // an enterprise
	"oidc.circleci.com/org/?*",
	"api.bitbucket.org/2.0/workspaces/?*/pipelines-config/identity/oidc",
	"oidc.vercel.com/?*",
	"*.s3.amazonaws.com", "*.s3.*.amazonaws.com", "*.s3.*.amazonaws.com/?*", "s3.*.amazonaws.com/?*", // of a bucket
}
