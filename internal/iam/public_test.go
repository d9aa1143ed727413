package iam

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
)

func parse(t testing.TB, s string) asset.Value {
	t.Helper()
	v, err := asset.Parse([]byte(s))
	require.NoError(t, err, "%s", s)
	return v
}

var denied = &asset.Unread{Op: "s3:GetBucketPolicy", Code: "AccessDenied"}

// without returns v with the part at the path unread.
func without(t testing.TB, v asset.Value, p asset.Path) asset.Value {
	t.Helper()
	v, err := v.Set(p, denied.Value())
	require.NoError(t, err)
	return v
}

// allowAll is a document with one statement that allows everybody under a condition.
func allowAll(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":` + condition + `}]}`
}

func TestIsPublicConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		public    bool
	}{
		{`{}`, true},
		{`null`, true},
		// Keys that tell who it is.
		{`{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`, false},
		{`{"StringEquals":{"AWS:SourceOwner":"123456789012"}}`, false},
		{`{"StringEquals":{"aws:PrincipalAccount":["123456789012","210987654321"]}}`, false},
		{`{"StringEquals":{"aws:SourceAccount":123456789012}}`, false},
		{`{"StringEquals":{"kms:CallerAccount":"123456789012","kms:ViaService":"s3.us-east-1.amazonaws.com"}}`, false},
		{`{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}`, true},
		{`{"StringEquals":{"sts:ExternalId":"f00"}}`, false},
		{`{"StringLike":{"sts:ExternalId":"*"}}`, true},
		{`{"StringEquals":{"aws:SourceVpce":"vpce-1a2b"}}`, false},
		{`{"StringEquals":{"aws:SourceVpc":"vpc-1a2b"}}`, false},
		{`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3/*"}}`, false},
		{`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-ab12/*"}}`, true},
		{`{"StringLike":{"aws:userid":"AROAEXAMPLE:*"}}`, false},
		{`{"StringLike":{"aws:userid":"*:somebody"}}`, true},
		{`{"Bool":{"aws:PrincipalIsAWSService":"true"}}`, false},
		{`{"Bool":{"aws:PrincipalIsAWSService":"false"}}`, true},
		{`{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}}`, false},
		// Keys that do not.
		{`{"Bool":{"aws:SecureTransport":"true"}}`, true},
		{`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, true},
		{`{"StringEquals":{"aws:PrincipalTag/team":"a"}}`, true},
		{`{"StringEquals":{"aws:username":"bob"}}`, true},
		{`{"StringEquals":{"aws:ResourceAccount":"123456789012"}}`, true},
		{`{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}`, true},
		{`{"StringLike":{"aws:Referer":"https://example.com/*"}}`, true},
		{`{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}}`, true},
		// Patterns.
		{`{"StringLike":{"aws:PrincipalOrgID":"*"}}`, true},
		{`{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`, true},
		{`{"StringLike":{"aws:PrincipalOrgID":"o-a1b2c3"}}`, false},
		{`{"StringLike":{"aws:SourceVpce":["vpce-1a2b","vpce-*"]}}`, true},
		{`{"StringLike":{"aws:PrincipalAccount":"12345678901?"}}`, true},
		{`{"StringEquals":{"aws:PrincipalOrgID":"*"}}`, false}, // literally: nobody
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:123456789012:*"}}`, false},
		{`{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:*:*:topic"}}`, true},
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:mybucket"}}`, false},
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::my*"}}`, true},
		{`{"ArnLike":{"aws:SourceArn":"*"}}`, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}}`, false},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}`, true},
		// Addresses.
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":"198.51.100.7"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":["198.51.100.0/24","::/0"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"52.0.0.0/7"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"52.0.0.0/8"}}`, false},
		{`{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]}}`, false},
		{`{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`, true},
		// Operators that do not limit.
		{`{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3"}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`, true},
		{`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"},"Null":{"aws:principalorgid":"false"}}`, false},
		{`{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":["o-*"]},"Null":{"aws:PrincipalOrgPaths":false}}`, true},
		{`{"Null":{"aws:PrincipalOrgID":"false"}}`, true},
		{`{"Null":{"aws:PrincipalOrgID":"true"}}`, true},
		{`{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`, true},
		{`{"StringNotLike":{"aws:PrincipalArn":"*"}}`, true}, // the anonymous have none
		{`{"NumericGreaterThan":{"aws:PrincipalAccount":"0"}}`, true},
		// One limit is enough.
		{`{"StringLike":{"aws:PrincipalArn":"*"},"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`, false},
		// Variables.
		{`{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`, false},
		{`{"StringEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}}`, true},
	} {
		got, err := IsPublic(parse(t, allowAll(c.condition)), Facts{})
		require.NoError(t, err, c.condition)
		assert.Equal(t, c.public, got, c.condition)
	}
}

