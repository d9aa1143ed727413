package iam

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

// keyKind describes how the values of a condition key identify a caller or the origin
// of a call, and so when a comparison excludes strangers.
type keyKind int

const (
	anyKey      keyKind = iota // independent of the caller, or chosen by the caller
	idKey                      // an identifier that belongs to one owner
	arnKey                     // an ARN, which belongs to the account in it
	pathKey                    // o-id/r-id/ou-id/...
	userKey                    // unique id, or unique id:session name
	addressKey                 // an address or prefix
	claimKey                   // a claim of a shared identity provider, such as repo:owner/name:ref
	endpointKey                // who gets the messages of a topic: a URL, an address or an ARN
)

// kindOf returns the kind of a condition key in lower case. Keys about the resource
// (aws:ResourceAccount, kms:ViaService), about the call (aws:SecureTransport,
// aws:MultiFactorAuthPresent) and those whose values the caller's own administrator sets
// (aws:PrincipalTag, aws:username, sts:RoleSessionName) do not exclude strangers.
// aws:VpcSourceIp does not because private addresses are the same in every network.
func kindOf(key string) keyKind {
	switch key {
	case "aws:principalorgid", "aws:principalaccount", "aws:principalservicename", "aws:principalservicenameslist",
		"aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce",
		"aws:vpceaccount", "aws:vpceorgid", "kms:calleraccount", "s3:dataaccesspointaccount", "sts:externalid",
		"vpc-lattice-svcs:sourcevpc", "vpc-lattice-svcs:sourcevpcowneraccount", "lambda:eventsourcetoken":
		return idKey
	case "aws:principalarn", "aws:sourcearn", "aws:sourcevpcarn", "aws:federatedprovider", "s3:dataaccesspointarn",
		"s3:x-amz-server-side-encryption-aws-kms-key-id", "elasticfilesystem:accesspointarn", "lambda:sourcefunctionarn":
		return arnKey
	case "aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths":
		return pathKey
	case "aws:userid":
		return userKey
	case "aws:sourceip":
		return addressKey
	case "sns:endpoint":
		return endpointKey
	}
	if i, claim, ok := claimOf(key); ok {
		if claims, shared := i.claims(); shared && slices.Contains(claims, claim) {
			return claimKey
		}
	}
	return anyKey
}

// owns reports whether only one owner, and no stranger, can have the values that a
// string matches in a comparison with the operator.
func (k keyKind) owns(op operator, s string) bool {
	if !op.isPattern() {
		return true // just this value
	}
	switch k {
	case endpointKey:
		if strings.HasPrefix(s, "arn:") {
			return arnKey.owns(op, s)
		}
		if _, rest, ok := strings.Cut(s, "://"); ok {
			host, _, ok := strings.Cut(rest, "/")
			return ok && !hasWildcard(host)
		}
		_, domain, ok := strings.Cut(s, "@")
		return ok && !hasWildcard(domain)
	case arnKey:
		a, ok := parseARN(s)
		if !ok {
			return !hasWildcard(s)
		}
		if a.account() != "" && !hasWildcard(a.account()) {
			return true
		}
		// Names of buckets are unique in a partition, and their ARNs have no account.
		bucket, _, _ := strings.Cut(a.resource(), "/")
		return a.service() == "s3" && bucket != "" && !hasWildcard(bucket)
	case pathKey:
		org, _, _ := strings.Cut(s, "/")
		return org != "" && !hasWildcard(org)
	case userKey:
		id, _, _ := strings.Cut(s, ":")
		return id != "" && !hasWildcard(id)
	case claimKey:
		if i := strings.IndexAny(s, "*?"); i >= 0 {
			// repo:owner/... and organization:name:... name the owner up to the separator.
			_, owner, _ := strings.Cut(s[:i], ":")
			return strings.ContainsAny(owner, "/:")
		}
	}
	return !hasWildcard(s)
}

// withoutOwnVariables removes the variables that stand for the owner of the resource
// from a pattern, because no stranger has their values. It reports false if there is
// another variable.
func withoutOwnVariables(s string) (string, bool) {
	return substituted(s, func(name string) (string, bool) {
		switch strings.ToLower(name) {
		case "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "*", "?", "$":
			return "x", true
		}
		return "", false
	})
}

// The shortest prefixes that count as a single network, as Amazon S3 defines them.
const (
	widestIPv4 = 8
	widestIPv6 = 32
)

// owned reports whether all values of the comparison have an owner, so that no stranger
// has one of them.
func (s statement) owned(e entry) truth {
	kind := kindOf(e.key)
	switch {
	case kind == anyKey:
		return known(false)
	case e.op.kind == opIP:
		if kind != addressKey {
			return known(false)
		}
		return ownedAddresses(e.values)
	case e.op.kind > opARN:
		return known(false)
	case kind == endpointKey:
		// Other requests have no endpoint, and the condition is a mistake.
		if t := s.onlySubscribes(); !t.isYes() {
			return t
		}
	}
	return anyIn(s.patterns(e.values), func(v string) bool {
		if s.variables {
			var ok bool
			if v, ok = withoutOwnVariables(v); !ok {
				return true
			}
		}
		return !kind.owns(e.op, v)
	}).not()
}

// onlySubscribes reports whether all actions of the statement are about subscriptions.
func (s statement) onlySubscribes() truth {
	listed := s.v.Get("Action")
	if listed.IsAbsent() {
		return known(false)
	}
	return anyIn(s.patterns(listed), func(a string) bool {
		return !strings.EqualFold(a, "sns:Subscribe") && !strings.EqualFold(a, "sns:Receive")
	}).not()
}

// ownedAddresses reports whether the prefixes together exclude most of the internet.
// Private networks of any size have an owner.
func ownedAddresses(values asset.Value) truth {
	var b netipx.IPSetBuilder
	t := known(true)
	for s, err := range stringsIn(values) {
		if err != nil {
			t = undecided(err)
			continue
		}
		// An invalid address matches no caller.
		if p, err := parsePrefix(s); err == nil {
			b.AddPrefix(p)
		}
	}
	for _, p := range privateNetworks() {
		b.RemovePrefix(p)
	}
	set, err := b.IPSet()
	if err != nil {
		return undecided(err)
	}
	for _, p := range set.Prefixes() {
		if p.Addr().Is4() && p.Bits() < widestIPv4 || p.Addr().Is6() && p.Bits() < widestIPv6 {
			return known(false)
		}
	}
	return t
}

func privateNetworks() []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
		netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfc}), 7),
	}
}

// universal reports whether the comparison without its negation holds for every value
// of the key.
func (e entry) universal() truth {
	switch e.op.kind {
	case opLike:
		return anyOf(e.values, isStars)
	case opARN:
		return anyOf(e.values, isEverything)
	case opBool:
		return anyOf(e.values, func(v string) bool { return strings.EqualFold(v, "true") }).
			and(anyOf(e.values, func(v string) bool { return strings.EqualFold(v, "false") }))
	case opIP:
		return anyOf(e.values, isWholeFamily(netip.Addr.Is4)).and(anyOf(e.values, isWholeFamily(netip.Addr.Is6)))
	}
	return known(false)
}

func isWholeFamily(family func(netip.Addr) bool) func(string) bool {
	return func(s string) bool {
		p, err := parsePrefix(s)
		return err == nil && p.Bits() == 0 && family(p.Addr())
	}
}
