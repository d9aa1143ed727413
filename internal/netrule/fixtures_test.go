package netrule

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
)

// template returns a template in JSON or YAML.
func template(t *testing.T, input json.RawMessage) map[string]any {
	t.Helper()
	text := string(input)
	if err := json.Unmarshal(input, &text); err != nil {
		var dir struct{ Files map[string]string }
		require.NoError(t, json.Unmarshal(input, &dir))
		for _, content := range dir.Files {
			text = content
		}
	}
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc))
	return doc
}

func TestSecurityGroupTemplates(t *testing.T) {
	judged := 0
	for c := range fixtures.Cases(t, "iac", "kics-cloudformation") {
		var ports []int64
		switch filepath.Base(filepath.Dir(c.ID)) {
		case "security_groups_with_unrestricted_access_to_ssh":
			ports = []int64{22}
		case "security_groups_unrestricted_access_to_rdp":
			ports = []int64{3389}
		case "http_port_open":
			ports = []int64{80}
		default:
			continue
		}
		open := false
		for _, r := range template(t, c.Input)["Resources"].(map[string]any) {
			r := r.(map[string]any)
			entries := r["Properties"]
			switch r["Type"] {
			case "AWS::EC2::SecurityGroup":
				entries = entries.(map[string]any)["SecurityGroupIngress"]
			case "AWS::EC2::SecurityGroupIngress":
			default:
				continue
			}
			v, err := asset.Of(entries)
			require.NoError(t, err)
			got, err := SecurityGroupOpens(v, "any", ports, nil)
			require.NoError(t, err, c.ID)
			open = open || got
		}
		judged++
		assert.Equal(t, c.Expected.Verdict == "fail", open, c.ID)
	}
	assert.GreaterOrEqual(t, judged, 12)
}

func TestSecurityRuleTemplates(t *testing.T) {
	judged := 0
	for c := range fixtures.Cases(t, "iac", "kics-arm") {
		if filepath.Base(filepath.Dir(c.ID)) != "network_security_group_with_unrestricted_access_to_ssh" {
			continue
		}
		var rules []any
		var walk func(any)
		walk = func(x any) {
			switch x := x.(type) {
			case []any:
				for _, e := range x {
					walk(e)
				}
			case map[string]any:
				props, _ := x["properties"].(map[string]any)
				if props["access"] != nil {
					rules = append(rules, x)
					return
				}
				for _, e := range x {
					walk(e)
				}
			}
		}
		walk(template(t, c.Input))
		v, err := asset.Of(rules)
		require.NoError(t, err)
		got, err := SecurityRulesOpen(v, "tcp", []int64{22})
		judged++
		require.NoError(t, err, "%s: %s", c.ID, v)
		assert.Equal(t, c.Expected.Verdict == "fail", len(got) > 0, "%s: %s", c.ID, v)
	}
	assert.GreaterOrEqual(t, judged, 13)
}

// TestSecurityGroupsMoto judges the groups that another tool's tests set up.
func TestSecurityGroupsMoto(t *testing.T) {
	judged := 0
	for c := range fixtures.Cases(t, "posture", "aws-moto-scenarios") {
		var judge func(asset.Value) (bool, error)
		ports := func(ports ...int64) func(asset.Value) (bool, error) {
			return func(v asset.Value) (bool, error) { return SecurityGroupOpens(v, "tcp", ports, nil) }
		}
		switch id := c.Rule.ID; {
		case id == "ec2_securitygroup_allow_ingress_from_internet_to_all_ports":
			judge = func(v asset.Value) (bool, error) { return SecurityGroupOpensAll(v, "any", nil) }
		case strings.HasSuffix(id, "redis_6379"):
			judge = ports(6379)
		case strings.HasSuffix(id, "telnet_23"):
			judge = ports(23)
		case strings.HasSuffix(id, "oracle_1521_2483"):
			judge = ports(1521, 2483)
		case id == "ec2_instance_port_kafka_exposed_to_internet":
			judge = ports(9092)
		case id == "ec2_instance_port_ldap_exposed_to_internet":
			judge = ports(389, 636)
		default:
			continue
		}
		var in struct {
			Setup []struct {
				Operation string
				Params    struct {
					IPPermissions []map[string]any `json:"IpPermissions"`
				}
			}
		}
		require.NoError(t, json.Unmarshal(c.Input, &in))
		var entries []any
		for _, s := range in.Setup {
			if s.Operation != "AuthorizeSecurityGroupIngress" {
				continue
			}
			for _, p := range s.Params.IPPermissions {
				for _, r := range append(asList(p["IpRanges"]), asList(p["Ipv6Ranges"])...) {
					e := map[string]any{"IpProtocol": p["IpProtocol"], "FromPort": p["FromPort"], "ToPort": p["ToPort"]}
					for _, key := range []string{"CidrIp", "CidrIpv6"} {
						if v, ok := r.(map[string]any)[key]; ok {
							if _, ref := v.(map[string]any); ref {
								v = "0.0.0.0/0" // taken there from the default egress rule
							}
							e[key] = v
						}
					}
					entries = append(entries, e)
				}
			}
		}
		if c.Expected.Verdict == "none" {
			continue
		}
		v, err := asset.Of(entries)
		require.NoError(t, err)
		got, err := judge(v)
		require.NoError(t, err)
		// The other tool passes a group that it reports for all ports already.
		want := c.Expected.Verdict != "pass" || strings.HasSuffix(c.ID, "_pass_to_avoid_fail_twice")
		assert.Equal(t, want, got, "%s: %s", c.ID, v)
		judged++
	}
	assert.GreaterOrEqual(t, judged, 15)
}

