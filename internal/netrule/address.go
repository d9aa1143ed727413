package netrule

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// IsAnywhere reports whether prefixes, addresses and ranges
// ("198.51.100.1-198.51.100.9") together are the internet, as the package comment
// defines it.
func IsAnywhere(sources []string) (bool, error) {
	var a addresses
	for _, s := range sources {
		var err error
		if a, err = appendRange(a, s); err != nil {
			return false, err
		}
	}
	return a.isAnywhere(), nil
}

// Contains reports whether a prefix or address contains another.
func Contains(outer, inner string) (bool, error) {
	o, err := parsePrefix(outer)
	if err != nil {
		return false, err
	}
	i, err := parsePrefix(inner)
	if err != nil {
		return false, err
	}
	return o.Bits() <= i.Bits() && o.Contains(i.Addr()), nil
}

// IsPublic reports whether a prefix or address has addresses that are reachable over
// the internet: addresses outside of those that RFC 6890 reserves for private and local
// use, documentation, benchmarks, multicast and the future.
func IsPublic(prefix string) (bool, error) {
	p, err := parsePrefix(prefix)
	if err != nil {
		return false, err
	}
	var b netipx.IPSetBuilder
	b.AddPrefix(p)
	if p.Addr().Is6() {
		var global netipx.IPSetBuilder
		global.AddRange(global6())
		b.Intersect(built(&global))
	}
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001:db8::/32", "2001:2::/48",
	} {
		b.RemovePrefix(netip.MustParsePrefix(s))
	}
	return len(built(&b).Ranges()) > 0, nil
}

// parsePrefix parses a prefix, or an address as the prefix of only that address. IPv4
// addresses in IPv6 form are IPv4.
func parsePrefix(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("invalid prefix or address %.50q", s)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("invalid prefix %.50q", s)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("invalid prefix %.50q", s)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// addresses are ranges of addresses, in any order; they may overlap.
type addresses []netipx.IPRange

// appendPrefix adds a prefix or an address.
func appendPrefix(a addresses, s string) (addresses, error) {
	p, err := parsePrefix(s)
	if err != nil {
		return a, err
	}
	return append(a, netipx.RangeOfPrefix(p)), nil
}

// appendRange adds a range of addresses, a prefix or an address.
func appendRange(a addresses, s string) (addresses, error) {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return appendPrefix(a, s)
	}
	r := netipx.IPRangeFrom(parseAddr(from), parseAddr(to))
	if !r.IsValid() {
		return a, fmt.Errorf("invalid address range %.50q", s)
	}
	return append(a, r), nil
}

func parseAddr(s string) netip.Addr {
	a, _ := netip.ParseAddr(strings.TrimSpace(s)) // the zero Addr is in no valid range
	return a.Unmap()
}

func everywhere() addresses { return addresses{all4(), all6()} }
func all4() netipx.IPRange  { return netipx.RangeOfPrefix(netip.PrefixFrom(netip.IPv4Unspecified(), 0)) }
func all6() netipx.IPRange  { return netipx.RangeOfPrefix(netip.PrefixFrom(netip.IPv6Unspecified(), 0)) }
func global6() netipx.IPRange {
	return netipx.RangeOfPrefix(netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3))
}

// without returns the addresses that are not in others, as ranges that do not touch.
func (a addresses) without(others addresses) addresses {
	var b netipx.IPSetBuilder
	for _, r := range a {
		b.AddRange(r)
	}
	for _, r := range others {
		b.RemoveRange(r)
	}
	return built(&b).Ranges()
}

// built returns the set of a builder with valid ranges.
func built(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, err := b.IPSet()
	if err != nil {
		panic("netrule: " + err.Error())
	}
	return set
}

// isAnywhere reports whether the addresses are the internet.
func (a addresses) isAnywhere() bool {
	if !a.atMost().isAnywhere() {
		return false
	}
	if slices.ContainsFunc(a, func(r netipx.IPRange) bool { return shareOf(r, false).isAnywhere() }) {
		return true
	}
	var s share
	for _, r := range a.without(nil) {
		s = s.plus(shareOf(r, false))
	}
	return s.isAnywhere()
}

// atMost returns an upper bound of the share of the internet.
func (a addresses) atMost() share {
	var s share
	for _, r := range a {
		s = s.plus(shareOf(r, true))
	}
	return s
}

// share is a share of the internet: parts of 1<<32 of all IPv4 addresses and of the
// global IPv6 addresses.
type share struct{ v4, v6 uint64 }

func (s share) plus(o share) share { return share{s.v4 + o.v4, s.v6 + o.v6} }

func (s share) isAnywhere() bool { return s.v4 >= 1<<31 || s.v6 >= 1<<31 }

// shareOf returns the share of a range. It rounds an incomplete part of the IPv6
// addresses up or down.
func shareOf(r netipx.IPRange, up bool) share {
	from, to := r.From(), r.To()
	if from.Is4() {
		a, b := from.As4(), to.As4()
		return share{v4: uint64(binary.BigEndian.Uint32(b[:])) - uint64(binary.BigEndian.Uint32(a[:])) + 1}
	}
	global := global6()
	if from.Less(global.From()) {
		from = global.From()
	}
	if global.To().Less(to) {
		to = global.To()
	}
	if to.Less(from) {
		return share{}
	}
	first, last := part6(from, !up), part6(to.Next(), up)
	return share{v6: max(first, last) - first}
}

// part6 returns the number of the part of the IPv6 addresses that begins with an address
// or, if none does, that contains it or is the next one after it.
func part6(a netip.Addr, after bool) uint64 {
	b := a.As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	n := high >> 29
	if after && (high<<35 != 0 || low != 0) {
		n++
	}
	return n
}
