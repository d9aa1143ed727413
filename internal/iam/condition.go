package iam

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"iter"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// operator is a condition operator such as ForAnyValue:StringNotLikeIfExists.
type operator struct {
	kind     opKind
	negated  bool                 // holds where the comparison does not
	want     func(order int) bool // of numbers and dates
	all, any bool                 // ForAllValues, ForAnyValue
	ifExists bool
}

type opKind int

const (
	opString opKind = iota
	opStringFold
	opLike
	opARN
	opIP
	opBool
	opNumber
	opDate
	opBinary
	opNull
)

// isPattern reports whether values are patterns.
func (o operator) isPattern() bool { return o.kind == opLike || o.kind == opARN }

func parseOperator(name string) (operator, bool) {
	var o operator
	n := strings.ToLower(name)
	if rest, ok := strings.CutPrefix(n, "forallvalues:"); ok {
		n, o.all = rest, true
	} else if rest, ok := strings.CutPrefix(n, "foranyvalue:"); ok {
		n, o.any = rest, true
	}
	n, o.ifExists = strings.CutSuffix(n, "ifexists")
	switch n {
	case "stringequals":
	case "stringnotequals":
		o.negated = true
	case "stringequalsignorecase":
		o.kind = opStringFold
	case "stringnotequalsignorecase":
		o.kind, o.negated = opStringFold, true
	case "stringlike":
		o.kind = opLike
	case "stringnotlike":
		o.kind, o.negated = opLike, true
	case "arnequals", "arnlike":
		o.kind = opARN
	case "arnnotequals", "arnnotlike":
		o.kind, o.negated = opARN, true
	case "ipaddress":
		o.kind = opIP
	case "notipaddress":
		o.kind, o.negated = opIP, true
	case "bool":
		o.kind = opBool
	case "binaryequals":
		o.kind = opBinary
	case "binarynotequals":
		o.kind, o.negated = opBinary, true
	case "null":
		o.kind = opNull
		return o, !o.ifExists && !o.all && !o.any
	default:
		kind, comparison := opNumber, ""
		if rest, ok := strings.CutPrefix(n, "numeric"); ok {
			comparison = rest
		} else if rest, ok := strings.CutPrefix(n, "date"); ok {
			kind, comparison = opDate, rest
		}
		o.kind = kind
		switch comparison {
		case "equals":
			o.want = func(order int) bool { return order == 0 }
		case "notequals":
			o.want, o.negated = func(order int) bool { return order == 0 }, true
		case "lessthan":
			o.want = func(order int) bool { return order < 0 }
		case "lessthanequals":
			o.want = func(order int) bool { return order <= 0 }
		case "greaterthan":
			o.want = func(order int) bool { return order > 0 }
		case "greaterthanequals":
			o.want = func(order int) bool { return order >= 0 }
		default:
			return o, false
		}
	}
	return o, true
}

// entry is one comparison of a condition: an operator, a key (in lower case) and
// the values to compare with, of which one must match.
type entry struct {
	op     operator
	key    string
	values asset.Value
	err    error // why the entry is unknown
}