func asList(x any) []any {
	l, _ := x.([]any)
	return l
}

// TestFirewallsCAI judges firewall rules one by one, as a constraint on rules that
// open every port to everybody does.
func TestFirewallsCAI(t *testing.T) {
	judged := 0
	for c := range fixtures.Cases(t, "posture", "gcp-cai") {
		if c.Rule.ID != "GCPRestrictedFirewallRulesConstraintV1" || !strings.Contains(string(c.Rule.Parameters), `"denylist"`) ||
			!strings.Contains(string(c.Rule.Parameters), `"port": "all"`) && !strings.Contains(string(c.Rule.Parameters), `"port":"all"`) {
			continue
		}
		doc := parse(t, string(c.Input)).Get("resource", "data")
		got, err := FirewallsOpenAll([]asset.Value{doc}, nil, nil, "any")
		require.NoError(t, err)
		assert.Equal(t, c.Expected.Verdict == "fail", got, c.ID)
		judged++
	}
	assert.NotZero(t, judged)
}

func FuzzFilters(f *testing.F) {
	f.Add(`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}]`)
	f.Add(`[{"RuleNumber":1,"RuleAction":"deny","Protocol":"6","CidrBlock":"::/0","PortRange":{"From":1,"To":9}}]`)
	f.Add(`[{"name":"a","properties":{"priority":1,"access":"Allow","direction":"Inbound","protocol":"*","sourceAddressPrefixes":["1.1.1.1-2.2.2.2"],"destinationPortRange":"1-2"}}]`)
	f.Add(`[{"name":"a","properties":{"priority":1,"access":"Deny","direction":"Inbound","protocol":"*","sourceAddressPrefix":"fe80::1%a-fe80::2%a","destinationPortRange":"*"}}]`)
	f.Add(`[{"name":"a","properties":{"priority":1,"access":"Allow","direction":"Inbound","protocol":"*","sourceAddressPrefix":"::ffff:1.2.3.4-::ffff:9.9.9.9","destinationPortRange":"*"}}]`)
	f.Add(`[{"name":"a","priority":"5","allowed":[{"IPProtocol":"tcp","ports":["1-7"]}]},{"rules":[{"priority":1,"action":"goto_next","match":{"srcIpRanges":["::/1"]}}]}]`)
	f.Fuzz(func(t *testing.T, s string) {
		v, err := asset.Parse([]byte(s))
		if err != nil {
			return
		}
		var docs []asset.Value
		for i := range v.Len() {
			docs = append(docs, v.Index(i))
		}
		ports := []int64{1, 22}
		open, err := SecurityGroupOpens(v, "any", ports, docs)
		all, err2 := SecurityGroupOpensAll(v, "any", docs)
		if err == nil && err2 == nil && all {
			assert.True(t, open, s)
		}
		_, _ = NetworkACLOpens(docs, "any", ports)
		names, err := SecurityRulesOpen(v, "tcp", ports)
		all, err2 = SecurityRulesOpenAll(v, "tcp")
		if err == nil && err2 == nil && all {
			assert.NotEmpty(t, names, s)
		}
		_, _ = FirewallsOpen(docs, docs, docs, "udp", ports)
		_, _ = FirewallsOpenAll(docs, docs, docs, "udp")
	})
}

