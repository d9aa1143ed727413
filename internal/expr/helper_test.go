package expr_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// some returns a map with some of the members.
func (s *source) some(members map[string]func() any, always ...string) any {
	m := map[string]any{}
	for _, k := range always {
		m[k] = members[k]()
	}
	for _, k := range sortedKeys(members) {
		if _, there := m[k]; !there && s.n(2) == 0 {
			m[k] = members[k]()
		}
	}
	return m
}

func (s *source) any(of ...any) func() any { return func() any { return of[s.n(len(of))] } }

func (s *source) list(atMost int, el func() any) func() any {
	return func() any {
		l := make([]any, 1+s.n(atMost))
		for i := range l {
			l[i] = el()
		}
		return l
	}
}

type m = map[string]any

func (s *source) statement() any {
	actions := s.any("*", "s3:*", "s3:GetObject", []any{"s3:GetObject", "iam:PassRole"}, []any{"iam:CreatePolicyVersion", "*"}, "iam:*")
	resources := s.any("*", "arn:aws:s3:::b", []any{"arn:aws:s3:::b", "arn:aws:s3:::b/*"})
	principal := s.any("*", m{"AWS": "*"}, m{"AWS": []any{"arn:aws:iam::111122223333:root", "*"}}, m{"AWS": "444455556666"},
		m{"Service": "ec2.amazonaws.com"}, m{"Federated": "cognito-identity.amazonaws.com"})
	condition := func() any {
		return s.some(map[string]func() any{
			"Bool":            s.any(m{"aws:SecureTransport": "false"}, m{"aws:SecureTransport": "true"}),
			"StringEquals":    s.any(m{"aws:SourceAccount": "111122223333"}, m{"aws:PrincipalOrgID": "o-1", "s3:x": "y"}),
			"IpAddress":       s.any(m{"aws:SourceIp": "10.0.0.0/8"}, m{"aws:SourceIp": []any{"0.0.0.0/0", "10.0.0.0/8"}}),
			"NumericLessThan": s.any(m{"s3:TlsVersion": "1.2"}, m{"s3:TlsVersion": 1.3}),
		})
	}
	st := s.some(map[string]func() any{
		"Effect": s.any("Allow", "Allow", "Deny"), "Principal": principal, "Condition": condition, "Sid": s.any("a"),
		"Action": actions, "Resource": resources,
	}, "Effect", "Action", "Resource").(m)
	if s.n(6) == 0 {
		st["NotAction"] = actions()
		delete(st, "Action")
	}
	if s.n(8) == 0 {
		st["NotPrincipal"] = principal()
		delete(st, "Principal")
	}
	return st
}

func (s *source) awsPolicy() any {
	return m{"Version": "2012-10-17", "Statement": s.list(3, s.statement)()}
}

func (s *source) googlePolicy() any {
	members := s.any("allUsers", "user:ann@example.com", "serviceAccount:a@p.iam.gserviceaccount.com", "group:g@example.com",
		"user:bob@example.com", "domain:example.com", "serviceAccount:b@p.iam.gserviceaccount.com", "group:h@example.com")
	return m{"bindings": s.list(3, func() any {
		return m{"role": s.one("roles/owner", "roles/editor", "roles/iam.serviceAccountUser", "roles/viewer"), "members": s.list(3, members)()}
	})()}
}

func (s *source) ingress() any {
	return s.list(3, func() any {
		return s.some(map[string]func() any{
			"IpProtocol": s.any("tcp", "-1", "udp", "6"), "FromPort": s.any(0, 22, 20, 443), "ToPort": s.any(22, 65535, 443, 30),
			"CidrIp": s.any("0.0.0.0/0", "10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1"), "CidrIpv6": s.any("::/0", "fd00::/8"),
		}, "IpProtocol", "FromPort", "ToPort")
	})()
}

func (s *source) acl() any {
	number := 0
	return s.list(4, func() any {
		number++
		return s.some(map[string]func() any{
			"RuleNumber": s.any(number, 10-number), "RuleAction": s.any("allow", "deny"), "Protocol": s.any(6, -1, 17), "Egress": s.any(false, true),
			"CidrBlock": s.any("0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/8"), "PortRange": s.any(m{"From": 22, "To": 22}, m{"From": 0, "To": 65535}),
		}, "RuleNumber", "RuleAction", "Protocol", "CidrBlock", "PortRange")
	})()
}

