package iam

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/openstance/stance/asset"
)

// IsPublic reports whether an access policy grants something to strangers: principals
// that the owner does not know. The policy is that of an AWS resource, the trust policy
// of an AWS role, or a Google Cloud IAM policy; its shape tells which.
//
// In an AWS policy a statement is public if it allows everyone (or, in a trust
// policy, the users of a shared identity provider), no condition excludes strangers,
// and no Deny statement revokes all of it for them. A condition excludes strangers if
// only values that have an owner meet it: ids of
// accounts, organizations, VPCs and endpoints, ARNs that name an account or a
// bucket, prefixes of at least /8 (IPv4) or /32 (IPv6), an external id, the claims
// that name a customer of a shared identity provider, or variables that stand for
// the owner of the resource. A statement without a principal allows nobody. AWS service
// principals are not strangers.
//
// A Google Cloud policy is public if one of its bindings has allUsers or
// allAuthenticatedUsers, with or without a condition: a condition of Google Cloud
// limits the resources and times, never the members.
func IsPublic(policy asset.Value) (bool, error) {
	policy, google, err := shape(policy)
	if err != nil {
		return false, err
	}
	if google {
		return isPublicGoogle(policy).get()
	}
	ss, err := statements(policy)
	if err != nil {
		return false, err
	}
	t := known(false)
	var d denials
	for _, s := range ss {
		p := s.allowsStrangers()
		if !p.isNo() {
			d.from(ss)
			p = p.and(d.undo(s, d.all).not())
		}
		if p.isYes() {
			return true, nil
		}
		t = t.or(p)
	}
	return t.get()
}

// shape returns the policy as JSON and whether it is one of Google Cloud.
func shape(policy asset.Value) (doc asset.Value, google bool, err error) {
	doc, err = Normalize(policy)
	if err != nil {
		return doc, false, bare(err)
	}
	switch doc.Kind() {
	case asset.Absent, asset.Null:
		return doc, false, nil
	case asset.UnreadPart:
		return doc, false, doc.Unread()
	case asset.Map:
	default:
		return doc, false, fmt.Errorf("policy: %w", &asset.KindError{Want: asset.Map, Got: doc.Kind()})
	}
	amazon, bindings := doc.Get("Statement"), doc.Get("bindings")
	switch {
	case amazon.Err() == nil && bindings.Err() == nil:
		return doc, false, errors.New("policy: has statements and bindings")
	case amazon.Err() == nil:
		return doc, false, nil
	case bindings.Err() == nil, bindings.Kind() == asset.Null:
		return doc, true, nil
	case amazon.Unread() != nil:
		return doc, false, amazon.Unread()
	case bindings.Unread() != nil:
		return doc, true, bindings.Unread()
	}
	// A policy of Google Cloud without members has no bindings.
	return doc, doc.Len() == 0 || !doc.Get("etag").IsAbsent() || !doc.Get("version").IsAbsent(), nil
}

// principal is one principal of a statement: its type (AWS, Service, Federated or
// CanonicalUser) and its name.
type principal struct{ kind, name string }

// principals yields the principals in an element, Principal or NotPrincipal. It yields
// an error for each unknown one and continues.
func principals(v asset.Value) iter.Seq2[principal, error] {
	return func(yield func(principal, error) bool) {
		switch v.Kind() {
		case asset.Absent, asset.Null:
		case asset.Map:
			for i := range v.Len() {
				kind, names := v.MemberAt(i)
				for name, err := range stringsIn(names) {
					if !yield(principal{kind, name}, err) {
						return
					}
				}
			}
			if v.IsPartial() {
				yield(principal{}, v.Get("").Err())
			}
		default:
			name, err := stringOf(v)
			if err == nil && v.Kind() != asset.String {
				err = fmt.Errorf("policy: Principal: %w", &asset.KindError{Want: asset.Map, Got: v.Kind()})
			}
			yield(principal{"AWS", name}, err)
		}
	}
}

// isAnybody reports whether the principal includes strangers. A wildcard in place of
// the account includes every account.
func (p principal) isAnybody() bool {
	if isStars(p.name) {
		return true
	}
	switch p.kind {
	case "AWS":
		a, ok := parseARN(p.name)
		return ok && hasWildcard(a.account())
	case "Federated":
		_, shared := p.issuer()
		return shared
	}
	return false
}

// issuer returns the shared identity provider that a federated principal names.
func (p principal) issuer() (issuer, bool) {
	name := p.name
	if a, ok := parseARN(name); ok {
		name = strings.TrimPrefix(a.resource(), "oidc-provider/")
	}
	return sharedIssuer(name)
}

// allowsStrangers reports whether the statement alone is public.
func (s statement) allowsStrangers() truth {
	t := s.is("Allow")
	if t.isNo() {
		return t
	}
	if t = t.and(s.addressesStrangers()); t.isNo() {
		return t
	}
	return t.and(s.holds(s.passable))
}

// addressesStrangers reports whether strangers are among the statement's principals.
func (s statement) addressesStrangers() truth {
	if s.invalid != nil {
		return undecided(s.invalid)
	}
	who, others := s.v.Get("Principal"), s.v.Get("NotPrincipal")
	switch {
	case who.Err() == nil:
		return anybodyIn(who)
	case others.Err() == nil:
		return anybodyIn(others).not()
	case who.Unread() != nil:
		return undecided(who.Unread())
	case others.Unread() != nil:
		return undecided(others.Unread())
	}
	return known(false)
}

func anybodyIn(v asset.Value) truth {
	t := known(false)
	for p, err := range principals(v) {
		if err != nil {
			t = undecided(err)
		} else if p.isAnybody() {
			return known(true)
		}
	}
	return t
}

// passable reports whether a stranger can meet all comparisons of a key, without the
// key or with a value of its own.
func (s statement) passable(key string, es []entry) truth {
	if got, ok := ofStrangers(key); ok {
		return s.all(es, func(e entry) truth { return s.matches(e, got, nil) })
	}
	return s.all(es, entry.absent).or(s.all(es, func(e entry) truth {
		switch {
		case e.op.kind == opNull:
			return e.absent().not()
		case e.op.negated:
			return e.universal().not()
		}
		return s.owned(e).not()
	}))
}

// unavoidable reports whether every stranger meets all comparisons of a key.
func (s statement) unavoidable(key string, es []entry) truth {
	if got, ok := ofStrangers(key); ok {
		return s.all(es, func(e entry) truth { return s.matches(e, got, nil) })
	}
	return s.all(es, entry.absent).and(s.all(es, func(e entry) truth {
		switch {
		case e.op.kind == opNull:
			return e.absent().not()
		case e.op.negated:
			return s.owned(e)
		}
		return e.universal()
	}))
}

// all reports whether f holds for all comparisons. A comparison with unread values may
// have none, and then excludes nobody.
func (s statement) all(es []entry, f func(entry) truth) truth {
	t := known(true)
	for _, e := range es {
		holds := f(e)
		if u := e.values.Unread(); u != nil && holds.isNo() {
			holds = undecided(u)
		}
		if t = t.and(holds); t.isNo() {
			break
		}
	}
	return t
}

// ofStrangers returns the value of a key in every request of a stranger.
func ofStrangers(key string) ([]string, bool) {
	switch key {
	case "aws:principalisawsservice", "elasticfilesystem:accessedviamounttarget":
		return []string{"false"}, true
	}
	return nil, false
}