func FuzzTexts(f *testing.F) {
	for _, s := range []string{"0.0.0.0/0", "::ffff:1.2.3.4/100", "1-2", "*", "fe80::1%x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePrefix(s); err == nil {
			assert.True(t, p.IsValid())
			in, err := Contains(s, p.String())
			require.NoError(t, err)
			assert.True(t, in)
			public, err := IsPublic(s)
			require.NoError(t, err)
			if p.Addr().Is4() && p.Bits() == 32 && public {
				assert.False(t, p.Addr().IsPrivate() || p.Addr().IsLoopback())
			}
		}
		if r, err := parsePorts(s); err == nil {
			assert.True(t, 0 <= r.from && r.from <= r.to && r.to <= lastPort)
		}
	})
}

// TestOrderedRules compares network ACLs with evaluating them for one address and
// one port at a time.
func TestOrderedRules(t *testing.T) {
	cidrs := []string{"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/2", "192.0.0.0/2"}
	samples := []string{"1.0.0.0", "100.0.0.0", "150.0.0.0", "200.0.0.0"} // one of each quarter
	for n := range 2 * 2 * 2 * len(cidrs) * len(cidrs) * len(cidrs) {
		var entries []asset.Value
		type entry struct {
			allow bool
			cidr  netip.Prefix
		}
		var naive []entry
		k := n
		for i := range 3 {
			e := entry{allow: k%2 == 0}
			k /= 2
			e.cidr = netip.MustParsePrefix(cidrs[k%len(cidrs)])
			k /= len(cidrs)
			naive = append(naive, e)
			word := "deny"
			if e.allow {
				word = "allow"
			}
			// Listed in the opposite order of their numbers.
			entries = append([]asset.Value{parse(t, fmt.Sprintf(`{"RuleNumber":%d,"RuleAction":%q,"Protocol":6,"CidrBlock":%q,"PortRange":{"From":22,"To":22}}`, i+1, word, e.cidr))}, entries...)
		}
		admitted := 0
		for _, s := range samples {
			for _, e := range naive {
				if e.cidr.Contains(netip.MustParseAddr(s)) {
					if e.allow {
						admitted++
					}
					break
				}
			}
		}
		got, err := NetworkACLOpens(entries, "tcp", []int64{22})
		require.NoError(t, err)
		require.Equal(t, admitted >= 2, got, "%v", naive)
	}
}

func TestManyRules(t *testing.T) {
	rule := `{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"10.0.0.1/32"}`
	many := parse(t, "["+strings.TrimSuffix(strings.Repeat(rule+",", maxRules), ",")+"]")
	got, err := SecurityGroupOpens(many, "any", []int64{22, 3389}, nil)
	require.NoError(t, err)
	assert.False(t, got)
	denial := `{"name":"d","priority":1,"denied":[{"IPProtocol":"all"}],"sourceRanges":["10.0.0.0/8"]}`
	admission := `{"name":"a","priority":2,"allowed":[{"IPProtocol":"all"}],"sourceRanges":["11.0.0.0/8"]}`
	half := func(s string) []asset.Value {
		return list(t, "["+strings.TrimSuffix(strings.Repeat(s+",", 1000), ",")+"]")
	}
	names, err := FirewallsOpen(append(half(denial), half(admission)...), nil, nil, "any", []int64{22})
	require.NoError(t, err)
	assert.Empty(t, names)
	// Rules for many targets and ports have a limit.
	var tagged []string
	for i := range 2000 {
		action := []string{"denied", "allowed"}[i%2]
		tagged = append(tagged, fmt.Sprintf(`{"name":"r%d","priority":%d,%q:[{"IPProtocol":"all"}],"sourceRanges":["0.0.0.0/0"],"targetTags":["t%d"]}`, i, i, action, i/2))
	}
	ports := make([]int64, 50)
	for i := range ports {
		ports[i] = int64(i)
	}
	_, err = FirewallsOpen(list(t, "["+strings.Join(tagged, ",")+"]"), nil, nil, "tcp", ports)
	require.ErrorIs(t, err, errTooMuch)
	_, err = SecurityGroupOpens(parse(t, "["+strings.TrimSuffix(strings.Repeat(rule+",", maxRules+1), ",")+"]"), "any", []int64{22}, nil)
	require.Error(t, err)
}