func (s *source) securityRules() any {
	number := 0
	return s.list(4, func() any {
		number++
		return m{"name": s.one("a", "b"), "properties": s.some(map[string]func() any{
			"priority": s.any(number, 10-number), "access": s.any("Allow", "Deny"), "direction": s.any("Inbound", "Inbound", "Outbound"), "protocol": s.any("*", "Tcp", "Udp"),
			"sourceAddressPrefix": s.any("*", "Internet", "10.0.0.0/8", "0.0.0.0/0"), "destinationPortRange": s.any("22", "*", "20-30", "443"),
			"sourceAddressPrefixes": s.any([]any{}, []any{"0.0.0.0/1", "128.0.0.0/1"}), "destinationPortRanges": s.any([]any{"22", "443"}),
		}, "priority", "access", "direction", "protocol")}
	})()
}

func (s *source) firewalls() any {
	return s.list(3, func() any {
		ports := func() any {
			return []any{s.some(map[string]func() any{"IPProtocol": s.any("tcp", "all", "udp"), "ports": s.any([]any{"22"}, []any{"0-65535"}, []any{"443"})}, "IPProtocol")}
		}
		f := s.some(map[string]func() any{
			"name": s.any("a", "b", "c"), "priority": s.any(100, 1000, 65534), "direction": s.any("INGRESS", "EGRESS"), "disabled": s.any(true, false),
			"sourceRanges": s.any([]any{"0.0.0.0/0"}, []any{"10.0.0.0/8", "0.0.0.0/1"}, []any{"::/0"}), "sourceTags": s.any([]any{"web"}),
			"network": s.any("n1"),
		}, "name", "priority").(m)
		f[s.one("allowed", "allowed", "denied")] = ports()
		return f
	})()
}

// judgements are functions that judge documents, and how the documents look.
var judgements = []struct {
	form  func(*source) any
	names []string // of members that could be there
	calls []string
}{
	{(*source).awsPolicy, []string{"Condition", "Principal"}, []string{
		"iam.isPublic(dyn(config).any)", "iam.grantsAdmin(dyn(config).any)",
		"iam.externalPrincipals(dyn(config).any, ['111122223333']) == []",
		"iam.externalPrincipals(dyn(config).any, ['111122223333']).exists(p, true)",
		"iam.externalPrincipals(dyn(config).any, ['111122223333']).exists(p, p.contains('4444'))",
		"iam.externalPrincipals(dyn(config).any, []).all(p, p == '*')",
		"iam.deniesInsecureTransport(dyn(config).any, 'arn:aws:s3:::b')", "iam.deniesOldTLS(dyn(config).any, 'arn:aws:s3:::b')",
		"iam.escalations([dyn(config).any], dyn(optional.none()), 'arn:aws:iam::111122223333:role/r') == []",
		"iam.escalations([dyn(config).any], dyn(config).any, 'arn:aws:iam::111122223333:role/r') == []",
	}},
	{(*source).googlePolicy, []string{"condition"}, []string{
		"iam.isPublic(dyn(config).any)", "iam.membersOf([dyn(config).any], ['roles/owner']) == []",
		"iam.membersOf([dyn(config).any], ['roles/owner', 'roles/editor']).exists(m, m.startsWith('user:'))",
		"iam.membersOfBoth([dyn(config).any], ['roles/owner'], ['roles/editor']) == []",
		"iam.adminServiceAccounts([dyn(config).any]) == []",
	}},
	{(*source).ingress, []string{"CidrIp", "CidrIpv6"}, []string{"net.sgOpens(dyn(config).any, 'any', [22, 443], [])", "net.sgOpens(dyn(config).any, 'tcp', [22], [])", "net.sgOpensAll(dyn(config).any, 'tcp', [])"}},
	{(*source).acl, []string{"Egress", "Ipv6CidrBlock"}, []string{"net.naclOpens(dyn(config).any, 'any', [22])", "net.naclOpens(dyn(config).any, 'tcp', [22, 3389])"}},
	{(*source).securityRules, []string{"sourceAddressPrefix", "sourceAddressPrefixes", "destinationPortRanges"}, []string{"net.nsgOpens(dyn(config).any, 'any', [22]) == []", "net.nsgOpens(dyn(config).any, 'tcp', [22, 443]).exists(r, r == 'a')", "net.nsgOpensAll(dyn(config).any, 'tcp')"}},
	{(*source).firewalls, []string{"disabled", "sourceTags", "sourceRanges"}, []string{"net.fwOpens(dyn(config).any, [], [], 'any', [22]) == []", "net.fwOpens(dyn(config).any, [], [], 'tcp', [22]).exists(f, f == 'a')", "net.fwOpensAll(dyn(config).any, [], [], 'tcp')"}},
}

