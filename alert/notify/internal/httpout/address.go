package httpout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// ErrAddress is under the errors of connections that were refused because of their address.
var ErrAddress = errors.New("address not allowed")

// never are the addresses that no channel may reach: services of clouds for their machines,
// and addresses that are not those of one host.
var never = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32",   // Azure's services for machines
	"100.100.100.200/32", // Alibaba Cloud's metadata
	"192.0.0.192/32",     // Oracle Cloud's metadata
	"::/128", "fe80::/10", "fec0::/10", "ff00::/8",
	"fd00:ec2::/32", // AWS's services for machines
	"fd20:ce::/32",  // Google Cloud's metadata
)

// private are the addresses that are not public: they need Options.AllowPrivate.
var private = prefixes(
	"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	publicIPv6 = netip.MustParsePrefix("2000::/3")
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	compatible = netip.MustParsePrefix("::/96")
)

func prefixes(list ...string) []netip.Prefix {
	ps := make([]netip.Prefix, len(list))
	for i, s := range list {
		ps[i] = netip.MustParsePrefix(s)
	}
	return ps
}

// CheckAddress returns an error, under ErrAddress, unless a channel may connect to an
// address. IPv6 addresses that stand for an IPv4 address are checked as that one.
func CheckAddress(a netip.Addr, allowPrivate bool) error {
	refused := fmt.Errorf("%w: %s", ErrAddress, a)
	if !a.IsValid() {
		return refused
	}
	zone := a.Zone() != ""
	a = embedded(a.WithZone("").Unmap())
	if zone || within(a, never) || a.Is6() && a != netip.IPv6Loopback() && compatible.Contains(a) {
		return refused
	}
	public := !within(a, private) && (a.Is4() || publicIPv6.Contains(a))
	if !public && !allowPrivate {
		return refused
	}
	return nil
}

// embedded returns the IPv4 address that a translated IPv6 address reaches, else the address.
func embedded(a netip.Addr) netip.Addr {
	b := a.As16()
	switch {
	case !a.Is6():
		return a
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}

func within(a netip.Addr, ps []netip.Prefix) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Dialer returns a dialer that checks each address after its name was resolved, immediately
// before it connects.
func Dialer(allowPrivate bool) *net.Dialer {
	return &net.Dialer{
		Timeout:   10 * time.Second,
		KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %q", ErrAddress, address)
			}
			return CheckAddress(ap.Addr(), allowPrivate)
		},
	}
}
