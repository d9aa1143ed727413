package iam

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

var day = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// TestFacts evaluates conditions with what is true of the holder of a policy.
func TestFacts(t *testing.T) {
	role := Facts{Now: day, Principal: "arn:aws:iam::123456789012:role/app"}
	member := role
	member.Organizations = parse(t, `["o-a1"]`)
	alone := role
	alone.Organizations = parse(t, `[]`)
	policy := Facts{Now: day, Principal: "arn:aws:iam::123456789012:policy/p"}
	const yes, no, unknown = "yes", "no", "unknown"
	for _, c := range []struct {
		facts        Facts
		effect       string
		condition    string
		administrate string
	}{
		{role, "Allow", `{"DateLessThan":{"aws:CurrentTime":"2099-01-01T00:00:00Z"}}`, yes},
		{role, "Allow", `{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`, no},
		{role, "Allow", `{"DateGreaterThan":{"aws:EpochTime":"4102444800"}}`, no},
		{role, "Deny", `{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`, yes},
		{role, "Deny", `{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`, no},
		{role, "Deny", `{"DateLessThan":{"aws:TokenIssueTime":"2024-01-01T00:00:00Z"}}`, yes},
		{role, "Deny", `{"DateLessThan":{"aws:TokenIssueTime":"2099-01-01T00:00:00Z"}}`, no},
		{role, "Allow", `{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}`, yes},
		{role, "Allow", `{"StringEquals":{"aws:ResourceAccount":"210987654321"}}`, no},
		{policy, "Allow", `{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}`, yes},
		{role, "Allow", `{"Bool":{"aws:ViaAWSService":"true"}}`, no},
		{role, "Deny", `{"Bool":{"aws:ViaAWSService":"false"}}`, no},
		{role, "Allow", `{"Bool":{"aws:PrincipalIsAWSService":"false"}}`, yes},
		{role, "Allow", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}}`, yes},
		{role, "Allow", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/other"}}`, no},
		{policy, "Allow", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/admin-*"}}`, yes},
		{policy, "Allow", `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:role/*"}}`, no},
		{member, "Allow", `{"StringEquals":{"aws:PrincipalOrgID":"o-a1"}}`, yes},
		{member, "Allow", `{"StringEquals":{"aws:PrincipalOrgID":"o-b2"}}`, no},
		{member, "Deny", `{"StringNotEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}`, yes},
		{member, "Deny", `{"StringEquals":{"aws:PrincipalOrgID":"o-a1"}}`, no},
		{member, "Allow", `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1/*"}}`, yes},
		{member, "Allow", `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-b2/*"}}`, no},
		{member, "Allow", `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1/r-1/ou-1/*"}}`, unknown},
		{alone, "Allow", `{"StringEquals":{"aws:PrincipalOrgID":"o-a1"}}`, no},
		{alone, "Allow", `{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1"}}`, yes},
		{role, "Allow", `{"StringEquals":{"aws:PrincipalOrgID":"o-a1"}}`, yes}, // whose else
		{role, "Allow", `{"StringNotEquals":{"aws:PrincipalOrgID":"o-a1"}}`, unknown},
		{role, "Deny", `{"StringEquals":{"aws:PrincipalOrgID":"o-a1"}}`, unknown},
		{role, "Deny", `{"StringNotEquals":{"aws:ResourceOrgID":"o-a1"}}`, yes},
		{role, "Allow", `{"Null":{"aws:PrincipalOrgID":"false"}}`, unknown},
		{role, "Allow", `{"StringEquals":{"aws:CalledViaFirst":"cloudformation.amazonaws.com"}}`, yes},
	} {
		doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + c.condition + `}]}`
		if c.effect == "Deny" {
			doc = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":` + c.condition + `}]}`
		}
		got := no
		admin, err := GrantsAdmin(parse(t, doc), c.facts)
		if err != nil {
			got = unknown
		} else if admin {
			got = yes
		}
		assert.Equal(t, c.administrate, got, "%s %s", c.effect, c.condition)
	}
}

