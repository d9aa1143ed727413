package netrule

import (
	"fmt"
	"strconv"
	"strings"
)

// ports is a range of ports, both ends included.
type ports struct{ from, to int64 }

const lastPort = 65535

func allPorts() ports { return ports{0, lastPort} }

func (r ports) has(p int64) bool { return r.from <= p && p <= r.to }

// parsePorts reads "22", "20-30" or "*".
func parsePorts(s string) (ports, error) {
	s = strings.TrimSpace(s)
	if s == "*" || strings.EqualFold(s, "any") {
		return allPorts(), nil
	}
	from, to, ranged := strings.Cut(s, "-")
	if !ranged {
		to = from
	}
	a, err1 := strconv.ParseUint(strings.TrimSpace(from), 10, 16)
	b, err2 := strconv.ParseUint(strings.TrimSpace(to), 10, 16)
	if err1 != nil || err2 != nil || a > b {
		return ports{}, fmt.Errorf("invalid port range %.50q", s)
	}
	return ports{int64(a), int64(b)}, nil
}

// PortsCover reports whether a list of ports and ranges ("22", "20-30", "*") contains a
// port.
func PortsCover(ranges []string, port int64) (bool, error) {
	var invalid error
	for _, s := range ranges {
		r, err := parsePorts(s)
		if err != nil {
			invalid = err
		} else if r.has(port) {
			return true, nil
		}
	}
	return false, invalid
}

// protocol is the number of an IP protocol.
type protocol int

const (
	anyProtocol protocol = -1
	tcp         protocol = 6
	udp         protocol = 17
)

// parseProtocol parses the name or the number of a protocol in the forms of all clouds.
func parseProtocol(s string) (protocol, error) {
	// The usual forms need no copy in lower case.
	switch s = strings.TrimSpace(s); {
	case strings.EqualFold(s, "tcp"):
		return tcp, nil
	case strings.EqualFold(s, "udp"):
		return udp, nil
	}
	switch s = strings.ToLower(s); s {
	case "-1", "all", "any", "*":
		return anyProtocol, nil
	case "icmp":
		return 1, nil
	case "ipip":
		return 4, nil
	case "gre":
		return 47, nil
	case "esp":
		return 50, nil
	case "ah":
		return 51, nil
	case "icmpv6", "icmp6":
		return 58, nil
	case "sctp":
		return 132, nil
	}
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("invalid protocol %.50q", s)
	}
	return protocol(n), nil
}

// protocolsOf returns the protocols of the argument of a function: "tcp", "udp", or
// "any" for both.
func protocolsOf(s string) ([]protocol, error) {
	p, err := parseProtocol(s)
	switch {
	case err != nil:
		return nil, err
	case p == anyProtocol:
		return []protocol{tcp, udp}, nil
	case p == tcp || p == udp:
		return []protocol{p}, nil
	}
	return nil, fmt.Errorf("protocol %q has no ports", s)
}
