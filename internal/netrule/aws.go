package netrule

import (
	"fmt"

	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

// SecurityGroupOpens tells whether the ingress entries of a security group (as
// AWS::EC2::SecurityGroup has them in SecurityGroupIngress) let the internet in to
// one of the ports, by "tcp", "udp" or "any" of them. Lists are the documents of
// the prefix lists that the entries name, with their PrefixListId and Entries; one
// that is not among them is not known. ICMP has no ports.
func SecurityGroupOpens(entries asset.Value, protocol string, ports []int64, lists []asset.Value) (bool, error) {
	return securityGroup(entries, lists).any(protocol, ports)
}

// SecurityGroupOpensAll tells whether they let the internet in to every port.
func SecurityGroupOpensAll(entries asset.Value, protocol string, lists []asset.Value) (bool, error) {
	return securityGroup(entries, lists).opensAll(protocol)
}

func securityGroup(entries asset.Value, lists []asset.Value) filter {
	var f filter
	i := 0
	for e := range elements(entries) {
		r := rule{name: fmt.Sprint(i), action: allow}
		rd := reader{&r, fmt.Sprintf("security group entry %d", i)}
		i++
		if !rd.isMap(e) {
			f = append(f, r)
			continue
		}
		rd.awsPorts(e.Get("IpProtocol"), e.Get("FromPort"), e.Get("ToPort"))
		var b netipx.IPSetBuilder
		rd.sources(&b, "CidrIp", e.Get("CidrIp"), addPrefix)
		rd.sources(&b, "CidrIpv6", e.Get("CidrIpv6"), addPrefix)
		if list := e.Get("SourcePrefixListId"); !list.IsAbsent() {
			id, err := text(list)
			if err != nil {
				r.anySource = true
				rd.fault("SourcePrefixListId", err)
			} else {
				rd.prefixList(&b, id, lists)
			}
		}
		r.source = built(&b)
		f = append(f, r)
	}
	return f
}

// prefixList adds the prefixes of a list.
func (rd reader) prefixList(b *netipx.IPSetBuilder, id string, lists []asset.Value) {
	var maybe error = &asset.Unread{Op: "ec2:GetManagedPrefixListEntries", Code: asset.CodeNotObserved, Message: "prefix list " + id}
	for _, l := range lists {
		got, err := l.Get("PrefixListId").Str()
		if err != nil || got != id {
			continue
		}
		maybe = nil
		entries := l.Get("Entries")
		for e := range elements(entries) {
			rd.sources(b, "prefix list "+id, e.Get("Cidr"), addPrefix)
			if e.Kind() != asset.Map && e.Unread() == nil {
				rd.r.anySource = true
				rd.fault("prefix list "+id, &asset.KindError{Want: asset.Map, Got: e.Kind()})
			}
		}
	}
	if maybe != nil {
		rd.r.anySource = true
		rd.fault("prefix list", maybe)
	}
}

// awsPorts reads the protocol and the ports of a rule. Ports are absent, or -1, for
// all of them, and mean something else with protocols that have none.
func (rd reader) awsPorts(protocolOf, from, to asset.Value) {
	name, err := text(protocolOf)
	m := match{protocol: anyProtocol}
	known := true
	fail := func(part string, err error) {
		rd.fault(part, err)
		known = false
	}
	if err == nil {
		m.protocol, err = parseProtocol(name)
	}
	if err != nil {
		fail("protocol", err)
		m.protocol = anyProtocol
	}
	// Of a protocol that is not known it is not known either whether it has ports.
	if m.protocol == tcp || m.protocol == udp {
		r := allPorts()
		for _, end := range []struct {
			v    asset.Value
			name string
			port *int64
		}{{from, "first port", &r.from}, {to, "last port", &r.to}} {
			if end.v.IsAbsent() {
				continue
			}
			n, err := integer(end.v)
			if err == nil && (n < -1 || n > lastPort) {
				err = fmt.Errorf("%d is no port", n)
			}
			if err != nil {
				fail(end.name, err)
			} else if n >= 0 {
				*end.port = n
			}
		}
		if r.from > r.to {
			fail("ports", fmt.Errorf("from %d to %d", r.from, r.to))
			r = allPorts()
		}
		m.ports = []ports{r}
	}
	if known {
		rd.r.matches = []match{m}
	} else {
		rd.r.possible = []match{m}
	}
}

// NetworkACLOpens tells whether the entries of a network ACL (documents of
// AWS::EC2::NetworkAclEntry) let the internet in to one of the ports, by "tcp",
// "udp" or "any" of them. The entry with the lowest number that matches decides,
// and what none matches is denied. The port stays closed all the same where a
// security group does not open it.
func NetworkACLOpens(entries []asset.Value, protocol string, ports []int64) (bool, error) {
	var f filter
	for i, e := range entries {
		r := rule{name: fmt.Sprint(i)}
		rd := reader{&r, fmt.Sprintf("network ACL entry %d", i)}
		if !rd.isMap(e) {
			f = append(f, r)
			continue
		}
		egress, err := boolean(e.Get("Egress"))
		if err != nil {
			rd.fault("Egress", err)
			r.maybe = true
		}
		if egress {
			continue
		}
		if r.priority, err = integer(e.Get("RuleNumber")); err != nil {
			rd.fault("RuleNumber", err)
			r.anyOrder = true
		}
		rd.action("RuleAction", e.Get("RuleAction"), map[string]action{"allow": allow, "deny": deny})
		rd.awsPorts(e.Get("Protocol"), e.Get("PortRange", "From"), e.Get("PortRange", "To"))
		var b netipx.IPSetBuilder
		rd.sources(&b, "CidrBlock", e.Get("CidrBlock"), addPrefix)
		rd.sources(&b, "Ipv6CidrBlock", e.Get("Ipv6CidrBlock"), addPrefix)
		r.source = built(&b)
		f = append(f, r)
	}
	return f.any(protocol, ports)
}