// TestTogether denies with two statements what neither denies alone.
func TestTogether(t *testing.T) {
	for _, c := range []struct {
		denials string
		insecure,
		admin bool
	}{
		{`{"Effect":"Deny","Principal":"*","NotAction":"s3:Get*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:Get*","Resource":"*"}`, true, false},
		{`{"Effect":"Deny","Principal":"*","NotAction":["s3:Get*","s3:Put*"],"Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:Get*","Resource":"*"}`, false, false},
		{`{"Effect":"Deny","Principal":"*","NotAction":"iam:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"i*","Resource":"*"}`, true, false},
		{`{"Effect":"Deny","Principal":"*","Action":"*","NotResource":"arn:aws:s3:::b/a*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::b/*"}`, true, false},
		{`{"Effect":"Deny","Principal":"*","Action":"*","NotResource":"arn:aws:s3:::b/a*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::b/b*"}`, false, false},
		{`{"Effect":"Deny","Principal":"*","NotAction":"iam:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"iam:List*","Resource":"*"}`, true, true},
	} {
		doc := parse(t, `{"Version":"2012-10-17","Statement":[`+c.denials+`]}`)
		got, err := DeniesInsecureTransport(doc, "arn:aws:s3:::b")
		require.NoError(t, err)
		assert.Equal(t, c.insecure, got, c.denials)
		allowed := parse(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`+c.denials+`]}`)
		got, err = GrantsAdmin(allowed, Facts{})
		require.NoError(t, err)
		assert.Equal(t, c.admin, got, c.denials)
	}
}

// TestHoldings lets principals rewrite what they hold.
func TestHoldings(t *testing.T) {
	f := Facts{Now: day, Principal: "arn:aws:iam::123456789012:role/app", Holds: parse(t, `["arn:aws:iam::123456789012:policy/app-read","arn:aws:iam::aws:policy/ReadOnlyAccess"]`)}
	for _, c := range []struct {
		action, resource string
		want             []string
	}{
		{"iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/app-*", []string{"CreatePolicyVersion"}},
		{"iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/app-read", []string{"CreatePolicyVersion"}},
		{"iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/other-*", nil},
		{"iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", nil},
		{"iam:SetDefaultPolicyVersion", "arn:aws:iam::*:policy/app-read", []string{"SetDefaultPolicyVersion"}},
	} {
		doc := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"`+c.action+`","Resource":"`+c.resource+`"}}`)
		got, err := Escalations([]asset.Value{doc}, asset.Value{}, f)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, c.resource)
	}
	doc := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:CreatePolicyVersion","Resource":"arn:aws:iam::123456789012:policy/other-*"}}`)
	f.Holds = without(t, parse(t, `{"l":["a"]}`), "l[0]").Get("l")
	_, err := Escalations([]asset.Value{doc}, asset.Value{}, f)
	assert.Equal(t, denied, err, "which policies it has was not read")
}

// TestExpiredBindings drops bindings of Google Cloud whose time is over.
func TestExpiredBindings(t *testing.T) {
	for condition, want := range map[string]bool{
		`request.time < timestamp("2020-01-01T00:00:00Z")`:                                                     true,
		`request.time <= timestamp("2026-11-30T12:00:00Z")`:                                                    true,
		`timestamp("2020-01-01T00:00:00Z") > request.time`:                                                     true,
		`resource.name == "a" && request.time < timestamp("2020-01-01T00:00:00Z")`:                             true,
		`resource.name == "a" || request.time < timestamp("2020-01-01T00:00:00Z")`:                             false,
		`request.time < timestamp("2020-01-01T00:00:00Z") || request.time < timestamp("2021-01-01T00:00:00Z")`: true,
		`request.time < timestamp("2099-01-01T00:00:00Z")`:                                                     false,
		`request.time > timestamp("2020-01-01T00:00:00Z")`:                                                     false,
		`!(request.time < timestamp("2020-01-01T00:00:00Z"))`:                                                  false,
		`resource.time < timestamp("2020-01-01T00:00:00Z")`:                                                    false,
		`request.time < timestamp(`:                                                                            false,
		``:                                                                                                     false,
	} {
		doc, err := asset.Of(map[string]any{"bindings": []any{map[string]any{
			"role": "roles/owner", "members": []any{"allUsers"}, "condition": map[string]any{"expression": condition},
		}}})
		require.NoError(t, err)
		public, err := IsPublic(doc, Facts{Now: day})
		require.NoError(t, err)
		assert.Equal(t, !want, public, condition)
		members, err := MembersOf([]asset.Value{doc}, []string{"roles/owner"}, Facts{Now: day})
		require.NoError(t, err)
		assert.Equal(t, want, len(members) == 0, condition)
	}
}

// TestEndpoints limits a topic to the endpoints of its owner.
func TestEndpoints(t *testing.T) {
	for endpoint, public := range map[string]bool{
		"https://events.example.org/x": false, "https://events.example.org/*": false, "https://*": true, "https://*.example.org/x": true, "https://events.example.org*": true,
		"*@example.org": false, "*@*.org": true, "*": true, "arn:aws:sqs:*:123456789012:*": false, "arn:aws:sqs:*:*:q": true,
	} {
		for _, action := range []string{"sns:Subscribe", "SNS:Receive", "sns:Publish", "sns:*"} {
			doc := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"`+action+`","Resource":"*","Condition":{"StringLike":{"SNS:Endpoint":"`+endpoint+`"}}}}`)
			got, err := IsPublic(doc, Facts{})
			require.NoError(t, err)
			assert.Equal(t, public || action == "sns:Publish" || action == "sns:*", got, "%s %s", action, endpoint)
		}
	}
}

func FuzzParseCondition(f *testing.F) {
	f.Add(`request.time < timestamp("2020-01-01T00:00:00Z") && has(a.b) || [1, 2].exists(x, x in {"a": 1})`)
	f.Add(`assertion.repository_owner == 'acme'`)
	f.Fuzz(func(t *testing.T, text string) {
		if e, ok := parseCondition(text); ok {
			isOver(e, day)
		}
	})
}
