package policy_test

import (
	"context"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// What functions of Stance are given need not all have been read: what was read
// decides, wherever in a list it stands.
func TestFunctionsOfUnreadParts(t *testing.T) {
	open, err := asset.Of(map[string]any{"RuleNumber": 1, "Egress": false, "RuleAction": "allow", "Protocol": -1, "CidrBlock": "0.0.0.0/0"})
	require.NoError(t, err)
	unread := (&asset.Unread{Op: "test:Read", Code: "AccessDenied"}).Value()
	kept, err := open.Project("Protocol")
	require.NoError(t, err)
	entry := func(id string, config asset.Value) *asset.Asset {
		return &asset.Asset{
			Ref: asset.Ref{Type: "AWS::EC2::NetworkAclEntry", ID: id}, Scope: asset.Scope{Provider: "aws", Account: "a"},
			Config: config, Links: []asset.Link{{Rel: "network_acl", To: asset.Ref{Type: "AWS::EC2::NetworkAcl", ID: "acl"}}},
		}
	}
	for _, c := range []struct {
		name, require string
		prefixes      any
		related       []*asset.Asset
		want          policy.Status
	}{
		{name: "first element unread, the rest decides", require: "net.sgOpens([{'IpProtocol': '-1', 'CidrIp': '0.0.0.0/0'}], 'any', [22], follow('prefix_list', 'AWS::EC2::PrefixList'))", want: policy.Pass},
		{name: "first element unread, nothing decides", require: "net.sgOpens([{'IpProtocol': '-1', 'CidrIp': '10.0.0.0/8'}], 'any', [22], follow('prefix_list', 'AWS::EC2::PrefixList'))", want: policy.Fail},
		{name: "assets stand for their config", require: "net.naclOpens(referrers('network_acl', 'AWS::EC2::NetworkAclEntry'), 'any', [22])", related: []*asset.Asset{entry("1", open)}, want: policy.Pass},
		{name: "config of an asset unread", require: "!net.naclOpens(referrers('network_acl', 'AWS::EC2::NetworkAclEntry'), 'any', [22])", related: []*asset.Asset{entry("1", unread)}, want: policy.Unknown},
		{name: "an argument of another kind", require: "net.isAnywhere(config.Prefixes)", prefixes: "0.0.0.0/0", want: policy.Unknown},
		{name: "elements of another kind", require: "net.isAnywhere(config.Prefixes)", prefixes: []any{1}, want: policy.Unknown},
		{name: "text of another kind", require: "net.isPublic(config.Prefixes)", prefixes: 1, want: policy.Unknown},
		{name: "a secret beside what is unread", require: "secret.detected(config.Prefixes)", prefixes: []any{"AKIAIOSFODNN7EXAMPLE", unread}, want: policy.Pass},
		{name: "more secrets, perhaps", require: "secret.detectors(config.Prefixes).size() == 1", prefixes: []any{"AKIAIOSFODNN7EXAMPLE", unread}, want: policy.Unknown},
		{name: "no secret in what was kept", require: "!secret.detected(config.Prefixes)", prefixes: kept, want: policy.Unknown},
		{name: "a text of JSON", require: "json.parse(config.Prefixes).orValue({}).Statement.all(s, s.Effect == 'Deny')", prefixes: `{"Statement": [{"Effect": "Allow"}]}`, want: policy.Fail},
		{name: "a text that is not JSON", require: "json.parse(config.Prefixes).hasValue()", prefixes: `{"a": `, want: policy.Fail},
		{name: "a text of JSON that was not read", require: "json.parse(config.Prefixes).hasValue()", prefixes: unread, want: policy.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := policy.NewSet(&policy.Options{
				Dynamic: []asset.Type{"AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::PrefixList"},
			}, &policy.Policy{
				ID: "p", Title: "T", Severity: policy.Low,
				Checks: []policy.Check{{Types: []asset.Type{"AWS::EC2::NetworkAcl"}, Require: c.require}},
			})
			require.NoError(t, err)
			config, err := asset.Of(map[string]any{"Prefixes": c.prefixes})
			require.NoError(t, err)
			subject := &asset.Asset{
				Ref: asset.Ref{Type: "AWS::EC2::NetworkAcl", ID: "acl"}, Scope: asset.Scope{Provider: "aws", Account: "a"}, Config: config,
				Links: []asset.Link{{Rel: "prefix_list", To: asset.Ref{Type: "AWS::EC2::PrefixList", ID: "pl"}}},
			}
			var inv asset.Inventory
			inv.Add(subject)
			for _, typ := range set.Types() {
				inv.Add(&asset.Coverage{Scope: subject.Scope, Type: typ, State: asset.Complete})
			}
			for _, a := range c.related {
				inv.Add(a)
			}
			var found []policy.Finding
			for f, err := range set.Evaluate(context.Background(), &inv) {
				require.NoError(t, err)
				found = append(found, f)
			}
			require.Len(t, found, 1)
			assert.Equal(t, c.want, found[0].Status, "%v", found[0].Err)
			assert.Equal(t, c.want == policy.Unknown, found[0].Err != nil)
		})
	}
}

// TestFunctionsAreDocumented holds the package documentation to the functions that are
// not CEL's own.
func TestFunctionsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	own := regexp.MustCompile(`^(iam|net|secret)\.|^(age|days|unknown)$`)
	documented := 0
	for _, f := range policy.Functions() {
		assert.NotEmpty(t, f.Signatures, f.Name)
		if f.Kind == "lookup" || own.MatchString(f.Name) {
			documented++
			assert.Contains(t, string(doc), "//\t"+f.Name+"(", f.Name)
		}
	}
	assert.Equal(t, 33, documented)
}
