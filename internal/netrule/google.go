package netrule

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

// FirewallsOpen returns the names of the rules that let the internet in to one of
// the ports of a Google Cloud network, by "tcp", "udp" or "any" of them, in the
// order in which they are applied. Firewalls are the documents of all firewall rules
// of the network; before and after are the firewall policies that are applied before
// them (of the organisation first, then of each folder down to the project) and
// after them (of the network), as documents of compute.googleapis.com/FirewallPolicy.
// A rule of a policy is named by the policy and its priority, "policy/1000".
//
// A rule with targets (tags, service accounts) opens something, and denies only to
// the targets that it names. Sources other than prefixes are not the internet. The
// error says that there may be more.
func FirewallsOpen(firewalls, before, after []asset.Value, protocol string, ports []int64) ([]string, error) {
	return network(firewalls, before, after).opens(protocol, ports)
}

// FirewallsOpenAll tells whether they let the internet in to every port.
func FirewallsOpenAll(firewalls, before, after []asset.Value, protocol string) (bool, error) {
	return network(firewalls, before, after).opensAll(protocol)
}

func network(firewalls, before, after []asset.Value) filter {
	var f filter
	for i, p := range before {
		f = append(f, firewallPolicy(p, i)...)
	}
	for i, v := range firewalls {
		if r, ok := firewall(v, i, len(before)); ok {
			f = append(f, r)
		}
	}
	for i, p := range after {
		f = append(f, firewallPolicy(p, len(before)+1+i)...)
	}
	return f
}

const defaultPriority = 1000

// firewall reads a firewall rule of a network. It reports false for one that is not
// about what comes in.
func firewall(v asset.Value, i, level int) (rule, bool) {
	r := rule{name: fmt.Sprint(i), level: level, priority: defaultPriority}
	if name, err := v.Get("name").Str(); err == nil {
		r.name = name
	}
	rd := reader{&r, fmt.Sprintf("firewall %q", r.name)}
	if !rd.isMap(v) {
		return r, true
	}
	if !rd.ingress(v) {
		return r, false
	}
	if p := v.Get("priority"); !p.IsAbsent() {
		rd.priority(p)
	}
	allowed, denied := v.Get("allowed"), v.Get("denied")
	switch {
	case allowed.Len() > 0 && denied.Len() > 0:
		rd.fault("denied", errors.New("stands beside allowed"))
		r.possible = []match{{protocol: anyProtocol}}
	case allowed.Err() == nil && allowed.Len() > 0:
		r.action = allow
		rd.layers("allowed", allowed, "IPProtocol")
	case denied.Err() == nil && denied.Len() > 0:
		r.action = deny
		rd.layers("denied", denied, "IPProtocol")
	case allowed.Unread() != nil:
		rd.fault("allowed", allowed.Unread())
		r.possible = []match{{protocol: anyProtocol}}
	case denied.Unread() != nil:
		rd.fault("denied", denied.Unread())
		r.possible = []match{{protocol: anyProtocol}}
	default:
		return r, false // does nothing
	}
	var b netipx.IPSetBuilder
	ranges := v.Get("sourceRanges")
	rd.sources(&b, "sourceRanges", ranges, addPrefix)
	if isEmpty(ranges) {
		limited := false
		for _, key := range []string{"sourceTags", "sourceServiceAccounts"} {
			v := v.Get(key)
			if u := v.Unread(); u != nil {
				rd.fault(key, u)
				r.anySource = true
			} else if !isEmpty(v) {
				limited = true
			}
		}
		switch {
		case limited:
			r.anySource = false
		case !r.anySource:
			b.AddPrefix(all4()) // the default
		}
	}
	r.source = built(&b)
	rd.limits(v, "targetTags", "targetServiceAccounts")
	if r.action == deny {
		rd.narrows(v, "destinationRanges")
	}
	return r, true
}

func isEmpty(v asset.Value) bool {
	return v.IsAbsent() || v.Kind() == asset.List && v.Len() == 0
}

// firewallPolicy reads the rules of a hierarchical or network firewall policy.
func firewallPolicy(v asset.Value, level int) filter {
	name := fmt.Sprintf("policy %d", level)
	for _, key := range []string{"displayName", "shortName", "name"} {
		if s, err := v.Get(key).Str(); err == nil {
			name = s
			break
		}
	}
	rules := v.Get("rules")
	if v.Err() != nil {
		rules = v
	}
	var f filter
	i := 0
	for e := range elements(rules) {
		r := rule{name: fmt.Sprintf("%s/%d", name, i), level: level}
		rd := reader{&r, fmt.Sprintf("rule %d of firewall policy %q", i, name)}
		i++
		if !rd.isMap(e) {
			f = append(f, r)
			continue
		}
		if !rd.ingress(e) {
			continue
		}
		rd.priority(e.Get("priority"))
		if !r.anyOrder {
			r.name = fmt.Sprintf("%s/%d", name, r.priority)
		}
		rd.action("action", e.Get("action"), map[string]action{
			"allow": allow, "deny": deny, "goto_next": next,
			// Inspected, and let in if nothing is found.
			"apply_security_profile_group": allow,
		})
		m := e.Get("match")
		if m.Kind() != asset.Map {
			err := m.Err()
			if err == nil {
				err = &asset.KindError{Want: asset.Map, Got: m.Kind()}
			}
			rd.fault("match", err)
			rd.unknown()
			f = append(f, r)
			continue
		}
		if layers := m.Get("layer4Configs"); isEmpty(layers) {
			r.matches = []match{{protocol: anyProtocol}}
		} else {
			rd.layers("layer4Configs", layers, "ipProtocol")
		}
		rd.policySources(m)
		rd.limits(e, "targetSecureTags", "targetServiceAccounts", "targetResources")
		if r.action != allow {
			rd.narrows(m, "destIpRanges", "destFqdns", "destRegionCodes", "destAddressGroups", "destThreatIntelligences")
		}
		f = append(f, r)
	}
	return f
}

