package iam

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestGrantsAdmin(t *testing.T) {
	allow := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	under := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + condition + `}}`
	}
	for _, c := range []struct {
		doc   string
		admin bool
	}{
		{`{"Statement":` + allow + `}`, true},
		{`{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},` + allow + `]}`, true},
		{`{"Statement":{"Effect":"Allow","Action":["*:*"],"Resource":["arn:aws:s3:::b","arn:aws:*"]}}`, true},
		{`{"Statement":{"Effect":"Allow","Action":"**","Resource":"arn:*:*:*:*:*"}}`, true},
		{`{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}`, false},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*"}}`, false},
		{`{"Statement":{"Effect":"Allow","Action":"*"}}`, false},
		{`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`, false},
		// Exceptions.
		{`{"Statement":{"Effect":"Allow","NotAction":"aws-portal:*","Resource":"*"}}`, true},
		{`{"Statement":{"Effect":"Allow","NotAction":["iam:*","organizations:*"],"Resource":"*"}}`, false},
		{`{"Statement":{"Effect":"Allow","NotAction":"iam:CreateUser","Resource":"*"}}`, true},
		{`{"Statement":{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::secret/*"}}`, true},
		{`{"Statement":{"Effect":"Allow","Action":"*","NotResource":"arn:aws:iam::*:*"}}`, false},
		{`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws-cn:*"}}`, true},
		{`{"Statement":{"Effect":"Allow","Action":"*","NotResource":"arn:aws-us-gov:iam::*"}}`, false},
		// Denials.
		{`{"Statement":[` + allow + `,{"Effect":"Deny","Action":"*","Resource":"*"}]}`, false},
		{`{"Statement":[` + allow + `,{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}`, true},
		{`{"Statement":[` + allow + `,{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}`, false},
		{`{"Statement":[` + allow + `,{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}]}`, false},
		{`{"Statement":[` + allow + `,{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}`, true},
		{`{"Statement":[` + allow + `,{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::*:role/keep"}]}`, true},
		// Conditions.
		{under(`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), true},
		{under(`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}`), true},
		{under(`{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`), true},
		{under(`{"Null":{"aws:MultiFactorAuthAge":"false"}}`), true},
		{under(`{"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}`), true},
		{under(`{"Null":{"aws:MultiFactorAuthAge":"true"}}`), true},
		{under(`{"StringLike":{"aws:PrincipalArn":"*"}}`), true},
		{under(`{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`), true},
		{under(`{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`), false},
		{under(`{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`), true},
		{under(`{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}`), true},
		{under(`{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}`), false},
		{under(`{"StringEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}`), true},
		{under(`{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`), true},
		{under(`{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`), false},
		{under(`{"Bool":{"aws:SecureTransport":"true"}}`), true},
		{under(`{"StringEquals":{"aws:PrincipalTag/admin":"yes"}}`), false},
	} {
		got, err := GrantsAdmin(parse(t, c.doc), Facts{})
		require.NoError(t, err, c.doc)
		assert.Equal(t, c.admin, got, c.doc)
	}
	both := parse(t, `{"Statement":[`+allow+`,{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}`)
	_, err := GrantsAdmin(without(t, both, "Statement[1].Action"), Facts{})
	assert.Equal(t, denied, err)
	got, err := GrantsAdmin(without(t, both, "Statement[0].Action"), Facts{})
	require.NoError(t, err, "denied in any case")
	assert.False(t, got)
	_, err = GrantsAdmin(denied.Value(), Facts{})
	assert.Equal(t, denied, err)
}

func TestDeniesInsecureTransport(t *testing.T) {
	deny := func(rest string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",` + rest + `}]}`
	}
	both := `"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]`
	insecure := `"Condition":{"Bool":{"aws:SecureTransport":"false"}}`
	old := `"Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}`
	for _, c := range []struct {
		doc         string
		plain, weak bool
	}{
		{`null`, false, false},
		{deny(both + `,` + insecure), true, false},
		{deny(both + `,"Condition":{"Bool":{"aws:securetransport":false}}`), true, false},
		{deny(both + `,"Condition":{"BoolIfExists":{"aws:SecureTransport":"false"}}`), true, false},
		{deny(both + `,"Condition":{"StringEquals":{"aws:SecureTransport":"false"}}`), true, false},
		{deny(both + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`), false, true},
		{deny(`"Resource":"*",` + insecure), true, false},
		{deny(`"Resource":"arn:aws:s3:::b*",` + insecure), true, false},
		{deny(`"Resource":"arn:aws:s3:::b/*",` + insecure), false, false},
		{deny(`"Resource":"arn:aws:s3:::b",` + insecure), false, false},
		{deny(`"Resource":["arn:aws:s3:::other","arn:aws:s3:::other/*"],` + insecure), false, false},
		{deny(both), true, true},
		{deny(both + `,"Condition":{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`), false, false},
		{strings.Replace(deny(both+`,`+insecure), `"Principal":"*"`, `"Principal":{"AWS":"*"}`, 1), true, false},
		{strings.Replace(deny(both+`,`+insecure), `"Principal":"*"`, `"Principal":{"AWS":"123456789012"}`, 1), false, false},
		{strings.Replace(deny(both+`,`+insecure), `"s3:*"`, `"*"`, 1), true, false},
		{strings.Replace(deny(both+`,`+insecure), `"s3:*"`, `"s3:Get*"`, 1), false, false},
		{strings.Replace(deny(both+`,`+insecure), `"Deny"`, `"Allow"`, 1), false, false},
		{`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b",` + insecure + `},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*",` + insecure + `}]}`, true, false},
		{deny(both + `,` + old), false, true},
		{deny(both + `,"Condition":{"NumericLessThan":{"s3:TlsVersion":1.2}}`), false, true},
		{deny(both + `,"Condition":{"NumericLessThan":{"s3:TlsVersion":"1.1"}}`), false, false},
		{deny(both + `,"Condition":{"NumericLessThanIfExists":{"s3:TlsVersion":"1.3"}}`), false, true},
	} {
		got, err := DeniesInsecureTransport(parse(t, c.doc), "arn:aws:s3:::b")
		require.NoError(t, err, c.doc)
		assert.Equal(t, c.plain, got, c.doc)
		got, err = DeniesOldTLS(parse(t, c.doc), "arn:aws:s3:::b")
		require.NoError(t, err, c.doc)
		assert.Equal(t, c.weak, got, c.doc)
	}
	doc := parse(t, deny(both+`,`+insecure))
	for _, p := range []asset.Path{"Statement", "Statement[0]", "Statement[0].Principal", "Statement[0].Effect", "Statement[0].Condition", "Statement[0].Resource[1]"} {
		_, err := DeniesInsecureTransport(without(t, doc, p), "arn:aws:s3:::b")
		assert.Equal(t, denied, err, p)
	}
	// What else the condition wants was not read, and may be nothing.
	for _, p := range []asset.Path{`Statement[0].Condition.StringEquals`, `Statement[0].Condition.Bool["aws:PrincipalIsAWSService"]`, `Statement[0].Condition.Bool["aws:SecureTransport"]`} {
		_, err := DeniesInsecureTransport(without(t, doc, p), "arn:aws:s3:::b")
		assert.Equal(t, denied, err, p)
	}
}

func TestEscalations(t *testing.T) {
	const me = "arn:aws:iam::123456789012:user/team/me"
	doc := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	allow := func(action, resource, condition string) string {
		return fmt.Sprintf(`{"Effect":"Allow","Action":%s,"Resource":%q,"Condition":{%s}}`, action, resource, condition)
	}
	deny := func(action, resource, condition string) string {
		return strings.Replace(allow(action, resource, condition), "Allow", "Deny", 1)
	}
	lambda := `["iam:PassRole","lambda:CreateFunction","lambda:InvokeFunction"]`
	for _, c := range []struct {
		name, doc, boundary string
		want                []string
	}{
		{"nothing", `null`, `null`, nil},
		{"reading", doc(allow(`["iam:Get*","s3:*"]`, "*", "")), `null`, nil},
		{"one action, any case", doc(allow(`"IAM:putuserPOLICY"`, "*", "")), `null`, []string{"PutUserPolicy"}},
		{"single-character wildcard", doc(allow(`"iam:PutUserPolic?"`, "*", "")), `null`, []string{"PutUserPolicy"}},
		{"NotAction", doc(`{"Effect":"Allow","NotAction":["iam:*","lambda:*","ec2:*","ssm:*","glue:*","sagemaker:*","cloudformation:*","ecs:*","s*:*","a*:*","b*:*","c*:*","el*:*","ek*:*","kin*:*","gam*:*"],"Resource":"*"}`), `null`, []string{"SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"}},
		{"half of a pair", doc(allow(`["iam:PassRole","lambda:CreateFunction"]`, "*", "")), `null`, nil},
		{"a pair", doc(allow(lambda, "*", "")), `null`, []string{"PassRoleToFunctionInvoked"}},
		{"in two documents' statements", doc(allow(`"iam:PassRole"`, "arn:aws:iam::*:role/*", ""), allow(`"lambda:*"`, "arn:aws:lambda:eu-west-1:123456789012:function:*", "")), `null`,
			[]string{"PassRoleToFunctionByURL", "PassRoleToFunctionInvoked", "PassRoleToFunctionShared", "UpdateFunctionCode", "UpdateFunctionConfiguration"}},
		{"a named role", doc(allow(lambda, "arn:aws:iam::123456789012:role/app", "")), `null`, nil},
		{"roles of a name", doc(allow(lambda, "arn:aws:iam::123456789012:role/app-*", "")), `null`, nil},
		{"another account's", doc(allow(`"iam:PutUserPolicy"`, "arn:aws:iam::999999999999:user/*", "")), `null`, nil},
		{"oneself", doc(allow(`"iam:PutUserPolicy"`, me, "")), `null`, []string{"PutUserPolicy"}},
		{"oneself, by variable", doc(allow(`["iam:PutUserPolicy","iam:CreateAccessKey"]`, "arn:aws:iam::*:user/team/${aws:username}", "")), `null`, []string{"PutUserPolicy"}},
		{"a variable not known", doc(allow(`"iam:PutUserPolicy"`, "arn:aws:iam::*:user/${aws:PrincipalTag/name}", "")), `null`, nil},
		{"passed to the service", doc(allow(lambda, "*", `"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}`)), `null`, nil}, // the other actions have no such key
		{"passed to the service alone", doc(allow(`"iam:PassRole"`, "*", `"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}`), allow(`["lambda:CreateFunction","lambda:InvokeFunction","ec2:RunInstances"]`, "*", "")), `null`, []string{"PassRoleToFunctionInvoked"}},
		{"condition", doc(allow(`"iam:PutUserPolicy"`, "*", `"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}`)), `null`, nil},
		{"with a second factor", doc(allow(`"iam:PutUserPolicy"`, "*", `"Bool":{"aws:MultiFactorAuthPresent":"true"}`)), `null`, []string{"PutUserPolicy"}},
		{"condition that all meet", doc(allow(`"iam:PutUserPolicy"`, "*", `"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}`)), `null`, []string{"PutUserPolicy"}},
		{"condition that it meets", doc(allow(`"iam:PutUserPolicy"`, "*", `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/team/*"}`)), `null`, []string{"PutUserPolicy"}},
		{"condition for others", doc(allow(`"iam:PutUserPolicy"`, "*", `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}`)), `null`, nil},
		{"condition on a tag", doc(allow(`"iam:PutUserPolicy"`, "*", `"StringEquals":{"aws:PrincipalTag/a":"b"}`)), `null`, nil},
		{"region of IAM", doc(allow(`"iam:PutUserPolicy"`, "*", `"StringEquals":{"aws:RequestedRegion":"eu-west-1"}`)), `null`, nil},
		{"region of its choice", doc(allow(`"ssm:SendCommand"`, "*", `"StringEquals":{"aws:RequestedRegion":"eu-west-1"}`)), `null`, []string{"SendCommand"}},
		{"attach what is harmless", doc(allow(`"iam:AttachUserPolicy"`, "*", `"ArnLike":{"iam:PolicyARN":"arn:aws:iam::123456789012:policy/dev-*"}`)), `null`, nil},
		{"attach what AWS has", doc(allow(`"iam:AttachUserPolicy"`, "*", `"ArnLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/*"}`)), `null`, []string{"AttachUserPolicy"}},
		{"attach all but one", doc(allow(`"iam:AttachUserPolicy"`, "*", `"ArnNotEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/AdministratorAccess"}`)), `null`, []string{"AttachUserPolicy"}},
		{"denied", doc(allow(`"iam:*"`, "*", ""), deny(`"iam:*"`, "*", "")), `null`, nil},
		{"denied in part", doc(allow(`["iam:PutUserPolicy","iam:PutRolePolicy"]`, "*", ""), deny(`"iam:*user*"`, "*", "")), `null`, []string{"PutRolePolicy"}},
		{"denied elsewhere", doc(allow(`"iam:PutRolePolicy"`, "*", ""), deny(`"iam:*"`, "arn:aws:iam::123456789012:role/keep", "")), `null`, []string{"PutRolePolicy"}},
		{"denied sometimes", doc(allow(`"iam:PutRolePolicy"`, "*", ""), deny(`"iam:*"`, "*", `"Bool":{"aws:MultiFactorAuthPresent":"false"}`)), `null`, []string{"PutRolePolicy"}},
		{"denied to it", doc(allow(`"iam:PutRolePolicy"`, "*", ""), deny(`"iam:*"`, "*", `"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/admin"}`)), `null`, nil},
		{"denied but to itself", doc(allow(`"iam:PutUserPolicy"`, "*", ""), `{"Effect":"Deny","Action":"iam:*","NotResource":"`+me+`"}`), `null`, []string{"PutUserPolicy"}},
		{"bounded", doc(allow(`["iam:PutUserPolicy","iam:PutRolePolicy"]`, "*", "")), doc(allow(`["s3:*","iam:PutRolePolicy"]`, "*", "")), []string{"PutRolePolicy"}},
		{"denied by the boundary", doc(allow(`"iam:PutUserPolicy"`, "*", "")), doc(allow(`"*"`, "*", ""), deny(`"iam:*"`, "*", "")), nil},
		{"boundary that can be left", doc(allow(`"iam:DeleteUserPermissionsBoundary"`, "*", "")), doc(allow(`"*"`, "*", "")), []string{"DeleteUserPermissionsBoundary"}},
		{"no boundary to leave", doc(allow(`"iam:DeleteUserPermissionsBoundary"`, "*", "")), `null`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Escalations([]asset.Value{parse(t, c.doc)}, parse(t, c.boundary), Facts{Principal: me})
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	admin := parse(t, doc(allow(`"*"`, "*", "")))
	all, err := Escalations([]asset.Value{admin}, asset.Value{}, Facts{Principal: me})
	require.NoError(t, err)
	assert.Len(t, all, len(methods())-4, "all but those against a boundary")
	assert.GreaterOrEqual(t, len(all), 120)

	put := parse(t, doc(allow(`"iam:PutUserPolicy"`, "*", "")))
	got, err := Escalations([]asset.Value{put, denied.Value()}, asset.Value{}, Facts{Principal: me})
	assert.Equal(t, denied, err, "the unread document may deny")
	assert.Empty(t, got)
	got, err = Escalations([]asset.Value{put}, denied.Value(), Facts{Principal: me})
	assert.Equal(t, denied, err)
	assert.Empty(t, got)
	got, err = Escalations([]asset.Value{put, denied.Value()}, parse(t, doc(deny(`"*"`, "*", ""))), Facts{Principal: me})
	require.NoError(t, err, "denied whatever else there is")
	assert.Empty(t, got)
}

func TestMethodsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range methods() {
		assert.False(t, seen[m.name], m.name)
		seen[m.name] = true
		assert.NotEmpty(t, m.steps)
		// The shortest policy that allows a method allows it, and less does not.
		for skip := -1; skip < len(m.steps); skip++ {
			actions := []any{"none:None"}
			for i, s := range m.steps {
				if i != skip {
					actions = append(actions, s.action)
				}
			}
			doc, err := asset.Of(map[string]any{"Statement": map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}})
			require.NoError(t, err)
			everything := parse(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
			got, err := Escalations([]asset.Value{doc}, everything, Facts{})
			require.NoError(t, err)
			assert.Equal(t, skip < 0, contains(got, m.name), "%s without step %d", m.name, skip)
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestEvaluateOperators(t *testing.T) {
	for _, c := range []struct {
		condition string
		key       string
		values    []string // nil: the key is not in the request
		holds     bool
	}{
		{`"StringEquals":{"k":"a"}`, "k", []string{"a"}, true},
		{`"StringEquals":{"K":["x","a"]}`, "k", []string{"a"}, true},
		{`"StringEquals":{"k":"A"}`, "k", []string{"a"}, false},
		{`"StringEquals":{"k":"*"}`, "k", []string{"a"}, false},
		{`"StringEquals":{"k":"*"}`, "k", []string{"*"}, true},
		{`"StringEqualsIgnoreCase":{"k":"A"}`, "k", []string{"a"}, true},
		{`"StringNotEqualsIgnoreCase":{"k":"A"}`, "k", []string{"a"}, false},
		{`"StringNotEquals":{"k":["a","b"]}`, "k", []string{"b"}, false},
		{`"StringNotEquals":{"k":["a","b"]}`, "k", []string{"c"}, true},
		{`"StringNotEquals":{"k":"a"}`, "k", nil, true},
		{`"StringEquals":{"k":"a"}`, "k", nil, false},
		{`"StringEqualsIfExists":{"k":"a"}`, "k", nil, true},
		{`"StringEqualsIfExists":{"k":"a"}`, "k", []string{"b"}, false},
		{`"StringLike":{"k":"a*c?"}`, "k", []string{"abbbcd"}, true},
		{`"StringLike":{"k":"a${*}"}`, "k", []string{"abc"}, false},
		{`"StringLike":{"k":"a${*}"}`, "k", []string{"a*"}, true},
		{`"StringLike":{"k":"${user}/*"}`, "k", []string{"bob/x"}, true},
		{`"StringLike":{"k":"${star}"}`, "k", []string{"anything"}, false},
		{`"StringLike":{"k":"${none}"}`, "k", []string{""}, false},
		{`"StringLike":{"k":"${none, 'x'}"}`, "k", []string{"x"}, true},
		{`"StringNotLike":{"k":"a*"}`, "k", []string{"b"}, true},
		{`"ArnLike":{"k":"arn:aws:sns:*:1:t*"}`, "k", []string{"arn:aws:sns:us-east-1:1:topic"}, true},
		{`"ArnLike":{"k":"arn:aws:sns:*:1:t*"}`, "k", []string{"arn:aws:sns:us:x:1:topic"}, false},
		{`"ArnNotLike":{"k":"arn:aws:sns:*:1:t*"}`, "k", []string{"arn:aws:sns:us-east-1:2:topic"}, true},
		{`"Bool":{"k":"TRUE"}`, "k", []string{"true"}, true},
		{`"Bool":{"k":false}`, "k", []string{"true"}, false},
		{`"NumericEquals":{"k":"1.0"}`, "k", []string{"1"}, true},
		{`"NumericNotEquals":{"k":1}`, "k", []string{"2"}, true},
		{`"NumericGreaterThan":{"k":1}`, "k", []string{"NaN"}, false},
		{`"NumericGreaterThanEquals":{"k":1}`, "k", []string{"1"}, true},
		{`"NumericLessThan":{"k":"x"}`, "k", []string{"1"}, false},
		{`"DateLessThan":{"k":"2020-01-01T00:00:00Z"}`, "k", []string{"2019-12-31T23:59:59Z"}, true},
		{`"DateGreaterThan":{"k":"1577836800"}`, "k", []string{"2020-01-02T00:00:00Z"}, true},
		{`"DateEquals":{"k":"2020-01-01"}`, "k", []string{"2020-01-01T00:00:00Z"}, true},
		{`"IpAddress":{"k":["10.0.0.0/8","2001:db8::/32"]}`, "k", []string{"10.1.2.3"}, true},
		{`"IpAddress":{"k":["10.0.0.0/8","2001:db8::/32"]}`, "k", []string{"2001:db8::1"}, true},
		{`"IpAddress":{"k":"10.0.0.1"}`, "k", []string{"10.0.0.2"}, false},
		{`"NotIpAddress":{"k":"10.0.0.0/8"}`, "k", []string{"11.0.0.1"}, true},
		{`"BinaryEquals":{"k":"YQ=="}`, "k", []string{"a"}, true},
		{`"Null":{"k":"true"}`, "k", nil, true},
		{`"Null":{"k":"true"}`, "k", []string{"a"}, false},
		{`"Null":{"k":"false"}`, "k", []string{"a"}, true},
		{`"ForAllValues:StringEquals":{"k":["a","b"]}`, "k", []string{"a", "b"}, true},
		{`"ForAllValues:StringEquals":{"k":["a","b"]}`, "k", []string{"a", "c"}, false},
		{`"ForAllValues:StringEquals":{"k":["a","b"]}`, "k", nil, true},
		{`"ForAnyValue:StringEquals":{"k":["a","b"]}`, "k", []string{"c", "b"}, true},
		{`"ForAnyValue:StringEquals":{"k":["a","b"]}`, "k", nil, false},
		{`"ForAnyValue:StringNotEquals":{"k":["a"]}`, "k", []string{"a", "b"}, true},
		{`"ForAllValues:StringNotEquals":{"k":["a"]}`, "k", []string{"a", "b"}, false},
		{`"StringEquals":{"k":"a","other":"x"}`, "k", []string{"a"}, false}, // all keys
	} {
		doc := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{`+c.condition+`}}}`)
		r := Request{Action: "a:B", Resource: "arn:aws:a:::x", Context: map[string][]string{"User": {"bob"}, "star": {"*"}}}
		if c.values != nil {
			r.Context[c.key] = c.values
		}
		want := ImplicitlyDenied
		if c.holds {
			want = Allowed
		}
		got, err := Evaluate([]asset.Value{doc}, asset.Value{}, r)
		require.NoError(t, err, c.condition)
		assert.Equal(t, want, got, "%s with %q", c.condition, c.values)
	}
}

func TestEvaluate(t *testing.T) {
	all := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	deny := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}`
	own := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*"}}`
	first := strings.Replace(own, "2012-10-17", "2008-10-17", 1)
	r := Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/bob/x", Context: map[string][]string{"aws:UserName": {"bob"}}}
	for name, c := range map[string]struct {
		docs     []asset.Value
		boundary asset.Value
		want     Decision
		err      error
	}{
		"nothing":                  {nil, asset.Value{}, ImplicitlyDenied, nil},
		"allowed":                  {[]asset.Value{parse(t, all)}, asset.Value{}, Allowed, nil},
		"denied":                   {[]asset.Value{parse(t, all), parse(t, deny)}, asset.Value{}, ExplicitlyDenied, nil},
		"by variable":              {[]asset.Value{parse(t, own)}, asset.Value{}, Allowed, nil},
		"no variables then":        {[]asset.Value{parse(t, first)}, asset.Value{}, ImplicitlyDenied, nil},
		"bounded":                  {[]asset.Value{parse(t, all)}, parse(t, own), Allowed, nil},
		"out of bounds":            {[]asset.Value{parse(t, all)}, parse(t, `{"Statement":[]}`), ImplicitlyDenied, nil},
		"denied by the boundary":   {[]asset.Value{parse(t, all)}, parse(t, deny), ExplicitlyDenied, nil},
		"unread boundary":          {[]asset.Value{parse(t, all)}, denied.Value(), ImplicitlyDenied, denied},
		"unread document":          {[]asset.Value{parse(t, all), denied.Value()}, asset.Value{}, ImplicitlyDenied, denied},
		"denied, unread the rest":  {[]asset.Value{parse(t, deny), denied.Value()}, denied.Value(), ExplicitlyDenied, nil},
		"boundary's action unread": {[]asset.Value{parse(t, all)}, without(t, parse(t, all), "Statement.Action"), ImplicitlyDenied, denied},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Evaluate(c.docs, c.boundary, r)
			assert.Equal(t, c.err, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestGoogleMembers(t *testing.T) {
	project := parse(t, `{"bindings":[
		{"role":"roles/editor","members":["serviceAccount:app@p.iam.gserviceaccount.com","serviceAccount:123@cloudservices.gserviceaccount.com","user:a@example.com"]},
		{"role":"roles/cloudkms.cryptoKeyDecrypter","members":["user:b@example.com","user:a@example.com"]},
		{"role":"roles/storage.admin","members":["serviceAccount:service-123@gcp-sa-pubsub.iam.gserviceaccount.com","serviceAccount:service-1@evil.iam.gserviceaccount.com","deleted:serviceAccount:x@p.iam.gserviceaccount.com?uid=1"],"condition":{"expression":"true"}}]}`)
	folder := parse(t, `{"bindings":[{"role":"roles/cloudkms.admin","members":["user:b@example.com","group:g@example.com"]},{"role":"organizations/1/roles/MyAdminRole","members":["serviceAccount:123-compute@developer.gserviceaccount.com"]}]}`)
	policies := []asset.Value{project, folder, {}}

	got, err := AdminServiceAccounts(policies, Facts{})
	require.NoError(t, err)
	assert.Equal(t, []string{"serviceAccount:123-compute@developer.gserviceaccount.com", "serviceAccount:app@p.iam.gserviceaccount.com", "serviceAccount:service-1@evil.iam.gserviceaccount.com"}, got)

	got, err = MembersOf(policies, []string{"roles/cloudkms.*"}, Facts{})
	require.NoError(t, err)
	assert.Equal(t, []string{"group:g@example.com", "user:a@example.com", "user:b@example.com"}, got)

	got, err = MembersOfBoth(policies, []string{"roles/cloudkms.admin"}, []string{"roles/cloudkms.cryptoKey*"}, Facts{})
	require.NoError(t, err)
	assert.Equal(t, []string{"user:b@example.com"}, got)

	got, err = MembersOf([]asset.Value{project, denied.Value()}, []string{"roles/editor"}, Facts{})
	assert.Equal(t, denied, err)
	assert.Len(t, got, 3, "what is certain")
	_, err = MembersOf([]asset.Value{without(t, project, "bindings[1].members")}, []string{"roles/editor"}, Facts{})
	require.NoError(t, err, "another role's members are not requested")
	_, err = MembersOf([]asset.Value{without(t, project, "bindings[1].role")}, []string{"roles/editor"}, Facts{})
	assert.Equal(t, denied, err)
	_, err = MembersOf([]asset.Value{parse(t, `{"Statement":[]}`)}, []string{"roles/editor"}, Facts{})
	require.Error(t, err)
}

func TestStatements(t *testing.T) {
	doc := parse(t, `{"Version":"2012-10-17","Statement":{"Sid":"x","Effect":"Allow","Principal":"*","Action":"s3:*","NotResource":["a",null,7],"Condition":{"Bool":{"k":true}}}}`)
	got, err := Statements(doc)
	require.NoError(t, err)
	require.Len(t, got, 1)
	b, err := got[0].MarshalJSON()
	require.NoError(t, err)
	assert.JSONEq(t, `{"Sid":"x","Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:*"],"NotResource":["a",null,"7"],"Condition":{"Bool":{"k":["true"]}}}`, string(b))

	got, err = Statements(without(t, doc, "Statement.Condition.Bool"))
	require.NoError(t, err)
	assert.Equal(t, denied, got[0].Get("Condition", "Bool").Unread())
	assert.Equal(t, "[\"s3:*\"]", got[0].Get("Action").String())
	_, err = Statements(without(t, doc, "Statement"))
	assert.Equal(t, denied, err)
	kept, err := doc.Project("Statement.Action")
	require.NoError(t, err)
	got, err = Statements(kept)
	require.NoError(t, err)
	assert.NotNil(t, got[0].Unread())
}
