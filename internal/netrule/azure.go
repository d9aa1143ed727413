package netrule

import (
	"fmt"
	"strings"

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
			r.fault("direction", err)
			r.maybe = true
		} else if !strings.EqualFold(direction, "Inbound") {
			continue
		}
		if r.priority, err = integer(p.Get("priority")); err != nil {
			r.fault("priority", err)
			r.anyOrder = true
		}
		r.does("access", p.Get("access"), nil)
		r.azureMatch(p)
		f = append(f, r)
	}
	return f
}

// appendAzureSource adds what a source prefix or service tag stands for on the
// internet.
func appendAzureSource(a addresses, s string) (addresses, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "*", "any", "internet":
		return append(a, all4(), all6()), nil
	}
	if s == "" || isLetter(s[0]) && !strings.Contains(s, ":") {
		return a, nil // a service tag: not the internet
	}
	return appendRange(a, s)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// azureMatch reads the protocol and the destination ports of a rule. A caller
// chooses the port he calls from, so that source ports limit nothing that is
// allowed; they keep a Deny from covering everything.
func (r *rule) azureMatch(p asset.Value) {
	proto := anyProtocol
	known := true
	fail := func(part string, err error) {
		r.fault(part, err)
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
			s, err := text(e)
			if err == nil && s != "" {
				var span ports
				if span, err = parsePorts(s); err == nil {
					matches = append(matches, match{proto, span})
				}
			}
			if err != nil {
				r.fault(key, err)
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
func (r *rule) azureTargets(p asset.Value) {
	if v := p.Get("destinationApplicationSecurityGroups"); v.Unread() != nil {
		r.fault("destinationApplicationSecurityGroups", v.Unread())
		r.anyTarget = true
	}
	var limited targets
	for e := range elements(p.Get("destinationApplicationSecurityGroups")) {
		id, err := e.Get("id").Str()
		if err != nil {
			r.fault("destinationApplicationSecurityGroups", err)
			r.anyTarget = true
		}
		limited = append(limited, strings.ToLower(id))
	}
	for _, key := range []string{"destinationAddressPrefix", "destinationAddressPrefixes"} {
		for e := range elements(p.Get(key)) {
			s, err := text(e)
			if err != nil {
				r.fault(key, err)
				r.anyTarget = true
				continue
			}
			switch s = strings.ToLower(s); s {
			case "":
			case "*", "any", "virtualnetwork", "0.0.0.0/0":
				// The group filters interfaces in its network only.
				r.targets = nil
				return
			default:
				limited = append(limited, s)
			}
		}
	}
	r.targets = limited
}