// policySources reads where the packets come from that a rule of a policy matches.
func (rd reader) policySources(m asset.Value) {
	var b netipx.IPSetBuilder
	ranges := m.Get("srcIpRanges")
	rd.sources(&b, "srcIpRanges", ranges, addPrefix)
	others := false
	for _, key := range []string{"srcFqdns", "srcRegionCodes", "srcThreatIntelligences", "srcAddressGroups", "srcSecureTags", "srcNetworks"} {
		v := m.Get(key)
		if v.Unread() != nil {
			rd.fault(key, v.Unread())
			rd.r.anySource = true
		}
		others = others || !isEmpty(v)
	}
	for _, key := range []string{"srcNetworkScope", "srcNetworkContext", "srcNetworkType"} {
		scope, err := text(m.Get(key))
		if err != nil {
			rd.fault(key, err)
			rd.r.anySource = true
			b = netipx.IPSetBuilder{} // perhaps
		} else if scope != "" && scope != "UNSPECIFIED" && scope != "INTERNET" {
			b = netipx.IPSetBuilder{} // within the networks
			others = true
		}
	}
	if isEmpty(ranges) && !others && !rd.r.anySource {
		b.AddPrefix(all4())
		b.AddPrefix(all6())
	}
	rd.r.source = built(&b)
}

// ingress reads whether the rule is in force and about what comes in.
func (rd reader) ingress(v asset.Value) bool {
	disabled, err := boolean(v.Get("disabled"))
	if err != nil {
		rd.fault("disabled", err)
		rd.r.maybe = true
	}
	direction, err := text(v.Get("direction"))
	if err != nil {
		rd.fault("direction", err)
		rd.r.maybe = true
	}
	return !disabled && (direction == "" || strings.EqualFold(direction, "INGRESS"))
}

func (rd reader) priority(v asset.Value) {
	n, err := integer(v)
	if err == nil && (n < 0 || n > math.MaxInt32) {
		err = fmt.Errorf("%d is no priority", n)
	}
	if err != nil {
		rd.fault("priority", err)
		rd.r.anyOrder = true
	}
	rd.r.priority = n
}

// layers reads protocols with their ports, of which none means all.
func (rd reader) layers(part string, v asset.Value, protocolKey string) {
	for e := range elements(v) {
		m := match{protocol: anyProtocol}
		known := true
		name, err := text(e.Get(protocolKey))
		if err == nil {
			var p protocol
			if p, err = parseProtocol(name); err == nil {
				m.protocol = p
			}
		}
		if err != nil {
			rd.fault(part, err)
			known = false
		}
		for p := range elements(e.Get("ports")) {
			s, err := text(p)
			var r ports
			if err == nil {
				r, err = parsePorts(s)
			}
			if err != nil {
				rd.fault(part, err)
				rd.r.possible = append(rd.r.possible, match{protocol: m.protocol})
				continue
			}
			m.ports = append(m.ports, r)
		}
		if m.ports == nil && !isEmpty(e.Get("ports")) {
			continue // no port of it is known
		}
		if known {
			rd.r.matches = append(rd.r.matches, m)
		} else {
			rd.r.possible = append(rd.r.possible, m)
		}
	}
}

// limits reads the targets of a rule, which are any of what the keys list.
func (rd reader) limits(v asset.Value, keys ...string) {
	for _, key := range keys {
		for e := range elements(v.Get(key)) {
			if e.Kind() == asset.Map { // a secure tag
				e = e.Get("name")
			}
			s, err := text(e)
			if err != nil {
				rd.fault(key, err)
				rd.r.anyTarget = true
				continue
			}
			rd.r.targets = append(rd.r.targets, key+" "+s)
		}
	}
}

// narrows notes that a rule is about some destinations only.
func (rd reader) narrows(v asset.Value, keys ...string) {
	for _, key := range keys {
		if d := v.Get(key); d.Unread() != nil {
			rd.fault(key, d.Unread())
			rd.r.anyTarget = true
		} else if !isEmpty(d) {
			rd.r.partial = true
		}
	}
}