// plausible reports whether a part could be unread: not the name of a rule, which is
// read with it, and of what is absent only a field of a statement or rule.
func plausible(doc asset.Value, p asset.Path) bool {
	if x, err := doc.At(p); err != nil || !x.IsAbsent() {
		return !strings.HasSuffix(string(p), ".name")
	}
	parent := string(p[:strings.LastIndexByte(string(p), '.')+1])
	return strings.HasSuffix(parent, "].") || strings.HasSuffix(parent, ".properties.")
}

// restore puts into each hidden place what another document has there, or what was
// there, which may be nothing.
func restore(t *testing.T, s *source, doc, was, other asset.Value, hidden []asset.Path) asset.Value {
	slices.Sort(hidden) // a part comes before what is in it
	for _, p := range hidden {
		if v, err := doc.At(p); err != nil || v.Unread() == nil {
			continue // it came back with what it is a part of
		}
		from := was
		if s.n(2) == 0 {
			from = other
		}
		x, err := from.At(p)
		if err != nil || x.IsAbsent() {
			x, err = was.At(p)
			require.NoError(t, err)
		}
		doc, err = doc.Set(p, x)
		require.NoError(t, err)
	}
	return doc
}

// TestJudgementsAreSound holds the functions that judge whole documents to the same
// promise as expressions: what they say of a document with unread parts they say of
// whatever it could have been. What is no document of its kind they need not judge.
func TestJudgementsAreSound(t *testing.T) {
	b := newBench(t)
	for _, j := range judgements {
		for _, call := range j.calls {
			t.Run(call, func(t *testing.T) {
				x, problems := b.scope.Compile(call, nil)
				require.Empty(t, problems)
				mac := expr.NewMachine(expr.Limits{})
				yes, no, open := 0, 0, 0
				for _, seed := range seeds(400) {
					s := newSource(seed)
					raw := m{"any": j.form(s)}
					whole := document(t, raw)
					doc, hidden := obscure(s, raw["any"], j.names, document(t, raw["any"]))
					if slices.ContainsFunc(hidden, func(p asset.Path) bool { return !plausible(whole.Get("any"), p) }) {
						continue
					}
					doc = within(t, whole, doc)
					got := b.eval(mac, x, doc)
					if got.Err != nil {
						continue // no document of the kind any more
					}
					switch got.Truth() {
					case expr.True:
						yes++
					case expr.False:
						no++
					default:
						open++
						require.NotEmpty(t, got.Unread)
						continue
					}
					for range 4 {
						other := document(t, j.form(s))
						full := within(t, whole, restore(t, s, doc.Get("any"), whole.Get("any"), other, hidden))
						then := b.eval(mac, x, full)
						if then.Err != nil {
							continue
						}
						require.Equal(t, got.Truth(), then.Truth(), "%s\nhidden %v\n%s", doc, hidden, full)
					}
				}
				assert.True(t, yes > 0 && no > 0 && open > 0, "%d true, %d false, %d unknown", yes, no, open)
			})
		}
	}
}

func within(t *testing.T, whole, part asset.Value) asset.Value {
	v, err := whole.Set("any", part)
	require.NoError(t, err)
	return v
}
