package iam

import (
	"net/netip"
	"strings"

	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

// keyKind says how the values of a condition key tell who a caller is or where a
// call comes from, and so when a comparison keeps strangers out.
type keyKind int

const (
	anyKey     keyKind = iota // says nothing of the caller, or what the caller chooses
	idKey                     // an identifier that belongs to one owner
	arnKey                    // an ARN, which belongs to the account in it
	pathKey                   // o-id/r-id/ou-id/...
	userKey                   // unique id, or unique id:session name
	addressKey                // an address or prefix
	claimKey                  // a claim of a shared identity provider, such as repo:owner/name:ref
)

// kindOf returns the kind of a condition key, given in lower case. Keys about the
// resource (aws:ResourceAccount, kms:ViaService), about the manner of the call
// (aws:SecureTransport, aws:MultiFactorAuthPresent) and those whose values a
// caller's own administrator sets (aws:PrincipalTag, aws:username,
// sts:RoleSessionName) do not keep strangers out, and aws:VpcSourceIp does not
// because private addresses are the same in everybody's network.
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
	}
	if i := strings.LastIndexByte(key, ':'); i >= 0 {
		if issuer, ok := sharedIssuer(key[:i]); ok && issuer.limits(key[i+1:]) {
			return claimKey
		}
	}
	return anyKey
}

// owns reports whether one owner, and no stranger, can have a value that the text
// stands for in a comparison with the operator.
func (k keyKind) owns(op operator, s string) bool {
	if !op.isPattern() {
		return true // just this value
	}
	switch k {
	case arnKey:
		a, ok := parseARN(s)
		if !ok {
			return !hasWildcard(s)
		}
		if a.account() != "" && !hasWildcard(a.account()) {
			return true
		}
		// Names of buckets are unique in the world and their ARNs have no account.
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

// withoutOwnVariables takes out of a pattern the variables that stand for the owner
// of the resource, whose value no stranger has. It reports false if there is
// another one.
func withoutOwnVariables(s string) (string, bool) {
	return substituted(s, func(name string) (string, bool) {
		switch strings.ToLower(name) {
		case "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "*", "?", "$":
			return "x", true
		}
		return "", false
	})
}

// The widest prefixes that count as somebody's own network, as Amazon S3 has it.
const (
	widestIPv4 = 8
	widestIPv6 = 32
)

// owned tells whether all values of the comparison have an owner, so that a
// stranger's value is none of them.
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

// ownedAddresses tells whether the prefixes together leave out most of the internet.
// Private networks are somebody's own however wide they are.
func ownedAddresses(values asset.Value) truth {
	var b netipx.IPSetBuilder
	t := known(true)
	for s, err := range texts(values) {
		if err != nil {
			t = undecided(err)
			continue
		}
		// What is no address is never matched and lets nobody in.
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

// universal tells whether the comparison, were it not negated, holds for every
// value that a key can have.
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
