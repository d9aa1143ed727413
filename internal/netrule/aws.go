package netrule

import (
	"fmt"

	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

// SecurityGroupOpens reports whether the ingress entries of a security group, the list
// SecurityGroupIngress of AWS::EC2::SecurityGroup, open one of the ports to the internet,
// for "tcp", "udp" or "any" of both. Lists are the documents of the prefix lists that the
// entries name, with PrefixListId and Entries; a missing one is unknown. ICMP has no
// ports.
func SecurityGroupOpens(entries asset.Value, protocol string, ports []int64, lists []asset.Value) (bool, error) {
	return securityGroup(entries, lists, appendPrefix).any(protocol, ports)
}

// SecurityGroupOpensOver is like [SecurityGroupOpens] for the internet of one family of
// addresses, "IPv4" or "IPv6".
func SecurityGroupOpensOver(family string, entries asset.Value, protocol string, ports []int64, lists []asset.Value) (bool, error) {
	if family != "IPv4" && family != "IPv6" {
		return false, fmt.Errorf("unknown family %.20q (want IPv4 or IPv6)", family)
	}
	only := func(a addresses, s string) (addresses, error) {
		p, err := parsePrefix(s)
		if err != nil || p.Addr().Is4() != (family == "IPv4") {
			return a, err
		}
		return append(a, netipx.RangeOfPrefix(p)), nil
	}
	return securityGroup(entries, lists, only).any(protocol, ports)
}

// SecurityGroupOpensAll is like [SecurityGroupOpens] for every port.
func SecurityGroupOpensAll(entries asset.Value, protocol string, lists []asset.Value) (bool, error) {
	return securityGroup(entries, lists, appendPrefix).opensAll(protocol)
}

func securityGroup(entries asset.Value, lists []asset.Value, appendTo func(addresses, string) (addresses, error)) filter {
	form := &form{
		what: func(r *rule) string { return fmt.Sprintf("security group entry %d", r.place) },
		rest: func(r *rule) {
			r.add("CidrIp", r.doc.Get("CidrIp"), appendTo)
			r.add("CidrIpv6", r.doc.Get("CidrIpv6"), appendTo)
			list := r.doc.Get("SourcePrefixListId")
			if list.IsAbsent() {
				return
			}
			id, err := stringOf(list)
			if err != nil {
				r.anySource = true
				r.note("SourcePrefixListId", err)
				return
			}
			r.prefixList(id, lists, appendTo)
		},
	}
	f := make(filter, 0, min(entries.Len(), maxRules))
	for e := range elements(entries) {
		r := form.rule(e, len(f))
		r.action = allow
		f = append(f, r)
		if r.isMap(e) {
			r.awsPorts(e.Get("IpProtocol"), e.Get("FromPort"), e.Get("ToPort"))
		}
	}
	return f
}

// prefixList adds the prefixes of a list.
func (r *rule) prefixList(id string, lists []asset.Value, appendTo func(addresses, string) (addresses, error)) {
	var maybe error = &asset.Unread{Op: "ec2:GetManagedPrefixListEntries", Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "prefix list " + id}
	for _, l := range lists {
		got, err := l.Get("PrefixListId").Str()
		if err != nil || got != id {
			continue
		}
		maybe = nil
		entries := l.Get("Entries")
		for e := range elements(entries) {
			r.add("prefix list "+id, e.Get("Cidr"), appendTo)
			if e.Kind() != asset.Map && e.Unread() == nil {
				r.anySource = true
				r.note("prefix list "+id, &asset.KindError{Want: asset.Map, Got: e.Kind()})
			}
		}
	}
	if maybe != nil {
		r.anySource = true
		r.note("prefix list", maybe)
	}
}

// awsPorts reads the protocol and the ports of a rule. Absent ports, or -1, are all
// ports. Protocols without ports use the fields for something else.
func (r *rule) awsPorts(protocolOf, from, to asset.Value) {
	name, err := stringOf(protocolOf)
	m := everything()
	known := true
	fail := func(part string, err error) {
		r.note(part, err)
		known = false
	}
	if err == nil {
		m.protocol, err = parseProtocol(name)
	}
	if err != nil {
		fail("protocol", err)
		m.protocol = anyProtocol
	}
	// Whether an unknown protocol has ports is unknown too.
	if m.protocol == tcp || m.protocol == udp {
		end := func(name string, v asset.Value, otherwise int64) int64 {
			if v.IsAbsent() {
				return otherwise
			}
			n, err := integer(v)
			if err == nil && (n < -1 || n > lastPort) {
				err = fmt.Errorf("invalid port %d", n)
			}
			if err != nil {
				fail(name, err)
			} else if n >= 0 {
				return n
			}
			return otherwise
		}
		m.from, m.to = end("first port", from, m.from), end("last port", to, m.to)
		if m.from > m.to {
			fail("ports", fmt.Errorf("from %d to %d", m.from, m.to))
			m.ports = allPorts()
		}
	}
	if known {
		r.matches = []match{m}
	} else {
		r.possible = []match{m}
	}
}

// NetworkACLOpens reports whether the entries of a network ACL, documents of
// AWS::EC2::NetworkAclEntry, open one of the ports to the internet, for "tcp", "udp" or
// "any" of both. The matching entry with the lowest number decides; without one a packet
// is denied. A security group must open the port as well.
func NetworkACLOpens(entries []asset.Value, protocol string, ports []int64) (bool, error) {
	form := &form{
		what: func(r *rule) string { return fmt.Sprintf("network ACL entry %d", r.place) },
		rest: func(r *rule) {
			r.add("CidrBlock", r.doc.Get("CidrBlock"), appendPrefix)
			r.add("Ipv6CidrBlock", r.doc.Get("Ipv6CidrBlock"), appendPrefix)
		},
	}
	f := make(filter, 0, len(entries))
	for i, e := range entries {
		r := form.rule(e, i)
		if !r.isMap(e) {
			f = append(f, r)
			continue
		}
		egress, err := boolean(e.Get("Egress"))
		if err != nil {
			r.note("Egress", err)
			r.maybe = true
		}
		if egress {
			continue
		}
		if r.priority, err = integer(e.Get("RuleNumber")); err != nil {
			r.note("RuleNumber", err)
			r.anyOrder = true
		}
		r.does("RuleAction", e.Get("RuleAction"), nil)
		span := e.Get("PortRange")
		r.awsPorts(e.Get("Protocol"), span.Get("From"), span.Get("To"))
		f = append(f, r)
	}
	return f.any(protocol, ports)
}
