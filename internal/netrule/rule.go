package netrule

import (
	"slices"

	"github.com/openstance/stance/asset"
)

// action is the action of a rule for packets that it matches.
type action int

const (
	unknown action = iota // not read
	allow
	deny
	next // continues after the last rule of the same level
)

// rule is one rule of a filter, with unknown parts marked.
type rule struct {
	form     *form
	doc      asset.Value
	place    int // in its list
	document int // the number of the document that has it
	name     string
	level    int // of rules that are applied one level after the other
	priority int64
	action   action
	matches  []match
	possible []match // further ones that it may match
	err      error   // why a part of the rule is unknown

	left    bool // the following fields are not read yet
	source  addresses
	reach   share // that source does not exceed
	targets targets
	partial bool // for some destinations, so that it does not restrict rules for others
	here    bool // for the whole network that is evaluated, though it names networks

	// Unknown parts of the rule: there may be more, or another order.
	anySource, anyTarget, anyOrder bool
	maybe                          bool // whether it is in force
}

// match is a protocol and ports that a rule matches.
type match struct {
	protocol protocol
	ports
}

// everything matches every packet.
func everything() match { return match{anyProtocol, allPorts()} }

func (m match) has(p protocol, port int64) bool {
	return (m.protocol == anyProtocol || m.protocol == p) && m.ports.has(port)
}

// targets are the destinations of a rule in a comparable form; nil is every destination.
type targets []string

// include reports whether t contains all of o.
func (t targets) include(o targets) bool {
	if t == nil {
		return true
	}
	return o != nil && !slices.ContainsFunc(o, func(s string) bool { return !slices.Contains(t, s) })
}

// meet reports whether t and o may have a destination in common.
func (t targets) meet(o targets) bool {
	return t == nil || o == nil || slices.ContainsFunc(o, func(s string) bool { return slices.Contains(t, s) })
}

// about reports whether the rule matches packets to the port, with given in place of
// unknown parts.
func (r *rule) about(p protocol, port int64, given bool) bool {
	if r.maybe && !given {
		return false
	}
	return anyHas(r.matches, p, port) || given && anyHas(r.possible, p, port)
}

// anyHas reports whether one of the matches has a port.
func anyHas(all []match, p protocol, port int64) bool {
	for _, m := range all {
		if m.has(p, port) {
			return true
		}
	}
	return false
}

// admits reports whether the rule admits packets to the port; unknown parts admit if
// most is set.
func (r *rule) admits(p protocol, port int64, most bool) bool {
	return (r.action == allow || r.action == unknown && most) && r.about(p, port, most)
}
