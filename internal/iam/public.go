package iam

import (
	"errors"
	"fmt"
	"iter"

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
// principals are not strangers. An identity provider that is neither known to be shared
// nor to serve one tenant makes the result unknown, unless a condition compares the
// subject of its tokens.
//
// A Google Cloud policy is public if one of its bindings has allUsers or
// allAuthenticatedUsers, with or without a condition that has not expired: a condition
// of Google Cloud limits the resources and times, never the members.
func IsPublic(policy asset.Value, f Facts) (bool, error) {
	policy, google, err := shape(policy)
	if err != nil {
		return false, err
	}
	if google {
		return isPublicGoogle(policy, f.Now).get()
	}
	ss, err := statements(policy)
	if err != nil {
		return false, err
	}
	t := known(false)
	a := f.strangers()
	var d denials
	for _, s := range ss {
		p := a.allowed(s)
		if !p.isNo() {
			d.from(ss, a)
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
			} else if err == nil && !isStars(name) {
				// No service accepts such a policy, so that it is damaged.
				err = &asset.Unread{Reason: asset.Malformed, Code: asset.CodeMalformed, Message: "Principal is a string, want an object or *"}
			}
			yield(principal{"AWS", name}, err)
		}
	}
}

// isAnybody reports whether the principal includes strangers, whatever the conditions
// are. A wildcard in place of the account includes every account.
func (p principal) isAnybody() bool {
	if p.isEverybody() {
		return true
	}
	switch p.kind {
	case "AWS":
		a, ok := parseARN(p.name)
		return ok && hasWildcard(a.account())
	case "Federated":
		if i, ok := issuerOf(p); ok {
			_, shared := i.claims()
			return shared
		}
	}
	return false
}

// isEverybody reports whether the principal includes all strangers.
func (p principal) isEverybody() bool { return isStars(p.name) }

func anybodyIn(v asset.Value) truth   { return someIn(v, principal.isAnybody) }
func everybodyIn(v asset.Value) truth { return someIn(v, principal.isEverybody) }

func someIn(v asset.Value, is func(principal) bool) truth {
	t := known(false)
	for p, err := range principals(v) {
		if err != nil {
			t = undecided(err)
		} else if is(p) {
			return known(true)
		}
	}
	return t
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
