package netrule

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/partly"
)

// generator makes random filters, whole but for the holes in them.
type generator struct{ *partly.Maker }

func (g generator) oneOf(values ...any) partly.Hole {
	return func() any { return partly.OneOf(g.Maker, values...) }
}

// list is a list of up to n elements of a kind.
func (g generator) list(n int, of partly.Hole) partly.Hole {
	return func() any {
		all := make([]any, g.IntN(n+1))
		for i := range all {
			all[i] = g.Maybe(of)
		}
		return all
	}
}

// member puts what may be a hole into a map, and nothing at all so many of ten times.
func (g generator) member(m map[string]any, key string, never int, what partly.Hole) {
	switch {
	case g.IntN(10) >= never:
		m[key] = g.Maybe(what)
	case g.IntN(2*g.Rare) == 0:
		m[key] = what // a hole in which there may be nothing
	}
}

func (g generator) prefixes() partly.Hole {
	return g.oneOf("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "198.51.100.7")
}

func (g generator) securityGroup() any {
	doc := map[string]any{"lists": []any{}}
	for _, id := range []string{"pl-1", "pl-2"}[g.IntN(3):] {
		l := map[string]any{"PrefixListId": id}
		g.member(l, "Entries", 0, g.list(2, func() any { return map[string]any{"Cidr": g.Maybe(g.prefixes())} }))
		doc["lists"] = append(doc["lists"].([]any), g.Maybe(func() any { return l }))
	}
	g.member(doc, "entries", 0, g.list(3, func() any {
		e := map[string]any{"IpProtocol": g.Maybe(g.oneOf("tcp", "tcp", "udp", "-1", "icmp"))}
		g.member(e, "FromPort", 2, g.oneOf(0, 22, -1))
		g.member(e, "ToPort", 2, g.oneOf(22, 65535, 3389, -1))
		g.member(e, "CidrIp", 3, g.prefixes())
		g.member(e, "CidrIpv6", 8, g.oneOf("::/0", "fc00::/7"))
		g.member(e, "SourcePrefixListId", 8, g.oneOf("pl-1", "pl-2"))
		return e
	}))
	return doc
}

func (g generator) networkACL() any {
	doc := map[string]any{}
	g.member(doc, "entries", 0, g.list(3, func() any {
		e := map[string]any{
			"Protocol":   g.Maybe(g.oneOf(6, 17, -1)),
			"RuleNumber": g.Maybe(g.oneOf(100, 200, 300)),
			"RuleAction": g.Maybe(g.oneOf("allow", "allow", "deny")),
		}
		g.member(e, "Egress", 3, g.oneOf(false, false, true))
		g.member(e, "PortRange", 3, func() any {
			r := map[string]any{}
			g.member(r, "From", 2, g.oneOf(0, 22))
			g.member(r, "To", 2, g.oneOf(22, 65535))
			return r
		})
		g.member(e, "CidrBlock", 2, g.prefixes())
		g.member(e, "Ipv6CidrBlock", 8, g.oneOf("::/0"))
		return e
	}))
	return doc
}

func (g generator) securityRules() any {
	doc := map[string]any{}
	n := 0
	g.member(doc, "rules", 0, g.list(3, func() any {
		n++
		r := map[string]any{"name": fmt.Sprint("r", n)}
		r["properties"] = g.Maybe(func() any {
			p := map[string]any{
				"direction": g.Maybe(g.oneOf("Inbound", "Inbound", "Outbound")),
				"priority":  g.Maybe(g.oneOf(100, 200, 300)),
				"access":    g.Maybe(g.oneOf("Allow", "Allow", "Deny")),
				"protocol":  g.Maybe(g.oneOf("Tcp", "*", "Udp")),
			}
			ports := g.oneOf("22", "*", "20-30", "0-65535", "3389")
			p["destinationPortRange"] = g.oneOf("22", "*", "20-30", "3389")()
			g.member(p, "destinationPortRanges", 5, g.list(2, ports))
			g.member(p, "sourcePortRange", 3, ports)
			g.member(p, "sourcePortRanges", 9, g.list(2, ports))
			source := g.oneOf("*", "Internet", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "VirtualNetwork")
			g.member(p, "sourceAddressPrefix", 3, source)
			g.member(p, "sourceAddressPrefixes", 7, g.list(2, source))
			target := g.oneOf("*", "10.0.0.4", "10.0.0.5", "VirtualNetwork")
			g.member(p, "destinationAddressPrefix", 3, target)
			g.member(p, "destinationAddressPrefixes", 8, g.list(2, target))
			g.member(p, "destinationApplicationSecurityGroups", 9, g.list(2, func() any {
				return map[string]any{"id": g.Maybe(g.oneOf("/asg/a", "/asg/b"))}
			}))
			return p
		})
		return r
	}))
	return doc
}

func (g generator) layers(key string) partly.Hole {
	return func() any {
		all := make([]any, 1+g.IntN(2))
		for i := range all {
			all[i] = g.Maybe(func() any {
				l := map[string]any{key: g.Maybe(g.oneOf("tcp", "tcp", "udp", "all", "icmp"))}
				g.member(l, "ports", 3, g.list(2, g.oneOf("22", "20-30", "0-65535", "3389")))
				return l
			})
		}
		return all
	}
}

func (g generator) network() any {
	doc := map[string]any{}
	n := 0
	policies := g.list(2, func() any {
		n++
		p := map[string]any{"displayName": fmt.Sprint("p", n)}
		g.member(p, "rules", 1, g.list(2, g.policyRule))
		return p
	})
	doc["before"], doc["after"] = policies(), []any{}
	if g.IntN(3) == 0 {
		doc["after"] = policies()
	}
	doc["firewalls"] = g.list(3, func() any {
		n++
		f := map[string]any{"name": fmt.Sprint("f", n)}
		g.ingress(f)
		g.member(f, "priority", 5, g.oneOf(100, 1000))
		if g.IntN(3) > 0 {
			f["allowed"] = g.Maybe(g.layers("IPProtocol"))
		} else {
			f["denied"] = g.Maybe(g.layers("IPProtocol"))
			g.member(f, "allowed", 10, g.layers("IPProtocol"))
		}
		g.member(f, "sourceRanges", 3, g.list(2, g.prefixes()))
		g.member(f, "sourceTags", 9, g.list(1, g.oneOf("a")))
		g.member(f, "targetTags", 6, g.list(2, g.oneOf("a", "b")))
		g.member(f, "targetServiceAccounts", 9, g.list(2, g.oneOf("s")))
		g.member(f, "destinationRanges", 9, g.list(1, g.prefixes()))
		return f
	})()
	return doc
}

func (g generator) ingress(r map[string]any) {
	g.member(r, "direction", 5, g.oneOf("INGRESS", "INGRESS", "EGRESS"))
	g.member(r, "disabled", 5, g.oneOf(false, false, true))
}

func (g generator) policyRule() any {
	r := map[string]any{
		"priority": g.IntN(1 << 20), // names the rule
		"action":   g.Maybe(g.oneOf("allow", "deny", "goto_next")),
	}
	g.ingress(r)
	r["match"] = g.Maybe(func() any {
		m := map[string]any{}
		g.member(m, "layer4Configs", 1, g.layers("ipProtocol"))
		g.member(m, "srcIpRanges", 2, g.list(2, g.prefixes()))
		g.member(m, "srcFqdns", 9, g.list(1, g.oneOf("example.com")))
		g.member(m, "srcNetworkScope", 5, g.oneOf("INTERNET", "INTRA_VPC"))
		g.member(m, "destIpRanges", 7, g.list(1, g.prefixes()))
		return m
	})
	g.member(r, "targetServiceAccounts", 8, g.list(2, g.oneOf("s", "t")))
	return r
}

// documents returns the elements of a list as documents of their own.
func documents(v asset.Value) []asset.Value {
	var all []asset.Value
	for e := range elements(v) {
		all = append(all, e)
	}
	return all
}

// TestUnreadPartsDoNotDecide asks what filters with unread parts open, and then
// what the filters do that they could be.
func TestUnreadPartsDoNotDecide(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 1000
	}
	ports := []int64{22, 3389}
	for _, c := range []struct {
		name  string
		make  func(generator) any
		opens func(doc asset.Value, protocol string) (any, error)
		all   func(doc asset.Value, protocol string) (bool, error)
	}{
		{"security group", generator.securityGroup,
			func(doc asset.Value, protocol string) (any, error) {
				return SecurityGroupOpens(doc.Get("entries"), protocol, ports, documents(doc.Get("lists")))
			},
			func(doc asset.Value, protocol string) (bool, error) {
				return SecurityGroupOpensAll(doc.Get("entries"), protocol, documents(doc.Get("lists")))
			}},
		{"network ACL", generator.networkACL,
			func(doc asset.Value, protocol string) (any, error) {
				return NetworkACLOpens(documents(doc.Get("entries")), protocol, ports)
			}, nil},
		{"security rules", generator.securityRules,
			func(doc asset.Value, protocol string) (any, error) {
				return SecurityRulesOpen(doc.Get("rules"), protocol, ports)
			},
			func(doc asset.Value, protocol string) (bool, error) {
				return SecurityRulesOpenAll(doc.Get("rules"), protocol)
			}},
		{"network", generator.network,
			func(doc asset.Value, protocol string) (any, error) {
				return FirewallsOpen(documents(doc.Get("firewalls")), documents(doc.Get("before")), documents(doc.Get("after")), protocol, ports)
			},
			func(doc asset.Value, protocol string) (bool, error) {
				return FirewallsOpenAll(documents(doc.Get("firewalls")), documents(doc.Get("before")), documents(doc.Get("after")), protocol)
			}},
	} {
		decided, open := 0, 0
		for seed := range n {
			g := generator{partly.New(uint64(seed), 12)}
			holed := c.make(g)
			part := g.Obscured(holed)
			if !strings.Contains(part.String(), "<unread>") {
				continue
			}
			protocol := partly.OneOf(g.Maker, "tcp", "any")
			ask := func(doc asset.Value) (any, error) { return c.opens(doc, protocol) }
			if c.all != nil && g.IntN(3) == 0 {
				ask = func(doc asset.Value) (any, error) { return c.all(doc, protocol) }
			}
			got, err := ask(part)
			if err == nil {
				decided++
			} else {
				open++
			}
			for range 8 {
				doc := g.Completed(holed)
				whole, wholeErr := ask(doc)
				require.True(t, partly.Holds(got, err, whole, wholeErr), "%s, %s: says %v (%v) of\n%s\nand %v of\n%s", c.name, protocol, got, err, part, whole, doc)
			}
		}
		assert.Greater(t, decided, n/20, "%s decides in spite of unread parts", c.name)
		assert.Greater(t, open, n/20, "%s depends on unread parts", c.name)
	}
}
