package netrule

import (
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
)

// SecurityRulesOpen returns the names of the rules of an Azure network security group,
// the list properties.securityRules, that open one of the ports to the internet, for
// "tcp", "udp" or "any" of both, by priority. The default rules admit nothing from the
// internet. Service tags other than Internet are not the internet. A Deny for some
// destinations does not restrict a rule for others. An error means that there may be more
// rules.
func SecurityRulesOpen(rules asset.Value, protocol string, ports []int64) ([]string, error) {
	return securityRules(rules).opens(protocol, ports)
}

// SecurityRulesOpenAll reports whether the rules open every port to the internet.
func SecurityRulesOpenAll(rules asset.Value, protocol string) (bool, error) {
	return securityRules(rules).opensAll(protocol)
}

func securityRules(rules asset.Value) filter {
	form := &form{
		what: func(r *rule) string { return fmt.Sprintf("security rule %d", r.place) },
		rest: func(r *rule) {
			p := r.doc.Get("properties")
			for _, key := range []string{"sourceAddressPrefix", "sourceAddressPrefixes"} {
				r.add(key, p.Get(key), appendAzureSource)
			}
			r.azureTargets(p)
		},
	}
	f := make(filter, 0, min(rules.Len(), maxRules))
	i := 0
	for e := range elements(rules) {
		r := form.rule(e, i)
		i++
		if name, err := e.Get("name").Str(); err == nil {
			r.name = name
		}
		if !r.isMap(e) {
			f = append(f, r)
			continue
		}
		p := e.Get("properties")
		if !r.isMap(p) {
			f = append(f, r)
			continue
		}
		direction, err := p.Get("direction").Str()
		if err != nil {
			r.note("direction", err)
			r.maybe = true
		} else if !strings.EqualFold(direction, "Inbound") {
			continue
		}
		if r.priority, err = integer(p.Get("priority")); err != nil {
			r.note("priority", err)
			r.anyOrder = true
		}
		r.does("access", p.Get("access"), nil)
		r.azureMatch(p)
		f = append(f, r)
	}
	return f
}

// appendAzureSource adds the internet addresses of a source prefix or service tag.
func appendAzureSource(a addresses, s string) (addresses, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "*", "any", "internet":
		return append(a, all4(), all6()), nil
	case "0.0.0.0": // the CIS benchmark counts it as any source, like 0.0.0.0/0
		return append(a, all4()), nil
	case "::":
		return append(a, all6()), nil
	}
	if s == "" || isLetter(s[0]) && !strings.Contains(s, ":") {
		return a, nil // a service tag: not the internet
	}
	return appendRange(a, s)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// azureMatch reads the protocol and the destination ports of a rule. A caller chooses
// its source port, so source ports do not restrict an Allow. They make a Deny partial.
func (r *rule) azureMatch(p asset.Value) {
	proto := anyProtocol
	known := true
	fail := func(part string, err error) {
		r.note(part, err)
		known = false
	}
	name, err := p.Get("protocol").Str()
	if err == nil {
		proto, err = parseProtocol(name)
	}
	if err != nil {
		fail("protocol", err)
		proto = anyProtocol
	}
	var matches []match
	var unread bool
	for _, key := range []string{"destinationPortRange", "destinationPortRanges"} {
		for e := range elements(p.Get(key)) {
			s, err := stringOf(e)
			if err == nil && s != "" {
				var span ports
				if span, err = parsePorts(s); err == nil {
					matches = append(matches, match{proto, span})
				}
			}
			if err != nil {
				r.note(key, err)
				unread = true
			}
		}
	}
	if !unread && len(matches) == 0 {
		fail("destinationPortRange", asset.ErrAbsent)
		matches = []match{{proto, allPorts()}}
	}
	if unread {
		r.possible = append(r.possible, match{proto, allPorts()})
	}
	if r.action == deny && known {
		if all, err := sourcePortsAreAll(p); err != nil {
			fail("sourcePortRange", err)
		} else if !all {
			return
		}
	}
	if known {
		r.matches = matches
	} else {
		r.possible = append(r.possible, matches...)
	}
}

func sourcePortsAreAll(p asset.Value) (bool, error) {
	listed := false
	for _, key := range []string{"sourcePortRange", "sourcePortRanges"} {
		for e := range elements(p.Get(key)) {
			s, err := stringOf(e)
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
func (r *rule) azureTargets(p asset.Value) {
	if v := p.Get("destinationApplicationSecurityGroups"); v.Unread() != nil {
		r.note("destinationApplicationSecurityGroups", v.Unread())
		r.anyTarget = true
	}
	var limited targets
	for e := range elements(p.Get("destinationApplicationSecurityGroups")) {
		id, err := e.Get("id").Str()
		if err != nil {
			r.note("destinationApplicationSecurityGroups", err)
			r.anyTarget = true
		}
		limited = append(limited, strings.ToLower(id))
	}
	for _, key := range []string{"destinationAddressPrefix", "destinationAddressPrefixes"} {
		for e := range elements(p.Get(key)) {
			s, err := stringOf(e)
			if err != nil {
				r.note(key, err)
				r.anyTarget = true
				continue
			}
			switch s = strings.ToLower(s); s {
			case "":
			case "*", "any", "virtualnetwork", "0.0.0.0/0":
				// The group filters only interfaces in its network.
				r.targets = nil
				return
			default:
				limited = append(limited, s)
			}
		}
	}
	r.targets = limited
}
