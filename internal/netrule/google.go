package netrule

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
)

// FirewallsOpen returns the names of the rules that open one of the ports of a Google
// Cloud network to the internet, for "tcp", "udp" or "any" of both, in the order in which
// they apply. Firewalls are the documents of all firewall rules of the network. Before
// and after are the firewall policies that apply before them (of the organization first,
// then of each folder down to the project) and after them (of the network), as documents
// of compute.googleapis.com/FirewallPolicy. A rule of a policy has the name of the policy
// and its priority, "policy/1000".
//
// A rule with targets (tags, service accounts, networks) opens a port, and denies it only
// for these targets. Sources other than prefixes are not the internet. An error means
// that there may be more rules.
func FirewallsOpen(firewalls, before, after []asset.Value, protocol string, ports []int64) ([]string, error) {
	return Network{Firewalls: firewalls, Before: before, After: after}.rules().opens(protocol, ports)
}

// FirewallsOpenAll reports whether the rules open every port to the internet.
func FirewallsOpenAll(firewalls, before, after []asset.Value, protocol string) (bool, error) {
	return Network{Firewalls: firewalls, Before: before, After: after}.rules().opensAll(protocol)
}

// Network is the packet filter of a Google Cloud network.
type Network struct {
	// Is reports whether an entry of targetResources of a firewall policy is the network.
	// Nil: the network is unknown, and a rule with targetResources is for these targets.
	Is                       func(targetResource string) bool
	Before, Firewalls, After []asset.Value // as for [FirewallsOpen]
}

// Opening is a rule that opens a port.
type Opening struct {
	Name  string
	Index int // of its document among Before, Firewalls and After together
}

// Open is like [FirewallsOpen].
func (n Network) Open(protocol string, ports []int64) ([]Opening, error) {
	rules, err := n.rules().opening(protocol, ports)
	open := make([]Opening, len(rules))
	for i, r := range rules {
		open[i] = Opening{r.name, r.document}
	}
	return open, err
}