// entries returns the comparisons of the statement's condition, sorted by key.
func (s statement) entries() []entry {
	c := s.v.Get("Condition")
	if c.IsAbsent() {
		return nil
	}
	var all []entry
	fail := func(err error) { all = append(all, entry{err: bare(fmt.Errorf("policy: Condition: %w", err))}) }
	operators, err := c.Members()
	if err != nil {
		fail(err)
	}
	for name, keys := range operators {
		if keys.IsAbsent() {
			continue
		}
		members, err := keys.Members()
		op, ok := parseOperator(name)
		if !ok && keys.Unread() == nil {
			fail(fmt.Errorf("unknown operator %q", name))
			continue
		}
		if err != nil {
			fail(err)
		}
		for key, values := range members {
			if !values.IsAbsent() {
				all = append(all, entry{op: op, key: strings.ToLower(key), values: values})
			}
		}
		if keys.IsPartial() {
			fail(keys.Get("").Err())
		}
	}
	if c.IsPartial() {
		fail(c.Get("").Err())
	}
	slices.SortStableFunc(all, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return all
}

// holds reports whether the condition of the statement is met. It calls judge once for
// each key, with all comparisons that name it.
func (s statement) holds(judge func(key string, es []entry) truth) truth {
	t := known(true)
	for es := range byKey(s.entries()) {
		if es[0].err != nil {
			t = t.and(undecided(es[0].err))
		} else {
			t = t.and(judge(es[0].key, es))
		}
		if t.isNo() {
			break
		}
	}
	return t
}

// byKey yields the sorted comparisons in groups with the same key, and unknown ones
// one by one.
func byKey(es []entry) iter.Seq[[]entry] {
	return func(yield func([]entry) bool) {
		for len(es) > 0 {
			n := 1
			for es[0].err == nil && n < len(es) && es[n].err == nil && es[n].key == es[0].key {
				n++
			}
			if !yield(es[:n]) {
				return
			}
			es = es[n:]
		}
	}
}

// absent reports whether the comparison holds for a request without the key.
func (e entry) absent() truth {
	switch {
	case e.op.kind == opNull:
		return anyOf(e.values, func(v string) bool { return strings.EqualFold(v, "true") })
	case e.op.any:
		return known(e.op.ifExists)
	}
	return known(e.op.ifExists || e.op.all || e.op.negated)
}

// matches reports whether the comparison holds for a request with these values of the
// key.
func (s statement) matches(e entry, got []string, vars variables) truth {
	if e.op.kind == opNull {
		return anyOf(e.values, func(v string) bool { return strings.EqualFold(v, "false") })
	}
	holds := func(value string) truth {
		t := anyIn(s.patterns(e.values), func(v string) bool {
			if e.op.kind <= opARN {
				var ok bool
				if v, ok = s.resolve(v, vars); !ok {
					return false
				}
				if !e.op.isPattern() {
					v = quote(v)
				}
			}
			return e.op.equal(v, value)
		})
		if e.op.negated {
			return t.not()
		}
		return t
	}
	// Without a set operator a key should have one value. If it has several, a
	// comparison must hold for one of them, a negated one for all.
	every := e.op.all || e.op.negated && !e.op.any
	t := known(every)
	for _, g := range got {
		if every {
			t = t.and(holds(g))
		} else {
			t = t.or(holds(g))
		}
	}
	return t
}

// equal compares a value of a policy with one of a request. Strings of the policy are
// patterns with the literal parts quoted.
func (o operator) equal(policy, request string) bool {
	switch o.kind {
	case opString:
		return policy == quote(request)
	case opStringFold:
		return strings.EqualFold(policy, quote(request))
	case opLike:
		return covers(policy, quote(request), false)
	case opARN:
		return onResources(covers, policy, quote(request))
	case opIP:
		p, err1 := parsePrefix(policy)
		a, err2 := parsePrefix(request)
		return err1 == nil && err2 == nil && p.Bits() <= a.Bits() && p.Contains(a.Addr())
	case opBool:
		return strings.EqualFold(policy, request)
	case opNumber:
		p, err1 := strconv.ParseFloat(policy, 64)
		r, err2 := strconv.ParseFloat(request, 64)
		return err1 == nil && err2 == nil && !math.IsNaN(p+r) && o.want(cmp.Compare(r, p))
	case opDate:
		p, ok1 := parseDate(policy)
		r, ok2 := parseDate(request)
		return ok1 && ok2 && o.want(r.Compare(p))
	case opBinary:
		p, err := base64.StdEncoding.DecodeString(policy)
		return err == nil && bytes.Equal(p, []byte(request))
	}
	return false
}

// parsePrefix reads a prefix, or an address as the prefix of just that address.
func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("policy: invalid address %q", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// parseDate reads a date of ISO 8601 or seconds since 1970.
func parseDate(s string) (time.Time, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) > 4 {
		return time.Unix(n, 0), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
