package netrule

import (
	"fmt"
	"strings"

	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

// SecurityRulesOpen returns the names of the rules of an Azure network security
// group (the list properties.securityRules) that let the internet in to one of the
// ports, by "tcp", "udp" or "any" of them, in the order of their priority. The
// default rules admit nothing from the internet. Service tags other than Internet
// are not the internet; a Deny of some destinations takes nothing from a rule for
// others. The error says that there may be more.
func SecurityRulesOpen(rules asset.Value, protocol string, ports []int64) ([]string, error) {
	return securityRules(rules).opens(protocol, ports)
}

// SecurityRulesOpenAll tells whether they let the internet in to every port.
func SecurityRulesOpenAll(rules asset.Value, protocol string) (bool, error) {
	return securityRules(rules).opensAll(protocol)
}

func securityRules(rules asset.Value) filter {
	var f filter
	i := 0
	for e := range elements(rules) {
		r := rule{name: fmt.Sprint(i)}
		if name, err := e.Get("name").Str(); err == nil {
			r.name = name
		}
		rd := reader{&r, fmt.Sprintf("security rule %d", i)}
		i++
		if !rd.isMap(e) {
			f = append(f, r)
			continue
		}
		p := e.Get("properties")
		if !rd.isMap(p) {
			f = append(f, r)
			continue
		}
		direction, err := p.Get("direction").Str()
		if err != nil {
			rd.fault("direction", err)
			r.maybe = true
		} else if !strings.EqualFold(direction, "Inbound") {
			continue
		}
		if r.priority, err = integer(p.Get("priority")); err != nil {
			rd.fault("priority", err)
			r.anyOrder = true
		}
		rd.action("access", p.Get("access"), map[string]action{"allow": allow, "deny": deny})
		rd.azureMatch(p)
		var b netipx.IPSetBuilder
		for _, key := range []string{"sourceAddressPrefix", "sourceAddressPrefixes"} {
			rd.sources(&b, key, p.Get(key), addAzureSource)
		}
		r.source = built(&b)
		rd.azureTargets(p)
		f = append(f, r)
	}
	return f
}

// addAzureSource adds what a source prefix or service tag stands for on the
// internet.
func addAzureSource(s string, b *netipx.IPSetBuilder) error {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "*", "any", "internet":
		b.AddPrefix(all4())
		b.AddPrefix(all6())
		return nil
	}
	if s == "" || isLetter(s[0]) && !strings.Contains(s, ":") {
		return nil // a service tag: not the internet
	}
	return addRange(s, b)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// azureMatch reads the protocol and the destination ports of a rule. A caller
// chooses the port he calls from, so that source ports limit nothing that is
// allowed; they keep a Deny from covering everything.
func (rd reader) azureMatch(p asset.Value) {
	m := match{protocol: anyProtocol}
	known := true
	fail := func(part string, err error) {
		rd.fault(part, err)
		known = false
	}
	name, err := p.Get("protocol").Str()
	if err == nil {
		var proto protocol
		if proto, err = parseProtocol(name); err == nil {
			m.protocol = proto
		}
	}
	if err != nil {
		fail("protocol", err)
	}
	var unread bool
	for _, key := range []string{"destinationPortRange", "destinationPortRanges"} {
		for e := range elements(p.Get(key)) {
			s, err := text(e)
			var r ports
			if err == nil && s != "" {
				if r, err = parsePorts(s); err == nil {
					m.ports = append(m.ports, r)
				}
			}
			if err != nil {
				rd.fault(key, err)
				unread = true
			}
		}
	}
	if !unread && len(m.ports) == 0 {
		fail("destinationPortRange", asset.ErrAbsent)
	}
	if unread {
		rd.r.possible = append(rd.r.possible, match{protocol: m.protocol})
	}
	if rd.r.action == deny && known {
		if all, err := sourcePortsAreAll(p); err != nil {
			fail("sourcePortRange", err)
		} else if !all {
			return
		}
	}
	switch {
	case len(m.ports) == 0 && unread: // nothing certain
	case known:
		rd.r.matches = append(rd.r.matches, m)
	default:
		rd.r.possible = append(rd.r.possible, m)
	}
}

func sourcePortsAreAll(p asset.Value) (bool, error) {
	listed := false
	for _, key := range []string{"sourcePortRange", "sourcePortRanges"} {
		for e := range elements(p.Get(key)) {
			s, err := text(e)
			if err != nil {
				return false, err
			}
			if s == "" {
				continue
			}
			listed = true
			r, err := parsePorts(s)
			if err != nil || r == allPorts() {
				return err == nil, err
			}
		}
	}
	return !listed, nil
}

// azureTargets reads the destinations of a rule.
func (rd reader) azureTargets(p asset.Value) {
	if v := p.Get("destinationApplicationSecurityGroups"); v.Unread() != nil {
		rd.fault("destinationApplicationSecurityGroups", v.Unread())
		rd.r.anyTarget = true
	}
	var limited targets
	for e := range elements(p.Get("destinationApplicationSecurityGroups")) {
		id, err := e.Get("id").Str()
		if err != nil {
			rd.fault("destinationApplicationSecurityGroups", err)
			rd.r.anyTarget = true
		}
		limited = append(limited, strings.ToLower(id))
	}
	for _, key := range []string{"destinationAddressPrefix", "destinationAddressPrefixes"} {
		for e := range elements(p.Get(key)) {
			s, err := text(e)
			if err != nil {
				rd.fault(key, err)
				rd.r.anyTarget = true
				continue
			}
			switch s = strings.ToLower(s); s {
			case "":
			case "*", "any", "virtualnetwork", "0.0.0.0/0":
				// The group filters interfaces in its network only.
				rd.r.targets = nil
				return
			default:
				limited = append(limited, s)
			}
		}
	}
	rd.r.targets = limited
}
