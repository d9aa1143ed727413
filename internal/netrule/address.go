package netrule

import (
	"fmt"
	"net/netip"
	"strings"

	"go4.org/netipx"
)

// IsAnywhere tells whether prefixes, addresses and ranges of them
// ("198.51.100.1-198.51.100.9") together are the internet, as the package's comment
// has it.
func IsAnywhere(sources []string) (bool, error) {
	var b netipx.IPSetBuilder
	for _, s := range sources {
		if err := addRange(s, &b); err != nil {
			return false, err
		}
	}
	return isAnywhere(built(&b)), nil
}

// Contains tells whether the addresses of one prefix (or address) include all of
// another's.
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

// IsPublic tells whether a prefix (or address) has addresses that are reachable
// over the internet: some outside of those that RFC 6890 keeps for private and
// local use, documentation, benchmarks, multicast and the future.
func IsPublic(prefix string) (bool, error) {
	p, err := parsePrefix(prefix)
	if err != nil {
		return false, err
	}
	var b netipx.IPSetBuilder
	b.AddPrefix(p)
	if p.Addr().Is6() {
		b.Intersect(setOf(global6()))
	}
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001:db8::/32", "2001:2::/48",
	} {
		b.RemovePrefix(netip.MustParsePrefix(s))
	}
	return len(built(&b).Ranges()) > 0, nil
}

// parsePrefix reads a prefix, or an address as the prefix of that address alone.
// IPv4 addresses in IPv6 form are IPv4.
func parsePrefix(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%.50q is neither a prefix nor an address", s)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%.50q is no prefix", s)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%.50q is no prefix", s)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// addRange adds a range of addresses, a prefix or an address.
func addRange(s string, b *netipx.IPSetBuilder) error {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return addPrefix(s, b)
	}
	r := netipx.IPRangeFrom(parseAddr(from), parseAddr(to))
	if !r.IsValid() {
		return fmt.Errorf("%.50q is no range of addresses", s)
	}
	b.AddRange(r)
	return nil
}

func parseAddr(s string) netip.Addr {
	a, _ := netip.ParseAddr(strings.TrimSpace(s)) // the zero Addr is in no valid range
	return a.Unmap()
}

func setOf(prefixes ...netip.Prefix) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(p)
	}
	return built(&b)
}

func all4() netip.Prefix    { return netip.PrefixFrom(netip.IPv4Unspecified(), 0) }
func all6() netip.Prefix    { return netip.PrefixFrom(netip.IPv6Unspecified(), 0) }
func global6() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3) }

// isAnywhere reports whether a set is the internet.
func isAnywhere(set *netipx.IPSet) bool {
	// Shares are counted as parts of 1<<32 of the whole, which forgets what is smaller.
	var v4, v6 uint64
	global := global6()
	for _, p := range set.Prefixes() {
		switch {
		case p.Addr().Is4():
			v4 += 1 << (32 - p.Bits())
		case p.Bits() <= global.Bits() && p.Contains(global.Addr()):
			v6 = 1 << 32
		case global.Contains(p.Addr()) && p.Bits() <= 35:
			v6 += 1 << (35 - p.Bits())
		}
	}
	return v4 >= 1<<31 || v6 >= 1<<31
}