func TestIsPublicStatements(t *testing.T) {
	allow := `{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`
	deny := func(rest string) string {
		return `{"Statement":[` + allow + `,{"Effect":"Deny",` + rest + `}]}`
	}
	everything := `"Principal":"*","Action":"s3:*","Resource":"*"`
	for name, c := range map[string]struct {
		doc    string
		public bool
	}{
		"statement alone":       {`{"Statement":` + allow + `}`, true},
		"no statements":         {`{"Statement":[]}`, false},
		"null":                  {`null`, false},
		"text":                  {`"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"*\"]},\"Action\":\"*\"}}"`, true},
		"encoded text":          {`"%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22%2A%22%7D%7D"`, true},
		"empty text":            {`""`, false},
		"account":               {`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"*"}}`, false},
		"any account":           {`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::*:root"},"Action":"*"}}`, true},
		"service":               {`{"Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"*"}}`, false},
		"any service":           {`{"Statement":{"Effect":"Allow","Principal":{"Service":"*"},"Action":"*"}}`, true},
		"canonical user":        {`{"Statement":{"Effect":"Allow","Principal":{"CanonicalUser":"79a59d"},"Action":"*"}}`, false},
		"everybody but":         {`{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"123456789012"},"Action":"*"}}`, true},
		"nobody":                {`{"Statement":{"Effect":"Allow","Action":"*"}}`, false},
		"only a denial":         {`{"Statement":{"Effect":"Deny","Principal":"*","Action":"*"}}`, false},
		"saml":                  {`{"Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:saml-provider/idp"},"Action":"sts:AssumeRoleWithSAML"}}`, false},
		"cluster's provider":    {`{"Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"},"Action":"sts:AssumeRoleWithWebIdentity"}}`, false},
		"shared provider":       {github(`"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}`), true},
		"owner's repositories":  {github(`"StringLike":{"token.actions.githubusercontent.com:sub":"repo:octo-org/*"}`), false},
		"any repository":        {github(`"StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}`), true},
		"owners of some prefix": {github(`"StringLike":{"token.actions.githubusercontent.com:sub":"repo:octo*/app:*"}`), true},
		"one subject":           {github(`"StringEquals":{"token.actions.githubusercontent.com:sub":"repo:octo-org/app:ref:refs/heads/main"}`), false},
		"identity pool":         {`{"Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:1"}}}}`, false},
		"any identity pool":     {`{"Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}}`, true},

		"denied to all":             {deny(everything), false},
		"denied by everything but":  {deny(`"Principal":"*","NotAction":"kms:*","NotResource":"arn:aws:s3:::other/*"`), false},
		"some actions denied":       {deny(`"Principal":"*","Action":"s3:GetObject","Resource":"*"`), true},
		"some resources denied":     {deny(`"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"`), true},
		"exactly denied":            {deny(`"Principal":"*","Action":["S3:GETOBJECT","s3:List*"],"Resource":"arn:aws:s3:::b*"`), false},
		"denied to some":            {deny(`"Principal":{"AWS":"123456789012"},"Action":"s3:*","Resource":"*"`), true},
		"denied to all but some":    {deny(`"NotPrincipal":{"AWS":"123456789012"},"Action":"s3:*","Resource":"*"`), false},
		"denied to strangers":       {deny(everything + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`), false},
		"denied unless either":      {deny(everything + `,"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"},"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`), false},
		"denied outside everywhere": {deny(everything + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`), true},
		"denied without TLS":        {deny(everything + `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`), true},
		"denied if it has the key":  {deny(everything + `,"Condition":{"ForAnyValue:StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`), true},
		"denied to services too":    {deny(everything + `,"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}`), false},
		"denied to the direct":      {deny(everything + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3"},"Bool":{"aws:ViaAWSService":"false"}}`), true},

		"google":             {`{"bindings":[{"role":"roles/storage.objectViewer","members":["user:a@example.com","allUsers"]}]}`, true},
		"google, accounts":   {`{"bindings":[{"role":"r","members":["allAuthenticatedUsers"]}],"etag":"x"}`, true},
		"google, condition":  {`{"bindings":[{"role":"r","members":["allUsers"],"condition":{"expression":"request.time < timestamp('2020-01-01T00:00:00Z')"}}]}`, true},
		"google, new form":   {`{"bindings":[{"role":"r","members":["principalSet://goog/public:all"]}]}`, true},
		"google, private":    {`{"bindings":[{"role":"r","members":["group:allUsers@example.com"]},{"role":"s"}]}`, false},
		"google, no binding": {`{"etag":"ACAB","version":1}`, false},
		"empty":              {`{}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := IsPublic(parse(t, c.doc), Facts{})
			require.NoError(t, err)
			assert.Equal(t, c.public, got)
		})
	}
	got, err := IsPublic(asset.Value{}, Facts{})
	require.NoError(t, err)
	assert.False(t, got, "absent")
}

func github(condition string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` + condition + `}}}`
}

func TestSharedIssuers(t *testing.T) {
	for _, c := range []struct{ principal, host, limiting, other string }{
		{"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", "token.actions.githubusercontent.com", "repository_owner", "actor"},
		{"arn:aws:iam::123456789012:oidc-provider/gitlab.com", "gitlab.com", "sub", "aud"},
		{"arn:aws:iam::123456789012:oidc-provider/app.terraform.io", "app.terraform.io", "sub", "aud"},
		{"arn:aws:iam::123456789012:oidc-provider/agent.buildkite.com", "agent.buildkite.com", "organization_slug", "aud"},
		{"cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com", "aud", "amr"},
		{"accounts.google.com", "accounts.google.com", "aud", "email"},
		{"www.amazon.com", "www.amazon.com", "app_id", "scope"},
		{"graph.facebook.com", "graph.facebook.com", "app_id", "scope"},
	} {
		for _, claim := range []string{c.limiting, c.other} {
			got, err := IsPublic(parse(t, fmt.Sprintf(`{"Statement":{"Effect":"Allow","Principal":{"Federated":%q},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"%s:%s":"x"}}}}`, c.principal, c.host, claim)), Facts{})
			require.NoError(t, err)
			assert.Equal(t, claim == c.other, got, "%s:%s", c.host, claim)
		}
	}
}

func TestIsPublicUnread(t *testing.T) {
	private := `{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"s3:*","Resource":"arn:aws:s3:::b"}`
	public := `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}`
	conditional := `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1","aws:SourceVpce":"vpce-1"}}}`
	denial := `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}`
	two := func(a, b string) string { return `{"Statement":[` + a + `,` + b + `]}` }
	const unread = "unread"
	for _, c := range []struct {
		doc  string
		path asset.Path
		want string
	}{
		{two(public, private), "Statement[1]", unread}, // it could deny
		{two(private, private), "Statement[1]", unread},
		{two(private, private), "Statement", unread},
		{two(private, private), "Statement[1].Effect", "false"}, // its principal decides
		{two(private, private), "Statement[1].Principal", unread},
		{two(private, private), "Statement[1].Principal.AWS", unread},
		{two(private, denial), "Statement[1].Principal", "false"},
		{two(private, private), "Statement[1].Action", "false"},
		{two(private, public), "Statement[1].Effect", unread},
		{two(private, public), "Statement[1].Action", "true"},
		{two(private, conditional), "Statement[1].Condition", unread},
		{two(private, conditional), "Statement[1].Condition.StringEquals[\"aws:PrincipalOrgID\"]", "false"},
		{two(public, denial), "Statement[1]", unread},
		{two(public, denial), "Statement[1].Effect", unread},
		{two(public, private), "Statement[1].Effect", "true"}, // its principal decides
		{two(public, denial), "Statement[1].Principal", unread},
		{two(public, denial), "Statement[1].Resource", unread},
		{two(public, denial), "Statement[0].Resource", unread},
		{`{"bindings":[{"role":"r","members":["allUsers"]},{"role":"s","members":["user:a@b.c"]}]}`, "bindings[1]", "true"},
		{`{"bindings":[{"role":"r","members":["allUsers"]},{"role":"s","members":["user:a@b.c"]}]}`, "bindings[0].role", "true"},
		{`{"bindings":[{"role":"r","members":["allUsers"]},{"role":"s","members":["user:a@b.c"]}]}`, "bindings[0].members", unread},
		{`{"bindings":[{"role":"r","members":["a"]},{"role":"s","members":["b"]}]}`, "bindings", unread},
	} {
		name := fmt.Sprint(c.doc, " without ", c.path)
		got, err := IsPublic(without(t, parse(t, c.doc), c.path), Facts{})
		if c.want == unread {
			var u *asset.Unread
			require.ErrorAs(t, err, &u, name)
			assert.Equal(t, denied, u, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, fmt.Sprint(got), name)
	}
	_, err := IsPublic(denied.Value(), Facts{})
	assert.Equal(t, denied, err)

	doc := parse(t, two(private, conditional))
	kept, err := doc.Project("Statement[0]")
	require.NoError(t, err)
	_, err = IsPublic(kept, Facts{})
	var u *asset.Unread
	require.ErrorAs(t, err, &u)
	kept, err = doc.Project("Version")
	require.NoError(t, err)
	_, err = IsPublic(kept, Facts{})
	require.ErrorAs(t, err, &u)
}

func TestMalformed(t *testing.T) {
	for _, doc := range []string{
		`[]`, `7`, `"nonsense"`, `"%zz"`, `{"Version":"2012-10-17"}`, `{"Statement":7}`, `{"Statement":[7]}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","action":"*"}}`,
		`{"Statement":{"Effect":"allow","Principal":"*","Action":"*"}}`,
		`{"Statement":{"Principal":"*","Action":"*"}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*"}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","NotAction":"*"}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringSmells":{"aws:SourceVpc":"x"}}}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"Null:IfExists":{"aws:SourceVpc":"x"}}}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":"x"}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":"x"}}}`,
		`{"Statement":{"Effect":"Allow","Principal":["*"],"Action":"*"}}`,
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":{"x":"y"}},"Action":"*"}}`,
		`{"Statement":{"Effect":"Allow","Principal":"` + strings.Repeat("x", maxPattern+1) + `","Action":"*"}}`,
		`{"bindings":7}`, `{"bindings":[7]}`, `{"bindings":[{"members":["user:a@b.c"]}]}`, `{"bindings":[{"role":"r","members":[{}]}]}`,
	} {
		_, err := IsPublic(parse(t, doc), Facts{})
		require.Error(t, err, doc)
		var u *asset.Unread
		assert.NotErrorAs(t, err, &u, doc)
	}
	doc, err := asset.Of(map[string]any{"Statement": map[string]any{"Effect": "Allow", "Principal": asset.Redacted{}, "Action": "*"}})
	require.NoError(t, err)
	_, err = IsPublic(doc, Facts{})
	require.ErrorIs(t, err, errRedacted)
	// What is readable still decides.
	got, err := IsPublic(parse(t, `{"Statement":[7,{"Effect":"Allow","Principal":"*","Action":"*"}]}`), Facts{})
	require.NoError(t, err)
	assert.True(t, got)
}

func TestExternalPrincipals(t *testing.T) {
	own := []string{"123456789012", "o-mine", "vpce-mine", "example.com", "my-project"}
	allow := func(rest string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + rest + `}]}`
	}
	for _, c := range []struct {
		doc  string
		want []string
	}{
		{`null`, nil},
		{allow(`"Principal":"*","Action":"*"`), []string{"*"}},
		{allow(`"NotPrincipal":{"AWS":"123456789012"},"Action":"*"`), []string{"*"}},
		{allow(`"Principal":{"AWS":["123456789012","arn:aws:iam::123456789012:role/x"]},"Action":"*"`), nil},
		{allow(`"Principal":{"AWS":["999999999999","123456789012","arn:aws:iam::888888888888:root"]},"Action":"*"`), []string{"999999999999", "arn:aws:iam::888888888888:root"}},
		{allow(`"Principal":{"AWS":"999999999999"},"Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-mine"}}`), nil},
		{allow(`"Principal":{"AWS":"999999999999"},"Action":"*","Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-mine"}}`), []string{"999999999999"}},
		{allow(`"Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-mine","o-theirs"]}}`), []string{"o-theirs"}},
		{allow(`"Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`), nil},
		{allow(`"Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-mine"}}`), nil},
		{allow(`"Principal":"*","Action":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`), []string{"198.51.100.0/24"}},
		{allow(`"Principal":{"Service":"sns.amazonaws.com"},"Action":"*"`), nil},
		{allow(`"Principal":{"Service":"sns.amazonaws.com"},"Action":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:999999999999:*"}}`), []string{"arn:aws:sns:*:999999999999:*"}},
		{allow(`"Principal":{"Service":"sns.amazonaws.com"},"Action":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"},"StringEquals":{"aws:SourceAccount":"123456789012"}}`), nil},
		{allow(`"Principal":{"Federated":"arn:aws:iam::123456789012:saml-provider/idp"},"Action":"*"`), nil},
		{github(`"StringLike":{"token.actions.githubusercontent.com:sub":"repo:octo-org/*"}`), []string{"repo:octo-org/*"}},
		{allow(`"Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},"Action":"*"`), nil},
		{`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":["o-mine"]}}}]}`, nil},
		{`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":["o-mine","o-theirs"]}}}]}`, []string{"o-theirs"}},
		{`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"},{"Effect":"Deny","NotPrincipal":{"AWS":["999999999999","123456789012"]},"Action":"*","Resource":"*"}]}`, []string{"999999999999"}},
		{`{"bindings":[{"role":"r","members":["user:a@example.com","user:b@other.org","serviceAccount:s@my-project.iam.gserviceaccount.com","serviceAccount:s@theirs.iam.gserviceaccount.com","allUsers","domain:example.com","deleted:user:x@other.org?uid=1","projectOwner:my-project","serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com","principalSet://iam.googleapis.com/projects/77/locations/global/workloadIdentityPools/p/*"]}]}`,
			[]string{"allUsers", "principalSet://iam.googleapis.com/projects/77/locations/global/workloadIdentityPools/p/*", "serviceAccount:s@theirs.iam.gserviceaccount.com", "user:b@other.org"}},
	} {
		got, err := ExternalPrincipals(parse(t, c.doc), own)
		require.NoError(t, err, c.doc)
		assert.Equal(t, c.want, got, c.doc)
	}
	limited := parse(t, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-mine","o-theirs"],"aws:SourceVpce":"vpce-mine"}}},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-mine"}}}]}`)
	for path, unread := range map[asset.Path]bool{
		"Statement[0]":           true,
		"Statement[0].Effect":    true,
		"Statement[0].Principal": false, // only own values pass
		"Statement[0].Condition": false, // others are denied
		"Statement[1]":           true,  // it may allow
		`Statement[0].Condition.StringEquals["aws:PrincipalOrgID"]`: false,
	} {
		got, err := ExternalPrincipals(without(t, limited, path), own)
		assert.Empty(t, got, path)
		if unread {
			assert.Equal(t, denied, err, path)
		} else {
			require.NoError(t, err, path)
		}
	}
	org := parse(t, allow(`"Principal":"*","Action":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-theirs","o-mine"]}}`))
	_, err := ExternalPrincipals(without(t, org, `Statement[0].Condition.StringEquals["aws:PrincipalOrgID"][1]`), own)
	assert.Equal(t, denied, err)
	bindings := parse(t, `{"bindings":[{"role":"r","members":["user:x@other.org"]},{"role":"s","members":["serviceAccount:my-project@appspot.gserviceaccount.com","serviceAccount:77-compute@developer.gserviceaccount.com","user:nobody"]}]}`)
	members, err := ExternalPrincipals(bindings, own)
	require.NoError(t, err)
	assert.Equal(t, []string{"serviceAccount:77-compute@developer.gserviceaccount.com", "user:nobody", "user:x@other.org"}, members)
	members, err = ExternalPrincipals(without(t, bindings, "bindings[1].members"), own)
	assert.Equal(t, denied, err)
	assert.Equal(t, []string{"user:x@other.org"}, members)

	doc := parse(t, `{"Statement":[{"Effect":"Allow","Principal":{"AWS":["999999999999","111111111111"]},"Action":"*"}]}`)
	got, err := ExternalPrincipals(without(t, doc, "Statement[0].Principal.AWS[1]"), own)
	assert.Equal(t, denied, err)
	assert.Equal(t, []string{"999999999999"}, got, "what is certain")
}

// TestPublicMoto judges the policies that another tool's tests put on resources.
func TestPublicMoto(t *testing.T) {
	judged := 0
	for c := range fixtures.Cases(t, "posture", "aws-moto-scenarios") {
		var judge func(asset.Value) (bool, error)
		switch c.Rule.ID {
		case "kms_key_not_publicly_accessible", "cloudwatch_log_group_not_publicly_accessible":
			judge = func(v asset.Value) (bool, error) { return IsPublic(v, Facts{}) }
		case "s3_bucket_cross_account_access":
			judge = func(v asset.Value) (bool, error) {
				who, err := ExternalPrincipals(v, []string{"123456789012"})
				return len(who) > 0, err
			}
		case "bedrock_api_key_no_administrative_privileges":
			if strings.HasSuffix(c.ID, "with_non_admin_policy") || c.Expected.Verdict == "none" {
				continue // about the service's own permissions, or about no user of this kind
			}
			judge = func(v asset.Value) (bool, error) { return GrantsAdmin(v, Facts{}) }
		default:
			continue
		}
		var in struct {
			Setup []struct{ Params map[string]json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(c.Input, &in))
		for _, s := range in.Setup {
			for _, param := range []string{"Policy", "PolicyDocument", "policyDocument"} {
				raw, ok := s.Params[param]
				if !ok {
					continue
				}
				got, err := judge(parse(t, string(raw)))
				require.NoError(t, err, c.ID)
				assert.Equal(t, c.Expected.Verdict == "fail", got, c.ID)
				judged++
			}
		}
	}
	assert.Greater(t, judged, 8)
}

func TestGoogleFixtures(t *testing.T) {
	for c := range fixtures.Cases(t, "posture", "gcp-cai") {
		if c.Rule.ID != "GCPStorageBucketWorldReadableConstraintV1" || strings.Contains(c.ID, "exempt") {
			continue // exemptions are the caller's affair
		}
		doc := parse(t, string(c.Input))
		got, err := IsPublic(doc.Get("iam_policy"), Facts{})
		require.NoError(t, err)
		assert.Equal(t, c.Expected.Verdict == "fail", got, c.ID)
	}
}