// Admits reports whether a rule may admit a part of the internet to one of the ports. Such
// a part can open the port together with rules that are not in n.
func (n Network) Admits(protocol string, ports []int64) (bool, error) {
	f := n.rules()
	protocols, err := f.prepare(protocol)
	if err != nil {
		return false, err
	}
	for _, r := range f.concerning(protocols, ports) {
		if !r.anySource && r.reach == (share{}) {
			continue
		}
		for _, p := range protocols {
			if slices.ContainsFunc(ports, func(port int64) bool { return r.admits(p, port, true) }) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (n Network) rules() filter {
	f := make(filter, 0, len(n.Firewalls))
	for i, p := range n.Before {
		f = append(f, n.policy(p, i, i)...)
	}
	form := &form{
		what: func(r *rule) string { return fmt.Sprintf("firewall %q", r.name) },
		rest: firewallSources,
	}
	for i, v := range n.Firewalls {
		if r, ok := firewall(form, v, i, len(n.Before)); ok {
			r.document = len(n.Before) + i
			f = append(f, r)
		}
	}
	for i, p := range n.After {
		f = append(f, n.policy(p, len(n.Before)+1+i, len(n.Before)+len(n.Firewalls)+i)...)
	}
	return f
}

const defaultPriority = 1000

// firewall reads a firewall rule of a network. It reports false for an egress or disabled
// rule.
func firewall(form *form, v asset.Value, i, level int) (*rule, bool) {
	r := form.rule(v, i)
	r.level, r.priority = level, defaultPriority
	if name, err := v.Get("name").Str(); err == nil {
		r.name = name
	}
	if !r.isMap(v) {
		return r, true
	}
	if !r.ingress(v) {
		return r, false
	}
	if p := v.Get("priority"); !p.IsAbsent() {
		r.ranks(p)
	}
	allowed, denied := v.Get("allowed"), v.Get("denied")
	switch {
	case allowed.Len() > 0 && denied.Len() > 0:
		r.note("denied", errors.New("used together with allowed"))
		r.possible = []match{everything()}
	case allowed.Err() == nil && allowed.Len() > 0:
		r.action = allow
		r.layers("allowed", allowed, "IPProtocol")
	case denied.Err() == nil && denied.Len() > 0:
		r.action = deny
		r.layers("denied", denied, "IPProtocol")
	case allowed.Unread() != nil:
		r.note("allowed", allowed.Unread())
		r.possible = []match{everything()}
	case denied.Unread() != nil:
		r.note("denied", denied.Unread())
		r.possible = []match{everything()}
	default:
		return r, false // does nothing
	}
	return r, true
}

// firewallSources reads the sources and destinations of a firewall rule.
func firewallSources(r *rule) {
	v := r.doc
	ranges := v.Get("sourceRanges")
	r.add("sourceRanges", ranges, appendPrefix)
	if isEmpty(ranges) {
		limited := false
		for _, key := range []string{"sourceTags", "sourceServiceAccounts"} {
			v := v.Get(key)
			if u := v.Unread(); u != nil {
				r.note(key, u)
				r.anySource = true
			} else if !isEmpty(v) {
				limited = true
			}
		}
		switch {
		case limited:
			r.anySource = false
		case !r.anySource:
			r.source = addresses{all4()} // the default
		}
	}
	r.limits(v, "targetTags", "targetServiceAccounts")
	if r.action == deny {
		r.narrows(v, "destinationRanges")
	}
}

func isEmpty(v asset.Value) bool {
	return v.IsAbsent() || v.Kind() == asset.List && v.Len() == 0
}

// policy reads the rules of a hierarchical or network firewall policy that concern the
// network. A regional policy filters only a part of the network.
func (n Network) policy(v asset.Value, level, document int) filter {
	regional := !isEmpty(v.Get("region"))
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
	form := &form{
		what: func(r *rule) string { return fmt.Sprintf("rule %d of firewall policy %q", r.place, name) },
		rest: policySources,
	}
	var f filter
	i := 0
	for e := range elements(rules) {
		r := form.rule(e, i)
		i++
		r.name, r.level, r.document = name+"/"+r.name, level, document
		if !r.isMap(e) {
			f = append(f, r)
			continue
		}
		if !r.ingress(e) || !n.concerned(r, e) {
			continue
		}
		r.ranks(e.Get("priority"))
		if !r.anyOrder {
			r.name = name + "/" + strconv.FormatInt(r.priority, 10)
		}
		r.does("action", e.Get("action"), policyAction)
		r.partial = regional && r.action != allow
		m := e.Get("match")
		if m.Kind() != asset.Map {
			err := m.Err()
			if err == nil {
				err = &asset.KindError{Want: asset.Map, Got: m.Kind()}
			}
			r.note("match", err)
			r.unknown()
			f = append(f, r)
			continue
		}
		if layers := m.Get("layer4Configs"); isEmpty(layers) {
			r.matches = []match{everything()}
		} else {
			r.layers("layer4Configs", layers, "ipProtocol")
		}
		f = append(f, r)
	}
	return f
}

// concerned reports whether a rule of a policy is for the network, as far as that is
// known.
func (n Network) concerned(r *rule, v asset.Value) bool {
	resources := v.Get("targetResources")
	if n.Is == nil || resources.Unread() != nil || isEmpty(resources) {
		return true
	}
	for e := range elements(resources) {
		s, err := e.Str()
		if err != nil {
			return true // limits notes it
		}
		if n.Is(s) {
			r.here = true
			return true
		}
	}
	return false
}

// policyAction returns the actions of policies other than allow and deny.
func policyAction(word string) action {
	switch word {
	case "goto_next":
		return next
	case "apply_security_profile_group":
		return allow // inspected, and then admitted
	}
	return unknown
}

// policySources reads the sources and destinations of a rule of a policy.
func policySources(r *rule) {
	m := r.doc.Get("match")
	ranges := m.Get("srcIpRanges")
	r.add("srcIpRanges", ranges, appendPrefix)
	others := false
	for _, key := range []string{"srcFqdns", "srcRegionCodes", "srcThreatIntelligences", "srcAddressGroups", "srcSecureTags", "srcNetworks"} {
		v := m.Get(key)
		if v.Unread() != nil {
			r.note(key, v.Unread())
			r.anySource = true
		}
		others = others || !isEmpty(v)
	}
	for _, key := range []string{"srcNetworkScope", "srcNetworkContext", "srcNetworkType"} {
		scope, err := stringOf(m.Get(key))
		if err != nil {
			r.note(key, err)
			r.anySource = true
			r.source = nil // unknown sources
		} else if scope != "" && scope != "UNSPECIFIED" && scope != "INTERNET" {
			r.source = nil // within the networks
			others = true
		}
	}
	if isEmpty(ranges) && !others && !r.anySource {
		r.source = everywhere()
	}
	r.limits(r.doc, "targetSecureTags", "targetServiceAccounts")
	if !r.here {
		r.limits(r.doc, "targetResources")
	}
	if r.action != allow {
		r.narrows(m, "destIpRanges", "destFqdns", "destRegionCodes", "destAddressGroups", "destThreatIntelligences")
	}
}

// ingress reports whether the rule is an ingress rule in force.
func (r *rule) ingress(v asset.Value) bool {
	disabled, err := boolean(v.Get("disabled"))
	if err != nil {
		r.note("disabled", err)
		r.maybe = true
	}
	direction, err := stringOf(v.Get("direction"))
	if err != nil {
		r.note("direction", err)
		r.maybe = true
	}
	return !disabled && (direction == "" || strings.EqualFold(direction, "INGRESS"))
}

func (r *rule) ranks(v asset.Value) {
	n, err := integer(v)
	if err == nil && (n < 0 || n > math.MaxInt32) {
		err = fmt.Errorf("invalid priority %d", n)
	}
	if err != nil {
		r.note("priority", err)
		r.anyOrder = true
	}
	r.priority = n
}

// layers reads protocols with their ports. No ports are all ports.
func (r *rule) layers(part string, v asset.Value, protocolKey string) {
	for e := range elements(v) {
		matches := &r.matches
		proto := anyProtocol
		name, err := stringOf(e.Get(protocolKey))
		if err == nil {
			proto, err = parseProtocol(name)
		}
		if err != nil {
			r.note(part, err)
			matches, proto = &r.possible, anyProtocol
		}
		listed := e.Get("ports")
		if isEmpty(listed) {
			*matches = append(*matches, match{proto, allPorts()})
		}
		for p := range elements(listed) {
			s, err := stringOf(p)
			var span ports
			if err == nil {
				span, err = parsePorts(s)
			}
			if err != nil {
				r.note(part, err)
				r.possible = append(r.possible, match{proto, allPorts()})
				continue
			}
			*matches = append(*matches, match{proto, span})
		}
	}
}

// limits reads the targets of a rule, which the keys list.
func (r *rule) limits(v asset.Value, keys ...string) {
	for _, key := range keys {
		for e := range elements(v.Get(key)) {
			if e.Kind() == asset.Map { // a secure tag
				e = e.Get("name")
			}
			s, err := stringOf(e)
			if err != nil {
				r.note(key, err)
				r.anyTarget = true
				continue
			}
			r.targets = append(r.targets, key+" "+s)
		}
	}
}

// narrows marks a rule that has destinations as partial.
func (r *rule) narrows(v asset.Value, keys ...string) {
	for _, key := range keys {
		if d := v.Get(key); d.Unread() != nil {
			r.note(key, d.Unread())
			r.anyTarget = true
		} else if !isEmpty(d) {
			r.partial = true
		}
	}
}
